/*
 * origin_queue: those who wait for a place at an origin that is full. First
 * come, first served; whoever waited timeout_ms is told and gone. An entry lies
 * in the memory of who waits, so that waiting costs nothing more and leaving is
 * possible at any time.
 */
#ifndef MTLSGATE_PROXY_ORIGIN_QUEUE_H
#define MTLSGATE_PROXY_ORIGIN_QUEUE_H

#include <stddef.h>

#include "base/loop.h"

struct origin_queue;

struct origin_queue_entry {
	struct origin_queue_entry *next;
	struct origin_queue_entry *prev;
	struct origin_queue *queue; /* NULL: does not wait */
	int64_t since_ms;
};

struct origin_queue {
	struct loop *loop;
	struct origin_queue_entry *first; /* waits longest */
	struct origin_queue_entry *last;
	size_t count;
	int64_t timeout_ms;
	/* It waits no more; called from the timer. */
	void (*expired)(struct origin_queue_entry *entry);
	struct loop_timer timer; /* of the first */
};

void origin_queue_init(struct origin_queue *queue, struct loop *loop,
	int64_t timeout_ms, void (*expired)(struct origin_queue_entry *entry));
/* Nobody may wait. */
void origin_queue_fini(struct origin_queue *queue);

/* It waits from now on, as the last. false: memory is out, it does not. */
bool origin_queue_push(struct origin_queue *queue,
	struct origin_queue_entry *entry) __attribute__((warn_unused_result));
/* Who waits longest, and waits no more; NULL: nobody does. */
struct origin_queue_entry *origin_queue_pop(struct origin_queue *queue);
/* It waits no more. It did not: ignored. */
void origin_queue_leave(struct origin_queue_entry *entry);

/* Milliseconds since it was pushed; also when it has just left. */
int64_t origin_queue_waited_ms(const struct origin_queue *queue,
	const struct origin_queue_entry *entry);

#endif
