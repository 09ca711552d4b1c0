#include "config/config_problem.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "fake/problems_text.h"

static struct config_mark at(const char *file, unsigned line, unsigned column)
{
	return (struct config_mark){file, line, column};
}

static void problems_are_sorted_by_place_and_counted(void **state)
{
	struct config_problems *list = config_problems_new();

	(void)state;
	assert_non_null(list);
	config_problem(list, CONFIG_ERROR, EXIT_CODE_CONFIG, at("b", 2, 1),
		"second %s", "file");
	config_problem(
		list, CONFIG_WARNING, EXIT_CODE_CONFIG, at("a", 9, 4), "late");
	config_problem(list, CONFIG_ERROR, EXIT_CODE_NO_INPUT, at("a", 9, 3),
		"first of two here");
	config_problem(list, CONFIG_ERROR, EXIT_CODE_CONFIG, at("a", 9, 3),
		"second of two here");
	config_problem(
		list, CONFIG_ERROR, EXIT_CODE_CONFIG, at("a", 0, 0), "nowhere");
	config_problem_note(list, "a fact");
	config_problem_note(list, "another");
	assert_int_equal(config_problems_errors(list), 4);
	assert_int_equal(config_problems_warnings(list), 1);
	expect_problems(list, "a: nowhere\n"
			      "   note: a fact\n"
			      "   note: another\n"
			      "a:9:3: first of two here\n"
			      "a:9:3: second of two here\n"
			      "a:9:4: warning: late\n"
			      "b:2:1: second file\n"
			      "4 errors, 1 warning in 2 files; configuration "
			      "not loaded\n");
	config_problems_free(list);
}

static void the_exit_code_is_that_of_the_first_error_by_place(void **state)
{
	struct config_problems *list = config_problems_new();

	(void)state;
	assert_non_null(list);
	assert_int_equal(config_problems_exit(list), EXIT_CODE_OK);
	config_problem(list, CONFIG_WARNING, EXIT_CODE_INTERNAL, at("a", 1, 1),
		"only a warning");
	assert_int_equal(config_problems_exit(list), EXIT_CODE_OK);
	config_problem(
		list, CONFIG_ERROR, EXIT_CODE_PERMISSION, at("a", 5, 1), "x");
	assert_int_equal(config_problems_exit(list), EXIT_CODE_PERMISSION);
	config_problem(
		list, CONFIG_ERROR, EXIT_CODE_NO_INPUT, at("a", 4, 1), "y");
	assert_int_equal(config_problems_exit(list), EXIT_CODE_NO_INPUT);
	config_problem(list, CONFIG_ERROR, EXIT_CODE_OK, at("a", 3, 1), "z");
	assert_int_equal(config_problems_exit(list), EXIT_CODE_CONFIG);
	config_problems_free(list);
}

static void strict_makes_warnings_errors_before_and_after(void **state)
{
	struct config_problems *list = config_problems_new();

	(void)state;
	assert_non_null(list);
	config_problem(
		list, CONFIG_WARNING, EXIT_CODE_CONFIG, at("a", 1, 1), "x");
	config_problems_strict(list);
	config_problem(
		list, CONFIG_WARNING, EXIT_CODE_CONFIG, at("a", 2, 1), "y");
	assert_int_equal(config_problems_errors(list), 2);
	assert_int_equal(config_problems_warnings(list), 0);
	assert_int_equal(config_problems_exit(list), EXIT_CODE_CONFIG);
	expect_problems(list, "a:1:1: x\na:2:1: y\n"
			      "2 errors in 1 file; configuration not loaded\n");
	config_problems_free(list);
}

static void a_list_without_problems_prints_nothing(void **state)
{
	struct config_problems *list = config_problems_new();

	(void)state;
	assert_non_null(list);
	expect_problems(list, "");
	config_problem(
		list, CONFIG_WARNING, EXIT_CODE_CONFIG, at("a", 1, 1), "x");
	expect_problems(list, "a:1:1: warning: x\n1 warning in 1 file\n");
	config_problems_free(list);
	config_problems_free(NULL);
}

static const struct {
	const char *source;
	unsigned line, column;
	size_t width;
	const char *want; /* without the first and the last line */
} carets[] = {
	{"key: value\n", 1, 6, 5,
		"    1 | key: value\n      |      ^^^^^ hint\n"},
	/* the last line without an end; CRLF */
	{"a\r\nkey: value\r", 2, 1, 3,
		"    2 | key: value\n      | ^^^ hint\n"},
	/* a tab stays a tab, so that the caret stands right */
	{"\tkey: v\n", 1, 7, 1, "    1 | \tkey: v\n      | \t     ^ hint\n"},
	/* columns are characters */
	{"\xC3\xBC\xC3\xBC: v\n", 1, 5, 1,
		"    1 | \xC3\xBC\xC3\xBC: v\n      |     ^ hint\n"},
	/* control bytes do not reach the terminal (R19) */
	{"a\x1b[1m\x7f\xC2\x9B: v\n", 1, 1, 1,
		"    1 | a?[1m??: v\n      | ^ hint\n"},
	/* past the end of its line, past the end of the file */
	{"a\n", 1, 9, 0, "    1 | a\n      |  ^ hint\n"},
	{"a\n", 7, 1, 1, "   hint: hint\n"},
	{"", 1, 1, 1, "   hint: hint\n"},
};

static void a_caret_stands_under_the_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(carets) / sizeof(*carets); i++) {
		struct config_problems *list = config_problems_new();
		struct buf want = {0};

		assert_non_null(list);
		config_problems_source(list, "a", slice_str(carets[i].source));
		config_problem(list, CONFIG_ERROR, EXIT_CODE_CONFIG,
			at("a", carets[i].line, carets[i].column), "x");
		config_problem_hint(list, carets[i].width, "%s", "hint");
		assert_true(buf_printf(&want, "a:%u:%u: x\n%s%s%c",
			carets[i].line, carets[i].column, carets[i].want,
			"1 error in 1 file; configuration not loaded\n", 0));
		expect_problems(list, buf_bytes(&want).ptr);
		buf_fini(&want);
		config_problems_free(list);
	}
}

static void a_long_line_is_shown_in_part(void **state)
{
	struct config_problems *list = config_problems_new();
	char line[5001];
	char *text;

	(void)state;
	memset(line, 'x', 5000);
	memcpy(line + 2000, "HERE", 4);
	line[5000] = '\0';
	assert_non_null(list);
	config_problems_source(list, "a", slice_str(line));
	config_problem(
		list, CONFIG_ERROR, EXIT_CODE_CONFIG, at("a", 1, 2001), "x");
	config_problem_hint(list, 4, "hint");
	text = problems_text(list);
	assert_true(strlen(text) < 400);
	assert_non_null(strstr(text, "| ...xx"));
	/* H and the first caret stand in the same column */
	assert_int_equal(strchr(text, 'H') - strstr(text, "    1 |"),
		strchr(text, '^') - strstr(text, "      |"));
	free(text);
	config_problems_free(list);
}

static void texts_are_copied_and_cleaned(void **state) /* R19 */
{
	struct config_problems *list = config_problems_new();
	char file[] = "file", word[] = "a\x1b[2Jb\nc\xC2\x9B";

	(void)state;
	assert_non_null(list);
	config_problem(list, CONFIG_ERROR, EXIT_CODE_CONFIG, at(file, 1, 1),
		"%s", word);
	memset(file, '#', 4);
	memset(word, '#', 4);
	expect_problems(list, "file:1:1: a?[2Jb?c?\n"
			      "1 error in 1 file; configuration not loaded\n");
	config_problems_free(list);
}

static void more_problems_than_can_be_shown_are_still_counted(void **state)
{
	struct config_problems *list = config_problems_new();
	char *text;

	(void)state;
	assert_non_null(list);
	for (unsigned i = 1; i <= CONFIG_PROBLEMS_SHOWN + 7; i++) {
		config_problem(list, CONFIG_ERROR, EXIT_CODE_CONFIG,
			at("a", i, 1), "x");
		config_problem_hint(list, 1, "hint of line %u", i);
		config_problem_note(list, "note of line %u", i);
	}
	assert_int_equal(
		config_problems_errors(list), CONFIG_PROBLEMS_SHOWN + 7);
	text = problems_text(list);
	assert_non_null(strstr(text, "hint of line 500\n"));
	assert_non_null(strstr(text, "note of line 500\n"));
	assert_null(strstr(text, "of line 501\n"));
	assert_non_null(strstr(text,
		"... and 7 more that are not shown\n"
		"507 errors in 1 file; configuration not loaded\n"));
	free(text);
	config_problems_free(list);
}

static void json_says_the_same(void **state)
{
	struct config_problems *list = config_problems_new();
	struct buf out = {0};

	(void)state;
	assert_non_null(list);
	config_problem(list, CONFIG_WARNING, EXIT_CODE_CONFIG, at("b", 3, 7),
		"a \"word\"");
	config_problem_hint(list, 2, "did you mean \"x\"?");
	config_problem_note(list, "one");
	config_problem_note(list, "two");
	config_problem(
		list, CONFIG_ERROR, EXIT_CODE_CONFIG, at("b", 0, 0), "y");
	assert_true(config_problems_json(list, &out));
	assert_true(buf_append(&out, slice_of("", 1)));
	assert_string_equal(buf_bytes(&out).ptr,
		"{\"problems\":["
		"{\"file\":\"b\",\"line\":0,\"column\":0,\"severity\":"
		"\"error\",\"message\":\"y\",\"hint\":null,\"note\":null},"
		"{\"file\":\"b\",\"line\":3,\"column\":7,\"severity\":"
		"\"warning\",\"message\":\"a \\\"word\\\"\",\"hint\":"
		"\"did you mean \\\"x\\\"?\",\"note\":\"one\\ntwo\"}],"
		"\"errors\":1,\"warnings\":1}\n");
	buf_fini(&out);
	config_problems_free(list);
}

static void a_hint_belongs_to_the_problem_added_last(void **state)
{
	struct config_problems *list = config_problems_new();

	(void)state;
	assert_non_null(list);
	config_problem_hint(list, 1, "to nobody");
	config_problem_note(list, "to nobody");
	config_problem(
		list, CONFIG_ERROR, EXIT_CODE_CONFIG, at("a", 2, 1), "x");
	config_problem(
		list, CONFIG_ERROR, EXIT_CODE_CONFIG, at("a", 1, 1), "y");
	free(problems_text(list));
	config_problem_hint(list, 1, "to nobody either");
	expect_problems(list, "a:1:1: y\na:2:1: x\n"
			      "2 errors in 1 file; configuration not loaded\n");
	config_problems_free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(problems_are_sorted_by_place_and_counted),
		cmocka_unit_test(
			the_exit_code_is_that_of_the_first_error_by_place),
		cmocka_unit_test(strict_makes_warnings_errors_before_and_after),
		cmocka_unit_test(a_list_without_problems_prints_nothing),
		cmocka_unit_test(a_caret_stands_under_the_place),
		cmocka_unit_test(a_long_line_is_shown_in_part),
		cmocka_unit_test(texts_are_copied_and_cleaned),
		cmocka_unit_test(
			more_problems_than_can_be_shown_are_still_counted),
		cmocka_unit_test(json_says_the_same),
		cmocka_unit_test(a_hint_belongs_to_the_problem_added_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
