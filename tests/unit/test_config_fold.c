#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "config/config_fold.h"
#include "http/header.h"

/* R1: the configuration and the network fold alike. */
static void every_byte_folds_as_the_headers_do(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++)
		assert_int_equal(
			config_fold_byte((char)c), header_fold_byte((char)c));
}

static void names_are_what_http_calls_a_token(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		char name[] = {'a', (char)c};

		assert_int_equal(config_fold_is_name(slice_of(name, 2)),
			header_name_valid(slice_of(name, 2)));
	}
	assert_false(config_fold_is_name(SLICE("")));
}

static void names_are_equal_when_they_fold_to_the_same(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal, starts;
	} rows[] = {
		{"X-Team", "x_team", true, true},
		{"X.TEAM", "X-Team", true, true},
		{"X-Teams", "X-Team", false, true},
		{"X-Tea", "X-Team", false, false},
		{"X1", "X2", false, false},
		{"", "", true, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice a = slice_str(rows[i].a);
		struct slice b = slice_str(rows[i].b);

		assert_int_equal(config_fold_equal(a, b), rows[i].equal);
		assert_int_equal(config_fold_starts(a, b), rows[i].starts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_folds_as_the_headers_do),
		cmocka_unit_test(names_are_what_http_calls_a_token),
		cmocka_unit_test(names_are_equal_when_they_fold_to_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
