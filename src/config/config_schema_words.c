/* The words that keys accept. */
#include "config_schema_priv.h"

#include "config/config.h"

const struct config_word config_words_mode[] = {
	{"require", CLIENT_AUTH_REQUIRE},
	{"optional", CLIENT_AUTH_OPTIONAL},
	{"request_any", CLIENT_AUTH_REQUEST_ANY},
	{"disabled", CLIENT_AUTH_DISABLED},
	{NULL, 0},
};

const struct config_word config_words_auto[] = {
	{"auto", CONFIG_AUTO},
	{"true", CONFIG_TRUE},
	{"false", CONFIG_FALSE},
	{NULL, 0},
};

const struct config_word config_words_eku[] = {
	{"clientAuth", REQUIRE_EKU_CLIENT_AUTH},
	{"present", REQUIRE_EKU_PRESENT},
	{"any", REQUIRE_EKU_ANY},
	{NULL, 0},
};

const struct config_word config_words_version[] = {
	{"TLSv1.2", 0x0303},
	{"TLSv1.3", 0x0304},
	{NULL, 0},
};

const struct config_word config_words_preset[] = {
	{"x-cert", PRESET_X_CERT},
	{"none", PRESET_NONE},
	{NULL, 0},
};

const struct config_word config_words_empty[] = {
	{"send", EMPTY_SEND},
	{"omit", EMPTY_OMIT},
	{NULL, 0},
};

const struct config_word config_words_alias[] = {
	{"drop", ALIAS_DROP},
	{"reject", ALIAS_REJECT},
	{"pass", ALIAS_PASS},
	{NULL, 0},
};

const struct config_word config_words_host[] = {
	{"preserve", HOST_PRESERVE},
	{"origin", HOST_ORIGIN},
	{NULL, 0},
};

const struct config_word config_words_forwarded[] = {
	{"x-forwarded", FORWARDED_X},
	{"none", FORWARDED_NONE},
	{NULL, 0},
};

const struct config_word config_words_level[] = {
	{"error", LOG_LEVEL_ERROR},
	{"warn", LOG_LEVEL_WARN},
	{"info", LOG_LEVEL_INFO},
	{"debug", LOG_LEVEL_DEBUG},
	{NULL, 0},
};

const struct config_word config_words_format[] = {
	{"auto", CONFIG_LOG_AUTO},
	{"text", LOG_FORMAT_TEXT},
	{"json", LOG_FORMAT_JSON},
	{NULL, 0},
};
