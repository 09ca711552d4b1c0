#include "h1_end_priv.h"

#include "net/conn.h"

#include <assert.h>

void h1_end_init(struct h1_end *end, const struct h1_role *role,
	const struct stream_ops *ops, struct loop *loop, struct conn *conn,
	const struct http_limits *limits)
{
	*end = (struct h1_end){
		.stream.ops = ops,
		.magic = H1_END_MAGIC,
		.body_limit = UINT64_MAX,
		.loop = loop,
		.conn = conn,
		.limits = limits,
		.role = role,
	};
}

void h1_end_open(struct h1_end *end)
{
	assert(!end->open);
	end->stream = (struct stream){.ops = end->stream.ops};
	end->open = true;
	end->paused = end->resumed = end->full = false;
	end->failed = end->gone = end->body_dropped = end->tunnel = false;
	end->in = H1_IN_NONE;
	end->out = H1_OUT_HEAD;
	end->framing = H1_FRAME_NONE;
	end->rule = end->late = HTTP_RULE_NONE;
	end->reading = NULL;
	end->head_len = 0;
	end->held_ms = 0;
	h1_body_init(&end->body, H1_BODY_NONE, 0, end->body_limit);
}

void h1_end_close(struct h1_end *end)
{
	assert(end->magic == H1_END_MAGIC && end->open);
	end->open = end->paused = end->resumed = end->full = false;
	end->late = HTTP_RULE_NONE;
	end->reading = NULL;
	end->stream.events = NULL;
	end->stream.owner = NULL;
	end->stream.arena = NULL;
}

void h1_end_fini(struct h1_end *end)
{
	loop_timer_fini(&end->timer);
	loop_cancel(end->loop, &end->task);
}

/* ---- failures ---- */

static enum stream_fail why_of(enum http_rule rule)
{
	switch (rule) {
	case HTTP_RULE_REQUEST_LINE_TOO_LONG:
	case HTTP_RULE_HEADER_TOO_LARGE:
	case HTTP_RULE_HEADER_TOO_MANY:
	case HTTP_RULE_BODY_TOO_LARGE:
	case HTTP_RULE_TRAILER_TOO_LARGE:
	case HTTP_RULE_CHUNKS_TOO_MANY:
	case HTTP_RULE_NO_MEMORY:
		return STREAM_TOO_LARGE;
	default:
		return STREAM_BAD_MESSAGE;
	}
}

static void tell_fail(struct h1_end *end, struct stream_failure *failure)
{
	/* Behind the end of a message only the worst is told. */
	if (end->in == H1_IN_OVER && !end->tunnel)
		failure->why = STREAM_GONE;
	end->role->blame(end, failure);
	if (!end->open || end->gone)
		return;
	if (end->failed && failure->why != STREAM_GONE)
		return;
	end->failed = true;
	end->in = H1_IN_STOPPED;
	end->rule = failure->rule;
	if (failure->why == STREAM_GONE) {
		end->gone = true;
		end->full = false;
		end->out = H1_OUT_BROKEN;
	}
	/* What else the peer sends stays unread until the conn ends. */
	conn_pause(end->conn);
	if (end->stream.events)
		end->stream.events->on_fail(end->stream.owner, failure);
}

void h1_end_fail(struct h1_end *end, enum stream_fail why, enum http_rule rule,
	size_t offset)
{
	struct stream_failure failure = {
		.why = why, .rule = rule, .offset = offset};

	tell_fail(end, &failure);
}

void h1_end_refuse(struct h1_end *end, enum http_rule rule, size_t offset)
{
	h1_end_fail(end, why_of(rule), rule, offset);
}

void h1_end_fail_later(struct h1_end *end, enum http_rule rule)
{
	end->late = rule;
	loop_later(end->loop, &end->task);
}

void h1_end_run_late(struct h1_end *end)
{
	struct stream_failure failure = {
		.why = why_of(end->late),
		.rule = end->late,
		.status = end->late == HTTP_RULE_NO_MEMORY ? 503 : 500,
	};

	if (!end->late)
		return;
	end->late = HTTP_RULE_NONE;
	tell_fail(end, &failure);
}

enum http_rule h1_end_cut(const struct h1_end *end)
{
	switch (end->in) {
	case H1_IN_HEAD:
		return HTTP_RULE_HEAD_CUT;
	case H1_IN_BODY:
	case H1_IN_TRAILERS:
		return HTTP_RULE_BODY_CUT;
	default:
		return HTTP_RULE_NONE;
	}
}

/* ---- room and time ---- */

void h1_end_room(struct h1_end *end)
{
	if (!end->open || !end->full)
		return;
	end->full = false;
	end->stream.events->on_room(end->stream.owner);
}

int64_t h1_end_stall_due(const struct h1_end *end)
{
	int64_t since = end->full_ms;

	if (!end->full || !end->limits->write_ms)
		return 0;
	if (conn_last_sent_ms(end->conn) > since)
		since = conn_last_sent_ms(end->conn);
	return since + end->limits->write_ms;
}

void h1_end_arm(struct h1_end *end, int64_t due_ms)
{
	struct loop_timer *timer = &end->timer;
	const int64_t now_ms = loop_now_ms(end->loop);

	if (!due_ms || (timer->deadline_ms && timer->deadline_ms <= due_ms))
		return;
	if (!loop_timer_set(timer, due_ms > now_ms ? due_ms - now_ms : 0))
		h1_end_fail_later(end, HTTP_RULE_NO_MEMORY);
}

/* ---- verbs ---- */

static bool reading(const struct h1_end *end)
{
	return end->in != H1_IN_OVER && end->in != H1_IN_STOPPED;
}

void h1_end_pause(struct stream *stream)
{
	struct h1_end *end = h1_end_of(stream);

	assert(end->magic == H1_END_MAGIC && end->open);
	if (end->paused)
		return;
	end->paused = true;
	end->paused_ms = loop_now_ms(end->loop);
	if (reading(end))
		conn_pause(end->conn);
}

void h1_end_resume(struct stream *stream)
{
	struct h1_end *end = h1_end_of(stream);
	const bool was_paused = end->paused;

	assert(end->magic == H1_END_MAGIC && end->open);
	end->paused = false;
	if (!reading(end))
		return;
	if (was_paused) {
		/* That was our owner's time, not the peer's. */
		end->moved_ms = loop_now_ms(end->loop);
		end->held_ms += end->moved_ms - end->paused_ms;
		end->role->arm(end);
	}
	/* The conn shows what it kept; the end of a body needs no byte. */
	conn_resume(end->conn);
	end->resumed = true;
	loop_later(end->loop, &end->task);
}

void h1_end_tunnel(struct stream *stream)
{
	struct h1_end *end = h1_end_of(stream);

	assert(end->magic == H1_END_MAGIC && end->open && !end->tunnel);
	end->tunnel = true;
	end->in = H1_IN_BODY;
	end->out = H1_OUT_BODY;
	end->framing = H1_FRAME_CLOSE;
	h1_body_init(&end->body, H1_BODY_CLOSE, 0, UINT64_MAX);
	/* what was held until now, and an end that was seen */
	if (!end->paused)
		conn_resume(end->conn);
}
