#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/h1_parse.h"

#include "base/arena.h"
#include "fake/h1_cases.h"
#include "fake/h1_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct h1_verdict judge(
	struct slice raw, size_t piece, const struct http_limits *limits)
{
	struct arena *arena = arena_new(NULL);
	struct h1_verdict verdict;

	assert_non_null(arena);
	verdict = h1_judge(H1_REQUEST, METHOD_OTHER, raw, piece, limits, arena);
	arena_free(arena);
	return verdict;
}

static bool same(const struct h1_verdict *a, const struct h1_verdict *b)
{
	return a->end == b->end && a->rule == b->rule &&
	       a->offset == b->offset && a->len == b->len && a->body == b->body;
}

/* R8: every row of the table gets the verdict and the rule it names. */
static void every_request_gets_its_verdict(void **state)
{
	const struct h1_case *c;
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; (c = h1_case_at(i)); i++) {
		struct h1_verdict v = judge(c->raw, 0, &h1_judge_limits);
		bool good =
			c->rule ? v.end == H1_END_BAD && v.rule == c->rule
				: v.end == H1_END_DONE && v.len == c->raw.len;

		if (good)
			continue;
		print_error("%s: end %d, %s at %zu, wanted %s\n", c->name,
			v.end, http_rule_info(v.rule)->name, v.offset,
			http_rule_info(c->rule)->name);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* R8: how the bytes arrive changes nothing. */
static void pieces_of_any_size_get_the_same_verdict(void **state)
{
	static const size_t pieces[] = {1, 2, 3, 7, 8, 9, 31};
	const struct h1_case *c;

	(void)state;
	for (size_t i = 0; (c = h1_case_at(i)); i++) {
		struct h1_verdict whole = judge(c->raw, 0, &h1_judge_limits);

		for (size_t j = 0; j < sizeof(pieces) / sizeof(*pieces); j++) {
			struct h1_verdict v =
				judge(c->raw, pieces[j], &h1_judge_limits);

			if (!same(&whole, &v))
				fail_msg("%s in %zu: %s at %zu, else %s at %zu",
					c->name, pieces[j],
					http_rule_info(v.rule)->name, v.offset,
					http_rule_info(whole.rule)->name,
					whole.offset);
		}
	}
}

/* A request that is accepted is incomplete with every byte less. */
static void every_proper_prefix_is_incomplete(void **state)
{
	const struct h1_case *c;

	(void)state;
	for (size_t i = 0; (c = h1_case_at(i)); i++) {
		for (size_t n = 0; !c->rule && n < c->raw.len; n++) {
			struct h1_verdict v = judge(
				slice_head(c->raw, n), 0, &h1_judge_limits);

			if (v.end != H1_END_CUT)
				fail_msg("%s, %zu bytes: end %d %s", c->name, n,
					v.end, http_rule_info(v.rule)->name);
		}
	}
}

/* What is refused is refused whatever would follow. */
static void bytes_behind_a_mistake_change_nothing(void **state)
{
	const struct h1_case *c;

	(void)state;
	for (size_t i = 0; (c = h1_case_at(i)); i++) {
		struct h1_verdict plain = judge(c->raw, 0, &h1_judge_limits);
		struct h1_verdict more;
		char *bytes;

		if (!c->rule)
			continue;
		bytes = malloc(c->raw.len + 40);
		assert_non_null(bytes);
		memcpy(bytes, c->raw.ptr, c->raw.len);
		memset(bytes + c->raw.len, '\n', 40);
		more = judge(
			slice_of(bytes, c->raw.len + 40), 0, &h1_judge_limits);
		free(bytes);
		if (!same(&plain, &more))
			fail_msg("%s: %s at %zu", c->name,
				http_rule_info(more.rule)->name, more.offset);
	}
}

static void the_table_is_large_and_names_are_unique(void **state)
{
	const struct h1_case *a, *b;
	size_t refused = 0;
	size_t i;

	(void)state;
	for (i = 0; (a = h1_case_at(i)); i++) {
		refused += a->rule != HTTP_RULE_NONE;
		for (size_t j = 0; j < i && (b = h1_case_at(j)); j++)
			assert_string_not_equal(a->name, b->name);
	}
	assert_true(refused >= 150);
	assert_true(i - refused >= 50);
}

/* Every rule that a request's bytes can break is broken by some row. */
static void every_rule_of_syntax_has_a_row(void **state)
{
	const struct h1_case *c;
	bool seen[HTTP_RULE_COUNT] = {false};

	(void)state;
	for (size_t i = 0; (c = h1_case_at(i)); i++)
		seen[c->rule] = true;
	for (int i = HTTP_RULE_LINE_END; i <= HTTP_RULE_UPGRADE; i++) {
		if (i == HTTP_RULE_STATUS_LINE || i == HTTP_RULE_STATUS_CODE ||
			i == HTTP_RULE_ALIAS_NAME ||
			i == HTTP_RULE_PATH_AMBIGUOUS)
			continue;
		if (!seen[i])
			fail_msg("no row breaks %s",
				http_rule_info((enum http_rule)i)->name);
	}
}

/* ---- limits (R17): exact, and enforced while incomplete ---- */

static void expect(struct slice raw, const struct http_limits *limits,
	enum http_rule rule, size_t offset)
{
	for (size_t piece = 0; piece < 3; piece++) {
		struct h1_verdict v = judge(raw, piece, limits);

		if (v.rule != rule || (rule && v.offset != offset))
			fail_msg("%s at %zu, wanted %s at %zu",
				http_rule_info(v.rule)->name, v.offset,
				http_rule_info(rule)->name, offset);
	}
}

static void the_request_line_has_a_limit(void **state)
{
	struct http_limits limits = h1_judge_limits;
	const enum http_rule rule = HTTP_RULE_REQUEST_LINE_TOO_LONG;
	struct slice raw = SLICE("GET /12345 HTTP/1.1\r\nHost: a\r\n\r\n");

	(void)state;
	limits.request_line = 19;
	expect(raw, &limits, HTTP_RULE_NONE, 0);
	limits.request_line = 18;
	expect(raw, &limits, rule, 18);
	expect(slice_head(raw, 18), &limits, HTTP_RULE_NONE, 0);
	expect(slice_head(raw, 19), &limits, rule, 18);
	limits.request_line = 3;
	expect(raw, &limits, rule, 3);
	limits.request_line = 0;
	expect(raw, &limits, rule, 0);
	/* an empty line before it does not count */
	limits.request_line = 19;
	expect(SLICE("\r\nGET /12345 HTTP/1.1\r\nHost: a\r\n\r\n"), &limits,
		HTTP_RULE_NONE, 0);
}

static void the_head_has_a_limit(void **state)
{
	struct http_limits limits = h1_judge_limits;
	const enum http_rule rule = HTTP_RULE_HEADER_TOO_LARGE;
	struct slice raw = SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

	(void)state;
	limits.header_bytes = raw.len;
	expect(raw, &limits, HTTP_RULE_NONE, 0);
	for (size_t n = 1; n < raw.len; n++) {
		limits.header_bytes = n;
		expect(raw, &limits, rule, n);
		expect(slice_head(raw, n), &limits, rule, n);
		expect(slice_head(raw, n - 1), &limits, HTTP_RULE_NONE, 0);
	}
}

static void fields_are_counted(void **state)
{
	struct http_limits limits = h1_judge_limits;
	struct slice raw = SLICE("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n");

	(void)state;
	limits.header_count = 2;
	expect(raw, &limits, HTTP_RULE_NONE, 0);
	limits.header_count = 1;
	expect(raw, &limits, HTTP_RULE_HEADER_TOO_MANY, 25);
	limits.header_count = 0;
	expect(raw, &limits, HTTP_RULE_HEADER_TOO_MANY, 16);
}

static void a_trailer_section_has_its_own_limit(void **state)
{
	struct http_limits limits = h1_judge_limits;
	struct slice raw = SLICE("POST / HTTP/1.1\r\nHost: a\r\n"
				 "Transfer-Encoding: chunked\r\n\r\n"
				 "0\r\nA: b\r\nC: d\r\n\r\n");
	const size_t at = raw.len - 14;

	(void)state;
	limits.trailer_bytes = 14;
	expect(raw, &limits, HTTP_RULE_NONE, 0);
	limits.trailer_bytes = 13;
	expect(raw, &limits, HTTP_RULE_TRAILER_TOO_LARGE, at + 13);
	limits.trailer_bytes = 14;
	limits.header_count = 2;
	expect(raw, &limits, HTTP_RULE_NONE, 0);
}

static void many_fields_are_read(void **state)
{
	enum { COUNT = 1000 };
	struct http_limits limits = h1_judge_limits;
	struct arena *arena = arena_new(NULL);
	const size_t size = COUNT * 16 + 64;
	char *text = malloc(size);
	size_t len;
	struct h1_verdict v;

	(void)state;
	assert_non_null(arena);
	assert_non_null(text);
	len = (size_t)snprintf(text, size, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (int i = 0; i < COUNT; i++)
		len += (size_t)snprintf(
			text + len, size - len, "A%d: %d\r\n", i, i);
	len += (size_t)snprintf(text + len, size - len, "\r\n");
	limits.header_count = COUNT + 1;
	v = h1_judge(H1_REQUEST, METHOD_OTHER, slice_of(text, len), 0, &limits,
		arena);
	assert_int_equal(v.end, H1_END_DONE);
	assert_int_equal(v.message.fields.count, COUNT);
	assert_true(slice_eq(
		v.message.fields.fields[COUNT - 1].value, SLICE("999")));
	free(text);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_gets_its_verdict),
		cmocka_unit_test(pieces_of_any_size_get_the_same_verdict),
		cmocka_unit_test(every_proper_prefix_is_incomplete),
		cmocka_unit_test(bytes_behind_a_mistake_change_nothing),
		cmocka_unit_test(the_table_is_large_and_names_are_unique),
		cmocka_unit_test(every_rule_of_syntax_has_a_row),
		cmocka_unit_test(the_request_line_has_a_limit),
		cmocka_unit_test(the_head_has_a_limit),
		cmocka_unit_test(fields_are_counted),
		cmocka_unit_test(a_trailer_section_has_its_own_limit),
		cmocka_unit_test(many_fields_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
