/* failure: one table; everything that can go wrong has a row. */
#include "proxy/failure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/stream.h"

static void every_failure_has_a_word_of_its_own_and_a_sentence(void **state)
{
	(void)state;
	for (enum failure f = FAILURE_NONE; f < FAILURE_COUNT; f++) {
		const struct failure_info *info = failure_info(f);

		assert_non_null(info->word);
		assert_int_equal(
			strspn(info->word, "abcdefghijklmnopqrstuvwxyz-"),
			strlen(info->word));
		if (f != FAILURE_NONE) {
			assert_int_not_equal(info->blame, BLAME_NOBODY);
			assert_int_equal(
				info->sentence[strlen(info->sentence) - 1],
				'.');
		}
		for (enum failure g = FAILURE_NONE; g < f; g++)
			assert_string_not_equal(
				info->word, failure_info(g)->word);
	}
}

static void blame_fits_the_status(void **state)
{
	(void)state;
	for (enum failure f = FAILURE_NONE; f < FAILURE_COUNT; f++) {
		const struct failure_info *info = failure_info(f);

		if (!info->status)
			continue;
		assert_true(
			(info->status < 500) == (info->blame == BLAME_CLIENT));
	}
}

static void what_a_stream_tells_becomes_a_failure(void **state)
{
	static const struct {
		enum stream_fail why;
		enum http_rule rule;
		enum failure client, origin, origin_later;
	} rows[] = {
		{STREAM_BAD_MESSAGE, HTTP_RULE_LINE_END, FAILURE_BAD_REQUEST,
			FAILURE_ORIGIN_ANSWER, FAILURE_ORIGIN_ANSWER},
		{STREAM_TOO_LARGE, HTTP_RULE_BODY_TOO_LARGE, FAILURE_TOO_LARGE,
			FAILURE_ORIGIN_ANSWER, FAILURE_ORIGIN_ANSWER},
		{STREAM_TIMED_OUT, HTTP_RULE_HEADER_TIMEOUT,
			FAILURE_REQUEST_TIMEOUT, FAILURE_ORIGIN_TIMEOUT,
			FAILURE_ORIGIN_STALLED},
		{STREAM_GONE, HTTP_RULE_NONE, FAILURE_CLIENT_GONE,
			FAILURE_ORIGIN_GONE, FAILURE_ORIGIN_CUT},
		{STREAM_GONE, HTTP_RULE_BODY_CUT, FAILURE_CLIENT_GONE,
			FAILURE_ORIGIN_GONE, FAILURE_ORIGIN_CUT},
		{STREAM_GONE, HTTP_RULE_BODY_TIMEOUT, FAILURE_REQUEST_TIMEOUT,
			FAILURE_ORIGIN_GONE, FAILURE_ORIGIN_CUT},
		{STREAM_GONE, HTTP_RULE_BODY_TOO_LARGE, FAILURE_TOO_LARGE,
			FAILURE_ORIGIN_GONE, FAILURE_ORIGIN_CUT},
		{STREAM_GONE, HTTP_RULE_CHUNK_SIZE, FAILURE_BAD_REQUEST,
			FAILURE_ORIGIN_GONE, FAILURE_ORIGIN_CUT},
		{STREAM_GONE, HTTP_RULE_WRITE_TIMEOUT, FAILURE_CLIENT_STALLED,
			FAILURE_ORIGIN_GONE, FAILURE_ORIGIN_CUT},
		{STREAM_REFUSED, HTTP_RULE_NONE, FAILURE_CLIENT_GONE,
			FAILURE_ORIGIN_GONE, FAILURE_ORIGIN_CUT},
		{STREAM_GONE, HTTP_RULE_NO_MEMORY, FAILURE_MEMORY,
			FAILURE_MEMORY, FAILURE_MEMORY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stream_failure told = {
			.why = rows[i].why, .rule = rows[i].rule};

		assert_int_equal(failure_of_client(&told), rows[i].client);
		assert_int_equal(
			failure_of_origin(&told, false), rows[i].origin);
		assert_int_equal(
			failure_of_origin(&told, true), rows[i].origin_later);
	}
}

/* An origin's fault is not explained to the client. */
static void a_rule_speaks_where_the_client_is_to_blame(void **state)
{
	struct failure_answer told;

	(void)state;
	told = failure_answer(FAILURE_BAD_REQUEST, HTTP_RULE_METHOD_TRACE);
	assert_int_equal(told.status, 405);
	assert_string_equal(told.word, "method-trace");
	assert_string_equal(told.sentence,
		http_rule_info(HTTP_RULE_METHOD_TRACE)->sentence);
	told = failure_answer(FAILURE_ORIGIN_ANSWER, HTTP_RULE_STATUS_LINE);
	assert_int_equal(told.status, 502);
	assert_string_equal(told.word, "origin-answer");
	told = failure_answer(FAILURE_POLICY, HTTP_RULE_NONE);
	assert_int_equal(told.status, 403);
	assert_string_equal(told.word, "policy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_failure_has_a_word_of_its_own_and_a_sentence),
		cmocka_unit_test(blame_fits_the_status),
		cmocka_unit_test(what_a_stream_tells_becomes_a_failure),
		cmocka_unit_test(a_rule_speaks_where_the_client_is_to_blame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
