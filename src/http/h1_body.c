#include "http/h1_body.h"

#include "bytes_priv.h"

/* Where the chunk reader stands. */
enum chunk {
	CHUNK_SIZE,     /* at the first digit */
	CHUNK_DIGITS,   /* in the digits behind it */
	CHUNK_EXT_NAME, /* behind ';': a token begins */
	CHUNK_EXT_IN_NAME,
	CHUNK_EXT_VALUE, /* behind '=': a token or a quoted-string begins */
	CHUNK_EXT_IN_VALUE,
	CHUNK_EXT_QUOTED,
	CHUNK_EXT_ESCAPED, /* behind a backslash in it */
	CHUNK_EXT_CLOSED,  /* behind its closing quote */
	CHUNK_SIZE_LF,     /* behind the CR of the size line */
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_OVER, /* the last size line is read */
	CHUNK_BAD,
};

void h1_body_init(struct h1_body *body, enum h1_body_kind kind, uint64_t length,
	uint64_t limit)
{
	*body = (struct h1_body){.kind = kind, .limit = limit};
	if (kind == H1_BODY_LENGTH)
		body->left = length;
}

static enum h1_body_status refuse(struct h1_body *body, enum http_rule rule)
{
	body->state = CHUNK_BAD;
	body->rule = rule;
	return H1_BODY_BAD;
}

/* Hands out at most `most` bytes of the input as data. */
static enum h1_body_status take(struct h1_body *body, struct slice *input,
	uint64_t most, struct slice *data)
{
	size_t len = input->len < most ? input->len : (size_t)most;

	*data = slice_head(*input, len);
	*input = slice_from(*input, len);
	body->total += len;
	return H1_BODY_DATA;
}

static enum h1_body_status read_length(
	struct h1_body *body, struct slice *input, struct slice *data)
{
	if (body->left > body->limit - body->total)
		return refuse(body, HTTP_RULE_BODY_TOO_LARGE);
	if (!body->left)
		return H1_BODY_END;
	if (!input->len)
		return H1_BODY_MORE;
	take(body, input, body->left, data);
	body->left -= data->len;
	return H1_BODY_DATA;
}

static enum h1_body_status read_close(
	struct h1_body *body, struct slice *input, struct slice *data)
{
	if (!input->len)
		return H1_BODY_MORE;
	if (body->total == body->limit)
		return refuse(body, HTTP_RULE_BODY_TOO_LARGE);
	return take(body, input, body->limit - body->total, data);
}

/* ---- chunked: each function takes one byte and returns the next state ---- */

static unsigned hex_of(char c)
{
	return c <= '9' ? (unsigned)(c - '0')
			: (unsigned)(slice_lower(c) - 'a') + 10;
}

static enum chunk chunk_refuse(struct h1_body *body, enum http_rule rule)
{
	body->rule = rule;
	return CHUNK_BAD;
}

static enum chunk on_digit(struct h1_body *body, char c)
{
	if (body->line_len > H1_CHUNK_DIGITS || body->left > INT64_MAX >> 4)
		return chunk_refuse(body, HTTP_RULE_CHUNK_SIZE);
	body->left = body->left << 4 | hex_of(c);
	return CHUNK_DIGITS;
}

/* Behind something that may end the size line. */
static enum chunk on_line_end(struct h1_body *body, char c, enum http_rule rule)
{
	if (c == '\r')
		return CHUNK_SIZE_LF;
	if (c == ';')
		return CHUNK_EXT_NAME;
	return chunk_refuse(body, c == '\n' ? HTTP_RULE_CHUNK_END : rule);
}

static enum chunk on_extension(struct h1_body *body, char c)
{
	const enum http_rule bad = HTTP_RULE_CHUNK_EXTENSION;
	const bool token = byte_is(c, BYTE_TOKEN);

	switch ((enum chunk)body->state) {
	case CHUNK_EXT_NAME:
		return token ? CHUNK_EXT_IN_NAME : chunk_refuse(body, bad);
	case CHUNK_EXT_IN_NAME:
		if (token)
			return CHUNK_EXT_IN_NAME;
		return c == '=' ? CHUNK_EXT_VALUE : on_line_end(body, c, bad);
	case CHUNK_EXT_VALUE:
		if (c == '"')
			return CHUNK_EXT_QUOTED;
		return token ? CHUNK_EXT_IN_VALUE : chunk_refuse(body, bad);
	case CHUNK_EXT_IN_VALUE:
		return token ? CHUNK_EXT_IN_VALUE : on_line_end(body, c, bad);
	case CHUNK_EXT_QUOTED:
		if (c == '"')
			return CHUNK_EXT_CLOSED;
		if (c == '\\')
			return CHUNK_EXT_ESCAPED;
		return byte_is(c, BYTE_QDTEXT) ? CHUNK_EXT_QUOTED
					       : chunk_refuse(body, bad);
	case CHUNK_EXT_ESCAPED:
		return byte_is(c, BYTE_VALUE) ? CHUNK_EXT_QUOTED
					      : chunk_refuse(body, bad);
	default: /* CHUNK_EXT_CLOSED */
		return on_line_end(body, c, bad);
	}
}

/* The size line is complete. */
static enum chunk on_size(struct h1_body *body)
{
	if (body->left > body->limit - body->total)
		return chunk_refuse(body, HTTP_RULE_BODY_TOO_LARGE);
	return body->left ? CHUNK_DATA : CHUNK_OVER;
}

static enum chunk on_framing(struct h1_body *body, char c)
{
	switch ((enum chunk)body->state) {
	case CHUNK_SIZE:
		if (byte_is(c, BYTE_HEX))
			return on_digit(body, c);
		return chunk_refuse(body, HTTP_RULE_CHUNK_SIZE);
	case CHUNK_DIGITS:
		if (byte_is(c, BYTE_HEX))
			return on_digit(body, c);
		return on_line_end(body, c, HTTP_RULE_CHUNK_SIZE);
	case CHUNK_SIZE_LF:
		if (c == '\n')
			return on_size(body);
		return chunk_refuse(body, HTTP_RULE_CHUNK_END);
	case CHUNK_DATA_CR:
		if (c == '\r')
			return CHUNK_DATA_LF;
		return chunk_refuse(body, HTTP_RULE_CHUNK_END);
	case CHUNK_DATA_LF:
		body->line_len = 0;
		if (c == '\n')
			return CHUNK_SIZE;
		return chunk_refuse(body, HTTP_RULE_CHUNK_END);
	default:
		return on_extension(body, c);
	}
}

/* Counts one byte of framing against the bounds (R17). */
static bool count_framing(struct h1_body *body)
{
	body->overhead++;
	if (body->overhead > H1_CHUNK_SLACK &&
		(body->overhead - H1_CHUNK_SLACK) / H1_CHUNK_RATIO >=
			body->total) {
		body->rule = HTTP_RULE_CHUNKS_TOO_MANY;
		return false;
	}
	if (body->state < CHUNK_SIZE_LF && ++body->line_len > H1_CHUNK_LINE) {
		body->rule = HTTP_RULE_CHUNK_EXTENSION;
		return false;
	}
	return true;
}

static enum h1_body_status read_chunked(
	struct h1_body *body, struct slice *input, struct slice *data)
{
	while (body->state != CHUNK_OVER) {
		char c;

		if (!input->len)
			return H1_BODY_MORE;
		if (body->state == CHUNK_DATA) {
			take(body, input, body->left, data);
			body->left -= data->len;
			if (!body->left)
				body->state = CHUNK_DATA_CR;
			return H1_BODY_DATA;
		}
		c = input->ptr[0];
		*input = slice_from(*input, 1);
		if (!count_framing(body))
			return refuse(body, body->rule);
		body->state = on_framing(body, c);
		if (body->state == CHUNK_BAD)
			return H1_BODY_BAD;
	}
	return H1_BODY_TRAILERS;
}

enum h1_body_status h1_body_read(
	struct h1_body *body, struct slice *input, struct slice *data)
{
	*data = slice_of(NULL, 0);
	if (body->state == CHUNK_BAD)
		return H1_BODY_BAD;
	switch (body->kind) {
	case H1_BODY_LENGTH:
		return read_length(body, input, data);
	case H1_BODY_CHUNKED:
		return read_chunked(body, input, data);
	case H1_BODY_CLOSE:
		return read_close(body, input, data);
	case H1_BODY_NONE:
		break;
	}
	return H1_BODY_END;
}

bool h1_body_may_end(const struct h1_body *body)
{
	return body->kind == H1_BODY_CLOSE && body->state != CHUNK_BAD;
}

size_t h1_chunk_head(char out[H1_CHUNK_HEAD], size_t len)
{
	static const char digits[] = "0123456789abcdef";
	unsigned shift = 60;
	size_t at = 0;

	while (shift && !(len >> shift))
		shift -= 4;
	for (;; shift -= 4) {
		out[at++] = digits[len >> shift & 15];
		if (!shift)
			break;
	}
	out[at++] = '\r';
	out[at++] = '\n';
	return at;
}
