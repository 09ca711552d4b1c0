/*
 * stream: THE WAIST. One end of an exchange, and the session that carries
 * such ends. The client's side and the origin's side are the same type.
 *
 * Seven verbs go down, five events come up. The contract:
 *
 *  1. A fresh stream is bound at once (stream_bind) or refused (closed).
 *     Order upward: zero or more interim heads (origin side), one head, body
 *     pieces, then exactly one of end or fail. Behind it only the loss of the
 *     connection may follow, once (on_fail GONE): what we still send cannot
 *     arrive. Nothing after close, which is due in any case, now or later.
 *     After a fail that may be answered (stream_answerable; no final head was
 *     sent yet) the verbs still work; after GONE they do nothing, and
 *     send_body says true.
 *  2. on_body lends bytes for the length of the call; the owner takes all of
 *     them. An owner that cannot take more has paused; once pause returned,
 *     no on_body and no on_end comes until resume. on_fail may come while
 *     paused. A stream is born running; no on_head comes while paused.
 *  3. send_body takes all bytes and returns false when, with what is gathered
 *     but not yet flushed, STREAM_HIGH bytes or more are outstanding; the
 *     owner then pauses the other side. One on_room follows, from the later
 *     queue, at STREAM_LOW or less.
 *  4. Verbs never raise events before they return. resume always schedules
 *     one delivery, so bytes already at hand are never stranded.
 *  5. close is the last call. DONE: end politely (the connection is used
 *     again if the protocol can). ABORT: the peer must be able to see that
 *     the message is incomplete; so it is when DONE comes before send_end.
 *     The arena is not touched after close.
 *  6. tunnel, behind a 101: body bytes are raw both ways, send_end / on_end
 *     mean half-close; tunnel_grace_ms into a drain on_fail(TIMED_OUT) comes.
 */
#ifndef MTLSGATE_HTTP_STREAM_H
#define MTLSGATE_HTTP_STREAM_H

#include "base/slice.h"
#include "http/rule.h"

struct arena;
struct header_block;
struct message;
struct stream;

enum { STREAM_HIGH = 65536, STREAM_LOW = 16384 };

enum stream_fail {
	STREAM_BAD_MESSAGE, /* not HTTP as we accept it  -> may be answered */
	STREAM_TOO_LARGE,   /* a limit was passed        -> may be answered */
	STREAM_TIMED_OUT,   /* the head did not come     -> may be answered */
	STREAM_REFUSED,     /* the peer did not process it; safe to repeat */
	STREAM_GONE,        /* reset or lost; nothing more can be sent */
};

enum stream_close { STREAM_DONE, STREAM_ABORT };

struct stream_failure {
	enum stream_fail why;
	enum http_rule rule; /* HTTP_RULE_NONE where none applies */
	uint16_t status;     /* what to answer; 0: the rule's default */
	size_t offset;       /* byte of the message where it was seen */
	bool untouched;      /* no byte of our message reached the socket */
	bool reused;         /* the connection had served before */
};

struct stream_events {
	void (*on_head)(void *owner, struct message *head);
	void (*on_body)(void *owner, struct slice bytes);
	/* trailers: NULL or empty when there are none; lent for the call */
	void (*on_end)(void *owner, struct header_block *trailers);
	void (*on_room)(void *owner);
	void (*on_fail)(void *owner, const struct stream_failure *failure);
};

struct stream_ops {
	/* Interim heads (1xx) may precede the final one. head is lent. */
	void (*send_head)(struct stream *, const struct message *head);
	bool (*send_body)(struct stream *, struct slice bytes);
	void (*send_end)(struct stream *, const struct header_block *trailers);
	void (*pause)(struct stream *);
	void (*resume)(struct stream *);
	void (*tunnel)(struct stream *);
	void (*close)(struct stream *, enum stream_close how);
};

struct stream {
	const struct stream_ops *ops;
	const struct stream_events *events; /* NULL until bound */
	void *owner;
	struct arena *arena; /* the owner's; heads and trailers lie in it */
	uint64_t bytes_in;   /* body bytes received, after de-chunking */
	uint64_t bytes_out;  /* body bytes taken by send_body */
};

static inline void stream_bind(struct stream *s,
	const struct stream_events *events, void *owner, struct arena *arena)
{
	s->events = events;
	s->owner = owner;
	s->arena = arena;
}

static inline bool stream_answerable(const struct stream_failure *failure)
{
	return failure->why <= STREAM_TIMED_OUT;
}

/* ---- limits and times that a session is given ---- */

struct http_limits {
	/* Bytes of a section: at most CONN_KEEP, what a conn keeps. */
	size_t header_bytes;
	size_t trailer_bytes;
	size_t request_line;
	size_t header_count;
	uint64_t body;          /* largest request body; UINT64_MAX: none */
	uint64_t body_min_rate; /* bytes/s, averaged since the body began */
	unsigned pipelined;
	uint64_t requests;       /* per connection */
	int64_t header_ms;       /* the whole head, from its first byte */
	int64_t body_ms;         /* a body without any progress */
	int64_t write_ms;        /* a write without any progress */
	int64_t keepalive_ms;    /* idle between requests */
	int64_t first_ms;        /* idle before the first request */
	int64_t tunnel_grace_ms; /* of a tunnel, once the session drains */
};

/* ---- the session on a client connection ---- */

struct session;

struct session_events {
	/*
	 * A new end. The owner binds it during the call, or leaves it unbound
	 * (out of memory): the session then answers 503 by itself and closes.
	 */
	void (*on_stream)(void *owner, struct stream *stream);
	/*
	 * The session is over (peer left, drained, failed) and needs its
	 * connection no more; every stream was closed before. The owner calls
	 * destroy from here or later, then ends the connection: conn_finish for
	 * DONE, conn_abort for ABORT. `rule` tells why, NONE for a clean end.
	 */
	void (*on_finished)(
		void *owner, enum stream_close how, enum http_rule rule);
};

struct session_ops {
	/* Finish what runs, say goodbye as the protocol can, then on_finished.
	 * idle_ms: how long an idle connection may stay (0: close now). */
	void (*drain)(struct session *, int64_t idle_ms);
	/* Last call; open streams get on_fail(GONE) first and are closed by
	 * their owners then, or later in this turn. Frees the session (after
	 * the loop turn) but not the connection. */
	void (*destroy)(struct session *);
};

struct session {
	const struct session_ops *ops;
};

#endif
