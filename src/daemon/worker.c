#include "daemon/worker.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "config/config.h"
#include "daemon/channel.h"
#include "daemon/child.h"
#include "daemon/listener.h"
#include "daemon/shared.h"
#include "proxy/proxy.h"

enum worker_state {
	WORKER_READY,    /* made; the sockets are not watched yet */
	WORKER_SERVING,  /* accepts */
	WORKER_DRAINING, /* accepts no more; what runs is finished */
};

struct worker {
	const struct worker_setup *setup;
	enum worker_state state;
	struct loop *loop;
	struct proxy *proxy;
	struct listener_set *listeners;
	struct loop_watch watch; /* of the channel */
	struct loop_timer beat;
	struct loop_timer deadline; /* of draining */
	int access_fd;              /* received; -1: none yet */
};

/* ---- draining ---- */

static void on_drained(void *arg)
{
	struct worker *worker = arg;

	loop_stop(worker->loop);
}

static void on_deadline(void *arg)
{
	struct worker *worker = arg;
	size_t cut = proxy_clients(worker->proxy);

	LOG(LOG_LEVEL_WARN, "drain_deadline", LOG_U64("clients_cut", cut),
		LOG_U64("generation", worker->setup->generation));
	shared_note_cut(worker->setup->shared, worker->setup->slot, cut);
	loop_stop(worker->loop);
}

/* May come twice: the second time with less patience. */
static void drain(struct worker *worker, int64_t idle_ms)
{
	bool first = worker->state != WORKER_DRAINING;

	worker->state = WORKER_DRAINING;
	listener_set_close(worker->listeners);
	if (first && !loop_timer_set(&worker->deadline,
			     worker->setup->config->timeouts.shutdown_ms))
		on_deadline(worker);
	proxy_drain(worker->proxy, idle_ms, on_drained, worker);
}

/* Nobody else will serve those who wait in our queues. */
static void stop(struct worker *worker)
{
	size_t count = worker->setup->config->listener_count;

	for (size_t i = 0; worker->state == WORKER_SERVING && i < count; i++)
		listener_set_last_call(worker->listeners, i);
	drain(worker, 0);
}

/* ---- words from the master ---- */

static void start(struct worker *worker)
{
	if (worker->state != WORKER_READY)
		return;
	worker->state = WORKER_SERVING;
	if (listener_set_open(worker->listeners))
		return;
	LOG(LOG_LEVEL_ERROR, "cannot_listen", LOG_STR("why", "no memory"));
	drain(worker, 0);
}

static void meet_steward(struct worker *worker, int fd)
{
	if (fd >= 0)
		proxy_set_steward(worker->proxy, fd);
}

static void take_access_log(struct worker *worker, int fd)
{
	if (fd < 0)
		return;
	proxy_set_access_fd(worker->proxy, fd);
	if (worker->access_fd >= 0)
		close(worker->access_fd);
	worker->access_fd = fd;
}

static void obey(struct worker *worker, const struct channel_word *word, int fd)
{
	switch ((enum channel_verb)word->verb) {
	case CHANNEL_START:
		start(worker);
		return;
	case CHANNEL_LAST_CALL:
		listener_set_last_call(worker->listeners, word->number);
		return;
	case CHANNEL_DRAIN:
		drain(worker, worker->setup->config->timeouts.drain_idle_ms);
		return;
	case CHANNEL_STOP:
		stop(worker);
		return;
	case CHANNEL_ACCESS_LOG:
		take_access_log(worker, fd);
		return;
	case CHANNEL_OCSP:
		meet_steward(worker, fd);
		return;
	case CHANNEL_DISTRUST:
		proxy_distrust(worker->proxy, word->number);
		return;
	case CHANNEL_READY:
		return; /* ours to say */
	}
}

static void on_channel(void *arg, unsigned ready)
{
	struct worker *worker = arg;
	struct channel_word word;
	int fd;

	(void)ready;
	for (;;) {
		switch (channel_receive(worker->setup->channel, &word, &fd)) {
		case CHANNEL_WORD:
			obey(worker, &word, fd);
			continue;
		case CHANNEL_NONE:
			return;
		case CHANNEL_CLOSED:
			loop_unwatch(&worker->watch);
			LOG_PLAIN(LOG_LEVEL_ERROR, "master_is_gone");
			stop(worker);
			return;
		}
	}
}

static void on_beat(void *arg)
{
	struct worker *worker = arg;

	shared_beat(worker->setup->shared, worker->setup->slot,
		loop_now_ms(worker->loop));
	/* The timer exists: setting it again needs no memory. */
	(void)!loop_timer_set(&worker->beat, WORKER_BEAT_MS);
}

/* ---- making ---- */

static bool no_memory(struct err *err)
{
	err_set(err, EXIT_CODE_INTERNAL, "out of memory");
	return false;
}

static void on_accepted(
	void *arg, size_t listener, int fd, const struct addr *peer)
{
	struct worker *worker = arg;

	proxy_accept(worker->proxy, listener, fd, peer);
}

static bool make_listeners(struct worker *worker, struct err *err)
{
	const struct worker_setup *setup = worker->setup;
	const struct listener_setup how = {.loop = worker->loop,
		.metrics = shared_metrics(setup->shared, setup->slot),
		.accepted = on_accepted,
		.arg = worker};
	bool ok = true;

	worker->listeners = listener_set_new(&how);
	for (size_t i = 0; worker->listeners && i < setup->socket_count; i++)
		ok &= listener_set_add(worker->listeners,
			setup->sockets[i].listener, setup->sockets[i].fd);
	return (worker->listeners && ok) || no_memory(err);
}

static bool make_proxy(struct worker *worker, struct err *err)
{
	const struct worker_setup *setup = worker->setup;
	const struct proxy_setup how = {.loop = worker->loop,
		.config = setup->config,
		.rules = setup->rules,
		.contexts = setup->contexts,
		.origin_contexts = setup->origin_contexts,
		.names = setup->names,
		.metrics = shared_metrics(setup->shared, setup->slot),
		.admission = shared_admission(setup->shared),
		.rates = shared_rates(setup->shared),
		.refusals = shared_refusals(setup->shared),
		.slot = setup->slot,
		.worker = setup->index,
		.generation = setup->generation,
		.access_fd = setup->access_fd};

	worker->proxy = proxy_new(&how, err);
	return worker->proxy != NULL;
}

static bool make(struct worker *worker, struct err *err)
{
	const struct worker_setup *setup = worker->setup;

	worker->loop = loop_new();
	if (!worker->loop)
		return no_memory(err);
	loop_timer_init(worker->loop, &worker->beat, on_beat, worker);
	loop_timer_init(worker->loop, &worker->deadline, on_deadline, worker);
	if (!make_proxy(worker, err) || !make_listeners(worker, err))
		return false;
	if (!loop_watch_read(worker->loop, &worker->watch, setup->channel,
		    on_channel, worker) ||
		!loop_timer_set(&worker->beat, WORKER_BEAT_MS))
		return no_memory(err);
	shared_beat(setup->shared, setup->slot, loop_now_ms(worker->loop));
	if (channel_send(setup->channel, CHANNEL_READY, 0, -1))
		return true;
	err_set(err, EXIT_CODE_INTERNAL, "the master is gone");
	return false;
}

static void unmake(struct worker *worker)
{
	listener_set_free(worker->listeners);
	proxy_free(worker->proxy);
	loop_unwatch(&worker->watch);
	if (worker->loop) {
		loop_timer_fini(&worker->beat);
		loop_timer_fini(&worker->deadline);
	}
	loop_free(worker->loop);
	close(worker->setup->channel);
	if (worker->access_fd >= 0)
		close(worker->access_fd);
}

int worker_run(const struct worker_setup *setup)
{
	struct worker worker = {.setup = setup, .access_fd = -1};
	char name[32];
	const struct child_setup child = {.master = setup->master,
		.config = setup->config,
		.who = setup->who,
		.log_name = name,
		.process_name = "mtlsgate-worker"};
	struct err err;
	int code = EXIT_CODE_OK;

	snprintf(name, sizeof(name), "worker %u", setup->index);
	if (!child_begin(&child, &err) || !make(&worker, &err)) {
		LOG(LOG_LEVEL_ERROR, "worker_failed", LOG_STR("why", err.text));
		code = (int)err.code;
	} else if (!loop_run(worker.loop)) {
		LOG(LOG_LEVEL_ERROR, "worker_failed",
			LOG_STR("why", "the event loop broke"));
		code = EXIT_CODE_INTERNAL;
	}
	unmake(&worker);
	return code;
}
