#include "cli/explain_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static struct explain_list refused(void)
{
	struct explain_list list = {.because = "mode require refuses this",
		.code = "expired",
		.reason = "certificate has expired",
		.depth = 1,
		.alert = 45,
		.alert_name = "certificate_expired",
		.cause = "It is old.",
		.todo = "Renew it."};

	explain_list_fact(&list, "config", "m.yaml");
	explain_list_fact(&list, "listener", NULL);
	list.steps[REMEDY_DATES].state = EXPLAIN_FAIL;
	list.steps[REMEDY_DATES].text = "certificate has expired (depth 1)";
	explain_list_line(&list.steps[REMEDY_DATES], "a second line");
	list.steps[REMEDY_SHOWN].state = EXPLAIN_PASS;
	list.steps[REMEDY_SHOWN].text = "CN=\"x\"";
	list.notes[list.note_count++] = "a note";
	return list;
}

static char *printed(const struct explain_list *list,
	bool (*print)(const struct explain_list *list, struct buf *out))
{
	struct buf out = {0};
	char *text;

	assert_true(print(list, &out));
	text = strndup(buf_bytes(&out).ptr, buf_bytes(&out).len);
	buf_fini(&out);
	assert_non_null(text);
	return text;
}

static void every_step_is_a_line(void **state)
{
	static const char want[] =
		"config: m.yaml\n"
		"\n"
		"  skip  server_name  \n"
		"  pass  certificate  CN=\"x\"\n"
		"  skip  chain        \n"
		"  FAIL  dates        certificate has expired (depth 1)\n"
		"                     a second line\n"
		"  skip  purpose      \n";
	struct explain_list list = refused();
	char *text = printed(&list, explain_list_text);

	(void)state;
	assert_int_equal(strncmp(text, want, sizeof(want) - 1), 0);
	assert_non_null(
		strstr(text, "\nrefused: mode require refuses this\n"
			     "the client sees: alert 45 certificate_expired\n"
			     "code: expired\n"
			     "reason: certificate has expired (depth 1)\n"
			     "cause: It is old.\n"
			     "note: a note\n"
			     "what to do: Renew it.\n"));
	free(text);
}

static void json_is_one_object_on_one_line(void **state)
{
	struct explain_list list = refused();
	char *text = printed(&list, explain_list_json);

	(void)state;
	assert_int_equal(text[0], '{');
	assert_string_equal(strchr(text, '\n'), "\n");
	assert_non_null(strstr(text, "{\"step\":\"dates\",\"state\":\"fail\","
				     "\"text\":\"certificate has expired "
				     "(depth 1)\",\"lines\":[\"a second "
				     "line\"]}"));
	assert_non_null(strstr(text, "\"text\":\"CN=\\\"x\\\"\""));
	assert_non_null(strstr(text, "\"depth\":1,"));
	free(text);
}

static void what_is_not_known_is_null_in_json(void **state)
{
	struct explain_list list = {.allowed = true, .because = "fine"};
	char *text = printed(&list, explain_list_json);

	(void)state;
	assert_non_null(strstr(text, "\"allowed\":true,"));
	assert_non_null(
		strstr(text, "\"code\":null,\"reason\":null,"
			     "\"depth\":null,\"alert\":null,\"status\":null,"));
	free(text);
}

static void a_list_that_is_full_says_so(void **state)
{
	struct explain_list list = {.because = "fine"};

	(void)state;
	for (int i = 0; i < 100; i++) {
		explain_list_fact(&list, "name", "value");
		explain_list_line(&list.steps[0], "line");
	}
	assert_int_equal(list.fact_count, EXPLAIN_FACTS);
	assert_int_equal(list.steps[0].line_count, EXPLAIN_LINES);
	assert_string_equal(
		list.steps[0].lines[EXPLAIN_LINES - 1], "and more, left out");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_step_is_a_line),
		cmocka_unit_test(json_is_one_object_on_one_line),
		cmocka_unit_test(what_is_not_known_is_null_in_json),
		cmocka_unit_test(a_list_that_is_full_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
