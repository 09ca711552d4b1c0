/*
 * h1_parse: sans-I/O parser of HTTP/1 heads and trailer sections, strict.
 *
 * The caller shows all bytes received since the message began (contiguous, at
 * any address: the block may move and grow between calls); the parser resumes
 * where it stopped and looks at no byte more than twice. It remembers offsets,
 * not pointers. When the head is complete the caller copies it where it may
 * stay and h1_parse_request / _response / _trailers makes the message out of
 * it.
 *
 * There is no leniency switch (R8). What is refused names its rule and offset,
 * and both depend on the bytes alone, never on the pieces they came in. Where a
 * standard leaves a choice, or we are stricter than it:
 *
 *  - Lines end in CR LF. One space parts the words of a start line; the space
 *    behind a status code must be there though the reason is empty.
 *  - A method is a token of at most 32 bytes, matched with case. CONNECT is
 *    501, TRACE 405. Something that is not HTTP/digit.digit is a bad line, any
 *    version but 1.0 and 1.1 is 505.
 *  - Targets: origin-form; absolute-form of http and https without user
 *    information; "*" for OPTIONS; authority-form never. Bytes as RFC 3986 has
 *    them, with valid pct-encoding, but for '[' and ']' in a query, which many
 *    clients send bare. Bytes from 0x80 on and '#' are refused. See target.h.
 *  - Exactly one Host in 1.1, at most one in 1.0; never empty (RFC 9110
 *    section 4.2.2). It must name the place that an absolute-form target
 *    names, a missing port being the scheme's; then the target's wording is
 *    message->authority. Missing (1.0): authority is empty.
 *  - Content-Length: digits, below 2^63, one field; "5, 5" is refused. Leading
 *    zeros are digits.
 *  - Transfer-Encoding: "chunked", one field, in 1.1 only, never with a
 *    Content-Length.
 *  - Expect: one field, 100-continue, else 417. It counts in 1.1 only and only
 *    when content follows (RFC 9110 section 10.1.1).
 *  - Connection: at most 64 options, all tokens. Fields it nominates are
 *    removed, but a nomination of what is end-to-end by its nature is ignored
 *    (R4): Content-*, If-*, Sec-*, Access-Control-*, X-Forwarded-*,
 *    Authorization, Cookie, Cache-Control and their like, see h1_field.c.
 *    What policy adds later can not be nominated at all.
 *  - Upgrade counts in 1.1 only, where Connection names it, and in responses
 *    with 101 or 426; the first protocol that is not h2c.
 *  - Also of this hop, and dropped: Keep-Alive, Proxy-Connection,
 *    HTTP2-Settings, Proxy-Authenticate, Proxy-Authorization,
 *    Proxy-Authentication-Info; in responses Host and Expect.
 *  - A 1xx or 204 with a Transfer-Encoding or a Content-Length other than 0 is
 *    refused: such an origin means content that nobody would read. Status
 *    codes from 600 on are refused.
 */
#ifndef MTLSGATE_HTTP_H1_PARSE_H
#define MTLSGATE_HTTP_H1_PARSE_H

#include "http/message.h"
#include "http/rule.h"
#include "http/stream.h"

enum h1_kind { H1_REQUEST, H1_RESPONSE, H1_TRAILERS };

enum h1_status {
	H1_MORE, /* not complete */
	H1_DONE, /* the head is the first h1_parser_len() bytes */
	H1_BAD,  /* parser->rule and parser->offset tell */
};

struct h1_span {
	uint32_t at;
	uint32_t len;
};

struct h1_line { /* of a field */
	struct h1_span name;
	struct h1_span value; /* without the blanks around it */
};

struct h1_parser {
	enum h1_kind kind;
	const struct http_limits *limits; /* lent */
	struct arena *arena;              /* field table; lent */
	struct h1_line *lines;
	size_t line_count;
	size_t line_cap;
	size_t scanned; /* bytes already looked at */
	size_t line_start;
	unsigned state; /* of the scanner, see h1_parse.c */
	struct h1_span start[3];
	enum http_rule rule;
	size_t offset;
};

/*
 * At most one empty line (CRLF) before a request line is skipped
 * (RFC 9112 section 2.2); it counts into the head's length.
 *
 * Limits: header_bytes holds for the whole head with its empty line (for a
 * trailer section: trailer_bytes), request_line for that line without its
 * CR LF, header_count for both kinds of fields. They hold while the head is
 * incomplete: the first byte too many is refused.
 */
void h1_parser_init(struct h1_parser *parser, enum h1_kind kind,
	const struct http_limits *limits, struct arena *arena);
enum h1_status h1_parser_feed(struct h1_parser *parser, struct slice bytes)
	__attribute__((warn_unused_result));
/* Length of the complete head, its empty line included. After H1_DONE. */
size_t h1_parser_len(const struct h1_parser *parser);

/* What the head says about the connection, beside the message. */
struct h1_connection {
	bool close;      /* Connection: close, or HTTP/1.0 without keep-alive */
	bool keep_alive; /* Connection: keep-alive stood there */
	bool chunked;    /* Transfer-Encoding: chunked */
};

/*
 * After H1_DONE. head: the complete head where it may stay (at least as long
 * as *message); *message is filled with slices of it. All semantic rules of
 * R8 are applied: Host, target forms, Content-Length, Transfer-Encoding,
 * Expect, Connection, TRACE, CONNECT. Returns HTTP_RULE_NONE or the rule;
 * *offset tells where.
 */
enum http_rule h1_parse_request(const struct h1_parser *parser,
	struct slice head, struct message *message,
	struct h1_connection *connection, size_t *offset)
	__attribute__((warn_unused_result));
/*
 * The same for a response; request_method decides about its body (RFC 9112
 * section 6.3). BODY_UNKNOWN without connection->chunked ends by close.
 */
enum http_rule h1_parse_response(const struct h1_parser *parser,
	struct slice head, enum method request_method, struct message *message,
	struct h1_connection *connection, size_t *offset)
	__attribute__((warn_unused_result));
/* Trailer section (behind the last chunk): framing fields, Host, and the
 * like are refused there (HTTP_RULE_TRAILER, RFC 9110 section 6.5.1). */
enum http_rule h1_parse_trailers(const struct h1_parser *parser,
	struct slice section, struct header_block *trailers, size_t *offset)
	__attribute__((warn_unused_result));

#endif
