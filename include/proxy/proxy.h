/*
 * proxy: what all clients and exchanges of one worker share, and the only
 * door by which daemon/ and cli/ reach this layer.
 */
#ifndef MTLSGATE_PROXY_PROXY_H
#define MTLSGATE_PROXY_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct access_record;
struct addr;
struct admission;
struct config;
struct err;
struct loop;
struct message;
struct metrics;
struct proxy;
struct tls_context;

/*
 * Somebody who watches requests pass (`mtlsgate demo`). All pointers are lent
 * for the call. NULL members are not called.
 */
struct proxy_observer {
	/* As the client sent it, before any rule was applied. */
	void (*received)(void *arg, const char *request_id,
		const struct message *head);
	/* As it goes to the origin (message->lent included). */
	void (*forwarded)(void *arg, const char *request_id,
		const struct message *head);
	/* The exchange is over. */
	void (*finished)(void *arg, const struct access_record *record);
	/* A certificate was refused in the handshake. */
	void (*refused)(void *arg, const char *reason, const char *subject);
	void *arg;
};

struct proxy_setup { /* everything is lent and outlives the proxy */
	struct loop *loop;
	const struct config *config;
	struct tls_context *const *contexts; /* one per config listener */
	struct metrics *metrics;
	struct admission *admission;
	unsigned slot;       /* of admission */
	unsigned worker;     /* for ids and the log */
	unsigned generation;
	int access_fd;       /* -1: no access log */
	const struct proxy_observer *observer; /* or NULL */
};

struct proxy *proxy_new(const struct proxy_setup *setup, struct err *err)
	__attribute__((warn_unused_result));
/* Every client is closed hard. NULL is ignored. */
void proxy_free(struct proxy *proxy);

/* A connection accepted on listener number `listener`; takes fd. */
void proxy_accept(struct proxy *proxy, size_t listener, int fd,
	const struct addr *peer);
/*
 * Finish what runs; idle connections may stay idle_ms (0: close now).
 * `drained` is called once, from the later queue, when the last client is
 * gone (and no connection lingers). May be called again with less time.
 */
void proxy_drain(struct proxy *proxy, int64_t idle_ms,
	void (*drained)(void *arg), void *arg);
size_t proxy_clients(const struct proxy *proxy);
/* After the access log was reopened (USR1). */
void proxy_set_access_fd(struct proxy *proxy, int access_fd);

#endif
