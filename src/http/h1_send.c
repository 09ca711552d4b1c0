#include "h1_send_priv.h"

#include "base/arena.h"
#include "net/conn.h"

#include <assert.h>

/* The largest piece that conn_reserve gives. */
enum { IN_PLACE = CONN_GATHER / 4 };

/*
 * Room for `size` bytes: in the gather buffer, or, when that is too small, in
 * the arena. NULL: memory is out.
 */
static char *room_for(struct h1_end *end, size_t size)
{
	if (size <= IN_PLACE)
		return conn_reserve(end->conn, size);
	return end->stream.arena ? arena_alloc(end->stream.arena, size) : NULL;
}

static void room_used(
	struct h1_end *end, const char *room, size_t size, size_t used)
{
	/* Whether the queue is full is asked when the body is sent. */
	if (size <= IN_PLACE)
		(void)conn_commit(end->conn, used);
	else if (used)
		(void)conn_write(end->conn, slice_of(room, used));
}

bool h1_end_send_head(struct h1_end *end, const struct message *head,
	const struct h1_write *how)
{
	const size_t size = h1_head_size(head);
	const char *bad = NULL;
	char *room = room_for(end, size);
	size_t used = 0;

	if (room) {
		used = h1_write_head(head, how, room, size, &bad);
		room_used(end, room, size, used);
	}
	if (used)
		return true;
	h1_end_fail_later(
		end, bad ? HTTP_RULE_FIELD_VALUE : HTTP_RULE_NO_MEMORY);
	return false;
}

void h1_end_begin_body(
	struct h1_end *end, const struct message *head, enum h1_framing framing)
{
	end->out = H1_OUT_BODY;
	end->framing = framing;
	end->out_left = framing == H1_FRAME_LENGTH ? head->body_len : 0;
}

static bool send_chunk(struct h1_end *end, struct slice bytes)
{
	char size[H1_CHUNK_HEAD];

	(void)conn_write(
		end->conn, slice_of(size, h1_chunk_head(size, bytes.len)));
	(void)conn_write(end->conn, bytes);
	return conn_write(end->conn, SLICE("\r\n"));
}

/* A body longer than its head said is cut, and never counts as complete. */
static struct slice within_length(struct h1_end *end, struct slice bytes)
{
	if (bytes.len > end->out_left) {
		end->out = H1_OUT_BROKEN;
		bytes = slice_head(bytes, (size_t)end->out_left);
	}
	end->out_left -= bytes.len;
	return bytes;
}

static bool send_piece(struct h1_end *end, struct slice bytes)
{
	switch (end->framing) {
	case H1_FRAME_LENGTH:
		bytes = within_length(end, bytes);
		break;
	case H1_FRAME_CHUNKED:
		end->stream.bytes_out += bytes.len;
		return send_chunk(end, bytes);
	case H1_FRAME_CLOSE:
		break;
	case H1_FRAME_NONE:
		return true;
	}
	end->stream.bytes_out += bytes.len;
	return conn_write(end->conn, bytes);
}

bool h1_end_send_body(struct stream *stream, struct slice bytes)
{
	struct h1_end *end = h1_end_of(stream);

	assert(end->magic == H1_END_MAGIC && end->open);
	assert(end->out != H1_OUT_HEAD || end->late || end->failed);
	if (end->out != H1_OUT_BODY || end->body_dropped)
		return true;
	/* An empty chunk would end the body. */
	if (!bytes.len || send_piece(end, bytes))
		return !end->full;
	if (!end->full) {
		end->full = true;
		end->full_ms = loop_now_ms(end->loop);
		end->role->arm(end);
	}
	return false;
}

static bool send_last_chunk(
	struct h1_end *end, const struct header_block *trailers)
{
	const size_t size = h1_last_chunk_size(trailers);
	char *room = room_for(end, size);
	size_t used = 0;

	if (room) {
		used = h1_write_last_chunk(trailers, room, size);
		room_used(end, room, size, used);
	}
	return used != 0;
}

void h1_end_send_end(struct stream *stream, const struct header_block *trailers)
{
	struct h1_end *end = h1_end_of(stream);
	bool complete = true;

	assert(end->magic == H1_END_MAGIC && end->open);
	assert(end->out != H1_OUT_HEAD || end->late || end->failed);
	if (end->out != H1_OUT_BODY)
		return;
	if (end->framing == H1_FRAME_CHUNKED)
		complete = send_last_chunk(end, trailers);
	else if (end->framing == H1_FRAME_LENGTH && !end->body_dropped)
		complete = !end->out_left;
	end->out = complete ? H1_OUT_OVER : H1_OUT_BROKEN;
	if (end->tunnel)
		conn_end(end->conn);
}
