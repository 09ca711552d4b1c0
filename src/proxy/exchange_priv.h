/* exchange: what its rooms share (exchange, exchange_origin, exchange_reply) */
#ifndef MTLSGATE_PROXY_EXCHANGE_PRIV_H
#define MTLSGATE_PROXY_EXCHANGE_PRIV_H

#include "http/stream.h"
#include "proxy/access_log.h"
#include "proxy/exchange.h"
#include "proxy/ids.h"
#include "proxy/origin.h"
#include "proxy/relay.h"

enum exchange_state {
	EXCHANGE_HEAD,   /* the request's head is being read */
	EXCHANGE_LEASE,  /* waiting for a stream to the origin */
	EXCHANGE_ANSWER, /* the request is sent; its answer is awaited */
	EXCHANGE_RELAY,  /* the answer's head was passed on */
	EXCHANGE_TUNNEL, /* behind a 101: raw bytes both ways */
	EXCHANGE_DONE,   /* both ends are closed; only memory is left */
};

enum { EXCHANGE_MAGIC = 0x45584348, EXCHANGE_INTERIM_MAX = 16 };

struct exchange {
	uint32_t magic;
	enum exchange_state state;
	const struct exchange_env *env;
	struct exchange_client client;
	struct slice hop;    /* whom the connection comes from */
	struct arena *arena; /* this lies in it */
	struct stream *client_end;
	struct stream *origin_end; /* in ANSWER and RELAY */
	struct message *request;   /* NULL before its head came */
	const struct route *route; /* NULL before it was found */
	struct origin *origin;     /* where the route leads */
	struct lease lease;
	struct relay up; /* client -> origin */
	struct relay down;
	struct deadline *deadline; /* NULL until the origin is asked */
	int64_t moved_ms;          /* when something last moved */
	uint64_t started_us;
	uint64_t asked_us;
	unsigned interims;      /* 1xx heads passed on */
	bool rate_told;         /* its 429 is worth a line */
	unsigned retry_after_s; /* of an answer of ours; 0: not told */
	struct loop_corpse corpse;
	struct access_record record;
	char request_id[IDS_REQUEST];
};

/* Microseconds of a clock that only goes forward. */
uint64_t exchange_clock_us(void);
/* The only place that changes the state. */
void exchange_enter(struct exchange *x, enum exchange_state state);
/* The one end of every exchange. */
void exchange_finish(
	struct exchange *x, enum failure failure, enum stream_close how);

/*
 * exchange_route: asks proxy/decision, and notes what it said: the route, its
 * policies, and the path in its one form. *rule: of what is refused.
 */
enum failure exchange_route(
	struct exchange *x, struct message *head, enum http_rule *rule);
/* exchange_rate: does every limit of rate_limits let it pass? Counts it, once
 * its route is known. */
bool exchange_rate(struct exchange *x) __attribute__((warn_unused_result));
/* Is the answer ours? */
bool exchange_responds(const struct exchange *x);
/* alias_headers of the route; NULL: it has none of its own. */
const unsigned *exchange_alias(const struct exchange *x);
int64_t exchange_patience_ms(const struct exchange *x);
/* Is the body, as far as it is known, over the limit of the route? */
bool exchange_too_large(const struct exchange *x);

/* exchange_origin: asks for a stream. */
void exchange_lease(struct exchange *x);
/* Whatever runs towards the origin ends; ABORT unless all was said. */
void exchange_drop_origin(struct exchange *x, enum stream_close how);

/*
 * exchange_reply: answers in place of the origin, then finishes. status: 0 for
 * that of the rule or the failure. rule is what the answer names when the
 * client is to blame, and what the record names in any case.
 */
void exchange_reply(struct exchange *x, enum failure failure,
	enum http_rule rule, unsigned status);

/* Answers as the route says, then finishes. */
void exchange_respond(struct exchange *x);

/*
 * exchange_tunnel: may the request ask for what its Upgrade names (R10)? And
 * what of a 101 that comes.
 */
bool exchange_may_upgrade(const struct exchange *x, const struct message *head);
/* false: it is not what was asked for; nothing happened. */
bool exchange_tunnel(struct exchange *x, struct message *head)
	__attribute__((warn_unused_result));
/* One side ended: when both have, the exchange is over. */
void exchange_tunnel_half(struct exchange *x);
/* Ends it as politely as both sides let us. */
void exchange_tunnel_end(struct exchange *x, enum failure failure);

/* exchange_refusal: remembers an answer of the rules, not of the origin. */
void exchange_note_refusal(
	const struct exchange *x, enum failure failure, unsigned status);

#endif
