/*
 * client: one accepted peer: admission, handshake, who it is, its session.
 *
 *   HANDSHAKE --complete and allowed--> OPEN --session over--> gone
 *       |  +--client_auth.ocsp--> ASKING --good--> OPEN
 *       |refused, failed, too slow--> gone
 *
 * A connection does not outlive its certificate (R13): at the earliest
 * notAfter of its chain the current exchange ends, then it closes.
 *
 * Owned by the list in its env; dies once, after the loop turn. While idle it
 * holds its SSL, the rendered certificate headers and little else.
 */
#ifndef MTLSGATE_PROXY_CLIENT_H
#define MTLSGATE_PROXY_CLIENT_H

#include "base/log.h"
#include "http/stream.h"

struct addr;
struct admission;
struct client;
struct conn_io;
struct exchange_env;
struct ocsp_asker;
struct tls_context;

/* What all clients of a worker share; the pointers are lent. */
struct client_env {
	const struct exchange_env *exchange;
	struct conn_io *io;
	struct tls_context *const *contexts; /* one per config listener */
	struct admission *admission;
	struct ocsp_asker *asker; /* NULL: nobody can be asked */
	unsigned slot;            /* of admission */
	struct http_limits limits;
	struct log_bucket refusals;   /* certificates refused */
	struct log_bucket handshakes; /* that failed otherwise */
	struct log_bucket unanswered; /* let in without an OCSP answer */
	struct log_bucket overload;   /* connections over a limit */
	struct client *clients;       /* list of the living */
	size_t count;
	bool *distrusted; /* per listener: its clients may ask no more (R13);
	                     NULL: none of them */
	bool draining;    /* newcomers are drained as soon as they are open */
	int64_t drain_idle_ms;
	void (*gone)(void *arg); /* one left the list; or NULL */
	void *arg;
};

/* A connection accepted on that listener; takes fd. */
void client_accept(struct client_env *env, size_t listener, int fd,
	const struct addr *peer);
/* All of them: finish what runs; idle ones may stay idle_ms (0: close). */
void client_drain_all(struct client_env *env, int64_t idle_ms);
/*
 * Trust has changed under those of this listener (R13; env->distrusted is
 * there): what runs is finished, whoever is idle is closed within two seconds,
 * and a request that still comes is answered 421. So is who opens later.
 */
void client_distrust_all(struct client_env *env, size_t listener);
/* All of them, hard: exchanges are aborted. */
void client_close_all(struct client_env *env);

/* Bytes of a client without conn, session and headers, for the budget. */
size_t client_size(void);

#endif
