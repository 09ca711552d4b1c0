#include "route_priv.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/arena.h"
#include "config/config_problem.h"
#include "http/target.h"
#include "policy/path.h"
#include "policy/route_tree.h"

enum { HOST_MAX = 256 }; /* bytes of a host that is looked at */

struct route_table {
	const struct config *config;
	struct route_rule *rules;
	size_t count;
	struct route_tree *tree; /* NULL without a list */
	bool judges_paths;
	struct route only; /* without a list */
};

/* ---- the table ---- */

static size_t segments_of(const struct route_rule *rule)
{
	size_t segments = 0;

	for (size_t i = 0; i < rule->path_count; i++) {
		struct slice rest = rule->paths[i], segment;

		while (path_next(&rest, &segment))
			segments++;
	}
	return segments;
}

static size_t at_least_one(size_t count)
{
	return count ? count : 1;
}

static void plant(
	struct route_tree *tree, const struct route_rule *rule, uint32_t number)
{
	for (size_t h = 0; h < at_least_one(rule->host_count); h++) {
		struct slice host =
			rule->host_count ? rule->hosts[h] : SLICE("");

		for (size_t p = 0; p < at_least_one(rule->path_count); p++)
			route_tree_add(tree, host,
				rule->path_count ? rule->paths[p]
						 : slice_of(NULL, 0),
				number);
	}
}

static bool plant_all(struct route_table *table, struct arena *arena)
{
	struct route_tree_room room = {0};

	for (size_t i = 0; i < table->count; i++) {
		const struct route_rule *rule = &table->rules[i];
		size_t hosts = at_least_one(rule->host_count);

		room.rules += hosts * at_least_one(rule->path_count);
		room.segments += hosts * segments_of(rule);
		table->judges_paths |= rule->path_count > 0;
	}
	table->tree = route_tree_new(arena, &room);
	if (!table->tree)
		return false;
	for (size_t i = 0; i < table->count; i++)
		plant(table->tree, &table->rules[i], (uint32_t)i);
	return true;
}

static void *no_memory(
	const struct config *config, struct config_problems *problems)
{
	config_problem(problems, CONFIG_ERROR, EXIT_CODE_INTERNAL,
		(struct config_mark){.file = config->path},
		"routes: out of memory");
	return NULL;
}

struct route_table *route_table_new(const struct config *config,
	struct arena *arena, struct config_problems *problems)
{
	struct route_table *table = arena_zalloc(arena, sizeof(*table));
	size_t before = config_problems_errors(problems);
	size_t size = (config->route_count + 1) * sizeof(*table->rules);

	if (!table || !(table->rules = arena_zalloc(arena, size)))
		return no_memory(config, problems);
	table->config = config;
	table->only = (struct route){
		.name = "", .policy = ROUTE_NONE, .dry_run = ROUTE_NONE};
	for (; table->count < config->route_count; table->count++) {
		if (!route_rule_read(&table->rules[table->count], config,
			    &config->routes[table->count], arena, problems))
			return no_memory(config, problems);
	}
	if (config_problems_errors(problems) != before)
		return NULL;
	if (!plant_all(table, arena))
		return no_memory(config, problems);
	route_check(config, table->rules, table->count, problems);
	return config_problems_errors(problems) == before ? table : NULL;
}

bool route_table_judges_paths(const struct route_table *table)
{
	return table->judges_paths;
}

/* ---- asking ---- */

/* "[0:0::1]" is "[::1]". Empty: text is no address in brackets. */
static struct slice put_address(struct slice text, char *out)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr octets;
	size_t len = text.len - 2;

	if (text.len < 4 || text.ptr[0] != '[' || text.ptr[len + 1] != ']' ||
		len >= sizeof(address))
		return slice_of(NULL, 0);
	memcpy(address, text.ptr + 1, len);
	address[len] = '\0';
	if (inet_pton(AF_INET6, address, &octets) != 1 ||
		!inet_ntop(AF_INET6, &octets, address, sizeof(address)))
		return slice_of(NULL, 0);
	len = strlen(address);
	out[0] = '[';
	memcpy(out + 1, address, len);
	out[len + 1] = ']';
	return slice_of(out, len + 2);
}

struct slice route_host_put(struct slice text, char *out)
{
	struct slice address = put_address(text, out);

	if (address.len)
		return address;
	for (size_t i = 0; i < text.len; i++)
		out[i] = slice_lower(text.ptr[i]);
	if (text.len > 1 && text.ptr[text.len - 1] == '.')
		text.len--;
	return slice_of(out, text.len);
}

struct question {
	const struct route_table *table;
	const struct route_request *request;
};

static bool has_method(const struct route_rule *rule, struct slice method)
{
	for (size_t i = 0; i < rule->method_count; i++) {
		if (slice_eq(rule->methods[i], method))
			return true;
	}
	return !rule->method_count;
}

static bool fits(void *arg, uint32_t number)
{
	const struct question *q = arg;
	const struct route_rule *rule = &q->table->rules[number];

	return route_rule_hears(rule, q->request->listener) &&
	       has_method(rule, q->request->method);
}

const struct route *route_find(
	const struct route_table *table, const struct route_request *request)
{
	struct question q = {table, request};
	struct slice host = target_host(request->authority);
	char lower[HOST_MAX + ROUTE_HOST_MORE];
	uint32_t number;

	if (!table->count)
		return table->config->origin_count ? &table->only : NULL;
	/* a longer one is no name that a route could have */
	host = host.len <= HOST_MAX ? route_host_put(host, lower)
				    : slice_of(NULL, 0);
	number = route_tree_find(table->tree, host, request->path, fits, &q);
	return number == ROUTE_TREE_NONE ? NULL : &table->rules[number].route;
}

/* ---- telling ---- */

size_t route_count(const struct route_table *table)
{
	return table->count;
}

const struct route *route_at(const struct route_table *table, size_t index)
{
	return &table->rules[index].route;
}

static bool has_host(const struct route_rule *rule, struct slice host)
{
	for (size_t i = 0; i < rule->host_count; i++) {
		if (host.len && route_host_covers(rule->hosts[i], host))
			return true;
	}
	return !rule->host_count;
}

static bool has_path(const struct route_rule *rule, struct slice path)
{
	for (size_t i = 0; i < rule->path_count; i++) {
		if (path.ptr && route_path_covers(rule->paths[i], path))
			return true;
	}
	return !rule->path_count;
}

enum route_miss route_explain(const struct route_table *table, size_t index,
	const struct route_request *request)
{
	const struct route_rule *rule = &table->rules[index];
	struct slice host = target_host(request->authority);
	char lower[HOST_MAX + ROUTE_HOST_MORE];

	host = host.len <= HOST_MAX ? route_host_put(host, lower)
				    : slice_of(NULL, 0);
	if (!route_rule_hears(rule, request->listener))
		return ROUTE_OTHER_LISTENER;
	if (!has_host(rule, host))
		return ROUTE_OTHER_HOST;
	if (!has_path(rule, request->path))
		return ROUTE_OTHER_PATH;
	return has_method(rule, request->method) ? ROUTE_MATCHES
						 : ROUTE_OTHER_METHOD;
}
