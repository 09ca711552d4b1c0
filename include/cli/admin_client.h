/*
 * admin_client: asks the admin socket of a running instance; blocking.
 */
#ifndef MTLSGATE_CLI_ADMIN_CLIENT_H
#define MTLSGATE_CLI_ADMIN_CLIENT_H

#include <stdbool.h>

struct addr;
struct buf;
struct err;

enum { ADMIN_CLIENT_WAIT_S = 10, ADMIN_CLIENT_MAX = 32 * 1024 * 1024 };

/*
 * GET of `target` ("/refusals?last=3"). The body is appended to `body`, whole
 * or not at all. false with err filled: nobody listens there, no permission,
 * nothing came within ADMIN_CLIENT_WAIT_S, the answer was cut, or its status
 * is not 200 (err then tells what it said, printable).
 */
bool admin_client_get(const struct addr *addr, const char *target,
	struct buf *body, struct err *err) __attribute__((warn_unused_result));

#endif
