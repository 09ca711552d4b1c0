#include "base/loop.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* What happened, a letter each. */
static char story[64];

static void tell(char letter)
{
	size_t len = strlen(story);

	assert_true(len + 1 < sizeof(story));
	story[len] = letter;
	story[len + 1] = '\0';
}

struct fixture {
	struct loop *loop;
	int fds[2];
	struct loop_watch watch;
	struct loop_timer timer;
	struct loop_task tasks[3];
	struct loop_corpse corpses[2];
	unsigned ready[8];
	size_t events;
	size_t turns;
	void (*on_ready)(struct fixture *f);
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	story[0] = '\0';
	f->loop = loop_new();
	if (!f->loop)
		return -1;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, f->fds);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	loop_unwatch(&f->watch);
	if (f->timer.loop)
		loop_timer_fini(&f->timer);
	loop_free(f->loop);
	close(f->fds[0]);
	if (f->fds[1] >= 0)
		close(f->fds[1]);
	free(f);
	return 0;
}

static void tell_task(void *arg)
{
	tell(*(const char *)arg);
}

static void tell_hook(void *arg)
{
	tell(*(const char *)arg);
}

static void tell_free(void *object)
{
	tell(*(const char *)object);
}

static void put(struct fixture *f, const char *text)
{
	assert_int_equal(write(f->fds[1], text, strlen(text)), strlen(text));
}

static size_t drain(struct fixture *f)
{
	char bytes[64];
	ssize_t n = read(f->fds[0], bytes, sizeof(bytes));

	return n > 0 ? (size_t)n : 0;
}

static void on_ready(void *arg, unsigned ready)
{
	struct fixture *f = arg;

	assert_true(f->events < 8);
	f->ready[f->events++] = ready;
	if (f->on_ready)
		f->on_ready(f);
}

/* ---- the order of things ---- */

static void later_task(void *arg)
{
	struct fixture *f = arg;

	tell('l');
	loop_later(f->loop, &f->tasks[1]);
}

static void first_hook(void *arg)
{
	struct fixture *f = arg;

	tell('h');
	if (!strchr(story, 'x'))
		loop_later(f->loop, &f->tasks[2]);
}

static void busy_event(struct fixture *f)
{
	static char one = '1', two = '2';

	tell('e');
	loop_free_later(f->loop, &f->corpses[0], tell_free, &one);
	loop_free_later(f->loop, &f->corpses[1], tell_free, &two);
	loop_later(f->loop, &f->tasks[0]);
	loop_later(f->loop, &f->tasks[0]); /* no effect */
	drain(f);
	loop_stop(f->loop);
}

static void an_event_is_followed_by_later_hooks_and_burials(void **state)
{
	struct fixture *f = *state;
	static char m = 'm', x = 'x';

	f->tasks[0].cb = later_task;
	f->tasks[0].arg = f;
	f->tasks[1].cb = tell_task;
	f->tasks[1].arg = &m;
	f->tasks[2].cb = tell_task;
	f->tasks[2].arg = &x;
	f->on_ready = busy_event;
	assert_true(
		loop_watch_read(f->loop, &f->watch, f->fds[0], on_ready, f));
	put(f, "a");
	loop_on_event_end(f->loop, first_hook, f);
	/* before the first event: the hook, its task, the hook again */
	assert_true(loop_run(f->loop));
	assert_string_equal(story, "hxh"
				   "elmh12");
	loop_off_event_end(f->loop, first_hook, f);
}

static void a_hook_taken_off_is_not_called(void **state)
{
	struct fixture *f = *state;
	static char a = 'a', b = 'b';

	loop_on_event_end(f->loop, tell_hook, &a);
	loop_on_event_end(f->loop, tell_hook, &b);
	loop_off_event_end(f->loop, tell_hook, &a);
	assert_true(loop_run(f->loop));
	assert_string_equal(story, "b");
}

static void a_cancelled_task_does_not_run(void **state)
{
	struct fixture *f = *state;
	static char names[] = "abc";

	for (int i = 0; i < 3; i++) {
		f->tasks[i].cb = tell_task;
		f->tasks[i].arg = &names[i];
		loop_later(f->loop, &f->tasks[i]);
	}
	loop_cancel(f->loop, &f->tasks[1]);
	loop_cancel(f->loop, &f->tasks[1]); /* not queued: no effect */
	assert_true(loop_run(f->loop));
	assert_string_equal(story, "ac");
	loop_next_turn(f->loop, &f->tasks[0]);
	loop_next_turn(f->loop, &f->tasks[2]);
	loop_cancel(f->loop, &f->tasks[0]);
	loop_later(f->loop, &f->tasks[2]); /* queued already: no effect */
	assert_true(loop_run(f->loop));
	assert_string_equal(story, "acc");
}

static void put_off_again(void *arg)
{
	struct fixture *f = arg;

	tell('t');
	if (++f->turns < 3)
		loop_next_turn(f->loop, &f->tasks[0]);
	else
		loop_stop(f->loop);
}

static void just_tell(struct fixture *f)
{
	(void)f;
	tell('e');
}

/* The descriptor, never drained and level-triggered, has its turn each time. */
static void what_is_put_off_lets_descriptors_have_their_turn(void **state)
{
	struct fixture *f = *state;
	uint64_t before = loop_turn(f->loop);

	f->tasks[0].cb = put_off_again;
	f->tasks[0].arg = f;
	f->on_ready = just_tell;
	assert_true(
		loop_watch_read(f->loop, &f->watch, f->fds[0], on_ready, f));
	put(f, "a");
	loop_next_turn(f->loop, &f->tasks[0]);
	assert_true(loop_run(f->loop));
	assert_string_equal(story, "etetet");
	assert_int_equal(loop_turn(f->loop) - before, 3);
}

static void tell_and_stop(void *arg)
{
	tell('T');
	loop_stop(arg);
}

static void what_is_put_off_does_not_wait_for_an_event(void **state)
{
	struct fixture *f = *state;

	f->turns = 2; /* once, then it stops the loop */
	f->tasks[0].cb = put_off_again;
	f->tasks[0].arg = f;
	assert_true(loop_watch_read(
		f->loop, &f->watch, f->fds[0], on_ready, f)); /* quiet */
	loop_timer_init(f->loop, &f->timer, tell_and_stop, f->loop);
	assert_true(loop_timer_set(&f->timer, 10000));
	loop_next_turn(f->loop, &f->tasks[0]);
	assert_true(loop_run(f->loop));
	assert_string_equal(story, "t");
}

static void a_loop_with_nothing_to_wait_for_returns(void **state)
{
	struct fixture *f = *state;

	assert_true(loop_run(f->loop));
	loop_free(NULL);
}

/* ---- descriptors ---- */

static void shut_after_two(struct fixture *f)
{
	if (f->events == 1)
		put(f, "b"); /* one edge for each arrival, drained or not */
	else if (f->events == 2)
		assert_int_equal(shutdown(f->fds[1], SHUT_WR), 0);
	else
		loop_stop(f->loop);
}

static void an_edge_comes_once_for_each_arrival(void **state)
{
	struct fixture *f = *state;

	f->on_ready = shut_after_two;
	assert_true(loop_watch(f->loop, &f->watch, f->fds[0], on_ready, f));
	put(f, "a");
	assert_true(loop_run(f->loop));
	assert_int_equal(f->events, 3);
	assert_int_equal(f->ready[0], LOOP_READ | LOOP_WRITE);
	assert_true(f->ready[1] & LOOP_READ);
	assert_false(f->ready[1] & LOOP_CLOSED);
	assert_true(f->ready[2] & LOOP_CLOSED);
	assert_int_equal(drain(f), 2);
}

static void stop_loop(void *arg)
{
	loop_stop(arg);
}

static void unwatch_self(struct fixture *f)
{
	loop_unwatch(&f->watch);
	loop_unwatch(&f->watch); /* not registered: ignored */
}

static void a_watch_ended_in_its_own_callback_is_quiet(void **state)
{
	struct fixture *f = *state;

	f->on_ready = unwatch_self;
	assert_true(
		loop_watch_read(f->loop, &f->watch, f->fds[0], on_ready, f));
	put(f, "a"); /* never read: would be ready again */
	loop_timer_init(f->loop, &f->timer, stop_loop, f->loop);
	assert_true(loop_timer_set(&f->timer, 20));
	assert_true(loop_run(f->loop));
	assert_int_equal(f->events, 1);
}

/* ---- timers ---- */

struct shot {
	struct loop *loop;
	int64_t at_ms;
	unsigned count;
};

static void on_shot(void *arg)
{
	struct shot *shot = arg;

	shot->at_ms = loop_now_ms(shot->loop);
	shot->count++;
	loop_stop(shot->loop);
}

static void a_timer_fires_once_and_not_early(void **state)
{
	static const int64_t afters[] = {0, 1, 30};
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++) {
		struct shot shot = {.loop = f->loop};
		int64_t set;

		loop_timer_init(f->loop, &f->timer, on_shot, &shot);
		loop_clock_refresh(f->loop);
		set = loop_now_ms(f->loop);
		assert_true(loop_timer_set(&f->timer, afters[i]));
		assert_true(loop_run(f->loop));
		assert_int_equal(shot.count, 1);
		assert_true(shot.at_ms - set >= afters[i]);
		/* nothing is left to wait for */
		assert_true(loop_run(f->loop));
		assert_int_equal(shot.count, 1);
		loop_timer_fini(&f->timer);
	}
}

static void a_timer_fires_at_the_deadline_set_last(void **state)
{
	struct fixture *f = *state;
	struct shot shot = {.loop = f->loop};
	int64_t set;

	loop_timer_init(f->loop, &f->timer, on_shot, &shot);
	loop_clock_refresh(f->loop);
	set = loop_now_ms(f->loop);
	assert_true(loop_timer_set(&f->timer, 5));
	assert_true(loop_timer_set(&f->timer, 60));
	assert_true(loop_run(f->loop));
	assert_int_equal(shot.count, 1);
	assert_true(shot.at_ms - set >= 60);
	set = loop_now_ms(f->loop);
	assert_true(loop_timer_set(&f->timer, 3600000));
	assert_true(loop_timer_set(&f->timer, 5));
	assert_true(loop_run(f->loop));
	assert_int_equal(shot.count, 2);
	assert_true(shot.at_ms - set < 3600000);
}

static void a_cleared_timer_does_not_fire(void **state)
{
	struct fixture *f = *state;
	struct shot shot = {.loop = f->loop};

	loop_timer_init(f->loop, &f->timer, on_shot, &shot);
	assert_true(loop_timer_set(&f->timer, 5));
	loop_timer_clear(&f->timer);
	assert_true(loop_run(f->loop)); /* until nothing is left */
	assert_int_equal(shot.count, 0);
	assert_true(loop_timer_set(&f->timer, 1));
	assert_true(loop_run(f->loop));
	assert_int_equal(shot.count, 1);
}

/* ---- signals, fork, clocks ---- */

static void on_signal(void *arg, int number)
{
	struct fixture *f = arg;

	assert_int_equal(number, SIGUSR1);
	tell('s');
	loop_stop(f->loop);
}

static void a_signal_is_told_outside_its_handler(void **state)
{
	struct fixture *f = *state;
	struct loop_signal watch = {0};

	assert_true(loop_signal_watch(f->loop, &watch, SIGUSR1, on_signal, f));
	assert_int_equal(raise(SIGUSR1), 0);
	assert_string_equal(story, "");
	assert_true(loop_run(f->loop));
	assert_string_equal(story, "s");
	loop_signal_unwatch(&watch);
	loop_signal_unwatch(&watch);
}

static void stop_it(struct fixture *f)
{
	loop_stop(f->loop);
}

/* The child's kernel side is its own: what it unwatches stays ours. */
static void a_child_has_a_loop_of_its_own(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid;

	f->on_ready = stop_it;
	assert_true(
		loop_watch_read(f->loop, &f->watch, f->fds[0], on_ready, f));
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (!loop_after_fork(f->loop))
			_exit(1);
		loop_unwatch(&f->watch);
		_exit(loop_run(f->loop) ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	put(f, "a");
	assert_true(loop_run(f->loop));
	assert_int_equal(f->events, 1);
}

static void clocks_are_read_once_a_turn(void **state)
{
	struct fixture *f = *state;
	int64_t now = loop_now_ms(f->loop);

	assert_true(now > 0);
	assert_true(loop_wall_ms(f->loop) > INT64_C(1700000000000));
	loop_clock_refresh(f->loop);
	assert_true(loop_now_ms(f->loop) >= now);
}

int main(void)
{
#define LOOP_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		LOOP_TEST(an_event_is_followed_by_later_hooks_and_burials),
		LOOP_TEST(a_hook_taken_off_is_not_called),
		LOOP_TEST(a_cancelled_task_does_not_run),
		LOOP_TEST(what_is_put_off_lets_descriptors_have_their_turn),
		LOOP_TEST(what_is_put_off_does_not_wait_for_an_event),
		LOOP_TEST(a_loop_with_nothing_to_wait_for_returns),
		LOOP_TEST(an_edge_comes_once_for_each_arrival),
		LOOP_TEST(a_watch_ended_in_its_own_callback_is_quiet),
		LOOP_TEST(a_timer_fires_once_and_not_early),
		LOOP_TEST(a_timer_fires_at_the_deadline_set_last),
		LOOP_TEST(a_cleared_timer_does_not_fire),
		LOOP_TEST(a_signal_is_told_outside_its_handler),
		LOOP_TEST(a_child_has_a_loop_of_its_own),
		LOOP_TEST(clocks_are_read_once_a_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
