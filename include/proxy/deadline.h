/*
 * deadline: lazy timers that exchanges borrow, so that a request costs neither
 * memory nor a change of the timer heap.
 *
 * A timer given back keeps its memory and its place in the heap; the next
 * borrower mostly asks for a later moment, which is only stored.
 */
#ifndef MTLSGATE_PROXY_DEADLINE_H
#define MTLSGATE_PROXY_DEADLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct deadline;
struct deadline_pool;
struct loop;

/* Keeps at most `spare` timers that nobody uses. NULL when memory is out. */
struct deadline_pool *deadline_pool_new(struct loop *loop, size_t spare)
	__attribute__((warn_unused_result));
/* Every deadline must have been given back. NULL is ignored. */
void deadline_pool_free(struct deadline_pool *pool);

/* Off at first; cb(arg) is called once each time that it passes. NULL when
 * memory is out. */
struct deadline *deadline_take(struct deadline_pool *pool,
	void (*cb)(void *arg), void *arg) __attribute__((warn_unused_result));
/* after_ms from now, in place of what was set before. false: memory. */
bool deadline_set(struct deadline *deadline, int64_t after_ms)
	__attribute__((warn_unused_result));
/* Off; takes *deadline and empties it. NULL in it is ignored. */
void deadline_give(struct deadline **deadline);

#endif
