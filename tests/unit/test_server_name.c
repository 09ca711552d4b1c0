/* R15: names of servers have one spelling, and each leads to one group. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tls/server_name.h"

#define LABEL_63 \
	"a23456789012345678901234567890123456789012345678901234567890123"
#define TAIL "b234567890123456789012345678901234567890123456789012345678901"
#define NAME_253 LABEL_63 "." LABEL_63 "." LABEL_63 "." TAIL

static const struct {
	const char *text;
	const char *read;    /* NULL: no host */
	const char *pattern; /* NULL: no pattern */
} spellings[] = {
	{"example.org", "example.org", "example.org"},
	{"EXAMPLE.Org", "example.org", "example.org"},
	{"example.org.", "example.org", "example.org"},
	{"example.org..", NULL, NULL},
	{".example.org", NULL, NULL},
	{"a..b", NULL, NULL},
	{".", NULL, NULL},
	{"", NULL, NULL},
	{"localhost", "localhost", "localhost"},
	{"under_score.x", "under_score.x", "under_score.x"},
	{"xn--mnchen-3ya.example", "xn--mnchen-3ya.example",
		"xn--mnchen-3ya.example"},
	{"m\xC3\xBCnchen.example", NULL, NULL},
	{"a b", NULL, NULL},
	{"a/b", NULL, NULL},
	{"example.org:443", NULL, NULL},
	{"user@example.org", NULL, NULL},
	{"%61.example.org", NULL, NULL},
	{LABEL_63 ".x", LABEL_63 ".x", LABEL_63 ".x"},
	{LABEL_63 "4.x", NULL, NULL},
	{NAME_253, NAME_253, NAME_253},
	{NAME_253 ".", NAME_253, NAME_253},
	{"c" NAME_253, NULL, NULL},
	{"192.0.2.1", "192.0.2.1", "192.0.2.1"},
	{"192.0.2.1.", "192.0.2.1", "192.0.2.1"},
	{"192.0.2.01", "192.0.2.01", "192.0.2.01"}, /* a name of digits */
	{"::1", "::1", "::1"},
	{"[::1]", "::1", "::1"},
	{"[2001:DB8:0:0::1]", "2001:db8::1", "2001:db8::1"},
	{"::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"},
	{"[::1", NULL, NULL},
	{"::1]", NULL, NULL},
	{"::1.", NULL, NULL},
	{"[192.0.2.1]", NULL, NULL},
	{"[example.org]", NULL, NULL},
	{"[]", NULL, NULL},
	{"*.example.org", NULL, "*.example.org"},
	{"*.Example.org.", NULL, "*.example.org"},
	{"*.org", NULL, "*.org"},
	{"*", NULL, NULL},
	{"*.", NULL, NULL},
	{"**.example.org", NULL, NULL},
	{"*.*.example.org", NULL, NULL},
	{"f*.example.org", NULL, NULL},
	{"a.*.org", NULL, NULL},
	{"*.192.0.2.1", NULL, NULL},
	{"*.[::1]", NULL, NULL},
};

static void expect(bool ok, const struct server_name *name, const char *want)
{
	assert_int_equal(ok, want != NULL);
	if (!ok)
		return;
	assert_string_equal(name->text, want);
	assert_int_equal(name->len, strlen(want));
}

static void a_name_has_one_spelling(void **state)
{
	struct server_name name;

	(void)state;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
		struct slice text = slice_str(spellings[i].text);

		expect(server_name_read(text, &name), &name, spellings[i].read);
		expect(server_name_pattern(text, &name), &name,
			spellings[i].pattern);
	}
}

static void a_byte_zero_makes_no_name(void **state)
{
	struct server_name name;

	(void)state;
	assert_false(server_name_read(SLICE("a\0.example.org"), &name));
	assert_false(server_name_pattern(SLICE("*.example\0.org"), &name));
	assert_false(server_name_read(SLICE("127.0.0.1\0"), &name));
}

static const struct {
	const char *pattern, *name;
	bool covers;
} covers[] = {
	{"example.org", "EXAMPLE.org", true},
	{"example.org", "www.example.org", false},
	{"*.example.org", "www.example.org", true},
	{"*.example.org", "WWW.Example.org.", true},
	{"*.example.org", "xn--mnchen-3ya.example.org", true},
	{"*.example.org", "a.b.example.org", false},
	{"*.example.org", "example.org", false},
	{"*.example.org", "www.example.org.evil", false},
	{"*.example.org", "www.notexample.org", false},
	{"*.example.org", "*.example.org", true},
	{"*.example.org", "*.www.example.org", false},
	{"*.org", "example.org", true},
	{"*.0.2.1", "192.0.2.1", false}, /* an address has no labels */
	{"192.0.2.1", "192.0.2.1", true},
	{"::1", "[0:0::1]", true},
};

static void a_wildcard_stands_for_one_label(void **state)
{
	struct server_name pattern, name;

	(void)state;
	for (size_t i = 0; i < sizeof(covers) / sizeof(*covers); i++) {
		assert_true(server_name_pattern(
			slice_str(covers[i].pattern), &pattern));
		assert_true(
			server_name_pattern(slice_str(covers[i].name), &name));
		if (server_name_covers(&pattern, &name) != covers[i].covers)
			fail_msg(
				"%s and %s", covers[i].pattern, covers[i].name);
	}
}

/* ---- the extension ---- */

static const struct {
	struct slice bytes;
	const char *host; /* NULL: malformed */
} hellos[] = {
	{SLICE("\0\6\0\0\3a.b"), "a.b"},
	{SLICE("\0\4\0\0\1a"), "a"},
	{SLICE(""), NULL},
	{SLICE("\0"), NULL},
	{SLICE("\0\0"), NULL},           /* an empty list */
	{SLICE("\0\3\0\0\0"), NULL},     /* an empty name */
	{SLICE("\0\6\1\0\3a.b"), NULL},  /* of another type */
	{SLICE("\0\6\0\0\3a.bX"), NULL}, /* a byte behind the list */
	{SLICE("\0\7\0\0\3a.bX"), NULL}, /* a byte behind the name */
	{SLICE("\0\7\0\0\3a.b"), NULL},  /* the list is longer than it is */
	{SLICE("\0\6\0\0\4a.b"), NULL},  /* the name is */
	{SLICE("\0\5\0\0\3a.b"), NULL},
	{SLICE("\0\x0C\0\0\3a.b\0\0\3c.d"), NULL}, /* two names */
	{SLICE("\0\2\0\0"), NULL},
	{SLICE("\0\1\0"), NULL},
};

static void one_host_name_stands_in_the_hello(void **state)
{
	struct slice host;

	(void)state;
	for (size_t i = 0; i < sizeof(hellos) / sizeof(*hellos); i++) {
		bool ok = server_name_hello(hellos[i].bytes, &host);

		if (ok != (hellos[i].host != NULL))
			fail_msg("row %zu", i);
		if (ok)
			assert_true(slice_eq(host, slice_str(hellos[i].host)));
	}
}

/* ---- the table ---- */

static enum server_names_result add(
	struct server_names *names, const char *text, int *value)
{
	struct server_name name;

	assert_true(server_name_pattern(slice_str(text), &name));
	return server_names_add(names, &name, value);
}

static int find(const struct server_names *names, const char *text)
{
	struct server_name name;

	assert_true(server_name_read(slice_str(text), &name));
	return server_names_find(names, &name);
}

static void the_exact_name_goes_before_the_wildcard(void **state)
{
	struct server_names *names = server_names_new();
	int value[] = {7, 8, 9};

	(void)state;
	assert_int_equal(
		add(names, "*.example.org", &value[0]), SERVER_NAMES_ADDED);
	assert_int_equal(
		add(names, "www.example.org", &value[1]), SERVER_NAMES_ADDED);
	assert_int_equal(
		add(names, "192.0.2.1", &value[2]), SERVER_NAMES_ADDED);
	assert_int_equal(server_names_count(names), 3);
	assert_int_equal(find(names, "www.example.org"), 8);
	assert_int_equal(find(names, "api.example.org"), 7);
	assert_int_equal(find(names, "API.EXAMPLE.ORG."), 7);
	assert_int_equal(find(names, "192.0.2.1"), 9);
	assert_int_equal(find(names, "example.org"), SERVER_NAMES_NONE);
	assert_int_equal(find(names, "a.b.example.org"), SERVER_NAMES_NONE);
	assert_int_equal(find(names, "org"), SERVER_NAMES_NONE);
	assert_int_equal(find(names, "192.0.2.2"), SERVER_NAMES_NONE);
	server_names_free(names);
}

static void no_wildcard_finds_an_address(void **state)
{
	struct server_names *names = server_names_new();
	int value = 1;

	(void)state;
	assert_int_equal(add(names, "*.0.2.1", &value), SERVER_NAMES_ADDED);
	assert_int_equal(find(names, "x.0.2.1"), 1);
	assert_int_equal(find(names, "192.0.2.1"), SERVER_NAMES_NONE);
	server_names_free(names);
}

static void a_name_taken_tells_whose_it_is(void **state)
{
	struct server_names *names = server_names_new();
	int first = 3, second = 4;

	(void)state;
	assert_int_equal(add(names, "a.example", &first), SERVER_NAMES_ADDED);
	assert_int_equal(add(names, "A.example.", &second), SERVER_NAMES_TAKEN);
	assert_int_equal(second, 3);
	assert_int_equal(server_names_count(names), 1);
	server_names_free(names);
}

static void thousands_of_names_are_all_found(void **state)
{
	struct server_names *names = server_names_new();
	char text[64];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "%sn%d.example", i % 2 ? "*." : "",
			i);
		assert_int_equal(add(names, text, &i), SERVER_NAMES_ADDED);
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "%sn%d.example",
			i % 2 ? "any." : "", i);
		assert_int_equal(find(names, text), i);
	}
	assert_int_equal(find(names, "n5000.example"), SERVER_NAMES_NONE);
	server_names_free(names);
	server_names_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_one_spelling),
		cmocka_unit_test(a_byte_zero_makes_no_name),
		cmocka_unit_test(a_wildcard_stands_for_one_label),
		cmocka_unit_test(one_host_name_stands_in_the_hello),
		cmocka_unit_test(the_exact_name_goes_before_the_wildcard),
		cmocka_unit_test(no_wildcard_finds_an_address),
		cmocka_unit_test(a_name_taken_tells_whose_it_is),
		cmocka_unit_test(thousands_of_names_are_all_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
