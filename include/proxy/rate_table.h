/*
 * rate_table: how fast each of many keys may go, for the whole instance.
 *
 * Lies in memory that all processes share. A key (a keyed hash: nobody outside
 * can choose two that meet) has one entry: the time at which its bucket will
 * be full again, which is all that the algorithm needs (GCRA, ITU-T I.371; a
 * token bucket without the refilling). Times are nanoseconds of the monotonic
 * clock; nothing is a fraction.
 *
 * The size is fixed. An entry whose bucket is full again says nothing any more
 * and is the only kind that is given away: a key that is being held back keeps
 * its entry however many others come. Where all RATE_WAYS entries of a set are
 * in use, newcomers to that set share one entry besides, and are held back
 * together, keys of other speeds too: as long as the slowest of them says.
 * `shared` tells it.
 *
 * No lock: a process that dies holds nothing. Two processes that meet a new
 * key in the same instant may each give it an entry; the second is forgotten,
 * which lets one request through for each of them and entry, at most.
 */
#ifndef MTLSGATE_PROXY_RATE_TABLE_H
#define MTLSGATE_PROXY_RATE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rate_table;
struct rate_entry;

enum {
	RATE_WAYS = 7,
	RATE_SETS = 1 << 19, /* of an instance: 64 MiB, of which only the
				pages that were ever touched take memory */
	RATE_ALIGN = 128,
};

/* Bytes of a table of so many sets, a power of two. */
size_t rate_table_size(size_t sets);
/*
 * memory: zeroed, on a boundary of RATE_ALIGN; not touched beyond its head.
 * NULL: the system gives no random bytes for the secret.
 */
struct rate_table *rate_table_init(void *memory, size_t sets)
	__attribute__((warn_unused_result));

/* A key, or a part of one, of any octets; good for this table only. */
uint64_t rate_table_hash(
	const struct rate_table *table, const void *bytes, size_t len);

struct rate_speed {
	uint64_t interval_ns; /* from one to the next, in the long run */
	uint64_t depth_ns;    /* interval times how many at once */
};

/* What became of it; the entry is lent by the table. */
struct rate_taken {
	struct rate_entry *entry; /* NULL: refused */
	uint64_t wait_ns;         /* refused: until one would pass, above 0 */
	bool shared;              /* on the entry of those without place */
};

/* One more of this key at now_ns; what is refused is not counted. */
struct rate_taken rate_table_take(struct rate_table *table, uint64_t key,
	const struct rate_speed *speed, uint64_t now_ns);
/* It did not happen after all: as if it had not been taken. */
void rate_table_give_back(
	const struct rate_taken *taken, const struct rate_speed *speed);

#endif
