/*
 * rate_limits: the `rate_limits` of a configuration over the instance's table.
 *
 * A limit counts per certificate (SHA-256 of one that verifies; whoever shows
 * none counts by address), per address (IPv6 by /64; all who come through a
 * unix socket as one), or per route. A request passes when every limit lets
 * it, and counts at all of them or at none.
 *
 * What was counted belongs to a limit by its key, rate and burst: it outlives
 * a reload where these three stay, in whatever order the limits stand.
 */
#ifndef MTLSGATE_PROXY_RATE_LIMITS_H
#define MTLSGATE_PROXY_RATE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct config;
struct rate_limits;
struct rate_table;

/* Of config (read now, not kept) over table (lent, outlives it). NULL: memory;
 * without limits in the configuration nobody needs one. */
struct rate_limits *rate_limits_new(const struct config *config,
	struct rate_table *table) __attribute__((warn_unused_result));
void rate_limits_free(struct rate_limits *limits); /* NULL is ignored */

/* Whose request it is; lent. */
struct rate_request {
	const uint8_t *certificate; /* SHA-256, 32 octets; NULL: none that
				       verifies */
	struct slice ip;            /* as text; empty: a unix socket */
	struct slice route;         /* its name; .ptr NULL: none matches */
};

struct rate_verdict {
	bool passed;
	bool shared;      /* counted on a place that is not its own */
	unsigned key;     /* enum config_rate_key, of the one that refuses */
	unsigned retry_s; /* refused: whole seconds, rounded up, above 0 */
};

/* now_ns: of the monotonic clock, which all processes share. */
struct rate_verdict rate_limits_take(const struct rate_limits *limits,
	const struct rate_request *request, uint64_t now_ns);

#endif
