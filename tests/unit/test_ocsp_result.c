/* One table of how asking may end. */
#include "tls/ocsp_result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void each_result_has_a_word_and_a_sentence(void **state)
{
	(void)state;
	for (int i = 0; i < OCSP_RESULT_COUNT; i++) {
		const char *word = ocsp_result_word((enum ocsp_result)i);

		assert_true(*ocsp_result_text((enum ocsp_result)i));
		/* a label of a metric (R19) */
		assert_int_equal(strspn(word, "abcdefghijklmnopqrstuvwxyz_"),
			strlen(word));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
				word, ocsp_result_word((enum ocsp_result)j));
	}
}

static void three_of_them_are_answers(void **state)
{
	(void)state;
	for (int i = 0; i < OCSP_RESULT_COUNT; i++)
		assert_int_equal(ocsp_result_is_answer((enum ocsp_result)i),
			i == OCSP_RESULT_GOOD || i == OCSP_RESULT_REVOKED ||
				i == OCSP_RESULT_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_result_has_a_word_and_a_sentence),
		cmocka_unit_test(three_of_them_are_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
