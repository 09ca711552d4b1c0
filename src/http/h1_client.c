#include "http/h1_client.h"

#include "h1_read_priv.h"
#include "h1_send_priv.h"
#include "net/conn.h"

#include <assert.h>
#include <stdlib.h>

enum { CLIENT_MAGIC = 0x6831636c };
/* Interim heads of one exchange; more is no answer. */
enum { INTERIM_MAX = 16 };

enum client_phase {
	CLIENT_IDLE,
	CLIENT_LENT, /* its stream is open */
	CLIENT_OVER, /* on_over follows or was told */
	CLIENT_DEAD, /* freed after the loop turn */
};

struct h1_client {
	struct h1_end end; /* first */
	uint32_t magic;
	enum client_phase phase;
	const struct h1_client_events *events;
	void *owner;
	uint64_t served;      /* exchanges finished */
	uint64_t sent_before; /* conn_sent when it was lent */
	unsigned interim;     /* heads of this exchange */
	enum method method;   /* of its request */
	bool asks;            /* ... for a tunnel */
	bool closing;         /* the connection serves no exchange after this */
	bool answered;        /* a byte of the response came */
	bool idle_due;        /* on_idle */
	bool told;            /* on_over */
	enum stream_close how;
	struct loop_corpse corpse;
};

static struct h1_client *client_of(struct h1_end *end)
{
	struct h1_client *c = (struct h1_client *)(void *)end;

	assert(c->magic == CLIENT_MAGIC);
	return c;
}

static void tell_over(struct h1_client *c)
{
	if (c->told)
		return;
	c->told = true;
	c->events->on_over(c->owner, c->how);
}

/* From a verb: on_over follows later. */
static void be_over(struct h1_client *c, enum stream_close how)
{
	if (c->phase == CLIENT_DEAD)
		return;
	if (c->phase != CLIENT_OVER || how == STREAM_ABORT)
		c->how = how;
	c->phase = CLIENT_OVER;
	loop_timer_clear(&c->end.timer);
	conn_pause(c->end.conn);
	loop_later(c->end.loop, &c->end.task);
}

/*
 * From an event of the conn: its owner is told at once, so that nobody lends
 * out what is over.
 */
static void end_idle(struct h1_client *c, enum stream_close how)
{
	if (c->phase != CLIENT_IDLE && c->phase != CLIENT_OVER)
		return;
	be_over(c, how);
	tell_over(c);
}

/* What a verb put off. */
static void run(void *arg)
{
	struct h1_client *c = client_of(arg);

	h1_end_run_late(&c->end);
	h1_end_redeliver(&c->end);
	if (c->phase == CLIENT_IDLE && c->idle_due) {
		c->idle_due = false;
		c->events->on_idle(c->owner);
	} else if (c->phase == CLIENT_OVER) {
		tell_over(c);
	}
}

/* ---- the stream ---- */

static void close_stream(struct stream *stream, enum stream_close how)
{
	struct h1_client *c = client_of(h1_end_of(stream));
	struct h1_end *end = &c->end;
	const bool complete = (h1_end_received(end) || end->tunnel) &&
			      end->out == H1_OUT_OVER;
	/* Lent, and given back without a word: nothing happened. */
	const bool unused = end->in == H1_IN_NONE && end->out == H1_OUT_HEAD;

	h1_end_close(end);
	if (c->phase != CLIENT_LENT)
		return;
	if (!unused)
		c->served++;
	if (!unused && (how == STREAM_ABORT || !complete)) {
		be_over(c, STREAM_ABORT);
		return;
	}
	if (c->closing) {
		be_over(c, STREAM_DONE);
		return;
	}
	c->phase = CLIENT_IDLE;
	c->idle_due = true;
	if (conn_paused(end->conn))
		conn_resume(end->conn);
	loop_later(end->loop, &end->task);
}

static enum h1_framing framing_of(const struct message *head)
{
	switch (head->body) {
	case BODY_LENGTH:
		return H1_FRAME_LENGTH;
	case BODY_UNKNOWN:
		return H1_FRAME_CHUNKED;
	case BODY_NONE:
		break;
	}
	return H1_FRAME_NONE;
}

static void send_head(struct stream *stream, const struct message *head)
{
	struct h1_client *c = client_of(h1_end_of(stream));
	struct h1_end *end = &c->end;
	const struct h1_write how = {.framing = framing_of(head)};

	assert(end->open && end->stream.events);
	assert(head->kind == MESSAGE_REQUEST);
	if (end->out != H1_OUT_HEAD || end->failed || end->late)
		return;
	if (!h1_end_send_head(end, head, &how))
		return;
	c->method = head->method;
	c->asks = head->upgrade.len;
	end->in = H1_IN_HEAD;
	h1_end_begin_body(end, head, how.framing);
}

static void tunnel(struct stream *stream)
{
	client_of(h1_end_of(stream))->closing = true;
	h1_end_tunnel(stream);
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
	struct h1_client *c = client_of(end);
	struct h1_reading *r = end->reading;
	enum http_rule rule = h1_parse_response(&r->parser, head, c->method,
		&r->message, &r->connection, offset);

	if (rule)
		return rule;
	/* Which one it is, is its owner's to look at (R10). */
	if (r->message.status == 101)
		return c->asks && r->message.upgrade.len ? HTTP_RULE_NONE
							 : HTTP_RULE_UPGRADE;
	if (r->message.status < 200)
		return ++c->interim > INTERIM_MAX ? HTTP_RULE_STATUS_CODE
						  : HTTP_RULE_NONE;
	if (r->connection.close)
		c->closing = true;
	return HTTP_RULE_NONE;
}

static void blame(struct h1_end *end, struct stream_failure *failure)
{
	const struct h1_client *c = client_of(end);

	failure->untouched =
		!c->answered && conn_sent(end->conn) == c->sent_before;
	failure->reused = c->served > 0;
}

static void arm(struct h1_end *end)
{
	h1_end_arm(end, h1_end_stall_due(end));
}

static const struct h1_role role = {
	.kind = H1_RESPONSE,
	.take_head = take_head,
	.blame = blame,
	.arm = arm,
};

static void on_timer(void *arg)
{
	struct h1_client *c = client_of(arg);
	const int64_t due_ms = h1_end_stall_due(&c->end);

	if (due_ms && due_ms <= loop_now_ms(c->end.loop))
		h1_end_fail(&c->end, STREAM_GONE, HTTP_RULE_WRITE_TIMEOUT, 0);
	else
		h1_end_arm(&c->end, due_ms);
}

/* Bytes that answer nothing: the connection cannot be trusted any more. */
static size_t unexpected(struct h1_client *c, struct slice bytes)
{
	c->closing = true;
	if (c->phase == CLIENT_IDLE)
		end_idle(c, STREAM_ABORT);
	else if (c->end.in == H1_IN_NONE)
		h1_end_fail(
			&c->end, STREAM_GONE, HTTP_RULE_UNEXPECTED_BYTES, 0);
	return bytes.len;
}

static size_t on_data(void *owner, struct slice bytes)
{
	struct h1_client *c = client_of(owner);
	size_t used = 0;

	if (c->phase == CLIENT_LENT && c->end.in != H1_IN_NONE) {
		if (bytes.len)
			c->answered = true;
		used = h1_end_feed(&c->end, bytes);
	}
	if (used == bytes.len)
		return used;
	if (c->phase == CLIENT_IDLE || c->end.in == H1_IN_NONE ||
		c->end.in == H1_IN_OVER)
		return used + unexpected(c, slice_from(bytes, used));
	return used;
}

static void on_eof(void *owner)
{
	struct h1_client *c = client_of(owner);
	struct h1_end *end = &c->end;

	c->closing = true;
	if (c->phase != CLIENT_LENT) {
		end_idle(c, STREAM_DONE);
		return;
	}
	if (end->in == H1_IN_BODY && h1_body_may_end(&end->body)) {
		end->in = H1_IN_END;
		h1_end_feed(end, slice_of(NULL, 0));
		return;
	}
	if (!h1_end_received(end))
		h1_end_fail(end, STREAM_GONE, h1_end_cut(end), 0);
}

static void on_room(void *owner)
{
	h1_end_room(&client_of(owner)->end);
}

static void on_fail(void *owner, enum conn_fail why)
{
	struct h1_client *c = client_of(owner);

	(void)why;
	c->closing = true;
	if (c->phase != CLIENT_LENT)
		end_idle(c, STREAM_ABORT);
	else if (c->end.in != H1_IN_OVER || c->end.out != H1_OUT_OVER)
		h1_end_fail(&c->end, STREAM_GONE, h1_end_cut(&c->end), 0);
}

static const struct conn_events conn_events = {
	.on_data = on_data,
	.on_eof = on_eof,
	.on_room = on_room,
	.on_fail = on_fail,
};

/* ---- the client ---- */

struct h1_client *h1_client_new(struct loop *loop, struct conn *conn,
	const struct http_limits *limits, const struct h1_client_events *events,
	void *owner)
{
	struct h1_client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	h1_end_init(&c->end, &role, &stream_ops, loop, conn, limits);
	c->magic = CLIENT_MAGIC;
	c->events = events;
	c->owner = owner;
	c->end.task.cb = run;
	c->end.task.arg = c;
	loop_timer_init(loop, &c->end.timer, on_timer, c);
	conn_set_owner(conn, &conn_events, c);
	conn_resume(conn);
	return c;
}

static void client_free(void *object)
{
	struct h1_client *c = object;

	c->magic = c->end.magic = 0;
	free(c);
}

void h1_client_free(struct h1_client *client)
{
	if (!client)
		return;
	assert(client->magic == CLIENT_MAGIC);
	assert(client->phase != CLIENT_DEAD);
	client->phase = CLIENT_DEAD;
	h1_end_fail(&client->end, STREAM_GONE, HTTP_RULE_NONE, 0);
	h1_end_fini(&client->end);
	loop_free_later(client->end.loop, &client->corpse, client_free, client);
}

struct stream *h1_client_lend(struct h1_client *client)
{
	assert(client->magic == CLIENT_MAGIC);
	assert(client->phase == CLIENT_IDLE);
	h1_end_open(&client->end);
	client->phase = CLIENT_LENT;
	client->interim = 0;
	client->closing = client->answered = false;
	client->sent_before = conn_sent(client->end.conn);
	return &client->end.stream;
}

uint64_t h1_client_served(const struct h1_client *client)
{
	return client->served;
}
