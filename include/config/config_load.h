/*
 * config_load: the schema table applied: file -> tree -> structs.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_LOAD_H
#define MTLSGATE_CONFIG_CONFIG_LOAD_H

#include "config/config.h"

struct buf;
struct config_problems;

/*
 * Reads the file at path, checks every key and value, fills defaults,
 * resolves the names of origins (blocking, at start-up only), and runs the
 * cross-checks that need no TLS. All problems of one run go to `problems`
 * (lent). Returns NULL when there is an error among them; the caller owns the
 * result (config_free). Certificates, keys and CAs are only checked to be
 * readable; tls_context_check looks into them.
 */
struct config *config_load(const char *path, struct config_problems *problems)
	__attribute__((warn_unused_result));
/*
 * The same, and named(arg, path) is called for each file that the
 * configuration names, before it is looked at: of one without errors of its
 * own, be the files right or wrong. false from it: memory.
 */
struct config *config_load_named(const char *path,
	struct config_problems *problems,
	bool (*named)(void *arg, const char *path), void *arg)
	__attribute__((warn_unused_result));
/* The same from memory; `path` names it in messages and relative paths. */
struct config *config_load_text(struct slice text, const char *path,
	struct config_problems *problems) __attribute__((warn_unused_result));

/* Every key with its value in force, as YAML that loads to the same config.
 * A key at its default is followed by "# default". */
bool config_print(const struct config *config, struct buf *out)
	__attribute__((warn_unused_result));

#endif
