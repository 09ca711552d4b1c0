/* refusal_page: what the operator is told of the last refusals. */
#include "daemon/refusal_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "proxy/refusals.h"

enum { KEEP = 8 };

static int start(void **state)
{
	size_t size = (refusals_size(KEEP) + 63) / 64 * 64;
	void *memory = aligned_alloc(64, size);

	assert_non_null(memory);
	memset(memory, 0, size);
	*state = refusals_init(memory, KEEP);
	return 0;
}

static int stop(void **state)
{
	free(*state);
	return 0;
}

static void add(struct refusals *ring, const char *conn, const char *request,
	const char *subject)
{
	struct refusal record = {.wall_ms = 1700000000123,
		.sent = 1,
		.depth = -1,
		.port = 4711,
		.status = *request ? 403 : 0,
		.by_rule = *request};

	refusal_set(&record, REFUSAL_CODE, SLICE("expired"));
	refusal_set(&record, REFUSAL_CONNECTION, slice_str(conn));
	refusal_set(&record, REFUSAL_REQUEST, slice_str(request));
	refusal_set(&record, REFUSAL_SUBJECT, slice_str(subject));
	refusals_add(ring, &record);
}

static const char *page(
	struct refusals *ring, const char *query, bool json, unsigned status)
{
	static char text[65536];
	struct buf body = {0};
	unsigned got = json ? refusal_page_json(ring, slice_str(query), &body)
			    : refusal_page_text(ring, slice_str(query), &body);

	if (got != status)
		fail_msg("%s: %u", query, got);
	assert_true(body.len < sizeof(text));
	snprintf(text, sizeof(text), "%.*s", SLICE_FMT(buf_bytes(&body)));
	buf_fini(&body);
	return text;
}

static void each_refusal_is_an_object(void **state)
{
	add(*state, "c-1", "", "CN=a");
	assert_string_equal(page(*state, "", true, 200),
		"{\"total\":1,\"kept\":8,\"refusals\":[{"
		"\"time\":\"2023-11-14T22:13:20.123Z\",\"stage\":\"handshake\","
		"\"code\":\"expired\",\"connection_id\":\"c-1\","
		"\"subject\":\"CN=a\",\"client_port\":4711,"
		"\"certificates_sent\":1,\"depth\":-1}]}\n");
}

static void each_refusal_is_a_paragraph(void **state)
{
	add(*state, "c-1", "ab", "CN=a");
	assert_string_equal(page(*state, "", false, 200),
		"time: 2023-11-14T22:13:20.123Z\nstage: request\n"
		"code: expired\nconnection_id: c-1\nrequest_id: ab\n"
		"subject: CN=a\nclient_port: 4711\ncertificates_sent: 1\n"
		"depth: -1\nstatus: 403\n\n");
}

static void none_is_an_empty_list(void **state)
{
	assert_string_equal(page(*state, "", true, 200),
		"{\"total\":0,\"kept\":8,\"refusals\":[]}\n");
	assert_string_equal(page(*state, "last=3", false, 200), "");
}

static void the_newest_come_first_and_only_as_many_as_wanted(void **state)
{
	const char *text;

	for (unsigned i = 0; i < 20; i++) {
		char id[8];

		snprintf(id, sizeof(id), "c-%u", i);
		add(*state, id, "", "");
	}
	text = page(*state, "last=2", false, 200);
	assert_non_null(strstr(text, "connection_id: c-19\n"));
	assert_true(strstr(text, "c-19") < strstr(text, "c-18"));
	assert_null(strstr(text, "c-17"));
	text = page(*state, "last=10000", false, 200);
	assert_non_null(strstr(text, "c-12\n"));
	assert_null(strstr(text, "c-11\n"));
}

static void an_id_finds_its_connection_and_its_request(void **state)
{
	const char *text;

	add(*state, "c-1", "", "CN=first");
	add(*state, "c-2", "ab01", "CN=second");
	add(*state, "c-2", "ab02", "CN=third");
	text = page(*state, "id=ab01", false, 200);
	assert_non_null(strstr(text, "CN=second"));
	assert_null(strstr(text, "CN=third"));
	text = page(*state, "id=c-2&last=1", false, 200);
	assert_null(strstr(text, "CN=second"));
	assert_non_null(strstr(text, "CN=third"));
	assert_string_equal(page(*state, "id=c-", false, 200), "");
}

static void a_question_is_read_strictly(void **state)
{
	static const char too_long[] =
		"id=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaa";
	static const char *const rows[] = {"last=0", "last=", "last=-1",
		"last=1x", "last=10001", "last=99999999999999999999", "last",
		"last=1&last=2", "id=", "id=../x", "id=AB", "id=a&id=b",
		"id=%41", "foo=1", "=", "last=1&", "&", "Last=1", "id=a b",
		too_long};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = page(*state, rows[i], i % 2, 400);

		assert_non_null(strstr(text, "400 Bad Request: "));
	}
}

/* R19 */
static void hostile_bytes_break_neither_form(void **state)
{
	const char *text;

	add(*state, "c-1", "", "CN=\"x\r\n\x1b[31m\xff\nstatus: 200");
	text = page(*state, "", false, 200);
	assert_null(strstr(text, "\nstatus: 200"));
	for (const char *c = text; *c; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
	text = page(*state, "", true, 200);
	assert_non_null(strstr(text, "CN=\\\"x\\r\\n\\u001b[31m"));
	for (const char *c = text; *c; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
}

static void what_was_cut_is_named(void **state)
{
	char subject[512];

	memset(subject, 'x', sizeof(subject));
	subject[sizeof(subject) - 1] = '\0';
	add(*state, "c-1", "", subject);
	assert_non_null(strstr(
		page(*state, "", true, 200), "\"truncated\":[\"subject\"]"));
	assert_non_null(
		strstr(page(*state, "", false, 200), "\ntruncated: subject\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			each_refusal_is_an_object, start, stop),
		cmocka_unit_test_setup_teardown(
			each_refusal_is_a_paragraph, start, stop),
		cmocka_unit_test_setup_teardown(
			none_is_an_empty_list, start, stop),
		cmocka_unit_test_setup_teardown(
			the_newest_come_first_and_only_as_many_as_wanted, start,
			stop),
		cmocka_unit_test_setup_teardown(
			an_id_finds_its_connection_and_its_request, start,
			stop),
		cmocka_unit_test_setup_teardown(
			a_question_is_read_strictly, start, stop),
		cmocka_unit_test_setup_teardown(
			hostile_bytes_break_neither_form, start, stop),
		cmocka_unit_test_setup_teardown(
			what_was_cut_is_named, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
