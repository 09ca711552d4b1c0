/* What the origin is told. */
#include "config_schema_priv.h"

#include "config/config.h"

static const struct config_word preset_words[] = {
	{"x-cert", PRESET_X_CERT},
	{"cloudflare", PRESET_CLOUDFLARE},
	{"rfc9440", PRESET_RFC9440},
	{"xfcc", PRESET_XFCC},
	{"nginx", PRESET_NGINX},
	{"aws-alb", PRESET_AWS_ALB},
	{"none", PRESET_NONE},
	{NULL, 0},
};

static const struct config_word empty_words[] = {
	{"send", EMPTY_SEND},
	{"omit", EMPTY_OMIT},
	{NULL, 0},
};

const struct config_word config_alias_words[] = {
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
	{"rfc7239", FORWARDED_RFC7239},
	{"none", FORWARDED_NONE},
	{NULL, 0},
};

const struct config_key config_schema_headers[] = {
	KEY("headers", MAP, "header fields towards the origin"),
	KEY("headers.preset", WORD_SET,
		"the certificate headers: those of one system or of several",
		CONFIG(headers.presets), .fallback = "x-cert",
		.words = preset_words),
	KEY("headers.empty", WORD, "a certificate header without a value",
		CONFIG(headers.empty), .fallback = "send",
		.words = empty_words),
	KEY("headers.alias_headers", WORD,
		"incoming names with _ . and the like",
		CONFIG(headers.alias_headers), .fallback = "drop",
		.words = config_alias_words),
	KEY("headers.forwarded", WORD, "how the client's address is told",
		CONFIG(headers.forwarded), .fallback = "x-forwarded",
		.words = forwarded_words),
	KEY("headers.trusted_proxies", TEXTS,
		"networks, or unix: whose X-Forwarded fields, or Forwarded, "
		"are believed and passed on",
		CONFIG(headers.trusted_proxies)),
	KEY("headers.host", WORD, "Host: the client's, or the origin's own",
		CONFIG(headers.host), .fallback = "preserve",
		.words = host_words),
	KEY("headers.set", PAIRS,
		"more headers: a name, and a value with {fields} in it",
		CONFIG(headers.request.set)),
	KEY("headers.remove", TEXTS, "incoming headers that do not pass",
		CONFIG(headers.request.remove)),
	KEY("headers.xfcc_by", TEXT,
		"the By of X-Forwarded-Client-Cert: the URI of this gateway",
		CONFIG(headers.xfcc_by)),
	KEY("headers.response", MAP, "header fields towards the client"),
	KEY("headers.response.set", PAIRS,
		"headers of every response; {request.id} may stand in a value",
		CONFIG(headers.response.set)),
	KEY("headers.response.remove", TEXTS,
		"headers of the origin that do not pass",
		CONFIG(headers.response.remove)),
	CONFIG_SECTION_END(HEADERS),
};
