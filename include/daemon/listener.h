/*
 * listener: the listening sockets of one worker, and how it accepts.
 *
 * The sockets are the master's, inherited; closing one here closes this
 * worker's copy alone. At most LISTENER_BURST connections are accepted per
 * event, so that a flood does not starve the connections that are open. Out of
 * descriptors, all listeners of the worker rest for LISTENER_REST_MS; one
 * descriptor is kept in reserve, so that the first in the queue is closed
 * instead of being left to wait for nothing.
 */
#ifndef MTLSGATE_DAEMON_LISTENER_H
#define MTLSGATE_DAEMON_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

struct addr;
struct listener_set;
struct loop;
struct metrics;

enum { LISTENER_BURST = 32, LISTENER_REST_MS = 100 };

struct listener_setup { /* lent; outlives the set */
	struct loop *loop;
	struct metrics *metrics;
	/* A connection came in on `listener`; takes fd. */
	void (*accepted)(
		void *arg, size_t listener, int fd, const struct addr *peer);
	void *arg;
};

struct listener_set *listener_set_new(const struct listener_setup *setup)
	__attribute__((warn_unused_result));
/* Closes what is left without accepting. NULL is ignored. */
void listener_set_free(struct listener_set *set);

/* One more socket of `listener`; takes fd, also when it fails (memory). */
bool listener_set_add(struct listener_set *set, size_t listener, int fd)
	__attribute__((warn_unused_result));
/* From now on connections are accepted. */
bool listener_set_open(struct listener_set *set)
	__attribute__((warn_unused_result));
/* Accepts what waits in the queues of `listener`, then closes them. */
void listener_set_last_call(struct listener_set *set, size_t listener);
/* Closes all; whoever waits is left to those who share the sockets. */
void listener_set_close(struct listener_set *set);
/* Sockets that are still open. */
size_t listener_set_count(const struct listener_set *set);

#endif
