/*
 * A connection from the inside, and the sizes that everything is held to.
 */
#ifndef MTLSGATE_NET_CONN_PRIV_H
#define MTLSGATE_NET_CONN_PRIV_H

#include "base/buf.h"
#include "base/loop.h"
#include "net/conn.h"

enum {
	CONN_MAGIC = 0x436f6e6e,
	CONN_IO_MAGIC = 0x436f496f,
	/* A TLS record's plaintext; its ciphertext is at most this longer. */
	CONN_RECORD = 16384,
	CONN_RECORD_EXTRA = 256,
	/* TLS: bytes decrypted at most before they are shown */
	CONN_TLS_READ = 65536,
	/* One recv of ciphertext: as much in full records, framing and all */
	CONN_RAW = CONN_TLS_READ + 4 * CONN_RECORD_EXTRA,
	/* Bytes left unused by the owner up to here, and a read behind them */
	CONN_IN = CONN_KEEP + CONN_READ,
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
	/*
	 * Lingering: without progress while bytes wait to be sent; in total
	 * then, and else; bytes dropped; connections at once.
	 */
	CONN_FLUSH_MS = 30000,
	CONN_FLUSH_TOTAL_MS = 120000,
	CONN_LINGER_TOTAL_MS = 10000,
	CONN_LINGER_BYTES = 64 * 1024 * 1024,
	CONN_LINGER_MAX = 4096,
	CONN_LINGER_TICK_MS = 250,
};

enum conn_state {
	CONN_CONNECTING, /* connect() is under way */
	CONN_HANDSHAKE,  /* TLS handshake */
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
	bool guessed : 1;  /* ... believed so, by a short read */
	bool expects : 1;  /* the owner said so of the last bytes */
	bool fin_seen : 1; /* EV_CLOSED */
	bool eof : 1;      /* recv gave 0 */
	bool eof_told : 1;
	bool blocked : 1;     /* the socket refused bytes; an edge will come */
	bool broken : 1;      /* nothing can be sent any more */
	bool want_room : 1;   /* conn_write said false */
	bool starved : 1;     /* the BIO had no ciphertext for OpenSSL */
	bool greeted : 1;     /* TLS: the first bytes came */
	bool spoke_http : 1;  /* the first bytes are of plain HTTP */
	bool spoke_proxy : 1; /* ... like a PROXY header */

	struct buf in;    /* plaintext the owner left unused */
	struct buf raw;   /* ciphertext left when the owner paused */
	struct buf out;   /* what the socket refused */
	struct buf early; /* TLS: plaintext written before on_open */

	uint64_t sent;
	int64_t read_ms;
	int64_t sent_ms;
	uint64_t turn;       /* the loop turn that `turn_bytes` counts */
	uint32_t turn_bytes; /* read in that turn */
	uint32_t dropped;    /* while lingering */

	struct loop_watch watch;
	struct loop_task task;
	struct loop_corpse corpse;
	struct loop_corpse ssl_corpse;

	struct conn *next, *prev; /* lingering */
	int64_t linger_ms;        /* since when: began, sent FIN */
};

#endif
