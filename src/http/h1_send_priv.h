/*
 * h1_send: verbs of a stream become bytes of the conn.
 */
#ifndef MTLSGATE_HTTP_H1_SEND_PRIV_H
#define MTLSGATE_HTTP_H1_SEND_PRIV_H

#include "h1_end_priv.h"

/* Writes a head; false: it could not be (h1_end_fail_later was called). */
bool h1_end_send_head(struct h1_end *end, const struct message *head,
	const struct h1_write *how) __attribute__((warn_unused_result));
/* Final head written: a body framed like that follows. */
void h1_end_begin_body(struct h1_end *end, const struct message *head,
	enum h1_framing framing);
bool h1_end_send_body(struct stream *stream, struct slice bytes);
void h1_end_send_end(
	struct stream *stream, const struct header_block *trailers);

#endif
