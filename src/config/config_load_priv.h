/*
 * config_load_priv: what the parts of the loader share. config_load_walk.c
 * goes through the tree; config_load_text.c, config_load_list.c,
 * config_load_address.c and config_load_origin.c read values that are more
 * than a number;
 * config_load_check*.c and config_load_files.c look at the whole.
 */
#ifndef MTLSGATE_CONFIG_LOAD_PRIV_H
#define MTLSGATE_CONFIG_LOAD_PRIV_H

#include "config/config.h"
#include "config/config_load.h"
#include "config/config_problem.h"
#include "config/config_schema.h"
#include "config/yaml_tree.h"

enum config_load_flags {
	/*
	 * Touch nothing outside the text: no files, no names to resolve, no
	 * users. For tests and fuzzing; names of origins become loopback.
	 */
	CONFIG_LOAD_OFFLINE = 1,
};

/* config_load_text with flags. */
struct config *config_load_with(struct slice text, const char *path,
	struct config_problems *problems, unsigned flags)
	__attribute__((warn_unused_result));

struct config_loader {
	bool (*named)(void *arg, const char *path); /* NULL: nobody asks */
	void *named_arg;
	struct config *config; /* being filled */
	struct arena *arena;   /* the config's */
	struct config_problems *problems;
	const char *file; /* in messages */
	const char *dir;  /* absolute; relative paths begin here */
	unsigned flags;
	const struct yaml_node *root;
	/* What an item of a list begins with; of a listener: defaults, and
	 * tls and client_auth of the top. */
	void *prototype[CONFIG_HOME_COUNT];
	void *home[CONFIG_HOME_COUNT]; /* being filled; at first prototypes */
};

/* A place in the file and how messages call it. */
struct config_spot {
	const struct yaml_node *node;
	const char *path; /* "listeners[0].tls.cert" */
};

/* ---- config_load_say.c ---- */

/* "path.key", or "key" at the top; "path[index]" */
struct config_spot config_spot_below(struct config_loader *loader,
	struct config_spot parent, const struct yaml_node *node);
struct config_spot config_spot_item(struct config_loader *loader,
	struct config_spot parent, const struct yaml_node *node, size_t index);

/* Adds the error "path: ..." at the value. */
void config_complain(struct config_loader *loader, struct config_spot spot,
	const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same at another place, with another exit code. */
void config_complain_as(struct config_loader *loader, struct config_mark mark,
	enum exit_code code, const char *path, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* A hint under the value of the spot. */
void config_hint(struct config_loader *loader, struct config_spot spot,
	const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The error of memory; returns NULL. */
void *config_no_memory(struct config_loader *loader);
/* A mark without a line: of what is not in the file. */
struct config_mark config_nowhere(const struct config_loader *loader);

/* Complains of a key that is not in the schema right below prefix. */
void config_unknown_key(struct config_loader *loader, const char *prefix,
	struct config_spot parent, const struct yaml_node *key);
/* Notes which keys are. */
void config_note_keys(struct config_loader *loader, const char *prefix);
/* A key without a value, or with YAML's word for none. */
bool config_is_nothing(const struct yaml_node *node);
/* Is the value a text with something in it? If not, complains. */
bool config_want_text(struct config_loader *loader, struct config_spot spot,
	const char *expected);

/* ---- config_load_text.c ---- */

/* A text that can be printed in a line; expected: "a path". false:
 * complained. */
bool config_text_read(struct config_loader *loader, struct config_spot spot,
	const char *expected, struct config_text *text);
/* The same with ${VAR} expanded. */
bool config_text_expand(struct config_loader *loader, struct config_spot spot,
	const char *expected, struct config_text *text);
/* A path: expanded, and absolute when it was relative. */
bool config_text_path(struct config_loader *loader, struct config_spot spot,
	struct config_text *text);
/* "unix:run/x" -> "unix:/dir/run/x"; others stay. NULL: memory. */
const char *config_text_unix(struct config_loader *loader, const char *text);

/* ---- config_load_address.c ---- */

void config_address_read(struct config_loader *loader, struct config_spot spot,
	struct config_listener *listener);
void config_admin_read(struct config_loader *loader, struct config_spot spot,
	struct config_admin *admin);
/* What `address: auto` means here and now. */
bool config_admin_auto(struct config_loader *loader);

/* ---- config_load_origin.c ---- */

void config_origin_url(struct config_loader *loader, struct config_spot spot,
	struct config_origin *origin);

/* A list of URLs, or of maps that hold one. */
void config_origin_servers(struct config_loader *loader,
	struct config_spot spot, struct config_origin *origin);

/* ---- config_load_walk.c ---- */

/* Defaults, then every key of the tree, into the structs. */
void config_walk(struct config_loader *loader);
/* The keys of one map into the homes; prefix: its path in the schema. */
void config_read_map(struct config_loader *loader, struct config_spot spot,
	const char *prefix);
void config_read_name(struct config_loader *loader, struct config_spot spot,
	const char **name);
/* A list at the top, read by config_read_ends. */
bool config_is_end(const struct config_key *key);

/* ---- config_load_list.c ---- */

void config_read_texts(struct config_loader *loader, struct config_spot spot,
	const struct config_key *key, struct config_texts *texts);
void config_read_words(struct config_loader *loader, struct config_spot spot,
	const struct config_key *key, void *home);
void config_read_pairs(struct config_loader *loader, struct config_spot spot,
	struct config_pairs *pairs);
/* A list of maps, or a map of named ones. */
void config_read_items(struct config_loader *loader, struct config_spot spot,
	const struct config_key *key);
/* Complains at the spot of keys that the map must have. */
void config_check_required(struct config_loader *loader,
	struct config_spot spot, const struct yaml_node *map,
	const char *prefix);
/* count copies of the prototype, in their place. NULL: complained. */
void *config_new_items(struct config_loader *loader,
	const struct config_key *key, size_t count);

/* ---- config_load_ends.c ---- */

/* Lists at the top of the file and short forms: after what they inherit. */
void config_read_ends(struct config_loader *loader);

/* ---- config_load_check*.c, config_load_files.c ---- */

void config_check(struct config_loader *loader);
void config_check_files(struct config_loader *loader);

#endif
