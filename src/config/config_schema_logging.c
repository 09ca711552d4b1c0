/* What is written down. */
#include "config_schema_priv.h"

#include "config/config.h"

#define FORMAT(member)          \
	CONFIG(logging.member), \
		.auto_offset = offsetof(struct config, logging.member##_auto)

static const struct config_word level_words[] = {
	{"error", LOG_LEVEL_ERROR},
	{"warn", LOG_LEVEL_WARN},
	{"info", LOG_LEVEL_INFO},
	{"debug", LOG_LEVEL_DEBUG},
	{NULL, 0},
};

static const struct config_word format_words[] = {
	{"auto", CONFIG_LOG_AUTO},
	{"text", LOG_FORMAT_TEXT},
	{"json", LOG_FORMAT_JSON},
	{NULL, 0},
};

const struct config_key config_schema_logging[] = {
	KEY("logging", MAP, "what is written down"),
	KEY("logging.level", WORD, "least level that is written",
		CONFIG(logging.level), .fallback = "info",
		.words = level_words),
	KEY("logging.format", LOG_FORMAT,
		"auto: for the journal under systemd, else text",
		FORMAT(format), .fallback = "auto", .words = format_words),
	KEY("logging.rejections", MAP, "lines about refused clients"),
	KEY("logging.rejections.rate", RATE, "lines per second",
		CONFIG(logging.rejections_rate_milli), .fallback = "10/s",
		RANGE(1000, 1000000)),
	KEY("logging.rejections.burst", COUNT, "lines at once",
		CONFIG(logging.rejections_burst), .fallback = "50",
		RANGE(1, 100000)),
	KEY("logging.access", MAP, "one line per request"),
	KEY("logging.access.enabled", BOOL, "write the access log",
		CONFIG(logging.access_enabled), .fallback = "true"),
	KEY("logging.access.format", LOG_FORMAT,
		"auto: for the journal under systemd, else text",
		FORMAT(access_format), .fallback = "json",
		.words = format_words),
	KEY("logging.access.output", ACCESS_OUTPUT, "stdout, stderr or a file",
		WHOLE(CONFIG_HOME_CONFIG), .fallback = "stdout"),
	KEY("logging.access.redact_query", BOOL,
		"leave the query out of the line", CONFIG(logging.redact_query),
		.fallback = "true"),
	CONFIG_SECTION_END(LOGGING),
};
