/*
 * route: where a request goes and what it needs. Pure: no sockets, no clock.
 *
 * The first route that matches counts. Without a list of routes everything
 * goes to the only origin.
 *
 *   host     without case, port and one dot at the end; "*.x": one label,
 *            "**.x": one or more
 *   path     as policy/path judges it; "*": one segment, "**" at the end: the
 *            path above it and everything below. A slash at the end does not
 *            count.
 *   methods  exact
 */
#ifndef MTLSGATE_POLICY_ROUTE_H
#define MTLSGATE_POLICY_ROUTE_H

#include "config/config.h"

struct arena;
struct config_problems;
struct path;
struct route_table;

enum { ROUTE_NONE = UINT32_MAX };

struct route {
	const char *name; /* "" without a list of routes */
	uint32_t origin;  /* index into config->origins; respond: NONE */
	uint32_t policy;  /* index into config->policies, or NONE */
	uint32_t dry_run; /* the same */
	bool needs_certificate;
	const struct config_route *settings; /* NULL without a list */
};

/* What a route is chosen by; all lent. */
struct route_request {
	size_t listener; /* index into config->listeners */
	struct slice authority;
	struct slice method;
	struct slice path; /* as judged; ptr NULL: none ("*") */
};

/*
 * Compiles config->routes (lent) into the arena. What is wrong, and what can
 * never apply, is added to problems. NULL when there is an error among it.
 */
struct route_table *route_table_new(const struct config *config,
	struct arena *arena, struct config_problems *problems)
	__attribute__((warn_unused_result));
/* Is a path of a request looked at? Only then it has to have one form. */
bool route_table_judges_paths(const struct route_table *table);
/* The first route that matches; NULL: none. */
const struct route *route_find(
	const struct route_table *table, const struct route_request *request);

/* Why one route does not match, for a person. */
enum route_miss {
	ROUTE_MATCHES,
	ROUTE_OTHER_LISTENER,
	ROUTE_OTHER_HOST,
	ROUTE_OTHER_PATH,
	ROUTE_OTHER_METHOD,
};
size_t route_count(const struct route_table *table);
const struct route *route_at(const struct route_table *table, size_t index);
enum route_miss route_explain(const struct route_table *table, size_t index,
	const struct route_request *request);

#endif
