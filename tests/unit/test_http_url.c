/* Addresses that somebody else wrote. */
#include "config/http_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct good_case {
	const char *text;
	const char *host;
	const char *authority;
	const char *path;
	uint16_t port;
	bool bracketed;
};

static void a_url_is_taken_apart(void **state)
{
	static const struct good_case cases[] = {
		{"http://ocsp.example", "ocsp.example", "ocsp.example", "/", 80,
			false},
		{"HTTP://Ocsp.Example/", "Ocsp.Example", "Ocsp.Example", "/",
			80, false},
		{"http://a:8080/b/c?d=e", "a", "a:8080", "/b/c?d=e", 8080,
			false},
		{"http://127.0.0.1:1/", "127.0.0.1", "127.0.0.1:1", "/", 1,
			false},
		{"http://[::1]:65535/x", "::1", "[::1]:65535", "/x", 65535,
			true},
		{"http://[fe80::1]", "fe80::1", "[fe80::1]", "/", 80, true},
		{"http://a_b-c.d/%00", "a_b-c.d", "a_b-c.d", "/%00", 80, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct good_case *one = &cases[i];
		struct http_url url;

		if (!http_url_parse(slice_str(one->text), &url))
			fail_msg("%s is refused", one->text);
		assert_true(slice_eq(url.host, slice_str(one->host)));
		assert_true(slice_eq(url.authority, slice_str(one->authority)));
		assert_true(slice_eq(url.path, slice_str(one->path)));
		assert_int_equal(url.port, one->port);
		assert_int_equal(url.bracketed, one->bracketed);
	}
}

static void all_else_is_refused(void **state)
{
	static const char *const cases[] = {"", "http", "http://", "http:///",
		"http:// /", "https://a/", "ftp://a/", "//a/", "a.example",
		"http://user@a/", "http://user:pass@a/", "http://a/#part",
		"http://a:/", "http://a:0/", "http://a:65536/",
		"http://a:000080/", "http://a:+1/", "http://a:80x/",
		"http://a b/", "http://a/b c", "http://a/\r\nX: y",
		"http://a/\x7f", "http://a/\xc3\xa9", "http://\xc3\xa9/",
		"http://.a/", "http://-a/", "http://a?b", "http://[::1",
		"http://[]/", "http://[::1]x/", "http://[fe80::1%25eth0]/",
		"http://[a]b]/", "http://a%2eb/", "http://a,b/", "http://a;b/",
		"http://a\\b/"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_url url;

		if (http_url_parse(slice_str(cases[i]), &url))
			fail_msg("\"%s\" is taken", cases[i]);
	}
}

static void its_length_is_bounded_R17(void **state)
{
	char text[HTTP_URL_MAX + 2];
	struct http_url url;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "http://a/", 9);
	assert_true(http_url_parse(slice_of(text, HTTP_URL_MAX), &url));
	assert_false(http_url_parse(slice_of(text, HTTP_URL_MAX + 1), &url));
	memcpy(text, "http://xx", 9);
	text[7 + 253] = '/';
	assert_true(http_url_parse(slice_of(text, 300), &url));
	text[7 + 253] = 'x';
	text[7 + 254] = '/';
	assert_false(http_url_parse(slice_of(text, 300), &url));
}

static void a_nul_is_no_end(void **state)
{
	struct http_url url;

	(void)state;
	assert_false(
		http_url_parse(SLICE("http://good.example\0.evil/"), &url));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_is_taken_apart),
		cmocka_unit_test(all_else_is_refused),
		cmocka_unit_test(its_length_is_bounded_R17),
		cmocka_unit_test(a_nul_is_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
