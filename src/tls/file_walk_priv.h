/*
 * file_walk: what an entry of the configuration names: a file, or the files of
 * a directory with certain endings, in the order of their names. Names that
 * begin with a dot are not looked at.
 */
#ifndef MTLSGATE_TLS_FILE_WALK_PRIV_H
#define MTLSGATE_TLS_FILE_WALK_PRIV_H

#include <stdbool.h>

#include "config/config_text.h"

struct config_problems;

struct file_walk {
	const char *key;     /* of the configuration, for messages */
	const char *ends[2]; /* ".pem", ".crt" */
	struct config_problems *problems;
	void (*visit)(void *arg, const char *path);
	void *arg;
};

/* false, and a problem told: not there, unreadable, a directory without. */
bool file_walk(const struct file_walk *walk, const struct config_text *entry)
	__attribute__((warn_unused_result));

#endif
