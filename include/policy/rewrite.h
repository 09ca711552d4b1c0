/*
 * rewrite: end-to-end field edits of requests, responses and trailers. Pure:
 * no sockets, no clock. Hop-by-hop fields never get here (http/message.h).
 *
 * Of a request (and of its trailers) these incoming names are removed, in
 * every spelling that folds to them (R1, R2):
 *   - the protected ones, cert_headers_protects;
 *   - what the configuration sets, header_plan_protects;
 *   - our own: X-Forwarded-*, Forwarded, Via, X-Request-Id, X-Real-IP (of a
 *     trusted proxy those that headers.forwarded names are kept: lists get our
 *     entry at their end, X-Forwarded-Host and -Proto stay);
 *   - headers.remove, without a word about it;
 *   - other names with a byte besides letters, digits and '-', as
 *     headers.alias_headers says.
 * Then ours are added, and the certificate headers are lent last (R3).
 */
#ifndef MTLSGATE_POLICY_REWRITE_H
#define MTLSGATE_POLICY_REWRITE_H

#include "config/config.h"
#include "http/rule.h"

struct arena;
struct header_block;
struct header_plan;
struct message;

enum { REWRITE_NAMES = 8 };

/* What was removed, for the access record and the metrics. */
struct rewrite_stripped {
	struct slice names[REWRITE_NAMES]; /* the first ones, as they came */
	unsigned total;                    /* all of them */
	unsigned alias;                    /* of these for alias_headers */
};

struct rewrite_facts { /* lent for the call; texts live as long as the head */
	const struct header_plan *plan;
	const unsigned *alias_headers; /* instead of the plan's; or NULL */
	struct slice client_ip;        /* empty: a client without an address */
	bool trusted; /* it is one of headers.trusted_proxies */
	struct slice request_id;
	struct slice origin_authority;
	const struct header_block *cert_headers; /* lent with it; or NULL */
};

/*
 * HTTP_RULE_NONE: head is ready to be forwarded. HTTP_RULE_ALIAS_NAME under
 * alias_headers: reject. HTTP_RULE_HOST_SYNTAX when the authority cannot be
 * written as a field value (R6). HTTP_RULE_NO_MEMORY.
 * stripped (lent) is added to; its names lie where the head's lie.
 */
enum http_rule rewrite_request(struct message *head, struct arena *arena,
	const struct rewrite_facts *facts, struct rewrite_stripped *stripped)
	__attribute__((warn_unused_result));

/*
 * The trailers of a request (R5). What alias_headers would reject is dropped
 * here: the head has gone out long ago. trailers may be NULL; alias_headers
 * is that of struct rewrite_facts.
 */
void rewrite_trailers(struct header_block *trailers,
	const struct header_plan *plan, const unsigned *alias_headers,
	struct rewrite_stripped *stripped);

/*
 * A response: what headers.response says, Via, and Date when the origin sent
 * none (RFC 9110 section 6.6.1). date and request_id are lent as long as the
 * head. false: memory.
 */
bool rewrite_response(struct message *head, struct arena *arena,
	const struct header_plan *plan, struct slice date,
	struct slice request_id) __attribute__((warn_unused_result));

#endif
