#include "base/err.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

static void an_error_keeps_its_code_when_a_prefix_comes_before_it(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, EXIT_CODE_NO_INPUT, "cannot read %s", "a.pem");
	err_prefix(&err, "tls.%s", "cert");
	assert_int_equal(err.code, EXIT_CODE_NO_INPUT);
	assert_string_equal(err.text, "tls.cert: cannot read a.pem");
}

static void a_text_too_long_ends_in_dots(void **state)
{
	struct err err;
	char wide[2000];

	(void)state;
	memset(wide, 'x', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	err_set(&err, EXIT_CODE_INTERNAL, "%s", wide);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_string_equal(err.text + sizeof(err.text) - 6, "xx...");
	err_prefix(&err, "p");
	assert_memory_equal(err.text, "p: xx", 5);
	assert_string_equal(err.text + sizeof(err.text) - 6, "xx...");
	err_set(&err, EXIT_CODE_INTERNAL, "short");
	err_prefix(&err, "%s", wide);
	assert_string_equal(err.text + strlen(err.text) - 11, "x...: short");
}

static void nobody_has_to_want_the_reason(void **state)
{
	(void)state;
	err_set(NULL, EXIT_CODE_INTERNAL, "x");
	err_prefix(NULL, "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_error_keeps_its_code_when_a_prefix_comes_before_it),
		cmocka_unit_test(a_text_too_long_ends_in_dots),
		cmocka_unit_test(nobody_has_to_want_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
