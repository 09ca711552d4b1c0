#include "base/loop.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Everything that happens in a test is written down as one letter. */
struct diary {
	struct loop *loop;
	char text[256];
};

static void note(struct diary *diary, char letter)
{
	size_t len = strlen(diary->text);

	assert_true(len + 1 < sizeof(diary->text));
	diary->text[len] = letter;
}

static void diary_init(struct diary *diary)
{
	*diary = (struct diary){.loop = loop_new()};
	assert_non_null(diary->loop);
}

/* A task with a letter, and perhaps something to do. */
struct deed {
	struct diary *diary;
	struct loop_task task;
	struct loop_corpse corpse;
	char letter;
	void (*then)(struct deed *deed);
	struct deed *other;
	int count;
};

static void deed_cb(void *arg)
{
	struct deed *deed = arg;

	assert_false(deed->task.queued);
	note(deed->diary, deed->letter);
	if (deed->then)
		deed->then(deed);
}

static void deed_init(struct deed *deed, struct diary *diary, char letter)
{
	*deed = (struct deed){.diary = diary, .letter = letter};
	deed->task.cb = deed_cb;
	deed->task.arg = deed;
}

static void stop(struct deed *deed)
{
	loop_stop(deed->diary->loop);
}

/* One turn with all that belongs to it. */
static void turn(struct diary *diary)
{
	struct deed last;

	deed_init(&last, diary, '.');
	last.then = stop;
	loop_next_turn(diary->loop, &last.task);
	assert_true(loop_run(diary->loop));
}

/* ---- later ---- */

static void tasks_run_in_order_and_once(void **state)
{
	struct diary diary;
	struct deed a, b;

	(void)state;
	diary_init(&diary);
	deed_init(&a, &diary, 'a');
	deed_init(&b, &diary, 'b');
	loop_later(diary.loop, &a.task);
	loop_later(diary.loop, &b.task);
	loop_later(diary.loop, &a.task); /* queued already: no effect */
	loop_next_turn(diary.loop, &a.task);
	assert_true(a.task.queued);
	assert_true(loop_run(diary.loop));
	assert_string_equal(diary.text, "ab");
	assert_true(loop_run(diary.loop));
	assert_string_equal(diary.text, "ab");
	loop_free(diary.loop);
}

static void queue_other(struct deed *deed)
{
	loop_later(deed->diary->loop, &deed->other->task);
}

static void later_runs_until_it_is_empty(void **state)
{
	struct diary diary;
	struct deed a, b, c;

	(void)state;
	diary_init(&diary);
	deed_init(&a, &diary, 'a');
	deed_init(&b, &diary, 'b');
	deed_init(&c, &diary, 'c');
	a.then = b.then = queue_other;
	a.other = &b;
	b.other = &c;
	loop_later(diary.loop, &a.task);
	turn(&diary);
	assert_string_equal(diary.text, "abc.");
	loop_free(diary.loop);
}

static void put_off_again(struct deed *deed)
{
	if (deed->count-- > 0)
		loop_next_turn(deed->diary->loop, &deed->task);
}

static void what_puts_itself_off_gets_one_go_a_turn(void **state)
{
	struct diary diary;
	struct deed a;
	uint64_t before;

	(void)state;
	diary_init(&diary);
	deed_init(&a, &diary, 'a');
	a.then = put_off_again;
	a.count = 3;
	loop_next_turn(diary.loop, &a.task);
	assert_string_equal(diary.text, "");
	for (int i = 0; i < 6; i++) {
		before = loop_turn(diary.loop);
		turn(&diary);
		assert_int_equal(loop_turn(diary.loop), before + 1);
	}
	assert_string_equal(diary.text, "a.a.a.a...");
	loop_free(diary.loop);
}

static void a_loop_with_nothing_but_put_off_tasks_runs_them(void **state)
{
	struct diary diary;
	struct deed a;

	(void)state;
	diary_init(&diary);
	deed_init(&a, &diary, 'a');
	a.then = put_off_again;
	a.count = 2;
	loop_next_turn(diary.loop, &a.task);
	assert_true(loop_run(diary.loop)); /* and ends, as nothing can come */
	assert_string_equal(diary.text, "aaa");
	loop_free(diary.loop);
}

static void a_task_taken_off_does_not_run(void **state)
{
	struct diary diary;
	struct deed deeds[6];

	(void)state;
	diary_init(&diary);
	for (int i = 0; i < 6; i++) {
		deed_init(&deeds[i], &diary, (char)('a' + i));
		if (i < 3)
			loop_later(diary.loop, &deeds[i].task);
		else
			loop_next_turn(diary.loop, &deeds[i].task);
	}
	for (int i = 0; i < 6; i += 2) {
		loop_cancel(diary.loop, &deeds[i].task);
		assert_false(deeds[i].task.queued);
		loop_cancel(diary.loop, &deeds[i].task); /* not queued */
	}
	turn(&diary);
	assert_string_equal(diary.text, "bdf.");
	/* And may be queued again. */
	loop_later(diary.loop, &deeds[0].task);
	turn(&diary);
	assert_string_equal(diary.text, "bdf.a.");
	loop_free(diary.loop);
}

static void cancel_other(struct deed *deed)
{
	loop_cancel(deed->diary->loop, &deed->other->task);
}

static void a_task_may_take_off_the_one_behind_it(void **state)
{
	struct diary diary;
	struct deed a, b, c;

	(void)state;
	diary_init(&diary);
	deed_init(&a, &diary, 'a');
	deed_init(&b, &diary, 'b');
	deed_init(&c, &diary, 'c');
	a.then = cancel_other;
	a.other = &b;
	for (int i = 0; i < 2; i++) {
		void (*queue)(struct loop *, struct loop_task *) =
			i ? loop_next_turn : loop_later;

		queue(diary.loop, &a.task);
		queue(diary.loop, &b.task);
		queue(diary.loop, &c.task);
		turn(&diary);
	}
	assert_string_equal(diary.text, "ac.ac.");
	loop_free(diary.loop);
}

/* ---- the end of an event ---- */

static void hook(void *arg)
{
	note(arg, 'h');
}

static void hook_once(void *arg)
{
	struct deed *deed = arg;

	note(deed->diary, 'H');
	if (deed->count-- > 0)
		loop_later(deed->diary->loop, &deed->task);
}

static void bury(void *object)
{
	struct deed *deed = object;

	note(deed->diary, (char)(deed->letter - 'a' + 'A'));
	if (deed->other)
		loop_free_later(deed->diary->loop, &deed->other->corpse, bury,
			deed->other);
}

static void an_event_ends_with_later_hooks_and_burials(void **state)
{
	struct diary diary;
	struct deed a, x, y, z;

	(void)state;
	diary_init(&diary);
	deed_init(&a, &diary, 'a');
	deed_init(&x, &diary, 'x');
	deed_init(&y, &diary, 'y');
	deed_init(&z, &diary, 'z');
	y.other = &z; /* buried while burying */
	a.count = 1;
	loop_on_event_end(diary.loop, hook_once, &a);
	loop_free_later(diary.loop, &x.corpse, bury, &x);
	loop_free_later(diary.loop, &y.corpse, bury, &y);
	loop_later(diary.loop, &a.task);
	loop_run(diary.loop);
	/* a, the hook, what it queued, the hook again, then x, y, z */
	assert_string_equal(diary.text, "aHaHXYZ");
	loop_off_event_end(diary.loop, hook_once, &a);
	loop_free(diary.loop);
}

static void a_hook_can_be_taken_off(void **state)
{
	struct diary diary;
	struct deed a;

	(void)state;
	diary_init(&diary);
	deed_init(&a, &diary, 'a');
	loop_on_event_end(diary.loop, hook, &diary);
	loop_on_event_end(diary.loop, hook_once, &a);
	loop_off_event_end(diary.loop, hook, &a); /* another pair */
	loop_run(diary.loop);
	assert_string_equal(diary.text, "hH");
	loop_off_event_end(diary.loop, hook, &diary);
	loop_run(diary.loop);
	assert_string_equal(diary.text, "hHH");
	loop_off_event_end(diary.loop, hook_once, &a);
	/* Four may come again. */
	for (int i = 0; i < 4; i++)
		loop_on_event_end(diary.loop, hook, &diary);
	loop_off_event_end(diary.loop, hook, &diary);
	loop_run(diary.loop);
	assert_string_equal(diary.text, "hHH");
	loop_free(diary.loop);
}

static void the_end_of_the_loop_buries(void **state)
{
	struct diary diary;
	struct deed a;

	(void)state;
	diary_init(&diary);
	deed_init(&a, &diary, 'a');
	loop_free_later(diary.loop, &a.corpse, bury, &a);
	loop_free(diary.loop);
	assert_string_equal(diary.text, "A");
	loop_free(NULL);
}

/* ---- descriptors ---- */

struct eye {
	struct diary *diary;
	struct loop_watch watch;
	int fd;
	bool drains;
	bool unwatches;
	unsigned ready; /* of the last call */
};

static void eye_cb(void *arg, unsigned ready)
{
	struct eye *eye = arg;
	char bytes[64];

	eye->ready = ready;
	note(eye->diary, 'w');
	while (eye->drains && recv(eye->fd, bytes, sizeof(bytes), 0) > 0)
		;
	if (eye->unwatches)
		loop_unwatch(&eye->watch);
}

static void eye_init(struct eye *eye, struct diary *diary, int fds[2])
{
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	*eye = (struct eye){.diary = diary, .fd = fds[0]};
}

static void eye_fini(struct eye *eye, int fds[2])
{
	loop_unwatch(&eye->watch);
	loop_unwatch(&eye->watch); /* not registered: ignored */
	close(fds[0]);
	if (fds[1] >= 0)
		close(fds[1]);
}

static void edges_come_once(void **state)
{
	struct diary diary;
	struct eye eye;
	int fds[2];

	(void)state;
	diary_init(&diary);
	eye_init(&eye, &diary, fds);
	assert_true(loop_watch(diary.loop, &eye.watch, fds[0], eye_cb, &eye));
	turn(&diary);
	assert_string_equal(diary.text, "w."); /* writable at first */
	assert_int_equal(eye.ready, LOOP_WRITE);
	turn(&diary);
	assert_string_equal(diary.text, "w..");
	assert_int_equal(send(fds[1], "x", 1, 0), 1);
	turn(&diary);
	assert_string_equal(diary.text, "w..w.");
	assert_true(eye.ready & LOOP_READ);
	assert_false(eye.ready & LOOP_CLOSED);
	turn(&diary); /* not drained, and yet no second edge */
	assert_string_equal(diary.text, "w..w..");
	assert_int_equal(send(fds[1], "y", 1, 0), 1); /* but for more */
	turn(&diary);
	assert_string_equal(diary.text, "w..w..w.");
	assert_int_equal(shutdown(fds[1], SHUT_WR), 0);
	turn(&diary);
	assert_true(eye.ready & LOOP_CLOSED);
	assert_string_equal(diary.text, "w..w..w.w.");
	eye_fini(&eye, fds);
	loop_free(diary.loop);
}

static void levels_come_until_drained(void **state)
{
	struct diary diary;
	struct eye eye;
	int fds[2];

	(void)state;
	diary_init(&diary);
	eye_init(&eye, &diary, fds);
	assert_true(
		loop_watch_read(diary.loop, &eye.watch, fds[0], eye_cb, &eye));
	turn(&diary);
	assert_string_equal(diary.text, ".");
	assert_int_equal(send(fds[1], "x", 1, 0), 1);
	turn(&diary);
	turn(&diary);
	assert_string_equal(diary.text, ".w.w.");
	assert_int_equal(eye.ready, LOOP_READ);
	eye.drains = true;
	turn(&diary);
	turn(&diary);
	assert_string_equal(diary.text, ".w.w.w..");
	eye_fini(&eye, fds);
	loop_free(diary.loop);
}

static void put_off_tasks_come_after_the_descriptors(void **state)
{
	struct diary diary;
	struct deed a;
	struct eye eye;
	int fds[2];

	(void)state;
	diary_init(&diary);
	eye_init(&eye, &diary, fds);
	deed_init(&a, &diary, 'a');
	a.then = put_off_again;
	a.count = 2;
	assert_true(
		loop_watch_read(diary.loop, &eye.watch, fds[0], eye_cb, &eye));
	assert_int_equal(send(fds[1], "x", 1, 0), 1);
	loop_next_turn(diary.loop, &a.task);
	turn(&diary);
	turn(&diary);
	turn(&diary);
	assert_string_equal(diary.text, "wa.wa.wa.");
	eye_fini(&eye, fds);
	loop_free(diary.loop);
}

static void a_watch_may_end_itself(void **state)
{
	struct diary diary;
	struct eye eye;
	int fds[2];

	(void)state;
	diary_init(&diary);
	eye_init(&eye, &diary, fds);
	eye.unwatches = true;
	assert_true(
		loop_watch_read(diary.loop, &eye.watch, fds[0], eye_cb, &eye));
	assert_int_equal(send(fds[1], "x", 1, 0), 1);
	turn(&diary);
	turn(&diary);
	assert_string_equal(diary.text, "w..");
	eye_fini(&eye, fds);
	loop_free(diary.loop);
}

/* Two descriptors become ready at once; the first closes the second. */
struct rival {
	struct eye eye;
	struct rival *other;
	int fds[2];
};

static void rival_cb(void *arg, unsigned ready)
{
	struct rival *rival = arg;

	(void)ready;
	note(rival->eye.diary, 'r');
	loop_unwatch(&rival->other->eye.watch);
	close(rival->other->fds[0]);
	rival->other->fds[0] = -1;
}

static void a_watch_that_was_ended_is_not_called_any_more(void **state)
{
	struct diary diary;
	struct rival rivals[2];

	(void)state;
	diary_init(&diary);
	for (int i = 0; i < 2; i++) {
		struct rival *r = &rivals[i];

		eye_init(&r->eye, &diary, r->fds);
		r->other = &rivals[!i];
		assert_int_equal(send(r->fds[1], "x", 1, 0), 1);
		assert_true(loop_watch_read(
			diary.loop, &r->eye.watch, r->fds[0], rival_cb, r));
	}
	turn(&diary);
	assert_string_equal(diary.text, "r.");
	for (int i = 0; i < 2; i++)
		eye_fini(&rivals[i].eye, rivals[i].fds);
	loop_free(diary.loop);
}

static void what_cannot_be_watched_is_told(void **state)
{
	struct loop_watch watch;
	struct diary diary;
	int fd = open("/dev/null", O_RDONLY);
	FILE *file = tmpfile();

	(void)state;
	diary_init(&diary);
	assert_non_null(file);
	assert_false(
		loop_watch(diary.loop, &watch, fileno(file), eye_cb, NULL));
	loop_unwatch(&watch);
	close(fd);
	assert_false(loop_watch(diary.loop, &watch, fd, eye_cb, NULL));
	loop_unwatch(&watch);
	fclose(file);
	loop_free(diary.loop);
}

/* ---- timers ---- */

static void ring(void *arg)
{
	note(arg, 't');
}

static void ring_and_stop(void *arg)
{
	struct diary *diary = arg;

	note(diary, 'T');
	loop_stop(diary->loop);
}

static void a_timer_fires_once_and_not_early(void **state)
{
	struct loop_timer timer;
	struct diary diary;
	int64_t began;

	(void)state;
	diary_init(&diary);
	loop_timer_init(diary.loop, &timer, ring_and_stop, &diary);
	began = loop_now_ms(diary.loop);
	assert_true(loop_timer_set(&timer, 50));
	assert_true(loop_run(diary.loop));
	assert_true(loop_now_ms(diary.loop) - began >= 50);
	turn(&diary);
	assert_string_equal(diary.text, "T.");
	loop_timer_fini(&timer);
	loop_free(diary.loop);
}

static void a_timer_of_zero_fires_in_the_next_turn(void **state)
{
	struct loop_timer timer;
	struct diary diary;

	(void)state;
	diary_init(&diary);
	loop_timer_init(diary.loop, &timer, ring, &diary);
	assert_true(loop_timer_set(&timer, 0));
	assert_string_equal(diary.text, "");
	turn(&diary);
	assert_string_equal(diary.text, "t.");
	loop_timer_fini(&timer);
	loop_free(diary.loop);
}

static void a_timer_moves_later_and_earlier(void **state)
{
	struct loop_timer late, early;
	struct diary diary;

	(void)state;
	diary_init(&diary);
	loop_timer_init(diary.loop, &late, ring_and_stop, &diary);
	loop_timer_init(diary.loop, &early, ring, &diary);
	/* One that was early becomes late, and the other way round. */
	assert_true(loop_timer_set(&late, 10));
	assert_true(loop_timer_set(&early, 1000000));
	assert_true(loop_timer_set(&late, 120));
	assert_true(loop_timer_set(&early, 60));
	assert_true(loop_run(diary.loop));
	assert_string_equal(diary.text, "tT");
	loop_timer_fini(&late);
	loop_timer_fini(&early);
	loop_free(diary.loop);
}

static void moving_later_costs_nothing(void **state)
{
	struct loop_timer timer;
	struct diary diary;
	int64_t armed;

	(void)state;
	diary_init(&diary);
	loop_timer_init(diary.loop, &timer, ring, &diary);
	assert_true(loop_timer_set(&timer, 1000));
	armed = timer.armed_ms;
	for (int i = 0; i < 100; i++)
		assert_true(loop_timer_set(&timer, 1000 + i));
	assert_int_equal(timer.armed_ms, armed);
	loop_timer_fini(&timer);
	loop_free(diary.loop);
}

static void a_cleared_timer_is_silent_and_may_be_set_again(void **state)
{
	struct loop_timer timer, end;
	struct diary diary;

	(void)state;
	diary_init(&diary);
	loop_timer_init(diary.loop, &timer, ring, &diary);
	loop_timer_init(diary.loop, &end, ring_and_stop, &diary);
	loop_timer_clear(&timer); /* never set: allowed */
	assert_true(loop_timer_set(&timer, 10));
	assert_true(loop_timer_set(&end, 40));
	loop_timer_clear(&timer);
	assert_true(loop_run(diary.loop));
	assert_string_equal(diary.text, "T");
	assert_true(loop_timer_set(&timer, 0));
	turn(&diary);
	assert_string_equal(diary.text, "Tt.");
	loop_timer_fini(&timer);
	loop_timer_fini(&timer);
	loop_timer_fini(&end);
	loop_free(diary.loop);
}

struct lone {
	struct diary *diary;
	struct loop_timer timer;
	struct loop_corpse corpse;
};

static void lone_free(void *object)
{
	struct lone *lone = object;

	note(lone->diary, 'F');
	free(lone);
}

static void lone_cb(void *arg)
{
	struct lone *lone = arg;

	note(lone->diary, 't');
	loop_timer_fini(&lone->timer);
	loop_free_later(lone->diary->loop, &lone->corpse, lone_free, lone);
}

static void a_timer_may_end_with_its_owner_in_its_callback(void **state)
{
	struct lone *lone = calloc(1, sizeof(*lone));
	struct diary diary;

	(void)state;
	assert_non_null(lone);
	diary_init(&diary);
	lone->diary = &diary;
	loop_timer_init(diary.loop, &lone->timer, lone_cb, lone);
	assert_true(loop_timer_set(&lone->timer, 0));
	turn(&diary);
	assert_string_equal(diary.text, "tF.");
	loop_free(diary.loop);
}

static void a_timer_may_set_itself_again(void **state)
{
	struct loop_timer timer;
	struct diary diary;

	(void)state;
	diary_init(&diary);
	loop_timer_init(diary.loop, &timer, ring, &diary);
	for (int i = 0; i < 3; i++) {
		assert_true(loop_timer_set(&timer, 0));
		turn(&diary);
	}
	assert_string_equal(diary.text, "t.t.t.");
	loop_timer_fini(&timer);
	loop_free(diary.loop);
}

/* ---- clocks ---- */

static void the_clocks_stand_still_until_looked_at(void **state)
{
	struct diary diary;
	int64_t now, wall;

	(void)state;
	diary_init(&diary);
	now = loop_now_ms(diary.loop);
	wall = loop_wall_ms(diary.loop);
	assert_true(now > 0);
	assert_true(wall > 1577836800000); /* 2020 */
	do {
		assert_int_equal(loop_now_ms(diary.loop), now);
		usleep(1000);
		loop_clock_refresh(diary.loop);
	} while (loop_now_ms(diary.loop) == now);
	assert_true(loop_now_ms(diary.loop) > now);
	assert_true(loop_wall_ms(diary.loop) >= wall);
	loop_free(diary.loop);
}

/* ---- signals ---- */

static void on_signal(void *arg, int number)
{
	assert_int_equal(number, SIGUSR1);
	note(arg, 's');
}

static void a_signal_is_told_in_the_loop(void **state)
{
	struct loop_signal watch;
	struct diary diary;

	(void)state;
	diary_init(&diary);
	assert_true(loop_signal_watch(
		diary.loop, &watch, SIGUSR1, on_signal, &diary));
	assert_int_equal(raise(SIGUSR1), 0);
	assert_string_equal(diary.text, ""); /* not in the handler */
	turn(&diary);
	turn(&diary);
	assert_string_equal(diary.text, "s..");
	loop_signal_unwatch(&watch);
	loop_signal_unwatch(&watch);
	loop_free(diary.loop);
}

/* ---- fork ---- */

static void after_a_fork_the_child_has_its_own_watches(void **state)
{
	struct diary diary;
	struct eye eye;
	int status, fds[2];
	pid_t child;

	(void)state;
	diary_init(&diary);
	eye_init(&eye, &diary, fds);
	assert_true(loop_watch(diary.loop, &eye.watch, fds[0], eye_cb, &eye));
	turn(&diary);
	diary.text[0] = '\0';
	memset(diary.text, 0, sizeof(diary.text));
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		/* Ends its own watch only, and frees what it inherited. */
		bool ok = loop_after_fork(diary.loop);

		loop_unwatch(&eye.watch);
		loop_free(diary.loop);
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(send(fds[1], "x", 1, 0), 1);
	turn(&diary);
	assert_string_equal(diary.text, "w.");
	eye_fini(&eye, fds);
	loop_free(diary.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_run_in_order_and_once),
		cmocka_unit_test(later_runs_until_it_is_empty),
		cmocka_unit_test(what_puts_itself_off_gets_one_go_a_turn),
		cmocka_unit_test(
			a_loop_with_nothing_but_put_off_tasks_runs_them),
		cmocka_unit_test(a_task_taken_off_does_not_run),
		cmocka_unit_test(a_task_may_take_off_the_one_behind_it),
		cmocka_unit_test(an_event_ends_with_later_hooks_and_burials),
		cmocka_unit_test(a_hook_can_be_taken_off),
		cmocka_unit_test(the_end_of_the_loop_buries),
		cmocka_unit_test(edges_come_once),
		cmocka_unit_test(levels_come_until_drained),
		cmocka_unit_test(put_off_tasks_come_after_the_descriptors),
		cmocka_unit_test(a_watch_may_end_itself),
		cmocka_unit_test(a_watch_that_was_ended_is_not_called_any_more),
		cmocka_unit_test(what_cannot_be_watched_is_told),
		cmocka_unit_test(a_timer_fires_once_and_not_early),
		cmocka_unit_test(a_timer_of_zero_fires_in_the_next_turn),
		cmocka_unit_test(a_timer_moves_later_and_earlier),
		cmocka_unit_test(moving_later_costs_nothing),
		cmocka_unit_test(
			a_cleared_timer_is_silent_and_may_be_set_again),
		cmocka_unit_test(
			a_timer_may_end_with_its_owner_in_its_callback),
		cmocka_unit_test(a_timer_may_set_itself_again),
		cmocka_unit_test(the_clocks_stand_still_until_looked_at),
		cmocka_unit_test(a_signal_is_told_in_the_loop),
		cmocka_unit_test(after_a_fork_the_child_has_its_own_watches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
