/*
 * record_owner: owns streams, sessions and clients of a test, and writes down
 * what they tell:
 *
 *   stream; head POST /x length 5; body hello; end; finished done none
 *
 * Pieces of a body that follow each other stand there as one. The contract of
 * http/stream.h is asserted on the way: no event inside a verb, their order,
 * nothing after close, no body while paused, no touch of the arena after
 * close (it is freed there).
 */
#ifndef MTLSGATE_TESTS_RECORD_OWNER_H
#define MTLSGATE_TESTS_RECORD_OWNER_H

#include "base/buf.h"
#include "http/h1_client.h"
#include "http/h1_server.h"
#include "http/message.h"
#include "http/stream.h"

enum record_event {
	RECORD_STREAM,
	RECORD_HEAD,
	RECORD_BODY,
	RECORD_END,
	RECORD_ROOM,
	RECORD_FAIL,
	RECORD_FINISHED,
	RECORD_IDLE,
	RECORD_OVER,
};

struct record {
	struct stream *stream; /* the open one */
	struct arena *arena;
	struct session *session;  /* destroyed in on_finished */
	struct h1_client *client; /* freed in on_over */
	struct conn *conn;        /* ended there, too; may be NULL */
	struct buf log;
	bool in_body;
	struct buf *body; /* takes the bytes of bodies; NULL: nobody */
	bool quiet;       /* bodies are counted, not written down */
	bool refuses;     /* leaves new streams unbound */
	bool keeps;       /* does not destroy in on_finished/on_over */
	unsigned verbs;   /* under way */
	bool paused;
	bool heard_head;
	bool heard_end;
	bool heard_fail;
	bool heard_gone;
	unsigned rooms_due;            /* send_body said false */
	struct stream_failure failure; /* the last one */
	uint64_t body_bytes;
	/* What the test does inside an event; may be NULL. */
	void (*react)(struct record *r, enum record_event event);
	void *arg;
};

extern const struct session_events record_session_events;
extern const struct h1_client_events record_client_events;

void record_fini(struct record *r);
/* What was told since the last call, joined by "; ". Valid until the next
 * event. */
const char *record_told(struct record *r);
void record_forget(struct record *r);

/* Binds an origin's stream. */
void record_bind(struct record *r, struct stream *stream);

/* The verbs, watched. */
void record_send_head(struct record *r, const struct message *head);
bool record_send_body(struct record *r, const char *bytes, size_t len);
void record_send_end(struct record *r, const struct header_block *trailers);
void record_pause(struct record *r);
void record_resume(struct record *r);
void record_tunnel(struct record *r);
void record_close(struct record *r, enum stream_close how);

/* A response of known length, its end, and close(DONE). */
void record_answer(struct record *r, unsigned status, const char *body);
/* A response head alone. */
void record_answer_head(
	struct record *r, unsigned status, enum body_kind body, uint64_t len);
/* A request head alone, Host "origin.test". */
void record_ask(struct record *r, enum method method, const char *name,
	enum body_kind body, uint64_t len);

#endif
