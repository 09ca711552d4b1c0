#include "fake/record_owner.h"

#include "base/arena.h"
#include "net/conn.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- writing down ---- */

static void note(struct record *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note(struct record *r, const char *format, ...)
{
	char text[1024];
	va_list args;
	bool ok;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ok = buf_printf(&r->log, "%s%s", r->log.len ? "; " : "", text);
	assert(ok);
	r->in_body = false;
}

const char *record_told(struct record *r)
{
	bool ok = buf_append(&r->log, slice_of("", 1));

	assert(ok);
	r->log.len--;
	return buf_bytes(&r->log).ptr;
}

void record_forget(struct record *r)
{
	buf_fini(&r->log);
	r->in_body = false;
}

void record_fini(struct record *r)
{
	assert(!r->stream);
	buf_fini(&r->log);
}

static void react(struct record *r, enum record_event event)
{
	if (r->react)
		r->react(r, event);
}

/* ---- events of a stream ---- */

static struct record *heard(void *owner)
{
	struct record *r = owner;

	assert(!r->verbs); /* 4: no event inside a verb */
	assert(r->stream); /* 1: nothing after close */
	return r;
}

static void note_head(struct record *r, const struct message *m)
{
	char body[40] = "none";

	if (m->body == BODY_LENGTH)
		snprintf(body, sizeof(body), "length %llu",
			(unsigned long long)m->body_len);
	else if (m->body == BODY_UNKNOWN)
		snprintf(body, sizeof(body), "unknown");
	else if (m->stated_len >= 0)
		snprintf(body, sizeof(body), "none of %lld",
			(long long)m->stated_len);
	if (m->kind == MESSAGE_REQUEST)
		note(r, "head %.*s %.*s %s%s", SLICE_FMT(m->method_text),
			SLICE_FMT(m->path), body,
			m->expect_continue ? " expect" : "");
	else
		note(r, "head %u %s", m->status, body);
}

static void on_head(void *owner, struct message *head)
{
	struct record *r = heard(owner);

	assert(!r->heard_head && !r->heard_end && !r->heard_fail);
	assert(!r->paused);
	r->heard_head = head->kind == MESSAGE_REQUEST || head->status >= 200;
	note_head(r, head);
	react(r, RECORD_HEAD);
}

static void on_body(void *owner, struct slice bytes)
{
	struct record *r = heard(owner);
	bool ok = true;

	assert(r->heard_head && !r->heard_end && !r->heard_fail);
	assert(!r->paused && bytes.len);
	r->body_bytes += bytes.len;
	assert(r->stream->bytes_in == r->body_bytes);
	if (r->body)
		ok = buf_append(r->body, bytes);
	assert(ok);
	if (!r->quiet) {
		if (!r->in_body)
			note(r, "body ");
		ok = buf_append(&r->log, bytes);
		r->in_body = true;
	}
	assert(ok);
	react(r, RECORD_BODY);
}

static void on_end(void *owner, struct header_block *trailers)
{
	struct record *r = heard(owner);

	assert(r->heard_head && !r->heard_end && !r->heard_fail);
	assert(!r->paused);
	r->heard_end = true;
	note(r, "end");
	for (size_t i = 0; trailers && i < trailers->count; i++) {
		const struct header_field *f = &trailers->fields[i];
		bool ok = buf_printf(&r->log, " %.*s=%.*s", SLICE_FMT(f->name),
			SLICE_FMT(f->value));

		assert(ok);
	}
	react(r, RECORD_END);
}

static void on_room(void *owner)
{
	struct record *r = heard(owner);

	assert(r->rooms_due);
	r->rooms_due = 0;
	note(r, "room");
	react(r, RECORD_ROOM);
}

static void on_fail(void *owner, const struct stream_failure *failure)
{
	static const char *const why[] = {
		"bad", "large", "timeout", "refused", "gone"};
	struct record *r = heard(owner);

	/* 1: behind end or fail only the loss of the connection, once. */
	assert(failure->why == STREAM_GONE || !(r->heard_end || r->heard_fail));
	assert(!r->heard_gone);
	r->heard_fail = true;
	r->heard_gone = failure->why == STREAM_GONE;
	r->failure = *failure;
	note(r, "fail %s %s%s%s", why[failure->why],
		http_rule_info(failure->rule)->name,
		failure->untouched ? " untouched" : "",
		failure->reused ? " reused" : "");
	react(r, RECORD_FAIL);
}

static const struct stream_events stream_events = {
	.on_head = on_head,
	.on_body = on_body,
	.on_end = on_end,
	.on_room = on_room,
	.on_fail = on_fail,
};

void record_bind(struct record *r, struct stream *stream)
{
	assert(!r->stream && !stream->events);
	r->stream = stream;
	r->arena = arena_new(NULL);
	assert(r->arena);
	r->paused = r->heard_head = r->heard_end = r->heard_fail = false;
	r->heard_gone = false;
	r->rooms_due = 0;
	r->body_bytes = 0;
	stream_bind(stream, &stream_events, r, r->arena);
}

/* ---- events of a session and of a client ---- */

static void on_stream(void *owner, struct stream *stream)
{
	struct record *r = owner;

	assert(!r->verbs);
	note(r, "stream");
	if (r->refuses)
		return;
	record_bind(r, stream);
	react(r, RECORD_STREAM);
}

static void end_conn(struct record *r, enum stream_close how)
{
	if (!r->conn)
		return;
	if (how == STREAM_DONE)
		conn_finish(&r->conn);
	else
		conn_abort(&r->conn);
}

static void on_finished(void *owner, enum stream_close how, enum http_rule rule)
{
	struct record *r = owner;

	assert(!r->verbs && !r->stream);
	note(r, "finished %s %s", how == STREAM_DONE ? "done" : "abort",
		http_rule_info(rule)->name);
	react(r, RECORD_FINISHED);
	if (r->keeps)
		return;
	r->session->ops->destroy(r->session);
	r->session = NULL;
	end_conn(r, how);
}

const struct session_events record_session_events = {
	.on_stream = on_stream,
	.on_finished = on_finished,
};

static void on_idle(void *owner)
{
	struct record *r = owner;

	assert(!r->verbs && !r->stream);
	note(r, "idle");
	react(r, RECORD_IDLE);
}

static void on_over(void *owner, enum stream_close how)
{
	struct record *r = owner;

	assert(!r->verbs && !r->stream);
	note(r, "over %s", how == STREAM_DONE ? "done" : "abort");
	react(r, RECORD_OVER);
	if (r->keeps)
		return;
	h1_client_free(r->client);
	r->client = NULL;
	end_conn(r, how);
}

const struct h1_client_events record_client_events = {
	.on_idle = on_idle,
	.on_over = on_over,
};

/* ---- verbs ---- */

void record_send_head(struct record *r, const struct message *head)
{
	r->verbs++;
	r->stream->ops->send_head(r->stream, head);
	r->verbs--;
}

bool record_send_body(struct record *r, const char *bytes, size_t len)
{
	bool room;

	r->verbs++;
	room = r->stream->ops->send_body(r->stream, slice_of(bytes, len));
	r->verbs--;
	if (!room)
		r->rooms_due = 1;
	return room;
}

void record_send_end(struct record *r, const struct header_block *trailers)
{
	r->verbs++;
	r->stream->ops->send_end(r->stream, trailers);
	r->verbs--;
}

void record_pause(struct record *r)
{
	r->verbs++;
	r->stream->ops->pause(r->stream);
	r->verbs--;
	r->paused = true;
}

void record_resume(struct record *r)
{
	r->paused = false;
	r->verbs++;
	r->stream->ops->resume(r->stream);
	r->verbs--;
}

void record_tunnel(struct record *r)
{
	r->verbs++;
	r->stream->ops->tunnel(r->stream);
	r->verbs--;
	r->heard_head = true;
	r->heard_end = false;
}

void record_close(struct record *r, enum stream_close how)
{
	r->verbs++;
	r->stream->ops->close(r->stream, how);
	r->verbs--;
	r->stream = NULL;
	arena_free(r->arena);
	r->arena = NULL;
}

void record_answer_head(
	struct record *r, unsigned status, enum body_kind body, uint64_t len)
{
	struct message head = {
		.kind = MESSAGE_RESPONSE,
		.version = MESSAGE_HTTP_1_1,
		.status = status,
		.reason = slice_str(status_reason(status)),
		.stated_len = -1,
		.body = body,
		.body_len = len,
	};

	record_send_head(r, &head);
}

void record_answer(struct record *r, unsigned status, const char *body)
{
	const size_t len = strlen(body);

	record_answer_head(r, status, BODY_LENGTH, len);
	if (len)
		(void)record_send_body(r, body, len);
	record_send_end(r, NULL);
	record_close(r, STREAM_DONE);
}

void record_ask(struct record *r, enum method method, const char *name,
	enum body_kind body, uint64_t len)
{
	struct message head = {
		.kind = MESSAGE_REQUEST,
		.version = MESSAGE_HTTP_1_1,
		.method = method,
		.method_text = slice_str(name),
		.authority = SLICE("origin.test"),
		.path = SLICE("/"),
		.stated_len = -1,
		.body = body,
		.body_len = len,
	};

	record_send_head(r, &head);
}
