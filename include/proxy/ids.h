/*
 * ids: names of connections and requests, unique over workers and restarts.
 *
 * They tell apart, they do not authenticate: a seeded generator per worker,
 * no system call per id.
 */
#ifndef MTLSGATE_PROXY_IDS_H
#define MTLSGATE_PROXY_IDS_H

#include <stdbool.h>
#include <stdint.h>

enum { IDS_CONNECTION = 28, IDS_REQUEST = 33 }; /* with the NUL */

struct ids {
	uint64_t state[4]; /* xoshiro256** */
	uint32_t salt;     /* differs each time a worker starts */
	uint16_t worker;
	uint64_t connections;
};

/* After the worker was forked. false: the system gives no randomness. */
bool ids_init(struct ids *ids, unsigned worker)
	__attribute__((warn_unused_result));
/* "5f3a9c01-2-1f": salt, worker, number of the connection. */
void ids_connection(struct ids *ids, char out[IDS_CONNECTION]);
/* 32 hex digits: milliseconds since 1970 (12), then random. They sort by
 * time. */
void ids_request(struct ids *ids, int64_t wall_ms, char out[IDS_REQUEST]);

#endif
