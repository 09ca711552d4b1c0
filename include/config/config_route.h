/*
 * config_route: which requests go where, and what they need; as written.
 *
 * The first route that matches counts. policy/route compiles them.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_ROUTE_H
#define MTLSGATE_CONFIG_CONFIG_ROUTE_H

#include <stdint.h>

#include "config/config_text.h"

enum config_route_certificate {
	CERTIFICATE_AUTO, /* required where a policy is named, or where every
			     listener that can match is `require` */
	CERTIFICATE_REQUIRED,
	CERTIFICATE_NOT_NEEDED,
};

/* What a route asks of a request; an empty list asks nothing. */
struct config_route_match {
	struct config_texts listeners; /* by name */
	struct config_texts hosts;
	struct config_texts paths;
	struct config_texts methods;
};

struct config_route {
	const char *name;
	struct config_mark mark;
	struct config_route_match match;
	struct config_text policy; /* NULL: none */
	struct config_text policy_dry_run;
	enum config_route_certificate certificate;
	unsigned respond_status; /* 0: an origin answers */
	struct config_text respond_body;
	struct config_text origin; /* NULL: the only one */
	unsigned alias_headers;    /* enum alias_headers */
	int64_t origin_response_ms;
	int64_t origin_idle_ms;
	uint64_t body; /* limit, in bytes */
};

#endif
