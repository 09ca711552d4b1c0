/*
 * route_cost: what finding a route costs with 10, 100, 1,000 and 10,000 of
 * them. Prints nanoseconds of processor time per request, the best of several
 * runs; for a person, no test depends on it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "policy/path.h"
#include "policy/route_tree.h"

enum { ROUNDS = 9, REQUESTS = 200000 };

static bool always(void *arg, uint32_t route)
{
	(void)arg;
	(void)route;
	return true;
}

static struct slice made(const char *text)
{
	if (!text)
		abort();
	return slice_str(text);
}

static struct slice host_of(struct arena *arena, size_t n)
{
	return made(arena_printf(arena, "h%zu.example", n % 100));
}

static struct route_tree *grow(struct arena *arena, size_t count)
{
	const struct route_tree_room room = {count + 1, 4 * count};
	struct route_tree *tree = route_tree_new(arena, &room);

	if (!tree)
		abort();
	for (size_t i = 0; i < count; i++)
		route_tree_add(tree, host_of(arena, i),
			made(arena_printf(arena, "/service/%zu/**", i)),
			(uint32_t)i);
	route_tree_add(tree, SLICE(""), slice_of(NULL, 0), (uint32_t)count);
	return tree;
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double measure(size_t count)
{
	struct arena *arena = arena_new(NULL);
	struct route_tree *tree = grow(arena, count);
	struct slice host = host_of(arena, count / 2);
	struct slice target =
		made(arena_printf(arena, "/service/%zu/a/b?c", count / 2));
	double best = 1e18;

	for (int round = 0; round < ROUNDS; round++) {
		double begin = now_ns();

		for (size_t i = 0; i < REQUESTS; i++) {
			struct path path;

			if (path_read(target, arena, &path) != PATH_GOOD ||
				route_tree_find(tree, host, path.judged, always,
					NULL) != count / 2)
				abort();
		}
		if (now_ns() - begin < best)
			best = now_ns() - begin;
	}
	arena_free(arena);
	return best / REQUESTS;
}

int main(void)
{
	static const size_t counts[] = {1, 10, 100, 1000, 10000};

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		printf("%6zu routes: %.0f ns\n", counts[i], measure(counts[i]));
	return 0;
}
