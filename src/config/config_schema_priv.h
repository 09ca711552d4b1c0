/*
 * config_schema_priv: how the rows of the schema are written.
 *
 * The table lies in parts, config_schema_<section>.c; config_schema.c names
 * them in the order of the manual. config_schema.h tells with examples how a
 * key is added.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_SCHEMA_PRIV_H
#define MTLSGATE_CONFIG_CONFIG_SCHEMA_PRIV_H

#include <stddef.h>

#include "config/config_schema.h"

/* In the order of the manual. */
enum config_section {
	CONFIG_SECTION_PROCESS,
	CONFIG_SECTION_LISTEN,
	CONFIG_SECTION_TLS,
	CONFIG_SECTION_CLIENT_AUTH,
	CONFIG_SECTION_POLICIES,
	CONFIG_SECTION_HEADERS,
	CONFIG_SECTION_ROUTES,
	CONFIG_SECTION_ORIGINS,
	CONFIG_SECTION_LIMITS,
	CONFIG_SECTION_LOGGING,
	CONFIG_SECTION_ADMIN,
	CONFIG_SECTION_COUNT
};

extern const struct config_key config_schema_process[];
extern const struct config_key config_schema_listen[];
extern const struct config_key config_schema_tls[];
extern const struct config_key config_schema_client_auth[];
extern const struct config_key config_schema_policies[];
extern const struct config_key config_schema_headers[];
extern const struct config_key config_schema_routes[];
extern const struct config_key config_schema_origins[];
extern const struct config_key config_schema_limits[];
extern const struct config_key config_schema_logging[];
extern const struct config_key config_schema_admin[];

/* Words of headers.alias_headers, which a route has, too. */
extern const struct config_word config_alias_words[];

/* The last row of a section: NULL, and which one it was. */
#define CONFIG_SECTION_END(name_)                                       \
	{                                                               \
		.path = NULL, .section_end = CONFIG_SECTION_##name_ + 1 \
	}

#define KEY(path_, type_, help_, ...)                                      \
	{                                                                  \
		.path = path_, .type = CONFIG_TYPE_##type_, .help = help_, \
		__VA_ARGS__                                                \
	}

#define SIZE_OF(type, member) sizeof(((type *)NULL)->member)
#define IN(home_, type, member)                            \
	.home = (home_), .offset = offsetof(type, member), \
	.size = SIZE_OF(type, member)
#define CONFIG(member) IN(CONFIG_HOME_CONFIG, struct config, member)
#define LISTENER(member) \
	IN(CONFIG_HOME_LISTENER, struct config_listener, member)
#define ORIGIN(member) IN(CONFIG_HOME_ORIGIN, struct config_origin, member)
#define WHOLE(home_) .home = (home_), .offset = 0
#define RANGE(least, most) .min = (least), .max = (most)

/* Of a LIST or NAMED: where the number of items lies, what an item is. */
#define COUNT_IN(type, member) .count_offset = offsetof(type, member)
#define ITEMS(item_home, item_type)                          \
	.item = (item_home), .item_size = sizeof(item_type), \
	.mark_offset = offsetof(item_type, mark)
#define NAMED_ITEMS(item_home, item_type, word)           \
	ITEMS(item_home, item_type), .item_word = (word), \
				     .name_offset = offsetof(item_type, name)

#define SECOND UINT64_C(1000)
#define MINUTE (UINT64_C(60) * SECOND)
#define TEN_MINUTES (UINT64_C(10) * MINUTE)
#define DAY (UINT64_C(24) * 60 * MINUTE)
#define KIB UINT64_C(1024)
#define HEAD_MAX (UINT64_C(64) * KIB) /* what a conn keeps unread */
#define MIB (UINT64_C(1024) * KIB)
#define GIB (UINT64_C(1024) * MIB)
#define TIB (UINT64_C(1024) * GIB)

#endif
