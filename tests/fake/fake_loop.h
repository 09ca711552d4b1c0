/*
 * fake_loop: base/loop.h over a clock that the test moves. Linked in place of
 * the real one; descriptors and signals are not available.
 */
#ifndef MTLSGATE_TESTS_FAKE_LOOP_H
#define MTLSGATE_TESTS_FAKE_LOOP_H

#include "base/loop.h"

/* What follows every event: later queue, hooks, deferred free. */
void fake_loop_turn(struct loop *loop);
/* Time passes; timers fire in their order, each followed by a turn. */
void fake_loop_advance(struct loop *loop, int64_t ms);
/* How often an underlying timer was set so far (real work in libevent). */
unsigned fake_loop_timer_work(const struct loop *loop);
/* The next this many loop_timer_set fail. */
void fake_loop_fail_timers(struct loop *loop, unsigned count);

#endif
