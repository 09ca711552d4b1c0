/*
 * h1_priv: what the rooms of the HTTP/1 codec share.
 */
#ifndef MTLSGATE_HTTP_H1_PRIV_H
#define MTLSGATE_HTTP_H1_PRIV_H

#include "bytes_priv.h"
#include "http/h1_parse.h"

enum { H1_METHOD_MAX = 32 };

/* Fields that the codec lifts out of a head and writes anew (R4, R9). */
enum h1_field {
	H1_FIELD_END_TO_END, /* none of these: it passes */
	H1_FIELD_HOST,
	H1_FIELD_CONTENT_LENGTH,
	H1_FIELD_TRANSFER_ENCODING,
	H1_FIELD_CONNECTION,
	H1_FIELD_EXPECT,
	H1_FIELD_TE,
	H1_FIELD_TRAILER,
	H1_FIELD_UPGRADE,
	H1_FIELD_DROPPED, /* of this hop only, of no use to us */
};

/* h1_field.c */
enum h1_field h1_field_known(struct slice name);

/* The name is a token. Most names have a length that none of these has. */
static inline enum h1_field h1_field_of(struct slice name)
{
	const uint32_t lengths = 1u << 2 | 1u << 4 | 1u << 6 | 1u << 7 |
				 1u << 10 | 1u << 14 | 1u << 16 | 1u << 17 |
				 1u << 18 | 1u << 19 | 1u << 25;

	if (name.len > 25 || !(lengths >> name.len & 1))
		return H1_FIELD_END_TO_END;
	return h1_field_known(name);
}
/* End-to-end by its nature: a nomination by Connection is ignored. */
bool h1_field_kept(struct slice name);
/* May not stand in a trailer section (RFC 9110 section 6.5.1). */
bool h1_field_not_in_trailers(struct slice name);

/*
 * h1_start.c: checks the start line, bytes[parser->line_start, end), and
 * fills parser->start. Returns the rule; *offset tells where.
 */
enum http_rule h1_start_request(struct h1_parser *parser, const char *bytes,
	size_t end, size_t *offset);
enum http_rule h1_start_response(struct h1_parser *parser, const char *bytes,
	size_t end, size_t *offset);

/* What is known while a head becomes a message. */
struct h1_reader {
	const struct h1_parser *parser;
	const char *head;
	struct message *message;
	struct h1_connection *connection;
	size_t offset; /* of what is looked at */
	size_t options;
	bool nominated; /* Connection named something besides the known */
	bool upgrades;  /* Connection: upgrade */
	bool host;
	bool length;
	bool coding;
	bool expect;
	size_t length_at;
	uint64_t length_value;
	struct slice upgrade;
};

/* h1_lift.c: takes one field of this hop into r->message; the rule or NONE. */
enum http_rule h1_lift(
	struct h1_reader *r, enum h1_field field, struct slice value);
/* Removes from the fields what Connection nominated (R4). */
void h1_drop_nominated(struct h1_reader *r);

static inline struct slice h1_span_of(const char *bytes, struct h1_span span)
{
	return slice_of(bytes + span.at, span.len);
}

static inline struct h1_span h1_span(size_t at, size_t end)
{
	return (struct h1_span){(uint32_t)at, (uint32_t)(end - at)};
}

#endif
