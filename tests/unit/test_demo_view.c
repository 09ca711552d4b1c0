#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/demo_view.h"
#include "http/message.h"
#include "proxy/access_log.h"
#include "proxy/proxy.h"

struct stage {
	char *text;
	size_t len;
	FILE *out;
	struct demo_view *view;
	const struct proxy_observer *observer;
};

static int setup(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	stage->out = open_memstream(&stage->text, &stage->len);
	stage->view = demo_view_new(stage->out, demo_style_for(stage->out));
	assert_non_null(stage->view);
	stage->observer = demo_view_observer(stage->view);
	*state = stage;
	return 0;
}

static int teardown(void **state)
{
	struct stage *stage = *state;

	demo_view_free(stage->view);
	fclose(stage->out);
	free(stage->text);
	free(stage);
	return 0;
}

static struct header_block block(struct header_field *fields, size_t count)
{
	return (struct header_block){.fields = fields, .count = count};
}

static struct message request(struct header_block fields)
{
	return (struct message){.kind = MESSAGE_REQUEST,
		.method_text = SLICE("GET"),
		.path = SLICE("/a"),
		.fields = fields};
}

static void what_was_stripped_and_added_is_marked(void **state)
{
	struct stage *stage = *state;
	struct header_field came[] = {
		{SLICE("Accept"), SLICE("*/*")},
		{SLICE("X-CERT-VERIFY"), SLICE("forged")},
	};
	struct header_field fresh[] = {{SLICE("X-CERT-VERIFY"), SLICE("NONE")}};
	struct header_block lent = block(fresh, 1);
	struct message before = request(block(came, 2));
	struct message after = request(block(came, 1));

	after.lent = &lent;
	stage->observer->received(stage->observer->arg, "r1", &before);
	stage->observer->forwarded(stage->observer->arg, "r1", &after);
	fflush(stage->out);
	assert_string_equal(stage->text, "\n== 1: GET /a   request r1\n"
					 " the client sent\n"
					 "    Accept: */*\n"
					 "  - X-CERT-VERIFY: forged   removed\n"
					 " the origin got\n"
					 "    Accept: */*\n"
					 "  + X-CERT-VERIFY: NONE\n");
}

static void a_peer_cannot_write_to_the_terminal_R19(void **state)
{
	struct stage *stage = *state;
	struct header_field came[] = {
		{SLICE("A"), SLICE("\033[31mred\x80\n")},
	};
	struct message head = request(block(came, 1));

	stage->observer->received(stage->observer->arg, "r2", &head);
	stage->observer->forwarded(stage->observer->arg, "r2", &head);
	stage->observer->refused(stage->observer->arg, "expired", "CN=\033x");
	fflush(stage->out);
	assert_null(strchr(stage->text, '\033'));
	assert_non_null(strstr(stage->text, "A: \\x1B[31mred\\x80\\x0A"));
	assert_non_null(strstr(stage->text, "subject CN=\\x1Bx"));
}

static void the_end_of_a_request_names_its_rule(void **state)
{
	struct stage *stage = *state;
	struct access_record record = {.status = 400,
		.rule = HTTP_RULE_FIELD_FOLDING,
		.request_id = SLICE("r3")};

	stage->observer->finished(stage->observer->arg, &record);
	fflush(stage->out);
	assert_string_equal(
		stage->text, " answered: 400 (field-folding), request r3\n");
}

static void a_file_gets_no_colour(void **state)
{
	FILE *file = tmpfile();

	(void)state;
	assert_string_equal(demo_style_for(file)->struck, "");
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_was_stripped_and_added_is_marked, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_peer_cannot_write_to_the_terminal_R19, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			the_end_of_a_request_names_its_rule, setup, teardown),
		cmocka_unit_test(a_file_gets_no_colour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
