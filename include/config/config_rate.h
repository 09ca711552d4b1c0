/*
 * config_rate: how fast requests may come; as written.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_RATE_H
#define MTLSGATE_CONFIG_CONFIG_RATE_H

#include <stdint.h>

#include "config/config_text.h"

/* For each of what; a metric has one counter per value. */
enum config_rate_key {
	RATE_CERTIFICATE, /* its SHA-256 */
	RATE_ADDRESS,     /* IPv6: a /64 */
	RATE_ROUTE,
};

enum {
	CONFIG_RATE_KEYS = RATE_ROUTE + 1,
	CONFIG_RATE_LIMITS = 16, /* in a configuration */
};

struct config_rate_limit {
	struct config_mark mark;
	unsigned key;      /* enum config_rate_key */
	uint64_t per_hour; /* requests */
	uint64_t burst;    /* at once; config_load: never 0 */
};

/* "certificate", "address", "route". */
const char *config_rate_word(enum config_rate_key key);

#endif
