/*
 * ocsp_bench: a responder on loopback that a test moves by hand.
 */
#ifndef MTLSGATE_TESTS_FAKE_OCSP_BENCH_H
#define MTLSGATE_TESTS_FAKE_OCSP_BENCH_H

#include "fake/conn_bench.h"

enum { OCSP_BENCH_ENDS = 6 };

struct ocsp_bench {
	struct bench bench;
	int fd; /* listening; -1: closed */
	struct addr addr;
	char url[64]; /* "http://127.0.0.1:PORT/ocsp" */
	struct peer ends[OCSP_BENCH_ENDS];
	size_t count; /* of connections accepted */
};

void ocsp_bench_init(struct ocsp_bench *b);
void ocsp_bench_fini(struct ocsp_bench *b);
/* Waits for the next connection and its whole request. */
struct peer *ocsp_bench_request(struct ocsp_bench *b);
/* Has a whole request come on the first connection? */
bool ocsp_bench_came(struct ocsp_bench *b);
/* Has a further connection come, without waiting? */
bool ocsp_bench_asked_again(struct ocsp_bench *b);
/* Answers 200 with these bytes. */
void ocsp_bench_answer(struct peer *end, struct slice body);
void ocsp_bench_close(struct ocsp_bench *b); /* nobody listens any more */

#endif
