/* origin: which server is asked, and what is known of each. */
#include "origin_priv.h"

#include <stdlib.h>

#include "config/config.h"
#include "proxy/metrics.h"
#include "tls/origin_context.h"

/* Where nothing is told of servers, all addresses are one. */
static bool set_server(struct origin *origin, size_t i)
{
	const struct config_origin *config = origin->setup.config;
	const struct config_server all = {.url = config->url,
		.weight = 1,
		.count = config->address_count};
	const struct config_server *from =
		config->server_count ? &config->servers[i] : &all;

	origin->servers[i] = (struct server){.url = from->url.text};
	origin->balance[i] = (struct balance_server){.weight = from->weight,
		.hash = balance_hash(slice_str(from->url.text))};
	if (from->tls) {
		origin->servers[i].tls =
			origin_peer_new(origin->setup.tls, from->host);
		if (!origin->servers[i].tls)
			return false;
	}
	return origin_endpoints_set(origin, &origin->servers[i],
		from->count ? &config->addresses[from->first] : NULL,
		from->count);
}

bool origin_servers_make(struct origin *origin)
{
	size_t count = origin->setup.config->server_count;

	origin->server_count = count ? count : 1;
	origin->servers =
		calloc(origin->server_count, sizeof(*origin->servers));
	origin->balance =
		calloc(origin->server_count, sizeof(*origin->balance));
	if (!origin->servers || !origin->balance)
		return false;
	for (size_t i = 0; i < origin->server_count; i++) {
		if (!set_server(origin, i))
			return false;
	}
	return true;
}

bool origin_servers_alone(const struct origin *origin)
{
	return origin->server_count == 1;
}

/* Told once, when it changes. */
void origin_servers_note(
	struct origin *origin, size_t index, bool ok, const char *why)
{
	struct server *server = &origin->servers[index];

	int64_t now_ms = loop_now_ms(origin->setup.loop);

	if (origin_servers_alone(origin) ||
		!server_health_note(&server->health, ok, now_ms))
		return;
	if (ok) {
		server->back_ms = now_ms;
		LOG(LOG_LEVEL_INFO, "origin_server_up",
			LOG_STR("origin", origin->setup.config->name),
			LOG_STR("server", server->url));
		return;
	}
	metrics_add(&origin->setup.metrics->value[METRIC_ORIGIN_EJECTIONS], 1);
	LOG(LOG_LEVEL_WARN, "origin_server_down",
		LOG_STR("origin", origin->setup.config->name),
		LOG_STR("server", server->url), LOG_STR("reason", why));
}

static uint64_t active_of(const struct server *server)
{
	uint64_t active = 0;

	for (size_t i = 0; i < server->count; i++)
		active += origin_pool_busy(server->endpoints[i]->pool);
	return active;
}

static bool is_open(const struct origin *origin, size_t i, int64_t now_ms)
{
	return origin_servers_alone(origin) ||
	       server_health_open(&origin->servers[i].health, now_ms);
}

/* client_ip stays with the weights as they are: else clients would move while
 * a server warms up, and move back. */
static unsigned weight_of(const struct origin *origin, size_t i, int64_t now_ms)
{
	const struct config_origin *config = origin->setup.config;
	int64_t over_ms = config->health.slow_start_ms;
	unsigned weight = config->server_count ? config->servers[i].weight : 1;

	if (!over_ms || config->balance == BALANCE_CLIENT_IP)
		return weight;
	if (!origin->servers[i].back_ms)
		return balance_ramp(weight, over_ms, over_ms);
	return balance_ramp(
		weight, now_ms - origin->servers[i].back_ms, over_ms);
}

bool origin_servers_choose(struct origin *origin, struct lease *lease)
{
	const enum config_balance how = origin->setup.config->balance;
	int64_t now_ms = loop_now_ms(origin->setup.loop);
	uint64_t key = 0;
	int index;

	for (size_t i = 0; i < origin->server_count; i++) {
		struct balance_server *one = &origin->balance[i];

		one->barred =
			lease->seen >> i & 1 || !is_open(origin, i, now_ms);
		one->weight = weight_of(origin, i, now_ms);
		if (how == BALANCE_LEAST_CONNECTIONS)
			one->active = active_of(&origin->servers[i]);
	}
	if (how == BALANCE_CLIENT_IP)
		key = balance_hash(lease->client);
	index = balance_choose(how, origin->balance, origin->server_count, key);
	if (index == BALANCE_NONE)
		return false;
	lease->server = (size_t)index;
	return true;
}

bool origin_servers_left(const struct origin *origin, const struct lease *lease)
{
	int64_t now_ms = loop_now_ms(origin->setup.loop);

	for (size_t i = 0; i < origin->server_count; i++) {
		if (!(lease->seen >> i & 1) && is_open(origin, i, now_ms))
			return true;
	}
	return false;
}
