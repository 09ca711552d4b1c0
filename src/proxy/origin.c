#include "proxy/origin.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "config/config.h"
#include "origin_priv.h"
#include "proxy/metrics.h"
#include "tls/origin_context.h"

enum { ORIGIN_LINES_MILLI = 1000, ORIGIN_LINES_BURST = 10 };

static void servers_free(struct origin *origin)
{
	for (size_t i = 0; origin->servers && i < origin->server_count; i++)
		origin_endpoints_free(&origin->servers[i]);
	origin_endpoints_sweep(origin, true);
	for (size_t i = 0; origin->servers && i < origin->server_count; i++)
		origin_peer_free(origin->servers[i].tls);
	free(origin->servers);
	free(origin->balance);
}

static void on_freed(void *owner);
static void on_broken(void *owner, const struct addr *addr, const char *words);
static void on_wake(void *arg);
static void on_expired(struct origin_queue_entry *entry);

static void make_queue(struct origin *origin)
{
	origin->setup.freed = on_freed;
	origin->setup.broken = on_broken;
	origin->setup.owner = origin;
	origin->wake = (struct loop_task){.cb = on_wake, .arg = origin};
	origin_queue_init(&origin->queue, origin->setup.loop,
		origin->setup.config->queue_timeout_ms, on_expired);
}

struct origin *origin_new(const struct origin_pool_setup *setup)
{
	struct origin *origin = calloc(1, sizeof(*origin));

	if (!origin)
		return NULL;
	origin->setup = *setup;
	make_queue(origin);
	log_bucket_init(
		&origin->bucket, ORIGIN_LINES_MILLI, ORIGIN_LINES_BURST);
	if (!origin_servers_make(origin))
		goto failed;
	if (!origin_probes_start(origin))
		goto failed;
	return origin;
failed:
	origin_free(origin);
	return NULL;
}

void origin_free(struct origin *origin)
{
	if (!origin)
		return;
	origin_probes_stop(origin);
	servers_free(origin);
	loop_cancel(origin->setup.loop, &origin->wake);
	origin_queue_fini(&origin->queue);
	free(origin);
}

void origin_drain(struct origin *origin)
{
	origin_probes_stop(origin);
	for (size_t i = 0; i < origin->server_count; i++)
		origin_endpoints_drain(&origin->servers[i]);
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
	return server_of(lease)->endpoints[index];
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
	origin_servers_note(lease->origin, lease->server, true, "");
	end_ready(lease, stream);
}

static void tell(struct origin *origin, const char *event, struct slice address,
	const char *words)
{
	uint64_t held;

	if (log_bucket_take(
		    &origin->bucket, loop_now_ms(origin->setup.loop), &held))
		LOG(LOG_LEVEL_WARN, event,
			LOG_STR("origin", origin->setup.config->name),
			LOG_SLICE("address", address), LOG_STR("error", words),
			LOG_U64("suppressed", held));
}

static void on_broken(void *owner, const struct addr *addr, const char *words)
{
	char text[ADDR_TEXT];

	addr_print(addr, text);
	tell(owner, "origin_tls_ended", slice_str(text), words);
}

static void on_refused(void *owner, enum failure why, const char *words)
{
	struct lease *lease = owner;
	struct origin *origin = lease->origin;

	tell(origin, "origin_unreachable", lease->address, words);
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
	origin_servers_note(origin, lease->server, false, words);
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
	lease->conn = origin_pool_connect(
		endpoint->pool, &lease->hello, &pool_events, lease);
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
		struct stream *stream =
			origin_pool_reuse(endpoint->pool, &lease->hello);

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

	if (!origin_servers_choose(origin, lease)) {
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

/* ---- places ---- */

static bool is_full(const struct origin *origin)
{
	unsigned max = origin->setup.busy_max;
	unsigned busy = max ? origin_endpoints_busy(origin) : 0;

	return busy > 0 && busy >= max;
}

static struct lease *lease_of(struct origin_queue_entry *entry)
{
	return (struct lease *)((char *)entry - offsetof(struct lease, entry));
}

/* It waits no more. */
static void note_left(struct origin *origin, struct lease *lease)
{
	lease->waited_ms +=
		origin_queue_waited_ms(&origin->queue, &lease->entry);
	metrics_sub(
		&origin->setup.metrics->value[METRIC_GAUGE_ORIGIN_QUEUE], 1);
}

static void wait_for_place(struct origin *origin, struct lease *lease)
{
	struct metrics *metrics = origin->setup.metrics;

	if (origin->queue.count >= origin->setup.config->queue_size) {
		end_failed(lease, FAILURE_ORIGIN_QUEUE_FULL);
		return;
	}
	if (!origin_queue_push(&origin->queue, &lease->entry)) {
		end_failed(lease, FAILURE_MEMORY);
		return;
	}
	metrics_add(&metrics->value[METRIC_ORIGIN_QUEUED], 1);
	metrics_add(&metrics->value[METRIC_GAUGE_ORIGIN_QUEUE], 1);
}

static void on_expired(struct origin_queue_entry *entry)
{
	struct lease *lease = lease_of(entry);

	note_left(lease->origin, lease);
	end_failed(lease, FAILURE_ORIGIN_QUEUE_TIMEOUT);
}

/* As many as there are places; one that fails at once leaves its own. */
static void on_wake(void *arg)
{
	struct origin *origin = arg;

	origin_endpoints_sweep(origin, false);
	while (origin->queue.first && !is_full(origin)) {
		struct lease *lease =
			lease_of(origin_queue_pop(&origin->queue));

		note_left(origin, lease);
		next_server(lease, FAILURE_ORIGIN_UNAVAILABLE);
	}
}

/* From inside whatever gives a connection back. */
static void on_freed(void *owner)
{
	struct origin *origin = owner;

	if (origin->queue.first || origin->retired)
		loop_later(origin->setup.loop, &origin->wake);
}

/* Nobody overtakes those who wait. */
static void run(void *arg)
{
	struct lease *lease = arg;
	struct origin *origin = lease->origin;

	if (origin->queue.first || is_full(origin))
		wait_for_place(origin, lease);
	else
		next_server(lease, FAILURE_ORIGIN_UNAVAILABLE);
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
	lease->waited_ms = 0;
	lease->entry.queue = NULL;
	ask(origin, lease, 0);
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
	bool other = !lease->reused && origin_servers_left(origin, lease);

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
	if (lease->entry.queue) {
		note_left(lease->origin, lease);
		origin_queue_leave(&lease->entry);
	}
	if (lease->conn) {
		server_health_forget(&server_of(lease)->health);
		origin_pool_cancel(lease->conn);
	}
	lease->origin = NULL;
	lease->conn = NULL;
}
