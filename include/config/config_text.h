/*
 * config_text: a text of the configuration and the place where it stands, so
 * that whoever checks it later can point there.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_TEXT_H
#define MTLSGATE_CONFIG_CONFIG_TEXT_H

#include <stddef.h>

/* Where a value stands. line and column count from 1; line 0: a default. */
struct config_mark {
	const char *file;
	unsigned line;
	unsigned column;
};

/* A string with its place; text is NUL-terminated, NULL when not set. */
struct config_text {
	const char *text;
	struct config_mark mark;
};

struct config_texts {
	struct config_text *items;
	size_t count;
};

/* Texts under names of the user's choice, in the order of the file. */
struct config_pair {
	struct config_text name;
	struct config_text value;
};

struct config_pairs {
	struct config_pair *items;
	size_t count;
};

#endif
