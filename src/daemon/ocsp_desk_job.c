/* One question: name -> addresses -> allowed ones -> answer -> verified. */
#include "ocsp_desk_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "config/config.h"
#include "daemon/ocsp_fetch.h"
#include "net/addr_scope.h"

bool ocsp_desk_may_ask(const struct config_ocsp *settings,
	const struct addr *addr, bool named_by_us)
{
	enum addr_scope scope = addr_scope(addr);

	if (scope == ADDR_SCOPE_OUT)
		return true;
	if (scope == ADDR_SCOPE_NOBODY)
		return false;
	if (named_by_us)
		return true;
	for (size_t i = 0; i < settings->allow_local.count; i++) {
		if (addr_eq(addr, &settings->local[i]))
			return true;
	}
	return false;
}

/* ---- its end ---- */

static void job_bury(void *object)
{
	struct desk_job *job = object;

	loop_timer_fini(&job->timer);
	ocsp_subject_fini(&job->subject);
	arena_free(job->arena);
	free(job);
}

void desk_job_free(struct desk_job *job)
{
	struct ocsp_desk *desk = job->desk;
	struct desk_job **at = &desk->jobs;

	assert(!job->waiters);
	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	desk->job_count--;
	if (job->resolving)
		resolver_cancel(job->resolving);
	if (job->fetch)
		ocsp_fetch_cancel(job->fetch);
	loop_timer_clear(&job->timer);
	loop_cancel(desk->setup.loop, &job->failing);
	loop_free_later(desk->setup.loop, &job->corpse, job_bury, job);
}

static void fail(struct desk_job *job, enum ocsp_result why)
{
	job->answer = (struct ocsp_answer){.result = why};
	desk_job_over(job);
}

/* ---- its course ---- */

static void on_timer(void *arg)
{
	fail(arg, OCSP_RESULT_TIMEOUT);
}

static void on_failing(void *arg)
{
	desk_job_over(arg);
}

/* From where nobody may be told yet. */
static void fail_later(struct desk_job *job, enum ocsp_result why)
{
	job->answer = (struct ocsp_answer){.result = why};
	loop_later(job->desk->setup.loop, &job->failing);
}

static void on_fetched(void *owner, enum ocsp_result result, struct slice body)
{
	struct desk_job *job = owner;
	int64_t now = loop_wall_ms(job->desk->setup.loop) / 1000;

	job->fetch = NULL;
	if (result != OCSP_RESULT_GOOD) {
		fail(job, result);
		return;
	}
	ocsp_answer_read(body, &job->subject, now, &job->answer);
	desk_job_over(job);
}

/* Keeps those that may be asked; in the responder's order. */
static void take_addresses(
	struct desk_job *job, const struct addr *addrs, size_t count)
{
	for (size_t i = 0; i < count && job->addr_count < RESOLVER_ADDRESSES;
		i++) {
		struct addr addr = addrs[i];

		addr_set_port(&addr, job->url.port);
		if (ocsp_desk_may_ask(job->settings, &addr, job->named_by_us))
			job->addrs[job->addr_count++] = addr;
	}
}

static void fetch(struct desk_job *job, const struct addr *addrs, size_t count)
{
	struct ocsp_fetch_setup setup = {.loop = job->desk->setup.loop,
		.io = job->desk->setup.io,
		.url = &job->url,
		.request = job->request,
		.addrs = job->addrs,
		.done = on_fetched,
		.owner = job};

	take_addresses(job, addrs, count);
	setup.addr_count = job->addr_count;
	if (!job->addr_count) {
		fail_later(
			job, count ? OCSP_RESULT_FORBIDDEN : OCSP_RESULT_NAME);
		return;
	}
	job->fetch = ocsp_fetch_new(&setup);
	if (!job->fetch)
		fail_later(job, OCSP_RESULT_INTERNAL);
}

static void on_resolved(void *owner, const struct addr *addrs, size_t count)
{
	struct desk_job *job = owner;

	job->resolving = NULL;
	fetch(job, addrs, count);
}

static void find_addresses(struct desk_job *job)
{
	const struct http_url *url = &job->url;
	struct addr addr;

	if (addr_parse_ip(url->host, url->port, &addr)) {
		fetch(job, &addr, 1);
		return;
	}
	if (url->bracketed) { /* a zone, or no address at all */
		fail_later(job, OCSP_RESULT_NO_RESPONDER);
		return;
	}
	job->resolving =
		resolver_ask(job->desk->resolver, url->host, on_resolved, job);
	if (!job->resolving)
		fail_later(job, OCSP_RESULT_INTERNAL);
}

/* ---- its beginning ---- */

static bool copy_url(struct desk_job *job, struct slice text, bool *valid)
{
	char *copy = arena_alloc(job->arena, text.len);

	if (!copy)
		return false;
	memcpy(copy, text.ptr, text.len);
	*valid = http_url_parse(slice_of(copy, text.len), &job->url);
	return true;
}

static bool prepare(struct desk_job *job, const struct ocsp_question *question)
{
	bool valid = false;

	job->arena = arena_new(NULL);
	if (!job->arena || !copy_url(job, question->url, &valid) ||
		!loop_timer_set(&job->timer, job->settings->timeout_ms))
		return false;
	if (!valid) {
		fail_later(job, OCSP_RESULT_NO_RESPONDER);
		return true;
	}
	if (!ocsp_subject_init(&job->subject, question))
		return false;
	job->request = ocsp_subject_request(&job->subject, job->arena);
	if (!job->request.len)
		return false;
	find_addresses(job);
	return true;
}

struct desk_job *desk_job_new(struct ocsp_desk *desk,
	const struct config_ocsp *settings,
	const struct ocsp_question *question, const uint8_t key[OCSP_KEY])
{
	struct desk_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->desk = desk;
	job->settings = settings;
	job->named_by_us = config_ocsp_responder(settings) != NULL;
	memcpy(job->key, key, OCSP_KEY);
	job->failing = (struct loop_task){.cb = on_failing, .arg = job};
	loop_timer_init(desk->setup.loop, &job->timer, on_timer, job);
	if (!prepare(job, question)) {
		loop_cancel(desk->setup.loop, &job->failing);
		job_bury(job);
		return NULL;
	}
	job->next = desk->jobs;
	desk->jobs = job;
	desk->job_count++;
	return job;
}

bool desk_job_join(
	struct desk_job *job, struct desk_worker *worker, uint64_t number)
{
	struct desk_waiter *waiter = malloc(sizeof(*waiter));

	if (!waiter)
		return false;
	*waiter = (struct desk_waiter){job->waiters, worker, number};
	job->waiters = waiter;
	job->desk->waiting++;
	return true;
}
