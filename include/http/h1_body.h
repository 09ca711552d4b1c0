/*
 * h1_body: where an HTTP/1 body ends; chunked in and out. Sans-I/O.
 */
#ifndef MTLSGATE_HTTP_H1_BODY_H
#define MTLSGATE_HTTP_H1_BODY_H

#include "http/h1_parse.h"

/*
 * Bounds of chunked framing (R17). A size line is refused beyond H1_CHUNK_LINE
 * bytes or H1_CHUNK_DIGITS digits. Framing bytes (size lines and the CR LF
 * behind data) may be H1_CHUNK_SLACK + H1_CHUNK_RATIO times the data bytes so
 * far: chunks of 2 bytes pass for ever, chunks of one byte 16384 times.
 *
 * Extensions are checked and dropped: *( ";" token [ "=" ( token /
 * quoted-string ) ] ). Blanks around them (BWS) are refused, nobody sends
 * them.
 */
enum {
	H1_CHUNK_LINE = 256,
	H1_CHUNK_DIGITS = 16,
	H1_CHUNK_SLACK = 16384,
	H1_CHUNK_RATIO = 4,
};

enum h1_body_kind {
	H1_BODY_NONE,
	H1_BODY_LENGTH,
	H1_BODY_CHUNKED,
	H1_BODY_CLOSE
};

enum h1_body_status {
	H1_BODY_MORE,     /* all input was used; more is to come */
	H1_BODY_DATA,     /* *data holds body bytes (a part of the input) */
	H1_BODY_TRAILERS, /* the last chunk is over; the trailer section begins
	                     at the first byte not used */
	H1_BODY_END,      /* the body is over (never for H1_BODY_CHUNKED) */
	H1_BODY_BAD,      /* body->rule */
};

struct h1_body {
	enum h1_body_kind kind;
	unsigned state; /* of the chunk reader, see h1_body.c */
	uint64_t left;  /* of the body or of the chunk */
	uint64_t total; /* data bytes so far */
	/*
	 * More data is HTTP_RULE_BODY_TOO_LARGE. A length that is known ahead
	 * (also a chunk's) is refused before the first byte of it is handed
	 * out, so h1_body_read with an empty input may be used as a check.
	 */
	uint64_t limit;
	uint64_t overhead; /* chunk framing bytes so far, bounded by the data */
	uint32_t line_len; /* bytes of the chunk-size line so far, bounded */
	enum http_rule rule;
};

void h1_body_init(struct h1_body *body, enum h1_body_kind kind, uint64_t length,
	uint64_t limit);
/*
 * Reads from *input, advances it behind what was used, and returns after each
 * piece of data. Call again until it does not return H1_BODY_DATA.
 */
enum h1_body_status h1_body_read(struct h1_body *body, struct slice *input,
	struct slice *data) __attribute__((warn_unused_result));
/* The peer closed: is that a proper end here? (H1_BODY_CLOSE only) */
bool h1_body_may_end(const struct h1_body *body);

/* "1a2b\r\n" before a piece of `len` > 0 bytes; "\r\n" follows the piece. */
enum { H1_CHUNK_HEAD = 20 };
size_t h1_chunk_head(char out[H1_CHUNK_HEAD], size_t len);

#endif
