#include "proxy/origin.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "proxy/balance.h"
#include "proxy/metrics.h"
#include "proxy/origin_pool.h"
#include "proxy/retry_budget.h"
#include "proxy/server_health.h"

enum { ORIGIN_LINES_MILLI = 1000, ORIGIN_LINES_BURST = 10 };

struct endpoint {
	struct origin_pool *pool;
	char text[ADDR_TEXT];
};

/* Its addresses are endpoints[first] and those behind. */
struct server {
	const char *url;
	size_t first;
	size_t count;
	size_t current; /* that worked last, from first */
	struct server_health health;
};

struct origin {
	struct origin_pool_setup setup;
	struct endpoint *endpoints; /* one per address */
	size_t count;
	struct server *servers;
	struct balance_server *balance; /* of each of them */
	size_t server_count;
	struct log_bucket bucket;
	struct retry_budget budget;
};

static void endpoints_free(struct origin *origin)
{
	for (size_t i = 0; origin->endpoints && i < origin->count; i++)
		origin_pool_free(origin->endpoints[i].pool);
	free(origin->endpoints);
	free(origin->servers);
	free(origin->balance);
}

/* Where nothing is told of servers, all addresses are one. */
static void set_server(struct origin *origin, size_t i)
{
	const struct config_origin *config = origin->setup.config;
	const struct config_server all = {.url = config->url,
		.weight = 1,
		.count = config->address_count};
	const struct config_server *from =
		config->server_count ? &config->servers[i] : &all;

	origin->servers[i] = (struct server){.url = from->url.text,
		.first = from->first,
		.count = from->count};
	origin->balance[i] = (struct balance_server){.weight = from->weight,
		.hash = balance_hash(slice_str(from->url.text))};
}

static bool make_servers(struct origin *origin)
{
	size_t count = origin->setup.config->server_count;

	origin->server_count = count ? count : 1;
	origin->servers =
		calloc(origin->server_count, sizeof(*origin->servers));
	origin->balance =
		calloc(origin->server_count, sizeof(*origin->balance));
	if (!origin->servers || !origin->balance)
		return false;
	for (size_t i = 0; i < origin->server_count; i++)
		set_server(origin, i);
	return true;
}

struct origin *origin_new(const struct origin_pool_setup *setup)
{
	struct origin *origin = calloc(1, sizeof(*origin));

	if (!origin)
		return NULL;
	origin->setup = *setup;
	origin->count = setup->config->address_count;
	origin->endpoints =
		calloc(origin->count + 1, sizeof(*origin->endpoints));
	log_bucket_init(
		&origin->bucket, ORIGIN_LINES_MILLI, ORIGIN_LINES_BURST);
	if (!make_servers(origin) || !origin->endpoints)
		goto failed;
	for (size_t i = 0; i < origin->count; i++) {
		const struct addr *addr = &setup->config->addresses[i];

		addr_print(addr, origin->endpoints[i].text);
		origin->endpoints[i].pool =
			origin_pool_new(&origin->setup, addr);
		if (!origin->endpoints[i].pool)
			goto failed;
	}
	return origin;
failed:
	origin_free(origin);
	return NULL;
}

void origin_free(struct origin *origin)
{
	if (!origin)
		return;
	endpoints_free(origin);
	free(origin);
}

void origin_drain(struct origin *origin)
{
	for (size_t i = 0; i < origin->count; i++)
		origin_pool_drain(origin->endpoints[i].pool);
}

/* ---- servers ---- */

static bool is_alone(const struct origin *origin)
{
	return origin->server_count == 1;
}

/* Told once, when it changes. */
static void note(struct origin *origin, size_t index, bool ok, const char *why)
{
	struct server *server = &origin->servers[index];

	if (is_alone(origin) || !server_health_note(&server->health, ok,
					loop_now_ms(origin->setup.loop)))
		return;
	if (ok) {
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

static uint64_t active_of(
	const struct origin *origin, const struct server *server)
{
	uint64_t active = 0;

	for (size_t i = 0; i < server->count; i++)
		active += origin_pool_busy(
			origin->endpoints[server->first + i].pool);
	return active;
}

/* One that this lease has not tried; false: none is left. */
static bool choose(struct origin *origin, struct lease *lease)
{
	const enum config_balance how = origin->setup.config->balance;
	int64_t now_ms = loop_now_ms(origin->setup.loop);
	uint64_t key = 0;
	int index;

	for (size_t i = 0; i < origin->server_count; i++) {
		struct balance_server *one = &origin->balance[i];

		one->barred =
			lease->seen >> i & 1 ||
			!server_health_open(&origin->servers[i].health, now_ms);
		if (how == BALANCE_LEAST_CONNECTIONS)
			one->active = active_of(origin, &origin->servers[i]);
	}
	if (how == BALANCE_CLIENT_IP)
		key = balance_hash(lease->client);
	index = balance_choose(how, origin->balance, origin->server_count, key);
	if (index == BALANCE_NONE)
		return false;
	lease->server = (size_t)index;
	return true;
}

/* ---- leases ---- */

static struct server *server_of(const struct lease *lease)
{
	return &lease->origin->servers[lease->server];
}

static size_t index_of(const struct lease *lease)
{
	return (lease->first + lease->tried) % server_of(lease)->count;
}

static struct endpoint *endpoint_of(const struct lease *lease, size_t index)
{
	return &lease->origin->endpoints[server_of(lease)->first + index];
}

static void end_failed(struct lease *lease, enum failure why)
{
	lease->origin = NULL;
	lease->conn = NULL;
	lease->events->failed(lease->owner, why);
}

static void end_ready(struct lease *lease, struct stream *stream)
{
	lease->origin = NULL;
	lease->conn = NULL;
	lease->events->ready(lease->owner, stream);
}

static void connect_next(struct lease *lease);
static void next_server(struct lease *lease, enum failure why);

static void on_opened(void *owner, struct stream *stream)
{
	struct lease *lease = owner;

	server_of(lease)->current = index_of(lease);
	note(lease->origin, lease->server, true, "");
	end_ready(lease, stream);
}

static void on_refused(void *owner, enum failure why, const char *words)
{
	struct lease *lease = owner;
	struct origin *origin = lease->origin;
	uint64_t held;

	if (log_bucket_take(
		    &origin->bucket, loop_now_ms(origin->setup.loop), &held))
		LOG(LOG_LEVEL_WARN, "origin_unreachable",
			LOG_STR("origin", origin->setup.config->name),
			LOG_SLICE("address", lease->address),
			LOG_STR("error", words), LOG_U64("suppressed", held));
	lease->conn = NULL;
	if (++lease->tried < server_of(lease)->count) {
		connect_next(lease);
		return;
	}
	if (why == FAILURE_MEMORY) { /* ours: the server is not to blame */
		server_health_forget(&server_of(lease)->health);
		end_failed(lease, why);
		return;
	}
	note(origin, lease->server, false, words);
	next_server(lease, why);
}

static const struct origin_pool_events pool_events = {
	.opened = on_opened,
	.refused = on_refused,
};

static void connect_next(struct lease *lease)
{
	struct endpoint *endpoint = endpoint_of(lease, index_of(lease));

	lease->address = slice_str(endpoint->text);
	lease->conn = origin_pool_connect(endpoint->pool, &pool_events, lease);
	if (lease->conn)
		return;
	server_health_forget(&server_of(lease)->health);
	end_failed(lease, FAILURE_MEMORY);
}

static struct stream *reuse(struct lease *lease)
{
	const struct server *server = server_of(lease);

	for (size_t i = 0; i < server->count; i++) {
		struct endpoint *endpoint = endpoint_of(
			lease, (server->current + i) % server->count);
		struct stream *stream = origin_pool_reuse(endpoint->pool);

		if (stream) {
			lease->address = slice_str(endpoint->text);
			return stream;
		}
	}
	return NULL;
}

/* why: what the server before this one failed with. */
static void next_server(struct lease *lease, enum failure why)
{
	struct origin *origin = lease->origin;
	struct stream *stream = NULL;
	struct server *server;

	if (!choose(origin, lease)) {
		end_failed(lease, why);
		return;
	}
	server = server_of(lease);
	lease->seen |= UINT64_C(1) << lease->server;
	lease->first = server->current;
	lease->tried = 0;
	if (!server->count) {
		end_failed(lease, FAILURE_ORIGIN_CONNECT);
		return;
	}
	/* a trial asks whether a connection can be had */
	if (!lease->fresh && server_health_up(&server->health))
		stream = reuse(lease);
	lease->reused = stream;
	if (stream) {
		end_ready(lease, stream);
		return;
	}
	server_health_begin(&server->health);
	connect_next(lease);
}

static void run(void *arg)
{
	next_server(arg, FAILURE_ORIGIN_UNAVAILABLE);
}

/* seen: servers not to be asked. */
static void ask(struct origin *origin, struct lease *lease, uint64_t seen)
{
	assert(!lease->origin);
	lease->origin = origin;
	lease->conn = NULL;
	lease->server = 0;
	lease->seen = seen;
	lease->reused = false;
	lease->address = slice_of(NULL, 0);
	lease->task = (struct loop_task){.cb = run, .arg = lease};
	loop_later(origin->setup.loop, &lease->task);
}

void origin_request(struct origin *origin, struct lease *lease, bool fresh)
{
	retry_budget_request(&origin->budget, loop_now_ms(origin->setup.loop));
	lease->fresh = fresh;
	lease->retries = 0;
	ask(origin, lease, 0);
}

static bool is_other_left(
	const struct origin *origin, const struct lease *lease)
{
	int64_t now_ms = loop_now_ms(origin->setup.loop);

	for (size_t i = 0; i < origin->server_count; i++) {
		if (!(lease->seen >> i & 1) &&
			server_health_open(&origin->servers[i].health, now_ms))
			return true;
	}
	return false;
}

static bool is_within_budget(struct origin *origin)
{
	if (retry_budget_take(&origin->budget, loop_now_ms(origin->setup.loop),
		    origin->setup.config->retries_budget))
		return true;
	metrics_add(
		&origin->setup.metrics->value[METRIC_RETRIES_OVER_BUDGET], 1);
	return false;
}

bool origin_retry(struct origin *origin, struct lease *lease, bool elsewhere)
{
	bool other = !lease->reused && is_other_left(origin, lease);

	if (lease->retries >= origin->setup.config->retries_max ||
		(elsewhere && !other) || !is_within_budget(origin))
		return false;
	metrics_add(&origin->setup.metrics->value[METRIC_RETRIES], 1);
	lease->retries++;
	lease->fresh = true;
	ask(origin, lease, other ? lease->seen : 0);
	return true;
}

void lease_cancel(struct lease *lease)
{
	if (!lease->origin)
		return;
	loop_cancel(lease->origin->setup.loop, &lease->task);
	if (lease->conn) {
		server_health_forget(&server_of(lease)->health);
		origin_pool_cancel(lease->conn);
	}
	lease->origin = NULL;
	lease->conn = NULL;
}
