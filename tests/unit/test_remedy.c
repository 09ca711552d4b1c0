/* remedy: whoever is refused is told why and what helps. */
#include "cli/remedy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/failure.h"
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

/* Those that are remembered: a rule of ours said 403 or 421. */
static void every_request_that_is_remembered_has_a_remedy(void **state)
{
	(void)state;
	for (unsigned i = FAILURE_NONE + 1; i < FAILURE_COUNT; i++) {
		const struct failure_info *info = failure_info(i);

		if ((info->status != 403 && info->status != 421) ||
			i == FAILURE_CERT_REFUSED)
			continue;
		if (strcmp(remedy_of_request(info->word)->word, info->word))
			fail_msg("no row for \"%s\" in cli/remedy", info->word);
	}
}

static void a_word_stands_once_of_each_kind(void **state)
{
	(void)state;
	for (size_t i = 0; remedy_at(i); i++) {
		const char *word = remedy_at(i)->word;

		assert_ptr_equal(remedy_at(i),
			i < remedy_requests_from() ? remedy_of(word)
						   : remedy_of_request(word));
	}
}

static void an_unknown_word_is_explained_in_general(void **state)
{
	(void)state;
	assert_string_equal(remedy_of("from-the-future")->word, "other");
	assert_string_equal(remedy_of("")->word, "other");
	assert_string_equal(remedy_of_request("x")->word, "other");
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
		cmocka_unit_test(every_request_that_is_remembered_has_a_remedy),
		cmocka_unit_test(a_word_stands_once_of_each_kind),
		cmocka_unit_test(an_unknown_word_is_explained_in_general),
		cmocka_unit_test(causes_and_remedies_are_sentences),
		cmocka_unit_test(every_step_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
