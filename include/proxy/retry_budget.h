/*
 * retry_budget: how many requests may be repeated. Where an origin breaks,
 * repeating everything would double its load: of the requests of the last
 * RETRY_BUDGET_SECONDS only a share may be, and a few more, so that a quiet
 * service can repeat as well. Pure; one for each origin and worker.
 */
#ifndef MTLSGATE_PROXY_RETRY_BUDGET_H
#define MTLSGATE_PROXY_RETRY_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

enum {
	RETRY_BUDGET_SECONDS = 10,
	RETRY_BUDGET_FLOOR = 10, /* in that time, whatever the share is */
};

struct retry_budget {   /* all zero: nothing happened */
	int64_t second; /* the last one that was counted in */
	uint64_t requests[RETRY_BUDGET_SECONDS]; /* by second, as a ring */
	uint64_t retries[RETRY_BUDGET_SECONDS];
};

/* Counts a request. now_ms: of a clock that only goes forward, >= 0. */
void retry_budget_request(struct retry_budget *budget, int64_t now_ms);
/* May one be repeated? Then it is counted. percent: of the requests. */
bool retry_budget_take(struct retry_budget *budget, int64_t now_ms,
	unsigned percent) __attribute__((warn_unused_result));

#endif
