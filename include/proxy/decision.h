/*
 * decision: what the rules make of a request, before anything is sent.
 *
 * One function decides: proxy/exchange asks it for each request, and
 * `mtlsgate explain` for one that nobody sent. In order: was the certificate
 * refused (reject_with: http), has trust changed (R13), is the connection for
 * another name (R15), can the path be read in one way only, which route takes
 * it, may this client. Pure: no sockets, no clock, no metrics.
 */
#ifndef MTLSGATE_PROXY_DECISION_H
#define MTLSGATE_PROXY_DECISION_H

#include <stddef.h>

#include "base/slice.h"
#include "http/rule.h"
#include "policy/authz.h"
#include "proxy/failure.h"

struct arena;
struct config;
struct message;
struct route;
struct rulebook;
struct tls_sni;

/* By what rules; all lent. */
struct decision_rules {
	const struct config *config;
	const struct rulebook *book; /* of that configuration */
};

/* Who asks; all lent. */
struct decision_client {
	const struct client_auth *auth; /* NULL: not known, denied */
	const uint64_t *granted;        /* of rulebook_judge; NULL: nothing */
	/* NULL: whatever the authority, the connection is right for it */
	const struct tls_sni *sni;
	size_t group;    /* of sni: what the client asked for */
	size_t listener; /* index into config->listeners */
	bool distrusted; /* trust has changed since it was opened */
};

struct decision {
	enum failure failure; /* FAILURE_NONE: it is allowed */
	enum http_rule rule;  /* of a request that cannot be read in one way */
	const struct route *route; /* NULL: not asked for, or none matches */
	struct verdict verdict;    /* where a route was found */
	/* As it is judged and forwarded, with its query; the head's own until
	 * a route was asked for. */
	struct slice path;
	struct slice judged; /* what routes saw; ptr NULL: no path was asked */
};

/* Fills *out. head (lent): as a codec read it; what is made lies in arena. */
void decision_make(const struct decision_rules *rules,
	const struct decision_client *client, const struct message *head,
	struct arena *arena, struct decision *out);

/*
 * Why, for the operator, who unlike the client may know which policy it was:
 * for the refusals that are remembered, and for `mtlsgate explain`. policy and
 * route: names; used by FAILURE_POLICY only. A static text when memory is out.
 */
const char *decision_reason(enum failure failure, enum http_rule rule,
	const char *policy, const char *route, struct arena *arena);

#endif
