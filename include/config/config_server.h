/*
 * config_server: one server of an origin, and how one of several is chosen.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_SERVER_H
#define MTLSGATE_CONFIG_CONFIG_SERVER_H

#include <stddef.h>

#include "config/config_text.h"

enum config_balance {
	BALANCE_ROUND_ROBIN,
	BALANCE_LEAST_CONNECTIONS,
	BALANCE_CLIENT_IP,
};

enum { CONFIG_SERVERS_MAX = 64, CONFIG_WEIGHT_MAX = 100 };

struct config_server {
	struct config_text url; /* as written */
	const char *authority;
	unsigned weight;
	size_t first; /* of its addresses, in those of the origin */
	size_t count;
};

#endif
