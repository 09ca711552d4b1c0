/*
 * admin: what the steward answers, and to how many at once.
 *
 * GET and HEAD of /metrics, /livez, /refusals and /refusals.json, one request
 * per connection, in strict HTTP/1.x by the parser that clients meet (R8). At
 * most ADMIN_CLIENTS connections that ask, ADMIN_PATIENCE_MS for a request to
 * come, and as many that have not read their answer (R17, R18).
 */
#ifndef MTLSGATE_DAEMON_ADMIN_H
#define MTLSGATE_DAEMON_ADMIN_H

#include <stdbool.h>
#include <stddef.h>

struct admin;
struct buf;
struct conn_io;
struct loop;
struct message;
struct shared;

enum { ADMIN_CLIENTS = 32, ADMIN_HEAD = 8192, ADMIN_PATIENCE_MS = 10000 };

struct admin_setup { /* lent; outlives the admin */
	struct loop *loop;
	struct conn_io *io;
	const struct shared *shared;
};

struct admin *admin_new(const struct admin_setup *setup)
	__attribute__((warn_unused_result));
/* Closes hard what is open. NULL is ignored. */
void admin_free(struct admin *admin);

/* A connection was accepted; takes fd. */
void admin_accept(struct admin *admin, int fd);
size_t admin_clients(const struct admin *admin);

struct admin_answer {
	unsigned status;
	const char *type;
	struct buf *body;
};

/* What is answered to a request; the body is appended to answer->body. */
void admin_answer(const struct admin_setup *setup,
	const struct message *request, struct admin_answer *answer);

#endif
