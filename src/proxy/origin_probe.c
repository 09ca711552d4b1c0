/*
 * origin: asks each server for its health. One question at a time and server,
 * on a connection of its own, by the same code that carries requests.
 */
#include "origin_priv.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "config/config.h"
#include "http/message.h"
#include "http/stream.h"
#include "net/proxy_announce.h"
#include "proxy/metrics.h"

enum { FIRST_MS = 1000, CONTENT_MAX = 65536, WORDS = 64 };

struct probe {
	struct origin *origin;
	size_t index; /* of the server */
	/* Until the next question, or until the running one must end. */
	struct loop_timer timer;
	struct origin_conn *conn; /* being opened */
	struct run *run;          /* NULL: none is asked now */
	size_t tried;             /* addresses of the server */
	uint64_t dice;
};

/* One question; lies in its own arena. */
struct run {
	struct probe *probe;
	struct arena *arena;
	struct stream *stream; /* NULL: not yet, or closed */
	unsigned status;       /* 0: no answer yet */
	struct message head;
	struct loop_corpse corpse;
};

static const struct config_health *health_of(const struct probe *probe)
{
	return &probe->origin->setup.config->health;
}

static struct server *server_of(const struct probe *probe)
{
	return &probe->origin->servers[probe->index];
}

/* ---- time ---- */

static int64_t roll(struct probe *probe, int64_t below)
{
	probe->dice = probe->dice * UINT64_C(6364136223846793005) +
		      UINT64_C(1442695040888963407);
	return below > 0 ? (int64_t)(probe->dice >> 33) % below : 0;
}

/* A tenth more or less, so that workers do not ask all at once. */
static void sleep_until_next(struct probe *probe)
{
	int64_t interval = health_of(probe)->interval_ms;

	/* the timer exists: setting it again needs no memory */
	(void)!loop_timer_set(&probe->timer,
		interval - interval / 10 + roll(probe, interval / 5));
}

/* ---- the verdict ---- */

static void tell(const struct probe *probe, bool well, const char *why)
{
	LOG(well ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
		well ? "origin_server_healthy" : "origin_server_unhealthy",
		LOG_STR("origin", probe->origin->setup.config->name),
		LOG_STR("server", server_of(probe)->url),
		LOG_STR("reason", why));
}

static void judge(struct probe *probe, bool well, const char *why)
{
	const struct config_health *health = health_of(probe);
	struct metrics *metrics = probe->origin->setup.metrics;
	struct server *server = server_of(probe);

	if (!well)
		metrics_add(&metrics->value[METRIC_HEALTH_FAILURES], 1);
	if (!server_health_answer(&server->health, well,
		    health->unhealthy_after, health->healthy_after))
		return;
	tell(probe, well, why);
	if (well) {
		server->back_ms = loop_now_ms(probe->origin->setup.loop);
		metrics_sub(&metrics->value[METRIC_GAUGE_SERVERS_UNWELL], 1);
		return;
	}
	metrics_add(&metrics->value[METRIC_ORIGIN_EJECTIONS], 1);
	metrics_add(&metrics->value[METRIC_GAUGE_SERVERS_UNWELL], 1);
}

/* ---- the end of a question ---- */

static void bury(void *object)
{
	arena_free(object);
}

static void drop_run(struct probe *probe, enum stream_close how)
{
	struct run *run = probe->run;

	if (probe->conn)
		origin_pool_cancel(probe->conn);
	probe->conn = NULL;
	probe->run = NULL;
	if (!run)
		return;
	if (run->stream)
		run->stream->ops->close(run->stream, how);
	run->stream = NULL;
	loop_free_later(
		probe->origin->setup.loop, &run->corpse, bury, run->arena);
}

static void end(
	struct probe *probe, enum stream_close how, bool well, const char *why)
{
	drop_run(probe, how);
	judge(probe, well, why);
	sleep_until_next(probe);
}

static void end_answered(struct run *run, enum stream_close how)
{
	char words[WORDS];

	snprintf(words, sizeof(words), "status %u", run->status);
	end(run->probe, how, run->status >= 200 && run->status < 300, words);
}

/* ---- the answer ---- */

static void on_head(void *owner, struct message *head)
{
	struct run *run = owner;

	if (head->status >= 200)
		run->status = head->status;
}

static void on_body(void *owner, struct slice bytes)
{
	struct run *run = owner;

	(void)bytes;
	if (run->stream->bytes_in > CONTENT_MAX)
		end_answered(run, STREAM_ABORT);
}

static void on_end(void *owner, struct header_block *trailers)
{
	(void)trailers;
	end_answered(owner, STREAM_DONE);
}

static void on_room(void *owner)
{
	(void)owner;
}

static void on_fail(void *owner, const struct stream_failure *told)
{
	struct run *run = owner;

	end(run->probe, STREAM_ABORT, false,
		told->rule == HTTP_RULE_NONE
			? "the connection was lost"
			: http_rule_info(told->rule)->sentence);
}

static const struct stream_events stream_events = {
	.on_head = on_head,
	.on_body = on_body,
	.on_end = on_end,
	.on_room = on_room,
	.on_fail = on_fail,
};

/* ---- the question ---- */

static const char *authority_of(const struct probe *probe)
{
	const struct config_origin *config = probe->origin->setup.config;

	return config->server_count ? config->servers[probe->index].authority
				    : config->authority;
}

static bool write_head(struct run *run)
{
	run->head = (struct message){.kind = MESSAGE_REQUEST,
		.version = MESSAGE_HTTP_1_1,
		.method = METHOD_GET,
		.method_text = SLICE("GET"),
		.authority = slice_str(authority_of(run->probe)),
		.path = slice_str(health_of(run->probe)->path.text),
		.stated_len = -1};
	return header_add(&run->head.fields, run->arena, SLICE("User-Agent"),
		SLICE("mtlsgate-health"));
}

static void connect_next(struct probe *probe);

static void on_opened(void *owner, struct stream *stream)
{
	struct probe *probe = owner;
	struct run *run = probe->run;

	probe->conn = NULL;
	run->stream = stream;
	stream_bind(stream, &stream_events, run, run->arena);
	if (!write_head(run)) {
		drop_run(probe, STREAM_ABORT); /* ours: says nothing of it */
		sleep_until_next(probe);
		return;
	}
	stream->ops->send_head(stream, &run->head);
	stream->ops->send_end(stream, NULL);
}

static void on_refused(void *owner, enum failure why, const char *words)
{
	struct probe *probe = owner;

	probe->conn = NULL;
	if (why == FAILURE_MEMORY) {
		drop_run(probe, STREAM_ABORT);
		sleep_until_next(probe);
	} else if (++probe->tried < server_of(probe)->count) {
		connect_next(probe);
	} else {
		end(probe, STREAM_ABORT, false, words);
	}
}

static const struct origin_pool_events pool_events = {
	.opened = on_opened,
	.refused = on_refused,
};

static void connect_next(struct probe *probe)
{
	const struct server *server = server_of(probe);
	size_t i = (server->current + probe->tried) % server->count;
	struct origin_hello hello = {.bytes = {NULL, 0}};

	/* nobody's but our own; without an owner it is not kept */
	if (probe->origin->setup.config->proxy_protocol != ANNOUNCE_NONE)
		hello.bytes = proxy_announce_local();
	probe->conn = origin_pool_connect(
		server->endpoints[i]->pool, &hello, &pool_events, probe);
	if (probe->conn)
		return;
	drop_run(probe, STREAM_ABORT);
	sleep_until_next(probe);
}

static void begin(struct probe *probe)
{
	struct arena *arena = arena_new(NULL);
	struct run *run = arena ? arena_zalloc(arena, sizeof(*run)) : NULL;

	if (!run || !server_of(probe)->count) {
		arena_free(arena);
		sleep_until_next(probe);
		return;
	}
	run->probe = probe;
	run->arena = arena;
	probe->run = run;
	probe->tried = 0;
	(void)!loop_timer_set(&probe->timer, health_of(probe)->timeout_ms);
	connect_next(probe);
}

static void on_timer(void *arg)
{
	struct probe *probe = arg;

	if (probe->run)
		end(probe, STREAM_ABORT, false, "no answer in time");
	else
		begin(probe);
}

/* ---- all of them ---- */

static struct probe *probe_new(struct origin *origin, size_t index)
{
	struct probe *probe = calloc(1, sizeof(*probe));
	int64_t interval = origin->setup.config->health.interval_ms;

	if (!probe)
		return NULL;
	probe->origin = origin;
	probe->index = index;
	probe->dice = origin->balance[index].hash ^
		      (uint64_t)loop_wall_ms(origin->setup.loop) ^
		      (uint64_t)(uintptr_t)probe;
	loop_timer_init(origin->setup.loop, &probe->timer, on_timer, probe);
	if (loop_timer_set(&probe->timer,
		    roll(probe, interval < FIRST_MS ? interval : FIRST_MS)))
		return probe;
	free(probe);
	return NULL;
}

bool origin_probes_start(struct origin *origin)
{
	if (!origin->setup.config->health.path.text)
		return true;
	for (size_t i = 0; i < origin->server_count; i++) {
		origin->servers[i].probe = probe_new(origin, i);
		if (!origin->servers[i].probe)
			return false;
	}
	return true;
}

void origin_probes_stop(struct origin *origin)
{
	struct metrics *metrics = origin->setup.metrics;

	for (size_t i = 0; origin->servers && i < origin->server_count; i++) {
		struct server *server = &origin->servers[i];

		if (!server->probe)
			continue;
		drop_run(server->probe, STREAM_ABORT);
		loop_timer_fini(&server->probe->timer);
		free(server->probe);
		server->probe = NULL;
		if (server->health.unwell)
			metrics_sub(
				&metrics->value[METRIC_GAUGE_SERVERS_UNWELL],
				1);
	}
}
