/*
 * route_tree: which route comes first for a host and a path, at a cost that
 * does not grow with the number of routes.
 *
 * Hosts lie in hash tables (exact, "*.x", "**.x"), below each a tree of path
 * segments whose edges lie in one more. Filled once, in the order of the
 * routes; lives in an arena.
 */
#ifndef MTLSGATE_POLICY_ROUTE_TREE_H
#define MTLSGATE_POLICY_ROUTE_TREE_H

#include "base/slice.h"

struct arena;
struct route_tree;

enum { ROUTE_TREE_DEPTH = 64, ROUTE_TREE_NONE = UINT32_MAX };

struct route_tree_room { /* what it must hold, at most */
	size_t rules;    /* calls of route_tree_add */
	size_t segments; /* of their paths */
};

/* NULL: memory. */
struct route_tree *route_tree_new(struct arena *arena,
	const struct route_tree_room *room) __attribute__((warn_unused_result));

/*
 * Adds a rule of a route. host: lower-case, "" for any, "*.x" for one label in
 * front of x, "**.x" for one or more (lent). path: as path_read_rule gives it;
 * segments "*", and "**" at the end; ptr NULL: any, and requests without a
 * path. At most ROUTE_TREE_DEPTH segments.
 */
void route_tree_add(struct route_tree *tree, struct slice host,
	struct slice path, uint32_t route);

/*
 * The first route that fits; ROUTE_TREE_NONE when there is none. host:
 * lower-case. path: ptr NULL when the request has none.
 */
uint32_t route_tree_find(const struct route_tree *tree, struct slice host,
	struct slice path, bool (*fits)(void *arg, uint32_t route), void *arg);

#endif
