/* server_health: down after failures, and slowly back. */
#include "proxy/server_health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void bring_down(struct server_health *h)
{
	for (int i = 1; i < SERVER_HEALTH_FAILURES; i++)
		assert_false(server_health_note(h, false, 0));
	assert_true(server_health_note(h, false, 0));
}

static void only_failures_in_a_row_bring_it_down(void **state)
{
	struct server_health h = {0};

	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_false(server_health_note(&h, false, 0));
		assert_false(server_health_note(&h, false, 0));
		assert_false(server_health_note(&h, true, 0));
	}
	assert_true(server_health_open(&h, 0));
	bring_down(&h);
	assert_false(server_health_up(&h));
	assert_false(server_health_open(&h, SERVER_HEALTH_DOWN_MS - 1));
}

static void one_at_a_time_tries_it(void **state)
{
	struct server_health h = {0};

	(void)state;
	bring_down(&h);
	assert_true(server_health_open(&h, SERVER_HEALTH_DOWN_MS));
	server_health_begin(&h);
	assert_false(server_health_open(&h, SERVER_HEALTH_DOWN_MS));
	server_health_forget(&h);
	assert_true(server_health_open(&h, SERVER_HEALTH_DOWN_MS));
	server_health_begin(&h);
	assert_true(server_health_note(&h, true, SERVER_HEALTH_DOWN_MS));
	assert_true(server_health_up(&h));
}

static void each_failed_trial_doubles_the_pause(void **state)
{
	struct server_health h = {0};
	int64_t now = 0, pause = SERVER_HEALTH_DOWN_MS;

	(void)state;
	bring_down(&h);
	for (int i = 0; i < 12; i++) {
		now += pause;
		assert_false(server_health_open(&h, now - 1));
		assert_true(server_health_open(&h, now));
		server_health_begin(&h);
		assert_false(server_health_note(&h, false, now));
		pause = 2 * pause < SERVER_HEALTH_DOWN_MAX_MS
				? 2 * pause
				: SERVER_HEALTH_DOWN_MAX_MS;
	}
	assert_int_equal(pause, SERVER_HEALTH_DOWN_MAX_MS);
}

static void late_failures_do_not_lengthen_the_pause(void **state)
{
	struct server_health h = {0};

	(void)state;
	bring_down(&h);
	assert_false(server_health_note(&h, false, 500));
	assert_true(server_health_open(&h, SERVER_HEALTH_DOWN_MS));
}

static void its_own_word_counts_when_it_is_repeated(void **state)
{
	struct server_health h = {0};

	(void)state;
	assert_false(server_health_answer(&h, false, 3, 2));
	assert_false(server_health_answer(&h, false, 3, 2));
	assert_false(server_health_answer(&h, true, 3, 2)); /* begins anew */
	assert_false(server_health_answer(&h, false, 3, 2));
	assert_false(server_health_answer(&h, false, 3, 2));
	assert_true(server_health_open(&h, 0));
	assert_true(server_health_answer(&h, false, 3, 2));
	assert_false(server_health_open(&h, INT64_MAX));
	assert_false(server_health_answer(&h, false, 3, 2)); /* told once */
	assert_false(server_health_answer(&h, true, 3, 2));
	assert_false(server_health_open(&h, INT64_MAX));
	assert_true(server_health_answer(&h, true, 3, 2));
	assert_true(server_health_open(&h, 0));
}

/* Both must say yes. */
static void connections_and_answers_are_judged_apart(void **state)
{
	struct server_health h = {0};

	(void)state;
	assert_true(server_health_answer(&h, false, 1, 1));
	assert_false(server_health_note(&h, true, 0));
	assert_false(server_health_open(&h, 0));
	bring_down(&h);
	assert_true(server_health_answer(&h, true, 1, 1));
	assert_false(server_health_open(&h, 0));
	assert_true(server_health_note(&h, true, 0));
	assert_true(server_health_open(&h, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_failures_in_a_row_bring_it_down),
		cmocka_unit_test(one_at_a_time_tries_it),
		cmocka_unit_test(each_failed_trial_doubles_the_pause),
		cmocka_unit_test(late_failures_do_not_lengthen_the_pause),
		cmocka_unit_test(its_own_word_counts_when_it_is_repeated),
		cmocka_unit_test(connections_and_answers_are_judged_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
