/* rate_limits: whose request counts where. */
#include "proxy/rate_limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/config_rate.h"
#include "fake/alloc_fail.h"
#include "proxy/rate_table.h"

#define SECOND UINT64_C(1000000000)
#define START (1000 * SECOND)

enum { SETS = 64, MOST = 100 };

static const uint8_t alice[32] = {1}, bob[32] = {2};

static struct rate_table *make_table(void)
{
	size_t size = (rate_table_size(SETS) + 127) / 128 * 128;
	void *memory = aligned_alloc(RATE_ALIGN, size);

	assert_non_null(memory);
	memset(memory, 0, size);
	return rate_table_init(memory, SETS);
}

static struct rate_limits *make(
	struct rate_table *table, struct config_rate_limit *list, size_t count)
{
	const struct config config = {
		.rate_limits = list, .rate_limit_count = count};
	struct rate_limits *limits = rate_limits_new(&config, table);

	assert_non_null(limits);
	return limits;
}

static struct rate_request from(
	const uint8_t *certificate, const char *ip, const char *route)
{
	struct rate_request request = {
		.certificate = certificate, .ip = slice_str(ip)};

	if (route)
		request.route = slice_str(route);
	return request;
}

static unsigned passed(const struct rate_limits *limits,
	struct rate_request request, uint64_t now)
{
	unsigned n = 0;

	while (n < MOST && rate_limits_take(limits, &request, now).passed)
		n++;
	return n;
}

static void each_key_has_its_own_count(void **state)
{
	static const struct {
		enum config_rate_key key;
		struct {
			const uint8_t *certificate;
			const char *ip, *route;
		} a, b;
		bool same;
	} table[] = {
		{RATE_CERTIFICATE, {alice, "10.0.0.1", "x"},
			{alice, "10.0.0.2", "y"}, true},
		{RATE_CERTIFICATE, {alice, "10.0.0.1", "x"},
			{bob, "10.0.0.1", "x"}, false},
		/* none that verifies: by address */
		{RATE_CERTIFICATE, {NULL, "10.0.0.1", "x"},
			{NULL, "10.0.0.1", "y"}, true},
		{RATE_CERTIFICATE, {NULL, "10.0.0.1", "x"},
			{NULL, "10.0.0.2", "x"}, false},
		{RATE_CERTIFICATE, {NULL, "10.0.0.1", "x"},
			{alice, "10.0.0.1", "x"}, false},
		{RATE_ADDRESS, {alice, "10.0.0.1", "x"}, {bob, "10.0.0.1", "y"},
			true},
		{RATE_ADDRESS, {alice, "10.0.0.1", "x"},
			{alice, "10.0.0.2", "x"}, false},
		{RATE_ADDRESS, {NULL, "2001:db8:0:1::1", NULL},
			{NULL, "2001:db8:0:1:ffff::9", NULL}, true},
		{RATE_ADDRESS, {NULL, "2001:db8:0:1::1", NULL},
			{NULL, "2001:db8:0:2::1", NULL}, false},
		{RATE_ADDRESS, {NULL, "", NULL}, {alice, "", NULL}, true},
		{RATE_ADDRESS, {NULL, "", NULL}, {NULL, "10.0.0.1", NULL},
			false},
		{RATE_ROUTE, {alice, "10.0.0.1", "x"}, {bob, "10.0.0.2", "x"},
			true},
		{RATE_ROUTE, {alice, "10.0.0.1", "x"}, {alice, "10.0.0.1", "y"},
			false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct config_rate_limit one = {
			.key = table[i].key, .per_hour = 60, .burst = 3};
		struct rate_table *memory = make_table();
		struct rate_limits *limits = make(memory, &one, 1);

		assert_int_equal(
			passed(limits,
				from(table[i].a.certificate, table[i].a.ip,
					table[i].a.route),
				START),
			3);
		assert_int_equal(
			passed(limits,
				from(table[i].b.certificate, table[i].b.ip,
					table[i].b.route),
				START),
			table[i].same ? 0 : 3);
		rate_limits_free(limits);
		free(memory);
	}
}

static void without_a_route_no_route_counts(void **state)
{
	struct config_rate_limit one = {
		.key = RATE_ROUTE, .per_hour = 1, .burst = 1};
	struct rate_table *memory = make_table();
	struct rate_limits *limits = make(memory, &one, 1);

	(void)state;
	assert_int_equal(
		passed(limits, from(alice, "10.0.0.1", NULL), START), MOST);
	/* the one that a file without routes has, is one */
	assert_int_equal(passed(limits, from(alice, "10.0.0.1", ""), START), 1);
	rate_limits_free(limits);
	free(memory);
}

static void the_wait_is_told_in_whole_seconds(void **state)
{
	static const struct {
		uint64_t per_hour, after_ns;
		unsigned seconds;
	} table[] = {
		{3600000, 0, 1}, /* 1 ms */
		{3600, 0, 1},
		{3600, 1, 1},
		{60, 0, 60},
		{60, 1, 60},
		{60, SECOND, 59},
		{60, SECOND + 1, 59},
		{60, 60 * SECOND - 1, 1},
		{1, 0, 3600},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct config_rate_limit one = {.key = RATE_ADDRESS,
			.per_hour = table[i].per_hour,
			.burst = 1};
		struct rate_table *memory = make_table();
		struct rate_limits *limits = make(memory, &one, 1);
		struct rate_request request = from(NULL, "10.0.0.1", NULL);
		struct rate_verdict verdict;

		assert_int_equal(passed(limits, request, START), 1);
		verdict = rate_limits_take(
			limits, &request, START + table[i].after_ns);
		assert_false(verdict.passed);
		assert_int_equal(verdict.key, RATE_ADDRESS);
		assert_int_equal(verdict.retry_s, table[i].seconds);
		rate_limits_free(limits);
		free(memory);
	}
}

/* What the second refuses does not count at the first. */
static void a_request_counts_at_all_limits_or_at_none(void **state)
{
	struct config_rate_limit two[] = {
		{.key = RATE_CERTIFICATE, .per_hour = 60, .burst = 10},
		{.key = RATE_ROUTE, .per_hour = 60, .burst = 2}};
	struct rate_table *memory = make_table();
	struct rate_limits *limits = make(memory, two, 2);
	struct rate_request x = from(alice, "10.0.0.1", "x");

	(void)state;
	assert_int_equal(passed(limits, x, START), 2);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(
			rate_limits_take(limits, &x, START).key, RATE_ROUTE);
	assert_int_equal(
		passed(limits, from(alice, "10.0.0.1", NULL), START), 8);
	rate_limits_free(limits);
	free(memory);
}

static void counts_outlive_a_reload_of_the_same_limits(void **state)
{
	struct config_rate_limit before[] = {
		{.key = RATE_ADDRESS, .per_hour = 60, .burst = 4},
		{.key = RATE_CERTIFICATE, .per_hour = 60, .burst = 9}};
	struct config_rate_limit after[] = {
		{.key = RATE_CERTIFICATE, .per_hour = 60, .burst = 50},
		{.key = RATE_ADDRESS, .per_hour = 60, .burst = 4}};
	struct config_rate_limit changed[] = {
		{.key = RATE_ADDRESS, .per_hour = 60, .burst = 5}};
	struct rate_table *memory = make_table();
	struct rate_limits *limits = make(memory, before, 2);
	struct rate_request x = from(alice, "10.0.0.1", "x");

	(void)state;
	assert_int_equal(passed(limits, x, START), 4);
	rate_limits_free(limits);
	limits = make(memory, after, 2);
	assert_int_equal(passed(limits, x, START), 0);
	rate_limits_free(limits);
	limits = make(memory, changed, 1);
	assert_int_equal(passed(limits, x, START), 5);
	rate_limits_free(limits);
	free(memory);
}

static void no_memory_is_told(void **state)
{
	const struct config config = {.rate_limit_count = 0};
	struct rate_table *memory = make_table();

	(void)state;
	alloc_fail_arm(1, false);
	alloc_fail_begin();
	assert_null(rate_limits_new(&config, memory));
	alloc_fail_end();
	assert_true(alloc_fail_disarm());
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_has_its_own_count),
		cmocka_unit_test(without_a_route_no_route_counts),
		cmocka_unit_test(the_wait_is_told_in_whole_seconds),
		cmocka_unit_test(a_request_counts_at_all_limits_or_at_none),
		cmocka_unit_test(counts_outlive_a_reload_of_the_same_limits),
		cmocka_unit_test(no_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
