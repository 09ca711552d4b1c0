/*
 * failure: every way an exchange can fail, in one table: the word for log and
 * metric, the status that is answered, who is to blame, and the sentence that
 * the client reads. No sentence tells of certificates or of the origin's
 * insides.
 */
#ifndef MTLSGATE_PROXY_FAILURE_H
#define MTLSGATE_PROXY_FAILURE_H

#include <stdbool.h>
#include <stdint.h>

#include "http/rule.h"

struct stream_failure;

enum failure {
	FAILURE_NONE,
	/* the client */
	FAILURE_BAD_REQUEST, /* its rule says what was wrong */
	FAILURE_TOO_LARGE,   /* a limit; the rule names it */
	FAILURE_REQUEST_TIMEOUT,
	FAILURE_CLIENT_GONE,
	FAILURE_CLIENT_STALLED, /* took no bytes of the answer for too long */
	/* the rules */
	FAILURE_TRUST_CHANGED, /* since the connection was opened (R13) */
	FAILURE_MISDIRECTED,   /* the connection is for another name (R15) */
	FAILURE_CERTIFICATE,   /* authz: not with this certificate */
	FAILURE_CERT_REFUSED,  /* reject_with: http */
	FAILURE_NO_ROUTE,
	FAILURE_POLICY,       /* that of the route does not hold */
	FAILURE_ALIAS_NAME,   /* alias_headers: reject */
	FAILURE_RATE_LIMITED, /* faster than rate_limits allow */
	/* the origin */
	FAILURE_ORIGIN_CONNECT,
	FAILURE_ORIGIN_CONNECT_TIMEOUT,
	FAILURE_ORIGIN_TLS,         /* not the one we trust, or no TLS */
	FAILURE_ORIGIN_UNAVAILABLE, /* all servers are down */
	FAILURE_ORIGIN_QUEUE_FULL,  /* so many wait for a place already */
	FAILURE_ORIGIN_QUEUE_TIMEOUT,
	FAILURE_ORIGIN_TIMEOUT, /* no answer in time */
	FAILURE_ORIGIN_GONE,    /* left before it answered */
	FAILURE_ORIGIN_ANSWER,  /* not HTTP as we accept it */
	FAILURE_ORIGIN_CUT,     /* left or erred within its answer */
	FAILURE_ORIGIN_STALLED, /* stopped within its answer */
	/* us */
	FAILURE_TUNNEL_IDLE,  /* no byte for upgraded_idle */
	FAILURE_TUNNEL_GRACE, /* its connection had to end (R13) */
	FAILURE_CERT_HEADERS, /* could not be written truly (R6) */
	FAILURE_MEMORY,
	FAILURE_SHUTDOWN,
	FAILURE_COUNT
};

enum failure_blame { BLAME_NOBODY, BLAME_CLIENT, BLAME_ORIGIN, BLAME_US };

struct failure_info {
	const char *word; /* kebab-case: log, metric and answer */
	uint16_t status;  /* 0: nothing can be answered */
	enum failure_blame blame;
	const char *sentence;
};

const struct failure_info *failure_info(enum failure failure);
/* Seconds after which it may go better (Retry-After); 0: not known. */
unsigned failure_retry_after_s(enum failure failure);
/*
 * What the client is told: the words of the failure, and where it is to blame
 * and a rule says more, those of the rule. status 0: nothing can be answered.
 */
struct failure_answer {
	uint16_t status;
	const char *word;
	const char *sentence;
};
struct failure_answer failure_answer(enum failure failure, enum http_rule rule);
/* "client", "origin", "us"; "" for FAILURE_NONE. */
const char *failure_blame(enum failure failure);

/* What the client's end told, as a failure. */
enum failure failure_of_client(const struct stream_failure *told);
/* What the origin's end told; head_seen: its answer had begun. */
enum failure failure_of_origin(
	const struct stream_failure *told, bool head_seen);

#endif
