/*
 * h1_write: a head as bytes, framing fields written anew (R9).
 *
 * Everything written is checked: names are tokens, values hold no control
 * byte; a target or reason with a bad byte is refused. What h1_write writes,
 * h1_parse reads back.
 */
#ifndef MTLSGATE_HTTP_H1_WRITE_H
#define MTLSGATE_HTTP_H1_WRITE_H

#include "http/message.h"

enum h1_framing { /* how the body will be delimited on this connection */
	H1_FRAME_NONE,
	H1_FRAME_LENGTH, /* Content-Length: message->body_len */
	H1_FRAME_CHUNKED,
	H1_FRAME_CLOSE, /* response to an HTTP/1.0 client of unknown length */
};

struct h1_write {
	enum h1_framing framing;
	bool close;      /* write Connection: close */
	bool keep_alive; /* write Connection: keep-alive (to HTTP/1.0) */
	bool date;       /* nothing is added today; reserved for responses */
};

/*
 * Writes request line or status line (always HTTP/1.1), Host, the fields of
 * message->fields, message->lent, the framing fields, Connection (close,
 * keep-alive, TE, Upgrade as needed), TE, Upgrade, Expect, Trailer and the
 * empty line into out. Returns the length; 0 when `size` is less than
 * h1_head_size (*bad is NULL) or a part may not be written (*bad names it; a
 * static string).
 *
 * Refused is what h1_parse would refuse, and a field of one hop (Host,
 * Content-Length, Connection, ...) among `fields` or `lent`: framing comes from
 * the members alone. A request needs an authority, so the caller supplies one
 * for a client of HTTP/1.0 that sent none. Bytes of lent->wire are trusted,
 * their maker checked them (R6).
 *
 * Expect is written only with framing, Trailer only when chunked; a stated
 * length of a response (HEAD, 304) only without framing.
 */
size_t h1_write_head(const struct message *message, const struct h1_write *how,
	char *out, size_t size, const char **bad)
	__attribute__((warn_unused_result));
/* What h1_write_head needs; it writes less. */
size_t h1_head_size(const struct message *message);

/* "0\r\n" + trailers + "\r\n". Same result convention. */
size_t h1_write_last_chunk(const struct header_block *trailers, char *out,
	size_t size) __attribute__((warn_unused_result));
size_t h1_last_chunk_size(const struct header_block *trailers);

#endif
