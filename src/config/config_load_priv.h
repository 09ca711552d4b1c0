/*
 * config_load_priv: what the parts of the loader share. config_walk.c goes
 * through the tree; config_text.c, config_address.c and config_origin.c read values
 * that are more than a number; config_check.c looks at the whole.
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
	struct config *config; /* being filled */
	struct arena *arena;   /* the config's */
	struct config_problems *problems;
	const char *file; /* in messages */
	const char *dir;  /* absolute; relative paths begin here */
	unsigned flags;
	const struct yaml_node *root;
	struct config_listener base; /* defaults, top-level tls, client_auth */
	void *home[CONFIG_HOME_COUNT];
};

/* A place in the file and how messages call it. */
struct config_spot {
	const struct yaml_node *node;
	const char *path; /* "listeners[0].tls.cert" */
};

/* Adds the error "path: ..." at the value. */
void config_complain(struct config_loader *loader, struct config_spot spot,
	const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A hint under the value of the spot. */
void config_hint(struct config_loader *loader, struct config_spot spot,
	const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The error of memory; returns NULL. */
void *config_no_memory(struct config_loader *loader);
/* A mark without a line: of what is not in the file. */
struct config_mark config_nowhere(const struct config_loader *loader);

/* Is the value a text with something in it? If not, complains. */
bool config_want_text(struct config_loader *loader, struct config_spot spot,
	const char *expected);

/* ---- config_text.c ---- */

/* A text that can be printed in a line; false: complained. */
bool config_text_read(struct config_loader *loader, struct config_spot spot,
	struct config_text *text);
/* The same with ${VAR} expanded. */
bool config_text_expand(struct config_loader *loader, struct config_spot spot,
	struct config_text *text);
/* A path: expanded, and absolute when it was relative. */
bool config_text_path(struct config_loader *loader, struct config_spot spot,
	struct config_text *text);
/* "unix:run/x" -> "unix:/dir/run/x"; others stay. NULL: memory. */
const char *config_text_unix(struct config_loader *loader, const char *text);

/* ---- config_address.c ---- */

void config_address_read(struct config_loader *loader, struct config_spot spot,
	struct config_listener *listener);
void config_admin_read(struct config_loader *loader, struct config_spot spot,
	struct config_admin *admin);
/* What `address: auto` means here and now. */
bool config_admin_auto(struct config_loader *loader);

/* ---- config_origin.c ---- */

void config_origin_url(struct config_loader *loader, struct config_spot spot,
	struct config_origin *origin);

/* ---- config_walk.c ---- */

/* Defaults, then every key of the tree, into the structs. */
void config_walk(struct config_loader *loader);

/* ---- config_check.c, config_check_files.c ---- */

void config_check(struct config_loader *loader);
void config_check_files(struct config_loader *loader);

#endif
