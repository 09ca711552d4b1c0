/* A route of the configuration, compiled. */
#include "route_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "config/config_problem.h"
#include "config/config_schema_guess.h"
#include "config/config_value.h"
#include "http/header.h"
#include "http/target.h"
#include "policy/path.h"
#include "policy/route_tree.h"

struct compiler {
	const struct config *config;
	struct arena *arena;
	struct config_problems *problems;
	const struct config_route *from;
};

/* "routes.NAME.key: "TEXT" why" */
static void complain(struct compiler *c, const char *key,
	const struct config_text *text, const char *why)
{
	char shown[CONFIG_SHOWN];

	config_problem(c->problems, CONFIG_ERROR, EXIT_CODE_CONFIG, text->mark,
		"routes.%s.%s: %s %s", c->from->name, key,
		config_shown(slice_str(text->text), shown), why);
}

/* ---- names of others ---- */

struct names {
	const char *key;
	const char *what; /* "policy" */
	size_t count;
	const char *(*name)(const struct config *config, size_t i);
};

static const char *listener_name(const struct config *config, size_t i)
{
	return config->listeners[i].name;
}

static const char *policy_name(const struct config *config, size_t i)
{
	return config->policies[i].name;
}

static const char *origin_name(const struct config *config, size_t i)
{
	return config->origins[i].name;
}

static void complain_unknown(struct compiler *c, const struct names *names,
	const struct config_text *text)
{
	struct slice wanted = slice_str(text->text);
	size_t least = SIZE_MAX;
	const char *near = NULL;
	char why[64];

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->name(c->config, i);
		size_t steps = config_near(wanted, slice_str(name));

		if (steps < least) {
			least = steps;
			near = name;
		}
	}
	snprintf(why, sizeof(why), "is the name of no %s", names->what);
	complain(c, names->key, text, why);
	if (near)
		config_problem_hint(
			c->problems, wanted.len, "did you mean \"%s\"?", near);
}

/* ROUTE_NONE: not given, or complained of. */
static uint32_t resolve(struct compiler *c, const struct names *names,
	const struct config_text *text)
{
	if (!text->text)
		return ROUTE_NONE;
	for (size_t i = 0; i < names->count; i++) {
		if (!strcmp(names->name(c->config, i), text->text))
			return (uint32_t)i;
	}
	complain_unknown(c, names, text);
	return ROUTE_NONE;
}

static bool read_listeners(struct compiler *c, struct route_rule *rule)
{
	const struct config_texts *texts = &c->from->match.listeners;
	const struct names names = {"match.listener", "listener",
		c->config->listener_count, listener_name};

	if (!texts->count)
		return true;
	rule->listeners = arena_zalloc(
		c->arena, c->config->listener_count * sizeof(bool));
	if (!rule->listeners)
		return false;
	for (size_t i = 0; i < texts->count; i++) {
		uint32_t number = resolve(c, &names, &texts->items[i]);

		if (number != ROUTE_NONE)
			rule->listeners[number] = true;
	}
	return true;
}

/* ---- hosts, paths, methods ---- */

static const char *read_host(
	struct slice text, struct arena *arena, struct slice *host)
{
	size_t stars = slice_starts(text, SLICE("**."))  ? 3
		       : slice_starts(text, SLICE("*.")) ? 2
							 : 0;
	struct slice name = slice_from(text, stars);
	char *out = arena_alloc(arena, text.len + ROUTE_HOST_MORE);

	if (!out)
		return "out of memory";
	if (slice_find(name, '*') < name.len)
		return "holds a * elsewhere than as the first label";
	if (!target_authority_valid(name))
		return "is no host, like example.org, *.example.org or "
		       "\"[::1]\"";
	if (target_host(name).len != name.len)
		return "holds a port; every port of a host is the same";
	*host = route_host_put(text, out);
	return NULL;
}

static const char *read_path(
	struct slice text, struct arena *arena, struct slice *path)
{
	const char *wrong = path_read_rule(text, arena, path);
	struct slice rest, segment;
	size_t depth = 0;

	if (wrong)
		return wrong;
	if (!path->ptr)
		*path = SLICE("");
	rest = *path;
	while (path_next(&rest, &segment)) {
		if (++depth > ROUTE_TREE_DEPTH)
			return "has more than 64 segments";
		if (slice_eq(segment, SLICE("**")) && rest.len)
			return "holds ** elsewhere than at the end";
		if (slice_find(segment, '*') < segment.len &&
			!slice_eq(segment, SLICE("*")) &&
			!slice_eq(segment, SLICE("**")))
			return "holds a * within a segment; it stands for a "
			       "whole one";
	}
	return NULL;
}

static const char *read_method(
	struct slice text, struct arena *arena, struct slice *method)
{
	(void)arena;
	*method = text;
	if (!header_name_valid(text))
		return "is no method";
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] >= 'a' && text.ptr[i] <= 'z')
			return "is no method that is known; methods are "
			       "written in capitals, like GET";
	}
	return NULL;
}

typedef const char *reader(
	struct slice text, struct arena *arena, struct slice *value);

/* false: memory. */
static bool read_all(struct compiler *c, const char *key,
	const struct config_texts *texts, reader *read, struct slice **values)
{
	*values = arena_zalloc(
		c->arena, (texts->count + 1) * sizeof(struct slice));
	if (!*values)
		return false;
	for (size_t i = 0; i < texts->count; i++) {
		const char *wrong = read(slice_str(texts->items[i].text),
			c->arena, &(*values)[i]);

		if (wrong)
			complain(c, key, &texts->items[i], wrong);
	}
	return true;
}

static bool read_match(struct compiler *c, struct route_rule *rule)
{
	const struct config_route_match *match = &c->from->match;

	rule->host_count = match->hosts.count;
	rule->path_count = match->paths.count;
	rule->method_count = match->methods.count;
	return read_listeners(c, rule) &&
	       read_all(c, "match.host", &match->hosts, read_host,
		       &rule->hosts) &&
	       read_all(c, "match.path", &match->paths, read_path,
		       &rule->paths) &&
	       read_all(c, "match.methods", &match->methods, read_method,
		       &rule->methods);
}

/* ---- where it leads, and what it needs ---- */

static void complain_of_route(struct compiler *c, const char *why)
{
	config_problem(c->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
		c->from->mark, "routes.%s: %s", c->from->name, why);
}

static void read_origin(struct compiler *c, struct route *route)
{
	const struct names names = {
		"origin", "origin", c->config->origin_count, origin_name};
	const struct config_route *from = c->from;

	route->origin = resolve(c, &names, &from->origin);
	if (from->respond_status) {
		route->origin = ROUTE_NONE;
		if (from->origin.text)
			complain_of_route(c, "both respond and origin stand "
					     "there; keep one of the two");
	} else if (!from->origin.text && c->config->origin_count == 1) {
		route->origin = 0;
	} else if (!from->origin.text) {
		complain_of_route(c, "leads nowhere; write origin or respond");
	}
	if (from->respond_body.text &&
		(from->respond_status == 204 || from->respond_status == 304))
		complain(c, "respond.body", &from->respond_body,
			"stands behind a status that has no body");
}

bool route_rule_hears(const struct route_rule *rule, size_t listener)
{
	return !rule->listeners || rule->listeners[listener];
}

static bool only_require(
	const struct config *config, const struct route_rule *rule)
{
	for (size_t i = 0; i < config->listener_count; i++) {
		if (route_rule_hears(rule, i) &&
			config->listeners[i].client_auth.mode !=
				CLIENT_AUTH_REQUIRE)
			return false;
	}
	return true;
}

static void read_needs(struct compiler *c, struct route_rule *rule)
{
	const struct names names = {
		"policy", "policy", c->config->policy_count, policy_name};
	const struct names dry = {"policy_dry_run", "policy",
		c->config->policy_count, policy_name};
	const struct config_route *from = c->from;
	struct route *route = &rule->route;

	route->policy = resolve(c, &names, &from->policy);
	route->dry_run = resolve(c, &dry, &from->policy_dry_run);
	route->needs_certificate = from->certificate == CERTIFICATE_REQUIRED ||
				   from->policy.text ||
				   (from->certificate == CERTIFICATE_AUTO &&
					   only_require(c->config, rule));
}

bool route_rule_read(struct route_rule *rule, const struct config *config,
	const struct config_route *from, struct arena *arena,
	struct config_problems *problems)
{
	struct compiler c = {config, arena, problems, from};

	rule->route.name = from->name;
	rule->route.settings = from;
	if (!read_match(&c, rule))
		return false;
	read_origin(&c, &rule->route);
	read_needs(&c, rule);
	return true;
}
