/*
 * loop: the event base of a process and what it promises.
 *
 * Every callback of the program enters through the loop, which afterwards
 *   1. runs the "later" queue until it is empty,
 *   2. calls the end-of-event hooks (the gather buffer is flushed there), and
 *      runs what they put into the later queue,
 *   3. frees what loop_free_later was given, in the order it was given.
 * So no verb has to call back before it returns, and nothing is freed inside
 * its own callback.
 *
 * libevent is seen by loop.c alone.
 */
#ifndef MTLSGATE_BASE_LOOP_H
#define MTLSGATE_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct event;

/* NULL when the system has no edge-triggered epoll or memory is out. */
struct loop *loop_new(void);
/* Nothing may be registered any more. NULL is ignored. */
void loop_free(struct loop *loop);
/* Until loop_stop; false when the event base failed. */
bool loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* After fork, in the child: the kernel's side is made anew. */
bool loop_after_fork(struct loop *loop) __attribute__((warn_unused_result));

/* Monotonic milliseconds and UTC milliseconds, read once per loop turn. */
int64_t loop_now_ms(const struct loop *loop);
int64_t loop_wall_ms(const struct loop *loop);
/* A number that grows with every turn (one look at all descriptors). */
uint64_t loop_turn(const struct loop *loop);
/* Reads the clocks anew (after long work in one callback). */
void loop_clock_refresh(struct loop *loop);

/* ---- descriptors: one edge-triggered registration for life ---- */

enum loop_ready {
	LOOP_READ = 1,
	LOOP_WRITE = 2,
	LOOP_CLOSED = 4, /* the peer shut down its sending side (EPOLLRDHUP) */
};

struct loop_watch {
	struct event *event; /* NULL: not registered */
	void (*cb)(void *arg, unsigned ready);
	void *arg;
	struct loop *loop;
};

/*
 * Watches fd for reading, writing and hang-up, edge-triggered, until
 * loop_unwatch. cb gets the edges as a set of enum loop_ready.
 */
bool loop_watch(struct loop *loop, struct loop_watch *watch, int fd,
	void (*cb)(void *arg, unsigned ready), void *arg)
	__attribute__((warn_unused_result));
/* Level-triggered reading only (listeners, pipes). */
bool loop_watch_read(struct loop *loop, struct loop_watch *watch, int fd,
	void (*cb)(void *arg, unsigned ready), void *arg)
	__attribute__((warn_unused_result));
/* Before the descriptor is closed. Not registered: ignored. */
void loop_unwatch(struct loop_watch *watch);

/* ---- lazy timers ---- */

/*
 * A deadline that is moved often and fires seldom: moving it later only
 * stores it; when the underlying timer fires early it re-arms itself.
 * A zeroed struct is unset.
 */
struct loop_timer {
	struct loop *loop;
	void (*cb)(void *arg);
	void *arg;
	struct event *event;
	int64_t deadline_ms; /* 0: off */
	int64_t armed_ms;    /* when the underlying timer fires; 0: not armed */
};

void loop_timer_init(struct loop *loop, struct loop_timer *timer,
	void (*cb)(void *arg), void *arg);
/*
 * Fires once, after_ms from now (0: the next turn). false when memory is out
 * (hardly ever behind the first call): the timer is off then.
 */
bool loop_timer_set(struct loop_timer *timer, int64_t after_ms)
	__attribute__((warn_unused_result));
void loop_timer_clear(struct loop_timer *timer); /* off, memory kept */
void loop_timer_fini(struct loop_timer *timer);  /* off, memory given back */

/* ---- later ---- */

struct loop_tasks;

struct loop_task {
	struct loop_task *next;
	struct loop_task *prev;
	void (*cb)(void *arg);
	void *arg;
	struct loop_tasks *list; /* the loop's business */
	bool queued;
};

/* A zeroed task with cb and arg set is ready. Queued already: no effect. */
void loop_later(struct loop *loop, struct loop_task *task);
/* The next turn, after other descriptors had theirs (fairness). */
void loop_next_turn(struct loop *loop, struct loop_task *task);
void loop_cancel(struct loop *loop, struct loop_task *task);

/* Called at the end of every event; at most 32 hooks. */
void loop_on_event_end(struct loop *loop, void (*cb)(void *arg), void *arg);
/* Takes the same pair off again. */
void loop_off_event_end(struct loop *loop, void (*cb)(void *arg), void *arg);

/* free_fn(object) after the loop turn. Never fails. */
struct loop_corpse {
	struct loop_corpse *next;
	void (*free_fn)(void *object);
	void *object;
};
/* corpse: a member of the object itself. */
void loop_free_later(struct loop *loop, struct loop_corpse *corpse,
	void (*free_fn)(void *object), void *object);

/* ---- signals ---- */

struct loop_signal {
	struct event *event;
	void (*cb)(void *arg, int signal);
	void *arg;
	struct loop *loop;
};
bool loop_signal_watch(struct loop *loop, struct loop_signal *watch, int signal,
	void (*cb)(void *arg, int signal), void *arg)
	__attribute__((warn_unused_result));
void loop_signal_unwatch(struct loop_signal *watch);

#endif
