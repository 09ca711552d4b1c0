#include "h1_read_priv.h"

#include <assert.h>

#include "base/arena.h"
#include "net/conn.h"

/* ---- what is told; the owner may have closed when it returns ---- */

static void tell_head(struct h1_end *end, struct message *message)
{
	end->stream.events->on_head(end->stream.owner, message);
}

static void tell_body(struct h1_end *end, struct slice bytes)
{
	end->stream.bytes_in += bytes.len;
	end->stream.events->on_body(end->stream.owner, bytes);
}

static void tell_end(struct h1_end *end, struct header_block *trailers)
{
	end->in = H1_IN_OVER;
	end->stream.events->on_end(end->stream.owner, trailers);
}

/* ---- head ---- */

static bool reading_new(struct h1_end *end)
{
	struct arena *arena = end->stream.arena;

	end->reading = arena_zalloc(arena, sizeof(*end->reading));
	if (!end->reading)
		return false;
	h1_parser_init(
		&end->reading->parser, end->role->kind, end->limits, arena);
	return true;
}

/* RFC 9112 section 6.3, as the codec put it into the message */
static void begin_body(struct h1_end *end, const struct h1_reading *reading)
{
	const struct message *message = &reading->message;
	enum h1_body_kind kind = H1_BODY_NONE;

	if (message->body == BODY_LENGTH && message->body_len)
		kind = H1_BODY_LENGTH;
	else if (message->body == BODY_UNKNOWN)
		kind = reading->connection.chunked ? H1_BODY_CHUNKED
						   : H1_BODY_CLOSE;
	h1_body_init(&end->body, kind, message->body_len, end->body_limit);
	end->in = kind == H1_BODY_NONE ? H1_IN_END : H1_IN_BODY;
	end->held_ms = 0;
}

static bool body_fits(const struct h1_end *end, const struct message *message)
{
	return message->body != BODY_LENGTH ||
	       message->body_len <= end->body_limit;
}

/* bytes: the complete head as received. */
static void take_head(struct h1_end *end, struct slice bytes)
{
	struct h1_reading *reading = end->reading;
	enum http_rule rule = HTTP_RULE_NO_MEMORY;
	size_t offset = 0;
	struct slice head;

	if (arena_dup(end->stream.arena, bytes, &head))
		rule = end->role->take_head(end, head, &offset);
	if (!rule && !body_fits(end, &reading->message))
		rule = HTTP_RULE_BODY_TOO_LARGE;
	if (rule) {
		h1_end_refuse(end, rule, offset);
		return;
	}
	if (reading->message.kind == MESSAGE_RESPONSE &&
		reading->message.status < 200) {
		end->reading = NULL; /* another head follows */
	} else {
		end->head_len = bytes.len;
		begin_body(end, reading);
	}
	tell_head(end, &reading->message);
}

static bool read_head(struct h1_end *end, struct slice *rest)
{
	size_t len;

	if (!rest->len)
		return false;
	if (!end->reading && !reading_new(end)) {
		h1_end_refuse(end, HTTP_RULE_NO_MEMORY, 0);
		return false;
	}
	switch (h1_parser_feed(&end->reading->parser, *rest)) {
	case H1_MORE:
		return false;
	case H1_BAD:
		h1_end_refuse(end, end->reading->parser.rule,
			end->reading->parser.offset);
		return false;
	case H1_DONE:
		break;
	}
	len = h1_parser_len(&end->reading->parser);
	take_head(end, slice_head(*rest, len));
	*rest = slice_from(*rest, len);
	return true;
}

/* ---- body ---- */

static size_t body_offset(const struct h1_end *end)
{
	return end->head_len + (size_t)(end->body.total + end->body.overhead);
}

static bool read_body(struct h1_end *end, struct slice *rest)
{
	struct slice data;

	switch (h1_body_read(&end->body, rest, &data)) {
	case H1_BODY_MORE:
		return false;
	case H1_BODY_DATA:
		tell_body(end, data);
		return true;
	case H1_BODY_TRAILERS:
		end->in = H1_IN_TRAILERS;
		h1_parser_init(&end->reading->parser, H1_TRAILERS, end->limits,
			end->stream.arena);
		return true;
	case H1_BODY_END:
		end->in = H1_IN_END;
		return true;
	case H1_BODY_BAD:
		break;
	}
	h1_end_refuse(end, end->body.rule, body_offset(end));
	return false;
}

/* bytes: the complete trailer section as received. */
static void take_trailers(struct h1_end *end, struct slice bytes)
{
	struct h1_reading *reading = end->reading;
	enum http_rule rule = HTTP_RULE_NO_MEMORY;
	size_t offset = 0;
	struct slice section;

	if (arena_dup(end->stream.arena, bytes, &section))
		rule = h1_parse_trailers(
			&reading->parser, section, &reading->trailers, &offset);
	if (rule)
		h1_end_refuse(end, rule, body_offset(end) + offset);
	else
		tell_end(end, &reading->trailers);
}

static bool read_trailers(struct h1_end *end, struct slice *rest)
{
	struct h1_parser *parser = &end->reading->parser;
	size_t len;

	assert(end->reading); /* since the head */
	if (!rest->len)
		return false;
	switch (h1_parser_feed(parser, *rest)) {
	case H1_MORE:
		return false;
	case H1_BAD:
		h1_end_refuse(
			end, parser->rule, body_offset(end) + parser->offset);
		return false;
	case H1_DONE:
		break;
	}
	len = h1_parser_len(parser);
	take_trailers(end, slice_head(*rest, len));
	*rest = slice_from(*rest, len);
	return true;
}

/* One step; false: there is nothing to do until more comes. */
static bool step(struct h1_end *end, struct slice *rest)
{
	switch (end->in) {
	case H1_IN_HEAD:
		return read_head(end, rest);
	case H1_IN_BODY:
		return read_body(end, rest);
	case H1_IN_TRAILERS:
		return read_trailers(end, rest);
	case H1_IN_END:
		tell_end(end, NULL);
		return true;
	default:
		return false;
	}
}

size_t h1_end_feed(struct h1_end *end, struct slice bytes)
{
	struct slice rest = bytes;

	assert(end->magic == H1_END_MAGIC);
	while (end->open && !end->paused && step(end, &rest))
		;
	if (end->in == H1_IN_BODY)
		conn_expect(end->conn);
	return bytes.len - rest.len;
}

void h1_end_redeliver(struct h1_end *end)
{
	if (!end->resumed)
		return;
	end->resumed = false;
	h1_end_feed(end, slice_of(NULL, 0));
}

bool h1_end_received(const struct h1_end *end)
{
	return end->in == H1_IN_OVER || end->in == H1_IN_END;
}

bool h1_end_nearly(const struct h1_end *end, uint64_t most)
{
	return end->in == H1_IN_BODY && end->body.kind == H1_BODY_LENGTH &&
	       end->body.left <= most;
}
