/*
 * conn: a connection: ordered bytes both ways, over TLS or not.
 *
 * Reading. One edge-triggered registration for life. Bytes are read into a
 * buffer of the worker's (conn_io) and lent to on_data, which returns how many
 * it used; the rest is kept and shown again, in front of newer bytes, when
 * more comes or after conn_resume (an owner that leaves more than CONN_KEEP
 * unused is not read for until it used some). Reading stops while paused; a
 * short read ends reading unless the peer's FIN was seen (EV_CLOSED), then it
 * goes on to 0 or EAGAIN. At most CONN_TURN bytes and one read are read per
 * connection and turn.
 *
 * Writing. conn_write gathers in a buffer of the worker's that belongs to one
 * connection at a time: flushed when another connection writes, when it is
 * full, or at the end of the event (loop hook). TLS: plaintext is gathered,
 * made into full records and leaves in one send. What the socket refuses is
 * copied into this connection's own queue; writing is tried first and waits
 * only when the socket refuses.
 *
 * An idle connection holds no buffer. Verbs never raise events before they
 * return. A conn is freed by conn_finish or conn_abort, after the turn; both
 * are allowed at any time: before on_open, and inside every event.
 */
#ifndef MTLSGATE_NET_CONN_H
#define MTLSGATE_NET_CONN_H

#include "net/addr.h"

struct conn;
struct conn_io;
struct loop;
struct ssl_st;

enum {
	CONN_HIGH = 65536,    /* conn_write answers false from here on */
	CONN_LOW = 16384,     /* on_room at or below */
	CONN_READ = 131072,   /* bytes of one on_data: of one read ... */
	CONN_KEEP = 65536,    /* ... behind those an owner left unused */
	CONN_GATHER = 262144, /* bytes gathered at most */
	CONN_TURN = 262144,   /* bytes read per connection and turn */
	CONN_LINGER_MS = 1000,
};

/* The worker's buffers and the connections that are only lingering. */
struct conn_io *conn_io_new(struct loop *loop);
/* Before loop_free. Closes lingering ones; all others must be gone. */
void conn_io_free(struct conn_io *io);
/* Connections in conn_finish that have not closed yet. */
size_t conn_io_lingering(const struct conn_io *io);

enum conn_fail {
	CONN_FAIL_CONNECT,   /* refused, unreachable (conn_error says what) */
	CONN_FAIL_HANDSHAKE, /* TLS: by us or the peer (conn_error) */
	CONN_FAIL_RESET,     /* reset, or the send side broke */
	CONN_FAIL_TRUNCATED, /* TLS: FIN without close_notify */
	CONN_FAIL_TLS,       /* record layer error or fatal alert later on */
	CONN_FAIL_MEMORY,
};

struct conn_events {
	/* Connected, and the TLS handshake is complete. Once. */
	void (*on_open)(void *owner);
	/* Returns the bytes used, at most bytes.len; bytes are never none. */
	size_t (*on_data)(void *owner, struct slice bytes);
	/* The peer half-closed cleanly (FIN; TLS: close_notify). Comes once,
	 * after all data was used or shown, and not while paused. */
	void (*on_eof)(void *owner);
	/* Outstanding bytes fell to CONN_LOW after a conn_write said false. */
	void (*on_room)(void *owner);
	/* The connection is dead: verbs other than conn_finish and conn_abort
	 * do nothing, no event follows. Comes even while paused, save
	 * CONN_FAIL_TRUNCATED, which waits for conn_resume. When sending
	 * failed, what the peer said before is shown first, unless paused. */
	void (*on_fail)(void *owner, enum conn_fail why);
};

/*
 * An accepted socket (takes fd). ssl: takes *ssl, a server-side SSL without a
 * BIO, or NULL for plain bytes; on_open comes when its handshake is done, or
 * from the later queue. NULL: memory is out (fd closed, *ssl freed).
 */
struct conn *conn_accept(struct conn_io *io, int fd, struct ssl_st **ssl,
	const struct conn_events *events, void *owner)
	__attribute__((warn_unused_result));
/* A new connection to addr, ssl as above but client-side. Bytes written before
 * on_open wait. A refusal comes as on_fail. NULL when memory or descriptors are
 * out. */
struct conn *conn_connect(struct conn_io *io, const struct addr *addr,
	struct ssl_st **ssl, const struct conn_events *events, void *owner)
	__attribute__((warn_unused_result));

/* Right behind conn_connect: these go first, ahead of TLS. false: memory. */
bool conn_lead(struct conn *conn, struct slice bytes)
	__attribute__((warn_unused_result));
/* Its own end. false: not known. */
bool conn_local(const struct conn *conn, struct addr *addr);

/* Hands the events to another owner (client -> session). What was read and
 * not used is shown to the new one after conn_resume. */
void conn_set_owner(
	struct conn *conn, const struct conn_events *events, void *owner);

/* Takes all bytes; false when CONN_HIGH or more are outstanding. */
bool conn_write(struct conn *conn, struct slice bytes);
/* Room for `size` bytes (<= CONN_GATHER / 4) in place, NULL: memory is out.
 * conn_commit says how many were used; nothing between the two. */
char *conn_reserve(struct conn *conn, size_t size);
bool conn_commit(struct conn *conn, size_t used);
/* Gathered and queued bytes that the socket has not taken. */
size_t conn_outstanding(const struct conn *conn);
/* Bytes the socket took since the connection began. */
uint64_t conn_sent(const struct conn *conn);
/* When bytes last moved (monotonic ms): read, and taken by the socket. */
int64_t conn_last_read_ms(const struct conn *conn);
int64_t conn_last_sent_ms(const struct conn *conn);

/* Half-close behind what was written (close_notify, FIN). Reading goes on. */
void conn_end(struct conn *conn);
/* From on_data: more is owed, though no byte was left. */
void conn_expect(struct conn *conn);
void conn_pause(struct conn *conn);
/* What was kept unused is shown once more, from the later queue, even without
 * new bytes; and reading goes on. */
void conn_resume(struct conn *conn);
bool conn_paused(const struct conn *conn);
bool conn_peer_closed(const struct conn *conn); /* while paused: FIN seen? */

/*
 * Polite end: takes *conn, empties it. What was written goes out, then
 * close_notify and FIN, then incoming bytes are dropped until the peer closes
 * or CONN_LINGER_MS passed without progress (bounded in time, bytes and number;
 * a slow reader has longer to take what was written): a last answer or alert,
 * after a failure too, arrives instead of a reset. The SSL dies with the turn.
 */
void conn_finish(struct conn **conn);
/* Hard end: takes *conn, empties it; no close_notify, reset. */
void conn_abort(struct conn **conn);

struct conn_tls_info { /* all static or owned by the SSL; empty without TLS */
	const char *version; /* "TLSv1.3" */
	const char *cipher;
	const char *sni; /* NULL: none sent; peer's bytes */
	struct slice alpn;
	bool resumed; /* an earlier session goes on */
};
void conn_tls_info(const struct conn *conn, struct conn_tls_info *info);
struct ssl_st *conn_ssl(const struct conn *conn); /* NULL: plain */
/* "Connection refused"; valid while the conn lives. Never NULL. */
const char *conn_error(const struct conn *conn);
bool conn_spoke_proxy(const struct conn *conn); /* not TLS */
bool conn_tls_failed(const struct conn *conn);  /* CONN_FAIL_TLS */
/* Own heap bytes beyond OpenSSL's, for the memory budget. */
size_t conn_memory(const struct conn *conn);

#endif
