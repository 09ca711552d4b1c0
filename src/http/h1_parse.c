#include "http/h1_parse.h"

#include "base/arena.h"
#include "h1_priv.h"

/* Where the scanner stands between two bytes. */
enum scan {
	SCAN_BEGIN,    /* at the first byte of all */
	SCAN_EMPTY_LF, /* behind the CR of an empty line before a request */
	SCAN_START,    /* in the start line */
	SCAN_START_LF, /* behind its CR */
	SCAN_FIELD,    /* at the first byte of a field line */
	SCAN_NAME,     /* in the name */
	SCAN_BLANK,    /* between colon and value */
	SCAN_VALUE,    /* in the value */
	SCAN_VALUE_LF, /* behind its CR */
	SCAN_END_LF,   /* behind the CR of the last empty line */
	SCAN_DONE,
	SCAN_BAD, /* rule and offset are set */
};

enum { FIRST_LINES = 16 };

void h1_parser_init(struct h1_parser *parser, enum h1_kind kind,
	const struct http_limits *limits, struct arena *arena)
{
	*parser = (struct h1_parser){
		.kind = kind, .limits = limits, .arena = arena};
	if (kind == H1_RESPONSE)
		parser->state = SCAN_START;
	else if (kind == H1_TRAILERS)
		parser->state = SCAN_FIELD;
	else
		parser->state = SCAN_BEGIN;
}

static size_t fail(struct h1_parser *parser, enum http_rule rule, size_t at)
{
	parser->state = SCAN_BAD;
	parser->rule = rule;
	parser->offset = at;
	return at;
}

static size_t pause_in(struct h1_parser *parser, enum scan state, size_t at)
{
	parser->state = state;
	return at;
}

/* Where the scan must stop: behind the bytes at hand, or at the limit. */
static size_t scan_end(const struct h1_parser *parser, size_t len)
{
	size_t limit = parser->kind == H1_TRAILERS
			       ? parser->limits->trailer_bytes
			       : parser->limits->header_bytes;

	if (limit > UINT32_MAX)
		limit = UINT32_MAX; /* spans hold no more */
	return len < limit ? len : limit;
}

/* ---- start line ---- */

static size_t scan_begin(struct h1_parser *parser, const char *bytes, size_t at)
{
	if (bytes[at] == '\r')
		return pause_in(parser, SCAN_EMPTY_LF, at + 1);
	return pause_in(parser, SCAN_START, at);
}

static size_t scan_empty_lf(
	struct h1_parser *parser, const char *bytes, size_t at)
{
	if (bytes[at] != '\n')
		return fail(parser, HTTP_RULE_LINE_END, at - 1);
	parser->line_start = at + 1;
	return pause_in(parser, SCAN_START, at + 1);
}

static size_t scan_start(
	struct h1_parser *parser, const char *bytes, size_t at, size_t end)
{
	const bool request = parser->kind == H1_REQUEST;
	const size_t room = parser->limits->request_line;
	size_t stop = end;

	/* The byte behind the longest line allowed must be its CR. */
	if (request && room < end - parser->line_start)
		stop = parser->line_start + room + 1;
	at = bytes_value_span(bytes, at, stop);
	if (at == stop && stop - parser->line_start > room && request)
		return fail(parser, HTTP_RULE_REQUEST_LINE_TOO_LONG, at - 1);
	if (at == stop)
		return at;
	if (bytes[at] == '\r')
		return pause_in(parser, SCAN_START_LF, at + 1);
	if (bytes[at] == '\n')
		return fail(parser, HTTP_RULE_LINE_END, at);
	return fail(parser,
		request ? HTTP_RULE_REQUEST_LINE : HTTP_RULE_STATUS_LINE, at);
}

static size_t scan_start_lf(
	struct h1_parser *parser, const char *bytes, size_t at)
{
	enum http_rule rule;
	size_t offset;

	if (bytes[at] != '\n')
		return fail(parser, HTTP_RULE_LINE_END, at - 1);
	if (parser->kind == H1_REQUEST)
		rule = h1_start_request(parser, bytes, at - 1, &offset);
	else
		rule = h1_start_response(parser, bytes, at - 1, &offset);
	if (rule)
		return fail(parser, rule, offset);
	return pause_in(parser, SCAN_FIELD, at + 1);
}

/* ---- field lines ---- */

/* Room for one more line in the table. */
static bool lines_grow(struct h1_parser *parser)
{
	size_t cap = parser->line_cap ? parser->line_cap * 2 : FIRST_LINES;
	struct h1_line *lines;

	lines = arena_alloc(parser->arena, cap * sizeof(*lines));
	if (!lines)
		return false;
	if (parser->line_count)
		memcpy(lines, parser->lines,
			parser->line_count * sizeof(*lines));
	parser->lines = lines;
	parser->line_cap = cap;
	return true;
}

static enum http_rule name_rule(char c)
{
	switch (c) {
	case '\n':
		return HTTP_RULE_LINE_END;
	case ' ':
	case '\t':
	case '\r':
		return HTTP_RULE_FIELD_COLON;
	default:
		return HTTP_RULE_FIELD_NAME;
	}
}

/* At the first byte of a line: a field's, or the CR of the empty one. */
static size_t scan_field_begin(
	struct h1_parser *parser, const char *bytes, size_t at)
{
	const char c = bytes[at];

	if (c == '\r')
		return pause_in(parser, SCAN_END_LF, at + 1);
	if (c == ' ' || c == '\t')
		return fail(parser, HTTP_RULE_FIELD_FOLDING, at);
	if (!byte_is(c, BYTE_TOKEN))
		return fail(parser, name_rule(c), at);
	if (parser->line_count >= parser->limits->header_count)
		return fail(parser, HTTP_RULE_HEADER_TOO_MANY, at);
	if (parser->line_count == parser->line_cap && !lines_grow(parser))
		return fail(parser, HTTP_RULE_NO_MEMORY, at);
	parser->line_start = at;
	return pause_in(parser, SCAN_NAME, at + 1);
}

static size_t value_end(const char *bytes, size_t start, size_t end)
{
	while (end > start && (bytes[end - 1] == ' ' || bytes[end - 1] == '\t'))
		end--;
	return end;
}

/* As much of one field line as is at hand. */
static size_t scan_field(
	struct h1_parser *parser, const char *bytes, size_t at, size_t end)
{
	struct h1_line *line = &parser->lines[parser->line_count];

	switch ((enum scan)parser->state) {
	case SCAN_NAME:
		at = bytes_token_span(bytes, at, end);
		if (at == end)
			return at;
		if (bytes[at] != ':')
			return fail(parser, name_rule(bytes[at]), at);
		line->name = h1_span(parser->line_start, at);
		at++;
		__attribute__((fallthrough));
	case SCAN_BLANK:
		while (at < end && (bytes[at] == ' ' || bytes[at] == '\t'))
			at++;
		if (at == end)
			return pause_in(parser, SCAN_BLANK, at);
		line->value.at = (uint32_t)at;
		__attribute__((fallthrough));
	case SCAN_VALUE:
		at = bytes_value_span(bytes, at, end);
		if (at == end)
			return pause_in(parser, SCAN_VALUE, at);
		if (bytes[at] == '\n')
			return fail(parser, HTTP_RULE_LINE_END, at);
		if (bytes[at] != '\r')
			return fail(parser, HTTP_RULE_FIELD_VALUE, at);
		line->value = h1_span(
			line->value.at, value_end(bytes, line->value.at, at));
		at++;
		if (at == end)
			return pause_in(parser, SCAN_VALUE_LF, at);
		__attribute__((fallthrough));
	default: /* SCAN_VALUE_LF */
		if (bytes[at] != '\n')
			return fail(parser, HTTP_RULE_LINE_END, at - 1);
		parser->line_count++;
		return pause_in(parser, SCAN_FIELD, at + 1);
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * The common case without a word about states: whole lines "name: value" with
 * one blank or none, for which there is room in the table. Stops in front of
 * the first line that is anything else, for scan_field to judge.
 */
static size_t scan_plain_lines(
	struct h1_parser *parser, const char *bytes, size_t at, size_t end)
{
	size_t room = parser->limits->header_count;

	if (room > parser->line_cap)
		room = parser->line_cap;
	while (parser->line_count < room) {
		struct h1_line *line = &parser->lines[parser->line_count];
		size_t colon = bytes_token_span(bytes, at, end);
		size_t start = colon + 1;
		size_t stop;

		if (colon == at || end - colon < 4 || bytes[colon] != ':')
			break;
		start += bytes[start] == ' ';
		stop = bytes_value_span(bytes, start, end);
		if (end - stop < 2 || bytes[stop] != '\r' ||
			bytes[stop + 1] != '\n' || is_blank(bytes[start]) ||
			(start < stop && is_blank(bytes[stop - 1])))
			break;
		line->name = h1_span(at, colon);
		line->value = h1_span(start, stop);
		parser->line_count++;
		at = stop + 2;
	}
	return at;
}

static size_t scan_fields(
	struct h1_parser *parser, const char *bytes, size_t at, size_t end)
{
	at = scan_plain_lines(parser, bytes, at, end);
	return at < end ? scan_field_begin(parser, bytes, at) : at;
}

static size_t scan_end_lf(
	struct h1_parser *parser, const char *bytes, size_t at)
{
	if (bytes[at] != '\n')
		return fail(parser, HTTP_RULE_LINE_END, at - 1);
	return pause_in(parser, SCAN_DONE, at + 1);
}

static size_t scan_step(
	struct h1_parser *parser, const char *bytes, size_t at, size_t end)
{
	switch ((enum scan)parser->state) {
	case SCAN_BEGIN:
		return scan_begin(parser, bytes, at);
	case SCAN_EMPTY_LF:
		return scan_empty_lf(parser, bytes, at);
	case SCAN_START:
		return scan_start(parser, bytes, at, end);
	case SCAN_START_LF:
		return scan_start_lf(parser, bytes, at);
	case SCAN_FIELD:
		return scan_fields(parser, bytes, at, end);
	case SCAN_END_LF:
		return scan_end_lf(parser, bytes, at);
	case SCAN_NAME:
	case SCAN_BLANK:
	case SCAN_VALUE:
	case SCAN_VALUE_LF:
	case SCAN_DONE:
	case SCAN_BAD:
		break;
	}
	return scan_field(parser, bytes, at, end);
}

enum h1_status h1_parser_feed(struct h1_parser *parser, struct slice bytes)
{
	size_t end = scan_end(parser, bytes.len);
	size_t at = parser->scanned;

	while (at < end && parser->state < SCAN_DONE)
		at = scan_step(parser, bytes.ptr, at, end);
	parser->scanned = at;
	if (parser->state < SCAN_DONE && at == scan_end(parser, SIZE_MAX))
		fail(parser,
			parser->kind == H1_TRAILERS
				? HTTP_RULE_TRAILER_TOO_LARGE
				: HTTP_RULE_HEADER_TOO_LARGE,
			at);
	if (parser->state == SCAN_BAD)
		return H1_BAD;
	return parser->state == SCAN_DONE ? H1_DONE : H1_MORE;
}

size_t h1_parser_len(const struct h1_parser *parser)
{
	return parser->scanned;
}
