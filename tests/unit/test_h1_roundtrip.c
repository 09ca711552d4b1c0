/* h1_write and h1_parse against each other, with generated heads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/h1_write.h"

#include "base/arena.h"
#include "fake/h1_judge.h"

#include <stdlib.h>
#include <string.h>

static struct slice write_head(struct arena *arena, const struct message *m,
	const struct h1_write *how)
{
	size_t size = h1_head_size(m);
	char *out = arena_alloc(arena, size);
	const char *bad;
	size_t len;

	assert_non_null(out);
	len = h1_write_head(m, how, out, size, &bad);
	assert_null(bad);
	assert_int_not_equal(len, 0);
	return slice_of(out, len);
}

static uint32_t dice(uint32_t *seed, uint32_t sides)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % sides;
}

static struct slice random_text(struct arena *arena, uint32_t *seed,
	const char *set, size_t set_len, size_t least, size_t most)
{
	size_t len = least + dice(seed, (uint32_t)(most - least + 1));
	char *text = arena_alloc(arena, len + 1);

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = set[dice(seed, (uint32_t)set_len)];
	return slice_of(text, len);
}

#define TEXT(set, least, most) \
	random_text(arena, seed, (set), sizeof(set) - 1, (least), (most))

static struct slice random_value(struct arena *arena, uint32_t *seed)
{
	return slice_trim(
		TEXT("abcXYZ019 \t\"(),/:;<=>?@[]{}\x80\xff~!", 0, 40));
}

static void random_fields(
	struct message *m, struct arena *arena, uint32_t *seed)
{
	for (uint32_t n = dice(seed, 30); n; n--) {
		struct slice name = TEXT("abcdefghXYZ-019_!~", 1, 20);

		assert_true(header_add(
			&m->fields, arena, name, random_value(arena, seed)));
	}
}

static struct message random_request(struct arena *arena, uint32_t *seed)
{
	struct slice tail = TEXT("aZ09-._~!$&'()*+,;=:@/", 0, 60);
	char *path = arena_alloc(arena, tail.len + 1);
	struct message m = {.kind = MESSAGE_REQUEST, .stated_len = -1};

	assert_non_null(path);
	path[0] = '/';
	memcpy(path + 1, tail.ptr, tail.len);
	m.path = slice_of(path, tail.len + 1);
	m.method_text = TEXT("ABCxyz-!09", 1, 32);
	m.method = method_of(m.method_text);
	m.authority = TEXT("abcXYZ09-_", 1, 30);
	m.wants_trailers = dice(seed, 2);
	if (dice(seed, 2))
		m.upgrade = TEXT("abc9", 1, 8);
	random_fields(&m, arena, seed);
	return m;
}

static struct message random_response(struct arena *arena, uint32_t *seed)
{
	struct message m = {.kind = MESSAGE_RESPONSE,
		.status = 200 + dice(seed, 4) * 100,
		.stated_len = -1};

	m.reason = TEXT("abc XYZ\xc3\t", 0, 30);
	random_fields(&m, arena, seed);
	return m;
}

static void assert_same_fields(
	const struct header_block *a, const struct header_block *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		assert_true(slice_eq(a->fields[i].name, b->fields[i].name));
		assert_true(slice_eq(a->fields[i].value, b->fields[i].value));
	}
}

static void assert_same(const struct message *a, const struct message *b)
{
	assert_int_equal(b->version, MESSAGE_HTTP_1_1);
	assert_int_equal(a->method, b->method);
	assert_true(slice_eq(a->method_text, b->method_text));
	assert_true(slice_eq(a->path, b->path));
	assert_true(slice_eq(a->authority, b->authority));
	assert_true(slice_eq(a->upgrade, b->upgrade));
	assert_int_equal(a->wants_trailers, b->wants_trailers);
	assert_int_equal(a->expect_continue, b->expect_continue);
	assert_int_equal(a->status, b->status);
	assert_true(slice_eq(a->reason, b->reason));
	assert_same_fields(&a->fields, &b->fields);
}

static void what_is_written_is_read_back(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		struct arena *arena = arena_new(NULL);
		bool ask = dice(&seed, 2);
		struct message m = ask ? random_request(arena, &seed)
				       : random_response(arena, &seed);
		struct h1_write how = {
			.framing = dice(&seed, 3), .close = dice(&seed, 2)};
		struct slice raw;
		struct h1_verdict v;

		m.body_len = 0;
		if (ask && how.framing == H1_FRAME_CHUNKED)
			m.expect_continue = dice(&seed, 2);
		raw = write_head(arena, &m, &how);
		v = h1_judge(ask ? H1_REQUEST : H1_RESPONSE, METHOD_GET, raw,
			dice(&seed, 5), &h1_judge_limits, arena);
		if (v.rule)
			fail_msg("%s at %zu: %.*s",
				http_rule_info(v.rule)->name, v.offset,
				SLICE_FMT(raw));
		assert_true(v.head_done);
		assert_same(&m, &v.message);
		assert_int_equal(v.close,
			how.close || (!ask && how.framing == H1_FRAME_NONE));
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
