/*
 * resolver: names to addresses, without waiting.
 *
 * getaddrinfo blocks, and what it loads is not ours. So a short-lived child
 * process asks it, one a name: nothing is shared, a name that hangs hinders
 * no other, and an alarm ends it. The same name is asked once at a time, and
 * remembered for keep_ms.
 *
 * The process must ignore SIGCHLD: nobody waits for these children.
 */
#ifndef MTLSGATE_DAEMON_RESOLVER_H
#define MTLSGATE_DAEMON_RESOLVER_H

#include "net/addr.h"

struct loop;
struct resolver;
struct resolver_ask;

enum {
	RESOLVER_NAMES = 64,     /* remembered, or asked for, at once */
	RESOLVER_ADDRESSES = 32, /* of one name; more are not looked at */
	RESOLVER_SECONDS = 10,   /* the longest life of a child */
	RESOLVER_KEEP_MS = 30000,
};

/* keep_ms: 0: each ask looks anew. */
struct resolver *resolver_new(struct loop *loop, int64_t keep_ms)
	__attribute__((warn_unused_result));
/* All asks must be over or cancelled. NULL is ignored. */
void resolver_free(struct resolver *resolver);

/*
 * done is called once, later; with count 0 when the name has no address or
 * could not be asked for. The addresses (lent for the call) have port 0. The
 * ask is over then. NULL: memory.
 */
struct resolver_ask *resolver_ask(struct resolver *resolver, struct slice name,
	void (*done)(void *owner, const struct addr *addrs, size_t count),
	void *owner) __attribute__((warn_unused_result));
/* done is not called any more. */
void resolver_cancel(struct resolver_ask *ask);

#endif
