/*
 * proxy: what all clients and exchanges of one worker share, and the only
 * door by which daemon/ and cli/ reach this layer.
 */
#ifndef MTLSGATE_PROXY_PROXY_H
#define MTLSGATE_PROXY_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/observer.h"

struct addr;
struct admission;
struct config;
struct err;
struct http_limits;
struct loop;
struct metrics;
struct name_board;
struct origin_context;
struct proxy;
struct rate_table;
struct rulebook;
struct refusals;
struct tls_context;

struct proxy_setup { /* everything is lent and outlives the proxy */
	struct loop *loop;
	const struct config *config;
	const struct rulebook *rules;        /* of this config */
	struct tls_context *const *contexts; /* one per config listener */
	/* One per origin, NULL where none is needed; NULL: nowhere. */
	struct origin_context *const *origin_contexts;
	const struct name_board *names; /* NULL: no name is looked up again */
	struct metrics *metrics;
	struct admission *admission;
	struct rate_table *rates;  /* NULL: rate_limits are not asked for */
	struct refusals *refusals; /* or NULL: none are kept */
	unsigned slot;             /* of admission */
	unsigned worker;           /* for ids and the log */
	unsigned generation;
	int access_fd;                         /* -1: no access log */
	const struct proxy_observer *observer; /* or NULL */
};

struct proxy *proxy_new(const struct proxy_setup *setup, struct err *err)
	__attribute__((warn_unused_result));
/* Every client is closed hard. NULL is ignored. */
void proxy_free(struct proxy *proxy);

/* A connection accepted on listener number `listener`; takes fd. */
void proxy_accept(
	struct proxy *proxy, size_t listener, int fd, const struct addr *peer);
/*
 * Finish what runs; idle connections may stay idle_ms (0: close now).
 * `drained` is called once, from the later queue, when the last client is
 * gone (and no connection lingers). May be called again with less time.
 */
void proxy_drain(struct proxy *proxy, int64_t idle_ms,
	void (*drained)(void *arg), void *arg);
/*
 * Trust has changed under the clients of this listener (R13): no further
 * request of theirs passes. Before or after proxy_drain.
 */
void proxy_distrust(struct proxy *proxy, size_t listener);
size_t proxy_clients(const struct proxy *proxy);
/* What a request of a client may measure and how long it may take. Pure. */
struct http_limits proxy_client_limits(const struct config *config);
/*
 * A steward that answers questions about certificates (proxy/ocsp_record);
 * takes fd, the one before is closed. Without one they wait, and time out; in a
 * proxy that drains they fail at once, since no other comes.
 */
void proxy_set_steward(struct proxy *proxy, int fd);
/* After the access log was reopened (USR1). */
void proxy_set_access_fd(struct proxy *proxy, int access_fd);

#endif
