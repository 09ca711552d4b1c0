/*
 * worker: a worker's life, from the fork to its exit.
 *
 *   made -> ready -> serving -> draining -> gone
 *
 * It drops every privilege (R21), makes its proxy, says READY, and accepts
 * nothing before START: a generation that is not in force answers nobody. A
 * DRAIN, a STOP or the master's end makes it drain; when the last client is
 * gone, or timeouts.shutdown passed, it exits. It never reads a file again.
 */
#ifndef MTLSGATE_DAEMON_WORKER_H
#define MTLSGATE_DAEMON_WORKER_H

#include <stddef.h>
#include <sys/types.h>

struct config;
struct name_board;
struct origin_context;
struct privdrop;
struct rulebook;
struct shared;
struct tls_context;

struct worker_socket {
	size_t listener; /* number in the configuration */
	int fd;
};

struct worker_setup { /* lent for the worker's life, save the descriptors */
	pid_t master;
	const struct config *config;
	const struct rulebook *rules; /* of this config */
	struct tls_context *const *contexts;
	struct origin_context *const *origin_contexts;
	const struct name_board *names; /* or NULL */
	const struct privdrop *who;
	struct shared *shared;
	unsigned slot;
	unsigned index; /* of the worker, from 1; for ids and the log */
	unsigned generation;
	int channel;   /* taken */
	int access_fd; /* lent until CHANNEL_ACCESS_LOG brings another */
	const struct worker_socket *sockets; /* descriptors: taken */
	size_t socket_count;
};

enum { WORKER_BEAT_MS = 1000 };

/* In the child. Returns its exit code. */
int worker_run(const struct worker_setup *setup)
	__attribute__((warn_unused_result));

#endif
