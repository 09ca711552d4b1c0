/* rate_table: how fast, for how many, and who is never given away. */
#include "proxy/rate_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { START = 1000000 };

/* Ten at once, one every 100 ns. */
static const struct rate_speed speed = {100, 1000};

static struct rate_table *make(size_t sets)
{
	size_t size = (rate_table_size(sets) + 127) / 128 * 128;
	void *memory = aligned_alloc(RATE_ALIGN, size);

	assert_non_null(memory);
	memset(memory, 0, size);
	return rate_table_init(memory, sets);
}

static unsigned passed(struct rate_table *table, uint64_t key, uint64_t now)
{
	unsigned n = 0;

	while (n < 1000 && rate_table_take(table, key, &speed, now).entry)
		n++;
	return n;
}

static void a_burst_passes_and_then_the_rate(void **state)
{
	struct rate_table *table = make(1);
	struct rate_taken late;

	(void)state;
	assert_int_equal(passed(table, 5, START), 10);
	late = rate_table_take(table, 5, &speed, START);
	assert_null(late.entry);
	assert_int_equal(late.wait_ns, 100);
	assert_int_equal(
		rate_table_take(table, 5, &speed, START + 40).wait_ns, 60);
	assert_int_equal(passed(table, 5, START + 99), 0);
	assert_int_equal(passed(table, 5, START + 100), 1);
	assert_int_equal(passed(table, 5, START + 450), 3);
	assert_int_equal(passed(table, 5, START + 100000), 10);
	free(table);
}

static void what_is_refused_is_not_counted(void **state)
{
	struct rate_table *table = make(1);

	(void)state;
	assert_int_equal(passed(table, 5, START), 10);
	for (unsigned i = 0; i < 1000; i++)
		assert_null(rate_table_take(table, 5, &speed, START).entry);
	assert_int_equal(passed(table, 5, START + 100), 1);
	free(table);
}

static void what_is_given_back_was_never_taken(void **state)
{
	struct rate_table *table = make(1);
	struct rate_taken taken = rate_table_take(table, 5, &speed, START);

	(void)state;
	rate_table_give_back(&taken, &speed);
	assert_int_equal(passed(table, 5, START), 10);
	free(table);
}

/* A clock that another process read a little earlier. */
static void an_older_time_gives_nothing_away(void **state)
{
	struct rate_table *table = make(1);

	(void)state;
	assert_int_equal(passed(table, 5, START), 10);
	assert_int_equal(passed(table, 5, START - 50), 0);
	free(table);
}

static void keys_do_not_touch_each_other(void **state)
{
	struct rate_table *table = make(1);

	(void)state;
	for (uint64_t key = 1; key <= RATE_WAYS; key++)
		assert_int_equal(passed(table, key, START), 10);
	free(table);
}

/* Whoever is held back cannot buy freedom with other keys. */
static void nobody_pushes_a_limited_key_out(void **state)
{
	struct rate_table *table = make(1);

	(void)state;
	assert_int_equal(passed(table, 5, START), 10);
	for (uint64_t key = 100; key < 1000; key++)
		(void)rate_table_take(table, key, &speed, START + 1);
	assert_int_equal(passed(table, 5, START + 2), 0);
	assert_int_equal(passed(table, 5, START + 100), 1);
	free(table);
}

static void without_room_newcomers_share_one_place(void **state)
{
	struct rate_table *table = make(1);
	unsigned let_in = 0;

	(void)state;
	for (uint64_t key = 1; key <= RATE_WAYS; key++)
		assert_int_equal(passed(table, key, START), 10);
	for (uint64_t key = 100; key < 200; key++) {
		struct rate_taken taken =
			rate_table_take(table, key, &speed, START);

		assert_true(taken.shared);
		let_in += taken.entry != NULL;
	}
	assert_int_equal(let_in, 10);
	/* all buckets are full again: there is room for seven more */
	for (uint64_t key = 300; key < 300 + RATE_WAYS; key++) {
		assert_false(rate_table_take(table, key, &speed, START + 5000)
				     .shared);
	}
	free(table);
}

static void sets_are_apart(void **state)
{
	struct rate_table *table = make(4);

	(void)state;
	for (uint64_t i = 1; i <= RATE_WAYS; i++)
		assert_int_equal(passed(table, 4 * i, START), 10);
	assert_false(rate_table_take(table, 1, &speed, START).shared);
	assert_true(rate_table_take(table, 400, &speed, START).shared);
	free(table);
}

/* Several processes, one key that exists: not one too many. */
static void processes_share_one_count(void **state)
{
	enum { PROCESSES = 4, TRIES = 20000, DEPTH = 30000 };
	static const struct rate_speed slow = {
		UINT64_C(1000000000000), UINT64_C(1000000000000) * DEPTH};
	size_t size = rate_table_size(1);
	void *memory = mmap(NULL, size + 2 * sizeof(unsigned) * PROCESSES,
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned *let_in = (void *)((char *)memory + size);
	struct rate_table *table = rate_table_init(memory, 1);
	unsigned sum = 1;

	(void)state;
	assert_non_null(rate_table_take(table, 5, &slow, START).entry);
	for (unsigned p = 0; p < PROCESSES; p++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid)
			continue;
		for (unsigned i = 0; i < TRIES; i++)
			let_in[p] +=
				rate_table_take(table, 5, &slow, START).entry !=
				NULL;
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	for (unsigned p = 0; p < PROCESSES; p++)
		sum += let_in[p];
	assert_int_equal(sum, DEPTH);
	munmap(memory, size + 2 * sizeof(unsigned) * PROCESSES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_passes_and_then_the_rate),
		cmocka_unit_test(what_is_refused_is_not_counted),
		cmocka_unit_test(what_is_given_back_was_never_taken),
		cmocka_unit_test(an_older_time_gives_nothing_away),
		cmocka_unit_test(keys_do_not_touch_each_other),
		cmocka_unit_test(nobody_pushes_a_limited_key_out),
		cmocka_unit_test(without_room_newcomers_share_one_place),
		cmocka_unit_test(sets_are_apart),
		cmocka_unit_test(processes_share_one_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
