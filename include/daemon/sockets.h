/*
 * sockets: the listening sockets of the instance, made by the master.
 *
 * They survive generations, so that no queue of waiting connections is lost.
 * One group per address: for an inet address one socket per worker
 * (SO_REUSEPORT), socket i belonging to worker i mod n; for a unix path one
 * socket that all workers share. Before the first bind of an address a bind
 * without SO_REUSEPORT shows whether somebody else has it.
 *
 * Changes come in two phases, as a reload does: between sockets_begin and
 * sockets_commit or sockets_abort, sockets_want opens what is missing.
 */
#ifndef MTLSGATE_DAEMON_SOCKETS_H
#define MTLSGATE_DAEMON_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

#include "net/addr.h"

struct err;
struct sockets;
struct socket_group; /* lives until a commit does without it */

struct socket_wish {
	struct addr addr;
	size_t count; /* workers */
	int backlog;
	unsigned unix_mode; /* 0: the default of sock_listen */
};

struct sockets *sockets_new(void) __attribute__((warn_unused_result));
/* Closes all and removes the paths of unix sockets. NULL is ignored. */
void sockets_free(struct sockets *sockets);
/* In a child: closes its copies; the paths stay. NULL is ignored. */
void sockets_abandon(struct sockets *sockets);

void sockets_begin(struct sockets *sockets);
/*
 * The group of that address with at least `count` sockets; NULL with err
 * filled (EXIT_CODE_UNAVAILABLE when somebody else has the address).
 */
struct socket_group *sockets_want(struct sockets *sockets,
	const struct socket_wish *wish, struct err *err)
	__attribute__((warn_unused_result));
/* Was it wanted since sockets_begin? */
bool sockets_wanted(const struct socket_group *group);
/* Groups that were not wanted are closed; new queue lengths and modes count. */
void sockets_commit(struct sockets *sockets);
/* What was opened since sockets_begin is closed. */
void sockets_abort(struct sockets *sockets);

/* The address in force (port 0 resolved). */
const struct addr *socket_group_bound(const struct socket_group *group);
size_t socket_group_count(const struct socket_group *group);
int socket_group_fd(const struct socket_group *group, size_t index);
/* Is socket `index` for worker `worker` of `workers`? */
bool socket_group_serves(const struct socket_group *group, size_t index,
	unsigned worker, unsigned workers);

#endif
