#include "base/json.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"

#define TEXT(literal)                          \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

static const struct {
	struct slice in;
	const char *out;
} escapes[] = {
	{TEXT(""), ""},
	{TEXT("plain ~"), "plain ~"},
	{TEXT("a\"b\\c/"), "a\\\"b\\\\c/"},
	{TEXT("\b\f\n\r\t"), "\\b\\f\\n\\r\\t"},
	{TEXT("\0\x01\x1f\x7f"), "\\u0000\\u0001\\u001f\\u007f"},
	{TEXT("Zo\xC3\xAB"), "Zo\\u00eb"},
	{TEXT("\xE6\x97\xA5"), "\\u65e5"},
	{TEXT("\xF0\x9F\x94\x91"), "\\ud83d\\udd11"},
	{TEXT("\xF4\x8F\xBF\xBF"), "\\udbff\\udfff"},
	/* not UTF-8: each byte that begins nothing counts alone */
	{TEXT("\xFF"), "\\ufffd"},
	{TEXT("\x80"), "\\ufffd"},
	{TEXT("\xC3"), "\\ufffd"},
	{TEXT("\xC3z"), "\\ufffdz"},
	{TEXT("\xC0\x80"), "\\ufffd\\ufffd"},
	{TEXT("\xE0\x80\xAF"), "\\ufffd\\ufffd\\ufffd"},
	{TEXT("\xED\xA0\x80"), "\\ufffd\\ufffd\\ufffd"},
	{TEXT("\xF4\x90\x80\x80"), "\\ufffd\\ufffd\\ufffd\\ufffd"},
	{TEXT("\xF8\x88\x80\x80\x80"), "\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd"},
};

static void every_byte_of_a_value_is_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++) {
		char out[128];
		size_t want = strlen(escapes[i].out);
		size_t len = json_escape(out, sizeof(out), escapes[i].in);

		assert_int_equal(len, want);
		assert_memory_equal(out, escapes[i].out, want);
		assert_int_equal(json_escape(out, want, escapes[i].in), want);
		if (want)
			assert_true(json_escape(out, want - 1, escapes[i].in) ==
				    SIZE_MAX);
	}
}

static void whatever_comes_in_printable_ascii_comes_out(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char in[12], out[12 * 6];
		size_t len;

		for (size_t i = 0; i < sizeof(in); i++) {
			seed = seed * 1103515245 + 12345;
			in[i] = (char)(seed >> 16);
		}
		len = json_escape(out, sizeof(out), slice_of(in, sizeof(in)));
		assert_true(len <= sizeof(out));
		for (size_t i = 0; i < len; i++) {
			assert_in_range(out[i], 0x20, 0x7E);
			if (out[i] == '\\')
				i++;
			else
				assert_int_not_equal(out[i], '"');
		}
	}
}

static void expect(struct buf *out, const char *text)
{
	struct slice got = buf_bytes(out);

	assert_int_equal(got.len, strlen(text));
	assert_memory_equal(got.ptr, text, got.len);
	buf_fini(out);
}

static void commas_stand_between_values_and_nowhere_else(void **state)
{
	struct buf out = {0};
	struct json json;

	(void)state;
	json_init(&json, &out);
	json_object(&json);
	json_key_str(&json, "a\"", SLICE("x\ny"));
	json_key_u64(&json, "max", UINT64_MAX);
	json_key(&json, "list");
	json_array(&json);
	json_i64(&json, INT64_MIN);
	json_bool(&json, true);
	json_array(&json);
	json_end(&json);
	json_object(&json);
	json_key(&json, "n");
	json_null(&json);
	json_end(&json);
	json_end(&json);
	json_key(&json, "last");
	json_bool(&json, false);
	json_end(&json);
	assert_true(json_ok(&json));
	expect(&out, "{\"a\\\"\":\"x\\ny\",\"max\":18446744073709551615,"
		     "\"list\":[-9223372036854775808,true,[],{\"n\":null}],"
		     "\"last\":false}");
}

static void a_document_that_is_not_closed_is_not_ok(void **state)
{
	struct buf out = {0};
	struct json json;

	(void)state;
	json_init(&json, &out);
	json_object(&json);
	assert_false(json_ok(&json));
	json_key(&json, "a");
	json_end(&json);
	assert_false(json_ok(&json));
	buf_fini(&out);

	json_init(&json, &out);
	json_end(&json);
	assert_false(json_ok(&json));
	buf_fini(&out);
}

static void the_depth_has_an_end(void **state)
{
	struct buf out = {0};
	struct json json;

	(void)state;
	json_init(&json, &out);
	for (int i = 0; i < JSON_DEPTH; i++)
		json_array(&json);
	for (int i = 0; i < JSON_DEPTH; i++)
		json_end(&json);
	assert_true(json_ok(&json));
	assert_int_equal(buf_bytes(&out).len, 2 * JSON_DEPTH);
	for (int i = 0; i <= JSON_DEPTH; i++)
		json_array(&json);
	assert_true(json.failed);
	assert_false(json_ok(&json));
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_of_a_value_is_escaped),
		cmocka_unit_test(whatever_comes_in_printable_ascii_comes_out),
		cmocka_unit_test(commas_stand_between_values_and_nowhere_else),
		cmocka_unit_test(a_document_that_is_not_closed_is_not_ok),
		cmocka_unit_test(the_depth_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
