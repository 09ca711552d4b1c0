/*
 * serial_set: serial numbers, sorted, in little memory: those that a CRL or a
 * deny list names. A hundred thousand of 16 octets take 2.2 MB, and a look
 * costs 17 comparisons.
 *
 * A number is its magnitude and its sign; leading zero octets do not count.
 * Zeroed is empty. Added to, then sealed once, then only asked.
 */
#ifndef MTLSGATE_TLS_SERIAL_SET_PRIV_H
#define MTLSGATE_TLS_SERIAL_SET_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct asn1_string_st;
struct evp_md_ctx_st;

struct serial_set {
	uint8_t *bytes;   /* items: sign, length, magnitude */
	size_t len, size; /* used, allocated */
	uint32_t *items;  /* where each begins; sorted once sealed */
	size_t count, room;
};

/* Octets of the longest magnitude that is taken. */
enum { SERIAL_SET_LONGEST = 255 };

/* false: out of memory, or longer than SERIAL_SET_LONGEST. */
bool serial_set_add(struct serial_set *set, const uint8_t *magnitude,
	size_t len, bool negative) __attribute__((warn_unused_result));
bool serial_set_add_asn1(
	struct serial_set *set, const struct asn1_string_st *serial)
	__attribute__((warn_unused_result));
/* Sorts, drops doubles, gives back what was reserved. */
void serial_set_seal(struct serial_set *set);
bool serial_set_has(
	const struct serial_set *set, const struct asn1_string_st *serial);
/* Every number, in order. false: the digest failed. */
bool serial_set_digest(const struct serial_set *set, struct evp_md_ctx_st *ctx)
	__attribute__((warn_unused_result));
void serial_set_fini(struct serial_set *set);

#endif
