/* What a message holds after h1_parse_response, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/h1_parse.h"

#include "base/arena.h"
#include "fake/h1_judge.h"

#include <stdio.h>
#include <string.h>

struct head {
	struct message message;
	struct h1_connection connection;
	enum http_rule rule;
	size_t offset;
};

static struct head parse(struct arena *arena, enum h1_kind kind,
	enum method method, const char *raw)
{
	struct slice bytes = slice_str(raw);
	struct h1_parser parser;
	struct head h;

	h1_parser_init(&parser, kind, &h1_judge_limits, arena);
	assert_int_equal(h1_parser_feed(&parser, bytes), H1_DONE);
	assert_int_equal(h1_parser_len(&parser), bytes.len);
	if (kind == H1_REQUEST)
		h.rule = h1_parse_request(
			&parser, bytes, &h.message, &h.connection, &h.offset);
	else
		h.rule = h1_parse_response(&parser, bytes, method, &h.message,
			&h.connection, &h.offset);
	return h;
}

static struct head response(void **state, enum method method, const char *raw)
{
	struct head h = parse(*state, H1_RESPONSE, method, raw);

	assert_int_equal(h.rule, HTTP_RULE_NONE);
	return h;
}

static void assert_slice(struct slice s, const char *expected)
{
	if (!slice_eq(s, slice_str(expected)))
		fail_msg("\"%.*s\" is not \"%s\"", SLICE_FMT(s), expected);
}

/* The names of the fields that pass, each with a blank behind it. */
static void assert_fields(const struct message *m, const char *names)
{
	char text[512] = "";
	size_t len = 0;

	for (size_t i = 0; i < m->fields.count; i++) {
		struct slice name = m->fields.fields[i].name;

		assert_true(len + name.len + 2 < sizeof(text));
		memcpy(text + len, name.ptr, name.len);
		len += name.len;
		text[len++] = ' ';
	}
	text[len] = '\0';
	assert_string_equal(text, names);
}

/* ---- responses ---- */

static void a_response_is_taken_apart(void **state)
{
	struct head h = response(state, METHOD_GET,
		"HTTP/1.1 404 Not \xc3\xbc here\r\nContent-Length: 3\r\n"
		"Server: x\r\nHost: y\r\nExpect: z\r\nTE: trailers\r\n"
		"Connection: Server\r\n\r\n");

	assert_int_equal(h.message.kind, MESSAGE_RESPONSE);
	assert_int_equal(h.message.status, 404);
	assert_slice(h.message.reason, "Not \xc3\xbc here");
	assert_int_equal(h.message.body, BODY_LENGTH);
	assert_int_equal(h.message.body_len, 3);
	assert_fields(&h.message, "");
	assert_false(h.message.wants_trailers);
}

static void a_reason_may_be_empty(void **state)
{
	struct head h = response(state, METHOD_GET, "HTTP/1.1 200 \r\n\r\n");

	assert_slice(h.message.reason, "");
	assert_int_equal(h.message.status, 200);
}

/* RFC 9112 section 6.3 */
static void the_body_of_a_response_follows_method_status_and_framing(
	void **state)
{
	static const struct {
		enum method method;
		const char *raw;
		enum body_kind body;
		uint64_t len;
		int64_t stated;
		bool chunked, close;
	} rows[] = {
		{METHOD_GET, "HTTP/1.1 200 OK\r\n\r\n", BODY_UNKNOWN, 0, -1,
			false, true},
		{METHOD_GET,
			"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n",
			BODY_UNKNOWN, 0, -1, false, true},
		{METHOD_GET,
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
			BODY_UNKNOWN, 0, -1, true, false},
		{METHOD_GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
			BODY_LENGTH, 0, -1, false, false},
		{METHOD_HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
			BODY_NONE, 0, 9, false, false},
		{METHOD_HEAD, "HTTP/1.1 200 OK\r\n\r\n", BODY_NONE, 0, -1,
			false, false},
		{METHOD_HEAD,
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
			BODY_NONE, 0, -1, false, false},
		{METHOD_GET, "HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n",
			BODY_NONE, 0, 9, false, false},
		{METHOD_GET, "HTTP/1.1 204 x\r\n\r\n", BODY_NONE, 0, -1, false,
			false},
		{METHOD_GET, "HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n",
			BODY_NONE, 0, -1, false, false},
		{METHOD_GET, "HTTP/1.1 100 Continue\r\n\r\n", BODY_NONE, 0, -1,
			false, false},
		{METHOD_GET, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
			BODY_NONE, 0, -1, false, false},
		{METHOD_GET, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n",
			BODY_LENGTH, 5, -1, false, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct head h = response(state, rows[i].method, rows[i].raw);

		assert_int_equal(h.message.body, rows[i].body);
		assert_int_equal(h.message.body_len, rows[i].len);
		assert_int_equal(h.message.stated_len, rows[i].stated);
		assert_int_equal(h.connection.chunked, rows[i].chunked);
		assert_int_equal(h.connection.close, rows[i].close);
	}
}

static void a_protocol_is_granted_with_101_only(void **state)
{
	struct head h = response(state, METHOD_GET,
		"HTTP/1.1 101 x\r\nConnection: upgrade\r\n"
		"Upgrade: websocket\r\n\r\n");

	assert_slice(h.message.upgrade, "websocket");
	assert_int_equal(h.message.body, BODY_NONE);
	h = response(state, METHOD_GET,
		"HTTP/1.1 426 x\r\nConnection: upgrade\r\nUpgrade: y\r\n"
		"Content-Length: 0\r\n\r\n");
	assert_slice(h.message.upgrade, "y");
	h = response(state, METHOD_GET,
		"HTTP/1.1 200 x\r\nConnection: upgrade\r\nUpgrade: y\r\n\r\n");
	assert_slice(h.message.upgrade, "");
}

/* R8: responses get the same treatment. */
static void bad_responses_are_refused_by_name(void **state)
{
	static const struct {
		const char *raw;
		enum http_rule rule;
	} rows[] = {
		{"HTTP/1.1 200\r\n\r\n", HTTP_RULE_STATUS_LINE},
		{"HTTP/1.1 20 OK\r\n\r\n", HTTP_RULE_STATUS_LINE},
		{"HTTP/1.1 2000 OK\r\n\r\n", HTTP_RULE_STATUS_LINE},
		{"HTTP/1.1  200 OK\r\n\r\n", HTTP_RULE_STATUS_LINE},
		{"HTTP/1.1\t200 OK\r\n\r\n", HTTP_RULE_STATUS_LINE},
		{"HTTP/1.1 200\tOK\r\n\r\n", HTTP_RULE_STATUS_LINE},
		{"HTTP/1.1\r\n\r\n", HTTP_RULE_STATUS_LINE},
		{"HTTP/1.1 \r\n\r\n", HTTP_RULE_STATUS_LINE},
		{"\r\nHTTP/1.1 200 OK\r\n\r\n", HTTP_RULE_STATUS_LINE},
		{" HTTP/1.1 200 OK\r\n\r\n", HTTP_RULE_STATUS_LINE},
		{"http/1.1 200 OK\r\n\r\n", HTTP_RULE_STATUS_LINE},
		{"ICY 200 OK\r\n\r\n", HTTP_RULE_STATUS_LINE},
		{"<html>\r\n", HTTP_RULE_STATUS_LINE},
		{"HTTP/1.1 200 O\x01K\r\n\r\n", HTTP_RULE_STATUS_LINE},
		{"HTTP/1.1 200 OK\x7f\r\n\r\n", HTTP_RULE_STATUS_LINE},
		{"HTTP/2.0 200 OK\r\n\r\n", HTTP_RULE_VERSION},
		{"HTTP/1.2 200 OK\r\n\r\n", HTTP_RULE_VERSION},
		{"HTTP/0.9 200 OK\r\n\r\n", HTTP_RULE_VERSION},
		{"HTTP/1.1 099 OK\r\n\r\n", HTTP_RULE_STATUS_CODE},
		{"HTTP/1.1 000 OK\r\n\r\n", HTTP_RULE_STATUS_CODE},
		{"HTTP/1.1 600 OK\r\n\r\n", HTTP_RULE_STATUS_CODE},
		{"HTTP/1.1 999 OK\r\n\r\n", HTTP_RULE_STATUS_CODE},
		{"HTTP/1.1 2x0 OK\r\n\r\n", HTTP_RULE_STATUS_CODE},
		{"HTTP/1.1 -20 OK\r\n\r\n", HTTP_RULE_STATUS_CODE},
		{"HTTP/1.1 200 OK\n\r\n", HTTP_RULE_LINE_END},
		{"HTTP/1.1 200 OK\r\r\n\r\n", HTTP_RULE_LINE_END},
		{"HTTP/1.1 200 OK\r\nA: b\n\r\n", HTTP_RULE_LINE_END},
		{"HTTP/1.1 200 OK\r\nA: b\r\n\n", HTTP_RULE_LINE_END},
		{"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
			HTTP_RULE_FIELD_FOLDING},
		{"HTTP/1.1 200 OK\r\n A: b\r\n\r\n", HTTP_RULE_FIELD_FOLDING},
		{"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", HTTP_RULE_FIELD_COLON},
		{"HTTP/1.1 200 OK\r\nA\r\n\r\n", HTTP_RULE_FIELD_COLON},
		{"HTTP/1.1 200 OK\r\n: b\r\n\r\n", HTTP_RULE_FIELD_NAME},
		{"HTTP/1.1 200 OK\r\nA(: b\r\n\r\n", HTTP_RULE_FIELD_NAME},
		{"HTTP/1.1 200 OK\r\nA: \x02\r\n\r\n", HTTP_RULE_FIELD_VALUE},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
		 "Content-Length: 5\r\n\r\n",
			HTTP_RULE_CONTENT_LENGTH_TWICE},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
			HTTP_RULE_CONTENT_LENGTH},
		{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
			HTTP_RULE_CONTENT_LENGTH},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
		 "Content-Length: 5\r\n\r\n",
			HTTP_RULE_LENGTH_CONFLICT},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n",
			HTTP_RULE_LENGTH_CONFLICT},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
			HTTP_RULE_TRANSFER_ENCODING},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
			HTTP_RULE_TRANSFER_ENCODING},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n",
			HTTP_RULE_TRANSFER_ENCODING_TWICE},
		{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
			HTTP_RULE_TRANSFER_ENCODING_1_0},
		{"HTTP/1.1 204 x\r\nContent-Length: 1\r\n\r\n",
			HTTP_RULE_CONTENT_LENGTH},
		{"HTTP/1.1 100 x\r\nContent-Length: 1\r\n\r\n",
			HTTP_RULE_CONTENT_LENGTH},
		{"HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n",
			HTTP_RULE_TRANSFER_ENCODING},
		{"HTTP/1.1 101 x\r\nTransfer-Encoding: chunked\r\n\r\n",
			HTTP_RULE_TRANSFER_ENCODING},
		{"HTTP/1.1 200 OK\r\nConnection: a b\r\n\r\n",
			HTTP_RULE_CONNECTION},
		{"HTTP/1.1 200 OK\r\nTrailer: a b\r\n\r\n", HTTP_RULE_TRAILER},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "0\r\nContent-Length: 5\r\n\r\n",
			HTTP_RULE_TRAILER},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\n",
			HTTP_RULE_CHUNK_SIZE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (size_t piece = 0; piece < 4; piece++) {
			struct h1_verdict v = h1_judge(H1_RESPONSE, METHOD_GET,
				slice_str(rows[i].raw), piece, &h1_judge_limits,
				*state);

			if (v.rule != rows[i].rule)
				fail_msg("%s: %s", rows[i].raw,
					http_rule_info(v.rule)->name);
		}
	}
}

static void a_status_line_has_no_limit_of_its_own(void **state)
{
	struct http_limits limits = h1_judge_limits;
	struct h1_verdict v;

	limits.request_line = 0;
	v = h1_judge(H1_RESPONSE, METHOD_GET,
		SLICE("HTTP/1.1 204 No Content\r\n\r\n"), 0, &limits, *state);
	assert_int_equal(v.end, H1_END_DONE);
}

static int with_arena(void **state)
{
	*state = arena_new(NULL);
	return *state ? 0 : -1;
}

static int without_arena(void **state)
{
	arena_free(*state);
	return 0;
}

#define TEST(test) \
	cmocka_unit_test_setup_teardown(test, with_arena, without_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_response_is_taken_apart),
		TEST(a_reason_may_be_empty),
		TEST(the_body_of_a_response_follows_method_status_and_framing),
		TEST(a_protocol_is_granted_with_101_only),
		TEST(bad_responses_are_refused_by_name),
		TEST(a_status_line_has_no_limit_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
