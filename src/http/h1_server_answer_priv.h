/*
 * h1_server_answer: how an answer is framed, and what becomes of the
 * connection behind it. Decisions only.
 */
#ifndef MTLSGATE_HTTP_H1_SERVER_ANSWER_PRIV_H
#define MTLSGATE_HTTP_H1_SERVER_ANSWER_PRIV_H

#include "h1_server_state_priv.h"

/* Does the client wait for our 100 before it sends its body? */
bool h1_server_awaited(const struct h1_server *s);
/* May a final head, framed like that, be followed by another request? */
bool h1_server_keeps(const struct h1_server *s, enum h1_framing framing);
/* Of a final head. */
enum h1_framing h1_server_framing(
	const struct h1_server *s, const struct message *head);
/* Is a body that goes with it not for the wire? */
bool h1_server_bodyless(const struct h1_server *s, const struct message *head);

#endif
