#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/h1_write.h"

#include "base/arena.h"
#include "fake/h1_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static const struct h1_write plain = {.framing = H1_FRAME_NONE};

static struct message get(void)
{
	return (struct message){.kind = MESSAGE_REQUEST,
		.version = MESSAGE_HTTP_1_0,
		.method = METHOD_GET,
		.method_text = SLICE("GET"),
		.authority = SLICE("a.b:8"),
		.path = SLICE("/p?q"),
		.stated_len = -1};
}

static struct message answer(unsigned status)
{
	return (struct message){.kind = MESSAGE_RESPONSE,
		.status = status,
		.reason = SLICE("OK"),
		.stated_len = -1};
}

/* Writes into a block of exactly h1_head_size bytes. */
static struct slice write_head(struct arena *arena, const struct message *m,
	const struct h1_write *how, const char **bad)
{
	size_t size = h1_head_size(m);
	char *out = malloc(size);
	struct slice copy;
	size_t len;

	assert_non_null(out);
	len = h1_write_head(m, how, out, size, bad);
	assert_true(len <= size);
	assert_true(arena_dup(arena, slice_of(out, len), &copy));
	free(out);
	return copy;
}

static void assert_written(struct arena *arena, const struct message *m,
	const struct h1_write *how, const char *expected)
{
	const char *bad;
	struct slice s = write_head(arena, m, how, &bad);

	assert_null(bad);
	if (!slice_eq(s, slice_str(expected)))
		fail_msg("\"%.*s\" is not \"%s\"", SLICE_FMT(s), expected);
}

static void add(struct header_block *block, struct arena *arena,
	struct slice name, struct slice value)
{
	assert_true(header_add(block, arena, name, value));
}

/* R9: always HTTP/1.1, Host first, end-to-end fields in order. */
static void a_request_is_written_anew(void **state)
{
	struct message m = get();

	add(&m.fields, *state, SLICE("X-One"), SLICE("1"));
	add(&m.fields, *state, SLICE("Longer-Name-Here"),
		SLICE("a value \t\xc3\xbc of more than eight"));
	assert_written(*state, &m, &plain,
		"GET /p?q HTTP/1.1\r\nHost: a.b:8\r\nX-One: 1\r\n"
		"Longer-Name-Here: a value \t\xc3\xbc of more than eight\r\n"
		"\r\n");
}

static void an_asterisk_is_written_for_options(void **state)
{
	struct message m = get();

	m.method = METHOD_OPTIONS;
	m.method_text = SLICE("OPTIONS");
	m.path = SLICE("*");
	assert_written(*state, &m, &plain,
		"OPTIONS * HTTP/1.1\r\nHost: a.b:8\r\n\r\n");
}

static void a_response_is_written_anew(void **state)
{
	struct message m = answer(200);

	assert_written(*state, &m, &plain, "HTTP/1.1 200 OK\r\n\r\n");
	m.reason = SLICE("");
	add(&m.fields, *state, SLICE("Empty"), SLICE(""));
	assert_written(*state, &m, &plain, "HTTP/1.1 200 \r\nEmpty: \r\n\r\n");
}

/* R3, R4: the lent block is always written, behind all other fields, and
 * nothing of the message can take it away. */
static void the_lent_block_is_written_last_and_always(void **state)
{
	struct header_block lent = {0};
	struct message m = get();
	const char *expected = "GET /p?q HTTP/1.1\r\nHost: a.b:8\r\n"
			       "X-Cert-Verify: lie\r\nX-CERT-VERIFY: NONE\r\n"
			       "\r\n";

	add(&m.fields, *state, SLICE("X-Cert-Verify"), SLICE("lie"));
	add(&lent, *state, SLICE("X-CERT-VERIFY"), SLICE("NONE"));
	m.lent = &lent;
	assert_written(*state, &m, &plain, expected);
	lent.wire = SLICE("X-CERT-VERIFY: NONE\r\n");
	assert_written(*state, &m, &plain, expected);
}

static void a_nomination_cannot_reach_the_lent_block(void **state)
{
	struct h1_verdict v = h1_judge(H1_REQUEST, METHOD_OTHER,
		SLICE("GET / HTTP/1.1\r\nHost: a\r\nX-CERT-VERIFY: lie\r\n"
		      "Connection: X-CERT-VERIFY\r\n\r\n"),
		0, &h1_judge_limits, *state);
	struct header_block lent = {0};

	add(&lent, *state, SLICE("X-CERT-VERIFY"), SLICE("NONE"));
	v.message.lent = &lent;
	assert_written(*state, &v.message, &plain,
		"GET / HTTP/1.1\r\nHost: a\r\nX-CERT-VERIFY: NONE\r\n\r\n");
}

static void framing_is_written_as_it_is_told(void **state)
{
	struct message m = get();
	struct h1_write how = {.framing = H1_FRAME_LENGTH};

	m.body_len = UINT64_MAX >> 1;
	m.expect_continue = true;
	m.trailer_names = SLICE("X");
	assert_written(*state, &m, &how,
		"GET /p?q HTTP/1.1\r\nHost: a.b:8\r\n"
		"Content-Length: 9223372036854775807\r\n"
		"Expect: 100-continue\r\n\r\n");
	how.framing = H1_FRAME_CHUNKED;
	assert_written(*state, &m, &how,
		"GET /p?q HTTP/1.1\r\nHost: a.b:8\r\n"
		"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n"
		"Trailer: X\r\n\r\n");
	how.framing = H1_FRAME_NONE;
	assert_written(
		*state, &m, &how, "GET /p?q HTTP/1.1\r\nHost: a.b:8\r\n\r\n");
	m = answer(200);
	how.framing = H1_FRAME_CLOSE;
	how.close = true;
	assert_written(*state, &m, &how,
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	how.framing = H1_FRAME_LENGTH;
	how.close = false;
	assert_written(*state, &m, &how,
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

static void a_stated_length_is_passed_on_where_it_may_stand(void **state)
{
	struct message m = answer(304);

	m.stated_len = 7;
	assert_written(*state, &m, &plain,
		"HTTP/1.1 304 OK\r\nContent-Length: 7\r\n\r\n");
	m.status = 204;
	assert_written(*state, &m, &plain, "HTTP/1.1 204 OK\r\n\r\n");
	m.status = 100;
	assert_written(*state, &m, &plain, "HTTP/1.1 100 OK\r\n\r\n");
}

static void connection_names_what_stands_there(void **state)
{
	static const struct {
		bool close, keep_alive, te, upgrade;
		const char *expected;
	} rows[] = {
		{1, 0, 0, 0, "Connection: close\r\n"},
		{0, 1, 0, 0, "Connection: keep-alive\r\n"},
		{0, 0, 1, 0, "Connection: TE\r\nTE: trailers\r\n"},
		{0, 0, 0, 1, "Connection: Upgrade\r\nUpgrade: websocket\r\n"},
		{1, 0, 1, 1,
			"Connection: close, TE, Upgrade\r\nTE: trailers\r\n"
			"Upgrade: websocket\r\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct message m = get();
		struct h1_write how = {.close = rows[i].close,
			.keep_alive = rows[i].keep_alive};
		char expected[256];

		m.wants_trailers = rows[i].te;
		if (rows[i].upgrade)
			m.upgrade = SLICE("websocket");
		snprintf(expected, sizeof(expected),
			"GET /p?q HTTP/1.1\r\nHost: a.b:8\r\n%s\r\n",
			rows[i].expected);
		assert_written(*state, &m, &how, expected);
	}
}

/* ---- what may not be written (R6, R9) ---- */

static void assert_refused(
	struct arena *arena, const struct message *m, const char *part)
{
	const char *bad;
	struct slice s = write_head(arena, m, &plain, &bad);

	assert_int_equal(s.len, 0);
	assert_non_null(bad);
	assert_string_equal(bad, part);
}

static void bad_start_lines_are_not_written(void **state)
{
	struct message m = get();

	m.method_text = SLICE("GET /x HTTP/1.1\r\nA");
	assert_refused(*state, &m, "method");
	m.method_text = SLICE("");
	assert_refused(*state, &m, "method");
	m = get();
	m.path = SLICE("/ HTTP/1.1\r\nX: y");
	assert_refused(*state, &m, "target");
	m.path = SLICE("");
	assert_refused(*state, &m, "target");
	m.path = SLICE("*");
	assert_refused(*state, &m, "target");
	m.path = SLICE("http://a/");
	assert_refused(*state, &m, "target");
	m = get();
	m.authority = SLICE("");
	assert_refused(*state, &m, "authority");
	m.authority = SLICE("a\r\nX: y");
	assert_refused(*state, &m, "authority");
	m = answer(99);
	assert_refused(*state, &m, "status");
	m.status = 600;
	assert_refused(*state, &m, "status");
	m = answer(200);
	m.reason = SLICE("OK\r\nX: y");
	assert_refused(*state, &m, "reason");
}

/* Any control byte at any place of a value, any odd byte in a name. */
static void bad_fields_are_not_written(void **state)
{
	for (int c = 0; c < 256; c++) {
		for (size_t at = 0; at < 19; at++) {
			struct message m = get();
			char text[] = "abcdefgh-abcdefghij";
			struct slice s = slice_of(text, sizeof(text) - 1);
			struct header_field field = {SLICE("X"), s};
			const char *bad;
			struct slice out;
			struct arena *arena = arena_new(NULL);

			assert_non_null(arena);
			text[at] = (char)c;
			m.fields.fields = &field;
			m.fields.count = 1;
			out = write_head(arena, &m, &plain, &bad);
			assert_int_equal(out.len != 0, header_value_valid(s));
			field = (struct header_field){s, SLICE("x")};
			out = write_head(arena, &m, &plain, &bad);
			assert_int_equal(out.len != 0, header_name_valid(s));
			arena_free(arena);
		}
	}
	(void)state;
}

/* R9: framing is the codec's own; a field of that name would double it. */
static void fields_of_one_hop_are_not_written(void **state)
{
	static const char *const names[] = {"Host", "content-length",
		"TRANSFER-ENCODING", "Connection", "Expect", "TE", "Trailer",
		"Upgrade", "Keep-Alive", "Proxy-Connection", "HTTP2-Settings",
		"Proxy-Authorization"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct header_field field = {slice_str(names[i]), SLICE("1")};
		struct header_block lent = {.fields = &field, .count = 1};
		struct message m = get();

		m.fields = lent;
		assert_refused(*state, &m, "field of one hop");
		m = get();
		m.lent = &lent;
		assert_refused(*state, &m, "field of one hop");
		m = answer(200);
		m.fields = lent;
		assert_refused(*state, &m, "field of one hop");
	}
}

static void lists_cannot_break_a_line(void **state)
{
	struct h1_write how = {.framing = H1_FRAME_CHUNKED};
	struct message m = get();
	const char *bad;

	m.trailer_names = SLICE("X\r\nY: z");
	assert_int_equal(write_head(*state, &m, &how, &bad).len, 0);
	assert_non_null(bad);
	m = get();
	m.upgrade = SLICE("x\ny");
	assert_int_equal(write_head(*state, &m, &how, &bad).len, 0);
	assert_non_null(bad);
}

static void too_little_room_is_told_apart_from_a_bad_part(void **state)
{
	struct message m = get();
	size_t size = h1_head_size(&m);
	const char *bad = "x";
	char *out = malloc(size);

	(void)state;
	assert_non_null(out);
	assert_int_equal(h1_write_head(&m, &plain, out, size - 1, &bad), 0);
	assert_null(bad);
	assert_int_not_equal(h1_write_head(&m, &plain, out, size, &bad), 0);
	free(out);
}

/* ---- the last chunk ---- */

static size_t last_chunk(
	const struct header_block *trailers, char *out, size_t size)
{
	size_t need = h1_last_chunk_size(trailers);

	assert_true(need <= size);
	assert_int_equal(h1_write_last_chunk(trailers, out, need - 1), 0);
	return h1_write_last_chunk(trailers, out, need);
}

static void the_last_chunk_carries_the_trailers(void **state)
{
	struct header_block block = {0};
	char out[256];

	assert_int_equal(last_chunk(NULL, out, sizeof(out)), 5);
	assert_memory_equal(out, "0\r\n\r\n", 5);
	assert_int_equal(last_chunk(&block, out, sizeof(out)), 5);
	add(&block, *state, SLICE("X"), SLICE("y"));
	assert_int_equal(last_chunk(&block, out, sizeof(out)), 11);
	assert_memory_equal(out, "0\r\nX: y\r\n\r\n", 11);
}

/* R5 */
static void bad_trailers_are_not_written(void **state)
{
	static const struct header_field rows[] = {
		{{"Content-Length", 14}, {"5", 1}},
		{{"Host", 4}, {"a", 1}},
		{{"Transfer-Encoding", 17}, {"chunked", 7}},
		{{"Authorization", 13}, {"x", 1}},
		{{"X Y", 3}, {"x", 1}},
		{{"", 0}, {"x", 1}},
		{{"X", 1}, {"a\r\nb: c", 7}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct header_field field = rows[i];
		struct header_block block = {.fields = &field, .count = 1};
		char out[256];

		assert_int_equal(last_chunk(&block, out, sizeof(out)), 0);
	}
}

#define TEST(test) \
	cmocka_unit_test_setup_teardown(test, with_arena, without_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_written_anew),
		TEST(an_asterisk_is_written_for_options),
		TEST(a_response_is_written_anew),
		TEST(the_lent_block_is_written_last_and_always),
		TEST(a_nomination_cannot_reach_the_lent_block),
		TEST(framing_is_written_as_it_is_told),
		TEST(a_stated_length_is_passed_on_where_it_may_stand),
		TEST(connection_names_what_stands_there),
		TEST(bad_start_lines_are_not_written),
		TEST(bad_fields_are_not_written),
		TEST(fields_of_one_hop_are_not_written),
		TEST(lists_cannot_break_a_line),
		TEST(too_little_room_is_told_apart_from_a_bad_part),
		TEST(the_last_chunk_carries_the_trailers),
		TEST(bad_trailers_are_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
