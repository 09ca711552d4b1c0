/*
 * The second half of h1_parse.h: a complete head becomes a message. Fields of
 * this hop are lifted into members, everything else passes (R4, R8, R9).
 */
#include "http/h1_parse.h"

#include "base/arena.h"
#include "h1_priv.h"
#include "http/target.h"

enum { SPARE_FIELDS = 8 }; /* room for what policy adds */

static bool block_room(
	struct header_block *block, struct arena *arena, size_t count)
{
	*block = (struct header_block){.cap = count};
	block->fields = arena_alloc(arena, count * sizeof(*block->fields));
	return block->fields;
}

static enum http_rule read_fields(struct h1_reader *r)
{
	const struct h1_parser *parser = r->parser;
	struct header_block *block = &r->message->fields;

	r->offset = 0;
	if (!block_room(
		    block, parser->arena, parser->line_count + SPARE_FIELDS))
		return HTTP_RULE_NO_MEMORY;
	for (size_t i = 0; i < parser->line_count; i++) {
		const struct h1_line *line = &parser->lines[i];
		struct slice name = h1_span_of(r->head, line->name);
		struct slice value = h1_span_of(r->head, line->value);
		enum h1_field field = h1_field_of(name);
		enum http_rule rule;

		if (field == H1_FIELD_END_TO_END) {
			block->fields[block->count++] =
				(struct header_field){name, value};
			continue;
		}
		r->offset = line->value.at;
		rule = h1_lift(r, field, value);
		if (rule)
			return rule;
	}
	return HTTP_RULE_NONE;
}

/* What requests and responses have in common behind their start line. */
static enum http_rule read_head(struct h1_reader *r)
{
	enum http_rule rule = read_fields(r);

	if (rule)
		return rule;
	if (r->nominated)
		h1_drop_nominated(r);
	if (r->message->version == MESSAGE_HTTP_1_0 &&
		!r->connection->keep_alive)
		r->connection->close = true;
	return HTTP_RULE_NONE;
}

static enum message_version version_of(struct h1_reader *r, struct h1_span span)
{
	return r->head[span.at + 7] == '0' ? MESSAGE_HTTP_1_0
					   : MESSAGE_HTTP_1_1;
}

static void set_body(struct h1_reader *r, enum body_kind unknown)
{
	struct message *message = r->message;

	message->body = unknown;
	if (r->length) {
		message->body = BODY_LENGTH;
		message->body_len = r->length_value;
	}
	if (r->coding) {
		message->body = BODY_UNKNOWN;
		r->connection->chunked = true;
	}
}

/* ---- request ---- */

/* "?x" of absolute-form without a path becomes "/?x" (RFC 9112 3.2.1). */
static bool set_path(struct h1_reader *r, struct slice path)
{
	struct message *message = r->message;
	char *fixed;

	message->path = path;
	if (path.len && (path.ptr[0] == '/' || path.ptr[0] == '*'))
		return true;
	if (!path.len) {
		message->path = message->method == METHOD_OPTIONS ? SLICE("*")
								  : SLICE("/");
		return true;
	}
	fixed = arena_alloc(r->parser->arena, path.len + 1);
	if (!fixed)
		return false;
	fixed[0] = '/';
	memcpy(fixed + 1, path.ptr, path.len);
	message->path = slice_of(fixed, path.len + 1);
	return true;
}

static enum http_rule read_request_line(
	struct h1_reader *r, struct target_parts *parts)
{
	const struct h1_span *start = r->parser->start;
	struct message *message = r->message;

	r->offset = start[1].at;
	message->version = version_of(r, start[2]);
	message->method_text = h1_span_of(r->head, start[0]);
	message->method = method_of(message->method_text);
	target_split(h1_span_of(r->head, start[1]), parts);
	message->scheme = parts->scheme;
	if (!set_path(r, parts->path))
		return HTTP_RULE_NO_MEMORY;
	return HTTP_RULE_NONE;
}

static enum http_rule check_host(
	struct h1_reader *r, const struct target_parts *parts, size_t end)
{
	struct message *message = r->message;

	if (!r->host && message->version == MESSAGE_HTTP_1_1) {
		r->offset = end;
		return HTTP_RULE_HOST_MISSING;
	}
	if (!parts->authority.len)
		return HTTP_RULE_NONE;
	r->offset = r->parser->start[1].at;
	if (r->host && !target_authority_agrees(parts->authority,
			       message->authority, parts->scheme))
		return HTTP_RULE_HOST_DISAGREES;
	message->authority = parts->authority; /* it wins: RFC 9112 3.2.2 */
	return HTTP_RULE_NONE;
}

static enum http_rule read_request(struct h1_reader *r, size_t end)
{
	struct message *message = r->message;
	struct target_parts parts;
	enum http_rule rule = read_request_line(r, &parts);

	if (!rule)
		rule = read_head(r);
	if (!rule)
		rule = check_host(r, &parts, end);
	if (rule)
		return rule;
	set_body(r, BODY_NONE);
	if (message->version == MESSAGE_HTTP_1_1) {
		message->expect_continue =
			r->expect && (r->coding || r->length_value);
		if (r->upgrades)
			message->upgrade = r->upgrade;
	}
	return HTTP_RULE_NONE;
}

static void reader_init(struct h1_reader *r, const struct h1_parser *parser,
	const char *head, struct message *message,
	struct h1_connection *connection)
{
	*r = (struct h1_reader){.parser = parser,
		.head = head,
		.message = message,
		.connection = connection};
	*message = (struct message){.stated_len = -1};
	*connection = (struct h1_connection){0};
}

enum http_rule h1_parse_request(const struct h1_parser *parser,
	struct slice head, struct message *message,
	struct h1_connection *connection, size_t *offset)
{
	struct h1_reader r;
	enum http_rule rule;

	reader_init(&r, parser, head.ptr, message, connection);
	message->kind = MESSAGE_REQUEST;
	rule = read_request(&r, h1_parser_len(parser));
	*offset = r.offset;
	return rule;
}

/* ---- response ---- */

static bool has_no_content(unsigned status)
{
	return status < 200 || status == 204;
}

/* RFC 9112 section 6.3, as far as responses go */
static enum http_rule set_response_body(
	struct h1_reader *r, enum method request_method)
{
	struct message *message = r->message;

	if (has_no_content(message->status)) {
		/* An origin that means content here would be misread. */
		if (r->coding)
			return HTTP_RULE_TRANSFER_ENCODING;
		r->offset = r->length_at;
		if (r->length_value)
			return HTTP_RULE_CONTENT_LENGTH;
		message->body = BODY_NONE;
		return HTTP_RULE_NONE;
	}
	if (request_method == METHOD_HEAD || message->status == 304) {
		message->body = BODY_NONE;
		if (r->length)
			message->stated_len = (int64_t)r->length_value;
		return HTTP_RULE_NONE;
	}
	set_body(r, BODY_UNKNOWN);
	if (message->body == BODY_UNKNOWN && !r->coding)
		r->connection->close = true;
	return HTTP_RULE_NONE;
}

static enum http_rule read_response(struct h1_reader *r, enum method method)
{
	const struct h1_span *start = r->parser->start;
	struct message *message = r->message;
	const char *code = r->head + start[1].at;
	enum http_rule rule;

	message->version = version_of(r, start[0]);
	message->status = (unsigned)(code[0] - '0') * 100 +
			  (unsigned)(code[1] - '0') * 10 +
			  (unsigned)(code[2] - '0');
	message->reason = h1_span_of(r->head, start[2]);
	rule = read_head(r);
	if (rule)
		return rule;
	if (r->upgrades && (message->status == 101 || message->status == 426))
		message->upgrade = r->upgrade;
	return set_response_body(r, method);
}

enum http_rule h1_parse_response(const struct h1_parser *parser,
	struct slice head, enum method request_method, struct message *message,
	struct h1_connection *connection, size_t *offset)
{
	struct h1_reader r;
	enum http_rule rule;

	reader_init(&r, parser, head.ptr, message, connection);
	message->kind = MESSAGE_RESPONSE;
	rule = read_response(&r, request_method);
	*offset = r.offset;
	return rule;
}

/* ---- trailers ---- */

enum http_rule h1_parse_trailers(const struct h1_parser *parser,
	struct slice section, struct header_block *trailers, size_t *offset)
{
	*offset = 0;
	if (!block_room(
		    trailers, parser->arena, parser->line_count + SPARE_FIELDS))
		return HTTP_RULE_NO_MEMORY;
	for (size_t i = 0; i < parser->line_count; i++) {
		const struct h1_line *line = &parser->lines[i];
		struct slice name = h1_span_of(section.ptr, line->name);
		struct slice value = h1_span_of(section.ptr, line->value);

		*offset = line->name.at;
		if (h1_field_not_in_trailers(name))
			return HTTP_RULE_TRAILER;
		trailers->fields[trailers->count++] =
			(struct header_field){name, value};
	}
	return HTTP_RULE_NONE;
}
