/* origin_queue: first come, first served, and nobody waits forever. */
#include "proxy/origin_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake/fake_loop.h"

enum { TIMEOUT_MS = 100, GUESTS = 4 };

struct rig {
	struct loop *loop;
	struct origin_queue queue;
	struct origin_queue_entry guest[GUESTS];
	const struct origin_queue_entry *told[GUESTS];
	unsigned told_count;
};

static struct rig *current;

static void on_expired(struct origin_queue_entry *entry)
{
	assert_null(entry->queue);
	assert_true(origin_queue_waited_ms(&current->queue, entry) <=
		    TIMEOUT_MS + 1);
	current->told[current->told_count++] = entry;
}

static int start(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	rig->loop = loop_new();
	origin_queue_init(&rig->queue, rig->loop, TIMEOUT_MS, on_expired);
	*state = current = rig;
	return 0;
}

static int stop(void **state)
{
	struct rig *rig = *state;

	while (origin_queue_pop(&rig->queue))
		continue;
	origin_queue_fini(&rig->queue);
	loop_free(rig->loop);
	free(rig);
	return 0;
}

static void push(struct rig *rig, unsigned guest)
{
	assert_true(origin_queue_push(&rig->queue, &rig->guest[guest]));
}

static void the_first_who_came_is_the_first_to_go(void **state)
{
	struct rig *rig = *state;

	for (unsigned i = 0; i < GUESTS; i++)
		push(rig, i);
	assert_int_equal(rig->queue.count, GUESTS);
	for (unsigned i = 0; i < GUESTS; i++)
		assert_ptr_equal(origin_queue_pop(&rig->queue), &rig->guest[i]);
	assert_null(origin_queue_pop(&rig->queue));
	assert_int_equal(rig->queue.count, 0);
}

/* From each place: the others keep their order. */
static void anyone_may_leave(void **state)
{
	struct rig *rig = *state;

	for (unsigned gone = 0; gone < GUESTS; gone++) {
		for (unsigned i = 0; i < GUESTS; i++)
			push(rig, i);
		origin_queue_leave(&rig->guest[gone]);
		origin_queue_leave(&rig->guest[gone]); /* ignored */
		assert_int_equal(rig->queue.count, GUESTS - 1);
		for (unsigned i = 0; i < GUESTS; i++) {
			if (i != gone)
				assert_ptr_equal(origin_queue_pop(&rig->queue),
					&rig->guest[i]);
		}
		assert_null(rig->queue.last);
	}
	fake_loop_advance(rig->loop, 10 * TIMEOUT_MS);
	assert_int_equal(rig->told_count, 0);
}

static void each_waits_its_own_time(void **state)
{
	struct rig *rig = *state;

	push(rig, 0);
	fake_loop_advance(rig->loop, 60);
	push(rig, 1);
	push(rig, 2);
	fake_loop_advance(rig->loop, 39);
	assert_int_equal(rig->told_count, 0);
	fake_loop_advance(rig->loop, 1);
	assert_int_equal(rig->told_count, 1);
	assert_ptr_equal(rig->told[0], &rig->guest[0]);
	assert_int_equal(
		origin_queue_waited_ms(&rig->queue, &rig->guest[1]), 40);
	fake_loop_advance(rig->loop, 59);
	assert_int_equal(rig->told_count, 1);
	fake_loop_advance(rig->loop, 1);
	assert_int_equal(rig->told_count, 3);
}

/* The timer was set for one who left: the next is told in his own time. */
static void a_timer_of_one_who_left_tells_nobody(void **state)
{
	struct rig *rig = *state;

	push(rig, 0);
	fake_loop_advance(rig->loop, 50);
	push(rig, 1);
	origin_queue_leave(&rig->guest[0]);
	fake_loop_advance(rig->loop, 60);
	assert_int_equal(rig->told_count, 0);
	fake_loop_advance(rig->loop, 40);
	assert_int_equal(rig->told_count, 1);
}

static void without_memory_nobody_waits_unwatched(void **state)
{
	struct rig *rig = *state;

	fake_loop_fail_timers(rig->loop, 1);
	assert_false(origin_queue_push(&rig->queue, &rig->guest[0]));
	assert_null(rig->guest[0].queue);
	assert_int_equal(rig->queue.count, 0);
	push(rig, 1);
	fake_loop_advance(rig->loop, 50);
	push(rig, 2);
	fake_loop_fail_timers(rig->loop, 1);
	fake_loop_advance(rig->loop, 50); /* its timer cannot be set anew */
	assert_int_equal(rig->told_count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_first_who_came_is_the_first_to_go, start, stop),
		cmocka_unit_test_setup_teardown(anyone_may_leave, start, stop),
		cmocka_unit_test_setup_teardown(
			each_waits_its_own_time, start, stop),
		cmocka_unit_test_setup_teardown(
			a_timer_of_one_who_left_tells_nobody, start, stop),
		cmocka_unit_test_setup_teardown(
			without_memory_nobody_waits_unwatched, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
