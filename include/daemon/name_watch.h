/*
 * name_watch: looks the names of servers up again and again, in the steward,
 * and writes what it finds on the generation's board (proxy/name_board).
 *
 * A name that cannot be looked up keeps the addresses it had. What the
 * configuration would refuse is not taken (R22: a plain server on another host
 * needs allow_plaintext_remote).
 */
#ifndef MTLSGATE_DAEMON_NAME_WATCH_H
#define MTLSGATE_DAEMON_NAME_WATCH_H

struct config;
struct loop;
struct name_board;
struct name_watch;

/* All lent. The process must ignore SIGCHLD (daemon/resolver). NULL: memory. */
struct name_watch *name_watch_new(struct loop *loop,
	const struct config *config, struct name_board *board)
	__attribute__((warn_unused_result));
void name_watch_free(struct name_watch *watch); /* NULL is ignored */

#endif
