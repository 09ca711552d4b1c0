/* path: one form, and nothing that some origin reads in another way. */
#include "policy/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static const struct {
	const char *raw, *target, *judged;
} good[] = {
	{"/", "/", ""},
	{"/a", "/a", "/a"},
	{"/a/", "/a/", "/a"},
	{"/a/b?q=/../%2f//;", "/a/b?q=/../%2f//;", "/a/b"},
	{"/?x", "/?x", ""},
	/* percent-encoding */
	{"/%61dmin", "/admin", "/admin"},
	{"/a%2db%5F%7e", "/a-b_~", "/a-b_~"},
	{"/a%c3%bc", "/a%C3%BC", "/a%C3%BC"},
	{"/a%20b", "/a%20b", "/a%20b"},
	{"/a%40b%21", "/a%40b%21", "/a@b!"}, /* forwarded as it came */
	{"/100%25", "/100%25", "/100%25"},
	{"/100%25zz", "/100%25zz", "/100%25zz"},
	{"/a%3fb%23", "/a%3Fb%23", "/a%3Fb%23"},
	/* slashes and dots */
	{"//a", "/a", "/a"},
	{"/a//b///c//", "/a/b/c/", "/a/b/c"},
	{"/./a", "/a", "/a"},
	{"/a/.", "/a/", "/a"},
	{"/a/./b", "/a/b", "/a/b"},
	{"/a/../b", "/b", "/b"},
	{"/a/..", "/", ""},
	{"/a/b/..", "/a/", "/a"},
	{"/a/b/../../c", "/c", "/c"},
	{"/a/%2e%2E/b", "/b", "/b"},
	{"/a/.%2e/b", "/b", "/b"},
	{"/a/%2e/b", "/a/b", "/a/b"},
	{"/...", "/...", "/..."},
	{"/.well-known/x", "/.well-known/x", "/.well-known/x"},
	{"/a/..b/c..", "/a/..b/c..", "/a/..b/c.."},
	{"/public//../admin", "/admin", "/admin"},
};

/* How rules of others were walked around: nginx, Apache, Tomcat, Spring,
 * Envoy, IIS and what stands behind them. */
static const char *const refused[] = {
	"/..",
	"/../admin",
	"/a/../../admin",
	"/%2e%2e/admin",
	"/a/%2e%2e/%2e%2e/admin",
	"/.//../x", /* the doubled slash is no segment */
	"/public%2f..%2fadmin",
	"/public%2Fadmin",
	"/%2fadmin",
	"/public/..%2fadmin",
	"/public/..%5cadmin",
	"/public%5C..%5Cadmin",
	"/admin%00.html",
	"/admin%0a",
	"/admin%0d%0ax",
	"/admin%09",
	"/admin%7f",
	"/public/..;/admin",
	"/public/..;x=y/admin",
	"/public/%2e%2e;/admin",
	"/public/.;/admin",
	"/;/admin",
	"/;x/admin",
	"/public/;/../admin",
	"/admin%3bx",
	"/admin%3B/x",
	"/public/%252e%252e/admin",
	"/public/%252fadmin",
	"/public%255cadmin",
	"/public/%25%32%65%25%32%65/admin",
	"/admin%253b",
	"/admin%2500",
	"/admin%25252f",
	"/%c0%ae%c0%ae/admin",
	"/%C0%AF",
	"/%c1%9c",
	"/%e0%80%ae/",
	"/%e0%80%af",
	"/%f0%80%80%af",
	"/a\\b",
	"/a\tb",
	"/a\x80",
	"/a#b",
	"/%",
	"/%2",
	"/%zz",
	"/%u002e",
	"a",
	"",
};

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(NULL);
	return !arena;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void same(const char *raw, struct slice is, const char *wanted)
{
	if (!slice_eq(is, slice_str(wanted)))
		fail_msg("%s: %.*s, not %s", raw, SLICE_FMT(is), wanted);
}

static void a_path_is_brought_into_its_one_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct path path;
		const char *raw = good[i].raw;

		if (path_read(slice_str(raw), arena, &path) != PATH_GOOD)
			fail_msg("%s is refused", raw);
		same(raw, path.target, good[i].target);
		same(raw, path.judged, good[i].judged);
		same(raw, path.bare, good[i].judged);
	}
}

static void the_one_form_stays_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct path path;

		assert_int_equal(
			path_read(slice_str(good[i].target), arena, &path),
			PATH_GOOD);
		same(good[i].raw, path.target, good[i].target);
		same(good[i].raw, path.judged, good[i].judged);
	}
}

static void what_can_be_read_in_two_ways_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		struct path path;

		if (path_read(slice_str(refused[i]), arena, &path) !=
			PATH_AMBIGUOUS)
			fail_msg("%s is taken", refused[i]);
	}
}

static void parameters_are_judged_with_and_without(void **state)
{
	struct path path;

	(void)state;
	assert_int_equal(
		path_read(SLICE("/a;x=1/b;c;d?e;f"), arena, &path), PATH_GOOD);
	same("", path.target, "/a;x=1/b;c;d?e;f");
	same("", path.judged, "/a;x=1/b;c;d");
	same("", path.bare, "/a/b");
}

static void a_nul_is_refused_wherever_it_stands(void **state)
{
	struct path path;

	(void)state;
	assert_int_equal(
		path_read(SLICE("/a\0b"), arena, &path), PATH_AMBIGUOUS);
	assert_int_equal(
		path_read(SLICE("\0/a"), arena, &path), PATH_AMBIGUOUS);
}

static void rules_are_written_in_the_form_that_is_judged(void **state)
{
	static const struct {
		const char *text, *judged; /* NULL: refused */
	} rules[] = {
		{"/", ""},
		{"/a/*", "/a/*"},
		{"/a/**", "/a/**"},
		{"/a/", "/a"},
		{"/%61", "/a"},
		{"/a b", "/a%20b"},
		{"/\xc3\xbc", "/%C3%BC"},
		{"/a@b", "/a@b"},
		{"/a%40b", "/a@b"},
		{"", NULL},
		{"a", NULL},
		{"/a//b", NULL},
		{"/a/../b", NULL},
		{"/a/./b", NULL},
		{"/a%2fb", NULL},
		{"/a?b", NULL},
		{"/a#b", NULL},
		{"/a;b", NULL},
		{"/a\\b", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct slice judged = {NULL, 0};
		const char *wrong = path_read_rule(
			slice_str(rules[i].text), arena, &judged);

		if (!wrong != !!rules[i].judged)
			fail_msg("%s: %s", rules[i].text, wrong);
		if (!wrong)
			same(rules[i].text, judged, rules[i].judged);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_is_brought_into_its_one_form),
		cmocka_unit_test(the_one_form_stays_what_it_is),
		cmocka_unit_test(what_can_be_read_in_two_ways_is_refused),
		cmocka_unit_test(parameters_are_judged_with_and_without),
		cmocka_unit_test(a_nul_is_refused_wherever_it_stands),
		cmocka_unit_test(rules_are_written_in_the_form_that_is_judged),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
