#include "policy/text_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void ten_thousand_texts_are_found_and_no_others(void **state)
{
	enum { COUNT = 10000 };
	struct arena *arena = arena_new(NULL);
	struct text_set set;
	uint32_t number;
	char text[32];

	(void)state;
	assert_non_null(arena);
	assert_true(text_set_init(&set, arena, COUNT));
	for (uint32_t i = 0; i < COUNT; i++) {
		struct slice copy;

		snprintf(text, sizeof(text), "value-%u", i);
		assert_true(arena_dup(arena, slice_str(text), &copy));
		assert_int_equal(text_set_add(&set, copy, i), i);
	}
	for (uint32_t i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "value-%u", i);
		assert_true(text_set_find(&set, slice_str(text), &number));
		assert_int_equal(number, i);
	}
	assert_false(text_set_has(&set, SLICE("value-10000")));
	assert_false(text_set_has(&set, SLICE("value-")));
	arena_free(arena);
}

static void a_text_counts_with_its_length_and_every_byte(void **state)
{
	struct arena *arena = arena_new(NULL);
	struct text_set set = {0};

	(void)state;
	assert_non_null(arena);
	assert_false(text_set_has(&set, SLICE("")));
	assert_true(text_set_init(&set, arena, 3));
	assert_false(text_set_has(&set, SLICE("")));
	text_set_add(&set, SLICE("a\0b"), 1);
	text_set_add(&set, slice_of(NULL, 0), 2);
	assert_true(text_set_has(&set, SLICE("a\0b")));
	assert_true(text_set_has(&set, SLICE("")));
	assert_false(text_set_has(&set, SLICE("a")));
	assert_false(text_set_has(&set, SLICE("a\0c")));
	/* the first number stays */
	assert_int_equal(text_set_add(&set, SLICE("a\0b"), 9), 1);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_thousand_texts_are_found_and_no_others),
		cmocka_unit_test(a_text_counts_with_its_length_and_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
