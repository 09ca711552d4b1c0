#include "proxy/rate_limits.h"

#include <assert.h>
#include <stdlib.h>

#include "config/config.h"
#include "config/config_rate.h"
#include "net/addr.h"
#include "proxy/rate_table.h"

#define SECOND_NS UINT64_C(1000000000)
#define HOUR_NS (3600 * SECOND_NS)

struct limit {
	enum config_rate_key key;
	uint64_t id; /* of key, rate and burst */
	struct rate_speed speed;
};

struct rate_limits {
	struct rate_table *table;
	size_t count;
	struct limit limit[];
};

static struct limit limit_of(
	const struct rate_table *table, const struct config_rate_limit *config)
{
	const uint64_t id[] = {config->key, config->per_hour, config->burst};
	struct limit limit = {.key = config->key};

	limit.id = rate_table_hash(table, id, sizeof(id));
	limit.speed.interval_ns = HOUR_NS / config->per_hour;
	limit.speed.depth_ns = limit.speed.interval_ns * config->burst;
	return limit;
}

struct rate_limits *rate_limits_new(
	const struct config *config, struct rate_table *table)
{
	size_t count = config->rate_limit_count;
	struct rate_limits *limits =
		calloc(1, sizeof(*limits) + count * sizeof(struct limit));

	if (!limits)
		return NULL;
	limits->table = table;
	limits->count = count;
	for (size_t i = 0; i < count; i++)
		limits->limit[i] = limit_of(table, &config->rate_limits[i]);
	return limits;
}

void rate_limits_free(struct rate_limits *limits)
{
	free(limits);
}

/* ---- who ---- */

/* All who come through a unix socket are one. */
static uint64_t address_of(struct slice ip)
{
	struct addr addr;

	return addr_parse_ip(ip, 0, &addr) ? addr_hash_ip(&addr) : 0;
}

/* false: this limit does not concern it. */
static bool whose(const struct rate_limits *limits, enum config_rate_key key,
	const struct rate_request *request, uint64_t *who)
{
	const struct slice route = request->route;

	switch (key) {
	case RATE_ROUTE:
		*who = rate_table_hash(limits->table, route.ptr, route.len);
		return route.ptr != NULL;
	case RATE_CERTIFICATE:
		if (request->certificate) {
			*who = rate_table_hash(
				limits->table, request->certificate, 32);
			return true;
		}
		break;
	case RATE_ADDRESS:
		break;
	}
	*who = address_of(request->ip);
	return true;
}

/* ---- may it ---- */

static struct rate_taken take(const struct rate_limits *limits,
	const struct limit *limit, uint64_t who, uint64_t now_ns)
{
	const uint64_t both[] = {limit->id, who};

	return rate_table_take(limits->table,
		rate_table_hash(limits->table, both, sizeof(both)),
		&limit->speed, now_ns);
}

static struct rate_verdict refusal(
	const struct limit *limit, const struct rate_taken *taken)
{
	uint64_t seconds = (taken->wait_ns + SECOND_NS - 1) / SECOND_NS;

	return (struct rate_verdict){.shared = taken->shared,
		.key = limit->key,
		.retry_s = (unsigned)seconds};
}

struct rate_verdict rate_limits_take(const struct rate_limits *limits,
	const struct rate_request *request, uint64_t now_ns)
{
	struct rate_verdict verdict = {.passed = true};
	struct rate_taken taken[CONFIG_RATE_LIMITS];
	size_t i;

	assert(limits->count <= CONFIG_RATE_LIMITS);
	for (i = 0; i < limits->count && verdict.passed; i++) {
		const struct limit *limit = &limits->limit[i];
		uint64_t who;

		taken[i] = (struct rate_taken){.entry = NULL};
		if (!whose(limits, limit->key, request, &who))
			continue;
		taken[i] = take(limits, limit, who, now_ns);
		if (!taken[i].entry)
			verdict = refusal(limit, &taken[i]);
		verdict.shared |= taken[i].shared;
	}
	while (!verdict.passed && i--) {
		if (taken[i].entry)
			rate_table_give_back(
				&taken[i], &limits->limit[i].speed);
	}
	return verdict;
}
