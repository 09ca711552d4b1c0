#include "daemon/master.h"
#include "master_priv.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "config/config.h"
#include "daemon/file_watch.h"
#include "daemon/systemd.h"

/* ---- all generations ---- */

/* In turn: current, next, old ones; NULL at the end. */
static struct generation *after(
	const struct master *master, const struct generation *g)
{
	if (!g && master->current)
		return master->current;
	if ((!g || g == master->current) && master->next)
		return master->next;
	if (!g || g == master->current || g == master->next)
		return master->old;
	return g->next;
}

static size_t count_children(const struct generation *g, bool stewards)
{
	size_t count = 0;

	for (size_t i = 0; i < g->seat_count; i++)
		count += g->seats[i].state != SEAT_EMPTY &&
			 seat_is_steward(&g->seats[i]) == stewards;
	return count;
}

static size_t count_all(const struct master *master, bool stewards)
{
	size_t count = 0;

	for (struct generation *g = after(master, NULL); g;
		g = after(master, g))
		count += count_children(g, stewards);
	return count;
}

static size_t count_serving(const struct generation *g)
{
	size_t count = 0;

	for (size_t i = 0; g && i + 1 < g->seat_count; i++)
		count += g->seats[i].state == SEAT_SERVING;
	return count;
}

void master_tell(struct master *master)
{
	size_t draining = 0;

	for (struct generation *g = master->old; g; g = g->next)
		draining += count_children(g, false);
	shared_set(
		master->shared, SHARED_WORKERS, count_serving(master->current));
	shared_set(master->shared, SHARED_WORKERS_DRAINING, draining);
}

/* ---- the end ---- */

static void ask_all(
	struct master *master, enum channel_verb verb, bool stewards)
{
	for (struct generation *g = after(master, NULL); g;
		g = after(master, g)) {
		for (size_t i = 0; i < g->seat_count; i++) {
			if (seat_is_steward(&g->seats[i]) == stewards)
				seat_ask_to_leave(&g->seats[i], verb);
		}
	}
}

/* The steward answers as long as there is something to ask about. */
static void end_when_alone(struct master *master)
{
	if (count_all(master, false))
		return;
	if (count_all(master, true))
		ask_all(master, CHANNEL_STOP, true);
	else
		loop_stop(master->loop);
}

static void stop(struct master *master)
{
	LOG(LOG_LEVEL_INFO, "draining",
		LOG_U64("workers", count_all(master, false)));
	master->state = MASTER_STOPPING;
	ask_all(master, CHANNEL_STOP, false);
	end_when_alone(master);
}

static void stop_now(struct master *master)
{
	if (master->hurried)
		return;
	master->hurried = true;
	LOG(LOG_LEVEL_WARN, "stopping_now",
		LOG_U64("workers", count_all(master, false)));
	for (struct generation *g = after(master, NULL); g;
		g = after(master, g)) {
		for (size_t i = 0; i < g->seat_count; i++)
			seat_kill(&g->seats[i]);
	}
	end_when_alone(master);
}

/* ---- the dead ---- */

static void forget_generation(struct master *master, struct generation *g)
{
	struct generation **at = &master->old;

	while (*at && *at != g)
		at = &(*at)->next;
	if (!*at)
		return; /* in force, or about to be */
	*at = g->next;
	LOG(LOG_LEVEL_INFO, "generation_ended",
		LOG_U64("generation", g->number));
	seats_free(g);
	generation_free(g);
}

void master_after_death(struct master *master, struct generation *g)
{
	if (!count_children(g, false) && !count_children(g, true))
		forget_generation(master, g);
	if (master->state == MASTER_STOPPING)
		end_when_alone(master);
}

static struct seat *seat_of(const struct master *master, pid_t pid)
{
	for (struct generation *g = after(master, NULL); g;
		g = after(master, g)) {
		for (size_t i = 0; i < g->seat_count; i++) {
			if (g->seats[i].state != SEAT_EMPTY &&
				g->seats[i].pid == pid)
				return &g->seats[i];
		}
	}
	return NULL;
}

/* Any child: as the first process of a container it inherits strangers. */
static void reap(struct master *master)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct seat *seat = seat_of(master, pid);

		if (seat)
			seat_died(seat, status);
	}
}

/* ---- signals ---- */

static void reopen_logs(struct master *master)
{
	struct err err;

	for (struct generation *g = after(master, NULL); g;
		g = after(master, g)) {
		if (!generation_reopen(g, &err)) {
			LOG(LOG_LEVEL_ERROR, "cannot_reopen_log",
				LOG_STR("why", err.text));
			continue;
		}
		for (size_t i = 0; g->access_owned && i + 1 < g->seat_count;
			i++) {
			struct seat *seat = &g->seats[i];

			if (seat->state != SEAT_EMPTY &&
				!channel_send(seat->channel, CHANNEL_ACCESS_LOG,
					0, g->access_fd))
				LOG(LOG_LEVEL_WARN, "child_does_not_listen",
					LOG_U64("pid", (uint64_t)seat->pid));
		}
	}
	LOG_PLAIN(LOG_LEVEL_INFO, "logs_reopened");
}

static void on_signal(void *arg, int signal)
{
	struct master *master = arg;

	switch (signal) {
	case SIGHUP:
		master_files_asked(master);
		master_reload(master);
		break;
	case SIGUSR1:
		reopen_logs(master);
		break;
	case SIGCHLD:
		reap(master);
		break;
	default:
		if (master->state == MASTER_STOPPING)
			stop_now(master);
		else
			stop(master);
	}
}

static bool watch_signals(struct master *master)
{
	static const int signals[MASTER_SIGNALS] = {
		SIGHUP, SIGUSR1, SIGCHLD, SIGTERM, SIGINT};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < MASTER_SIGNALS; i++) {
		if (!loop_signal_watch(master->loop, &master->signals[i],
			    signals[i], on_signal, master))
			return false;
	}
	return true;
}

/* ---- making and unmaking ---- */

static bool make(
	struct master *master, const struct generation *first, struct err *err)
{
	master->loop = loop_new();
	master->sockets = sockets_new();
	if (!master->loop || !master->sockets || !watch_signals(master)) {
		err_set(err, EXIT_CODE_INTERNAL, "out of memory");
		return false;
	}
	master->shared = shared_new(first->config->process.workers,
		first->config->admin.keep_rejections, err);
	if (!master->shared)
		return false;
	shared_set(master->shared, SHARED_STARTED_S, (uint64_t)time(NULL));
	master_files_start(master);
	master_trust_start(master);
	return master_tickets_start(master, err);
}

static void free_generations(
	struct master *master, const struct generation *own)
{
	struct generation *g = after(master, NULL), *next;

	for (; g; g = next) {
		next = after(master, g);
		if (g->seats)
			seats_free(g);
		if (g != own)
			generation_free(g);
	}
	master->current = master->next = master->old = NULL;
	file_watch_free(master->retry.tried);
	master->retry.tried = NULL;
}

static void unmake_loop(struct master *master)
{
	for (size_t i = 0; i < MASTER_SIGNALS; i++)
		loop_signal_unwatch(&master->signals[i]);
	if (master->loop)
		loop_timer_fini(&master->ticket_timer);
	loop_timer_fini(&master->file_timer);
	loop_timer_fini(&master->trust_timer);
	loop_free(master->loop);
	master->loop = NULL;
}

void master_forget(struct master *master, const struct generation *own)
{
	free_generations(master, own);
	sockets_abandon(master->sockets);
	master->sockets = NULL;
	master_tickets_forget(master);
	unmake_loop(master);
}

static void unmake(struct master *master)
{
	free_generations(master, NULL);
	sockets_free(master->sockets);
	unmake_loop(master);
	shared_free(master->shared);
}

static bool serve(
	struct master *master, struct generation **first, struct err *err)
{
	if (!make(master, *first, err) || !master_prepare(master, first, err))
		return false;
	if (loop_run(master->loop))
		return true;
	err_set(err, EXIT_CODE_INTERNAL, "the event loop broke");
	return false;
}

int master_run(const struct master_setup *setup, struct generation **first)
{
	struct master master = {.setup = setup,
		.pid = getpid(),
		.last_number = (*first)->number,
		.exit_code = EXIT_CODE_OK};
	uint64_t cut = 0;
	struct err err;

	systemd_log_setup(&(*first)->config->logging, "master");
	if (!serve(&master, first, &err)) {
		LOG(LOG_LEVEL_ERROR, "start_failed", LOG_STR("why", err.text));
		master.exit_code = (int)err.code;
	}
	generation_free(*first);
	*first = NULL;
	if (master.shared)
		cut = shared_get(master.shared, SHARED_CLIENTS_CUT);
	unmake(&master);
	LOG(LOG_LEVEL_INFO, "stopped", LOG_I64("exit", master.exit_code),
		LOG_U64("clients_cut", cut));
	return master.exit_code;
}
