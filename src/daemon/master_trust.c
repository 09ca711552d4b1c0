/*
 * What the master sees of trust: whose connections a reload takes it away
 * from (R13), and when a CRL in force ends.
 */
#include "master_priv.h"

#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "daemon/generation.h"

enum { DAY_MS = 24 * 3600 * 1000 };

/* ---- a reload that changes it ---- */

enum { NONE = SIZE_MAX };

static bool same_name(
	const struct config_listener *a, const struct config_listener *b)
{
	return !strcmp(a->name, b->name);
}

/* Port 0 is another one each time. */
static bool same_address(
	const struct config_listener *a, const struct config_listener *b)
{
	return addr_eq(&a->address, &b->address) &&
	       (addr_is_unix(&a->address) || addr_port(&a->address));
}

/* The first listener of g that is like `one`. */
static size_t find(const struct generation *g,
	const struct config_listener *one,
	bool (*like)(
		const struct config_listener *, const struct config_listener *))
{
	for (size_t i = 0; i < g->config->listener_count; i++) {
		if (like(&g->config->listeners[i], one))
			return i;
	}
	return NONE;
}

static bool same_content(
	const struct generation_trust *a, const struct generation_trust *b)
{
	return !memcmp(a->content, b->content, sizeof(a->content));
}

static bool is_new(
	const struct generation *old, const struct config_listener *one)
{
	return find(old, one, same_name) == NONE &&
	       find(old, one, same_address) == NONE;
}

/*
 * Neither its name nor its address is there any more. Any listener that was
 * not there before may be the same one under another name at another address:
 * all of these must trust as it did. Without one it is gone, and its trust has
 * to live on somewhere.
 */
static bool is_trusted_elsewhere(const struct generation *now,
	const struct generation *old, size_t listener)
{
	const struct generation_trust *trust = &old->trust[listener];
	bool lives_on = false;

	for (size_t i = 0; i < now->config->listener_count; i++) {
		bool same = same_content(&now->trust[i], trust);

		if (!same && is_new(old, &now->config->listeners[i]))
			return false;
		lives_on = lives_on || same;
	}
	return lives_on;
}

/* Whoever has its name, and whoever has its address now. */
static bool keeps_trust(const struct generation *now,
	const struct generation *old, size_t listener)
{
	const struct config_listener *one = &old->config->listeners[listener];
	const struct generation_trust *trust = &old->trust[listener];
	size_t name = find(now, one, same_name);
	size_t address = find(now, one, same_address);

	if (name == NONE && address == NONE)
		return is_trusted_elsewhere(now, old, listener);
	if (address != NONE && !same_content(&now->trust[address], trust))
		return false;
	return name != NONE && !memcmp(now->trust[name].digest, trust->digest,
				       sizeof(trust->digest));
}

static void tell_workers(const struct generation *g, size_t listener)
{
	for (size_t i = 0; i + 1 < g->seat_count; i++) {
		struct seat *seat = &g->seats[i];

		if (seat->state != SEAT_SERVING && seat->state != SEAT_LEAVING)
			continue;
		/* One that cannot be told must not serve another request. */
		if (!channel_send(seat->channel, CHANNEL_DISTRUST,
			    (unsigned)listener, -1))
			seat_kill(seat);
	}
}

void master_trust_compare(
	const struct master *master, const struct generation *old)
{
	for (size_t i = 0; i < old->config->listener_count; i++) {
		if (keeps_trust(master->current, old, i))
			continue;
		LOG(LOG_LEVEL_INFO, "trust_changed",
			LOG_STR("listener", old->config->listeners[i].name),
			LOG_U64("generation", old->number));
		tell_workers(old, i);
	}
}

/* ---- CRLs that end ---- */

static int64_t wait_ms(int64_t now_s, int64_t at_s)
{
	int64_t left = at_s - now_s;

	if (left > DAY_MS / 1000)
		return DAY_MS;
	return left > 0 ? left * 1000 : 1;
}

static void say(const char *event, enum log_level level,
	const struct generation *g, size_t listener)
{
	LOG(level, event,
		LOG_STR("listener", g->config->listeners[listener].name),
		LOG_I64("next_update", g->trust[listener].crl_next_update),
		LOG_STR("help", "renew the CRL, then reload"));
}

/* Tells what is due, once each; returns when to look again, in seconds. */
static int64_t look(struct generation *g, size_t listener, int64_t now_s)
{
	struct generation_trust *trust = &g->trust[listener];

	if (now_s >= trust->crl_next_update) {
		if (trust->told < CRL_TOLD_END)
			say("crl_expired", LOG_LEVEL_ERROR, g, listener);
		trust->told = CRL_TOLD_END;
		return INT64_MAX;
	}
	if (now_s < trust->crl_warn_at)
		return trust->crl_warn_at;
	if (trust->told < CRL_TOLD_SOON)
		say("crl_expires_soon", LOG_LEVEL_WARN, g, listener);
	trust->told = CRL_TOLD_SOON;
	return trust->crl_next_update;
}

static void watch(struct master *master)
{
	struct generation *g = master->current;
	int64_t now_s = loop_wall_ms(master->loop) / 1000;
	int64_t next_s = INT64_MAX;
	int64_t end_s = INT64_MAX;

	for (size_t i = 0; i < g->config->listener_count; i++) {
		int64_t at_s = look(g, i, now_s);

		if (at_s < next_s)
			next_s = at_s;
		if (g->trust[i].crl_next_update < end_s)
			end_s = g->trust[i].crl_next_update;
	}
	shared_set(master->shared, SHARED_CRL_NEXT_UPDATE,
		end_s == INT64_MAX || end_s < 0 ? 0 : (uint64_t)end_s);
	if (next_s == INT64_MAX)
		loop_timer_clear(&master->trust_timer);
	else if (!loop_timer_set(&master->trust_timer, wait_ms(now_s, next_s)))
		LOG(LOG_LEVEL_ERROR, "crl_not_watched",
			LOG_STR("why", "out of memory"));
}

static void on_timer(void *arg)
{
	struct master *master = arg;

	if (master->state == MASTER_SERVING)
		watch(master);
}

void master_trust_start(struct master *master)
{
	loop_timer_init(master->loop, &master->trust_timer, on_timer, master);
}

void master_trust_follow(struct master *master)
{
	watch(master);
}
