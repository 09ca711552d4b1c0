/* selftest_route: a request for each route, whatever it asks for. */
#include "cli/selftest_route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/config_route.h"

static struct config_text text(const char *words)
{
	return (struct config_text){.text = words};
}

static void a_route_that_asks_nothing_takes_what_is_given(void **state)
{
	const struct config_route route = {.name = "all"};
	const struct config_listener listener = {.name = "public"};
	char out[SELFTEST_TEXT];

	(void)state;
	assert_true(selftest_route_at(&route, &listener));
	assert_true(selftest_route_host(&route, "localhost", out));
	assert_string_equal(out, "localhost");
	assert_true(selftest_route_path(&route, "/a", out));
	assert_string_equal(out, "/a");
	assert_string_equal(selftest_route_method(&route), "GET");
}

static void stars_are_filled_in(void **state)
{
	struct config_text host = text("*.example.org");
	struct config_text path = text("/pay/**/a/*");
	const struct config_route route = {
		.match = {.hosts = {&host, 1}, .paths = {&path, 1}}};
	char out[SELFTEST_TEXT];

	(void)state;
	assert_true(selftest_route_host(&route, "localhost", out));
	assert_string_equal(out, "x.example.org");
	assert_true(selftest_route_path(&route, "/", out));
	assert_string_equal(out, "/pay/x/a/x");
}

static void what_is_too_long_is_left_out(void **state)
{
	char longest[SELFTEST_TEXT + 1];
	struct config_text path;
	const struct config_route route = {.match = {.paths = {&path, 1}}};
	char out[SELFTEST_TEXT];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[SELFTEST_TEXT] = '\0';
	path = text(longest);
	assert_false(selftest_route_path(&route, "/", out));
	longest[SELFTEST_TEXT - 1] = '\0';
	assert_true(selftest_route_path(&route, "/", out));
}

static void a_route_of_other_listeners_is_not_asked(void **state)
{
	struct config_text names[] = {text("a"), text("b")};
	const struct config_route route = {.match = {.listeners = {names, 2}}};
	const struct config_listener b = {.name = "b"}, c = {.name = "c"};

	(void)state;
	assert_true(selftest_route_at(&route, &b));
	assert_false(selftest_route_at(&route, &c));
}

static void a_method_without_a_body_is_chosen(void **state)
{
	struct config_text some[] = {text("POST"), text("GET")};
	struct config_text only[] = {text("PUT")};
	const struct config_route two = {.match = {.methods = {some, 2}}};
	const struct config_route one = {.match = {.methods = {only, 1}}};

	(void)state;
	assert_string_equal(selftest_route_method(&two), "GET");
	assert_string_equal(selftest_route_method(&one), "PUT");
}

static void names_that_are_set_are_told(void **state)
{
	struct config_pair pairs[] = {{.name = {.text = "X-Team"}},
		{.name = {.text = "X-Request-Id"}}};
	const struct config config = {
		.headers = {.request = {.set = {pairs, 2}}}};
	const char *names[SELFTEST_NAMES];

	(void)state;
	selftest_route_names(&config, names);
	assert_string_equal(names[0], "X-Team");
	assert_string_equal(names[1], "X-Request-Id");
	assert_null(names[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_route_that_asks_nothing_takes_what_is_given),
		cmocka_unit_test(stars_are_filled_in),
		cmocka_unit_test(what_is_too_long_is_left_out),
		cmocka_unit_test(a_route_of_other_listeners_is_not_asked),
		cmocka_unit_test(a_method_without_a_body_is_chosen),
		cmocka_unit_test(names_that_are_set_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
