/* refusals: the last ones are told whole, whoever writes at the same time. */
#include "proxy/refusals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { KEEP = 8, WRITERS = 4, EACH = 20000 };

static struct refusals *ring_new(unsigned keep)
{
	void *memory = mmap(NULL, refusals_size(keep), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(memory != MAP_FAILED);
	return refusals_init(memory, keep);
}

static void ring_free(struct refusals *ring)
{
	munmap(ring, refusals_size(refusals_keep(ring)));
}

/* One whose every text says the same, so that a mixture shows. */
static struct refusal uniform(unsigned value)
{
	struct refusal record = {.wall_ms = value,
		.sent = value,
		.depth = (int)value,
		.port = (uint16_t)value};
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	for (unsigned i = 0; i < REFUSAL_TEXTS; i++)
		refusal_set(&record, (enum refusal_text)i, slice_str(text));
	return record;
}

static bool is_uniform(const struct refusal *record)
{
	struct refusal want = uniform((unsigned)record->wall_ms);

	return !memcmp(&want, record, sizeof(want));
}

static void texts_come_back_as_they_were_set(void **state)
{
	struct refusal record = {0};

	(void)state;
	for (unsigned i = 0; i < REFUSAL_TEXTS; i++)
		refusal_set(&record, (enum refusal_text)i,
			slice_str(refusal_name((enum refusal_text)i)));
	for (unsigned i = 0; i < REFUSAL_TEXTS; i++)
		assert_true(slice_eq(refusal_get(&record, (enum refusal_text)i),
			slice_str(refusal_name((enum refusal_text)i))));
	assert_int_equal(record.cut, 0);
}

static void a_text_that_is_too_long_is_cut_and_marked(void **state)
{
	struct refusal record = {0};
	char longest[4096];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	for (unsigned i = 0; i < REFUSAL_TEXTS; i++)
		refusal_set(&record, (enum refusal_text)i,
			slice_of(longest, sizeof(longest)));
	assert_int_equal(record.cut, (1u << REFUSAL_TEXTS) - 1);
	for (unsigned i = 0; i < REFUSAL_TEXTS; i++)
		assert_in_range(
			refusal_get(&record, (enum refusal_text)i).len, 8, 256);
	refusal_set(&record, REFUSAL_SNI, SLICE("short"));
	assert_int_equal(record.cut >> REFUSAL_SNI & 1, 0);
}

static void a_length_out_of_bounds_is_not_believed(void **state)
{
	struct refusal record = {0};

	(void)state;
	record.len[REFUSAL_POLICY] = UINT16_MAX;
	assert_int_equal(refusal_get(&record, REFUSAL_POLICY).len, 64);
}

static void the_last_ones_are_kept(void **state)
{
	struct refusals *ring = ring_new(KEEP);
	struct refusal record;

	(void)state;
	assert_false(refusals_read(ring, 0, &record));
	for (unsigned i = 0; i < 3 * KEEP + 1; i++) {
		record = uniform(i);
		refusals_add(ring, &record);
	}
	assert_int_equal(refusals_total(ring), 3 * KEEP + 1);
	assert_false(refusals_read(ring, 2 * KEEP, &record));
	for (uint64_t n = 2 * KEEP + 1; n < 3 * KEEP + 1; n++) {
		assert_true(refusals_read(ring, n, &record));
		assert_int_equal(record.wall_ms, n);
		assert_true(is_uniform(&record));
	}
	assert_false(refusals_read(ring, 3 * KEEP + 1, &record));
	ring_free(ring);
}

static void none_are_kept_where_none_is_wanted(void **state)
{
	struct refusals *ring = ring_new(0);
	struct refusal record = uniform(1);

	(void)state;
	refusals_add(ring, &record);
	refusals_add(NULL, &record);
	assert_int_equal(refusals_total(ring), 0);
	assert_false(refusals_read(ring, 0, &record));
	ring_free(ring);
}

/* As a worker's memory looks when it dies within refusals_add: the first word
 * of a place (behind the ring's head) is its mark, and it is odd. */
static void a_writer_that_died_leaves_nothing_to_see(void **state)
{
	struct refusals *ring = ring_new(2);
	uint64_t *mark = (uint64_t *)(void *)((char *)ring + refusals_size(0));
	struct refusal record = uniform(0);

	(void)state;
	refusals_add(ring, &record);
	assert_int_equal(*mark, 2);
	*mark = 1;
	assert_false(refusals_read(ring, 0, &record));
	for (unsigned i = 1; i < 3; i++) {
		record = uniform(i);
		refusals_add(ring, &record);
	}
	assert_true(refusals_read(ring, 2, &record));
	assert_true(is_uniform(&record));
	ring_free(ring);
}

static void a_record_whose_bytes_were_mixed_is_not_shown(void **state)
{
	struct refusals *ring = ring_new(1);
	char *place = (char *)ring + refusals_size(0);
	struct refusal record = uniform(7);

	(void)state;
	refusals_add(ring, &record);
	assert_true(refusals_read(ring, 0, &record));
	place[200] ^= 1;
	assert_false(refusals_read(ring, 0, &record));
	ring_free(ring);
}

static void write_many(struct refusals *ring, unsigned writer)
{
	for (unsigned i = 0; i < EACH; i++) {
		struct refusal record = uniform(writer * EACH + i);

		refusals_add(ring, &record);
	}
}

/* Three places for four processes: they meet all the time. */
static void processes_that_meet_never_show_a_mixture(void **state)
{
	struct refusals *ring = ring_new(3);
	unsigned seen = 0;
	pid_t pids[WRITERS];

	(void)state;
	for (unsigned w = 0; w < WRITERS; w++) {
		pids[w] = fork();
		assert_true(pids[w] >= 0);
		if (!pids[w]) {
			write_many(ring, w);
			_exit(0);
		}
	}
	while (refusals_total(ring) < WRITERS * EACH) {
		uint64_t total = refusals_total(ring);
		struct refusal record;

		for (uint64_t n = total > 3 ? total - 3 : 0; n < total; n++) {
			if (!refusals_read(ring, n, &record))
				continue;
			seen++;
			assert_true(is_uniform(&record));
		}
	}
	for (unsigned w = 0; w < WRITERS; w++)
		assert_int_equal(waitpid(pids[w], NULL, 0), pids[w]);
	assert_true(seen > 0);
	assert_int_equal(refusals_total(ring), WRITERS * EACH);
	ring_free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_come_back_as_they_were_set),
		cmocka_unit_test(a_text_that_is_too_long_is_cut_and_marked),
		cmocka_unit_test(a_length_out_of_bounds_is_not_believed),
		cmocka_unit_test(the_last_ones_are_kept),
		cmocka_unit_test(none_are_kept_where_none_is_wanted),
		cmocka_unit_test(a_writer_that_died_leaves_nothing_to_see),
		cmocka_unit_test(a_record_whose_bytes_were_mixed_is_not_shown),
		cmocka_unit_test(processes_that_meet_never_show_a_mixture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
