/* A new generation: prepared (phase one), then put in force (phase two). */
#include "master_priv.h"

#include <assert.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "config/config.h"
#include "config/config_problem.h"
#include "daemon/systemd.h"

static void seats_kill(struct generation *g)
{
	for (size_t i = 0; i < g->seat_count; i++) {
		seat_kill(&g->seats[i]);
		if (g->seats[i].state != SEAT_EMPTY)
			g->seats[i].state = SEAT_LEAVING;
	}
}

static void retire(struct master *master, struct generation *g)
{
	g->next = master->old;
	master->old = g;
}

/* It will not serve, but its files may become what they should be. */
static void keep_files(struct master *master, struct generation *g)
{
	master_files_keep(master, g->files);
	g->files = NULL;
}

/* ---- phase one ---- */

static bool has_room(const struct master *master, const struct generation *g,
	struct err *err)
{
	unsigned room = shared_free_slots(master->shared);

	if (g->config->process.workers <= room)
		return true;
	err_set(err, EXIT_CODE_UNAVAILABLE,
		"process.workers: there is room for %u more workers while "
		"older generations drain; a restart makes more",
		room);
	return false;
}

static bool fill_seats(struct generation *g, struct err *err)
{
	for (size_t i = 0; i < g->seat_count; i++) {
		if (!seat_fill(&g->seats[i], err))
			return false;
	}
	return true;
}

bool master_prepare(
	struct master *master, struct generation **taken, struct err *err)
{
	struct generation *g = *taken;
	bool ok;

	*taken = NULL;
	assert(!master->next);
	sockets_begin(master->sockets);
	ok = has_room(master, g, err) &&
	     generation_open(g, master->sockets, master->setup->stdout_fd, err);
	if (ok && !seats_make(master, g)) {
		err_set(err, EXIT_CODE_INTERNAL, "out of memory");
		ok = false;
	}
	if (!ok) {
		sockets_abort(master->sockets);
		keep_files(master, g);
		generation_free(g);
		return false;
	}
	master->next = g;
	if (fill_seats(g, err))
		return true;
	master_abort(master, NULL);
	master_after_death(master, g); /* perhaps there never was a child */
	return false;
}

static void refused(
	struct master *master, const char *why, enum reload_failure failure)
{
	shared_add(master->shared, SHARED_RELOADS_FAILED, 1);
	LOG(LOG_LEVEL_ERROR, "reload_failed", LOG_STR("why", why),
		LOG_U64("generation", master->current->number));
	master_files_failed(master, failure);
}

/* What a file says, or that it is missing, is over when a file changes. */
static enum reload_failure load_failure(const struct config_problems *problems)
{
	switch (config_problems_exit(problems)) {
	case EXIT_CODE_CONFIG:
	case EXIT_CODE_NO_INPUT:
	case EXIT_CODE_PERMISSION:
		return RELOAD_FILES;
	default: /* memory, the name of an origin */
		return RELOAD_PASSING;
	}
}

static struct generation *load_next(struct master *master)
{
	struct config_problems *problems = config_problems_new();
	struct file_watch *tried = NULL;
	struct generation *g = NULL;

	if (!problems) {
		refused(master, "out of memory", RELOAD_PASSING);
		return NULL;
	}
	g = generation_load(master->setup->config_path, master->last_number + 1,
		master->setup->ring, problems, &tried);
	master_log_problems(g ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR,
		g ? "config_warning" : "config_error", problems);
	if (!g) {
		master_files_keep(master, tried);
		refused(master, "the configuration has errors",
			load_failure(problems));
	}
	config_problems_free(problems);
	return g;
}

void master_reload(struct master *master)
{
	struct generation *g = NULL;
	struct err err;

	if (master->state == MASTER_STOPPING)
		return;
	if (master->next) {
		master->reload_again = true;
		return;
	}
	master->reload_again = false;
	LOG(LOG_LEVEL_INFO, "reloading",
		LOG_STR("config", master->setup->config_path));
	master_files_accept(master);
	g = load_next(master);
	if (!g)
		return;
	master->last_number++;
	if (!master_prepare(master, &g, &err))
		refused(master, err.text, RELOAD_PASSING);
}

/* ---- phase two ---- */

static bool all_ready(const struct generation *g)
{
	for (size_t i = 0; i < g->seat_count; i++) {
		if (g->seats[i].state != SEAT_READY)
			return false;
	}
	return true;
}

/* Whoever waits at an address that is given up is let in by the last ones who
 * listen there. */
static void last_calls(const struct generation *g)
{
	for (size_t l = 0; l < g->config->listener_count; l++) {
		if (sockets_wanted(g->groups[l]))
			continue;
		for (size_t i = 0; i + 1 < g->seat_count; i++) {
			const struct seat *seat = &g->seats[i];

			/* One that does not listen is killed by what
			 * follows. */
			if (seat->state == SEAT_SERVING)
				(void)!channel_send(seat->channel,
					CHANNEL_LAST_CALL, (unsigned)l, -1);
		}
	}
}

static void drain(struct master *master, struct generation *g)
{
	for (const struct generation *old = master->old; old; old = old->next)
		master_trust_compare(master, old);
	master_trust_compare(master, g);
	last_calls(g);
	for (size_t i = 0; i < g->seat_count; i++)
		seat_ask_to_leave(&g->seats[i], CHANNEL_DRAIN);
	generation_free_contexts(g);
	retire(master, g);
}

/* The ninth generation that drains, and older ones, lose their patience. */
static void hurry_the_oldest(struct master *master)
{
	unsigned count = 0;

	for (struct generation *g = master->old; g; g = g->next) {
		if (++count <= MASTER_DRAINING_MAX)
			continue;
		for (size_t i = 0; i < g->seat_count; i++)
			seat_ask_to_leave(&g->seats[i], CHANNEL_STOP);
	}
}

static void start_all(struct generation *g)
{
	for (size_t i = 0; i < g->seat_count; i++)
		seat_start(&g->seats[i]);
}

void master_advance(struct master *master)
{
	struct generation *before = master->current;

	if (!all_ready(master->next))
		return;
	master->current = master->next;
	master->next = NULL;
	start_all(master->current);
	if (before)
		drain(master, before);
	sockets_commit(master->sockets);
	hurry_the_oldest(master);
	master->state = MASTER_SERVING;
	systemd_log_setup(&master->current->config->logging, "master");
	shared_set(master->shared, SHARED_GENERATION, master->current->number);
	if (before)
		shared_add(master->shared, SHARED_RELOADS_OK, 1);
	master_files_follow(master);
	master_trust_follow(master);
	master_log_serving(master, before ? "reloaded" : "ready");
	if (before)
		master_after_death(master, before); /* it may be empty */
	if (master->reload_again)
		master_reload(master);
}

void master_abort(struct master *master, const struct err *why)
{
	struct generation *g = master->next;

	master->next = NULL;
	sockets_abort(master->sockets);
	keep_files(master, g);
	free(g->groups); /* some of them are gone */
	g->groups = NULL;
	seats_kill(g);
	retire(master, g);
	if (why && master->current) {
		refused(master, why->text, RELOAD_PASSING);
	} else if (why) {
		LOG(LOG_LEVEL_ERROR, "start_failed", LOG_STR("why", why->text));
		master->exit_code = (int)why->code;
	}
	if (!master->current)
		master->state = MASTER_STOPPING;
	else if (master->reload_again)
		master_reload(master);
}
