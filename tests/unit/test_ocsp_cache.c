/* Answers are kept as long as they hold, and no more than so many. */
#include "daemon/ocsp_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct ocsp_answer good = {OCSP_RESULT_GOOD, 1000};
static const struct ocsp_answer revoked = {OCSP_RESULT_REVOKED, 2000};

/* Keys that share their bucket, so that chains are walked. */
static void make_key(uint8_t key[OCSP_KEY], unsigned n)
{
	memset(key, 0, OCSP_KEY);
	memcpy(key + 8, &n, sizeof(n));
}

static bool has(struct ocsp_cache *cache, unsigned n, int64_t now)
{
	uint8_t key[OCSP_KEY];
	struct ocsp_answer answer;

	make_key(key, n);
	return ocsp_cache_find(cache, key, now, &answer);
}

static void put(struct ocsp_cache *cache, unsigned n)
{
	uint8_t key[OCSP_KEY];

	make_key(key, n);
	ocsp_cache_put(cache, key, &good, 1000);
}

static void an_answer_is_found_until_its_time_is_over(void **state)
{
	struct ocsp_cache *cache = ocsp_cache_new(4);
	struct ocsp_answer answer;
	uint8_t key[OCSP_KEY];

	(void)state;
	make_key(key, 1);
	assert_false(ocsp_cache_find(cache, key, 0, &answer));
	ocsp_cache_put(cache, key, &revoked, 900);
	assert_true(ocsp_cache_find(cache, key, 900, &answer));
	assert_int_equal(answer.result, OCSP_RESULT_REVOKED);
	assert_int_equal(answer.until, 2000);
	assert_false(ocsp_cache_find(cache, key, 901, &answer));
	assert_false(has(cache, 2, 0));
	ocsp_cache_free(cache);
}

static void a_later_answer_takes_the_place(void **state)
{
	struct ocsp_cache *cache = ocsp_cache_new(4);
	struct ocsp_answer answer;
	uint8_t key[OCSP_KEY];

	(void)state;
	make_key(key, 1);
	ocsp_cache_put(cache, key, &good, 10);
	ocsp_cache_put(cache, key, &revoked, 20);
	assert_int_equal(ocsp_cache_count(cache), 1);
	assert_true(ocsp_cache_find(cache, key, 15, &answer));
	assert_int_equal(answer.result, OCSP_RESULT_REVOKED);
	ocsp_cache_free(cache);
}

/* R17 */
static void what_was_not_asked_for_goes_first(void **state)
{
	struct ocsp_cache *cache = ocsp_cache_new(3);

	(void)state;
	put(cache, 1);
	put(cache, 2);
	put(cache, 3);
	assert_true(has(cache, 1, 0));
	put(cache, 4);
	assert_int_equal(ocsp_cache_count(cache), 3);
	assert_false(has(cache, 2, 0));
	assert_true(has(cache, 3, 0));
	put(cache, 5);
	assert_false(has(cache, 1, 0));
	assert_true(has(cache, 3, 0));
	assert_true(has(cache, 4, 0));
	assert_true(has(cache, 5, 0));
	ocsp_cache_free(cache);
}

static void a_single_place_is_enough(void **state)
{
	struct ocsp_cache *cache = ocsp_cache_new(1);

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		put(cache, i);
		assert_true(has(cache, i, 0));
		assert_false(has(cache, i + 1, 0));
	}
	ocsp_cache_free(cache);
}

/* Against a plain list that does the same slowly. */
static void it_does_what_a_list_would(void **state)
{
	enum { MOST = 16, KEYS = 40, STEPS = 20000 };
	struct ocsp_cache *cache = ocsp_cache_new(MOST);
	unsigned list[MOST], count = 0, random = 1;

	(void)state;
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned n, at = 0;

		random = random * 1103515245u + 12345u;
		n = (random >> 16) % KEYS;
		while (at < count && list[at] != n)
			at++;
		assert_int_equal(has(cache, n, 0), at < count);
		if (at == count) {
			put(cache, n);
			at = count < MOST ? count++ : MOST - 1;
		}
		memmove(list + 1, list, at * sizeof(*list));
		list[0] = n;
	}
	ocsp_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_found_until_its_time_is_over),
		cmocka_unit_test(a_later_answer_takes_the_place),
		cmocka_unit_test(what_was_not_asked_for_goes_first),
		cmocka_unit_test(a_single_place_is_enough),
		cmocka_unit_test(it_does_what_a_list_would),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
