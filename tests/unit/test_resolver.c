/* Names to addresses, in a process of their own. */
#include "daemon/resolver.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/conn_bench.h"

struct told {
	unsigned count; /* of calls */
	size_t addresses;
	bool loopback;
};

struct world {
	struct bench bench;
	struct resolver *resolver;
};

/* Longer than a label may be (RFC 1035 section 2.3.4): no server is asked. */
#define NO_NAME                                                           \
	"a23456789012345678901234567890123456789012345678901234567890123" \
	"4567"

static void on_done(void *owner, const struct addr *addrs, size_t count)
{
	struct told *told = owner;

	told->count++;
	told->addresses = count;
	told->loopback = count && addr_is_loopback(&addrs[0]);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(addr_port(&addrs[i]), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	*state = w;
	assert_non_null(w);
	signal(SIGCHLD, SIG_IGN);
	bench_init(&w->bench);
	w->resolver = resolver_new(w->bench.loop, RESOLVER_KEEP_MS);
	assert_non_null(w->resolver);
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	resolver_free(w->resolver);
	bench_fini(&w->bench);
	free(w);
	return 0;
}

static struct resolver_ask *ask(
	struct world *w, struct slice name, struct told *told)
{
	struct resolver_ask *asked =
		resolver_ask(w->resolver, name, on_done, told);

	assert_non_null(asked);
	return asked;
}

static void a_name_becomes_addresses(void **state)
{
	struct world *w = *state;
	struct told told = {0};

	(void)ask(w, SLICE("localhost"), &told);
	assert_int_equal(told.count, 0);
	BENCH_UNTIL(&w->bench, told.count);
	assert_true(told.addresses > 0);
	assert_true(told.loopback);
}

static void an_address_is_a_name_too(void **state)
{
	struct world *w = *state;
	struct told told = {0};

	/* as getaddrinfo reads them: why addresses are checked afterwards */
	(void)ask(w, SLICE("2130706433"), &told);
	BENCH_UNTIL(&w->bench, told.count);
	assert_true(told.loopback);
}

static void a_name_that_is_none_has_no_address(void **state)
{
	struct world *w = *state;
	struct told told = {.addresses = 7};

	(void)ask(w, SLICE(NO_NAME), &told);
	BENCH_UNTIL(&w->bench, told.count);
	assert_int_equal(told.addresses, 0);
}

static void who_asks_for_the_same_waits_together(void **state)
{
	struct world *w = *state;
	struct told told[5] = {{0}};

	for (size_t i = 0; i < 4; i++)
		(void)ask(w, SLICE("localhost"), &told[i]);
	BENCH_UNTIL(&w->bench, told[0].count);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(told[i].count, 1);
	/* and later it is remembered */
	(void)ask(w, SLICE("LOCALHOST"), &told[4]);
	assert_int_equal(told[4].count, 0);
	bench_turn(&w->bench);
	assert_int_equal(told[4].count, 1);
	assert_true(told[4].loopback);
}

static void a_cancelled_one_is_not_told(void **state)
{
	struct world *w = *state;
	struct told told[3] = {{0}};
	struct resolver_ask *first = ask(w, SLICE("localhost"), &told[0]);

	(void)ask(w, SLICE("localhost"), &told[1]);
	resolver_cancel(first);
	BENCH_UNTIL(&w->bench, told[1].count);
	resolver_cancel(ask(w, SLICE("localhost"), &told[2]));
	bench_settle(&w->bench);
	assert_int_equal(told[0].count, 0);
	assert_int_equal(told[2].count, 0);
}

/* R17 */
static void only_so_many_are_asked_for_at_once(void **state)
{
	struct world *w = *state;
	struct told told[RESOLVER_NAMES + 1] = {{0}};
	char name[128];

	for (size_t i = 0; i <= RESOLVER_NAMES; i++) {
		snprintf(name, sizeof(name), NO_NAME "%zu", i);
		(void)ask(w, slice_str(name), &told[i]);
	}
	bench_turn(&w->bench);
	assert_int_equal(told[RESOLVER_NAMES].count, 1);
	assert_int_equal(told[RESOLVER_NAMES].addresses, 0);
	for (size_t i = 0; i < RESOLVER_NAMES; i++)
		BENCH_UNTIL(&w->bench, told[i].count);
	/* old ones make room */
	told[0].count = 0;
	(void)ask(w, SLICE("localhost"), &told[0]);
	BENCH_UNTIL(&w->bench, told[0].count);
	assert_true(told[0].loopback);
}

static void a_name_too_long_is_not_asked_for(void **state)
{
	struct world *w = *state;
	struct told told = {0};
	char name[300];

	memset(name, 'a', sizeof(name));
	(void)ask(w, slice_of(name, sizeof(name)), &told);
	bench_turn(&w->bench);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.addresses, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_name_becomes_addresses),
		TEST(an_address_is_a_name_too),
		TEST(a_name_that_is_none_has_no_address),
		TEST(who_asks_for_the_same_waits_together),
		TEST(a_cancelled_one_is_not_told),
		TEST(only_so_many_are_asked_for_at_once),
		TEST(a_name_too_long_is_not_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
