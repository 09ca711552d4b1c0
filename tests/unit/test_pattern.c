#include "policy/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static const struct {
	const char *pattern, *stops, *text;
	bool match;
} cases[] = {
	{"*", "", "a", true}, {"*", "", "", false}, {"a*", "", "a", false},
	{"a*", "", "ab", true}, {"*b", "", "aab", true},
	{"*b", "", "aabc", false}, {"a*b*c", "", "axbxc", true},
	{"a*b*c", "", "abbc", false}, /* each star is a byte at least */
	{"a*b*c", "", "abbbc", true}, {"*.x", ".", "a.x", true},
	{"*.x", ".", "a.b.x", false}, {"*.x", ".", ".x", false},
	{"**.x", ".", "a.b.x", true}, {"**.x", ".", "x", false},
	{"web-*.x", ".", "web-1.x", true}, {"web-*.x", ".", "web-.x", false},
	{"a/*/c", "/", "a/b/c", true}, {"a/*/c", "/", "a/b/b/c", false},
	{"a/**/c", "/", "a/b/b/c", true}, {"a/**", "/", "a/", false},
	{"*a*a*a*a*b", "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
	{"x*", "", "y", false},
	{"aa*aa", "", "aaa", false}, /* head and tail do not share */
};

static void a_star_stands_for_bytes_up_to_a_stop(void **state)
{
	struct arena *arena = arena_new(NULL);

	(void)state;
	assert_non_null(arena);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pattern pattern;

		assert_true(pattern_init(&pattern, slice_str(cases[i].pattern),
			cases[i].stops, arena));
		if (pattern_match(&pattern, slice_str(cases[i].text)) !=
			cases[i].match)
			fail_msg("%s %s", cases[i].pattern, cases[i].text);
	}
	arena_free(arena);
}

static void a_text_too_long_is_not_looked_at(void **state)
{
	struct arena *arena = arena_new(NULL);
	char text[PATTERN_TEXT_MAX + 1];
	struct pattern pattern;

	(void)state;
	assert_non_null(arena);
	memset(text, 'a', sizeof(text));
	assert_true(pattern_init(&pattern, SLICE("a*"), "", arena));
	assert_true(pattern_match(&pattern, slice_of(text, PATTERN_TEXT_MAX)));
	assert_false(pattern_match(&pattern, slice_of(text, sizeof(text))));
	assert_true(pattern_has_star(SLICE("a*")));
	assert_false(pattern_has_star(SLICE("a")));
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_star_stands_for_bytes_up_to_a_stop),
		cmocka_unit_test(a_text_too_long_is_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
