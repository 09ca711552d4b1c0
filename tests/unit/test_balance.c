/* balance: the pure choice. */
#include "proxy/balance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CLIENTS = 3000 };

static int choose(enum config_balance how, struct balance_server *s, size_t n,
	unsigned client)
{
	char text[32];

	snprintf(text, sizeof(text), "10.0.%u.%u", client / 256, client % 256);
	return balance_choose(how, s, n, balance_hash(slice_str(text)));
}

static void weights_are_served_smoothly(void **state)
{
	struct balance_server s[] = {
		{.weight = 3}, {.weight = 1}, {.weight = 1}};
	unsigned seen[3] = {0};

	(void)state;
	for (int i = 0, last = -1, run = 0; i < 50; i++) {
		int now = choose(BALANCE_ROUND_ROBIN, s, 3, 0);

		run = now == last ? run + 1 : 1;
		assert_true(run <= 2);
		last = now;
		seen[now]++;
	}
	assert_int_equal(seen[0], 30);
	assert_int_equal(seen[1], 10);
	assert_int_equal(seen[2], 10);
}

static void nobody_chooses_what_is_barred(void **state)
{
	(void)state;
	for (int how = BALANCE_ROUND_ROBIN; how <= BALANCE_CLIENT_IP; how++) {
		struct balance_server s[] = {{.weight = 9, .barred = true},
			{.weight = 1, .active = 99, .hash = 7}};

		for (unsigned i = 0; i < 20; i++)
			assert_int_equal(
				choose((enum config_balance)how, s, 2, i), 1);
		s[1].barred = true;
		assert_int_equal(choose((enum config_balance)how, s, 2, 0),
			BALANCE_NONE);
	}
}

static void the_least_active_per_weight_is_taken(void **state)
{
	struct balance_server s[] = {{.weight = 1, .active = 2},
		{.weight = 4, .active = 6}, {.weight = 1, .active = 3}};

	(void)state;
	assert_int_equal(choose(BALANCE_LEAST_CONNECTIONS, s, 3, 0), 1);
	s[1].active = 12;
	assert_int_equal(choose(BALANCE_LEAST_CONNECTIONS, s, 3, 0), 0);
}

static void equals_take_turns(void **state)
{
	struct balance_server s[] = {{.weight = 1}, {.weight = 1}};
	int first = choose(BALANCE_LEAST_CONNECTIONS, s, 2, 0);

	(void)state;
	assert_int_equal(choose(BALANCE_LEAST_CONNECTIONS, s, 2, 0), 1 - first);
	assert_int_equal(choose(BALANCE_LEAST_CONNECTIONS, s, 2, 0), first);
}

static void a_lost_server_moves_its_clients_alone(void **state)
{
	struct balance_server s[4];
	static int before[CLIENTS];
	unsigned seen[4] = {0};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		char url[32];

		snprintf(url, sizeof(url), "http://10.1.1.%u", i);
		s[i] = (struct balance_server){.weight = i == 3 ? 3 : 1,
			.hash = balance_hash(slice_str(url))};
	}
	for (unsigned i = 0; i < CLIENTS; i++) {
		before[i] = choose(BALANCE_CLIENT_IP, s, 4, i);
		seen[before[i]]++;
	}
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(seen[i], CLIENTS / 6 - 150, CLIENTS / 6 + 150);
	assert_in_range(seen[3], CLIENTS / 2 - 200, CLIENTS / 2 + 200);
	s[1].barred = true;
	for (unsigned i = 0; i < CLIENTS; i++) {
		int now = choose(BALANCE_CLIENT_IP, s, 4, i);

		if (before[i] == 1)
			assert_int_not_equal(now, 1);
		else
			assert_int_equal(now, before[i]);
	}
}

static void a_ramp_begins_small_and_ends_whole(void **state)
{
	(void)state;
	assert_int_equal(balance_ramp(3, 0, 1000), 1);
	assert_int_equal(balance_ramp(3, 500, 1000), 15);
	assert_int_equal(balance_ramp(3, 999, 1000), 29);
	assert_int_equal(balance_ramp(3, 1000, 1000), 30);
	assert_int_equal(balance_ramp(100, INT64_C(1) << 40, 1), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_are_served_smoothly),
		cmocka_unit_test(nobody_chooses_what_is_barred),
		cmocka_unit_test(the_least_active_per_weight_is_taken),
		cmocka_unit_test(equals_take_turns),
		cmocka_unit_test(a_lost_server_moves_its_clients_alone),
		cmocka_unit_test(a_ramp_begins_small_and_ends_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
