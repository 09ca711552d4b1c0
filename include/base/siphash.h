/*
 * siphash: SipHash-2-4, a short keyed hash: who does not know the key cannot
 * choose inputs that collide (Aumasson, Bernstein 2012). For tables that
 * strangers fill; no signature.
 */
#ifndef MTLSGATE_BASE_SIPHASH_H
#define MTLSGATE_BASE_SIPHASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t half[2]; /* little-endian halves of the 16 octets */
};

/* A new one from the system's random bytes, without waiting. false: it gives
 * none; *key is not touched. */
bool siphash_key_new(struct siphash_key *key)
	__attribute__((warn_unused_result));
/* Of len octets; the same on every machine. bytes may be NULL for none. */
uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t len);

#endif
