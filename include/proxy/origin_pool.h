/*
 * origin_pool: connections of one endpoint.
 *
 * A connection is being opened, idle, or lent. Idle ones are kept last-in
 * first-out, so that few stay warm and the rest run into keepalive.idle. An
 * idle connection holds no exchange and no arena; when the origin closes it or
 * speaks unasked it is dropped at once.
 */
#ifndef MTLSGATE_PROXY_ORIGIN_POOL_H
#define MTLSGATE_PROXY_ORIGIN_POOL_H

#include "base/slice.h"
#include "proxy/failure.h"

struct addr;
struct config_origin;
struct config_timeouts;
struct conn_io;
struct http_limits;
struct loop;
struct metrics;
struct origin_conn;
struct origin_context;
struct origin_peer;
struct origin_pool;
struct stream;

struct origin_pool_setup { /* all lent */
	struct loop *loop;
	struct conn_io *io;
	const struct config_origin *config;
	const struct config_timeouts *timeouts;
	const struct http_limits *limits; /* of answers */
	struct metrics *metrics;
	unsigned busy_max; /* of one origin, all pools together; 0: no limit */
	struct origin_context *tls; /* NULL: no server is https:// */
	/* A connection is not busy any more; NULL: nobody asks. */
	void (*freed)(void *owner);
	/* TLS ended while the connection was lent; NULL: the same. */
	void (*broken)(void *owner, const struct addr *addr, const char *words);
	void *owner;
};

/* All are lent; peer: NULL for plain bytes. NULL when memory is out. */
struct origin_pool *origin_pool_new(const struct origin_pool_setup *setup,
	const struct addr *addr, struct origin_peer *peer)
	__attribute__((warn_unused_result));
/* Closes every connection hard. NULL is ignored. */
void origin_pool_free(struct origin_pool *pool);
/* Idle connections end politely; none is kept from now on. */
void origin_pool_drain(struct origin_pool *pool);

/* Connections that are lent or being opened. */
unsigned origin_pool_busy(const struct origin_pool *pool);

/* What a connection begins with (PROXY header); copied. */
struct origin_hello {
	struct slice bytes; /* empty: nothing, and anybody may use it */
	/* Whose it is, at most ORIGIN_HELLO_OWNER bytes: nobody else ever gets
	 * it; empty: it is not kept. */
	struct slice owner;
};
enum { ORIGIN_HELLO_OWNER = 31 };

/*
 * A stream of the idle connection used last that is hello->owner's, unbound;
 * NULL: none is.
 */
struct stream *origin_pool_reuse(
	struct origin_pool *pool, const struct origin_hello *hello);

struct origin_pool_events {
	/* Bind the stream at once. */
	void (*opened)(void *owner, struct stream *stream);
	/* words: what went wrong, lent for the call. */
	void (*refused)(void *owner, enum failure why, const char *words);
};
/*
 * Opens a connection; one event follows, never from inside this call. NULL when
 * memory or descriptors are out.
 */
struct origin_conn *origin_pool_connect(struct origin_pool *pool,
	const struct origin_hello *hello,
	const struct origin_pool_events *events, void *owner)
	__attribute__((warn_unused_result));
/* Gives up a connection that is being opened; no event comes. */
void origin_pool_cancel(struct origin_conn *oc);

#endif
