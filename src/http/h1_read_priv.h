/*
 * h1_read: bytes of the conn become events of a stream.
 */
#ifndef MTLSGATE_HTTP_H1_READ_PRIV_H
#define MTLSGATE_HTTP_H1_READ_PRIV_H

#include "h1_end_priv.h"

/*
 * Reads on and tells the events; returns the bytes used. Stops when the
 * message is over, failed, paused or closed, or when bytes are missing.
 */
size_t h1_end_feed(struct h1_end *end, struct slice bytes);
/* The delivery that resume promised, for what needs no further byte. */
void h1_end_redeliver(struct h1_end *end);
/* All of the message came, told or not. */
bool h1_end_received(const struct h1_end *end);
/* A body of known length, of which at most `most` bytes are missing. */
bool h1_end_nearly(const struct h1_end *end, uint64_t most);

#endif
