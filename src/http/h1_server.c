#include "http/h1_server.h"

#include "h1_read_priv.h"
#include "h1_send_priv.h"
#include "h1_server_answer_priv.h"
#include "h1_server_time_priv.h"
#include "net/conn.h"

#include <assert.h>
#include <stdlib.h>

enum { SERVER_MAGIC = 0x68317372 };

static const char busy_answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
				  "Content-Length: 0\r\n"
				  "Connection: close\r\n"
				  "\r\n";

static struct h1_server *server_of(struct h1_end *end)
{
	struct h1_server *s = (struct h1_server *)(void *)end;

	assert(s->magic == SERVER_MAGIC);
	return s;
}

/* Looks at the timer after anything that may have brought a deadline. */
static void arm(struct h1_end *end)
{
	h1_end_arm(end, h1_server_due(server_of(end)));
}

/* ---- the end of a session ---- */

/* on_finished follows, once no verb is under way and no stream is open. */
static void finish(
	struct h1_server *s, enum stream_close how, enum http_rule rule)
{
	if (s->phase == SERVER_OVER || s->phase == SERVER_DEAD)
		return;
	s->phase = SERVER_OVER;
	s->how = how;
	s->rule = rule;
	loop_timer_clear(&s->end.timer);
	conn_pause(s->end.conn);
	loop_later(s->end.loop, &s->end.task);
}

static void tell_finished(struct h1_server *s)
{
	if (s->told)
		return;
	s->told = true;
	s->events->on_finished(s->owner, s->how, s->rule);
}

/* What a verb put off. */
static void run(void *arg)
{
	struct h1_server *s = server_of(arg);

	if (s->end.late && s->phase != SERVER_BUSY)
		finish(s, STREAM_ABORT, s->end.late);
	h1_end_run_late(&s->end);
	h1_end_redeliver(&s->end);
	if (s->phase == SERVER_OVER)
		tell_finished(s);
}

/* ---- from one exchange to the next ---- */

static void become_idle(struct h1_server *s)
{
	struct h1_end *end = &s->end;

	if (s->draining && !s->drain_idle_ms) {
		finish(s, STREAM_DONE, HTTP_RULE_NONE);
		return;
	}
	s->phase = SERVER_IDLE;
	s->since_ms = loop_now_ms(end->loop);
	if (conn_paused(end->conn))
		conn_resume(end->conn);
	arm(end);
}

/* Drops what is left of a request that was answered before its end. */
static void begin_drop(struct h1_server *s)
{
	s->phase = SERVER_DROP;
	s->end.moved_ms = loop_now_ms(s->end.loop);
	conn_resume(s->end.conn);
	arm(&s->end);
}

static void close_stream(struct stream *stream, enum stream_close how)
{
	struct h1_server *s = server_of(h1_end_of(stream));
	struct h1_end *end = &s->end;

	h1_end_close(end);
	if (s->phase != SERVER_BUSY)
		return;
	s->served++;
	if (how == STREAM_ABORT || end->out != H1_OUT_OVER)
		finish(s, STREAM_ABORT, end->rule);
	else if (!s->keep || s->peer_done)
		finish(s, STREAM_DONE, end->rule);
	else if (h1_end_received(end))
		become_idle(s);
	else if (h1_end_nearly(end, H1_SERVER_DROP))
		begin_drop(s);
	else
		finish(s, STREAM_DONE, end->rule);
}

/* ---- sending ---- */

/* RFC 9110 section 15.2: a client of HTTP/1.0 gets none of them. */
static void send_interim(struct h1_server *s, const struct message *head)
{
	const struct h1_write how = {.framing = H1_FRAME_NONE};

	if (s->version == MESSAGE_HTTP_1_0)
		return;
	if (!h1_end_send_head(&s->end, head, &how))
		return;
	if (head->status == 100 && s->awaits_continue) {
		s->awaits_continue = false;
		s->end.moved_ms = loop_now_ms(s->end.loop);
		s->body_ms = s->end.moved_ms;
		arm(&s->end);
	}
}

static void send_head(struct stream *stream, const struct message *head)
{
	struct h1_server *s = server_of(h1_end_of(stream));
	struct h1_end *end = &s->end;
	struct h1_write how = {0};

	assert(end->open && head->kind == MESSAGE_RESPONSE);
	if (end->out != H1_OUT_HEAD || end->late)
		return;
	if (head->status == 101) {
		/* h1_end_tunnel follows, or nothing more */
		(void)!h1_end_send_head(end, head, &how);
		return;
	}
	if (head->status < 200) {
		send_interim(s, head);
		return;
	}
	how.framing = h1_server_framing(s, head);
	s->keep = h1_server_keeps(s, how.framing);
	how.close = !s->keep;
	how.keep_alive = s->keep && s->version == MESSAGE_HTTP_1_0;
	if (!h1_end_send_head(end, head, &how))
		return;
	h1_end_begin_body(end, head, how.framing);
	end->body_dropped = s->method == METHOD_HEAD || head->status == 304 ||
			    head->status == 204;
}

/* What came behind the request was held until now (R10). */
static void tunnel(struct stream *stream)
{
	struct h1_server *s = server_of(h1_end_of(stream));

	s->keep = false;
	h1_end_tunnel(stream);
	if (s->peer_done) { /* it has ended its side already */
		s->end.in = H1_IN_END;
		s->end.resumed = true;
		loop_later(s->end.loop, &s->end.task);
	}
	arm(&s->end);
}

static const struct stream_ops stream_ops = {
	.send_head = send_head,
	.send_body = h1_end_send_body,
	.send_end = h1_end_send_end,
	.pause = h1_end_pause,
	.resume = h1_end_resume,
	.tunnel = tunnel,
	.close = close_stream,
};

/* ---- receiving ---- */

static enum http_rule take_head(
	struct h1_end *end, struct slice head, size_t *offset)
{
	struct h1_server *s = server_of(end);
	struct h1_reading *r = end->reading;
	enum http_rule rule = h1_parse_request(
		&r->parser, head, &r->message, &r->connection, offset);

	/* A refusal is an answer, too: to this version and method. */
	s->version = r->message.version;
	s->method = r->message.method;
	if (rule)
		return rule;
	s->persistent = !r->connection.close;
	s->awaits_continue = r->message.expect_continue;
	s->body_ms = loop_now_ms(end->loop);
	return HTTP_RULE_NONE;
}

/* What cannot be answered any more is lost, whatever the reason. */
static void blame(struct h1_end *end, struct stream_failure *failure)
{
	if (end->out != H1_OUT_HEAD &&
		!(end->tunnel && failure->why == STREAM_TIMED_OUT))
		failure->why = STREAM_GONE;
}

static const struct h1_role role = {
	.kind = H1_REQUEST,
	.take_head = take_head,
	.blame = blame,
	.arm = arm,
};

/*
 * Nothing but the one empty line that may stand before a request (RFC 9112
 * section 2.2) is no first byte yet.
 */
static bool nothing_yet(struct slice bytes)
{
	return bytes.len <= 2 && slice_starts(SLICE("\r\n"), bytes);
}

/* The first byte of a message makes a stream. */
static void begin(struct h1_server *s)
{
	struct h1_end *end = &s->end;

	h1_end_open(end);
	end->in = H1_IN_HEAD;
	s->phase = SERVER_BUSY;
	s->since_ms = loop_now_ms(end->loop);
	s->run = s->held ? s->run + 1 : 0;
	s->held = s->keep = s->persistent = s->awaits_continue = false;
	s->version = MESSAGE_HTTP_1_1;
	s->method = METHOD_OTHER;
	s->events->on_stream(s->owner, &end->stream);
	if (!end->open || end->stream.events)
		return;
	/* Its owner has no memory for it. */
	(void)conn_write(
		end->conn, slice_of(busy_answer, sizeof(busy_answer) - 1));
	h1_end_close(end);
	finish(s, STREAM_DONE, HTTP_RULE_NO_MEMORY);
}

static size_t drop(struct h1_server *s, struct slice bytes)
{
	struct slice rest = bytes;
	struct slice data;
	enum h1_body_status status;

	do
		status = h1_body_read(&s->end.body, &rest, &data);
	while (status == H1_BODY_DATA);
	if (status == H1_BODY_END)
		become_idle(s);
	return bytes.len - rest.len;
}

/* One step; false: what is left of the bytes has to wait. */
static bool serve(struct h1_server *s, struct slice bytes, size_t *used)
{
	struct slice rest = slice_from(bytes, *used);

	switch (s->phase) {
	case SERVER_IDLE:
		if (nothing_yet(rest))
			return false;
		begin(s);
		return true;
	case SERVER_BUSY:
		*used += h1_end_feed(&s->end, rest);
		s->held = *used < bytes.len;
		return s->phase != SERVER_BUSY;
	case SERVER_DROP:
		*used += drop(s, rest);
		return s->phase != SERVER_DROP;
	default:
		return false;
	}
}

static size_t on_data(void *owner, struct slice bytes)
{
	struct h1_server *s = server_of(owner);
	size_t used = 0;

	if (bytes.len)
		s->end.moved_ms = loop_now_ms(s->end.loop);
	while (serve(s, bytes, &used))
		;
	if (s->phase == SERVER_DEAD)
		return used;
	/* The next request waits for its turn, unread. */
	if (s->phase == SERVER_BUSY && s->end.in == H1_IN_OVER &&
		used < bytes.len)
		conn_pause(s->end.conn);
	arm(&s->end);
	return used;
}

static void on_eof(void *owner)
{
	struct h1_server *s = server_of(owner);
	enum http_rule rule = h1_end_cut(&s->end);

	s->peer_done = true;
	if (s->end.tunnel && s->phase == SERVER_BUSY) {
		s->end.in = H1_IN_END;
		h1_end_feed(&s->end, slice_of(NULL, 0));
		return;
	}
	if (s->phase != SERVER_BUSY)
		finish(s, STREAM_DONE, HTTP_RULE_NONE);
	else if (rule)
		/* Its receiving side may live: 400 can be tried. */
		h1_end_refuse(&s->end, rule, 0);
}

static void on_room(void *owner)
{
	h1_end_room(&server_of(owner)->end);
}

static void on_fail(void *owner, enum conn_fail why)
{
	struct h1_server *s = server_of(owner);

	(void)why;
	if (s->phase == SERVER_BUSY)
		h1_end_fail(&s->end, STREAM_GONE, h1_end_cut(&s->end), 0);
	else
		finish(s, STREAM_ABORT, HTTP_RULE_NONE);
}

static const struct conn_events conn_events = {
	.on_data = on_data,
	.on_eof = on_eof,
	.on_room = on_room,
	.on_fail = on_fail,
};

/* ---- time: one lazy timer for all deadlines ---- */

/* A tunnel had its grace: no rule is broken by that. */
static enum http_rule late_rule(const struct h1_end *end)
{
	if (end->tunnel)
		return HTTP_RULE_NONE;
	return end->in == H1_IN_HEAD ? HTTP_RULE_HEADER_TIMEOUT
				     : HTTP_RULE_BODY_TIMEOUT;
}

static void expire_busy(struct h1_server *s, int64_t now_ms)
{
	struct h1_end *end = &s->end;
	const int64_t stall_ms = h1_end_stall_due(end);

	if (stall_ms && stall_ms <= now_ms) {
		h1_end_fail(end, STREAM_GONE, HTTP_RULE_WRITE_TIMEOUT, 0);
		return;
	}
	h1_end_fail(end, STREAM_TIMED_OUT, late_rule(end), 0);
}

static void expire(struct h1_server *s, int64_t now_ms)
{
	switch (s->phase) {
	case SERVER_IDLE:
		if (h1_server_stalls(s))
			finish(s, STREAM_ABORT, HTTP_RULE_WRITE_TIMEOUT);
		else
			finish(s, STREAM_DONE, HTTP_RULE_NONE);
		break;
	case SERVER_DROP:
		finish(s, STREAM_DONE, HTTP_RULE_BODY_TIMEOUT);
		break;
	default:
		expire_busy(s, now_ms);
	}
}

static void on_timer(void *arg)
{
	struct h1_server *s = server_of(arg);
	const int64_t now_ms = loop_now_ms(s->end.loop);
	const int64_t due = h1_server_due(s);

	if (due && due <= now_ms)
		expire(s, now_ms);
	arm(&s->end);
}

/* ---- the session ---- */

static struct h1_server *server_of_session(struct session *session)
{
	struct h1_server *s =
		(struct h1_server *)(void *)((char *)session -
					     offsetof(struct h1_server,
						     session));

	assert(s->magic == SERVER_MAGIC);
	return s;
}

static void drain(struct session *session, int64_t idle_ms)
{
	struct h1_server *s = server_of_session(session);

	s->drained_ms = loop_now_ms(s->end.loop);
	if (!s->draining)
		s->drained_first_ms = s->drained_ms;
	s->draining = true;
	s->drain_idle_ms = idle_ms;
	if (s->phase == SERVER_BUSY && s->end.tunnel)
		arm(&s->end);
	if (s->phase != SERVER_IDLE)
		return;
	if (idle_ms)
		arm(&s->end);
	else
		finish(s, STREAM_DONE, HTTP_RULE_NONE);
}

static void server_free(void *object)
{
	struct h1_server *s = object;

	s->magic = s->end.magic = 0;
	free(s);
}

static void destroy(struct session *session)
{
	struct h1_server *s = server_of_session(session);

	assert(s->phase != SERVER_DEAD);
	s->phase = SERVER_DEAD;
	h1_end_fail(&s->end, STREAM_GONE, HTTP_RULE_NONE, 0);
	h1_end_fini(&s->end);
	loop_free_later(s->end.loop, &s->corpse, server_free, s);
}

static const struct session_ops session_ops = {
	.drain = drain,
	.destroy = destroy,
};

struct session *h1_server_new(struct loop *loop, struct conn *conn,
	const struct http_limits *limits, const struct session_events *events,
	void *owner)
{
	struct h1_server *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	h1_end_init(&s->end, &role, &stream_ops, loop, conn, limits);
	s->magic = SERVER_MAGIC;
	s->session.ops = &session_ops;
	s->events = events;
	s->owner = owner;
	s->end.body_limit = limits->body;
	s->since_ms = loop_now_ms(loop);
	s->end.task.cb = run;
	s->end.task.arg = s;
	loop_timer_init(loop, &s->end.timer, on_timer, s);
	arm(&s->end);
	conn_set_owner(conn, &conn_events, s);
	conn_resume(conn);
	return &s->session;
}
