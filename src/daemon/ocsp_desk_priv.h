/*
 * ocsp_desk: what its rooms share. ocsp_desk.c: workers and who waits;
 * ocsp_desk_job.c: one question, from the name to the verified answer.
 */
#ifndef MTLSGATE_DAEMON_OCSP_DESK_PRIV_H
#define MTLSGATE_DAEMON_OCSP_DESK_PRIV_H

#include "base/buf.h"
#include "base/loop.h"
#include "config/http_url.h"
#include "daemon/ocsp_cache.h"
#include "daemon/ocsp_desk.h"
#include "daemon/resolver.h"
#include "tls/ocsp_question.h"

struct arena;
struct ocsp_fetch;

/* A worker's end. */
struct desk_worker {
	struct ocsp_desk *desk;
	struct desk_worker *next;
	int fd;
	struct loop_watch watch;
	struct loop_task again; /* more than fits into one turn */
	struct buf replies;     /* that the socket did not take yet */
	struct loop_corpse corpse;
};

/* Somebody who waits for a job. */
struct desk_waiter {
	struct desk_waiter *next;
	struct desk_worker *worker; /* NULL: gone meanwhile */
	uint64_t number;
};

struct desk_job {
	struct ocsp_desk *desk;
	struct desk_job *next;
	struct arena *arena;
	const struct config_ocsp *settings;
	uint8_t key[OCSP_KEY];
	struct ocsp_subject subject;
	struct http_url url;
	bool named_by_us; /* the responder is the configuration's */
	struct slice request;
	struct addr addrs[RESOLVER_ADDRESSES];
	size_t addr_count;
	struct desk_waiter *waiters;
	struct resolver_ask *resolving;
	struct ocsp_fetch *fetch;
	struct loop_timer timer;
	struct loop_task failing; /* what is known at once is told later */
	struct ocsp_answer answer;
	struct loop_corpse corpse;
};

struct ocsp_desk {
	struct ocsp_desk_setup setup;
	struct ocsp_cache *cache;
	struct resolver *resolver;
	struct desk_worker *workers;
	size_t worker_count;
	struct desk_job *jobs;
	size_t job_count;
	size_t waiting;
};

/* ---- ocsp_desk_job.c ---- */

/* Begins; it ends through desk_job_over, never before this returns. The parts
 * of the question are copied. NULL: memory. */
struct desk_job *desk_job_new(struct ocsp_desk *desk,
	const struct config_ocsp *settings,
	const struct ocsp_question *question, const uint8_t key[OCSP_KEY]);
/* One more who waits for it. false: memory. */
bool desk_job_join(struct desk_job *job, struct desk_worker *worker,
	uint64_t number) __attribute__((warn_unused_result));
/* Ends it without a word. */
void desk_job_free(struct desk_job *job);

/* ---- ocsp_desk.c ---- */

/* The answer is there: keeps it, tells those who wait, frees the job. */
void desk_job_over(struct desk_job *job);

#endif
