/*
 * config_schema: ONE table of every key of the configuration.
 *
 * Everything else is derived from it: what is accepted, each default, what
 * `check --print` shows, the suggestions in error messages.
 *
 * Paths: "timeouts.handshake". An item of a list of maps is "listeners[]", a
 * map under a name of the user's choice is "origins.*".
 */
#ifndef MTLSGATE_CONFIG_CONFIG_SCHEMA_H
#define MTLSGATE_CONFIG_CONFIG_SCHEMA_H

#include "base/slice.h"

/* The word `auto` of a LOG_FORMAT. */
enum { CONFIG_LOG_AUTO = 99 };

enum config_type {
	/* numbers: stored as an unsigned of key->size bytes */
	CONFIG_TYPE_BOOL,
	CONFIG_TYPE_COUNT,
	CONFIG_TYPE_WORKERS,    /* a count, or auto: one per usable core */
	CONFIG_TYPE_COUNT_AUTO, /* a count, or auto: 0 */
	CONFIG_TYPE_DURATION,   /* ms */
	CONFIG_TYPE_SIZE,       /* bytes */
	CONFIG_TYPE_BYTE_RATE,  /* bytes per second */
	CONFIG_TYPE_RATE,       /* thousandths per second */
	CONFIG_TYPE_MODE,       /* octal file mode */
	CONFIG_TYPE_WORD,       /* one of key->words */
	CONFIG_TYPE_WORD_LIST,  /* the same, alone or in a list of one */
	CONFIG_TYPE_LOG_FORMAT, /* a word; auto sets the bool at auto_offset */
	/* texts: a struct config_text */
	CONFIG_TYPE_TEXT,
	CONFIG_TYPE_TEXT_DEFAULT, /* "default": NULL */
	CONFIG_TYPE_PATH,
	CONFIG_TYPE_NAME, /* a const char *, [A-Za-z0-9_-]+ */
	/* with a loader of their own */
	CONFIG_TYPE_PATHS,         /* struct config_texts; one path or a list */
	CONFIG_TYPE_LISTEN,        /* one address: makes the only listener */
	CONFIG_TYPE_ADDRESS,       /* struct config_listener */
	CONFIG_TYPE_ADMIN_ADDRESS, /* struct config_admin */
	CONFIG_TYPE_ACCESS_OUTPUT, /* struct config_logging */
	CONFIG_TYPE_URL,           /* struct config_origin: one URL */
	CONFIG_TYPE_SERVERS,       /* struct config_origin: list of one URL */
	CONFIG_TYPE_MAP,
	CONFIG_TYPE_LISTENERS,
	CONFIG_TYPE_ORIGINS,
};

/* The struct in which a value lies. */
enum config_home {
	CONFIG_HOME_NONE, /* not stored */
	CONFIG_HOME_CONFIG,
	CONFIG_HOME_LISTENER,
	CONFIG_HOME_ORIGIN,
	CONFIG_HOME_COUNT
};

struct config_word {
	const char *word; /* NULL ends the list */
	uint64_t value;
};

struct config_key {
	const char *path;
	enum config_type type;
	enum config_home home;
	size_t offset; /* in the home */
	size_t size;
	size_t auto_offset;   /* of a LOG_FORMAT: its bool */
	const char *fallback; /* the default as it would be written, or NULL */
	uint64_t min, max;    /* of numbers, in the stored unit */
	const struct config_word *words;
	const char *same_as; /* of a MAP: its keys are those of this path */
	bool shorthand;      /* printed in its long form only */
	const char *help;    /* one line */
};

/* The table, in the order of the manual; ends with a path of NULL. */
const struct config_key *config_schema(void);
/* NULL when there is no such key. */
const struct config_key *config_schema_find(const char *path);
/* The key `name` right below `prefix` ("", "tls", "listeners[]"). */
const struct config_key *config_schema_child(
	const char *prefix, struct slice name);
/* Is key right below prefix? */
bool config_schema_is_child(const char *prefix, const struct config_key *key);

/* What somebody who wrote the unknown `name` below `prefix` may have meant. */
enum config_guess {
	CONFIG_GUESS_NONE,
	CONFIG_GUESS_NEAR,  /* a typing error: `meant` is the key's name */
	CONFIG_GUESS_PLACE, /* the key exists elsewhere: `meant` is its path */
	CONFIG_GUESS_FOREIGN, /* another program's word for our path `meant` */
};
enum config_guess config_schema_guess(
	const char *prefix, struct slice name, const char **meant);

/*
 * Is `text` most likely `word`: at most two typing errors away (a missing, an
 * extra, a wrong letter, two swapped), and not more than half of the word?
 * Returns the distance, SIZE_MAX when not.
 */
size_t config_near(struct slice text, struct slice word);

#endif
