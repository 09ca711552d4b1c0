#include "daemon/ocsp_desk.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/config.h"
#include "ocsp_desk_priv.h"
#include "proxy/ocsp_record.h"

enum { RECORDS_PER_TURN = 64 };

static int64_t now_s(const struct ocsp_desk *desk)
{
	return loop_wall_ms(desk->setup.loop) / 1000;
}

/* ---- replies ---- */

/* What the socket refuses waits for its next edge. */
static void flush(struct desk_worker *worker)
{
	const size_t size = sizeof(struct ocsp_reply_record);

	while (worker->replies.len) {
		struct slice bytes = buf_bytes(&worker->replies);
		ssize_t n = send(worker->fd, bytes.ptr, size,
			MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)size)
			return; /* if it is gone, reading tells */
		buf_consume(&worker->replies, size);
	}
}

/* Without memory nothing is told; the worker does not wait for ever. */
static void reply(struct desk_worker *worker, uint64_t number,
	const struct ocsp_answer *answer, unsigned flags)
{
	struct ocsp_reply_record record = {.number = number,
		.until = answer->until,
		.result = (uint16_t)answer->result,
		.flags = (uint16_t)flags};

	if (buf_append(&worker->replies, slice_of(&record, sizeof(record))))
		flush(worker);
}

static void refuse(
	struct desk_worker *worker, uint64_t number, enum ocsp_result why)
{
	const struct ocsp_answer answer = {.result = why};

	reply(worker, number, &answer, 0);
}

/* ---- who waits ---- */

static int64_t keep_until(
	const struct ocsp_desk *desk, const struct ocsp_answer *answer)
{
	int64_t now = now_s(desk);

	if (!ocsp_result_is_answer(answer->result))
		return now + OCSP_DESK_FAILED_S;
	if (answer->result == OCSP_RESULT_UNKNOWN &&
		answer->until > now + OCSP_DESK_UNKNOWN_S)
		return now + OCSP_DESK_UNKNOWN_S;
	return answer->until - OCSP_DESK_EARLY_S;
}

void desk_job_over(struct desk_job *job)
{
	struct ocsp_desk *desk = job->desk;
	const struct ocsp_answer answer = job->answer;
	unsigned flags = OCSP_REPLY_FETCHED;

	ocsp_cache_put(
		desk->cache, job->key, &answer, keep_until(desk, &answer));
	while (job->waiters) {
		struct desk_waiter *waiter = job->waiters;

		job->waiters = waiter->next;
		desk->waiting--;
		if (waiter->worker) {
			reply(waiter->worker, waiter->number, &answer, flags);
			flags = 0;
		}
		free(waiter);
	}
	desk_job_free(job);
}

/* ---- questions ---- */

static struct desk_job *find_job(
	const struct ocsp_desk *desk, const uint8_t key[OCSP_KEY])
{
	for (struct desk_job *job = desk->jobs; job; job = job->next) {
		if (!memcmp(job->key, key, OCSP_KEY))
			return job;
	}
	return NULL;
}

/* The listener says whether there is anything to ask, and whom. */
static const struct config_ocsp *settings_of(
	const struct ocsp_desk *desk, size_t listener)
{
	const struct config *config = desk->setup.config;
	const struct config_ocsp *settings;

	if (listener >= config->listener_count)
		return NULL;
	settings = &config->listeners[listener].client_auth.ocsp;
	return settings->mode == OCSP_MODE_LEAF ? settings : NULL;
}

static bool ask_alike(const struct config_ocsp *a, const struct config_ocsp *b)
{
	const char *one = config_ocsp_responder(a);
	const char *two = config_ocsp_responder(b);

	if (a->timeout_ms != b->timeout_ms || !one != !two ||
		(one && strcmp(one, two) != 0) ||
		a->allow_local.count != b->allow_local.count)
		return false;
	for (size_t i = 0; i < a->allow_local.count; i++) {
		if (!addr_eq(&a->local[i], &b->local[i]))
			return false;
	}
	return true;
}

/*
 * Answers and failures are shared by listeners that ask alike. What one may not
 * ask, or not for so long, another may: a client that fails at the one must not
 * spoil the answer that the other waits for. false: memory.
 */
static bool key_of(const struct ocsp_desk *desk,
	const struct config_ocsp *settings,
	const struct ocsp_question *question, uint8_t key[OCSP_KEY])
{
	const struct config_listener *first = desk->setup.config->listeners;
	uint32_t number = 0;

	if (!ocsp_question_key(question, key))
		return false;
	while (!ask_alike(&first[number].client_auth.ocsp, settings))
		number++;
	for (unsigned i = 0; i < sizeof(number); i++)
		key[i] ^= (uint8_t)(number >> (8 * i));
	return true;
}

static void join_job(struct desk_worker *worker, uint64_t number,
	const struct config_ocsp *settings,
	const struct ocsp_question *question, const uint8_t key[OCSP_KEY])
{
	struct ocsp_desk *desk = worker->desk;
	struct desk_job *job = find_job(desk, key);

	if (desk->waiting >= OCSP_DESK_WAITING ||
		(!job && desk->job_count >= OCSP_DESK_JOBS)) {
		refuse(worker, number, OCSP_RESULT_BUSY);
		return;
	}
	if (!job)
		job = desk_job_new(desk, settings, question, key);
	if (job && desk_job_join(job, worker, number))
		return;
	refuse(worker, number, OCSP_RESULT_INTERNAL);
}

static void take_question(struct desk_worker *worker, uint64_t number,
	size_t listener, struct ocsp_question *question)
{
	struct ocsp_desk *desk = worker->desk;
	const struct config_ocsp *settings = settings_of(desk, listener);
	struct ocsp_answer answer;
	uint8_t key[OCSP_KEY];

	if (!settings) {
		refuse(worker, number, OCSP_RESULT_INTERNAL);
		return;
	}
	if (config_ocsp_responder(settings))
		question->url = slice_str(config_ocsp_responder(settings));
	if (!question->url.len)
		refuse(worker, number, OCSP_RESULT_NO_RESPONDER);
	else if (!key_of(desk, settings, question, key))
		refuse(worker, number, OCSP_RESULT_INTERNAL);
	else if (ocsp_cache_find(desk->cache, key, now_s(desk), &answer))
		reply(worker, number, &answer, OCSP_REPLY_CACHED);
	else
		join_job(worker, number, settings, question, key);
}

/* ---- workers ---- */

static void forget_waiters(const struct desk_worker *worker)
{
	for (struct desk_job *job = worker->desk->jobs; job; job = job->next) {
		for (struct desk_waiter *w = job->waiters; w; w = w->next) {
			if (w->worker == worker)
				w->worker = NULL;
		}
	}
}

static void worker_free(void *object)
{
	struct desk_worker *worker = object;

	buf_fini(&worker->replies);
	free(worker);
}

/* What it asked for goes on: another may ask the same. */
static void worker_leave(struct desk_worker *worker)
{
	struct ocsp_desk *desk = worker->desk;
	struct desk_worker **at = &desk->workers;

	while (*at != worker)
		at = &(*at)->next;
	*at = worker->next;
	desk->worker_count--;
	forget_waiters(worker);
	loop_unwatch(&worker->watch);
	loop_cancel(desk->setup.loop, &worker->again);
	close(worker->fd);
	loop_free_later(desk->setup.loop, &worker->corpse, worker_free, worker);
}

enum record_result { RECORD_TAKEN, RECORD_NONE, RECORD_BROKEN };

static enum record_result take_record(struct desk_worker *worker)
{
	struct ocsp_ask_record record;
	struct ocsp_question question;
	ssize_t n = recv(
		worker->fd, &record, sizeof(record), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && errno == EINTR)
		return RECORD_TAKEN;
	if (n < 0 && errno == EAGAIN)
		return RECORD_NONE;
	if (n <= 0 || !ocsp_ask_record_read(&record, (size_t)n, &question))
		return RECORD_BROKEN;
	take_question(worker, record.number, record.listener, &question);
	return RECORD_TAKEN;
}

/* So many a turn: one worker cannot keep us from the others. */
static void on_turn(void *arg)
{
	struct desk_worker *worker = arg;

	flush(worker);
	for (unsigned i = 0; i < RECORDS_PER_TURN; i++) {
		switch (take_record(worker)) {
		case RECORD_TAKEN:
			continue;
		case RECORD_NONE:
			return;
		case RECORD_BROKEN:
			worker_leave(worker);
			return;
		}
	}
	loop_next_turn(worker->desk->setup.loop, &worker->again);
}

static void on_ready(void *arg, unsigned ready)
{
	(void)ready;
	on_turn(arg);
}

void ocsp_desk_add(struct ocsp_desk *desk, int fd)
{
	struct desk_worker *worker = calloc(1, sizeof(*worker));

	if (!worker) {
		close(fd);
		return;
	}
	worker->desk = desk;
	worker->fd = fd;
	worker->again = (struct loop_task){.cb = on_turn, .arg = worker};
	if (!loop_watch(
		    desk->setup.loop, &worker->watch, fd, on_ready, worker)) {
		close(fd);
		free(worker);
		return;
	}
	worker->next = desk->workers;
	desk->workers = worker;
	desk->worker_count++;
}

/* ---- the desk ---- */

struct ocsp_desk *ocsp_desk_new(const struct ocsp_desk_setup *setup)
{
	struct ocsp_desk *desk = calloc(1, sizeof(*desk));

	if (!desk)
		return NULL;
	desk->setup = *setup;
	desk->cache = ocsp_cache_new(OCSP_DESK_ANSWERS);
	desk->resolver = resolver_new(setup->loop, RESOLVER_KEEP_MS);
	if (desk->cache && desk->resolver)
		return desk;
	ocsp_desk_free(desk);
	return NULL;
}

static void forget_job(struct desk_job *job)
{
	while (job->waiters) {
		struct desk_waiter *waiter = job->waiters;

		job->waiters = waiter->next;
		job->desk->waiting--;
		free(waiter);
	}
	desk_job_free(job);
}

void ocsp_desk_free(struct ocsp_desk *desk)
{
	if (!desk)
		return;
	while (desk->jobs)
		forget_job(desk->jobs);
	while (desk->workers)
		worker_leave(desk->workers);
	assert(!desk->waiting && !desk->job_count);
	resolver_free(desk->resolver);
	ocsp_cache_free(desk->cache);
	free(desk);
}

size_t ocsp_desk_workers(const struct ocsp_desk *desk)
{
	return desk->worker_count;
}

size_t ocsp_desk_jobs(const struct ocsp_desk *desk)
{
	return desk->job_count;
}
