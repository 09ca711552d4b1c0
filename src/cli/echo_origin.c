#include "cli/echo_origin.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"
#include "http/h1_server.h"
#include "http/message.h"
#include "net/conn.h"
#include "net/sock.h"

struct echo_origin {
	struct loop *loop;
	struct conn_io *io;
	struct http_limits limits;
	struct loop_watch watch;
	struct peer *peers;
	int fd;
	uint16_t port;
};

/* One connection of the proxy's, and the request that runs on it. */
struct peer {
	struct echo_origin *origin;
	struct conn *conn;
	struct session *session;
	struct stream *stream; /* NULL: none runs */
	struct arena *arena;
	struct buf text; /* what is answered */
	bool no_body;    /* the request was a HEAD */
	struct peer *next;
	struct loop_corpse corpse;
};

static void peer_free(void *object)
{
	struct peer *peer = object;

	arena_free(peer->arena);
	buf_fini(&peer->text);
	free(peer);
}

/* ---- one request ---- */

static void request_over(struct peer *peer, enum stream_close how)
{
	struct stream *stream = peer->stream;

	peer->stream = NULL;
	if (stream)
		stream->ops->close(stream, how);
	buf_fini(&peer->text);
}

static bool echo_fields(
	struct buf *text, const struct header_block *block, const char *prefix)
{
	for (size_t i = 0; block && i < block->count; i++) {
		const struct header_field *field = &block->fields[i];

		if (!buf_printf(text, "%s%.*s: %.*s\n", prefix,
			    SLICE_FMT(field->name), SLICE_FMT(field->value)))
			return false;
	}
	return true;
}

static void on_head(void *owner, struct message *head)
{
	struct peer *peer = owner;

	peer->no_body = head->method == METHOD_HEAD;
	if (!buf_printf(&peer->text, "%.*s %.*s HTTP/1.1\nHost: %.*s\n",
		    SLICE_FMT(head->method_text), SLICE_FMT(head->path),
		    SLICE_FMT(head->authority)) ||
		!echo_fields(&peer->text, &head->fields, ""))
		request_over(peer, STREAM_ABORT);
}

static void on_body(void *owner, struct slice bytes)
{
	(void)owner; /* counted by the stream */
	(void)bytes;
}

static void answer(struct peer *peer)
{
	struct stream *stream = peer->stream;
	struct message head = {.kind = MESSAGE_RESPONSE,
		.version = MESSAGE_HTTP_1_1,
		.status = 200,
		.reason = SLICE("OK"),
		.stated_len = -1,
		.body = BODY_LENGTH,
		.body_len = peer->text.len};

	if (!header_add(&head.fields, peer->arena, SLICE("Content-Type"),
		    SLICE("text/plain; charset=utf-8")) ||
		!header_add(&head.fields, peer->arena, SLICE(ECHO_ORIGIN_MARK),
			SLICE("1"))) {
		request_over(peer, STREAM_ABORT);
		return;
	}
	if (peer->no_body) {
		head.body = BODY_NONE;
		head.stated_len = (int64_t)peer->text.len;
	}
	stream->ops->send_head(stream, &head);
	if (!peer->no_body)
		(void)stream->ops->send_body(stream, buf_bytes(&peer->text));
	stream->ops->send_end(stream, NULL);
	request_over(peer, STREAM_DONE);
}

static void on_end(void *owner, struct header_block *trailers)
{
	struct peer *peer = owner;

	if ((peer->stream->bytes_in &&
		    !buf_printf(&peer->text, "(a body of %llu bytes)\n",
			    (unsigned long long)peer->stream->bytes_in)) ||
		!echo_fields(&peer->text, trailers, "(trailer) "))
		request_over(peer, STREAM_ABORT);
	else
		answer(peer);
}

static void on_room(void *owner)
{
	(void)owner; /* an answer is small: it was taken whole */
}

static void on_fail(void *owner, const struct stream_failure *failure)
{
	(void)failure;
	request_over(owner, STREAM_ABORT);
}

static const struct stream_events stream_events = {
	.on_head = on_head,
	.on_body = on_body,
	.on_end = on_end,
	.on_room = on_room,
	.on_fail = on_fail,
};

/* ---- one connection ---- */

static void on_stream(void *owner, struct stream *stream)
{
	struct peer *peer = owner;

	/* The arena of the request before: nobody looks at it any more. */
	arena_free(peer->arena);
	peer->arena = arena_new(NULL);
	if (!peer->arena)
		return;
	peer->stream = stream;
	stream_bind(stream, &stream_events, peer, peer->arena);
}

static void peer_remove(struct peer *peer)
{
	struct peer **at = &peer->origin->peers;

	while (*at != peer)
		at = &(*at)->next;
	*at = peer->next;
	loop_free_later(peer->origin->loop, &peer->corpse, peer_free, peer);
}

static void on_finished(void *owner, enum stream_close how, enum http_rule rule)
{
	struct peer *peer = owner;

	(void)rule;
	peer->session->ops->destroy(peer->session);
	if (how == STREAM_DONE)
		conn_finish(&peer->conn);
	else
		conn_abort(&peer->conn);
	peer_remove(peer);
}

static const struct session_events session_events = {
	.on_stream = on_stream,
	.on_finished = on_finished,
};

static void peer_open(void *owner)
{
	struct peer *peer = owner;
	struct echo_origin *origin = peer->origin;

	peer->session = h1_server_new(origin->loop, peer->conn, &origin->limits,
		&session_events, peer);
	if (peer->session)
		return;
	conn_abort(&peer->conn);
	peer_remove(peer);
}

static size_t peer_data(void *owner, struct slice bytes)
{
	(void)owner;
	(void)bytes;
	return 0; /* kept for the session */
}

static void peer_eof(void *owner)
{
	struct peer *peer = owner;

	conn_abort(&peer->conn);
	peer_remove(peer);
}

static void peer_fail(void *owner, enum conn_fail why)
{
	(void)why;
	peer_eof(owner);
}

static void peer_room(void *owner)
{
	(void)owner;
}

static const struct conn_events conn_events = {
	.on_open = peer_open,
	.on_data = peer_data,
	.on_eof = peer_eof,
	.on_room = peer_room,
	.on_fail = peer_fail,
};

static void peer_new(struct echo_origin *origin, int fd)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer) {
		close(fd);
		return;
	}
	peer->origin = origin;
	peer->conn = conn_accept(origin->io, fd, NULL, &conn_events, peer);
	if (!peer->conn) {
		free(peer);
		return;
	}
	peer->next = origin->peers;
	origin->peers = peer;
}

static void accept_cb(void *arg, unsigned ready)
{
	struct echo_origin *origin = arg;
	struct addr addr;
	int fd;

	(void)ready;
	if (sock_accept(origin->fd, &fd, &addr) == SOCK_ACCEPTED)
		peer_new(origin, fd);
}

/* ---- its life ---- */

static const struct http_limits limits = {
	.header_bytes = 65536,
	.header_count = 200,
	.request_line = 16384,
	.body = UINT64_MAX,
	.trailer_bytes = 16384,
	.pipelined = 1,
	.requests = UINT64_MAX,
	.header_ms = 10000,
	.body_ms = 60000,
	.write_ms = 60000,
	.keepalive_ms = 3600000,
	.first_ms = 3600000,
};

static bool echo_listen(
	struct echo_origin *origin, const struct addr *addr, struct err *err)
{
	const struct sock_listen how = {.backlog = 128, .reuse_addr = true};
	struct addr any, bound;

	if (!addr_parse(SLICE("127.0.0.1:0"), &any))
		return false;
	origin->fd = sock_listen(addr ? addr : &any, &how, &bound, err);
	if (origin->fd < 0)
		return false;
	origin->port = addr_port(&bound);
	if (loop_watch_read(origin->loop, &origin->watch, origin->fd, accept_cb,
		    origin))
		return true;
	err_set(err, EXIT_CODE_INTERNAL, "out of memory");
	return false;
}

struct echo_origin *echo_origin_new(
	struct loop *loop, const struct addr *addr, struct err *err)
{
	struct echo_origin *origin = calloc(1, sizeof(*origin));

	if (origin) {
		origin->loop = loop;
		origin->limits = limits;
		origin->fd = -1;
		origin->io = conn_io_new(loop);
	}
	if (!origin || !origin->io) {
		err_set(err, EXIT_CODE_INTERNAL, "out of memory");
		free(origin);
		return NULL;
	}
	if (echo_listen(origin, addr, err))
		return origin;
	echo_origin_free(origin);
	return NULL;
}

void echo_origin_free(struct echo_origin *origin)
{
	if (!origin)
		return;
	loop_unwatch(&origin->watch);
	if (origin->fd >= 0)
		close(origin->fd);
	while (origin->peers) {
		struct peer *peer = origin->peers;

		if (peer->session)
			peer->session->ops->destroy(peer->session);
		conn_abort(&peer->conn);
		peer_remove(peer);
	}
	loop_clock_refresh(origin->loop);
	conn_io_free(origin->io);
	free(origin);
}

uint16_t echo_origin_port(const struct echo_origin *origin)
{
	return origin->port;
}
