/* What a message holds after h1_parse_request and h1_parse_trailers. */
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

#define REQUEST "GET / HTTP/1.1\r\nHost: a\r\n"

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

static struct head request(void **state, const char *raw)
{
	struct head h = parse(*state, H1_REQUEST, METHOD_OTHER, raw);

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

/* ---- requests ---- */

static void a_request_is_taken_apart(void **state)
{
	struct head h = request(state,
		"PUT /p?q HTTP/1.1\r\nHost: a.b:8\r\nX-One:  1 \r\n"
		"Content-Length: 7\r\nx-two: t w o\r\n\r\n");
	const struct message *m = &h.message;

	assert_int_equal(m->kind, MESSAGE_REQUEST);
	assert_int_equal(m->version, MESSAGE_HTTP_1_1);
	assert_int_equal(m->method, METHOD_PUT);
	assert_slice(m->method_text, "PUT");
	assert_slice(m->path, "/p?q");
	assert_slice(m->authority, "a.b:8");
	assert_slice(m->scheme, "");
	assert_int_equal(m->body, BODY_LENGTH);
	assert_int_equal(m->body_len, 7);
	assert_int_equal(m->stated_len, -1);
	assert_fields(m, "X-One x-two ");
	assert_slice(m->fields.fields[0].value, "1");
	assert_slice(m->fields.fields[1].value, "t w o");
	assert_null(m->lent);
	assert_false(h.connection.close);
	assert_false(h.connection.chunked);
}

static void absolute_form_gives_scheme_authority_and_path(void **state)
{
	static const struct {
		const char *raw, *scheme, *authority, *path;
	} rows[] = {
		{"GET HTTP://A:80/b?c HTTP/1.1\r\nHost: a\r\n\r\n", "http",
			"A:80", "/b?c"},
		{"GET https://a HTTP/1.1\r\nHost: A:443\r\n\r\n", "https", "a",
			"/"},
		{"GET http://a?b HTTP/1.0\r\n\r\n", "http", "a", "/?b"},
		{"OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", "http", "a",
			"*"},
		{"OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "http", "a",
			"/"},
		{"OPTIONS http://a?b HTTP/1.1\r\nHost: a\r\n\r\n", "http", "a",
			"/?b"},
		{"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "", "a", "*"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct head h = request(state, rows[i].raw);

		assert_slice(h.message.scheme, rows[i].scheme);
		assert_slice(h.message.authority, rows[i].authority);
		assert_slice(h.message.path, rows[i].path);
	}
}

static void http_1_0_needs_no_host_and_closes(void **state)
{
	struct head h = request(state, "GET / HTTP/1.0\r\n\r\n");

	assert_int_equal(h.message.version, MESSAGE_HTTP_1_0);
	assert_slice(h.message.authority, "");
	assert_true(h.connection.close);
	h = request(
		state, "GET / HTTP/1.0\r\nConnection: x, keep-alive\r\n\r\n");
	assert_false(h.connection.close);
	assert_true(h.connection.keep_alive);
}

static void the_body_of_a_request_follows_its_framing(void **state)
{
	struct head h = request(state, REQUEST "\r\n");

	assert_int_equal(h.message.body, BODY_NONE);
	h = request(state, REQUEST "Content-Length: 0\r\n\r\n");
	assert_int_equal(h.message.body, BODY_LENGTH);
	assert_int_equal(h.message.body_len, 0);
	h = request(
		state, REQUEST "Content-Length: 9223372036854775807\r\n\r\n");
	assert_int_equal(h.message.body_len, INT64_MAX);
	h = request(state, REQUEST "Transfer-Encoding: Chunked\r\n\r\n");
	assert_int_equal(h.message.body, BODY_UNKNOWN);
	assert_true(h.connection.chunked);
}

/* R4, R9: nothing of this hop passes. */
static void fields_of_this_hop_never_pass(void **state)
{
	struct head h = request(state,
		REQUEST "A: 1\r\nConnection: close\r\nKeep-Alive: timeout=5\r\n"
			"Proxy-Connection: close\r\nTE: trailers\r\n"
			"Trailer: X\r\nTransfer-Encoding: chunked\r\n"
			"Upgrade: x\r\nHTTP2-Settings: x\r\n"
			"Proxy-Authorization: x\r\nProxy-Authenticate: x\r\n"
			"Proxy-Authentication-Info: x\r\n"
			"Expect: 100-continue\r\nB: 2\r\n\r\n");

	assert_fields(&h.message, "A B ");
	h = request(state, REQUEST
		"cONNECTION: x\r\nKEEP-ALIVE: x\r\nte: x\r\n"
		"UPGRADE: x\r\ncontent-length: 0\r\nhttp2-settings: x\r\n\r\n");
	assert_fields(&h.message, "");
}

/* R4 */
static void what_connection_nominates_is_removed(void **state)
{
	struct head h = request(state,
		REQUEST "X-One: 1\r\nConnection: x-ONE, close ,,\tX-Two\r\n"
			"X-Two: 2\r\nX-Three: 3\r\nConnection: X-Four\r\n"
			"x-four: 4\r\nX-Two: 5\r\n\r\n");

	assert_fields(&h.message, "X-Three ");
	assert_true(h.connection.close);
}

/* R4: a client cannot take away what security or content depends on. */
static void nominations_of_end_to_end_fields_are_ignored(void **state)
{
	static const char *const kept[] = {"Authorization", "cookie",
		"Content-Type", "CONTENT-ENCODING", "Cache-Control", "If-Match",
		"Origin", "Range", "Sec-Fetch-Site", "X-Forwarded-For",
		"X-Real-IP", "Forwarded", "Via", "User-Agent",
		"Access-Control-Request-Method", "Vary"};
	char raw[256];

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		char names[64];
		struct head h;

		snprintf(raw, sizeof(raw),
			REQUEST "Connection: %s\r\n%s: x\r\n\r\n", kept[i],
			kept[i]);
		snprintf(names, sizeof(names), "%s ", kept[i]);
		h = request(state, raw);
		assert_fields(&h.message, names);
	}
	/* Framing is lifted before nominations count. */
	{
		struct head h = request(state,
			"POST / HTTP/1.1\r\nHost: a\r\nConnection: "
			"Host, Content-Length\r\nContent-Length: 5\r\n\r\n");

		assert_slice(h.message.authority, "a");
		assert_int_equal(h.message.body_len, 5);
	}
}

static void close_wins_over_keep_alive(void **state)
{
	struct head h =
		request(state, REQUEST "Connection: keep-alive, Close\r\n\r\n");

	assert_true(h.connection.close);
	assert_true(h.connection.keep_alive);
	h = request(state, REQUEST "Connection: KEEP-alive\r\n\r\n");
	assert_false(h.connection.close);
	assert_true(h.connection.keep_alive);
}

static void expect_counts_only_where_content_follows(void **state)
{
	static const struct {
		const char *raw;
		bool expected;
	} rows[] = {
		{REQUEST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n",
			true},
		{REQUEST "Expect: 100-continue\r\nTransfer-Encoding: "
			 "chunked\r\n\r\n",
			true},
		{REQUEST "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n",
			false},
		{REQUEST "Expect: 100-continue\r\n\r\n", false},
		{"POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
		 "Content-Length: 1\r\n\r\n",
			false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct head h = request(state, rows[i].raw);

		assert_int_equal(h.message.expect_continue, rows[i].expected);
		assert_fields(&h.message, "");
	}
}

static void upgrade_is_lifted_where_connection_names_it(void **state)
{
	static const struct {
		const char *raw, *upgrade;
	} rows[] = {
		{REQUEST "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
			"websocket"},
		{REQUEST "Upgrade: websocket\r\n\r\n", ""},
		{REQUEST "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n", ""},
		{REQUEST "Connection: upgrade\r\nUpgrade: H2C, a/1,b\r\n\r\n",
			"a/1"},
		{REQUEST "Connection: upgrade\r\nUpgrade: h2c-14\r\n"
			 "Upgrade: b\r\n\r\n",
			"b"},
		{"GET / HTTP/1.0\r\nConnection: upgrade\r\n"
		 "Upgrade: websocket\r\n\r\n",
			""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct head h = request(state, rows[i].raw);

		assert_slice(h.message.upgrade, rows[i].upgrade);
		assert_fields(&h.message, "");
	}
}

static void te_and_trailer_are_lifted(void **state)
{
	struct head h = request(state,
		REQUEST "TE: gzip;q=0.5 , Trailers\r\nTrailer: A\r\n"
			"Trailer:\r\nTrailer: B, C\r\n\r\n");

	assert_true(h.message.wants_trailers);
	assert_slice(h.message.trailer_names, "A, B, C");
	h = request(state, REQUEST "TE: trailers;q=1, gzip\r\n\r\n");
	assert_false(h.message.wants_trailers);
	h = request(state, "GET / HTTP/1.0\r\nTE: trailers\r\n\r\n");
	assert_false(h.message.wants_trailers);
}

static void the_offset_tells_where_the_mistake_is(void **state)
{
	static const struct {
		const char *raw;
		enum http_rule rule;
		size_t offset;
	} rows[] = {
		{"GET / HTTP/1.1\r\n\r\n", HTTP_RULE_HOST_MISSING, 18},
		{REQUEST "Host: b\r\n\r\n", HTTP_RULE_HOST_TWICE, 31},
		{"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
			HTTP_RULE_HOST_DISAGREES, 4},
		{REQUEST "Content-Length: x\r\n\r\n", HTTP_RULE_CONTENT_LENGTH,
			41},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct head h =
			parse(*state, H1_REQUEST, METHOD_OTHER, rows[i].raw);

		assert_int_equal(h.rule, rows[i].rule);
		assert_int_equal(h.offset, rows[i].offset);
	}
}

/* ---- trailers (R5) ---- */

static void trailers_are_read_as_fields(void **state)
{
	struct h1_verdict v = h1_judge(H1_REQUEST, METHOD_OTHER,
		SLICE(REQUEST "Transfer-Encoding: chunked\r\n\r\n"
			      "3;x\r\nabc\r\n0\r\nX-Cert-Verify: SUCCESS\r\n"
			      "grpc-status:  0\r\n\r\n"),
		0, &h1_judge_limits, *state);

	assert_int_equal(v.end, H1_END_DONE);
	assert_int_equal(v.body, 3);
	assert_int_equal(v.trailers.count, 2);
	assert_slice(v.trailers.fields[0].name, "X-Cert-Verify");
	assert_slice(v.trailers.fields[1].value, "0");
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
		TEST(a_request_is_taken_apart),
		TEST(absolute_form_gives_scheme_authority_and_path),
		TEST(http_1_0_needs_no_host_and_closes),
		TEST(the_body_of_a_request_follows_its_framing),
		TEST(fields_of_this_hop_never_pass),
		TEST(what_connection_nominates_is_removed),
		TEST(nominations_of_end_to_end_fields_are_ignored),
		TEST(close_wins_over_keep_alive),
		TEST(expect_counts_only_where_content_follows),
		TEST(upgrade_is_lifted_where_connection_names_it),
		TEST(te_and_trailer_are_lifted),
		TEST(the_offset_tells_where_the_mistake_is),
		TEST(trailers_are_read_as_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
