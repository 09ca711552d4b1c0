#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/target.h"

static void authorities_are_a_host_and_perhaps_a_port(void **state)
{
	static const char *const good[] = {"a", "a.b", "a.b.", "A-1_x.example",
		"127.0.0.1", "a:1", "a:65535", "[::]", "[::1]:443",
		"[2001:db8:0:0:0:0:0:1]", "xn--bcher-kva.example", "1.2.3.4:5"};
	static const char *const bad[] = {"", ":", ":80", "a:", "a:0", "a:080",
		"a:65536", "a:99999", "a:123456", "a:+1", "a:1x", "a:1:2", ".",
		"..", ".a", "a..b", "a..", "a@b", "a b", " a", "a ", "a/b",
		"a?b", "a#b", "a%41", "a!b", "a,b", "a\xc3\xa4", "[", "[]",
		"[::1", "::1", "[::1]]", "[::1]x", "[::1]:", "[::1]:0",
		"[1.2.3.4]", "[v1.x]", "[fe80::1%eth0]", "[::1::2]",
		"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0]",
		"a\nb", "a\tb", "~a", "a[::1]"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(target_authority_valid(slice_str(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (target_authority_valid(slice_str(bad[i])))
			fail_msg("accepted: %s", bad[i]);
	}
	assert_false(target_authority_valid(SLICE("a\0")));
	assert_false(target_authority_valid(SLICE("[::1\0]")));
}

static void authorities_agree_without_case_and_with_default_ports(void **state)
{
	static const struct {
		const char *a, *b, *scheme;
		bool agree;
	} rows[] = {
		{"a", "A", "http", true},
		{"a:80", "a", "http", true},
		{"a", "a:443", "https", true},
		{"a", "a:443", "HTTPS", true},
		{"a:443", "a", "http", false},
		{"a:80", "a", "https", false},
		{"a:1", "a:2", "http", false},
		{"a", "b", "http", false},
		{"a.", "a", "http", false},
		{"[::1]:80", "[::1]", "http", true},
		{"[::1]", "[::2]", "http", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slice a = slice_str(rows[i].a);
		struct slice b = slice_str(rows[i].b);
		struct slice scheme = slice_str(rows[i].scheme);

		assert_int_equal(
			target_authority_agrees(a, b, scheme), rows[i].agree);
		assert_int_equal(
			target_authority_agrees(b, a, scheme), rows[i].agree);
	}
}

static void the_host_stands_without_its_port(void **state)
{
	(void)state;
	assert_true(slice_eq(target_host(SLICE("a.b:80")), SLICE("a.b")));
	assert_true(slice_eq(target_host(SLICE("a.b")), SLICE("a.b")));
	assert_true(slice_eq(target_host(SLICE("[::1]:80")), SLICE("[::1]")));
}

static void a_bad_byte_of_a_path_is_found_where_it_stands(void **state)
{
	static const struct {
		const char *path;
		size_t at;
	} rows[] = {
		{"/", 1},
		{"/a/b;c=d,e", 10},
		{"a", 0},
		{"?a", 0},
		{"*", 0},
		{"/a b", 2},
		{"/a#", 2},
		{"/%41%zz", 4},
		{"/%4", 1},
		{"/[", 1},
		{"/?[", 3},
		{"/?a?b", 5},
		{"/?a%2", 3},
		{"/\x80", 1},
		{"/?\x7f", 2},
		{"/aaaaaaaaaa{", 11},
		{"/?a^", 3},
	};

	(void)state;
	assert_int_equal(target_path_span(SLICE("")), 0);
	assert_false(target_path_valid(SLICE("")));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slice path = slice_str(rows[i].path);

		assert_int_equal(target_path_span(path), rows[i].at);
		assert_int_equal(
			target_path_valid(path), rows[i].at == path.len);
	}
}

static void absolute_form_is_cut_into_its_parts(void **state)
{
	static const struct {
		const char *target, *scheme, *authority, *path;
	} rows[] = {
		{"/a?b", "", "", "/a?b"},
		{"*", "", "", "*"},
		{"http://a", "http", "a", ""},
		{"HTTPS://a:1/b?c", "https", "a:1", "/b?c"},
		{"http://a?b/c", "http", "a", "?b/c"},
		{"http:///", "http", "", "/"},
		{"http:/a", "", "", "http:/a"},
		{"", "", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct target_parts parts;

		target_split(slice_str(rows[i].target), &parts);
		assert_true(slice_eq(parts.scheme, slice_str(rows[i].scheme)));
		assert_true(slice_eq(
			parts.authority, slice_str(rows[i].authority)));
		assert_true(slice_eq(parts.path, slice_str(rows[i].path)));
	}
}

static void the_asterisk_passes_only_where_it_may(void **state)
{
	(void)state;
	assert_int_equal(target_span(SLICE("*"), true), 1);
	assert_int_equal(target_span(SLICE("*"), false), 0);
	assert_int_equal(target_span(SLICE("http://a/*"), false), 10);
	assert_int_equal(target_span(SLICE("http://a:b/"), true), 7);
	assert_int_equal(target_span(SLICE("http://a/{"), true), 9);
	assert_int_equal(target_span(SLICE("a:443"), true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(authorities_are_a_host_and_perhaps_a_port),
		cmocka_unit_test(
			authorities_agree_without_case_and_with_default_ports),
		cmocka_unit_test(the_host_stands_without_its_port),
		cmocka_unit_test(a_bad_byte_of_a_path_is_found_where_it_stands),
		cmocka_unit_test(absolute_form_is_cut_into_its_parts),
		cmocka_unit_test(the_asterisk_passes_only_where_it_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
