/*
 * child: what every child process does first: become harmless (R21), leave
 * the signals to the master, die with it.
 */
#ifndef MTLSGATE_DAEMON_CHILD_H
#define MTLSGATE_DAEMON_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct config;
struct err;
struct privdrop;

struct child_setup { /* lent */
	pid_t master;
	const struct config *config;
	const struct privdrop *who;
	const char *log_name;     /* "worker 1" */
	const char *process_name; /* for ps: at most 15 characters */
};

/*
 * Logs under its name, ignores the signals that a terminal sends to all,
 * unblocks what was blocked for the fork, drops every privilege, and asks to
 * be killed when the master dies. On false the child has to exit.
 */
bool child_begin(const struct child_setup *setup, struct err *err)
	__attribute__((warn_unused_result));

#endif
