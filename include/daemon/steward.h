/*
 * steward: the process beside the workers that serves the operator, asks OCSP
 * responders for the workers (daemon/ocsp_desk), and looks the names of origins
 * up (daemon/name_watch).
 *
 * Unprivileged like them and without any key. It reads the shared memory and
 * answers on the admin address; where there is none it only waits. It says
 * READY as a worker does, and leaves at STOP when its clients are gone.
 */
#ifndef MTLSGATE_DAEMON_STEWARD_H
#define MTLSGATE_DAEMON_STEWARD_H

#include <sys/types.h>

struct config;
struct name_board;
struct privdrop;
struct shared;

struct steward_setup { /* lent, save the descriptors */
	pid_t master;
	const struct config *config;
	struct name_board *names; /* to be written; NULL: there are none */
	const struct privdrop *who;
	struct shared *shared;
	int channel; /* taken */
	int socket;  /* of the admin address; taken; -1: none */
};

/* In the child. Returns its exit code. */
int steward_run(const struct steward_setup *setup)
	__attribute__((warn_unused_result));

#endif
