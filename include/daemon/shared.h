/*
 * shared: the memory that all processes of an instance share.
 *
 * Made by the master before the first fork (MAP_SHARED, anonymous), so that
 * every child has it at the same address and a dead child takes nothing with
 * it. It holds one slot per worker process that may live at the same time
 * (counters, heartbeat), the counters of dead workers, the limits that count
 * for the whole instance, the last refusals, and the facts that the master
 * tells.
 *
 * Writers: a slot has one, its worker, and the master while no worker owns it;
 * the refusals and rates are written by all workers (proxy/refusals.h,
 * proxy/rate_table.h); all else is written by the master alone.
 */
#ifndef MTLSGATE_DAEMON_SHARED_H
#define MTLSGATE_DAEMON_SHARED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/metrics.h"

struct admission;
struct buf;
struct err;
struct rate_table;
struct refusals;
struct shared;

/* What the master tells; counters end in _total where they are printed. */
enum shared_fact {
	SHARED_GENERATION,
	SHARED_WORKERS,          /* serving, of the current generation */
	SHARED_WORKERS_DRAINING, /* of older ones */
	SHARED_STARTED_S,        /* seconds since 1970 */
	SHARED_RELOADS_OK,
	SHARED_RELOADS_FAILED,
	SHARED_RELOAD_RETRIES, /* of failed ones, that nobody asked for */
	SHARED_RELOAD_PENDING, /* 1: the last one failed */
	SHARED_WORKER_DEATHS,  /* that nobody asked for */
	SHARED_STEWARD_DEATHS,
	SHARED_CLIENTS_CUT,     /* connections ended by a deadline */
	SHARED_CRL_NEXT_UPDATE, /* the earliest, seconds since 1970; 0: none */
	SHARED_FACT_COUNT
};

enum { SHARED_NO_SLOT = -1 };

/*
 * Slots for so many workers of a generation: enough for SHARED_GENERATIONS of
 * them at once, at most SHARED_SLOTS_MAX.
 */
enum {
	SHARED_GENERATIONS = 10,
	SHARED_SLOTS_MIN = 64,
	SHARED_SLOTS_MAX = 4096
};

/* keep: so many refusals are remembered, at most REFUSALS_KEEP_MAX. */
struct shared *shared_new(unsigned workers, unsigned keep, struct err *err)
	__attribute__((warn_unused_result));
void shared_free(struct shared *shared); /* NULL is ignored */

struct admission *shared_admission(struct shared *shared);
struct rate_table *shared_rates(const struct shared *shared);
struct refusals *shared_refusals(const struct shared *shared);
unsigned shared_slots(const struct shared *shared);

/* ---- slots (master) ---- */

/* A free slot, now taken; SHARED_NO_SLOT when there is none. */
int shared_take_slot(struct shared *shared) __attribute__((warn_unused_result));
unsigned shared_free_slots(const struct shared *shared);
/*
 * Its worker is gone: its counters are added to those of the dead, so that no
 * sum goes backwards, its part of the admission is cleared, the slot is free.
 * Returns the connections that were lost with it: noted as cut, or still open.
 */
uint64_t shared_retire_slot(struct shared *shared, unsigned slot);

/* ---- a worker's own ---- */

struct metrics *shared_metrics(struct shared *shared, unsigned slot);
void shared_beat(struct shared *shared, unsigned slot, int64_t now_ms);
/* A deadline ended the connections of so many clients. */
void shared_note_cut(struct shared *shared, unsigned slot, uint64_t clients);
/* Milliseconds since the last beat; 0 before the first. */
int64_t shared_beat_age(
	const struct shared *shared, unsigned slot, int64_t now_ms);

/* ---- facts ---- */

void shared_set(struct shared *shared, enum shared_fact fact, uint64_t value);
void shared_add(struct shared *shared, enum shared_fact fact, uint64_t n);
uint64_t shared_get(const struct shared *shared, enum shared_fact fact);

/* ---- readers (the steward) ---- */

/*
 * The sum over the living and the dead, taken between two moves of a slot;
 * false when none could be taken (the master stands in the middle of one).
 */
bool shared_sum(const struct shared *shared, struct metrics *sum)
	__attribute__((warn_unused_result));
/* The sum, and what the master tells, in the Prometheus text format. */
bool shared_print(const struct shared *shared, int64_t now_ms, int64_t wall_ms,
	struct buf *out) __attribute__((warn_unused_result));

#endif
