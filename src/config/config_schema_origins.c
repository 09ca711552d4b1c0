/* Where requests go. */
#include "config_schema_priv.h"

#include "config/config.h"

static const struct config_word balance_words[] = {
	{"round_robin", BALANCE_ROUND_ROBIN},
	{"least_connections", BALANCE_LEAST_CONNECTIONS},
	{"client_ip", BALANCE_CLIENT_IP},
	{NULL, 0},
};

const struct config_key config_schema_origins[] = {
	KEY("origin", URL,
		"the only origin, like http://127.0.0.1:8080 or unix:/path; "
		"short for origins",
		WHOLE(CONFIG_HOME_ORIGIN), .shorthand = true),
	KEY("origins", NAMED, "origins by name", CONFIG(origins),
		COUNT_IN(struct config, origin_count),
		NAMED_ITEMS(CONFIG_HOME_ORIGIN, struct config_origin, "origin"),
		.sample = "web: {servers: [http://127.0.0.1:8080]}"),
	KEY("origins.*", MAP, "one origin"),
	KEY("origins.*.servers", SERVERS,
		"where it answers: http://host:port or unix:/path",
		WHOLE(CONFIG_HOME_ORIGIN), .required = true),
	KEY("origins.*.servers[]", MAP, "one server, in its long form"),
	KEY("origins.*.servers[].url", URL, "where it answers",
		WHOLE(CONFIG_HOME_ORIGIN), .required = true),
	KEY("origins.*.servers[].weight", COUNT,
		"its share of the requests, against the others",
		ORIGIN(next_weight), .fallback = "1",
		RANGE(1, CONFIG_WEIGHT_MAX)),
	KEY("origins.*.balance", WORD, "which of several servers is asked",
		ORIGIN(balance), .fallback = "round_robin",
		.words = balance_words),
	KEY("origins.*.keepalive", MAP, "connections kept open"),
	KEY("origins.*.keepalive.connections", COUNT,
		"idle connections kept by a worker",
		ORIGIN(keepalive_connections), .fallback = "64",
		RANGE(0, 65535)),
	KEY("origins.*.keepalive.idle", DURATION,
		"how long an idle one is kept", ORIGIN(keepalive_idle_ms),
		.fallback = "30s", RANGE(10, DAY)),
	KEY("origins.*.keepalive.requests", COUNT, "requests on one connection",
		ORIGIN(keepalive_requests), .fallback = "10000",
		RANGE(1, UINT32_MAX)),
	KEY("origins.*.retries", MAP, "requests that are sent again"),
	KEY("origins.*.retries.max", COUNT, "how often one is, at most",
		ORIGIN(retries_max), .fallback = "1", RANGE(0, 5)),
	KEY("origins.*.retries.budget", PERCENT,
		"of all requests, how many may be", ORIGIN(retries_budget),
		.fallback = "20%", RANGE(0, 100)),
	KEY("origins.*.allow_plaintext_remote", BOOL,
		"http:// to an address that is not loopback",
		ORIGIN(allow_plaintext_remote), .fallback = "false"),
	CONFIG_SECTION_END(ORIGINS),
};
