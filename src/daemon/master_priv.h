/*
 * master_priv: what the parts of the master share. master.c: signals, the dead
 * and the end; master_seat.c: one child; master_ocsp.c: children that talk to
 * each other; master_reload.c: the two phases; master_tickets.c: the ticket
 * keys; master_files.c: the files; master_trust.c: trust that changes, CRLs
 * that end; master_log.c: its lines.
 */
#ifndef MTLSGATE_DAEMON_MASTER_PRIV_H
#define MTLSGATE_DAEMON_MASTER_PRIV_H

#include "base/loop.h"
#include "daemon/channel.h"
#include "daemon/generation.h"
#include "daemon/master.h"
#include "daemon/shared.h"
#include "daemon/sockets.h"

struct err;
struct file_watch;
struct master;

enum seat_state {
	SEAT_EMPTY,    /* nobody; where one belongs, the timer brings one */
	SEAT_STARTING, /* forked, not ready; the timer is its deadline */
	SEAT_READY,    /* waits for its generation to be in force */
	SEAT_SERVING,
	SEAT_LEAVING, /* was asked to go; the timer ends its time */
};

/* The place of one process: worker `index`, or the steward behind the last. */
struct seat {
	struct master *master;
	struct generation *generation;
	unsigned index;
	enum seat_state state;
	pid_t pid;
	int channel;
	int slot;                /* of the shared memory; steward: none */
	struct loop_watch watch; /* of the channel */
	struct loop_timer timer;
	unsigned deaths; /* in quick succession */
	int64_t last_death_ms;
};

enum master_state {
	MASTER_STARTING, /* no generation is in force yet */
	MASTER_SERVING,
	MASTER_STOPPING, /* ends with the last child */
};

enum { MASTER_SIGNALS = 5 };

/* Why a reload failed. */
enum reload_failure {
	RELOAD_NOT_FAILED,
	RELOAD_FILES,   /* they have errors: mended files mend it */
	RELOAD_PASSING, /* memory, a port, a child: may be over soon */
};

/* What becomes of a reload that failed; master_files.c. */
struct reload_retry {
	enum reload_failure failure;
	struct file_watch *tried; /* its files; NULL: not known */
	unsigned tries;           /* made without a change of a file */
	int64_t next_ms;          /* the next of these */
	int64_t closely_ms;       /* until then files are looked at often */
	bool given_up;            /* told; only a change or HUP helps */
};

struct master {
	const struct master_setup *setup;
	enum master_state state;
	pid_t pid;
	struct loop *loop;
	struct shared *shared;
	struct sockets *sockets;
	struct generation *current; /* in force */
	struct generation *next;    /* phase two: waits for its children */
	struct generation *old;     /* draining; newest first */
	unsigned last_number;
	bool reload_again; /* HUP came in phase two */
	bool hurried;      /* the second TERM came */
	int exit_code;
	struct loop_signal signals[MASTER_SIGNALS];
	struct loop_timer ticket_timer;
	struct loop_timer file_timer;
	struct reload_retry retry;
	struct loop_timer trust_timer; /* a CRL ends */
};

/* ---- master_seat.c ---- */

/* The seats of a generation, empty. */
bool seats_make(struct master *master, struct generation *g)
	__attribute__((warn_unused_result));
/* All must be empty; in a child they need not. */
void seats_free(struct generation *g);
bool seat_is_steward(const struct seat *seat);
/* Forks; does not return in the child. false: no process, slot or memory. */
bool seat_fill(struct seat *seat, struct err *err)
	__attribute__((warn_unused_result));
void seat_start(struct seat *seat);
/* DRAIN or STOP; an empty seat stays empty. */
void seat_ask_to_leave(struct seat *seat, enum channel_verb verb);
void seat_kill(struct seat *seat);
/* Its process was reaped with this status of waitpid. */
void seat_died(struct seat *seat, int status);

/* ---- master_ocsp.c ---- */

/* A child is ready: it meets those of its generation that it talks to. */
void seat_introduce(const struct seat *seat);

/* ---- master_reload.c ---- */

/* Phase one with what is on disk now, and on to phase two. */
void master_reload(struct master *master);
/* Phase one's second half, for a generation that is loaded: takes *g. */
bool master_prepare(struct master *master, struct generation **g,
	struct err *err) __attribute__((warn_unused_result));
/* A child of `next` is ready: if it was the last, `next` is in force. */
void master_advance(struct master *master);
/* Phase two failed: `next` goes, `current` stays as it is. */
void master_abort(struct master *master, const struct err *why);

/* ---- master_tickets.c ---- */

/* Changes the ticket keys from now on, until the loop goes. */
bool master_tickets_start(struct master *master, struct err *err)
	__attribute__((warn_unused_result));
/* In a child. */
void master_tickets_forget(struct master *master);

/* ---- master.c ---- */

/* Counts anew what the shared memory tells of the children. */
void master_tell(struct master *master);
/* A child is gone: its generation, or the master, may be done. */
void master_after_death(struct master *master, struct generation *g);
/* In a child: gives back all that is not its own. */
void master_forget(struct master *master, const struct generation *own);

/* ---- master_log.c ---- */

/* What serves from now on. event: ready, reloaded. */
void master_log_serving(const struct master *master, const char *event);
void master_log_death(const struct seat *seat, int status, bool expected,
	uint64_t clients_cut, int64_t restart_ms);

/* ---- master_trust.c ---- */

void master_trust_start(struct master *master);
/* A generation is in force: from now on its CRLs are watched. */
void master_trust_follow(struct master *master);
/* R13: workers of an older one are told where trust has changed. */
void master_trust_compare(
	const struct master *master, const struct generation *old);

/* ---- master_files.c ---- */

void master_files_start(struct master *master);
/* A generation came into force: its files, as often as it says. */
void master_files_follow(struct master *master);
/* Whatever is on disk now is about to be read. */
void master_files_accept(struct master *master);
/* The files of what did not come into force (taken; NULL: not known). */
void master_files_keep(struct master *master, struct file_watch *tried);
/* A reload failed: it is tried again when a file changes and, where the
 * failure may pass, by itself. */
void master_files_failed(struct master *master, enum reload_failure failure);
/* Somebody asked for a reload: patience begins anew. */
void master_files_asked(struct master *master);

#endif
