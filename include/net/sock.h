/*
 * sock: system calls on sockets with the options we always want:
 * non-blocking, close-on-exec, TCP_NODELAY, TCP_NOTSENT_LOWAT.
 */
#ifndef MTLSGATE_NET_SOCK_H
#define MTLSGATE_NET_SOCK_H

#include <stdbool.h>

#include "base/err.h"
#include "net/addr.h"

/* Bytes that may wait unsent in the kernel before writing is refused. */
enum { SOCK_UNSENT_MAX = 128 * 1024 };

struct sock_listen {
	int backlog;
	bool reuse_port; /* SO_REUSEPORT: one socket a worker */
	bool reuse_addr;
	unsigned unix_mode; /* permissions of a unix socket; 0: 0660 */
};

/*
 * Opens, binds and listens; returns the descriptor or -1 with err filled
 * (EXIT_CODE_UNAVAILABLE, EXIT_CODE_PERMISSION). A stale unix socket (nobody
 * answers behind it) is replaced, anything else at that path is an error.
 * "[::]" takes IPv4, too (as mapped addresses).
 * On success *bound (may be NULL) is the address in force (port 0 resolved).
 */
int sock_listen(const struct addr *addr, const struct sock_listen *how,
	struct addr *bound, struct err *err)
	__attribute__((warn_unused_result));
/*
 * A listening socket that was made elsewhere (systemd): true when it is one
 * and has our options, so that what it accepts has them too.
 */
bool sock_adopt(int fd) __attribute__((warn_unused_result));
/* EADDRINUSE found by a bind without SO_REUSEPORT; the probe is closed. */
bool sock_probe_free(const struct addr *addr, struct err *err)
	__attribute__((warn_unused_result));

enum sock_accept {
	SOCK_ACCEPTED,
	SOCK_NONE,      /* nobody is waiting (EAGAIN) */
	SOCK_AGAIN,     /* this one went away; try the next */
	SOCK_EXHAUSTED, /* EMFILE, ENFILE, ENOBUFS, ENOMEM: back off */
	SOCK_BROKEN,    /* the listening socket itself */
};
enum sock_accept sock_accept(int listener, int *fd, struct addr *peer)
	__attribute__((warn_unused_result));

/* Starts a connection; -1 and errno on immediate failure. */
int sock_connect(const struct addr *addr) __attribute__((warn_unused_result));
/* 0 or the pending errno (SO_ERROR) of a finished connect. */
int sock_error(int fd);
/* The next close sends a reset. */
void sock_reset_on_close(int fd);

#endif
