/*
 * exchange: one request and its response between two streams.
 *
 *  HEAD --head--> decide --deny--> reply --> DONE
 *   |fail           |allow
 *   +--> reply      v
 *                 LEASE --no origin--> reply
 *                   | stream ready
 *                   v
 *                 ANSWER --fail--> LEASE once more, or reply
 *                   | final head                | 101
 *                   v                           v
 *                 RELAY --the answer ended    TUNNEL --both sides ended
 *                   v                           v
 *                  DONE                        DONE
 *  any state: client gone -> abort origin -> DONE; origin fails after the
 *  head -> abort client -> DONE
 *
 * It lies in its own arena with the heads, lives from the first byte of the
 * request until exchange_finish, and owns itself: it dies once, after the loop
 * turn. One line of the access log tells of it.
 */
#ifndef MTLSGATE_PROXY_EXCHANGE_H
#define MTLSGATE_PROXY_EXCHANGE_H

#include <stdbool.h>

#include "base/slice.h"
#include "policy/cert_headers.h"

struct access_log;
struct arena;
struct arena_cache;
struct client_auth;
struct config;
struct deadline_pool;
struct header_block;
struct header_plan;
struct header_request;
struct http_date;
struct ids;
struct log_bucket;
struct loop;
struct metrics;
struct origin;
struct proxy_observer;
struct rate_limits;
struct rulebook;
struct refusal;
struct refusals;
struct stream;
struct tls_sni;

/* What all exchanges of a worker share; lent. */
struct exchange_env {
	struct loop *loop;
	const struct config *config;
	const struct header_plan *headers;
	const struct rulebook *rules; /* of this config */
	struct metrics *metrics;
	struct arena_cache *arenas;
	struct deadline_pool *deadlines;
	struct ids *ids;
	struct http_date *date;
	struct access_log *access;
	struct refusals *refusals;             /* or NULL */
	const struct rate_limits *rates;       /* or NULL: there are none */
	struct log_bucket *rate_bucket;        /* lines about 429, or NULL */
	struct log_bucket *origin_bucket;      /* lines about bad answers */
	struct origin *const *origins;         /* one per config->origins */
	const struct proxy_observer *observer; /* or NULL */
	bool stopping; /* whoever is cut off now is cut off by us */
};

/* What an exchange must know of its client; copied, the texts are lent. */
struct exchange_client {
	const struct client_auth *auth;
	/* NULL: they could not be made; every request ends with 500 (R6) */
	const struct header_block *cert_headers;
	/* True from the moment on when no request passes any more (R13);
	 * NULL: never */
	const bool *distrusted;
	/* NULL: whatever the authority, the connection is right for it */
	const struct tls_sni *sni;
	size_t group; /* of sni: what the client asked for (R15) */
	/* Adds those that are made for each request; NULL: there are none.
	 * The facts are filled but for auth and certs. */
	enum cert_headers_fault (*add_headers)(void *owner,
		struct header_request *request, struct arena *arena,
		struct header_block *fields);
	struct slice connection_id;
	struct slice ip; /* empty: a unix socket */
	uint16_t port;
	bool trusted;      /* ip is one of headers.trusted_proxies */
	struct slice peer; /* the proxy that announced it; empty: none */
	const char *listener;
	size_t listener_number;  /* index into config->listeners */
	const uint64_t *granted; /* policies that hold; NULL: none */
	struct slice subject;    /* for the access line */
	struct slice serial;
	const char *tls_version; /* static; NULL: not known */
	const char *tls_cipher;
	/* The PROXY header of an origin that wants one, in the arena; empty:
	 * it cannot be written truly. false: out of memory. */
	bool (*announce)(void *owner, bool certificate, struct arena *arena,
		struct slice *header);
	/* Fills in what is known of the client and its certificate; texts
	 * are made in the arena. NULL: nothing is. */
	void (*describe)(
		void *owner, struct arena *arena, struct refusal *record);
	/* The exchange is over and no more touches the client. */
	void (*over)(void *owner);
	void *owner;
};

/* Binds the stream. false: out of memory, the stream is left unbound. */
bool exchange_new(const struct exchange_env *env,
	const struct exchange_client *client, struct stream *stream)
	__attribute__((warn_unused_result));

#endif
