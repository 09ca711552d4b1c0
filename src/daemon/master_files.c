/* A change of the files is a wish to reload, as HUP is. */
#include "master_priv.h"

#include "base/log.h"
#include "config/config.h"
#include "daemon/file_watch.h"

static void watch_on(struct master *master)
{
	const struct generation *g = master->current;

	if (!g->config->process.watch_files_ms) {
		loop_timer_clear(&master->file_timer);
		return;
	}
	if (!loop_timer_set(
		    &master->file_timer, g->config->process.watch_files_ms))
		LOG(LOG_LEVEL_ERROR, "files_not_watched",
			LOG_STR("why", "out of memory"));
}

static void on_timer(void *arg)
{
	struct master *master = arg;
	const char *changed = NULL;

	if (master->state != MASTER_SERVING)
		return;
	/* while a generation begins, its own list is not asked yet */
	if (!master->next)
		changed = file_watch_look(master->current->files);
	watch_on(master);
	if (!changed)
		return;
	LOG(LOG_LEVEL_INFO, "files_changed", LOG_STR("path", changed));
	master_reload(master);
}

void master_files_start(struct master *master)
{
	loop_timer_init(master->loop, &master->file_timer, on_timer, master);
}

void master_files_follow(struct master *master)
{
	watch_on(master);
}

void master_files_accept(struct master *master)
{
	if (master->current)
		file_watch_accept(master->current->files);
}
