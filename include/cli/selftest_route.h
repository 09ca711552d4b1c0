/*
 * selftest_route: a request that a route of the configuration would match, and
 * the names that the configuration sets. Pure.
 */
#ifndef MTLSGATE_CLI_SELFTEST_ROUTE_H
#define MTLSGATE_CLI_SELFTEST_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

struct config;
struct config_listener;
struct config_route;

enum { SELFTEST_TEXT = 512, SELFTEST_NAMES = 65 };

/* Can a request that comes to this listener match it? */
bool selftest_route_at(const struct config_route *route,
	const struct config_listener *listener);
/* The first of its hosts or paths with something for each star; `otherwise`
 * when it names none. false: too long. */
bool selftest_route_host(const struct config_route *route,
	const char *otherwise, char out[SELFTEST_TEXT]);
bool selftest_route_path(const struct config_route *route,
	const char *otherwise, char out[SELFTEST_TEXT]);
/* One without a body, if it has such a one; "GET" when it names none. */
const char *selftest_route_method(const struct config_route *route);

/* Fills in the names of headers.set, NULL-ended, lent. */
void selftest_route_names(
	const struct config *config, const char *names[SELFTEST_NAMES]);

#endif
