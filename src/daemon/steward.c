#include "daemon/steward.h"

#include <signal.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "config/config.h"
#include "daemon/admin.h"
#include "daemon/channel.h"
#include "daemon/child.h"
#include "daemon/listener.h"
#include "daemon/name_watch.h"
#include "daemon/ocsp_desk.h"
#include "net/conn.h"
#include "proxy/metrics.h"

/* For a client whose request is on its way when the steward has to leave. */
enum { LEAVE_MS = 500 };

struct steward {
	const struct steward_setup *setup;
	struct loop *loop;
	struct conn_io *io;
	struct admin *admin;
	struct ocsp_desk *desk;   /* NULL: nobody asks */
	struct name_watch *names; /* NULL: there are none */
	struct listener_set *listeners;
	struct metrics metrics; /* its own: nobody sums them */
	struct loop_watch watch;
	struct loop_timer patience;
	bool stopping;
	bool hurried; /* not even workers are waited for */
};

/* Workers that drain may still ask about somebody. */
static bool is_asked(const struct steward *steward)
{
	return steward->desk && !steward->hurried &&
	       ocsp_desk_workers(steward->desk);
}

/* At the end of each event: the last client may have gone with it. */
static void leave_when_alone(void *arg)
{
	struct steward *steward = arg;

	if (steward->stopping && !admin_clients(steward->admin) &&
		!conn_io_lingering(steward->io) && !is_asked(steward))
		loop_stop(steward->loop);
}

/* May come twice: the second time without patience for workers. */
static void stop(struct steward *steward, bool hurried)
{
	if (steward->stopping && (steward->hurried || !hurried))
		return;
	steward->stopping = true;
	steward->hurried = hurried;
	listener_set_close(steward->listeners);
	if (!loop_timer_set(&steward->patience, LEAVE_MS))
		loop_stop(steward->loop);
}

static void on_patience_over(void *arg)
{
	struct steward *steward = arg;

	/* the master's own patience ends this, when workers do not */
	if (!is_asked(steward) || !loop_timer_set(&steward->patience, LEAVE_MS))
		loop_stop(steward->loop);
}

static void meet_worker(struct steward *steward, int fd)
{
	if (fd >= 0 && steward->desk)
		ocsp_desk_add(steward->desk, fd);
	else if (fd >= 0)
		close(fd);
}

static void obey(
	struct steward *steward, const struct channel_word *word, int fd)
{
	if (word->verb == CHANNEL_OCSP) {
		meet_worker(steward, fd);
		return;
	}
	if (fd >= 0)
		close(fd); /* it has no access log */
	if (word->verb == CHANNEL_START) {
		if (!steward->stopping &&
			!listener_set_open(steward->listeners))
			stop(steward, true);
	} else if (word->verb == CHANNEL_DRAIN || word->verb == CHANNEL_STOP) {
		stop(steward, word->verb == CHANNEL_STOP);
	}
}

static void on_channel(void *arg, unsigned ready)
{
	struct steward *steward = arg;
	struct channel_word word;
	int fd;

	(void)ready;
	for (;;) {
		switch (channel_receive(steward->setup->channel, &word, &fd)) {
		case CHANNEL_WORD:
			obey(steward, &word, fd);
			continue;
		case CHANNEL_NONE:
			return;
		case CHANNEL_CLOSED:
			loop_unwatch(&steward->watch);
			stop(steward, true);
			return;
		}
	}
}

static void on_accepted(
	void *arg, size_t listener, int fd, const struct addr *peer)
{
	struct steward *steward = arg;

	(void)listener;
	(void)peer;
	admin_accept(steward->admin, fd);
}

/* false: memory. */
static bool make_desk(struct steward *steward)
{
	const struct ocsp_desk_setup desk = {.loop = steward->loop,
		.io = steward->io,
		.config = steward->setup->config};

	if (!config_asks_ocsp(desk.config))
		return true;
	steward->desk = steward->io ? ocsp_desk_new(&desk) : NULL;
	return steward->desk != NULL;
}

/* The same. */
static bool make_names(struct steward *steward)
{
	const struct steward_setup *setup = steward->setup;

	if (!setup->names)
		return true;
	steward->names =
		name_watch_new(steward->loop, setup->config, setup->names);
	return steward->names != NULL;
}

static bool make_parts(struct steward *steward)
{
	const struct steward_setup *setup = steward->setup;
	struct listener_setup listeners = {.metrics = &steward->metrics,
		.accepted = on_accepted,
		.arg = steward};
	struct admin_setup admin = {.shared = setup->shared};

	signal(SIGCHLD, SIG_IGN); /* for resolvers */
	steward->loop = loop_new();
	if (!steward->loop)
		return false;
	loop_timer_init(
		steward->loop, &steward->patience, on_patience_over, steward);
	steward->io = conn_io_new(steward->loop);
	/* behind the connections' own hook: it may end the last of them */
	loop_on_event_end(steward->loop, leave_when_alone, steward);
	listeners.loop = admin.loop = steward->loop;
	admin.io = steward->io;
	steward->admin = admin_new(&admin);
	steward->listeners = listener_set_new(&listeners);
	return steward->io && steward->admin && steward->listeners &&
	       make_desk(steward) && make_names(steward) &&
	       (setup->socket < 0 || listener_set_add(steward->listeners, 0,
					     setup->socket)) &&
	       loop_watch_read(steward->loop, &steward->watch, setup->channel,
		       on_channel, steward);
}

static bool make(struct steward *steward, struct err *err)
{
	err_set(err, EXIT_CODE_INTERNAL, "out of memory");
	if (!make_parts(steward))
		return false;
	err_set(err, EXIT_CODE_INTERNAL, "the master is gone");
	return channel_send(steward->setup->channel, CHANNEL_READY, 0, -1);
}

static void unmake(struct steward *steward)
{
	if (steward->loop) {
		loop_off_event_end(steward->loop, leave_when_alone, steward);
		loop_timer_fini(&steward->patience);
	}
	listener_set_free(steward->listeners);
	admin_free(steward->admin);
	ocsp_desk_free(steward->desk);
	name_watch_free(steward->names);
	conn_io_free(steward->io);
	loop_unwatch(&steward->watch);
	loop_free(steward->loop);
	close(steward->setup->channel);
}

int steward_run(const struct steward_setup *setup)
{
	struct steward steward = {.setup = setup};
	const struct child_setup child = {.master = setup->master,
		.config = setup->config,
		.who = setup->who,
		.log_name = "steward",
		.process_name = "mtlsgate-stewrd"};
	struct err err;
	int code = EXIT_CODE_OK;

	if (!child_begin(&child, &err) || !make(&steward, &err)) {
		LOG(LOG_LEVEL_ERROR, "steward_failed",
			LOG_STR("why", err.text));
		code = (int)err.code;
	} else if (!loop_run(steward.loop)) {
		code = EXIT_CODE_INTERNAL;
	}
	unmake(&steward);
	return code;
}
