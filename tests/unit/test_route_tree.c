/* route_tree: the same route as a plain search, at a flat cost. */
#include "policy/route_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static unsigned asked;

static bool always(void *arg, uint32_t route)
{
	(void)arg;
	(void)route;
	asked++;
	return true;
}

static bool not_the_first(void *arg, uint32_t route)
{
	(void)arg;
	return route != 0;
}

static void the_least_number_wins_whatever_the_shape(void **state)
{
	static const struct {
		const char *host, *path; /* path NULL: any */
	} rules[] = {
		{"a.x", "/p/*"},
		{"*.x", "/p/q"},
		{"", "/p/**"},
		{"**.x", NULL},
		{"a.x", "/p/q"},
	};
	static const struct {
		const char *host, *path;
		uint32_t all, rest;
	} cases[] = {
		{"a.x", "/p/q", 0, 1},
		{"b.x", "/p/q", 1, 1},
		{"c", "/p/q", 2, 2},
		{"a.x", "/p", 2, 2},
		{"a.b.x", "/z", 3, 3},
		{"a.x", NULL, 3, 3},
		{"c", "/z", ROUTE_TREE_NONE, ROUTE_TREE_NONE},
		{"", "/p/1/2", 2, 2},
		{"x", NULL, ROUTE_TREE_NONE, ROUTE_TREE_NONE},
	};
	const struct route_tree_room room = {.rules = 5, .segments = 8};
	struct arena *arena = arena_new(NULL);
	struct route_tree *tree;

	(void)state;
	assert_non_null(arena);
	tree = route_tree_new(arena, &room);
	assert_non_null(tree);
	for (uint32_t i = 0; i < 5; i++)
		route_tree_add(tree, slice_str(rules[i].host),
			slice_str(rules[i].path), i);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct slice host = slice_str(cases[i].host);
		struct slice path = slice_str(cases[i].path);

		assert_int_equal(
			route_tree_find(tree, host, path, always, NULL),
			cases[i].all);
		assert_int_equal(
			route_tree_find(tree, host, path, not_the_first, NULL),
			cases[i].rest);
	}
	arena_free(arena);
}

/* Asked of few routes, however many there are. */
static void a_thousand_routes_cost_what_ten_do(void **state)
{
	enum { COUNT = 1000 };
	const struct route_tree_room room = {
		.rules = COUNT + 1, .segments = 3 * COUNT + 3};
	struct arena *arena = arena_new(NULL);
	struct route_tree *tree;
	char text[64];

	(void)state;
	assert_non_null(arena);
	tree = route_tree_new(arena, &room);
	assert_non_null(tree);
	for (uint32_t i = 0; i < COUNT; i++) {
		struct slice host, path;

		snprintf(text, sizeof(text), "h%u.example", i % 50);
		assert_true(arena_dup(arena, slice_str(text), &host));
		snprintf(text, sizeof(text), "/svc/%u/**", i);
		assert_true(arena_dup(arena, slice_str(text), &path));
		route_tree_add(tree, host, path, i);
	}
	route_tree_add(tree, SLICE(""), slice_of(NULL, 0), COUNT);
	for (uint32_t i = 0; i < COUNT; i++) {
		char host[64];

		snprintf(host, sizeof(host), "h%u.example", i % 50);
		snprintf(text, sizeof(text), "/svc/%u/a/b", i);
		asked = 0;
		assert_int_equal(route_tree_find(tree, slice_str(host),
					 slice_str(text), always, NULL),
			i);
		assert_true(asked <= 2);
	}
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_number_wins_whatever_the_shape),
		cmocka_unit_test(a_thousand_routes_cost_what_ten_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
