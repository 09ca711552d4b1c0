/* client: what is made of its certificate (client_headers, client_policy). */
#ifndef MTLSGATE_PROXY_CLIENT_LEAF_PRIV_H
#define MTLSGATE_PROXY_CLIENT_LEAF_PRIV_H

#include "client_priv.h"
#include "policy/cert_headers.h"

struct cert_info;
struct header_block;
struct header_request;

/*
 * client_headers: the headers that last, from the leaf (NULL: none shown),
 * which lies in scratch. A certificate that they would be too large for counts
 * as failed from then on; auth.refused says what the mode makes of it. false:
 * out of memory.
 */
bool client_make_headers(struct client *client, struct arena *scratch,
	const struct cert_info **leaf) __attribute__((warn_unused_result));
/* The headers of one request, as struct exchange_client has it. */
enum cert_headers_fault client_add_headers(void *owner,
	struct header_request *request, struct arena *arena,
	struct header_block *fields);
/* client_announce: the PROXY header, as struct exchange_client has it. */
bool client_announce(void *owner, bool certificate, struct arena *arena,
	struct slice *header) __attribute__((warn_unused_result));
/* client_policy: the leaf, with its extensions when the caller or a policy
 * asks for them; NULL without one, or for memory. */
const struct cert_info *client_leaf(
	const struct client *client, bool extended, struct arena *arena);
/* Judges all policies, once. false: memory. */
bool client_judge(struct client *client, const struct cert_info *leaf,
	struct arena *scratch) __attribute__((warn_unused_result));

#endif
