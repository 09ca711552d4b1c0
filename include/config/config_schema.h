/*
 * config_schema: ONE table of every key of the configuration.
 *
 * Everything else is derived from it: what is accepted, each default, what
 * `check --print` shows, the suggestions in error messages. It lies in parts,
 * src/config/config_schema_<section>.c.
 *
 * Paths: "timeouts.handshake". An item of a list of maps is "listeners[]", a
 * map under a name of the user's choice is "origins.*".
 *
 * To add a key: a member of config.h, a row in its section. Rows in words of
 * config_schema_priv.h:
 *
 *   a number or word   KEY("limits.x", COUNT, "help", CONFIG(limits.x),
 *                              .fallback = "3", RANGE(1, 9)),
 *   one that may be    .optional = true instead of .fallback; 0: not given,
 *   missing            so RANGE begins above 0
 *   the same value as  .same_as = "limits.x": the default is what limits.x
 *   another key's      is in the end (items of lists only)
 *   words, several     WORD_SET: an unsigned, bit 1 << value of each word;
 *                      alone or in a list
 *   texts, several     TEXTS (or PATHS): a struct config_texts, with marks;
 *                      alone or in a list. Only TEXTS may be empty.
 *   texts by names of  PAIRS: a struct config_pairs
 *   the user's choice
 *   a list of maps     enum config_home gets HOME_CERT, the struct members
 *                      `struct config_mark mark` (and `const char *name`,
 *                      with NAMED_ITEMS), its owner `struct config_cert
 *                      *certs; size_t cert_count`:
 *     KEY("tls.certs", LIST, "help", LISTENER(tls.certs),
 *         COUNT_IN(struct config_listener, tls.cert_count),
 *         ITEMS(CONFIG_HOME_CERT, struct config_cert),
 *         .sample = "- {cert: /c.pem}"),
 *     KEY("tls.certs[]", MAP, "one of them"),
 *     KEY("tls.certs[].cert", PATH, "help",
 *         IN(CONFIG_HOME_CERT, struct config_cert, cert), .required = true),
 *   a map of names     the same with NAMED, "origins.*" and NAMED_ITEMS
 *
 * Items begin with the defaults of their rows, listeners with what tls and
 * client_auth say at the top. A list at the top of the file is read last.
 * What holds between keys is for config_load_check*.c.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_SCHEMA_H
#define MTLSGATE_CONFIG_CONFIG_SCHEMA_H

#include "base/slice.h"

enum { CONFIG_LOG_AUTO = 99 }; /* the word `auto` of a LOG_FORMAT */

enum config_type {
	/* numbers: stored as an unsigned of key->size bytes */
	CONFIG_TYPE_BOOL,
	CONFIG_TYPE_COUNT,
	CONFIG_TYPE_WORKERS,      /* a count, or auto: one per usable core */
	CONFIG_TYPE_COUNT_AUTO,   /* a count, or auto: 0 */
	CONFIG_TYPE_DURATION,     /* ms */
	CONFIG_TYPE_SIZE,         /* bytes */
	CONFIG_TYPE_BYTE_RATE,    /* bytes per second */
	CONFIG_TYPE_RATE,         /* thousandths per second */
	CONFIG_TYPE_REQUEST_RATE, /* per hour */
	CONFIG_TYPE_PERCENT,
	CONFIG_TYPE_MODE,       /* octal file mode */
	CONFIG_TYPE_WORD,       /* one of key->words */
	CONFIG_TYPE_WORD_LIST,  /* the same, alone or in a list of one */
	CONFIG_TYPE_WORD_SET,   /* several: the bits 1 << value */
	CONFIG_TYPE_LOG_FORMAT, /* a word; auto sets the bool at auto_offset */
	/* texts: a struct config_text */
	CONFIG_TYPE_TEXT,
	CONFIG_TYPE_TEXT_DEFAULT, /* "default": NULL */
	CONFIG_TYPE_PATH,
	CONFIG_TYPE_PATH_AUTO, /* "auto": NULL */
	CONFIG_TYPE_NAME,      /* a const char *, [A-Za-z0-9_-]+ */
	/* with a loader of their own */
	CONFIG_TYPE_TEXTS,         /* struct config_texts; one or a list */
	CONFIG_TYPE_PATHS,         /* the same, of at least one path */
	CONFIG_TYPE_PAIRS,         /* struct config_pairs */
	CONFIG_TYPE_LISTEN,        /* one address: makes the only listener */
	CONFIG_TYPE_ADDRESS,       /* struct config_listener */
	CONFIG_TYPE_ADMIN_ADDRESS, /* struct config_admin */
	CONFIG_TYPE_ACCESS_OUTPUT, /* struct config_logging */
	CONFIG_TYPE_URL,           /* struct config_origin: one URL */
	CONFIG_TYPE_SERVERS,       /* struct config_origin: list of URLs */
	CONFIG_TYPE_MAP,
	CONFIG_TYPE_LIST,  /* of maps: an array and its count */
	CONFIG_TYPE_NAMED, /* maps under names: the same */
};

/* The struct in which a value lies. */
enum config_home {
	CONFIG_HOME_NONE, /* not stored */
	CONFIG_HOME_CONFIG,
	CONFIG_HOME_LISTENER,
	CONFIG_HOME_CERTIFICATE,
	CONFIG_HOME_ORIGIN,
	CONFIG_HOME_POLICY,
	CONFIG_HOME_MATCH,
	CONFIG_HOME_ROUTE,
	CONFIG_HOME_RATE_LIMIT,
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
	enum config_home item; /* of a LIST or NAMED: the home of one */
	unsigned section_end;  /* of a row without a path: the next section */
	size_t offset;         /* in the home */
	size_t size;
	size_t auto_offset;   /* of a LOG_FORMAT: its bool */
	const char *fallback; /* the default as it would be written, or NULL */
	uint64_t min, max;    /* of numbers, in the stored unit */
	const struct config_word *words;
	/* of a MAP or LIST: its keys are those of this path; of a number: its
	 * default is the value of this key */
	const char *same_as;
	bool optional;    /* a number that may be missing: 0 */
	bool required;    /* the map around it must have it */
	bool shorthand;   /* printed in its long form only */
	bool quiet;       /* printed only when it is given */
	bool filled;      /* of TEXTS: an empty list would read as "any" */
	const char *help; /* one line */
	/* of a LIST or NAMED */
	size_t item_size;
	size_t count_offset; /* of its size_t, in the home */
	size_t mark_offset;  /* of struct config_mark, in the item */
	size_t name_offset;  /* of const char *, in the item */
	const char
		*item_word; /* what an item is called; NULL: it has no name */
	const char *sample; /* one item, for messages */
};

/* The rows in the order of the manual: the first for NULL, at last NULL. */
const struct config_key *config_schema_next(const struct config_key *key);
/* NULL when there is no such key. */
const struct config_key *config_schema_find(const char *path);
/* The key `name` right below `prefix` ("", "tls", "listeners[]"). */
const struct config_key *config_schema_child(
	const char *prefix, struct slice name);
/* The part of path right below prefix, or empty when it is not there. */
struct slice config_schema_name(const char *prefix, const char *path);
/* Is key right below prefix? */
bool config_schema_is_child(const char *prefix, const struct config_key *key);

#endif
