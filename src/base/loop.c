#include "base/loop.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include <event2/event.h>

enum { LOOP_HOOKS = 32 };

struct loop_hook {
	void (*cb)(void *arg);
	void *arg;
};

struct loop_tasks {
	struct loop_task *first;
	struct loop_task *last;
};

struct loop {
	struct event_base *base;
	struct loop_tasks later;
	struct loop_tasks next_turn; /* put off during this turn */
	struct loop_tasks this_turn; /* put off during the one before */
	struct loop_corpse *corpses;
	struct loop_corpse **last_corpse;
	struct loop_hook hooks[LOOP_HOOKS];
	unsigned hook_count;
	int64_t now_ms;
	int64_t wall_ms;
	uint64_t turn;
	bool stopping;
};

static int64_t read_clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void loop_clock_refresh(struct loop *loop)
{
	loop->now_ms = read_clock_ms(CLOCK_MONOTONIC_COARSE);
	loop->wall_ms = read_clock_ms(CLOCK_REALTIME_COARSE);
}

int64_t loop_now_ms(const struct loop *loop)
{
	return loop->now_ms;
}

int64_t loop_wall_ms(const struct loop *loop)
{
	return loop->wall_ms;
}

static void tasks_push(struct loop_tasks *list, struct loop_task *task)
{
	task->next = NULL;
	task->prev = list->last;
	if (list->last)
		list->last->next = task;
	else
		list->first = task;
	list->last = task;
	task->list = list;
	task->queued = true;
}

static void tasks_remove(struct loop_task *task)
{
	struct loop_tasks *list = task->list;

	assert(list); /* it is queued */
	if (task->prev)
		task->prev->next = task->next;
	else
		list->first = task->next;
	if (task->next)
		task->next->prev = task->prev;
	else
		list->last = task->prev;
	task->next = task->prev = NULL;
	task->list = NULL;
	task->queued = false;
}

static void tasks_move(struct loop_tasks *from, struct loop_tasks *to)
{
	while (from->first) {
		struct loop_task *task = from->first;

		tasks_remove(task);
		tasks_push(to, task);
	}
}

static void run_later(struct loop *loop)
{
	while (loop->later.first) {
		struct loop_task *task = loop->later.first;

		tasks_remove(task);
		task->cb(task->arg);
	}
}

static void bury(struct loop *loop)
{
	while (loop->corpses) {
		struct loop_corpse *corpse = loop->corpses;

		loop->corpses = corpse->next;
		if (!loop->corpses)
			loop->last_corpse = &loop->corpses;
		corpse->free_fn(corpse->object);
	}
}

/* What every callback is followed by; see the header. */
static void event_end(struct loop *loop)
{
	do {
		run_later(loop);
		for (unsigned i = 0; i < loop->hook_count; i++)
			loop->hooks[i].cb(loop->hooks[i].arg);
	} while (loop->later.first);
	bury(loop);
}

static struct event_base *base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (!config)
		return NULL;
	if (!event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) &&
		!event_config_require_features(
			config, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE))
		base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->last_corpse = &loop->corpses;
	loop->base = base_new();
	if (!loop->base) {
		free(loop);
		return NULL;
	}
	loop_clock_refresh(loop);
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	event_end(loop);
	event_base_free(loop->base);
	free(loop);
}

/*
 * What was put off runs after the descriptors of this turn had theirs; what it
 * puts off again waits for the turn after this. No timer of libevent is used,
 * so putting off cannot fail. ONCE in any case: NONBLOCK alone goes on for as
 * long as any descriptor is ready.
 */
static int one_turn(struct loop *loop)
{
	bool waiting;
	int rc;

	tasks_move(&loop->next_turn, &loop->this_turn);
	waiting = loop->this_turn.first;
	loop->turn++;
	rc = event_base_loop(
		loop->base, EVLOOP_ONCE | (waiting ? EVLOOP_NONBLOCK : 0));
	if (rc < 0 || !waiting)
		return rc;
	loop_clock_refresh(loop);
	tasks_move(&loop->this_turn, &loop->later);
	event_end(loop);
	return 0;
}

bool loop_run(struct loop *loop)
{
	loop->stopping = false;
	event_end(loop);
	while (!loop->stopping) {
		int rc = one_turn(loop);

		if (rc < 0)
			return false;
		if (rc == 1) /* nothing is registered: nothing can come */
			return true;
	}
	return true;
}

uint64_t loop_turn(const struct loop *loop)
{
	return loop->turn;
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
	event_base_loopbreak(loop->base);
}

bool loop_after_fork(struct loop *loop)
{
	return !event_reinit(loop->base);
}

/* ---- descriptors ---- */

static void watch_cb(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *watch = arg;
	struct loop *loop = watch->loop;
	unsigned ready = 0;

	(void)fd;
	if (what & EV_READ)
		ready |= LOOP_READ;
	if (what & EV_WRITE)
		ready |= LOOP_WRITE;
	if (what & EV_CLOSED)
		ready |= LOOP_CLOSED;
	loop_clock_refresh(loop);
	watch->cb(watch->arg, ready);
	event_end(loop);
}

static bool watch_for(
	struct loop *loop, struct loop_watch *watch, int fd, short what)
{
	watch->event = event_new(loop->base, fd, what, watch_cb, watch);
	if (!watch->event)
		return false;
	if (event_add(watch->event, NULL)) {
		event_free(watch->event);
		watch->event = NULL;
		return false;
	}
	return true;
}

bool loop_watch(struct loop *loop, struct loop_watch *watch, int fd,
	void (*cb)(void *arg, unsigned ready), void *arg)
{
	*watch = (struct loop_watch){.cb = cb, .arg = arg, .loop = loop};
	return watch_for(loop, watch, fd,
		EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST);
}

bool loop_watch_read(struct loop *loop, struct loop_watch *watch, int fd,
	void (*cb)(void *arg, unsigned ready), void *arg)
{
	*watch = (struct loop_watch){.cb = cb, .arg = arg, .loop = loop};
	return watch_for(loop, watch, fd, EV_READ | EV_PERSIST);
}

void loop_unwatch(struct loop_watch *watch)
{
	if (!watch->event)
		return;
	event_free(watch->event);
	watch->event = NULL;
}

/* ---- timers ---- */

static bool timer_arm(struct loop_timer *timer)
{
	int64_t after = timer->deadline_ms - timer->loop->now_ms;
	struct timeval wait;

	if (after < 0)
		after = 0;
	wait.tv_sec = (time_t)(after / 1000);
	wait.tv_usec = (suseconds_t)(after % 1000 * 1000);
	if (event_add(timer->event, &wait))
		return false;
	timer->armed_ms = timer->loop->now_ms + after;
	return true;
}

static void timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *timer = arg;
	struct loop *loop = timer->loop;

	(void)fd;
	(void)what;
	loop_clock_refresh(loop);
	timer->armed_ms = 0;
	if (!timer->deadline_ms)
		return;
	if (timer->deadline_ms > loop->now_ms) {
		/* moved later since; a timer that exists can be re-added */
		if (timer_arm(timer))
			return;
	}
	timer->deadline_ms = 0;
	timer->cb(timer->arg);
	event_end(loop);
}

void loop_timer_init(struct loop *loop, struct loop_timer *timer,
	void (*cb)(void *arg), void *arg)
{
	*timer = (struct loop_timer){.loop = loop, .cb = cb, .arg = arg};
}

bool loop_timer_set(struct loop_timer *timer, int64_t after_ms)
{
	if (!timer->event) {
		timer->event =
			event_new(timer->loop->base, -1, 0, timer_cb, timer);
		if (!timer->event)
			return false;
	}
	timer->deadline_ms = timer->loop->now_ms + after_ms;
	if (timer->armed_ms && timer->armed_ms <= timer->deadline_ms)
		return true;
	if (timer_arm(timer))
		return true;
	timer->deadline_ms = 0; /* or it would pass for one that is set */
	return false;
}

void loop_timer_clear(struct loop_timer *timer)
{
	timer->deadline_ms = 0;
}

void loop_timer_fini(struct loop_timer *timer)
{
	if (timer->event)
		event_free(timer->event);
	timer->event = NULL;
	timer->deadline_ms = timer->armed_ms = 0;
}

/* ---- later ---- */

void loop_later(struct loop *loop, struct loop_task *task)
{
	if (!task->queued)
		tasks_push(&loop->later, task);
}

void loop_next_turn(struct loop *loop, struct loop_task *task)
{
	if (!task->queued)
		tasks_push(&loop->next_turn, task);
}

void loop_cancel(struct loop *loop, struct loop_task *task)
{
	(void)loop;
	if (task->queued)
		tasks_remove(task);
}

void loop_on_event_end(struct loop *loop, void (*cb)(void *arg), void *arg)
{
	assert(loop->hook_count < LOOP_HOOKS);
	loop->hooks[loop->hook_count++] = (struct loop_hook){cb, arg};
}

void loop_off_event_end(struct loop *loop, void (*cb)(void *arg), void *arg)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < loop->hook_count; i++) {
		if (loop->hooks[i].cb != cb || loop->hooks[i].arg != arg)
			loop->hooks[kept++] = loop->hooks[i];
	}
	loop->hook_count = kept;
}

void loop_free_later(struct loop *loop, struct loop_corpse *corpse,
	void (*free_fn)(void *object), void *object)
{
	corpse->free_fn = free_fn;
	corpse->object = object;
	corpse->next = NULL;
	*loop->last_corpse = corpse;
	loop->last_corpse = &corpse->next;
}

/* ---- signals ---- */

static void signal_cb(evutil_socket_t signal, short what, void *arg)
{
	struct loop_signal *watch = arg;
	struct loop *loop = watch->loop;

	(void)what;
	loop_clock_refresh(loop);
	watch->cb(watch->arg, (int)signal);
	event_end(loop);
}

bool loop_signal_watch(struct loop *loop, struct loop_signal *watch, int signal,
	void (*cb)(void *arg, int signal), void *arg)
{
	*watch = (struct loop_signal){.cb = cb, .arg = arg, .loop = loop};
	watch->event = event_new(
		loop->base, signal, EV_SIGNAL | EV_PERSIST, signal_cb, watch);
	if (!watch->event)
		return false;
	if (event_add(watch->event, NULL)) {
		loop_signal_unwatch(watch);
		return false;
	}
	return true;
}

void loop_signal_unwatch(struct loop_signal *watch)
{
	if (!watch->event)
		return;
	event_free(watch->event);
	watch->event = NULL;
}
