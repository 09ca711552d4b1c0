/* deadline: lazy timers that are borrowed. */
#include "proxy/deadline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/loop.h"

struct rig {
	struct loop *loop;
	struct deadline_pool *pool;
	struct deadline *deadline;
	unsigned fired;
};

static int start(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	rig->loop = loop_new();
	rig->pool = deadline_pool_new(rig->loop, 2);
	assert_non_null(rig->pool);
	*state = rig;
	return 0;
}

static int stop(void **state)
{
	struct rig *rig = *state;

	deadline_pool_free(rig->pool);
	loop_free(rig->loop);
	free(rig);
	return 0;
}

static void on_fire(void *arg)
{
	struct rig *rig = arg;

	rig->fired++;
	deadline_give(&rig->deadline);
	loop_stop(rig->loop);
}

static void it_fires_and_may_be_given_back_from_within(void **state)
{
	struct rig *rig = *state;

	rig->deadline = deadline_take(rig->pool, on_fire, rig);
	assert_true(deadline_set(rig->deadline, 5));
	assert_true(loop_run(rig->loop));
	assert_int_equal(rig->fired, 1);
	assert_null(rig->deadline);
	deadline_give(&rig->deadline); /* nothing there: ignored */
}

static void wrong(void *arg)
{
	(void)arg;
	fail();
}

/* What the last borrower set does not reach the next one. */
static void a_borrowed_one_is_off_at_first(void **state)
{
	struct rig *rig = *state;
	struct deadline *first = deadline_take(rig->pool, wrong, NULL);
	struct deadline *old = first;

	assert_true(deadline_set(first, 5));
	deadline_give(&first);
	rig->deadline = deadline_take(rig->pool, on_fire, rig);
	assert_ptr_equal(rig->deadline, old);
	assert_true(deadline_set(rig->deadline, 20));
	assert_true(loop_run(rig->loop));
	assert_int_equal(rig->fired, 1);
}

static void more_than_the_spare_ones_are_given_back(void **state)
{
	struct rig *rig = *state;
	struct deadline *many[10];

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 10; i++) {
			many[i] = deadline_take(rig->pool, wrong, NULL);
			assert_true(deadline_set(many[i], 60000));
		}
		for (unsigned i = 0; i < 10; i++)
			deadline_give(&many[i]);
	}
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(it_fires_and_may_be_given_back_from_within),
		cmocka_unit_test(a_borrowed_one_is_off_at_first),
		cmocka_unit_test(more_than_the_spare_ones_are_given_back),
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tests[i].setup_func = start;
		tests[i].teardown_func = stop;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
