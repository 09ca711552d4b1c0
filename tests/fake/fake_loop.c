#include "fake/fake_loop.h"

#include <assert.h>
#include <stdlib.h>

enum { TIMERS = 64, HOOKS = 16 };

struct hook {
	void (*cb)(void *arg);
	void *arg;
};

struct loop {
	int64_t now_ms;
	struct loop_timer *timers[TIMERS];
	size_t timer_count;
	unsigned timer_work;
	unsigned timer_failures;
	struct hook hooks[HOOKS];
	size_t hook_count;
	struct loop_task *first;
	struct loop_task *last;
	struct loop_corpse *corpses; /* in the order they were given */
	struct loop_corpse **last_corpse;
	uint64_t turn;
};

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	assert(loop);
	loop->now_ms = 1000000;
	loop->last_corpse = &loop->corpses;
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	fake_loop_turn(loop);
	assert(!loop->timer_count && !loop->first);
	free(loop);
}

bool loop_run(struct loop *loop)
{
	fake_loop_turn(loop);
	return true;
}

void loop_stop(struct loop *loop)
{
	(void)loop;
}

bool loop_after_fork(struct loop *loop)
{
	(void)loop;
	return false;
}

int64_t loop_now_ms(const struct loop *loop)
{
	return loop->now_ms;
}

int64_t loop_wall_ms(const struct loop *loop)
{
	return loop->now_ms;
}

void loop_clock_refresh(struct loop *loop)
{
	(void)loop;
}

/* ---- descriptors and signals: none here ---- */

bool loop_watch(struct loop *loop, struct loop_watch *watch, int fd,
	void (*cb)(void *arg, unsigned ready), void *arg)
{
	(void)loop;
	(void)watch;
	(void)fd;
	(void)cb;
	(void)arg;
	return false;
}

bool loop_watch_read(struct loop *loop, struct loop_watch *watch, int fd,
	void (*cb)(void *arg, unsigned ready), void *arg)
{
	return loop_watch(loop, watch, fd, cb, arg);
}

void loop_unwatch(struct loop_watch *watch)
{
	(void)watch;
}

bool loop_signal_watch(struct loop *loop, struct loop_signal *watch, int signal,
	void (*cb)(void *arg, int signal), void *arg)
{
	(void)loop;
	(void)watch;
	(void)signal;
	(void)cb;
	(void)arg;
	return false;
}

void loop_signal_unwatch(struct loop_signal *watch)
{
	(void)watch;
}

/* ---- timers ---- */

void loop_timer_init(struct loop *loop, struct loop_timer *timer,
	void (*cb)(void *arg), void *arg)
{
	*timer = (struct loop_timer){.loop = loop, .cb = cb, .arg = arg};
}

static void timer_register(struct loop *loop, struct loop_timer *timer)
{
	if (timer->event)
		return;
	assert(loop->timer_count < TIMERS);
	loop->timers[loop->timer_count++] = timer;
	timer->event = (struct event *)(void *)timer;
}

bool loop_timer_set(struct loop_timer *timer, int64_t after_ms)
{
	struct loop *loop = timer->loop;

	if (loop->timer_failures) {
		loop->timer_failures--;
		return false;
	}
	timer_register(loop, timer);
	timer->deadline_ms = loop->now_ms + after_ms;
	if (timer->armed_ms && timer->armed_ms <= timer->deadline_ms)
		return true;
	timer->armed_ms = timer->deadline_ms;
	loop->timer_work++;
	return true;
}

void loop_timer_clear(struct loop_timer *timer)
{
	timer->deadline_ms = 0;
}

void loop_timer_fini(struct loop_timer *timer)
{
	struct loop *loop = timer->loop;

	for (size_t i = 0; timer->event && i < loop->timer_count; i++) {
		if (loop->timers[i] != timer)
			continue;
		loop->timers[i] = loop->timers[--loop->timer_count];
		break;
	}
	timer->event = NULL;
	timer->deadline_ms = timer->armed_ms = 0;
}

static struct loop_timer *next_timer(struct loop *loop, int64_t until_ms)
{
	struct loop_timer *next = NULL;

	for (size_t i = 0; i < loop->timer_count; i++) {
		struct loop_timer *timer = loop->timers[i];

		if (timer->armed_ms && timer->armed_ms <= until_ms &&
			(!next || timer->armed_ms < next->armed_ms))
			next = timer;
	}
	return next;
}

static void fire(struct loop *loop, struct loop_timer *timer)
{
	timer->armed_ms = 0;
	if (!timer->deadline_ms)
		return;
	if (timer->deadline_ms > loop->now_ms) {
		timer->armed_ms = timer->deadline_ms;
		return;
	}
	timer->deadline_ms = 0;
	timer->cb(timer->arg);
	fake_loop_turn(loop);
}

void fake_loop_advance(struct loop *loop, int64_t ms)
{
	const int64_t until_ms = loop->now_ms + ms;
	struct loop_timer *timer;

	while ((timer = next_timer(loop, until_ms)) != NULL) {
		if (timer->armed_ms > loop->now_ms)
			loop->now_ms = timer->armed_ms;
		fire(loop, timer);
	}
	loop->now_ms = until_ms;
}

unsigned fake_loop_timer_work(const struct loop *loop)
{
	return loop->timer_work;
}

void fake_loop_fail_timers(struct loop *loop, unsigned count)
{
	loop->timer_failures = count;
}

/* ---- later ---- */

void loop_later(struct loop *loop, struct loop_task *task)
{
	if (task->queued)
		return;
	task->next = NULL;
	task->prev = loop->last;
	if (loop->last)
		loop->last->next = task;
	else
		loop->first = task;
	loop->last = task;
	task->queued = true;
}

void loop_next_turn(struct loop *loop, struct loop_task *task)
{
	loop_later(loop, task);
}

void loop_cancel(struct loop *loop, struct loop_task *task)
{
	if (!task->queued)
		return;
	if (task->prev)
		task->prev->next = task->next;
	else
		loop->first = task->next;
	if (task->next)
		task->next->prev = task->prev;
	else
		loop->last = task->prev;
	task->next = task->prev = NULL;
	task->queued = false;
}

void loop_on_event_end(struct loop *loop, void (*cb)(void *arg), void *arg)
{
	assert(loop->hook_count < HOOKS);
	loop->hooks[loop->hook_count++] = (struct hook){cb, arg};
}

void loop_off_event_end(struct loop *loop, void (*cb)(void *arg), void *arg)
{
	for (size_t i = 0; i < loop->hook_count; i++) {
		if (loop->hooks[i].cb != cb || loop->hooks[i].arg != arg)
			continue;
		loop->hooks[i] = loop->hooks[--loop->hook_count];
		return;
	}
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

static void run_later(struct loop *loop)
{
	while (loop->first) {
		struct loop_task *task = loop->first;

		loop_cancel(loop, task);
		task->cb(task->arg);
	}
}

uint64_t loop_turn(const struct loop *loop)
{
	return loop->turn;
}

void fake_loop_turn(struct loop *loop)
{
	loop->turn++;
	do {
		run_later(loop);
		for (size_t i = 0; i < loop->hook_count; i++)
			loop->hooks[i].cb(loop->hooks[i].arg);
	} while (loop->first);
	while (loop->corpses) {
		struct loop_corpse *corpse = loop->corpses;

		loop->corpses = corpse->next;
		if (!loop->corpses)
			loop->last_corpse = &loop->corpses;
		corpse->free_fn(corpse->object);
	}
}
