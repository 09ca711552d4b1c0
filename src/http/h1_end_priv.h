/*
 * h1_end: what both ends of HTTP/1.1 share: one message in and one message
 * out over a conn, as a stream. h1_server and h1_client embed one, serve one
 * exchange after the other with it, and say in a struct h1_role what differs.
 *
 * Here are its life, its failures and the time of a stalled write; h1_read
 * makes events of bytes, h1_send bytes of verbs.
 */
#ifndef MTLSGATE_HTTP_H1_END_PRIV_H
#define MTLSGATE_HTTP_H1_END_PRIV_H

#include "base/loop.h"
#include "http/h1_body.h"
#include "http/h1_parse.h"
#include "http/h1_write.h"
#include "http/message.h"
#include "http/stream.h"

struct conn;
struct h1_end;

enum h1_in {        /* the message that comes */
	H1_IN_NONE, /* none is awaited */
	H1_IN_HEAD, /* its head is awaited or under way */
	H1_IN_BODY,
	H1_IN_TRAILERS, /* the section behind the last chunk */
	H1_IN_END,      /* all of it came; on_end was not told yet */
	H1_IN_OVER,     /* on_end was told */
	H1_IN_STOPPED,  /* failed: no further byte of it is looked at */
};

enum h1_out {          /* the message that goes */
	H1_OUT_HEAD,   /* no final head was sent */
	H1_OUT_BODY,   /* the head is out, the end is not */
	H1_OUT_OVER,   /* complete */
	H1_OUT_BROKEN, /* can never be complete; the peer must see that */
};

/* What is read, in the arena of the stream; one for each head. */
struct h1_reading {
	struct h1_parser parser;
	struct message message;
	struct h1_connection connection;
	struct header_block trailers;
};

struct h1_role {
	enum h1_kind kind; /* of the messages that come */
	/*
	 * Makes end->reading->message of the complete head and looks at it;
	 * the body's limit was not checked yet.
	 */
	enum http_rule (*take_head)(
		struct h1_end *end, struct slice head, size_t *offset);
	/* Fills in what only this end knows, before on_fail. */
	void (*blame)(struct h1_end *end, struct stream_failure *failure);
	/* Something began that has a deadline: look at the timer. */
	void (*arm)(struct h1_end *end);
};

struct h1_end {
	struct stream stream; /* first */
	uint32_t magic;
	bool open;         /* given to an owner, who did not close it yet */
	bool paused;       /* by its owner */
	bool resumed;      /* a delivery is due, even without bytes */
	bool full;         /* send_body said false, on_room will follow */
	bool failed;       /* on_fail was told */
	bool gone;         /* ... and it was GONE */
	bool body_dropped; /* what send_body takes is not for the wire */
	bool tunnel;       /* raw bytes both ways */
	enum h1_in in;
	enum h1_out out;
	enum h1_framing framing; /* of the message that goes */
	enum http_rule rule;     /* why it failed */
	enum http_rule late;     /* a failure seen inside a verb */
	struct loop *loop;
	struct conn *conn;
	const struct http_limits *limits;
	const struct h1_role *role;
	struct h1_reading *reading; /* NULL: nothing of a head was seen */
	struct h1_body body;        /* of the message that comes */
	uint64_t body_limit;
	uint64_t out_left; /* H1_FRAME_LENGTH: bytes not yet sent */
	size_t head_len;
	int64_t moved_ms;  /* when bytes of this message last came */
	int64_t paused_ms; /* since when it is paused */
	int64_t held_ms;   /* how long it was paused before, together */
	int64_t full_ms;   /* since when `full` */
	struct loop_timer timer;
	struct loop_task task; /* what waits until the verb is over */
};

static inline struct h1_end *h1_end_of(struct stream *stream)
{
	return (struct h1_end *)(void *)stream;
}

enum { H1_END_MAGIC = 0x68316e64 };

void h1_end_init(struct h1_end *end, const struct h1_role *role,
	const struct stream_ops *ops, struct loop *loop, struct conn *conn,
	const struct http_limits *limits);
/* The next exchange: everything about a message begins anew. */
void h1_end_open(struct h1_end *end);
/* After it no event comes. */
void h1_end_close(struct h1_end *end);
/* Timer and task; no event follows. Its stream may still be closed. */
void h1_end_fini(struct h1_end *end);

/*
 * on_fail, unless one was told; GONE may follow another one, and breaks what
 * we send.
 */
void h1_end_fail(struct h1_end *end, enum stream_fail why, enum http_rule rule,
	size_t offset);
/* The same for a rule broken by the message that comes. */
void h1_end_refuse(struct h1_end *end, enum http_rule rule, size_t offset);
/* Where a verb finds that it cannot do its work: on_fail comes later. */
void h1_end_fail_later(struct h1_end *end, enum http_rule rule);
void h1_end_run_late(struct h1_end *end);
/* The rule for input that stops here: a head or a body is cut, or neither. */
enum http_rule h1_end_cut(const struct h1_end *end);

/* conn_events.on_room */
void h1_end_room(struct h1_end *end);
/* When a write that makes no progress has to end; 0: none is stalled. */
int64_t h1_end_stall_due(const struct h1_end *end);
/* Sets the timer to `due_ms` unless it fires before anyhow; 0: leaves it. */
void h1_end_arm(struct h1_end *end, int64_t due_ms);

void h1_end_pause(struct stream *stream);
void h1_end_resume(struct stream *stream);
/* From now on raw bytes, both ways. */
void h1_end_tunnel(struct stream *stream);

#endif
