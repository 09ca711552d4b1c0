#include "fake/exchange_rig.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/loop.h"
#include "config/config_problem.h"
#include "policy/header_plan.h"
#include "policy/rulebook.h"
#include "proxy/deadline.h"

/* ---- in place of proxy/origin ---- */

struct origin {
	struct exchange_rig *rig;
};

void origin_request(struct origin *origin, struct lease *lease, bool fresh)
{
	struct exchange_rig *rig = origin->rig;

	assert(!rig->lease);
	rig->lease = lease;
	rig->lease_fresh = fresh;
	rig->leases++;
	lease->retries = 0;
	lease->origin = origin;
	lease->address = SLICE("127.0.0.1:8080");
}

bool origin_retry(struct origin *origin, struct lease *lease, bool elsewhere)
{
	struct exchange_rig *rig = origin->rig;

	unsigned retries;

	rig->retry_elsewhere = elsewhere;
	if (rig->no_retry)
		return false;
	retries = lease->retries;
	origin_request(origin, lease, true);
	lease->retries = retries + 1;
	return true;
}

void lease_cancel(struct lease *lease)
{
	if (!lease->origin)
		return;
	assert(lease->origin->rig->lease == lease);
	lease->origin->rig->lease = NULL;
	lease->origin->rig->cancelled++;
	lease->origin = NULL;
}

/* ---- the rig ---- */

static void on_over(void *owner)
{
	struct exchange_rig *rig = owner;

	rig->over++;
	if (rig->stop_when_over)
		loop_stop(rig->loop);
}

static void on_finished(void *arg, const struct access_record *record)
{
	struct exchange_rig *rig = arg;
	size_t len = 0;

	rig->finished++;
	rig->record = *record;
	for (unsigned i = 0; i < record->stripped.total && i < REWRITE_NAMES;
		i++) {
		struct slice name = record->stripped.names[i];

		assert(len + name.len + 2 < sizeof(rig->names));
		memcpy(rig->names + len, name.ptr, name.len);
		len += name.len;
		rig->names[len++] = ' ';
	}
	rig->names[len] = '\0';
	memcpy(rig->request_id, record->request_id.ptr, record->request_id.len);
}

static void env_init(struct exchange_rig *rig)
{
	struct exchange_env *env = &rig->env;

	env->loop = rig->loop;
	env->config = &rig->config;
	rig->plan = header_plan_new(&rig->config.headers);
	assert(rig->plan);
	env->headers = rig->plan;
	env->metrics = &rig->metrics;
	env->arenas = arena_cache_new(8);
	env->deadlines = deadline_pool_new(rig->loop, 4);
	env->ids = &rig->ids;
	env->date = &rig->date;
	env->access = &rig->access;
	env->origin_bucket = &rig->bucket;
	env->origins = rig->origins;
	env->observer = &rig->observer;
	assert(env->arenas && env->deadlines);
}

static void config_init(struct exchange_rig *rig)
{
	rig->origin_config.authority = "origin.internal";
	rig->config.origins = &rig->origin_config;
	rig->config.origin_count = 1;
	rig->config.timeouts.origin_response_ms = 60000;
	rig->config.timeouts.origin_idle_ms = 60000;
	rig->auth_settings.mode = CLIENT_AUTH_REQUIRE;
	rig->auth.state = CLIENT_AUTH_OK;
	rig->auth.settings = &rig->auth_settings;
	rig->auth.expires = INT64_MAX;
}

void rig_rules(struct exchange_rig *rig)
{
	struct config_problems *problems = config_problems_new();

	assert(problems);
	rulebook_free(rig->rules);
	rig->rules = rulebook_new(&rig->config, problems);
	assert(rig->rules);
	rig->env.rules = rig->rules;
	config_problems_free(problems);
}

struct exchange_rig *rig_new(void)
{
	struct exchange_rig *rig = calloc(1, sizeof(*rig));
	bool ok;

	assert(rig);
	rig->loop = loop_new();
	assert(rig->loop);
	ok = ids_init(&rig->ids, 1);
	assert(ok);
	config_init(rig);
	log_bucket_init(&rig->bucket, 1000, 1);
	access_log_init(&rig->access, -1, LOG_FORMAT_TEXT, true, &rig->metrics);
	rig->observer.finished = on_finished;
	rig->observer.arg = rig;
	rig->origins[0] = calloc(1, sizeof(struct origin));
	assert(rig->origins[0]);
	rig->origins[0]->rig = rig;
	env_init(rig);
	rig_rules(rig);
	rig->cert_field =
		(struct header_field){SLICE("X-CERT-VERIFY"), SLICE("SUCCESS")};
	rig->cert_headers.fields = &rig->cert_field;
	rig->cert_headers.count = 1;
	rig->client = (struct exchange_client){.auth = &rig->auth,
		.cert_headers = &rig->cert_headers,
		.connection_id = SLICE("c-1"),
		.ip = SLICE("192.0.2.7"),
		.port = 4711,
		.listener = "default",
		.subject = SLICE("CN=alice"),
		.serial = SLICE("0A"),
		.over = on_over,
		.owner = rig};
	fake_stream_init(&rig->client_end);
	fake_stream_init(&rig->origin_end);
	return rig;
}

void rig_free(struct exchange_rig *rig)
{
	rig_turn(rig);
	fake_stream_fini(&rig->client_end);
	fake_stream_fini(&rig->origin_end);
	access_log_fini(&rig->access);
	deadline_pool_free(rig->env.deadlines);
	header_plan_free(rig->plan);
	arena_cache_free(rig->env.arenas);
	loop_free(rig->loop);
	rulebook_free(rig->rules);
	free(rig->origins[0]);
	free(rig);
}

void rig_start(struct exchange_rig *rig)
{
	bool ok;

	fake_stream_fini(&rig->client_end);
	fake_stream_init(&rig->client_end);
	ok = exchange_new(&rig->env, &rig->client, &rig->client_end.stream);
	assert(ok);
}

struct message *rig_request(struct exchange_rig *rig, const char *method,
	const char *target, const char *fields)
{
	struct message *head;

	rig_start(rig);
	head = fake_request(&rig->client_end, method, target, fields);
	if (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0)
		head->body = BODY_UNKNOWN;
	fake_stream_head(&rig->client_end, head);
	return head;
}

void rig_grant(struct exchange_rig *rig)
{
	struct lease *lease = rig->lease;

	assert(lease);
	rig->lease = NULL;
	lease->origin = NULL;
	fake_stream_fini(&rig->origin_end);
	fake_stream_init(&rig->origin_end);
	lease->events->ready(lease->owner, &rig->origin_end.stream);
}

void rig_refuse(struct exchange_rig *rig, enum failure why)
{
	struct lease *lease = rig->lease;

	assert(lease);
	rig->lease = NULL;
	lease->origin = NULL;
	lease->events->failed(lease->owner, why);
}

void rig_get(struct exchange_rig *rig, const char *method)
{
	struct message *head = rig_request(rig, method, "/", NULL);

	if (head->body == BODY_NONE)
		fake_stream_end(&rig->client_end, NULL);
	rig_grant(rig);
}

void rig_answer(struct exchange_rig *rig, unsigned status, const char *fields)
{
	struct message *head = fake_response(&rig->origin_end, status, fields);

	head->body = BODY_UNKNOWN;
	fake_stream_head(&rig->origin_end, head);
}

static void stop(void *arg)
{
	loop_stop(arg);
}

void rig_turn(struct exchange_rig *rig)
{
	struct loop_task task = {.cb = stop, .arg = rig->loop};
	bool ok;

	loop_next_turn(rig->loop, &task);
	ok = loop_run(rig->loop);
	assert(ok);
}

void rig_until_over(struct exchange_rig *rig)
{
	bool ok;

	rig->stop_when_over = true;
	ok = loop_run(rig->loop);
	assert(ok && rig->over);
}

uint64_t rig_metric(const struct exchange_rig *rig, enum metric metric)
{
	return rig->metrics.value[metric];
}
