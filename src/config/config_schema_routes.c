/* Which requests go where, and what they need. */
#include "config_schema_priv.h"

#include "config/config.h"

#define ROUTE(member) IN(CONFIG_HOME_ROUTE, struct config_route, member)

static const struct config_word certificate_words[] = {
	{"auto", CERTIFICATE_AUTO},
	{"required", CERTIFICATE_REQUIRED},
	{"not_needed", CERTIFICATE_NOT_NEEDED},
	{NULL, 0},
};

const struct config_key config_schema_routes[] = {
	KEY("routes", LIST,
		"the first that matches counts; without routes everything "
		"goes to the only origin",
		CONFIG(routes), COUNT_IN(struct config, route_count),
		NAMED_ITEMS(CONFIG_HOME_ROUTE, struct config_route, "route"),
		.quiet = true,
		.sample = "- {match: {path: /x/**}, origin: web}"),
	KEY("routes[]", MAP, "one route"),
	KEY("routes[].name", NAME, "how logs call it", ROUTE(name)),
	KEY("routes[].match", MAP, "which requests; all of it must hold"),
	KEY("routes[].match.listener", TEXTS, "came in at one of these",
		ROUTE(match.listeners), .quiet = true, .filled = true),
	KEY("routes[].match.host", TEXTS,
		"for this host: exact, *.example.org (one label) or "
		"**.example.org (any)",
		ROUTE(match.hosts), .quiet = true, .filled = true),
	KEY("routes[].match.path", TEXTS,
		"this path: exact, * for one segment, /** at the end for all "
		"below",
		ROUTE(match.paths), .quiet = true, .filled = true),
	KEY("routes[].match.methods", TEXTS, "with one of these methods",
		ROUTE(match.methods), .quiet = true, .filled = true),
	KEY("routes[].policy", TEXT,
		"the rule that the certificate must satisfy; all else is "
		"denied",
		ROUTE(policy), .quiet = true),
	KEY("routes[].policy_dry_run", TEXT,
		"a rule that only logs and counts what it would refuse",
		ROUTE(policy_dry_run), .quiet = true),
	KEY("routes[].certificate", WORD,
		"auto: required with a policy, or where every listener is "
		"require",
		ROUTE(certificate), .fallback = "auto",
		.words = certificate_words),
	KEY("routes[].respond", MAP, "an answer of our own"),
	KEY("routes[].respond.status", COUNT, "its status",
		ROUTE(respond_status), .optional = true, .required = true,
		.quiet = true, RANGE(200, 599)),
	KEY("routes[].respond.body", TEXT, "its text", ROUTE(respond_body),
		.quiet = true),
	KEY("routes[].origin", TEXT, "the origin that answers; the only one",
		ROUTE(origin), .quiet = true),
	KEY("routes[].alias_headers", WORD,
		"as headers.alias_headers, for this route",
		ROUTE(alias_headers), .same_as = "headers.alias_headers",
		.words = config_alias_words),
	KEY("routes[].timeouts", MAP, "as timeouts, for this route"),
	KEY("routes[].timeouts.origin_response", DURATION,
		"request sent until the head of the answer",
		ROUTE(origin_response_ms),
		.same_as = "timeouts.origin_response", RANGE(10, DAY)),
	KEY("routes[].timeouts.origin_idle", DURATION,
		"an answer's body without progress", ROUTE(origin_idle_ms),
		.same_as = "timeouts.origin_idle", RANGE(10, DAY)),
	KEY("routes[].limits", MAP, "as limits, for this route"),
	KEY("routes[].limits.body", SIZE,
		"a request body; 0KiB: none is accepted", ROUTE(body),
		.same_as = "limits.body", RANGE(0, TIB)),
	CONFIG_SECTION_END(ROUTES),
};
