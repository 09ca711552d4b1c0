#include "daemon/listener.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "net/addr.h"
#include "net/sock.h"
#include "proxy/metrics.h"

/* A queue is never longer than this; the last call ends (R17). */
enum { LAST_CALL_MAX = 1 << 16 };

struct listener {
	struct listener_set *set;
	struct listener *next;
	size_t number; /* of the configuration */
	int fd;        /* -1: closed */
	struct loop_watch watch;
};

struct listener_set {
	struct listener_setup setup;
	struct listener *first;
	struct loop_timer rest;
	int reserve; /* -1: none could be had */
	bool open;
};

static int reserve_open(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void rest_over(void *arg);

struct listener_set *listener_set_new(const struct listener_setup *setup)
{
	struct listener_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->setup = *setup;
	set->reserve = reserve_open();
	loop_timer_init(setup->loop, &set->rest, rest_over, set);
	return set;
}

bool listener_set_add(struct listener_set *set, size_t number, int fd)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	assert(!set->open);
	if (!listener) {
		close(fd);
		return false;
	}
	*listener = (struct listener){
		.set = set, .next = set->first, .number = number, .fd = fd};
	set->first = listener;
	return true;
}

static void listener_close(struct listener *listener)
{
	loop_unwatch(&listener->watch);
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = -1;
}

/* ---- out of descriptors ---- */

/*
 * The reserve makes room for one: it is accepted and closed at once, which
 * tells the client more than a queue in which nobody is served.
 */
static void turn_one_away(struct listener_set *set, const struct listener *l)
{
	struct addr peer;
	int fd;

	if (set->reserve >= 0)
		close(set->reserve);
	if (sock_accept(l->fd, &fd, &peer) == SOCK_ACCEPTED)
		close(fd);
	set->reserve = reserve_open();
}

static bool watch_all(struct listener_set *set);

static void rest_begin(struct listener_set *set)
{
	if (!loop_timer_set(&set->rest, LISTENER_REST_MS))
		return; /* goes on without a rest: the event comes again */
	metrics_add(&set->setup.metrics->value[METRIC_ACCEPT_BACKOFFS], 1);
	LOG(LOG_LEVEL_WARN, "out_of_descriptors",
		LOG_U64("rest_ms", LISTENER_REST_MS));
	for (struct listener *l = set->first; l; l = l->next)
		loop_unwatch(&l->watch);
}

static void rest_over(void *arg)
{
	struct listener_set *set = arg;

	if (set->open && !watch_all(set))
		rest_begin(set);
}

/* ---- accepting ---- */

/* What became of the queue; SOCK_ACCEPTED: more may wait. */
static enum sock_accept accept_some(struct listener *listener, unsigned most)
{
	const struct listener_setup *setup = &listener->set->setup;

	for (unsigned i = 0; i < most; i++) {
		struct addr peer;
		int fd;
		enum sock_accept result = sock_accept(listener->fd, &fd, &peer);

		if (result == SOCK_ACCEPTED)
			setup->accepted(
				setup->arg, listener->number, fd, &peer);
		else if (result != SOCK_AGAIN)
			return result;
	}
	return SOCK_ACCEPTED;
}

static void accept_cb(void *arg, unsigned ready)
{
	struct listener *listener = arg;

	(void)ready;
	switch (accept_some(listener, LISTENER_BURST)) {
	case SOCK_ACCEPTED:
	case SOCK_AGAIN:
	case SOCK_NONE:
		return;
	case SOCK_EXHAUSTED:
		turn_one_away(listener->set, listener);
		rest_begin(listener->set);
		return;
	case SOCK_BROKEN:
		LOG(LOG_LEVEL_ERROR, "listener_broken",
			LOG_U64("listener", listener->number));
		listener_close(listener);
	}
}

static bool watch_all(struct listener_set *set)
{
	for (struct listener *l = set->first; l; l = l->next) {
		if (l->fd >= 0 && !l->watch.event &&
			!loop_watch_read(set->setup.loop, &l->watch, l->fd,
				accept_cb, l))
			return false;
	}
	return true;
}

bool listener_set_open(struct listener_set *set)
{
	set->open = true;
	return watch_all(set);
}

void listener_set_last_call(struct listener_set *set, size_t number)
{
	for (struct listener *l = set->first; l; l = l->next) {
		if (l->number != number || l->fd < 0)
			continue;
		(void)accept_some(l, LAST_CALL_MAX);
		listener_close(l);
	}
}

void listener_set_close(struct listener_set *set)
{
	loop_timer_clear(&set->rest);
	set->open = false;
	for (struct listener *l = set->first; l; l = l->next)
		listener_close(l);
}

size_t listener_set_count(const struct listener_set *set)
{
	size_t n = 0;

	for (const struct listener *l = set->first; l; l = l->next)
		n += l->fd >= 0;
	return n;
}

void listener_set_free(struct listener_set *set)
{
	if (!set)
		return;
	listener_set_close(set);
	loop_timer_fini(&set->rest);
	while (set->first) {
		struct listener *l = set->first;

		set->first = l->next;
		free(l);
	}
	if (set->reserve >= 0)
		close(set->reserve);
	free(set);
}
