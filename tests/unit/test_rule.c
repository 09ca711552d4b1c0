#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/rule.h"

#include "http/message.h"

#include <string.h>

/* R8: every rule has a name, a source, a status and a sentence. */
static void every_rule_is_explained(void **state)
{
	(void)state;
	for (int i = HTTP_RULE_NONE + 1; i < HTTP_RULE_COUNT; i++) {
		const struct http_rule_info *info =
			http_rule_info((enum http_rule)i);

		assert_non_null(info->name);
		assert_true(strlen(info->name) > 2);
		assert_true(!strncmp(info->source, "RFC ", 4) ||
			    !strncmp(info->source, "mtlsgate R", 10));
		assert_true(info->status >= 400 && info->status < 600);
		assert_string_not_equal(status_reason(info->status), "");
		assert_true(strlen(info->sentence) > 10);
	}
}

/* Names go into logs, metrics and answers: kebab-case, each once. */
static void names_are_kebab_case_and_unique(void **state)
{
	(void)state;
	for (int i = 0; i < HTTP_RULE_COUNT; i++) {
		const char *name = http_rule_info((enum http_rule)i)->name;

		assert_int_equal(
			strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
			strlen(name));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
				name, http_rule_info((enum http_rule)j)->name);
	}
}

static void sentences_can_stand_in_a_header_and_in_json(void **state)
{
	(void)state;
	for (int i = 0; i < HTTP_RULE_COUNT; i++) {
		const char *c = http_rule_info((enum http_rule)i)->sentence;

		for (; *c; c++)
			assert_true(*c >= 0x20 && *c <= 0x7E);
	}
}

static void the_statuses_that_are_promised(void **state)
{
	static const struct {
		enum http_rule rule;
		unsigned status;
	} promised[] = {
		{HTTP_RULE_METHOD_CONNECT, 501},
		{HTTP_RULE_METHOD_TRACE, 405},
		{HTTP_RULE_VERSION, 505},
		{HTTP_RULE_TRANSFER_ENCODING, 501},
		{HTTP_RULE_EXPECT, 417},
		{HTTP_RULE_REQUEST_LINE_TOO_LONG, 414},
		{HTTP_RULE_HEADER_TOO_LARGE, 431},
		{HTTP_RULE_HEADER_TOO_MANY, 431},
		{HTTP_RULE_TRAILER_TOO_LARGE, 431},
		{HTTP_RULE_BODY_TOO_LARGE, 413},
		{HTTP_RULE_HEADER_TIMEOUT, 408},
		{HTTP_RULE_NO_MEMORY, 503},
		{HTTP_RULE_LENGTH_CONFLICT, 400},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(promised) / sizeof(*promised); i++)
		assert_int_equal(http_rule_info(promised[i].rule)->status,
			promised[i].status);
}

static void a_number_out_of_range_is_no_rule(void **state)
{
	(void)state;
	assert_string_equal(http_rule_info(HTTP_RULE_COUNT)->name, "none");
	assert_string_equal(http_rule_info((enum http_rule) - 1)->name, "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_is_explained),
		cmocka_unit_test(names_are_kebab_case_and_unique),
		cmocka_unit_test(sentences_can_stand_in_a_header_and_in_json),
		cmocka_unit_test(the_statuses_that_are_promised),
		cmocka_unit_test(a_number_out_of_range_is_no_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
