#include "base/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void pieces_are_aligned_and_do_not_overlap(void **state)
{
	struct arena *arena = arena_new(NULL);
	unsigned char *pieces[300];

	(void)state;
	assert_non_null(arena);
	for (size_t i = 0; i < 300; i++) {
		pieces[i] = arena_alloc(arena, i);
		assert_non_null(pieces[i]);
		assert_int_equal(
			(uintptr_t)pieces[i] % alignof(max_align_t), 0);
		memset(pieces[i], (int)(i & 0xFF), i);
	}
	for (size_t i = 0; i < 300; i++) {
		for (size_t at = 0; at < i; at++)
			assert_int_equal(pieces[i][at], i & 0xFF);
	}
	arena_free(arena);
}

static void a_piece_larger_than_a_chunk_gets_its_own(void **state)
{
	struct arena *arena = arena_new(NULL);
	char *big;

	(void)state;
	assert_non_null(arena);
	big = arena_zalloc(arena, 5 * ARENA_CHUNK);
	assert_non_null(big);
	for (size_t i = 0; i < 5 * ARENA_CHUNK; i++)
		assert_int_equal(big[i], 0);
	assert_true(arena_size(arena) >= 6 * ARENA_CHUNK);
	assert_null(arena_alloc(arena, SIZE_MAX));
	assert_null(arena_alloc(arena, SIZE_MAX / 2 + 1));
	assert_non_null(arena_alloc(arena, 1));
	arena_free(arena);
}

static void copies_end_in_nul_and_hold_every_byte(void **state)
{
	struct arena *arena = arena_new(NULL);
	struct slice copy;

	(void)state;
	assert_non_null(arena);
	assert_true(arena_dup(arena, SLICE("a\0b"), &copy));
	assert_int_equal(copy.len, 3);
	assert_memory_equal(copy.ptr, "a\0b", 4);
	assert_true(arena_dup(arena, slice_str(NULL), &copy));
	assert_string_equal(copy.ptr, "");
	assert_false(arena_dup(arena, slice_of("x", SIZE_MAX), &copy));
	assert_string_equal(arena_strdup(arena, "text"), "text");
	assert_string_equal(arena_printf(arena, "%s-%d", "n", 7), "n-7");
	arena_free(arena);
}

static void a_cache_serves_the_next_arena_without_malloc(void **state)
{
	struct arena_cache *cache = arena_cache_new(2);
	struct arena *first, *second;

	(void)state;
	assert_non_null(cache);
	first = arena_new(cache);
	assert_non_null(first);
	assert_non_null(arena_alloc(first, ARENA_CHUNK - 200));
	assert_non_null(arena_alloc(first, ARENA_CHUNK - 200));
	/* too large for the cache: goes back to the system */
	assert_non_null(arena_alloc(first, 3 * ARENA_CHUNK));
	arena_free(first);
	second = arena_new(cache);
	/* newest chunk freed first, so one of the same two comes back */
	assert_non_null(second);
	assert_int_equal(arena_size(second), ARENA_CHUNK);
	arena_free(second);
	arena_free(NULL);
	arena_cache_free(cache);
	arena_cache_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_aligned_and_do_not_overlap),
		cmocka_unit_test(a_piece_larger_than_a_chunk_gets_its_own),
		cmocka_unit_test(copies_end_in_nul_and_hold_every_byte),
		cmocka_unit_test(a_cache_serves_the_next_arena_without_malloc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
