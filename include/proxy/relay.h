/*
 * relay: one direction of body bytes between two streams, and the only place
 * where backpressure is decided.
 *
 * Two live in an exchange by value. The exchange hands on what its streams
 * tell; the relay pauses and resumes the giving end. While there is no taking
 * end yet, relay_hold keeps the giving end waiting.
 */
#ifndef MTLSGATE_PROXY_RELAY_H
#define MTLSGATE_PROXY_RELAY_H

#include "base/slice.h"

struct header_block;
struct stream;

enum relay_state {
	RELAY_OPEN,    /* bytes flow; `to` may still be missing */
	RELAY_HELD,    /* `from` is paused until relay_join */
	RELAY_BLOCKED, /* `to` is full, `from` is paused until it has room */
	RELAY_ENDED,   /* the end was passed on, or everything was dropped */
};

struct relay {
	struct stream *from;
	struct stream *to; /* NULL before relay_join */
	enum relay_state state;
};

void relay_init(struct relay *relay, struct stream *from);
/* Pauses `from`; only before relay_join, or to begin anew after relay_part. */
void relay_hold(struct relay *relay);
/* The taking end is there; lets a held end go on, passes on an end (without
 * trailers) that came before. */
void relay_join(struct relay *relay, struct stream *to);
/* The taking end is gone before it was given anything; waits for another. */
void relay_part(struct relay *relay);

/* Events of the two ends. */
void relay_body(struct relay *relay, struct slice bytes);
void relay_end(struct relay *relay, const struct header_block *trailers);
void relay_room(struct relay *relay);

#endif
