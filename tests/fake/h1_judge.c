#include "fake/h1_judge.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

const struct http_limits h1_judge_limits = {
	.header_bytes = 32768,
	.header_count = 100,
	.request_line = 8192,
	.body = UINT64_MAX,
	.trailer_bytes = 8192,
};

struct judge {
	struct h1_verdict verdict;
	struct h1_parser parser;
	struct h1_connection connection;
	struct slice bytes;
	size_t piece;
	const struct http_limits *limits;
	struct arena *arena;
};

/* The first `len` bytes at an address of their own, so that a sanitizer sees
 * any look behind them and a kept pointer is seen, too. */
static char *moved(struct slice bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, bytes.ptr, len);
	return copy;
}

static enum h1_status feed(struct judge *j, struct slice bytes)
{
	size_t shown = j->piece ? 0 : bytes.len;
	enum h1_status status = H1_MORE;

	do {
		char *copy;

		shown += j->piece;
		if (shown > bytes.len)
			shown = bytes.len;
		copy = moved(bytes, shown);
		status = h1_parser_feed(&j->parser, slice_of(copy, shown));
		free(copy);
	} while (status == H1_MORE && shown < bytes.len);
	return status;
}

static struct h1_verdict end_bad(
	struct judge *j, enum http_rule rule, size_t offset)
{
	j->verdict.end = H1_END_BAD;
	j->verdict.rule = rule;
	j->verdict.offset = offset;
	return j->verdict;
}

static struct h1_verdict end_cut(struct judge *j)
{
	j->verdict.end = H1_END_CUT;
	return j->verdict;
}

static struct h1_verdict end_done(struct judge *j, size_t len)
{
	j->verdict.end = H1_END_DONE;
	j->verdict.len = len;
	return j->verdict;
}

/* The section lies behind the first `at` bytes of the message. */
static struct h1_verdict judge_trailers(struct judge *j, size_t at)
{
	struct slice section = slice_from(j->bytes, at);
	enum http_rule rule;
	enum h1_status status;
	size_t offset;

	h1_parser_init(&j->parser, H1_TRAILERS, j->limits, j->arena);
	status = feed(j, section);
	if (status == H1_BAD)
		return end_bad(j, j->parser.rule, at + j->parser.offset);
	if (status == H1_MORE)
		return end_cut(j);
	rule = h1_parse_trailers(
		&j->parser, section, &j->verdict.trailers, &offset);
	if (rule)
		return end_bad(j, rule, at + offset);
	return end_done(j, at + h1_parser_len(&j->parser));
}

static struct h1_verdict judge_body(
	struct judge *j, struct h1_body *body, size_t at)
{
	for (;;) {
		size_t piece = j->piece ? j->piece : j->bytes.len;
		struct slice shown =
			slice_head(slice_from(j->bytes, at), piece);
		size_t before = shown.len;
		struct slice data;
		enum h1_body_status status;

		status = h1_body_read(body, &shown, &data);
		at += before - shown.len;
		j->verdict.body = body->total;
		if (status == H1_BODY_BAD)
			return end_bad(j, body->rule, at);
		if (status == H1_BODY_TRAILERS)
			return judge_trailers(j, at);
		if (status == H1_BODY_END)
			return end_done(j, at);
		if (status == H1_BODY_MORE && at == j->bytes.len)
			return h1_body_may_end(body) ? end_done(j, at)
						     : end_cut(j);
	}
}

static enum h1_body_kind kind_of(const struct judge *j)
{
	switch (j->verdict.message.body) {
	case BODY_LENGTH:
		return H1_BODY_LENGTH;
	case BODY_UNKNOWN:
		return j->connection.chunked ? H1_BODY_CHUNKED : H1_BODY_CLOSE;
	case BODY_NONE:
		break;
	}
	return H1_BODY_NONE;
}

struct h1_verdict h1_judge(enum h1_kind kind, enum method method,
	struct slice bytes, size_t piece, const struct http_limits *limits,
	struct arena *arena)
{
	struct judge j = {.bytes = bytes,
		.piece = piece,
		.limits = limits,
		.arena = arena};
	struct message *message = &j.verdict.message;
	enum h1_status status;
	enum http_rule rule;
	struct h1_body body;
	struct slice head;
	size_t offset;

	h1_parser_init(&j.parser, kind, limits, arena);
	status = feed(&j, bytes);
	if (status == H1_BAD)
		return end_bad(&j, j.parser.rule, j.parser.offset);
	if (status == H1_MORE)
		return end_cut(&j);
	if (!arena_dup(
		    arena, slice_head(bytes, h1_parser_len(&j.parser)), &head))
		abort();
	if (kind == H1_REQUEST)
		rule = h1_parse_request(
			&j.parser, head, message, &j.connection, &offset);
	else
		rule = h1_parse_response(&j.parser, head, method, message,
			&j.connection, &offset);
	if (rule)
		return end_bad(&j, rule, offset);
	j.verdict.head_done = true;
	j.verdict.close = j.connection.close;
	h1_body_init(&body, kind_of(&j), message->body_len, limits->body);
	return judge_body(&j, &body, head.len);
}
