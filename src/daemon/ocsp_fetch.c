#include "daemon/ocsp_fetch.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/loop.h"
#include "config/http_url.h"
#include "http/h1_client.h"
#include "http/message.h"
#include "net/conn.h"
#include "tls/ocsp_answer.h"

static const struct http_limits limits = {
	.header_bytes = 8192,
	.header_count = 64,
	.request_line = 2048,
	.body = UINT64_MAX,
	.trailer_bytes = 1024,
};

struct ocsp_fetch {
	struct ocsp_fetch_setup setup;
	size_t next; /* address to try */
	struct conn *conn;
	struct h1_client *client; /* NULL while connecting */
	struct stream *stream;    /* NULL: not lent, or closed */
	struct arena *arena;
	struct buf body;
	bool over;
	enum ocsp_result result;
	struct loop_task task; /* begins it, and ends it */
	struct loop_corpse corpse;
};

/* ---- its end ---- */

static void fetch_free(void *object)
{
	struct ocsp_fetch *f = object;

	buf_fini(&f->body);
	arena_free(f->arena);
	free(f);
}

static void hang_up(struct ocsp_fetch *f)
{
	if (f->stream)
		f->stream->ops->close(f->stream, STREAM_ABORT);
	f->stream = NULL;
	h1_client_free(f->client);
	f->client = NULL;
	if (f->conn)
		conn_abort(&f->conn);
}

void ocsp_fetch_cancel(struct ocsp_fetch *f)
{
	f->over = true;
	hang_up(f);
	loop_cancel(f->setup.loop, &f->task);
	loop_free_later(f->setup.loop, &f->corpse, fetch_free, f);
}

/* From inside an event: the rest comes from the later queue. */
static void finish(struct ocsp_fetch *f, enum ocsp_result result)
{
	if (f->over)
		return;
	f->over = true;
	f->result = result;
	if (f->stream)
		f->stream->ops->close(f->stream, STREAM_ABORT);
	f->stream = NULL;
	loop_later(f->setup.loop, &f->task);
}

/* ---- the answer ---- */

static void on_head(void *owner, struct message *head)
{
	struct ocsp_fetch *f = owner;

	if (head->status >= 200 && head->status != 200)
		finish(f, OCSP_RESULT_HTTP);
	else if (head->status == 200 && head->body == BODY_LENGTH &&
		 head->body_len > OCSP_ANSWER_MAX)
		finish(f, OCSP_RESULT_TOO_LARGE);
}

static void on_body(void *owner, struct slice bytes)
{
	struct ocsp_fetch *f = owner;

	if (bytes.len > OCSP_ANSWER_MAX - f->body.len)
		finish(f, OCSP_RESULT_TOO_LARGE);
	else if (!buf_append(&f->body, bytes))
		finish(f, OCSP_RESULT_INTERNAL);
}

static void on_end(void *owner, struct header_block *trailers)
{
	(void)trailers;
	finish(owner, OCSP_RESULT_GOOD);
}

static void on_stream_room(void *owner)
{
	(void)owner;
}

static void on_stream_fail(void *owner, const struct stream_failure *failure)
{
	struct ocsp_fetch *f = owner;

	finish(f, failure->rule == HTTP_RULE_NONE ? OCSP_RESULT_UNREACHABLE
						  : OCSP_RESULT_HTTP);
}

static const struct stream_events stream_events = {
	.on_head = on_head,
	.on_body = on_body,
	.on_end = on_end,
	.on_room = on_stream_room,
	.on_fail = on_stream_fail,
};

/* One exchange and no more. */
static void on_idle(void *owner)
{
	(void)owner;
}

static void on_over(void *owner, enum stream_close how)
{
	(void)how;
	finish(owner, OCSP_RESULT_HTTP);
}

static const struct h1_client_events client_events = {
	.on_idle = on_idle,
	.on_over = on_over,
};

/* ---- the request ---- */

static bool send_request(struct ocsp_fetch *f)
{
	const struct http_url *url = f->setup.url;
	struct message head = {
		.kind = MESSAGE_REQUEST,
		.version = MESSAGE_HTTP_1_1,
		.method = METHOD_POST,
		.method_text = SLICE("POST"),
		.scheme = SLICE("http"),
		.authority = url->authority,
		.path = url->path,
		.stated_len = -1,
		.body = BODY_LENGTH,
		.body_len = f->setup.request.len,
	};

	if (!header_add(&head.fields, f->arena, SLICE("Content-Type"),
		    SLICE("application/ocsp-request")) ||
		!header_add(&head.fields, f->arena, SLICE("Accept"),
			SLICE("application/ocsp-response")))
		return false;
	f->stream->ops->send_head(f->stream, &head);
	(void)f->stream->ops->send_body(f->stream, f->setup.request);
	f->stream->ops->send_end(f->stream, NULL);
	return true;
}

static void on_open(void *owner)
{
	struct ocsp_fetch *f = owner;

	f->client = h1_client_new(
		f->setup.loop, f->conn, &limits, &client_events, f);
	if (!f->client) {
		finish(f, OCSP_RESULT_INTERNAL);
		return;
	}
	f->stream = h1_client_lend(f->client);
	stream_bind(f->stream, &stream_events, f, f->arena);
	if (!send_request(f))
		finish(f, OCSP_RESULT_INTERNAL);
}

/* ---- connecting ---- */

static void connect_next(struct ocsp_fetch *f);

static void on_connect_fail(void *owner, enum conn_fail why)
{
	struct ocsp_fetch *f = owner;

	(void)why;
	conn_abort(&f->conn);
	connect_next(f);
}

static size_t on_no_data(void *owner, struct slice bytes)
{
	(void)owner;
	return bytes.len;
}

static void on_nothing(void *owner)
{
	(void)owner;
}

static const struct conn_events connect_events = {
	.on_open = on_open,
	.on_data = on_no_data,
	.on_eof = on_nothing,
	.on_room = on_nothing,
	.on_fail = on_connect_fail,
};

static void connect_next(struct ocsp_fetch *f)
{
	while (!f->conn && f->next < f->setup.addr_count)
		f->conn = conn_connect(f->setup.io, &f->setup.addrs[f->next++],
			NULL, &connect_events, f);
	if (!f->conn)
		finish(f, OCSP_RESULT_UNREACHABLE);
}

static void on_task(void *arg)
{
	struct ocsp_fetch *f = arg;

	if (!f->over) {
		connect_next(f);
		return;
	}
	hang_up(f);
	f->setup.done(f->setup.owner, f->result, buf_bytes(&f->body));
	loop_free_later(f->setup.loop, &f->corpse, fetch_free, f);
}

struct ocsp_fetch *ocsp_fetch_new(const struct ocsp_fetch_setup *setup)
{
	struct ocsp_fetch *f = calloc(1, sizeof(*f));

	assert(setup->addr_count > 0);
	if (!f)
		return NULL;
	f->setup = *setup;
	f->task = (struct loop_task){.cb = on_task, .arg = f};
	f->arena = arena_new(NULL);
	if (!f->arena) {
		fetch_free(f);
		return NULL;
	}
	loop_later(setup->loop, &f->task);
	return f;
}
