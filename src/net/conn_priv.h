/*
 * What the rooms of conn share: conn.c (life and events), conn_read.c,
 * conn_write.c, conn_linger.c, conn_tls.c.
 *
 * Two rules keep the rooms simple. Owner callbacks are called from the loop's
 * entries only (conn_event, conn_task), never from a verb. After each of them
 * the state is looked at again, since the owner may have ended the connection;
 * its memory lasts until the loop turn is over.
 */
#ifndef MTLSGATE_NET_CONN_PRIV_H
#define MTLSGATE_NET_CONN_PRIV_H

#include "base/buf.h"
#include "base/loop.h"
#include "net/conn.h"

struct bio_method_st;
struct bio_st;

enum {
	CONN_MAGIC = 0x436f6e6e,
	CONN_IO_MAGIC = 0x436f496f,
	/* A TLS record's plaintext; its ciphertext is at most this longer. */
	CONN_RECORD = 16384,
	CONN_RECORD_EXTRA = 256,
	/* One recv of ciphertext: CONN_READ in full records, framing and all */
	CONN_RAW = CONN_READ + 4 * CONN_RECORD_EXTRA,
	/* Bytes left unused by the owner up to here, and a read behind them */
	CONN_IN = 2 * CONN_READ,
	/* A record in the making, and one conn_reserve behind it */
	CONN_PLAIN = CONN_RECORD + CONN_GATHER / 4,
	/* Plain connections: from here on bytes are sent without a copy */
	CONN_DIRECT = 16384,
	/* TLS: from here on bytes become a record without a copy */
	CONN_TLS_DIRECT = 4096,
	/*
	 * Records without data (KeyUpdate ...): each weighs CONN_USELESS, each
	 * byte of data takes one off; beyond the limit we give up. And so many
	 * at most while our answers to them wait for the socket.
	 */
	CONN_USELESS = 1024,
	CONN_USELESS_MAX = 32 * CONN_USELESS,
	CONN_REPLIES_MAX = 128,
	/* Lingering: while bytes wait to be sent; in total; bytes dropped */
	CONN_FLUSH_MS = 30000,
	CONN_LINGER_TOTAL_MS = 120000,
	CONN_LINGER_BYTES = 64 * 1024 * 1024,
	CONN_LINGER_TICK_MS = 250,
};

enum conn_state {
	CONN_CONNECTING, /* connect() is under way */
	CONN_HANDSHAKE,  /* TLS handshake, server side */
	CONN_STARTING,   /* plain and accepted: on_open is due */
	CONN_OPEN,       /* bytes flow */
	CONN_FAILED,     /* on_fail is due or was told */
	CONN_LINGER,     /* the owner is gone (conn_finish) */
	CONN_DEAD,       /* closed; freed after the turn */
};

enum conn_ending {
	CONN_UNENDED,
	CONN_END_WANTED,   /* behind what was written */
	CONN_END_NOTIFIED, /* close_notify is written, or none is needed */
	CONN_END_SENT,     /* FIN */
};

/* What the task has to do; bits. */
enum conn_due {
	CONN_DUE_OPEN = 1,
	CONN_DUE_FAIL = 2,
	CONN_DUE_ROOM = 4,
	CONN_DUE_READ = 8,
};

/* How one filling of a read buffer ended. */
enum conn_fill {
	CONN_FILL_MORE,   /* there may be more at once */
	CONN_FILL_DRY,    /* the socket has no more, or may not be read */
	CONN_FILL_FULL,   /* the owner has to use some first */
	CONN_FILL_CLOSED, /* TLS: close_notify */
	CONN_FILL_BROKEN, /* TLS: conn_fail was called */
};

struct conn {
	unsigned magic;
	int fd; /* -1: none (any more) */
	struct conn_io *io;
	const struct conn_events *events;
	void *owner;
	struct ssl_st *ssl;
	const char *error; /* static words; NULL: none */

	enum conn_state state : 8;
	enum conn_ending ending : 8;
	enum conn_fail why : 8; /* of CONN_FAILED */
	unsigned due;
	int recv_errno;   /* what recv answered at last; 0: no failure */
	uint32_t useless; /* weight of records without data */
	uint16_t replies; /* such records read while bytes waited */

	bool paused : 1;
	bool show : 1;     /* show what was kept though nothing is new */
	bool readable : 1; /* an edge came and the socket is not drained */
	bool fin_seen : 1; /* EV_CLOSED */
	bool eof : 1;      /* recv gave 0 */
	bool eof_told : 1;
	bool blocked : 1;    /* the socket refused bytes; an edge will come */
	bool broken : 1;     /* nothing can be sent any more */
	bool want_room : 1;  /* conn_write said false */
	bool starved : 1;    /* the BIO had no ciphertext for OpenSSL */
	bool greeted : 1;    /* TLS: the first bytes came */
	bool spoke_http : 1; /* the first bytes look like plain HTTP */

	struct buf in;    /* plaintext the owner left unused */
	struct buf raw;   /* ciphertext left when the owner paused */
	struct buf out;   /* what the socket refused */
	struct buf early; /* TLS: plaintext written before on_open */

	uint64_t sent;
	int64_t read_ms;
	int64_t sent_ms;
	uint64_t turn;     /* the loop turn that `turn_bytes` counts */
	uint32_t turn_bytes; /* read in that turn */
	uint32_t dropped;    /* while lingering */

	struct loop_watch watch;
	struct loop_task task;
	struct loop_corpse corpse;
	struct loop_corpse ssl_corpse;

	struct conn *next, *prev; /* lingering */
	int64_t linger_ms;        /* since when */
};

/*
 * The worker's buffers. `in` and `raw` belong to `reader` while it reads,
 * `plain` and `out` to `writer` while something lies in them.
 */
struct conn_io {
	unsigned magic;
	struct loop *loop;
	struct bio_method_st *bio_method;
	size_t conns; /* alive, lingering ones included */

	struct conn *lingering;
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

/* ---- conn.c ---- */

static inline int64_t conn_now(const struct conn *conn)
{
	return loop_now_ms(conn->io->loop);
}

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

/* ---- conn_read.c ---- */

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

/* ---- conn_write.c ---- */

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

/* ---- conn_linger.c ---- */

/* Takes over a connection whose owner has gone. */
void conn_linger(struct conn *conn);
/* Drops incoming bytes; closes when the peer has closed. */
void conn_drain(struct conn *conn);
/* Both directions are done: closes. */
void conn_linger_check(struct conn *conn);
void conn_unlinger(struct conn *conn);
void conn_linger_tick(void *arg); /* struct conn_io */

/* ---- conn_tls.c ---- */

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
