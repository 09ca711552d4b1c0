/* origin: the addresses of a server, and what becomes of them. */
#include "origin_priv.h"

#include <stdlib.h>

#include "config/config.h"

static struct endpoint *endpoint_new(struct origin *origin,
	const struct server *server, const struct addr *addr)
{
	struct endpoint *endpoint = calloc(1, sizeof(*endpoint));

	if (!endpoint)
		return NULL;
	endpoint->addr = *addr;
	addr_print(addr, endpoint->text);
	endpoint->pool =
		origin_pool_new(&origin->setup, &endpoint->addr, server->tls);
	if (endpoint->pool)
		return endpoint;
	free(endpoint);
	return NULL;
}

static void endpoint_free(struct endpoint *endpoint)
{
	origin_pool_free(endpoint->pool);
	free(endpoint);
}

static struct endpoint *find(
	const struct server *server, const struct addr *addr)
{
	for (size_t i = 0; i < server->count; i++) {
		if (addr_eq(&server->endpoints[i]->addr, addr))
			return server->endpoints[i];
	}
	return NULL;
}

static bool holds(
	struct endpoint *const *all, size_t count, const struct endpoint *one)
{
	for (size_t i = 0; i < count; i++) {
		if (all[i] == one)
			return true;
	}
	return false;
}

static void retire(struct origin *origin, struct endpoint *endpoint)
{
	origin_pool_drain(endpoint->pool);
	endpoint->next = origin->retired;
	origin->retired = endpoint;
}

/* The new ones in their order, kept or made; NULL: out of memory. */
static struct endpoint **collect(struct origin *origin,
	const struct server *server, const struct addr *addrs, size_t count)
{
	struct endpoint **all = calloc(count + 1, sizeof(*all));

	for (size_t i = 0; all && i < count; i++) {
		all[i] = find(server, &addrs[i]);
		if (!all[i])
			all[i] = endpoint_new(origin, server, &addrs[i]);
		if (all[i])
			continue;
		for (size_t j = 0; j < i; j++) {
			if (!holds(server->endpoints, server->count, all[j]))
				endpoint_free(all[j]);
		}
		free(all);
		return NULL;
	}
	return all;
}

bool origin_endpoints_set(struct origin *origin, struct server *server,
	const struct addr *addrs, size_t count)
{
	struct endpoint **all = collect(origin, server, addrs, count);

	if (!all)
		return false;
	for (size_t i = 0; i < server->count; i++) {
		if (!holds(all, count, server->endpoints[i]))
			retire(origin, server->endpoints[i]);
	}
	free(server->endpoints);
	server->endpoints = all;
	server->count = count;
	server->current = 0;
	origin_endpoints_sweep(origin, false);
	return true;
}

void origin_endpoints_drain(const struct server *server)
{
	for (size_t i = 0; i < server->count; i++)
		origin_pool_drain(server->endpoints[i]->pool);
}

void origin_endpoints_free(struct server *server)
{
	for (size_t i = 0; i < server->count; i++)
		endpoint_free(server->endpoints[i]);
	free(server->endpoints);
	server->endpoints = NULL;
	server->count = 0;
}

void origin_endpoints_sweep(struct origin *origin, bool all)
{
	struct endpoint **at = &origin->retired;

	while (*at) {
		struct endpoint *endpoint = *at;

		if (!all && origin_pool_busy(endpoint->pool)) {
			at = &endpoint->next;
			continue;
		}
		*at = endpoint->next;
		endpoint_free(endpoint);
	}
}

unsigned origin_endpoints_busy(const struct origin *origin)
{
	unsigned busy = 0;

	for (size_t i = 0; i < origin->server_count; i++) {
		const struct server *server = &origin->servers[i];

		for (size_t j = 0; j < server->count; j++)
			busy += origin_pool_busy(server->endpoints[j]->pool);
	}
	for (const struct endpoint *e = origin->retired; e; e = e->next)
		busy += origin_pool_busy(e->pool);
	return busy;
}

void origin_set_addresses(struct origin *origin, size_t server,
	const struct addr *addrs, size_t count)
{
	if (!origin_endpoints_set(
		    origin, &origin->servers[server], addrs, count))
		LOG(LOG_LEVEL_ERROR, "origin_addresses_lost",
			LOG_STR("origin", origin->setup.config->name),
			LOG_STR("server", origin->servers[server].url),
			LOG_STR("reason", "out of memory"));
}
