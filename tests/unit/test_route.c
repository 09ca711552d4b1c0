/* route: without a list of routes everything goes to the only origin. */
#include "policy/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "config/config.h"
#include "http/message.h"

static void everything_goes_to_the_only_origin(void **state)
{
	struct config_origin origin = {.name = "default"};
	struct config config = {.origins = &origin, .origin_count = 1};
	struct message head = {.path = SLICE("/x")};
	struct route route = {.origin = 7};

	(void)state;
	assert_true(route_find(&config, &head, &route));
	assert_int_equal(route.origin, 0);
}

static void without_an_origin_there_is_no_route(void **state)
{
	struct config config = {0};
	struct message head = {0};
	struct route route;

	(void)state;
	assert_false(route_find(&config, &head, &route));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_goes_to_the_only_origin),
		cmocka_unit_test(without_an_origin_there_is_no_route),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
