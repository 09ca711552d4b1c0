/*
 * config_server: one server of an origin, and how one of several is chosen.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_SERVER_H
#define MTLSGATE_CONFIG_CONFIG_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config_text.h"

enum config_balance {
	BALANCE_ROUND_ROBIN,
	BALANCE_LEAST_CONNECTIONS,
	BALANCE_CLIENT_IP,
};

enum { CONFIG_SERVERS_MAX = 64, CONFIG_WEIGHT_MAX = 100 };

/* Towards servers that are https:// */
struct config_origin_tls {
	struct config_texts ca; /* files and directories, as client_auth.ca */
	struct config_text server_name;      /* NULL: the host of the URL */
	struct config_texts pin_spki_sha256; /* as written; none: any key */
	struct config_text cert; /* ours, with its chain; NULL: none is shown */
	struct config_text key;
};

/* Questions for the health of each server. */
struct config_health {
	struct config_text path; /* NULL: none are asked */
	int64_t interval_ms;
	int64_t timeout_ms;
	unsigned unhealthy_after; /* answers in a row */
	unsigned healthy_after;
	int64_t slow_start_ms; /* until it has its whole weight; 0: at once */
};

enum config_announce {
	ANNOUNCE_NONE,
	ANNOUNCE_V2,
	ANNOUNCE_V2_CERTIFICATE, /* with the client certificate */
};

struct config_server {
	struct config_text url; /* as written */
	const char *authority;
	const char *host; /* without port and brackets; NULL: a unix socket */
	bool tls;         /* https:// */
	bool named;       /* host is a name, which is looked up */
	uint16_t port;
	unsigned weight;
	size_t first; /* of its addresses, in those of the origin */
	size_t count;
};

#endif
