/* remedy: whoever is refused is told why and what helps. */
#include "cli/remedy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tls/client_reason.h"

static void every_reason_of_a_certificate_has_a_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < client_auth_words(); i++) {
		const char *word = client_auth_word_at(i);

		if (!strcmp(word, "ok") || !strcmp(word, "other"))
			continue;
		if (strcmp(remedy_of(word)->word, word) != 0)
			fail_msg("no row for \"%s\" in cli/remedy", word);
	}
}

static void a_word_stands_once(void **state)
{
	(void)state;
	for (size_t i = 0; remedy_at(i); i++)
		assert_ptr_equal(remedy_of(remedy_at(i)->word), remedy_at(i));
}

static void an_unknown_word_is_explained_in_general(void **state)
{
	(void)state;
	assert_string_equal(remedy_of("from-the-future")->word, "other");
	assert_string_equal(remedy_of("")->word, "other");
}

static void causes_and_remedies_are_sentences(void **state)
{
	(void)state;
	for (size_t i = 0; remedy_at(i); i++) {
		const struct remedy *row = remedy_at(i);

		assert_true(row->step < REMEDY_STEPS);
		assert_int_equal(row->cause[strlen(row->cause) - 1], '.');
		assert_int_equal(row->todo[strlen(row->todo) - 1], '.');
	}
}

static void every_step_has_a_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < REMEDY_STEPS; i++)
		assert_true(*remedy_step_name((enum remedy_step)i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_of_a_certificate_has_a_remedy),
		cmocka_unit_test(a_word_stands_once),
		cmocka_unit_test(an_unknown_word_is_explained_in_general),
		cmocka_unit_test(causes_and_remedies_are_sentences),
		cmocka_unit_test(every_step_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
