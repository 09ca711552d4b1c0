/*
 * rulebook: policies and routes of one generation, compiled.
 *
 * Made by the master when a configuration is loaded, and by `check`; inherited
 * by the workers through fork, never changed. Policies depend on the
 * certificate alone, so they are judged once per connection (full or resumed)
 * into bits; a request tests a bit.
 */
#ifndef MTLSGATE_POLICY_RULEBOOK_H
#define MTLSGATE_POLICY_RULEBOOK_H

#include "policy/policy.h"
#include "policy/route.h"

struct client_auth;
struct rulebook;

/*
 * config is lent for its life. What is wrong is added to problems (lent); NULL
 * when there is an error among it.
 */
struct rulebook *rulebook_new(const struct config *config,
	struct config_problems *problems) __attribute__((warn_unused_result));
void rulebook_free(struct rulebook *book); /* NULL is ignored */

/* Words of 64 bits for all policies; 0 without any. */
size_t rulebook_words(const struct rulebook *book);
/* Does a policy ask for what cert_info_read_extensions reads? */
bool rulebook_needs_extensions(const struct rulebook *book);
/*
 * Sets the bit of each policy that holds. leaf: NULL when it could not be
 * read. Nothing holds for a certificate that did not verify.
 */
void rulebook_judge(const struct rulebook *book, const struct client_auth *auth,
	const struct cert_info *leaf, struct arena *scratch, uint64_t *granted);
/* granted NULL: nothing holds. */
bool rulebook_granted(const uint64_t *granted, uint32_t policy);

const struct route_table *rulebook_routes(const struct rulebook *book);
const struct policy *rulebook_policy(
	const struct rulebook *book, uint32_t policy);
const char *rulebook_policy_name(const struct rulebook *book, uint32_t policy);

#endif
