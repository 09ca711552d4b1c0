/* One child of the master: forked, listened to, asked to leave. */
#include "master_priv.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "config/config.h"
#include "daemon/steward.h"
#include "daemon/worker.h"

enum { WORDS_PER_EVENT = 16 };

static void on_timer(void *arg);

bool seats_make(struct master *master, struct generation *g)
{
	size_t count = g->config->process.workers + 1u;

	g->seats = calloc(count, sizeof(*g->seats));
	if (!g->seats)
		return false;
	g->seat_count = count;
	for (size_t i = 0; i < count; i++) {
		struct seat *seat = &g->seats[i];

		seat->master = master;
		seat->generation = g;
		seat->index = (unsigned)i;
		seat->channel = -1;
		seat->slot = SHARED_NO_SLOT;
		loop_timer_init(master->loop, &seat->timer, on_timer, seat);
	}
	return true;
}

/* Nothing is left but what the next process of this seat may need. */
static void seat_clear(struct seat *seat)
{
	loop_unwatch(&seat->watch);
	loop_timer_clear(&seat->timer);
	if (seat->channel >= 0)
		close(seat->channel);
	seat->channel = -1;
	seat->pid = 0;
	seat->slot = SHARED_NO_SLOT;
	seat->state = SEAT_EMPTY;
}

void seats_free(struct generation *g)
{
	for (size_t i = 0; i < g->seat_count; i++) {
		seat_clear(&g->seats[i]);
		loop_timer_fini(&g->seats[i].timer);
	}
	free(g->seats);
	g->seats = NULL;
	g->seat_count = 0;
}

bool seat_is_steward(const struct seat *seat)
{
	return seat->index + 1u == seat->generation->seat_count;
}

/* ---- what it says ---- */

static void on_ready(struct seat *seat)
{
	struct master *master = seat->master;

	if (seat->state != SEAT_STARTING)
		return;
	seat->state = SEAT_READY;
	loop_timer_clear(&seat->timer);
	seat_introduce(seat);
	if (seat->generation == master->current)
		seat_start(seat);
	else if (seat->generation == master->next)
		master_advance(master);
	master_tell(master);
}

/* A child is not trusted: a few words at a time, none of them in vain. */
static void on_channel(void *arg, unsigned ready)
{
	struct seat *seat = arg;
	struct channel_word word;
	int fd;

	(void)ready;
	for (unsigned i = 0; i < WORDS_PER_EVENT && seat->channel >= 0; i++) {
		switch (channel_receive(seat->channel, &word, &fd)) {
		case CHANNEL_WORD:
			if (fd >= 0)
				close(fd);
			if (word.verb == CHANNEL_READY)
				on_ready(seat);
			continue;
		case CHANNEL_NONE:
			return;
		case CHANNEL_CLOSED: /* its end comes as SIGCHLD */
			loop_unwatch(&seat->watch);
			return;
		}
	}
}

/* ---- in the child ---- */

/* Copies, so that everything of the master's can be given back. */
static int keep(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static size_t count_sockets(const struct generation *g)
{
	size_t count = 0;

	for (size_t i = 0; i < g->config->listener_count; i++)
		count += socket_group_count(g->groups[i]);
	return count;
}

/* NULL when memory or descriptors are out. */
static struct worker_socket *keep_sockets(
	const struct generation *g, unsigned index, size_t *count)
{
	unsigned workers = g->config->process.workers;
	/* one more, since none at all would look like no memory */
	struct worker_socket *sockets =
		calloc(count_sockets(g) + 1, sizeof(*sockets));

	*count = 0;
	for (size_t l = 0; sockets && l < g->config->listener_count; l++) {
		const struct socket_group *group = g->groups[l];

		for (size_t i = 0; i < socket_group_count(group); i++) {
			int fd;

			if (!socket_group_serves(group, i, index, workers))
				continue;
			fd = keep(socket_group_fd(group, i));
			if (fd < 0) {
				free(sockets);
				return NULL;
			}
			sockets[(*count)++] = (struct worker_socket){l, fd};
		}
	}
	return sockets;
}

static int be_worker(const struct seat *seat, int channel)
{
	struct master *master = seat->master;
	struct generation *g = seat->generation;
	struct worker_setup setup = {.master = master->pid,
		.config = g->config,
		.rules = g->rules,
		.contexts = g->contexts,
		.origin_contexts = g->origin_contexts,
		.names = g->names,
		.who = &g->who,
		.shared = master->shared,
		.slot = (unsigned)seat->slot,
		.index = seat->index + 1,
		.generation = g->number,
		.channel = channel,
		.access_fd = g->access_fd};
	struct worker_socket *sockets =
		keep_sockets(g, seat->index, &setup.socket_count);
	int code;

	if (!sockets)
		return EXIT_CODE_INTERNAL;
	setup.sockets = sockets;
	master_forget(master, g);
	code = worker_run(&setup);
	free(sockets);
	return code;
}

static int be_steward(const struct seat *seat, int channel)
{
	struct master *master = seat->master;
	struct generation *g = seat->generation;
	const struct steward_setup setup = {.master = master->pid,
		.config = g->config,
		.names = g->names,
		.who = &g->who,
		.shared = master->shared,
		.channel = channel,
		.socket = g->admin ? keep(socket_group_fd(g->admin, 0)) : -1};

	generation_free_contexts(g); /* it has no use for keys (R23) */
	master_forget(master, g);
	return steward_run(&setup);
}

__attribute__((noreturn)) static void be_child(
	const struct seat *seat, int channel)
{
	struct generation *g = seat->generation;
	struct shared *shared = seat->master->shared;
	struct master *master = seat->master;
	int code;

	if (!loop_after_fork(master->loop))
		_exit(EXIT_CODE_INTERNAL);
	code = seat_is_steward(seat) ? be_steward(seat, channel)
				     : be_worker(seat, channel);
	generation_free(g);
	shared_free(shared);
	exit(code);
}

/* ---- forking ---- */

static bool take_slot(struct seat *seat, struct err *err)
{
	if (seat_is_steward(seat))
		return true;
	seat->slot = shared_take_slot(seat->master->shared);
	if (seat->slot != SHARED_NO_SLOT)
		return true;
	err_set(err, EXIT_CODE_UNAVAILABLE,
		"no room for another worker while older generations drain");
	return false;
}

/* Signals are held back from the fork on until the child has settled them:
 * a handler of the master's must not run in it. */
static pid_t fork_quietly(void)
{
	sigset_t all, before;
	pid_t pid;

	fflush(NULL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static bool fork_into(struct seat *seat, struct err *err)
{
	int ends[2];

	if (!channel_pair(ends)) {
		err_set(err, EXIT_CODE_INTERNAL,
			"cannot make a pair of sockets: %s", strerror(errno));
		return false;
	}
	seat->pid = fork_quietly();
	if (!seat->pid) {
		close(ends[0]);
		be_child(seat, ends[1]);
	}
	close(ends[1]);
	seat->channel = ends[0];
	if (seat->pid > 0)
		return true;
	err_set(err, EXIT_CODE_INTERNAL, "cannot fork: %s", strerror(errno));
	return false;
}

bool seat_fill(struct seat *seat, struct err *err)
{
	struct master *master = seat->master;

	assert(seat->state == SEAT_EMPTY);
	if (take_slot(seat, err) && fork_into(seat, err)) {
		seat->state = SEAT_STARTING;
		if (loop_watch_read(master->loop, &seat->watch, seat->channel,
			    on_channel, seat) &&
			loop_timer_set(&seat->timer, MASTER_READY_MS))
			return true;
		seat_kill(seat); /* reaped like any other */
		err_set(err, EXIT_CODE_INTERNAL, "out of memory");
		return false;
	}
	if (seat->slot != SHARED_NO_SLOT)
		shared_retire_slot(master->shared, (unsigned)seat->slot);
	seat_clear(seat);
	return false;
}

/* ---- its life ---- */

void seat_start(struct seat *seat)
{
	assert(seat->state == SEAT_READY);
	seat->state = SEAT_SERVING;
	if (!channel_send(seat->channel, CHANNEL_START, 0, -1))
		seat_kill(seat); /* it does not listen: it is dying, or stuck */
}

void seat_kill(struct seat *seat)
{
	if (seat->state != SEAT_EMPTY)
		kill(seat->pid, SIGKILL);
}

void seat_ask_to_leave(struct seat *seat, enum channel_verb verb)
{
	int64_t patience_ms = seat->generation->config->timeouts.shutdown_ms +
			      MASTER_GRACE_MS;
	bool first = seat->state != SEAT_LEAVING;

	if (seat->state == SEAT_EMPTY) {
		loop_timer_clear(&seat->timer);
		return;
	}
	seat->state = SEAT_LEAVING;
	if (!channel_send(seat->channel, verb, 0, -1) ||
		(first && !loop_timer_set(&seat->timer, patience_ms)))
		seat_kill(seat);
}

static void try_again(struct seat *seat)
{
	struct err err;

	if (seat_fill(seat, &err))
		return;
	LOG(LOG_LEVEL_ERROR, "cannot_start_child", LOG_STR("why", err.text));
	if (seat->state == SEAT_EMPTY)
		(void)!loop_timer_set(&seat->timer, MASTER_BACKOFF_MAX_MS);
}

static void on_timer(void *arg)
{
	struct seat *seat = arg;

	if (seat->state == SEAT_EMPTY) {
		if (seat->master->state == MASTER_SERVING)
			try_again(seat);
		return;
	}
	LOG(LOG_LEVEL_ERROR,
		seat->state == SEAT_STARTING ? "child_not_ready"
					     : "child_does_not_leave",
		LOG_U64("pid", (uint64_t)seat->pid));
	seat_kill(seat);
}

/* ---- its death ---- */

static int64_t backoff_ms(struct seat *seat, int64_t now_ms)
{
	int64_t wait = MASTER_BACKOFF_MS;

	if (!seat->deaths ||
		now_ms - seat->last_death_ms >= MASTER_QUICK_DEATH_MS)
		seat->deaths = 0;
	seat->last_death_ms = now_ms;
	if (!seat->deaths++)
		return 0;
	for (unsigned i = 2; i < seat->deaths && wait < MASTER_BACKOFF_MAX_MS;
		i++)
		wait *= 2;
	return wait < MASTER_BACKOFF_MAX_MS ? wait : MASTER_BACKOFF_MAX_MS;
}

static uint64_t retire(struct seat *seat)
{
	struct shared *shared = seat->master->shared;
	uint64_t lost = 0;

	if (seat->slot != SHARED_NO_SLOT)
		lost = shared_retire_slot(shared, (unsigned)seat->slot);
	shared_add(shared, SHARED_CLIENTS_CUT, lost);
	return lost;
}

/* Nobody asked for it: somebody else takes the seat. */
static int64_t replace(struct seat *seat)
{
	struct master *master = seat->master;
	int64_t wait = backoff_ms(seat, loop_now_ms(master->loop));

	if (wait && loop_timer_set(&seat->timer, wait))
		return wait;
	try_again(seat);
	return 0;
}

static void fail_start(struct seat *seat, int status)
{
	struct err err;

	err_set(&err,
		WIFEXITED(status) && WEXITSTATUS(status)
			? (enum exit_code)WEXITSTATUS(status)
			: EXIT_CODE_INTERNAL,
		"%s ended before it was ready (%s %d)",
		seat_is_steward(seat) ? "the steward" : "a worker",
		WIFEXITED(status) ? "exit" : "signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	master_abort(seat->master, &err);
}

void seat_died(struct seat *seat, int status)
{
	struct master *master = seat->master;
	struct generation *g = seat->generation;
	bool expected = seat->state == SEAT_LEAVING;
	uint64_t cut = retire(seat);
	int64_t wait = -1;
	struct seat dead = *seat; /* for the line */

	if (!expected || status)
		shared_add(master->shared,
			seat_is_steward(seat) ? SHARED_STEWARD_DEATHS
					      : SHARED_WORKER_DEATHS,
			1);
	seat_clear(seat);
	if (!expected && g == master->current &&
		master->state == MASTER_SERVING)
		wait = replace(seat);
	master_log_death(&dead, status, expected, cut, wait);
	if (!expected && g == master->next)
		fail_start(seat, status);
	master_after_death(master, g);
	master_tell(master);
}
