#include "proxy/proxy.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"
#include "net/conn.h"
#include "policy/header_plan.h"
#include "proxy/access_log.h"
#include "proxy/client.h"
#include "proxy/deadline.h"
#include "proxy/exchange.h"
#include "proxy/http_date.h"
#include "proxy/ids.h"
#include "proxy/ocsp_asker.h"
#include "proxy/name_reader.h"
#include "proxy/origin.h"
#include "proxy/origin_pool.h"
#include "proxy/rate_limits.h"

enum {
	SPARE_CHUNKS = 256,     /* of arenas: 2 MiB */
	SPARE_DEADLINES = 1024, /* about 200 bytes each */
	LINGER_TICK_MS = 20,    /* between looks at lingering connections */
	LINES_MILLI = 1000,     /* a line per second of each kind, ... */
	LINES_BURST = 10,       /* ... at first as many at once */
};

struct proxy {
	struct proxy_setup setup;
	struct loop *loop;
	struct exchange_env exchange;
	struct client_env clients;
	struct http_limits origin_limits;
	struct origin **origins;
	size_t origin_count;
	struct name_reader *names; /* NULL: none is looked up again */
	struct header_plan *headers;
	struct access_log access;
	struct ids ids;
	struct http_date date;
	struct log_bucket origin_bucket;
	struct rate_limits *rates; /* NULL: none are configured */
	struct log_bucket rate_bucket;
	void (*drained)(void *arg); /* NULL: not draining, or told */
	void *drained_arg;
	bool told; /* drained was called: once is enough */
	struct loop_task drain_task;
	struct loop_timer linger;
	struct loop_corpse corpse;
};

/* ---- making ---- */

/* The session cannot know the route yet; the exchange does. */
static uint64_t largest_body(const struct config *config)
{
	uint64_t most = config->limits.body;

	for (size_t i = 0; i < config->route_count; i++) {
		if (config->routes[i].body > most)
			most = config->routes[i].body;
	}
	return most;
}

struct http_limits proxy_client_limits(const struct config *config)
{
	const struct config_limits *limits = &config->limits;
	const struct config_timeouts *times = &config->timeouts;

	return (struct http_limits){
		.header_bytes = limits->header_bytes,
		.header_count = limits->header_count,
		.request_line = limits->request_line,
		.body = largest_body(config),
		.body_min_rate = limits->body_min_rate,
		.trailer_bytes = limits->trailer_bytes,
		.pipelined = limits->pipelined,
		.requests = limits->requests_per_connection,
		.header_ms = times->request_header_ms,
		.body_ms = times->request_body_ms,
		.write_ms = times->request_body_ms,
		.keepalive_ms = times->keepalive_ms,
		.first_ms = times->keepalive_ms,
		.tunnel_grace_ms = times->tunnel_grace_ms,
	};
}

static void set_limits(struct proxy *proxy)
{
	const struct config_limits *limits = &proxy->setup.config->limits;

	proxy->clients.limits = proxy_client_limits(proxy->setup.config);
	/* the exchange watches what the origin does with its time */
	proxy->origin_limits = (struct http_limits){
		.header_bytes = limits->header_bytes,
		.header_count = limits->header_count,
		.request_line = limits->request_line,
		.body = UINT64_MAX,
		.trailer_bytes = limits->trailer_bytes,
	};
}

static void set_logs(struct proxy *proxy)
{
	const struct config_logging *logging = &proxy->setup.config->logging;
	int fd = logging->access_enabled ? proxy->setup.access_fd : -1;
	enum log_format format = logging->access_format_auto
					 ? log_format_auto(fd)
					 : logging->access_format;

	access_log_init(&proxy->access, fd, format, logging->redact_query,
		proxy->setup.metrics);
	log_bucket_init(&proxy->origin_bucket, LINES_MILLI, LINES_BURST);
	log_bucket_init(&proxy->rate_bucket, logging->rejections_rate_milli,
		logging->rejections_burst);
	log_bucket_init(&proxy->clients.refusals,
		logging->rejections_rate_milli, logging->rejections_burst);
	log_bucket_init(&proxy->clients.handshakes,
		logging->rejections_rate_milli, logging->rejections_burst);
	log_bucket_init(&proxy->clients.unanswered,
		logging->rejections_rate_milli, logging->rejections_burst);
	log_bucket_init(&proxy->clients.overload, LINES_MILLI, LINES_BURST);
}

/* A worker's part of max_connections: rounded down, so that all together never
 * have more; but one each. */
static unsigned busy_max(const struct config *config, size_t origin)
{
	unsigned all = config->origins[origin].max_connections;
	unsigned part = all / config->process.workers;

	return all && !part ? 1 : part;
}

static bool make_origins(struct proxy *proxy)
{
	const struct config *config = proxy->setup.config;
	struct origin_context *const *contexts = proxy->setup.origin_contexts;

	proxy->origins =
		calloc(config->origin_count + 1, sizeof(struct origin *));
	if (!proxy->origins)
		return false;
	for (size_t i = 0; i < config->origin_count; i++) {
		const struct origin_pool_setup setup = {.loop = proxy->loop,
			.io = proxy->clients.io,
			.config = &config->origins[i],
			.timeouts = &config->timeouts,
			.limits = &proxy->origin_limits,
			.metrics = proxy->setup.metrics,
			.busy_max = busy_max(config, i),
			.tls = contexts ? contexts[i] : NULL};

		proxy->origins[i] = origin_new(&setup);
		if (!proxy->origins[i])
			return false;
		proxy->origin_count++;
	}
	return true;
}

static bool make_names(struct proxy *proxy)
{
	const struct proxy_setup *setup = &proxy->setup;

	if (!setup->names)
		return true;
	proxy->names = name_reader_new(
		proxy->loop, setup->config, setup->names, proxy->origins);
	return proxy->names;
}

/* Off, a request must not notice. */
static bool make_rates(struct proxy *proxy)
{
	const struct config *config = proxy->setup.config;

	if (!config->rate_limit_count || !proxy->setup.rates)
		return true;
	proxy->exchange.rates = proxy->rates =
		rate_limits_new(config, proxy->setup.rates);
	return proxy->rates;
}

static bool make_parts(struct proxy *proxy)
{
	struct exchange_env *exchange = &proxy->exchange;

	proxy->clients.io = conn_io_new(proxy->loop);
	proxy->clients.distrusted =
		calloc(proxy->setup.config->listener_count + 1, sizeof(bool));
	exchange->arenas = arena_cache_new(SPARE_CHUNKS);
	exchange->deadlines = deadline_pool_new(proxy->loop, SPARE_DEADLINES);
	exchange->headers = proxy->headers =
		header_plan_new(&proxy->setup.config->headers);
	if (!proxy->clients.io || !proxy->clients.distrusted ||
		!exchange->arenas || !exchange->deadlines || !proxy->headers)
		return false;
	if (config_asks_ocsp(proxy->setup.config)) {
		proxy->clients.asker = ocsp_asker_new(proxy->loop);
		if (!proxy->clients.asker)
			return false;
	}
	return make_rates(proxy) && make_origins(proxy) && make_names(proxy);
}

static void on_client_gone(void *arg);
static void on_drain_step(void *arg);

static void join_parts(struct proxy *proxy)
{
	const struct proxy_setup *setup = &proxy->setup;

	proxy->exchange.loop = proxy->loop;
	proxy->exchange.config = setup->config;
	proxy->exchange.rules = setup->rules;
	proxy->exchange.metrics = setup->metrics;
	proxy->exchange.ids = &proxy->ids;
	proxy->exchange.date = &proxy->date;
	proxy->exchange.access = &proxy->access;
	proxy->exchange.rate_bucket = &proxy->rate_bucket;
	proxy->exchange.origin_bucket = &proxy->origin_bucket;
	proxy->exchange.origins = proxy->origins;
	proxy->exchange.observer = setup->observer;
	proxy->exchange.refusals = setup->refusals;
	proxy->clients.exchange = &proxy->exchange;
	proxy->clients.contexts = setup->contexts;
	proxy->clients.admission = setup->admission;
	proxy->clients.slot = setup->slot;
	proxy->clients.gone = on_client_gone;
	proxy->clients.arg = proxy;
	proxy->drain_task =
		(struct loop_task){.cb = on_drain_step, .arg = proxy};
	loop_timer_init(proxy->loop, &proxy->linger, on_drain_step, proxy);
}

static void free_parts(struct proxy *proxy)
{
	name_reader_free(proxy->names);
	proxy->names = NULL;
	for (size_t i = 0; i < proxy->origin_count; i++)
		origin_free(proxy->origins[i]);
	proxy->origin_count = 0;
	ocsp_asker_free(proxy->clients.asker);
	proxy->clients.asker = NULL;
}

static void proxy_bury(void *object)
{
	struct proxy *proxy = object;

	conn_io_free(proxy->clients.io);
	deadline_pool_free(proxy->exchange.deadlines);
	header_plan_free(proxy->headers);
	arena_cache_free(proxy->exchange.arenas);
	rate_limits_free(proxy->rates);
	free(proxy->origins);
	free(proxy->clients.distrusted);
	free(proxy);
}

/* A listener without TLS would let anybody in. */
static bool has_contexts(const struct proxy_setup *setup)
{
	for (size_t i = 0; i < setup->config->listener_count; i++) {
		if (!setup->contexts[i])
			return false;
	}
	return true;
}

struct proxy *proxy_new(const struct proxy_setup *setup, struct err *err)
{
	struct proxy *proxy;

	assert(has_contexts(setup) && setup->rules);
	proxy = calloc(1, sizeof(*proxy));
	if (!proxy)
		goto no_memory;
	proxy->setup = *setup;
	proxy->loop = setup->loop;
	set_limits(proxy);
	set_logs(proxy);
	if (!ids_init(&proxy->ids, setup->worker)) {
		err_set(err, EXIT_CODE_INTERNAL,
			"the system gives no random bytes");
		goto failed;
	}
	if (!make_parts(proxy))
		goto no_memory;
	join_parts(proxy);
	return proxy;
no_memory:
	err_set(err, EXIT_CODE_INTERNAL, "out of memory");
failed:
	if (proxy) {
		free_parts(proxy);
		access_log_fini(&proxy->access);
		proxy_bury(proxy);
	}
	return NULL;
}

/* ---- life ---- */

void proxy_accept(
	struct proxy *proxy, size_t listener, int fd, const struct addr *peer)
{
	client_accept(&proxy->clients, listener, fd, peer);
}

void proxy_distrust(struct proxy *proxy, size_t listener)
{
	if (listener < proxy->setup.config->listener_count)
		client_distrust_all(&proxy->clients, listener);
}

size_t proxy_clients(const struct proxy *proxy)
{
	return proxy->clients.count;
}

void proxy_set_steward(struct proxy *proxy, int fd)
{
	if (proxy->clients.asker)
		ocsp_asker_attach(proxy->clients.asker, fd);
	else
		close(fd);
}

void proxy_set_access_fd(struct proxy *proxy, int access_fd)
{
	if (proxy->setup.config->logging.access_enabled)
		access_log_set_fd(&proxy->access, access_fd);
}

/* ---- draining ---- */

static void look_again(struct proxy *proxy)
{
	if (proxy->drained)
		loop_later(proxy->loop, &proxy->drain_task);
}

static void on_client_gone(void *arg)
{
	look_again(arg);
}

static void on_drain_step(void *arg)
{
	struct proxy *proxy = arg;
	void (*drained)(void *) = proxy->drained;

	if (!drained || proxy->clients.count)
		return;
	for (size_t i = 0; i < proxy->origin_count; i++)
		origin_drain(proxy->origins[i]);
	/* last bytes are on their way as long as connections linger; nothing
	 * tells when they are gone, so look now and then */
	if (conn_io_lingering(proxy->clients.io) &&
		loop_timer_set(&proxy->linger, LINGER_TICK_MS))
		return;
	proxy->drained = NULL;
	proxy->told = true;
	drained(proxy->drained_arg);
}

void proxy_drain(struct proxy *proxy, int64_t idle_ms,
	void (*drained)(void *arg), void *arg)
{
	if (proxy->told)
		return;
	proxy->drained = drained;
	proxy->drained_arg = arg;
	if (proxy->clients.asker)
		ocsp_asker_finish(proxy->clients.asker);
	client_drain_all(&proxy->clients, idle_ms);
	look_again(proxy);
}

void proxy_free(struct proxy *proxy)
{
	if (!proxy)
		return;
	proxy->exchange.stopping = true;
	proxy->drained = NULL;
	client_close_all(&proxy->clients);
	free_parts(proxy);
	access_log_fini(&proxy->access);
	loop_cancel(proxy->loop, &proxy->drain_task);
	loop_timer_fini(&proxy->linger);
	/* behind everything that was put off until now */
	loop_free_later(proxy->loop, &proxy->corpse, proxy_bury, proxy);
}
