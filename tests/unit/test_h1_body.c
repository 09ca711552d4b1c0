#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/h1_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 4096 };

struct result {
	enum h1_body_status status;
	enum http_rule rule;
	char data[ROOM];
	size_t len;
	size_t used; /* bytes of the input */
};

/* Reads all of `input`, shown in pieces (0: at once). */
static void run(struct h1_body *body, struct slice input, size_t piece,
	struct result *r)
{
	const uint64_t total = body->total;
	size_t at = 0;

	r->len = 0;
	do {
		struct slice shown = slice_from(input, at);
		size_t before;
		struct slice data;

		if (piece)
			shown = slice_head(shown, piece);
		before = shown.len;
		r->status = h1_body_read(body, &shown, &data);
		at += before - shown.len;
		if (r->status != H1_BODY_DATA) {
			assert_int_equal(data.len, 0);
			continue;
		}
		assert_true(data.len > 0);
		assert_true(r->len + data.len <= ROOM);
		memcpy(r->data + r->len, data.ptr, data.len);
		r->len += data.len;
	} while (r->status == H1_BODY_DATA ||
		 (r->status == H1_BODY_MORE && at < input.len));
	r->used = at;
	r->rule = body->rule;
	assert_int_equal(body->total - total, r->len);
}

static void assert_data(const struct result *r, const char *expected)
{
	assert_int_equal(r->len, strlen(expected));
	assert_memory_equal(r->data, expected, r->len);
}

static void nothing_is_read_where_there_is_no_body(void **state)
{
	struct h1_body body;
	struct result r;

	(void)state;
	h1_body_init(&body, H1_BODY_NONE, 0, 0);
	run(&body, SLICE("GET / HTTP/1.1"), 0, &r);
	assert_int_equal(r.status, H1_BODY_END);
	assert_int_equal(r.used, 0);
	h1_body_init(&body, H1_BODY_LENGTH, 0, 0);
	run(&body, SLICE("GET / HTTP/1.1"), 0, &r);
	assert_int_equal(r.status, H1_BODY_END);
	assert_int_equal(r.used, 0);
}

static void a_length_is_taken_exactly(void **state)
{
	struct h1_body body;
	struct result r;

	(void)state;
	for (size_t piece = 0; piece < 8; piece++) {
		h1_body_init(&body, H1_BODY_LENGTH, 5, 5);
		run(&body, SLICE("helloGET"), piece, &r);
		assert_int_equal(r.status, H1_BODY_END);
		assert_data(&r, "hello");
		assert_int_equal(r.used, 5);
		h1_body_init(&body, H1_BODY_LENGTH, 6, 9);
		run(&body, SLICE("hello"), piece, &r);
		assert_int_equal(r.status, H1_BODY_MORE);
		assert_false(h1_body_may_end(&body));
	}
}

static void only_a_body_without_length_may_end_by_close(void **state)
{
	struct h1_body body;
	struct result r;

	(void)state;
	h1_body_init(&body, H1_BODY_CLOSE, 0, 100);
	run(&body, SLICE("0\r\n\r\n"), 2, &r);
	assert_int_equal(r.status, H1_BODY_MORE);
	assert_data(&r, "0\r\n\r\n");
	assert_true(h1_body_may_end(&body));
	h1_body_init(&body, H1_BODY_CHUNKED, 0, 100);
	run(&body, SLICE("1\r\na\r\n"), 0, &r);
	assert_int_equal(r.status, H1_BODY_MORE);
	assert_false(h1_body_may_end(&body));
}

/*
 * R17: a length known ahead is refused before a byte of it is handed out; one
 * that is not, at the first byte too many, in whatever pieces it comes.
 */
static void more_than_the_limit_is_refused(void **state)
{
	static const struct {
		enum h1_body_kind kind;
		uint64_t length;
		const char *raw;
		size_t before; /* data handed out ahead */
	} rows[] = {
		{H1_BODY_LENGTH, 5, "", 0},
		{H1_BODY_LENGTH, UINT64_MAX, "hello", 0},
		{H1_BODY_CHUNKED, 0, "5\r\n", 0},
		{H1_BODY_CHUNKED, 0, "2\r\nab\r\n3\r\n", 2},
		{H1_BODY_CHUNKED, 0, "7fffffffffffffff\r\n", 0},
		{H1_BODY_CHUNKED, 0, "4\r\nabcd\r\n7fffffffffffffff\r\n", 4},
		{H1_BODY_CLOSE, 0, "hello", 4},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct h1_body body;
		struct result r;

		h1_body_init(&body, rows[i].kind, rows[i].length, 4);
		run(&body, slice_str(rows[i].raw), 0, &r);
		assert_int_equal(r.status, H1_BODY_BAD);
		assert_int_equal(r.rule, HTTP_RULE_BODY_TOO_LARGE);
		assert_int_equal(r.len, rows[i].before);
		/* and stays refused */
		run(&body, SLICE("x"), 0, &r);
		assert_int_equal(r.status, H1_BODY_BAD);
		assert_false(h1_body_may_end(&body));
	}
}

static void chunks_are_joined_and_the_rest_is_left(void **state)
{
	static const struct {
		const char *raw, *data, *rest;
	} rows[] = {
		{"0\r\n\r\n", "", "\r\n"},
		{"5\r\nhello\r\n0\r\n\r\n", "hello", "\r\n"},
		{"2\r\nhe\r\n003\r\nllo\r\n000\r\nA: b\r\n\r\n", "hello",
			"A: b\r\n\r\n"},
		{"a\r\n0123456789\r\nB\r\n0123456789A\r\n0\r\n",
			"01234567890123456789A", ""},
		{"5;a;b=c;d=\"e;\\\"\t \x80\"\r\nhello\r\n0;x=\"\"\r\n",
			"hello", ""},
		{"5\r\n\r\n0\r\n\r\n0\r\n\r\n", "\r\n0\r\n", "\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slice raw = slice_str(rows[i].raw);

		for (size_t piece = 0; piece < 9; piece++) {
			struct h1_body body;
			struct result r;

			h1_body_init(&body, H1_BODY_CHUNKED, 0, UINT64_MAX);
			run(&body, raw, piece, &r);
			assert_int_equal(r.status, H1_BODY_TRAILERS);
			assert_data(&r, rows[i].data);
			assert_true(slice_eq(slice_from(raw, r.used),
				slice_str(rows[i].rest)));
		}
	}
}

/* R8; more rows stand in h1_cases_body.c */
static void bad_chunks_are_refused_by_name(void **state)
{
	static const struct {
		const char *raw;
		enum http_rule rule;
	} rows[] = {
		{"g", HTTP_RULE_CHUNK_SIZE},
		{"\r", HTTP_RULE_CHUNK_SIZE},
		{"1 ", HTTP_RULE_CHUNK_SIZE},
		{"0x", HTTP_RULE_CHUNK_SIZE},
		{"8000000000000000", HTTP_RULE_CHUNK_SIZE},
		{"00000000000000001", HTTP_RULE_CHUNK_SIZE},
		{"1\n", HTTP_RULE_CHUNK_END},
		{"1\ra", HTTP_RULE_CHUNK_END},
		{"1\r\na\n", HTTP_RULE_CHUNK_END},
		{"1\r\nab", HTTP_RULE_CHUNK_END},
		{"1\r\na\ra", HTTP_RULE_CHUNK_END},
		{"1;a\n", HTTP_RULE_CHUNK_END},
		{"1;a=b\n", HTTP_RULE_CHUNK_END},
		{"1;a=\"b\"\n", HTTP_RULE_CHUNK_END},
		{"1;\n", HTTP_RULE_CHUNK_EXTENSION},
		{"1;;", HTTP_RULE_CHUNK_EXTENSION},
		{"1;a=;", HTTP_RULE_CHUNK_EXTENSION},
		{"1;a==", HTTP_RULE_CHUNK_EXTENSION},
		{"1;a=b=", HTTP_RULE_CHUNK_EXTENSION},
		{"1;a=b\"", HTTP_RULE_CHUNK_EXTENSION},
		{"1;a=\"\n", HTTP_RULE_CHUNK_EXTENSION},
		{"1;a=\"\\\n", HTTP_RULE_CHUNK_EXTENSION},
		{"1;a=\"\x7f", HTTP_RULE_CHUNK_EXTENSION},
		{"1;a=\"b\"c", HTTP_RULE_CHUNK_EXTENSION},
		{"1; ", HTTP_RULE_CHUNK_EXTENSION},
		{"1;a ", HTTP_RULE_CHUNK_EXTENSION},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct h1_body body;
		struct result r;

		h1_body_init(&body, H1_BODY_CHUNKED, 0, UINT64_MAX);
		run(&body, slice_str(rows[i].raw), 1, &r);
		if (r.status != H1_BODY_BAD || r.rule != rows[i].rule)
			fail_msg("%s: %s", rows[i].raw,
				http_rule_info(r.rule)->name);
		assert_int_equal(r.used, strlen(rows[i].raw));
	}
}

static void the_largest_size_is_below_two_to_the_63(void **state)
{
	struct h1_body body;
	struct result r;

	(void)state;
	h1_body_init(&body, H1_BODY_CHUNKED, 0, UINT64_MAX);
	run(&body, SLICE("7fffffffffffffff\r\nab"), 0, &r);
	assert_int_equal(r.status, H1_BODY_MORE);
	assert_data(&r, "ab");
	assert_int_equal(body.left, INT64_MAX - 2);
}

/* R17 */
static void a_size_line_has_a_limit(void **state)
{
	char line[H1_CHUNK_LINE + 8];

	(void)state;
	for (int more = 0; more < 2; more++) {
		struct h1_body body;
		struct result r;
		size_t len = H1_CHUNK_LINE - 1 + (size_t)more;

		memset(line, 'a', sizeof(line));
		memcpy(line, "1;", 2);
		memcpy(line + len, "\r\nx", 3);
		h1_body_init(&body, H1_BODY_CHUNKED, 0, UINT64_MAX);
		run(&body, slice_of(line, len + 3), 0, &r);
		assert_int_equal(r.status, more ? H1_BODY_BAD : H1_BODY_MORE);
		assert_int_equal(r.rule,
			more ? HTTP_RULE_CHUNK_EXTENSION : HTTP_RULE_NONE);
	}
}

/* Chunks of `size` bytes until one is refused; at most `most`. */
static unsigned chunks_that_pass(const char *chunk, unsigned most)
{
	struct h1_body body;

	h1_body_init(&body, H1_BODY_CHUNKED, 0, UINT64_MAX);
	for (unsigned i = 0; i < most; i++) {
		struct slice input = slice_str(chunk);
		enum h1_body_status status;
		struct slice data;

		do
			status = h1_body_read(&body, &input, &data);
		while (status == H1_BODY_DATA);
		if (status == H1_BODY_BAD) {
			assert_int_equal(body.rule, HTTP_RULE_CHUNKS_TOO_MANY);
			return i;
		}
	}
	return most;
}

/* R17 */
static void too_many_tiny_chunks_are_refused(void **state)
{
	(void)state;
	assert_in_range(chunks_that_pass("1\r\na\r\n", 20000), 16380, 16384);
	assert_int_equal(chunks_that_pass("2\r\nab\r\n", 200000), 200000);
	/* extensions count, too */
	assert_in_range(
		chunks_that_pass("2;aaaaaaaaaaaa\r\nab\r\n", 20000), 1, 2500);
	assert_int_equal(
		chunks_that_pass("8;aaaaaaaaaaaa\r\nabcdefgh\r\n", 200000),
		200000);
}

static void a_chunk_head_is_read_back(void **state)
{
	static const size_t lengths[] = {
		1, 9, 10, 15, 16, 255, 256, 65536, 0xabcdef, SIZE_MAX >> 1};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		char out[H1_CHUNK_HEAD];
		size_t len = h1_chunk_head(out, lengths[i]);
		struct h1_body body;
		struct result r;

		assert_true(len <= sizeof(out));
		h1_body_init(&body, H1_BODY_CHUNKED, 0, UINT64_MAX);
		run(&body, slice_of(out, len), 0, &r);
		assert_int_equal(r.status, H1_BODY_MORE);
		assert_int_equal(body.left, lengths[i]);
	}
	{
		char out[H1_CHUNK_HEAD];

		assert_int_equal(h1_chunk_head(out, 0x1a2b), 6);
		assert_memory_equal(out, "1a2b\r\n", 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_read_where_there_is_no_body),
		cmocka_unit_test(a_length_is_taken_exactly),
		cmocka_unit_test(only_a_body_without_length_may_end_by_close),
		cmocka_unit_test(more_than_the_limit_is_refused),
		cmocka_unit_test(chunks_are_joined_and_the_rest_is_left),
		cmocka_unit_test(bad_chunks_are_refused_by_name),
		cmocka_unit_test(the_largest_size_is_below_two_to_the_63),
		cmocka_unit_test(a_size_line_has_a_limit),
		cmocka_unit_test(too_many_tiny_chunks_are_refused),
		cmocka_unit_test(a_chunk_head_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
