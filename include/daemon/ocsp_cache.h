/*
 * ocsp_cache: what responders said, as long as it holds.
 *
 * Of a fixed size, made at once; when it is full, what was asked for longest
 * ago goes. Failures are kept as well, for a short time: a responder that is
 * down is not asked anew by each client.
 */
#ifndef MTLSGATE_DAEMON_OCSP_CACHE_H
#define MTLSGATE_DAEMON_OCSP_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls/ocsp_answer.h"

enum { OCSP_KEY = 32 };

struct ocsp_cache;

/* For `most` (from 1) answers; NULL: memory. */
struct ocsp_cache *ocsp_cache_new(size_t most)
	__attribute__((warn_unused_result));
void ocsp_cache_free(struct ocsp_cache *cache); /* NULL is ignored */

/* What is known now (seconds since 1970). */
bool ocsp_cache_find(struct ocsp_cache *cache, const uint8_t key[OCSP_KEY],
	int64_t now, struct ocsp_answer *answer);
/* Kept through the second `until`; takes the place of what was there. */
void ocsp_cache_put(struct ocsp_cache *cache, const uint8_t key[OCSP_KEY],
	const struct ocsp_answer *answer, int64_t until);
size_t ocsp_cache_count(const struct ocsp_cache *cache);

#endif
