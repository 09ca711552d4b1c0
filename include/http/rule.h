/*
 * rule: every reason for which a message is refused, by name (R8).
 *
 * One table: name (in the log, the metric and the answer), RFC section,
 * default status, one sentence. Rules are added at the end of their group.
 */
#ifndef MTLSGATE_HTTP_RULE_H
#define MTLSGATE_HTTP_RULE_H

#include <stdint.h>

enum http_rule {
	HTTP_RULE_NONE,
	/* lines and start line */
	HTTP_RULE_LINE_END,     /* bare CR or LF */
	HTTP_RULE_REQUEST_LINE, /* not method SP target SP version */
	HTTP_RULE_STATUS_LINE,
	HTTP_RULE_METHOD,         /* not a token, or too long */
	HTTP_RULE_METHOD_CONNECT, /* 501 */
	HTTP_RULE_METHOD_TRACE,   /* 405 */
	HTTP_RULE_VERSION,        /* not HTTP/1.0 or HTTP/1.1: 505 */
	HTTP_RULE_TARGET,         /* form or byte not allowed */
	HTTP_RULE_STATUS_CODE,
	HTTP_RULE_PATH_AMBIGUOUS, /* some origin reads another path */
	/* fields */
	HTTP_RULE_FIELD_NAME,
	HTTP_RULE_FIELD_COLON, /* blank before it, or none */
	HTTP_RULE_FIELD_FOLDING,
	HTTP_RULE_FIELD_VALUE, /* control byte */
	HTTP_RULE_ALIAS_NAME,  /* alias_headers: reject */
	/* host */
	HTTP_RULE_HOST_MISSING,
	HTTP_RULE_HOST_TWICE,
	HTTP_RULE_HOST_SYNTAX,
	HTTP_RULE_HOST_DISAGREES, /* with an absolute-form target */
	/* framing */
	HTTP_RULE_CONTENT_LENGTH, /* not digits only */
	HTTP_RULE_CONTENT_LENGTH_TWICE,
	HTTP_RULE_TRANSFER_ENCODING, /* not exactly "chunked": 501 */
	HTTP_RULE_TRANSFER_ENCODING_TWICE,
	HTTP_RULE_TRANSFER_ENCODING_1_0,
	HTTP_RULE_LENGTH_CONFLICT, /* both of them */
	HTTP_RULE_CHUNK_SIZE,
	HTTP_RULE_CHUNK_EXTENSION, /* malformed or too long */
	HTTP_RULE_CHUNK_END,       /* CRLF behind the data missing */
	HTTP_RULE_TRAILER,         /* malformed, or a framing field */
	HTTP_RULE_EXPECT,          /* not 100-continue: 417 */
	HTTP_RULE_CONNECTION,      /* malformed nomination */
	HTTP_RULE_UPGRADE,         /* token not configured (R10) */
	/* limits */
	HTTP_RULE_REQUEST_LINE_TOO_LONG, /* 414 */
	HTTP_RULE_HEADER_TOO_LARGE,      /* 431 */
	HTTP_RULE_HEADER_TOO_MANY,       /* 431 */
	HTTP_RULE_BODY_TOO_LARGE,        /* 413 */
	HTTP_RULE_TRAILER_TOO_LARGE,     /* 431 */
	HTTP_RULE_CHUNKS_TOO_MANY,       /* too many tiny chunks */
	/* time */
	HTTP_RULE_HEADER_TIMEOUT, /* 408 */
	HTTP_RULE_BODY_TIMEOUT,   /* 408 */
	HTTP_RULE_WRITE_TIMEOUT,
	/* end of input */
	HTTP_RULE_HEAD_CUT,         /* the peer left within a head */
	HTTP_RULE_BODY_CUT,         /* ... within a body */
	HTTP_RULE_UNEXPECTED_BYTES, /* the origin spoke unasked */
	/* ours */
	HTTP_RULE_NO_MEMORY, /* 503 */
	HTTP_RULE_COUNT
};

struct http_rule_info {
	const char *name;     /* kebab-case: "content-length-twice" */
	const char *source;   /* "RFC 9112 6.3" */
	uint16_t status;      /* what a request is answered with */
	const char *sentence; /* what was wrong, for the answer and the log */
};

const struct http_rule_info *http_rule_info(enum http_rule rule);

#endif
