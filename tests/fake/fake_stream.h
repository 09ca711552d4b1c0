/*
 * fake_stream: one end of an exchange without a network. It records the verbs
 * it is given as text, raises events on demand, and asserts the contract of
 * http/stream.h from both sides.
 *
 * Verbs are recorded one after the other, separated by blanks:
 *   head(200 body=5;A: b;) body(hello) end end(T: x;) pause resume tunnel
 *   done abort
 */
#ifndef FAKE_STREAM_H
#define FAKE_STREAM_H

#include "base/buf.h"
#include "http/message.h"
#include "http/stream.h"

struct fake_stream {
	struct stream stream;
	struct buf verbs;
	bool full; /* the next send_body answers false */
	bool paused;
	bool ended; /* end or fail was raised */
	bool closed;
	unsigned resumed;
};

void fake_stream_init(struct fake_stream *fake);
void fake_stream_fini(struct fake_stream *fake);
/* What was recorded since the last call; valid until the next verb. */
const char *fake_stream_verbs(struct fake_stream *fake);
/* Is `text` in what was recorded? Nothing is forgotten. */
bool fake_stream_saw(struct fake_stream *fake, const char *text);

/* Events. */
void fake_stream_head(struct fake_stream *fake, struct message *head);
void fake_stream_body(struct fake_stream *fake, const char *text);
void fake_stream_end(struct fake_stream *fake, struct header_block *trailers);
void fake_stream_room(struct fake_stream *fake);
void fake_stream_fail(struct fake_stream *fake, struct stream_failure failure);

/* A head in the arena the stream was bound with. fields: "Name: value" lines
 * separated by LF; NULL for none. */
struct message *fake_request(struct fake_stream *fake, const char *method,
	const char *target, const char *fields);
struct message *fake_response(
	struct fake_stream *fake, unsigned status, const char *fields);

#endif
