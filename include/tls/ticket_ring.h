/*
 * ticket_ring: ticket keys that the master makes and rotates, read by all.
 *
 * One page of shared memory (memfd), made before the first fork, never swapped
 * where that is allowed, never dumped. It holds the next, the current and the
 * previous key under a sequence counter. The master alone can write: its
 * mapping is not inherited, the one that children inherit cannot be made
 * writable. It outlives generations, and is wiped when the master ends.
 *
 * A key is `next` for one period, then current, then previous: it decrypts for
 * two periods after it began to encrypt, longer than any ticket lives
 * (RESUMPTION_LIFETIME_S). Time is the owner's business.
 */
#ifndef MTLSGATE_TLS_TICKET_RING_H
#define MTLSGATE_TLS_TICKET_RING_H

#include <stdbool.h>

#include "tls/ticket_keys.h"

struct err;
struct ticket_ring;

/* How long a key is current. */
enum { TICKET_RING_PERIOD_S = 12 * 3600 };

struct ticket_ring *ticket_ring_new(struct err *err)
	__attribute__((warn_unused_result));
/* The master's: wipes the keys for all. NULL is ignored. */
void ticket_ring_free(struct ticket_ring *ring);
/* A child's: lets go of what only the master may have. NULL is ignored. */
void ticket_ring_inherit(struct ticket_ring *ring);
/* Could the keys be locked into memory, away from the swap? */
bool ticket_ring_locked(const struct ticket_ring *ring);

/* current becomes previous, next becomes current, next is made anew. The
 * master's; false: no randomness, nothing changed. */
bool ticket_ring_rotate(struct ticket_ring *ring)
	__attribute__((warn_unused_result));

/*
 * The keys as they are: current, previous, next. false: no whole copy could be
 * taken, since the master died in the middle of a rotation. The caller wipes.
 */
bool ticket_ring_read(const struct ticket_ring *ring, struct ticket_keys *out)
	__attribute__((warn_unused_result));

#endif
