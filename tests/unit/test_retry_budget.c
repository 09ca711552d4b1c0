/* retry_budget: a share of the requests of the last seconds. */
#include "proxy/retry_budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void requests(struct retry_budget *b, unsigned count, int64_t now_ms)
{
	while (count--)
		retry_budget_request(b, now_ms);
}

/* How many may be repeated in a row? */
static unsigned drain(struct retry_budget *b, int64_t now_ms, unsigned percent)
{
	unsigned count = 0;

	while (count < 10000 && retry_budget_take(b, now_ms, percent))
		count++;
	return count;
}

static void a_share_of_the_requests_may_be_repeated(void **state)
{
	struct retry_budget b = {0};

	(void)state;
	requests(&b, 1000, 500);
	assert_int_equal(drain(&b, 500, 20), 200 + RETRY_BUDGET_FLOOR);
	assert_int_equal(drain(&b, 999, 20), 0);
	requests(&b, 100, 1000);
	assert_int_equal(drain(&b, 1000, 20), 20);
}

static void a_few_may_be_without_any_share(void **state)
{
	struct retry_budget b = {0};

	(void)state;
	assert_int_equal(drain(&b, 0, 20), RETRY_BUDGET_FLOOR);
	requests(&b, 1000, 0);
	assert_int_equal(drain(&b, 0, 0), 0);
}

static void what_is_long_ago_does_not_count(void **state)
{
	const int64_t window = RETRY_BUDGET_SECONDS * 1000;
	struct retry_budget b = {0};

	(void)state;
	requests(&b, 100, 0);
	assert_int_equal(drain(&b, 0, 10), 10 + RETRY_BUDGET_FLOOR);
	assert_int_equal(drain(&b, window - 1, 10), 0);
	assert_int_equal(drain(&b, window, 10), RETRY_BUDGET_FLOOR);
	requests(&b, 100, 5 * window + 999);
	assert_int_equal(
		drain(&b, 5 * window + 1000, 10), 10 + RETRY_BUDGET_FLOOR);
	assert_int_equal(drain(&b, INT64_MAX, 10), RETRY_BUDGET_FLOOR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_of_the_requests_may_be_repeated),
		cmocka_unit_test(a_few_may_be_without_any_share),
		cmocka_unit_test(what_is_long_ago_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
