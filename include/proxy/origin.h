/*
 * origin: a named service: its addresses, and which of them is asked.
 *
 * It lends streams, not connections. A lease is the promise of one: it lies in
 * the borrower's memory and is over when `ready` or `failed` was called, or
 * when it was cancelled. A server is chosen (proxy/balance) of those that are
 * not down (proxy/server_health). Of that an idle connection is preferred (the
 * one used last); else one is opened, at the address that worked last, then at
 * the others in turn, then at the next server. The only server is never down.
 * Where max_connections are in use, a lease waits (proxy/origin_queue).
 */
#ifndef MTLSGATE_PROXY_ORIGIN_H
#define MTLSGATE_PROXY_ORIGIN_H

#include "base/loop.h"
#include "base/slice.h"
#include "proxy/failure.h"
#include "proxy/origin_pool.h"
#include "proxy/origin_queue.h"

struct addr;
struct lease;
struct origin;
struct origin_conn;
struct origin_pool_setup;
struct stream;

struct lease_events {
	/* Bind the stream at once. */
	void (*ready)(void *owner, struct stream *stream);
	void (*failed)(void *owner, enum failure why);
};

struct lease {
	const struct lease_events *events;
	void *owner;
	struct origin *origin;    /* NULL: no lease runs */
	struct origin_conn *conn; /* being connected */
	struct loop_task task;
	struct origin_queue_entry entry; /* while the origin is full */
	struct slice client;             /* address, as text; for client_ip */
	struct origin_hello hello;       /* lives as long as the lease runs */
	size_t server;                   /* that is, or was, asked */
	uint64_t seen;                   /* a bit for each server tried */
	size_t first;                    /* address that was tried first */
	size_t tried;                    /* addresses that did not answer */
	bool fresh;                      /* no kept connection */
	bool reused;                     /* out: a kept connection it was */
	unsigned retries;     /* out: origin_retry said yes so often */
	int64_t waited_ms;    /* out: for a place, all in all */
	struct slice address; /* out: as text, during the event */
};

/* setup is copied; one pool per address. NULL when memory is out. */
struct origin *origin_new(const struct origin_pool_setup *setup)
	__attribute__((warn_unused_result));
/* No lease may run; connections are closed hard. NULL is ignored. */
void origin_free(struct origin *origin);
/* Says goodbye to idle connections and keeps no more of them. */
void origin_drain(struct origin *origin);
/*
 * The name of this server (of config->servers) has these addresses now, with
 * their ports, at least one. Connections to others run to their end.
 */
void origin_set_addresses(struct origin *origin, size_t server,
	const struct addr *addrs, size_t count);

/*
 * Of the lease, events, owner, client and hello are set; the rest is filled.
 * fresh: do not use a kept connection (the last one was stale). One of the
 * events follows from the later queue or from an event below.
 */
void origin_request(struct origin *origin, struct lease *lease, bool fresh);
/*
 * The same lease once more, after the stream that it became failed; on a new
 * connection. Another server is asked where there is one, but after a kept
 * connection, whose server is not to blame. elsewhere: only another one will
 * do. false: none, or retries.max or retries.budget is used up; no event.
 */
bool origin_retry(struct origin *origin, struct lease *lease, bool elsewhere)
	__attribute__((warn_unused_result));
/* No lease runs: ignored. */
void lease_cancel(struct lease *lease);

#endif
