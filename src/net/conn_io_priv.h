/*
 * conn_io: the worker's buffers, and what the rooms of conn ask of each other:
 * conn_life (birth, events, death), conn_read, conn_write, conn_linger,
 * conn_tls (OpenSSL is seen there alone).
 *
 * Two rules keep the rooms simple. Owner callbacks are called from the loop's
 * entries only, never from a verb. After each of them the state is looked at
 * again, since the owner may have ended the connection; its memory lasts until
 * the loop turn is over.
 */
#ifndef MTLSGATE_NET_CONN_IO_PRIV_H
#define MTLSGATE_NET_CONN_IO_PRIV_H

#include "conn_priv.h"

struct bio_method_st;

/*
 * The worker's buffers. `in` and `raw` belong to `reader` while it reads,
 * `plain` and `out` to `writer` while something lies in them.
 */
struct conn_io {
	unsigned magic;
	struct loop *loop;
	struct bio_method_st *bio_method;
	size_t conns; /* alive, lingering ones included */

	struct conn *lingering; /* the youngest first */
	struct conn *linger_last;
	size_t lingering_count;
	struct loop_timer tick;
	struct loop_corpse corpse;

	struct conn *reader;
	size_t raw_pos, raw_len;

	struct conn *writer;
	size_t plain_len, out_len;
	bool reserved; /* between conn_reserve and conn_commit */

	char in[CONN_IN];
	char raw[CONN_RAW];
	char plain[CONN_PLAIN];
	char out[CONN_GATHER];
};

static inline int64_t conn_now(const struct conn *conn)
{
	return loop_now_ms(conn->io->loop);
}

/* ---- conn_life ---- */

void conn_schedule(struct conn *conn, unsigned due);
/* Connected, and shaken hands: tells the owner. An entry of the loop. */
void conn_opened(struct conn *conn);
/*
 * The connection failed: on_fail becomes due (lingering: it is closed). Calls
 * nobody. words: static, or NULL. Only the first failure counts.
 */
void conn_fail(struct conn *conn, enum conn_fail why, const char *words);
/* The same for a failed send or recv: the reason is errno's. */
void conn_fail_errno(struct conn *conn, enum conn_fail why, int number);
/* Memory is out: nothing may be sent any more, since bytes are missing. */
void conn_fail_memory(struct conn *conn);
/* Closes the descriptor at once; the memory follows after the turn. */
void conn_close(struct conn *conn);

/* ---- conn_read ---- */

/* Reads what may be read, and tells the owner. An entry of the loop. */
void conn_read(struct conn *conn);
/* May bytes be read for the owner? */
bool conn_reading(const struct conn *conn);
/* The turn's share of reading is used up: goes on in the next turn. */
void conn_put_off(struct conn *conn);
/*
 * One recv into `to`, within the turn's share. 0: nothing; then recv_errno,
 * eof or readable (the share is used up) tell why.
 */
size_t conn_recv(struct conn *conn, char *to, size_t size)
	__attribute__((warn_unused_result));

/* ---- conn_write ---- */

/* Makes conn the writer: flushes the one before. */
void conn_own(struct conn *conn);
/* Drops what is gathered for conn and gives the buffers free. */
void conn_disown(struct conn *conn);
/* Bytes for the wire: gathered, or queued behind what waits. */
bool conn_put(struct conn *conn, struct slice bytes)
	__attribute__((warn_unused_result));
/* Makes a record of the plaintext gathered for conn. */
void conn_encrypt_gathered(struct conn *conn);
/* Sends what is gathered and queued, ends if asked to, tells of room. */
void conn_flush(struct conn *conn);
/* Open now: what was written before goes out at the end of the event. */
void conn_write_early(struct conn *conn);
/* The end-of-event hook; arg: struct conn_io. */
void conn_io_flush(void *arg);

/* ---- conn_linger ---- */

/* Takes over a connection whose owner has gone. */
void conn_linger(struct conn *conn);
/* Drops incoming bytes; closes when the peer has closed. */
void conn_drain(struct conn *conn);
/* Both directions are done: closes. */
void conn_linger_check(struct conn *conn);
void conn_unlinger(struct conn *conn);
void conn_linger_tick(void *arg); /* struct conn_io */

/* ---- conn_tls ---- */

/* How one filling of a read buffer ended. */
enum conn_fill {
	CONN_FILL_MORE,   /* there may be more at once */
	CONN_FILL_DRY,    /* the socket has no more, or may not be read */
	CONN_FILL_FULL,   /* the owner has to use some first */
	CONN_FILL_CLOSED, /* TLS: close_notify */
	CONN_FILL_BROKEN, /* TLS: conn_fail was called */
};

struct bio_method_st *conn_tls_bio_method(void)
	__attribute__((warn_unused_result));
void conn_tls_bio_method_free(struct bio_method_st *method);
/* Puts our BIO under conn->ssl, server side. */
bool conn_tls_init(struct conn *conn) __attribute__((warn_unused_result));
/* One step; true: complete. A failure is told to conn_fail. */
bool conn_tls_handshake(struct conn *conn) __attribute__((warn_unused_result));
/* Decrypts until `size` has no room for a record, or ciphertext is out. */
enum conn_fill conn_tls_fill(struct conn *conn, char *to, size_t size,
	size_t *len) __attribute__((warn_unused_result));
/* Makes records of bytes; they go to conn_put. false: told to conn_fail. */
bool conn_tls_encrypt(struct conn *conn, struct slice bytes);
/* Writes close_notify. */
void conn_tls_notify(struct conn *conn);
/* Frees the SSL after the turn; conn->ssl is NULL from now on. */
void conn_tls_retire(struct conn *conn);
void conn_tls_free(struct ssl_st *ssl);

#endif
