/*
 * config_problem_priv: the list as config_problem.c fills it and
 * config_report.c prints it.
 */
#ifndef MTLSGATE_CONFIG_PROBLEM_PRIV_H
#define MTLSGATE_CONFIG_PROBLEM_PRIV_H

#include "config/config_problem.h"

struct config_problem_entry {
	enum config_severity severity;
	enum exit_code code;
	struct config_mark mark; /* file: a copy in the list's arena */
	const char *message;
	const char *hint; /* NULL: none */
	const char *note; /* NULL: none; several are parted by '\n' */
	size_t caret_len;
	size_t order; /* as added; ties are kept in this order */
};

struct config_source {
	struct config_source *next;
	const char *file;
	struct slice text;
};

struct config_problems {
	struct arena *arena;
	struct config_problem_entry *entries;
	struct config_source *sources;
	size_t count; /* entries kept */
	size_t cap;
	size_t errors; /* kept or not */
	size_t warnings;
	bool last_kept; /* the one added last can take a hint */
	bool no_memory; /* something could not be kept: an error of its own */
	bool strict;
};

/* By place; the ones without a line come first. */
void config_problems_sort(struct config_problems *list);

#endif
