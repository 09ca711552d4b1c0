/*
 * config_files: the files and directories that a configuration names and that
 * are read when it is loaded. Derived from the schema: each value of a path
 * type, so that no new key can be forgotten.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_FILES_H
#define MTLSGATE_CONFIG_CONFIG_FILES_H

#include <stdbool.h>

struct config;

/*
 * visit(arg, path) for each, also when it is named twice; not for the file of
 * the configuration itself. Ends when visit says false, and returns that.
 */
bool config_files_each(const struct config *config,
	bool (*visit)(void *arg, const char *path), void *arg)
	__attribute__((warn_unused_result));

#endif
