/* route: a route as compiled, for route.c and what checks it. */
#ifndef MTLSGATE_POLICY_ROUTE_PRIV_H
#define MTLSGATE_POLICY_ROUTE_PRIV_H

#include "policy/route.h"

struct route_rule {
	struct route route;
	bool *listeners; /* one per config listener; NULL: any */
	struct slice *hosts;
	size_t host_count; /* 0: any */
	struct slice *paths;
	size_t path_count; /* 0: any */
	struct slice *methods;
	size_t method_count; /* 0: any */
};

/* Compiles one; what is wrong is added to problems. false: memory. */
bool route_rule_read(struct route_rule *rule, const struct config *config,
	const struct config_route *from, struct arena *arena,
	struct config_problems *problems) __attribute__((warn_unused_result));
/*
 * Lower-case, without a dot at the end, an IPv6 address in its one form; out
 * has room for text.len bytes and ROUTE_HOST_MORE.
 */
enum { ROUTE_HOST_MORE = 48 };

struct slice route_host_put(struct slice text, char *out);

/* May this rule meet that listener? */
bool route_rule_hears(const struct route_rule *rule, size_t listener);

/*
 * What needs no request: certificates that nobody can show, rules that are
 * never reached, policies and origins that no route names.
 */
void route_check(const struct config *config, const struct route_rule *rules,
	size_t count, struct config_problems *problems);

/* Does the pattern a take everything that b takes? */
bool route_host_covers(struct slice a, struct slice b);
bool route_path_covers(struct slice a, struct slice b);

#endif
