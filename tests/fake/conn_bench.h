/*
 * conn_bench: a loop, connections under test, and peers that a test moves by
 * hand, all in one thread: nothing happens between two turns of the bench.
 */
#ifndef MTLSGATE_TESTS_FAKE_CONN_BENCH_H
#define MTLSGATE_TESTS_FAKE_CONN_BENCH_H

#include "base/buf.h"
#include "base/loop.h"
#include "net/conn.h"

struct ssl_ctx_st;

/* ---- the owner of a connection ---- */

enum ear_event {
	EAR_OPEN = 'o',
	EAR_DATA = 'd',
	EAR_EOF = 'e',
	EAR_ROOM = 'r',
	EAR_FAIL = 'f',
};

/*
 * Records what it is told; fails the test when an event comes inside a verb or
 * after the end. Verbs are called through EAR.
 */
struct ear {
	struct conn *conn;
	char order[64]; /* events; runs of on_data count once */
	unsigned opens, datas, eofs, rooms, fails;
	enum conn_fail why;
	char error[128]; /* conn_error at on_fail */
	struct buf data; /* what was used */
	size_t last;     /* length of the last on_data */
	size_t use;      /* uses at most so much a call; SIZE_MAX: all */
	size_t discard;  /* counts instead of keeping in `data` */
	bool discarding;
	bool in_verb;
	bool over; /* finished, aborted or failed: nothing may come */
	/* Called in each event after it was recorded. */
	void (*then)(struct ear *ear, enum ear_event event);
	void *arg;
};

extern const struct conn_events ear_events;

#define EAR(ear, call) ((ear)->in_verb = true, (call), (ear)->in_verb = false)

void ear_init(struct ear *ear);
void ear_finish(struct ear *ear);
void ear_abort(struct ear *ear);
void ear_fini(struct ear *ear);

/* ---- the other side ---- */

struct peer {
	int fd;
	struct ssl_st *ssl; /* NULL: plain */
	bool shaken;        /* TLS handshake is complete */
	bool reading;       /* true at first */
	size_t read_max;    /* bytes a turn */
	struct buf in;      /* what arrived */
	size_t got;         /* and its count, also when counting only */
	bool counting;
	struct buf out; /* what is to be sent */
	bool eof;       /* FIN, or close_notify */
	bool fin;
	int error; /* errno; 0: none */
	int alert; /* TLS: received fatal alert; -1: none */
};

void peer_init(struct peer *peer, int fd);
/* TLS, client side; ctx is lent. */
void peer_tls(struct peer *peer, struct ssl_ctx_st *ctx);
void peer_say(struct peer *peer, struct slice bytes);
void peer_pump(struct peer *peer);
void peer_close(struct peer *peer); /* also frees; twice is allowed */
void peer_reset(struct peer *peer); /* RST */
/* Does arrived equal text? */
bool peer_heard(const struct peer *peer, const char *text);

/* ---- the bench ---- */

enum { BENCH_PEERS = 8 };

struct bench {
	struct loop *loop;
	struct conn_io *io;
	struct peer *peers[BENCH_PEERS];
	size_t peer_count;
	struct loop_task stop;
	int64_t deadline_ms;
};

void bench_init(struct bench *bench);
void bench_fini(struct bench *bench);
void bench_add(struct bench *bench, struct peer *peer);
/* One turn of the loop (never waits), then the peers move. */
void bench_turn(struct bench *bench);
/* Turns that lead nowhere: nothing more is to come. */
void bench_settle(struct bench *bench);
void bench_late(const struct bench *bench, const char *what);

/* Turns until the condition holds; fails after 20 s. */
#define BENCH_UNTIL(bench, condition)                    \
	do {                                             \
		bench_late((bench), NULL);               \
		while (!(condition)) {                   \
			bench_late((bench), #condition); \
			bench_turn(bench);               \
		}                                        \
	} while (0)

/* Two ends of a connection, non-blocking. */
void bench_unix_pair(int fds[2]);
void bench_tcp_pair(int fds[2]);
/* An accepted connection with its owner, and its peer. tcp or unix. */
void bench_connect(struct bench *bench, struct ear *ear, struct peer *peer,
	bool tcp, struct ssl_st **ssl);

/* The byte at offset i of a test stream. */
char bench_byte(size_t i);
/* Fills bytes with the stream from `from` on. */
void bench_fill(char *bytes, size_t len, size_t from);
bool bench_is(struct slice bytes, size_t from);

#endif
