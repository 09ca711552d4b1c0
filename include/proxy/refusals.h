/*
 * refusals: the last refusals of the instance, for `mtlsgate explain`.
 *
 * A ring of fixed-size records in memory that all processes share, made before
 * the first fork. Every worker adds, the steward reads; no lock. A record has
 * a number, counted from 0; record n lies in place n modulo the ring's size.
 *
 * A writer marks its place, writes, and marks it whole; a place whose writer
 * died in the middle is never shown and is taken over a lap later. Writers of
 * different laps may meet in one place: the digest over a record then does
 * not fit, and it is not shown either.
 */
#ifndef MTLSGATE_PROXY_REFUSALS_H
#define MTLSGATE_PROXY_REFUSALS_H

#include <stdbool.h>

#include "base/slice.h"

struct refusals;

/* What a record tells as text; the bytes are as they came (R19: escape). */
enum refusal_text {
	REFUSAL_CODE,   /* the word that log and metric show */
	REFUSAL_REASON, /* the same as a text */
	REFUSAL_CONNECTION,
	REFUSAL_REQUEST, /* id; empty: refused before a request */
	REFUSAL_CLIENT_IP,
	REFUSAL_LISTENER,
	REFUSAL_SNI,
	REFUSAL_TLS,    /* version */
	REFUSAL_ALERT,  /* what the client saw; empty: a 403 */
	REFUSAL_VERIFY, /* as the certificate header has it */
	REFUSAL_SUBJECT,
	REFUSAL_ISSUER,
	REFUSAL_SERIAL,
	REFUSAL_SHA256,
	REFUSAL_NOT_BEFORE,
	REFUSAL_NOT_AFTER,
	REFUSAL_METHOD,
	REFUSAL_HOST,
	REFUSAL_PATH, /* without its query */
	REFUSAL_ROUTE,
	REFUSAL_POLICY,
	REFUSAL_TEXTS
};

enum { REFUSAL_ROOM = 1956, REFUSALS_KEEP_MAX = 10000 };

struct refusal {
	int64_t wall_ms;  /* UTC since 1970 */
	uint32_t sent;    /* certificates that the client sent */
	int32_t depth;    /* where it failed; the leaf is 0 */
	uint16_t port;    /* of the client */
	uint16_t status;  /* answered; 0: a TLS alert */
	uint32_t by_rule; /* 1: the certificate was let in, this request not */
	uint32_t cut;     /* bit per text: longer than its room */
	uint16_t len[REFUSAL_TEXTS];
	char text[REFUSAL_ROOM]; /* refusal_get */
};

/* "subject": how outputs call it. */
const char *refusal_name(enum refusal_text which);
/* Copies; what does not fit is left out and marked in `cut`. */
void refusal_set(
	struct refusal *record, enum refusal_text which, struct slice value);
/* Lent by the record. */
struct slice refusal_get(const struct refusal *record, enum refusal_text which);

/* Bytes for the last `keep` records; 0 keeps none. */
size_t refusals_size(unsigned keep);
/* memory: zeroed, on a boundary of 64 bytes. */
struct refusals *refusals_init(void *memory, unsigned keep);

/* A worker's: NULL for the ring is ignored. Never waits. */
void refusals_add(struct refusals *ring, const struct refusal *record);

unsigned refusals_keep(const struct refusals *ring);
/* So many were added ever; the newest is number total - 1. */
uint64_t refusals_total(const struct refusals *ring);
/* false: number is not kept, is being written, or was never finished. */
bool refusals_read(const struct refusals *ring, uint64_t number,
	struct refusal *out) __attribute__((warn_unused_result));

#endif
