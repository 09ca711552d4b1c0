/*
 * A change of the files is a wish to reload, as HUP is. A reload that failed
 * stays a wish: for a while its files are looked at often, and what may pass
 * without a change of any is tried again, less and less often.
 */
#include "master_priv.h"

#include "base/log.h"
#include "config/config.h"
#include "daemon/file_watch.h"

enum {
	CLOSE_LOOK_MS = 1000, /* between two, after a failure */
	CLOSELY_MS = 30000,   /* so long, from the failure on */
	TRIES_MAX = 6,        /* after 1, 2, 4 ... 32 seconds */
};

/* ---- when ---- */

static bool tries_on(const struct reload_retry *retry)
{
	return retry->failure == RELOAD_PASSING && retry->tries < TRIES_MAX;
}

static bool looks_closely(const struct reload_retry *retry, int64_t now_ms)
{
	return retry->failure &&
	       (now_ms < retry->closely_ms || tries_on(retry));
}

/* 0: not at all. */
static int64_t pause_ms(const struct master *master)
{
	int64_t usual = master->current->config->process.watch_files_ms;

	if (!looks_closely(&master->retry, loop_now_ms(master->loop)))
		return usual;
	return usual && usual < CLOSE_LOOK_MS ? usual : CLOSE_LOOK_MS;
}

static void watch_on(struct master *master)
{
	int64_t pause = pause_ms(master);

	if (!pause) {
		loop_timer_clear(&master->file_timer);
		return;
	}
	if (!loop_timer_set(&master->file_timer, pause))
		LOG(LOG_LEVEL_ERROR, "files_not_watched",
			LOG_STR("why", "out of memory"));
}

/* ---- what ---- */

/* Of both lists, so that each knows what the other saw. */
static const char *look(struct master *master)
{
	const char *changed = file_watch_look(master->current->files);
	const char *mended = NULL;

	if (master->retry.tried)
		mended = file_watch_look(master->retry.tried);
	return changed ? changed : mended;
}

static bool is_due(struct master *master)
{
	struct reload_retry *retry = &master->retry;

	if (!tries_on(retry) || loop_now_ms(master->loop) < retry->next_ms)
		return false;
	retry->tries++;
	return true;
}

/* Once, when nothing but a change or HUP will end it. */
static void give_up(struct master *master)
{
	struct reload_retry *retry = &master->retry;
	bool watched = master->current->config->process.watch_files_ms;

	if (!retry->failure || retry->given_up ||
		looks_closely(retry, loop_now_ms(master->loop)))
		return;
	retry->given_up = true;
	LOG(LOG_LEVEL_ERROR, "reload_given_up",
		LOG_U64("generation", master->current->number),
		LOG_STR("help", watched ? "mend what it says; a file that "
					  "changes, or HUP, tries again"
					: "mend what it says, then HUP"));
}

static void reload(struct master *master, const char *changed)
{
	if (changed) {
		master_files_asked(master);
		LOG(LOG_LEVEL_INFO, "files_changed", LOG_STR("path", changed));
	}
	if (master->retry.failure) {
		shared_add(master->shared, SHARED_RELOAD_RETRIES, 1);
		LOG(LOG_LEVEL_INFO, "reload_retried",
			LOG_U64("generation", master->current->number));
	}
	master_reload(master);
}

static void on_timer(void *arg)
{
	struct master *master = arg;
	const char *changed = NULL;
	bool due = false;

	if (master->state != MASTER_SERVING)
		return;
	/* while a generation begins, its own list is not asked yet */
	if (!master->next) {
		changed = look(master);
		due = is_due(master);
		give_up(master);
	}
	watch_on(master);
	if (changed || due)
		reload(master, changed);
}

/* ---- what the other parts say ---- */

void master_files_start(struct master *master)
{
	loop_timer_init(master->loop, &master->file_timer, on_timer, master);
}

void master_files_follow(struct master *master)
{
	master_files_keep(master, NULL);
	master->retry = (struct reload_retry){.failure = RELOAD_NOT_FAILED};
	shared_set(master->shared, SHARED_RELOAD_PENDING, 0);
	watch_on(master);
}

void master_files_accept(struct master *master)
{
	if (master->current)
		file_watch_accept(master->current->files);
}

void master_files_keep(struct master *master, struct file_watch *tried)
{
	file_watch_free(master->retry.tried);
	master->retry.tried = tried;
}

void master_files_failed(struct master *master, enum reload_failure failure)
{
	struct reload_retry *retry = &master->retry;
	int64_t now_ms = loop_now_ms(master->loop);

	retry->failure = failure;
	retry->next_ms = now_ms + ((int64_t)CLOSE_LOOK_MS << retry->tries);
	if (!retry->tries) /* a file changed, or HUP */
		retry->closely_ms = now_ms + CLOSELY_MS;
	retry->given_up = false;
	shared_set(master->shared, SHARED_RELOAD_PENDING, 1);
	give_up(master);
	watch_on(master);
}

void master_files_asked(struct master *master)
{
	master->retry.tries = 0;
}
