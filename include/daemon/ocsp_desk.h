/*
 * ocsp_desk: where workers ask about client certificates; in the steward.
 *
 * Each worker of the generation has a socket pair with it (proxy/ocsp_record).
 * A question is answered from what is known, joins one that is under way, or
 * becomes a job: find the responder's addresses, check them, ask, verify. What
 * was verified is kept up to its nextUpdate; a failure for OCSP_DESK_FAILED_S.
 *
 * Bytes of a responder are parsed here, where there is no key, and a worker
 * hears no more than how it ended. At most OCSP_DESK_JOBS at once and
 * OCSP_DESK_WAITING who wait for them; more are told that it is busy (R17).
 *
 * Whom a certificate may name: no loopback and no link-local address but
 * those of client_auth.ocsp.allow_local, and never a multicast, unspecified
 * or reserved one. What is checked is the address that is connected to. A
 * responder that the configuration names may be local.
 */
#ifndef MTLSGATE_DAEMON_OCSP_DESK_H
#define MTLSGATE_DAEMON_OCSP_DESK_H

#include "net/addr.h"

struct config;
struct config_ocsp;
struct conn_io;
struct loop;
struct ocsp_desk;

enum {
	OCSP_DESK_JOBS = 256,
	OCSP_DESK_WAITING = 8192,
	OCSP_DESK_ANSWERS = 4096, /* kept */
	OCSP_DESK_FAILED_S = 2,
	OCSP_DESK_EARLY_S = 2,    /* before it ends an answer is asked for anew,
	                             so that nobody is let in for a moment */
	OCSP_DESK_UNKNOWN_S = 60, /* "unknown" may be a matter of moments */
};

struct ocsp_desk_setup { /* lent; outlives the desk */
	struct loop *loop;
	struct conn_io *io;
	const struct config *config;
};

/* NULL: memory. */
struct ocsp_desk *ocsp_desk_new(const struct ocsp_desk_setup *setup)
	__attribute__((warn_unused_result));
/* Workers see their end close. NULL is ignored. */
void ocsp_desk_free(struct ocsp_desk *desk);

/* A worker's end; takes fd. Without memory it is closed. */
void ocsp_desk_add(struct ocsp_desk *desk, int fd);
size_t ocsp_desk_workers(const struct ocsp_desk *desk);
size_t ocsp_desk_jobs(const struct ocsp_desk *desk);

/* May somebody who was named by a certificate (or by us) be asked there? */
bool ocsp_desk_may_ask(const struct config_ocsp *settings,
	const struct addr *addr, bool named_by_us);

#endif
