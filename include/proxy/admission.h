/*
 * admission: limits that count for the whole instance: connections, pending
 * handshakes, connections per address.
 *
 * Lies in memory that all processes share, made before the first fork. Each
 * worker slot writes only its own part (no lock, no compare-and-swap loop);
 * the sum over slots decides. A worker that dies takes nothing with it: the
 * master clears its slot.
 */
#ifndef MTLSGATE_PROXY_ADMISSION_H
#define MTLSGATE_PROXY_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addr;
struct admission;
struct config_limits;

enum admission_verdict { /* a metric has one counter per value */
	ADMISSION_OK,
	ADMISSION_CONNECTIONS, /* limits.connections */
	ADMISSION_PER_IP,      /* limits.connections_per_ip */
	ADMISSION_HANDSHAKES,  /* limits.handshakes_pending */
};

/* The limit that a connection was closed for, "limits.connections_per_ip";
 * ADMISSION_OK: none, "memory". */
const char *admission_word(enum admission_verdict verdict);

/* Bytes for `slots` worker slots, each with an address table of `peers`
 * entries (bounds the memory: a full table counts the rest as one peer). */
size_t admission_size(unsigned slots, size_t peers);
/* memory: zeroed, and not touched where no slot is in use, so that slots may
 * be had in plenty; on a boundary of 64 bytes. */
struct admission *admission_init(void *memory, unsigned slots, size_t peers);
void admission_clear_slot(struct admission *a, unsigned slot);

/* A connection arrives; OK counts it and a pending handshake. */
enum admission_verdict admission_enter(struct admission *a, unsigned slot,
	const struct config_limits *limits, const struct addr *peer);
/* One that entered without an address turns out to come from this one: OK
 * counts it there, ADMISSION_PER_IP does not. */
enum admission_verdict admission_announce(struct admission *a, unsigned slot,
	const struct config_limits *limits, const struct addr *peer);
void admission_handshake_done(struct admission *a, unsigned slot);
void admission_leave(
	struct admission *a, unsigned slot, const struct addr *peer);
uint64_t admission_connections(const struct admission *a);

#endif
