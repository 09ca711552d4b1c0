/*
 * metrics: what is counted. One struct metrics per worker slot, in memory that
 * all processes share; the worker adds, the steward sums and prints.
 *
 * Labels never come from a certificate, a URL or a peer (R19): they are words
 * of our own tables.
 */
#ifndef MTLSGATE_PROXY_METRICS_H
#define MTLSGATE_PROXY_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/rule.h"
#include "net/proxy_protocol.h"
#include "tls/ocsp_result.h"

struct buf;
struct resumption;

/* Counters without a label, and gauges; one table in metrics.c names them. */
enum metric {
	METRIC_CONNECTIONS_ACCEPTED,
	METRIC_ACCEPT_BACKOFFS, /* out of descriptors */
	METRIC_PROXY_HEADERS,   /* read; the client is whom it announces */
	METRIC_HANDSHAKES_OK,
	METRIC_HANDSHAKES_RESUMED, /* of these */
	METRIC_HANDSHAKES_FAILED,
	METRIC_HANDSHAKES_TIMED_OUT,
	METRIC_TLS_FAILED,
	METRIC_REQUESTS,
	METRIC_REQUEST_BODY_BYTES,
	METRIC_RESPONSE_BODY_BYTES,
	METRIC_HEADERS_STRIPPED,           /* protected names removed (R1) */
	METRIC_HEADERS_ALIAS_DROPPED,      /* R2 */
	METRIC_CERTIFICATE_EXPIRED_CLOSES, /* R13 */
	METRIC_CRL_EXPIRED_CLOSES,         /* R13 */
	METRIC_TRUST_CHANGED_CLOSES,       /* R13: told to reconnect */
	METRIC_ORIGIN_CONNECTS,
	METRIC_ORIGIN_CONNECT_FAILURES,
	METRIC_ORIGIN_REUSES,
	METRIC_ORIGIN_TLS_FAILURES,
	METRIC_ORIGIN_TLS_RESUMPTIONS,
	METRIC_ORIGIN_EJECTIONS,
	METRIC_HEALTH_FAILURES,
	METRIC_UPGRADES,
	METRIC_ORIGIN_QUEUED,
	METRIC_RETRIES,
	METRIC_RETRIES_OVER_BUDGET,
	METRIC_ACCESS_LOG_LOST,
	METRIC_POLICY_REFUSALS,
	METRIC_POLICY_DRY_RUN_REFUSALS,
	METRIC_RATE_SHARED,    /* counted without a place of their own */
	METRIC_OCSP_QUESTIONS, /* clients about whom was asked */
	METRIC_OCSP_CACHED,    /* of them from the steward's memory */
	METRIC_OCSP_REQUESTS,  /* sent to responders for them */
	METRIC_OCSP_WAIT_MS,
	/* gauges: current values of this worker */
	METRIC_GAUGE_CONNECTIONS,
	METRIC_GAUGE_HANDSHAKES_PENDING,
	METRIC_GAUGE_OCSP_PENDING,
	METRIC_GAUGE_EXCHANGES,
	METRIC_GAUGE_SERVERS_UNWELL,
	METRIC_GAUGE_TUNNELS,
	METRIC_GAUGE_ORIGIN_IDLE,
	METRIC_GAUGE_ORIGIN_QUEUE,
	METRIC_COUNT
};

enum {
	METRICS_AUTH_WORDS = 64, /* refusals by client_auth word */
	METRICS_FAILURES = 32,   /* by enum failure (proxy/failure.h) */
	METRICS_STATUSES = 6,    /* 0: none sent; 1xx .. 5xx */
	METRICS_RATE_KEYS = 4,   /* by enum config_rate_key */
	METRICS_ADMISSIONS = 4,  /* by enum admission_verdict */
	METRICS_TICKETS = 16,    /* by enum resumption_reason */
};

struct metrics {
	_Atomic uint64_t value[METRIC_COUNT];
	_Atomic uint64_t rule[HTTP_RULE_COUNT];     /* messages refused */
	_Atomic uint64_t auth[METRICS_AUTH_WORDS];  /* certificates refused */
	_Atomic uint64_t failure[METRICS_FAILURES]; /* exchanges failed */
	_Atomic uint64_t ocsp[OCSP_RESULT_COUNT];   /* answers, and why none */
	_Atomic uint64_t proxy[PROXY_RULE_COUNT];   /* headers refused */
	_Atomic uint64_t status[METRICS_STATUSES];  /* responses */
	_Atomic uint64_t ticket[METRICS_TICKETS];   /* tickets refused */
	_Atomic uint64_t rate[METRICS_RATE_KEYS];   /* requests too fast */
	_Atomic uint64_t refused[METRICS_ADMISSIONS]; /* connections */
};

/* One writer per struct: a relaxed load and store, no locked instruction. */
static inline void metrics_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter,
		atomic_load_explicit(counter, memory_order_relaxed) + n,
		memory_order_relaxed);
}

static inline void metrics_sub(_Atomic uint64_t *counter, uint64_t n)
{
	metrics_add(counter, (uint64_t)0 - n);
}

void metrics_refused_certificate(struct metrics *m, int code);
/* A handshake is over, well or not: was it a resumption, and if a ticket was
 * shown in vain, why? */
void metrics_resumption(struct metrics *m, const struct resumption *resumption);
/* Adds `from` to `sum`; a dead worker's counters are folded into a slot of the
 * instance this way so that nothing goes backwards; gauges are skipped when
 * `dead`. */
void metrics_sum(struct metrics *sum, const struct metrics *from, bool dead);
void metrics_clear(struct metrics *m);
/* Prometheus text format. false: memory. */
bool metrics_print(const struct metrics *sum, struct buf *out)
	__attribute__((warn_unused_result));

#endif
