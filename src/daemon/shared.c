#include "daemon/shared.h"

#include <assert.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "base/err.h"
#include "proxy/admission.h"
#include "proxy/rate_table.h"
#include "proxy/refusals.h"
#include "version.h"

enum {
	CACHE_LINE = 64,
	PEERS = 4096, /* addresses that a slot counts apart */
	SUM_TRIES = 1000,
};

struct slot {
	_Alignas(CACHE_LINE) _Atomic bool used;
	_Atomic int64_t beat_ms;
	_Atomic uint64_t cut; /* connections that a deadline ended */
	struct metrics metrics;
};

/* Lies at the start of the mapping; the slots, the admission, the refusals
 * and the rates follow. */
struct shared {
	size_t size; /* of the mapping */
	unsigned slots;
	struct admission *admission;
	struct refusals *refusals;
	struct rate_table *rates;
	_Atomic uint64_t facts[SHARED_FACT_COUNT];
	/* Odd while counters move from a slot to the dead. */
	_Atomic uint64_t moves;
	_Alignas(CACHE_LINE) struct metrics dead;
	struct slot slot[];
};

/* ---- the mapping ---- */

static unsigned slots_for(unsigned workers)
{
	if (workers >= SHARED_SLOTS_MAX / SHARED_GENERATIONS)
		return SHARED_SLOTS_MAX;
	if (workers <= SHARED_SLOTS_MIN / SHARED_GENERATIONS)
		return SHARED_SLOTS_MIN;
	return workers * SHARED_GENERATIONS;
}

/* A multiple of the cache line: the alignment of struct slot says so. */
static size_t head_size(unsigned slots)
{
	return sizeof(struct shared) + slots * sizeof(struct slot);
}

static size_t whole(size_t size, size_t unit)
{
	return (size + unit - 1) / unit * unit;
}

struct shared *shared_new(unsigned workers, unsigned keep, struct err *err)
{
	unsigned slots = slots_for(workers);
	size_t head = head_size(slots);
	size_t limits = whole(admission_size(slots, PEERS), CACHE_LINE);
	size_t used = head + limits + refusals_size(keep);
	size_t rates = whole(used, RATE_ALIGN);
	size_t size = rates + rate_table_size(RATE_SETS);
	struct shared *shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (shared == MAP_FAILED) {
		err_set(err, EXIT_CODE_INTERNAL,
			"cannot map %zu bytes to share with workers: %m", size);
		return NULL;
	}
	shared->size = size;
	shared->slots = slots;
	shared->admission = admission_init((char *)shared + head, slots, PEERS);
	shared->refusals = refusals_init((char *)shared + head + limits, keep);
	shared->rates = rate_table_init((char *)shared + rates, RATE_SETS);
	if (shared->rates)
		return shared;
	err_set(err, EXIT_CODE_INTERNAL, "the system gives no random bytes");
	shared_free(shared);
	return NULL;
}

void shared_free(struct shared *shared)
{
	if (shared)
		munmap(shared, shared->size);
}

struct admission *shared_admission(struct shared *shared)
{
	return shared->admission;
}

struct rate_table *shared_rates(const struct shared *shared)
{
	return shared->rates;
}

struct refusals *shared_refusals(const struct shared *shared)
{
	return shared->refusals;
}

unsigned shared_slots(const struct shared *shared)
{
	return shared->slots;
}

/* ---- slots ---- */

static struct slot *slot_at(struct shared *shared, unsigned index)
{
	assert(index < shared->slots);
	assert(shared->slot[index].used);
	return &shared->slot[index];
}

int shared_take_slot(struct shared *shared)
{
	for (unsigned i = 0; i < shared->slots; i++) {
		if (shared->slot[i].used)
			continue;
		shared->slot[i].used = true;
		return (int)i;
	}
	return SHARED_NO_SLOT;
}

unsigned shared_free_slots(const struct shared *shared)
{
	unsigned n = 0;

	for (unsigned i = 0; i < shared->slots; i++)
		n += !shared->slot[i].used;
	return n;
}

uint64_t shared_retire_slot(struct shared *shared, unsigned index)
{
	struct slot *slot = slot_at(shared, index);
	uint64_t lost =
		slot->cut + slot->metrics.value[METRIC_GAUGE_CONNECTIONS];

	shared->moves++;
	atomic_thread_fence(memory_order_release);
	metrics_sum(&shared->dead, &slot->metrics, true);
	metrics_clear(&slot->metrics);
	slot->beat_ms = 0;
	slot->cut = 0;
	slot->used = false;
	shared->moves++;
	admission_clear_slot(shared->admission, index);
	return lost;
}

/* ---- a worker's own ---- */

struct metrics *shared_metrics(struct shared *shared, unsigned index)
{
	return &slot_at(shared, index)->metrics;
}

void shared_beat(struct shared *shared, unsigned index, int64_t now_ms)
{
	atomic_store_explicit(
		&slot_at(shared, index)->beat_ms, now_ms, memory_order_relaxed);
}

void shared_note_cut(struct shared *shared, unsigned index, uint64_t clients)
{
	slot_at(shared, index)->cut += clients;
}

static int64_t age_of(const struct slot *slot, int64_t now_ms)
{
	int64_t beat = slot->beat_ms;

	return beat && now_ms > beat ? now_ms - beat : 0;
}

int64_t shared_beat_age(
	const struct shared *shared, unsigned index, int64_t now_ms)
{
	assert(index < shared->slots);
	return age_of(&shared->slot[index], now_ms);
}

/* ---- facts ---- */

void shared_set(struct shared *shared, enum shared_fact fact, uint64_t value)
{
	atomic_store_explicit(
		&shared->facts[fact], value, memory_order_relaxed);
}

void shared_add(struct shared *shared, enum shared_fact fact, uint64_t n)
{
	metrics_add(&shared->facts[fact], n);
}

uint64_t shared_get(const struct shared *shared, enum shared_fact fact)
{
	return atomic_load_explicit(&shared->facts[fact], memory_order_relaxed);
}

/* ---- readers ---- */

static void sum_once(const struct shared *shared, struct metrics *sum)
{
	metrics_clear(sum);
	metrics_sum(sum, &shared->dead, false);
	for (unsigned i = 0; i < shared->slots; i++) {
		if (shared->slot[i].used)
			metrics_sum(sum, &shared->slot[i].metrics, false);
	}
}

/* A sequence lock: what was read between two equal, even counts is whole. */
bool shared_sum(const struct shared *shared, struct metrics *sum)
{
	for (unsigned i = 0; i < SUM_TRIES; i++) {
		uint64_t before = shared->moves;

		if (before % 2 == 0) {
			sum_once(shared, sum);
			atomic_thread_fence(memory_order_acquire);
			if (shared->moves == before)
				return true;
		}
		sched_yield();
	}
	return false;
}

struct fact_info {
	const char *name; /* behind "mtlsgate_" */
	const char *help;
	const char *kind;
};

static const struct fact_info table[SHARED_FACT_COUNT] = {
	[SHARED_GENERATION] = {"generation",
		"Number of the configuration in force, from 1.", "gauge"},
	[SHARED_WORKERS] = {"workers",
		"Worker processes that serve the current generation.", "gauge"},
	[SHARED_WORKERS_DRAINING] = {"workers_draining",
		"Worker processes of older generations.", "gauge"},
	[SHARED_STARTED_S] = {"start_time_seconds",
		"When the master started, in seconds since 1970.", "gauge"},
	[SHARED_RELOADS_OK] = {"reloads_total",
		"Reloads that put a new generation in force.", "counter"},
	[SHARED_RELOADS_FAILED] = {"reloads_failed_total",
		"Reloads that were refused; the old generation stayed.",
		"counter"},
	[SHARED_RELOAD_RETRIES] = {"reload_retries_total",
		"Reloads that were tried again by themselves after a failure.",
		"counter"},
	[SHARED_RELOAD_PENDING] = {"reload_pending",
		"1: the last reload failed; what is on disk is not in force.",
		"gauge"},
	[SHARED_WORKER_DEATHS] = {"worker_deaths_total",
		"Workers that died without being asked to.", "counter"},
	[SHARED_STEWARD_DEATHS] = {"steward_deaths_total",
		"Stewards that died without being asked to.", "counter"},
	[SHARED_CLIENTS_CUT] = {"clients_cut_total",
		"Connections that a deadline or a crash ended.", "counter"},
	[SHARED_CRL_NEXT_UPDATE] = {"crl_next_update_seconds",
		"When the first CRL in force expires, in seconds since 1970; "
		"0: none does.",
		"gauge"},
};

static bool print_number(struct buf *out, const char *name, const char *help,
	const char *kind, uint64_t value)
{
	return buf_printf(out,
		"# HELP mtlsgate_%s %s\n# TYPE mtlsgate_%s %s\n"
		"mtlsgate_%s %llu\n",
		name, help, name, kind, name, (unsigned long long)value);
}

static bool print_facts(const struct shared *shared, struct buf *out)
{
	for (size_t i = 0; i < SHARED_FACT_COUNT; i++) {
		if (!print_number(out, table[i].name, table[i].help,
			    table[i].kind,
			    shared_get(shared, (enum shared_fact)i)))
			return false;
	}
	return true;
}

static int64_t oldest_beat(const struct shared *shared, int64_t now_ms)
{
	int64_t oldest = 0;

	for (unsigned i = 0; i < shared->slots; i++) {
		int64_t age = shared->slot[i].used
				      ? age_of(&shared->slot[i], now_ms)
				      : 0;

		if (age > oldest)
			oldest = age;
	}
	return oldest;
}

bool shared_print(const struct shared *shared, int64_t now_ms, int64_t wall_ms,
	struct buf *out)
{
	int64_t started_s = (int64_t)shared_get(shared, SHARED_STARTED_S);
	int64_t up_s = wall_ms / 1000 - started_s;
	struct metrics sum;

	return shared_sum(shared, &sum) && metrics_print(&sum, out) &&
	       print_facts(shared, out) &&
	       print_number(out, "uptime_seconds",
		       "Seconds since the master started.", "gauge",
		       up_s > 0 ? (uint64_t)up_s : 0) &&
	       print_number(out, "worker_heartbeat_age_seconds",
		       "Age of the oldest heartbeat of a worker.", "gauge",
		       (uint64_t)oldest_beat(shared, now_ms) / 1000) &&
	       buf_printf(out,
		       "# HELP mtlsgate_build_info The program.\n"
		       "# TYPE mtlsgate_build_info gauge\n"
		       "mtlsgate_build_info{version=\"%s\"} 1\n",
		       MTLSGATE_VERSION);
}
