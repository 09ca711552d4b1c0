/*
 * master: generations of workers: spawn, watch, reload in two phases, signals.
 *
 * It keeps the privilege to read keys and bind ports and never reads a byte
 * from the network. Signals: HUP reload, TERM or INT drain and stop, a second
 * one of these stop now, USR1 open log files anew.
 */
#ifndef MTLSGATE_DAEMON_MASTER_H
#define MTLSGATE_DAEMON_MASTER_H

#include "base/log.h"

struct config_problems;
struct generation;
struct ticket_ring;

struct master_setup {             /* lent */
	const char *config_path;  /* read again at each reload */
	int stdout_fd;            /* where an access log to stdout goes */
	struct ticket_ring *ring; /* rotated while it runs; NULL: none */
};

enum {
	MASTER_READY_MS = 30000, /* for a child to say that it is ready */
	MASTER_GRACE_MS = 1000,  /* behind a child's own deadline: SIGKILL */
	MASTER_DRAINING_MAX = 8, /* older generations that may be patient */
	MASTER_QUICK_DEATH_MS = 10000,
	MASTER_BACKOFF_MS = 1000, /* doubled per quick death, up to */
	MASTER_BACKOFF_MAX_MS = 8000,
};

/*
 * Serves until a signal ends it; takes *first, the loaded generation 1.
 * Returns the exit code of the program. Children never return from here.
 */
int master_run(const struct master_setup *setup, struct generation **first)
	__attribute__((warn_unused_result));

/* Each line of the report as a log line; `event` names them. */
void master_log_problems(enum log_level level, const char *event,
	struct config_problems *problems);

#endif
