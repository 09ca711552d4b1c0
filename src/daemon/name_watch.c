#include "daemon/name_watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "config/config.h"
#include "daemon/resolver.h"
#include "proxy/name_board.h"

_Static_assert((int)RESOLVER_ADDRESSES <= (int)NAME_BOARD_ADDRESSES,
	"what is found fits on the board");

/* A server whose host is a name. */
struct watched {
	struct name_watch *watch;
	const struct config_origin *origin;
	const struct config_server *server;
	size_t place;
	struct loop_timer timer;
	struct resolver_ask *ask; /* NULL: none is under way */
	bool lost;                /* told that it cannot be looked up */
	bool refused;             /* told that addresses are not taken */
	size_t count;
	struct addr addrs[NAME_BOARD_ADDRESSES];
};

struct name_watch {
	struct loop *loop;
	struct name_board *board;
	struct resolver *resolver;
	struct watched *all;
	size_t count;
};

static void sleep_on(struct watched *w)
{
	/* the timer exists: setting it again needs no memory */
	(void)!loop_timer_set(&w->timer, w->origin->resolve_every_ms);
}

static bool has(const struct watched *w, const struct addr *addr)
{
	for (size_t i = 0; i < w->count; i++) {
		if (addr_eq(&w->addrs[i], addr))
			return true;
	}
	return false;
}

/* The order does not count: many servers of names turn it each time. */
static bool is_same(
	const struct watched *w, const struct addr *addrs, size_t count)
{
	if (count != w->count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!has(w, &addrs[i]))
			return false;
	}
	return true;
}

static void tell(const struct watched *w, const char *event,
	enum log_level level, const char *reason)
{
	LOG(level, event, LOG_STR("origin", w->origin->name),
		LOG_STR("server", w->server->url.text),
		LOG_STR("reason", reason));
}

/* R22 */
static bool may_be(const struct watched *w, const struct addr *addr)
{
	return w->server->tls || w->origin->allow_plaintext_remote ||
	       addr_is_loopback(addr);
}

static size_t take(struct watched *w, const struct addr *found, size_t count,
	struct addr addrs[NAME_BOARD_ADDRESSES])
{
	size_t taken = 0;

	for (size_t i = 0; i < count; i++) {
		if (!may_be(w, &found[i]))
			continue;
		addrs[taken] = found[i];
		addr_set_port(&addrs[taken++], w->server->port);
	}
	if (taken < count && !w->refused)
		tell(w, "origin_address_refused", LOG_LEVEL_WARN,
			"on another host, and http:// protects nothing on "
			"the way (allow_plaintext_remote)");
	w->refused = taken < count;
	return taken;
}

static void post(struct watched *w, const struct addr *addrs, size_t count)
{
	w->count = count;
	memcpy(w->addrs, addrs, count * sizeof(*addrs));
	name_board_write(w->watch->board, w->place, addrs, count);
	LOG(LOG_LEVEL_INFO, "origin_addresses_changed",
		LOG_STR("origin", w->origin->name),
		LOG_STR("server", w->server->url.text),
		LOG_U64("addresses", count));
}

static void on_found(void *owner, const struct addr *found, size_t count)
{
	struct watched *w = owner;
	struct addr addrs[NAME_BOARD_ADDRESSES];
	size_t taken = take(w, found, count, addrs);

	w->ask = NULL;
	sleep_on(w);
	if (!count && !w->lost)
		tell(w, "origin_name_lost", LOG_LEVEL_WARN,
			"the name cannot be looked up; its addresses stay");
	else if (count && w->lost)
		tell(w, "origin_name_found", LOG_LEVEL_INFO,
			"the name can be looked up again");
	w->lost = !count;
	if (taken && !is_same(w, addrs, taken))
		post(w, addrs, taken);
}

static void on_timer(void *arg)
{
	struct watched *w = arg;

	w->ask = resolver_ask(
		w->watch->resolver, slice_str(w->server->host), on_found, w);
	if (!w->ask)
		sleep_on(w);
}

/* What it has from the configuration, or what a steward before this one wrote
 * since. */
static void know(struct watched *w)
{
	uint32_t seen = 0;

	if (name_board_read(
		    w->watch->board, w->place, &seen, w->addrs, &w->count))
		return;
	w->count = w->server->count < NAME_BOARD_ADDRESSES
			   ? w->server->count
			   : NAME_BOARD_ADDRESSES;
	memcpy(w->addrs, &w->origin->addresses[w->server->first],
		w->count * sizeof(*w->addrs));
}

/* false: out of memory. */
static bool begin(struct watched *w, struct name_watch *watch,
	const struct config *config, size_t origin, size_t server)
{
	w->watch = watch;
	w->origin = &config->origins[origin];
	w->server = &w->origin->servers[server];
	w->place = name_board_place(config, origin, server);
	know(w);
	loop_timer_init(watch->loop, &w->timer, on_timer, w);
	return loop_timer_set(&w->timer, w->origin->resolve_every_ms);
}

static bool begin_all(struct name_watch *watch, const struct config *config)
{
	for (size_t i = 0; i < config->origin_count; i++) {
		const struct config_origin *origin = &config->origins[i];

		for (size_t j = 0; j < origin->server_count; j++) {
			if (origin->resolve_every_ms &&
				origin->servers[j].named &&
				!begin(&watch->all[watch->count++], watch,
					config, i, j))
				return false;
		}
	}
	return true;
}

struct name_watch *name_watch_new(struct loop *loop,
	const struct config *config, struct name_board *board)
{
	struct name_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->loop = loop;
	watch->board = board;
	watch->resolver = resolver_new(loop, 0);
	watch->all =
		calloc(name_board_place(config, config->origin_count, 0) + 1,
			sizeof(*watch->all));
	if (watch->resolver && watch->all && begin_all(watch, config))
		return watch;
	name_watch_free(watch);
	return NULL;
}

void name_watch_free(struct name_watch *watch)
{
	if (!watch)
		return;
	for (size_t i = 0; watch->all && i < watch->count; i++) {
		if (watch->all[i].ask)
			resolver_cancel(watch->all[i].ask);
		loop_timer_fini(&watch->all[i].timer);
	}
	resolver_free(watch->resolver);
	free(watch->all);
	free(watch);
}
