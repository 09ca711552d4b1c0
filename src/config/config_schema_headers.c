/* What the origin is told. */
#include "config_schema_priv.h"

#include "config/config.h"

static const struct config_word preset_words[] = {
	{"x-cert", PRESET_X_CERT},
	{"none", PRESET_NONE},
	{NULL, 0},
};

static const struct config_word empty_words[] = {
	{"send", EMPTY_SEND},
	{"omit", EMPTY_OMIT},
	{NULL, 0},
};

static const struct config_word alias_words[] = {
	{"drop", ALIAS_DROP},
	{"reject", ALIAS_REJECT},
	{"pass", ALIAS_PASS},
	{NULL, 0},
};

static const struct config_word host_words[] = {
	{"preserve", HOST_PRESERVE},
	{"origin", HOST_ORIGIN},
	{NULL, 0},
};

static const struct config_word forwarded_words[] = {
	{"x-forwarded", FORWARDED_X},
	{"none", FORWARDED_NONE},
	{NULL, 0},
};

const struct config_key config_schema_headers[] = {
	KEY("headers", MAP, "header fields towards the origin"),
	KEY("headers.preset", WORD_LIST, "the certificate headers",
		CONFIG(headers.preset), .fallback = "x-cert",
		.words = preset_words),
	KEY("headers.empty", WORD, "a certificate header without a value",
		CONFIG(headers.empty), .fallback = "send",
		.words = empty_words),
	KEY("headers.alias_headers", WORD,
		"incoming names with _ . and the like",
		CONFIG(headers.alias_headers), .fallback = "drop",
		.words = alias_words),
	KEY("headers.forwarded", WORD, "how the client's address is told",
		CONFIG(headers.forwarded), .fallback = "x-forwarded",
		.words = forwarded_words),
	KEY("headers.host", WORD, "Host: the client's, or the origin's own",
		CONFIG(headers.host), .fallback = "preserve",
		.words = host_words),
	CONFIG_SECTION_END(HEADERS),
};
