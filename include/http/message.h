/*
 * message: one request or response head, protocol-neutral.
 *
 * It carries meaning only. Connection, Keep-Alive, Proxy-Connection, TE,
 * Trailer, Transfer-Encoding, Upgrade, Content-Length, Host and Expect are
 * lifted into members by the codec that reads, and written anew by the codec
 * that writes; so are fields that Connection nominated (dropped, unless the
 * nomination named something end-to-end that may not be dropped, R4). Such
 * fields never stand in `fields`.
 */
#ifndef MTLSGATE_HTTP_MESSAGE_H
#define MTLSGATE_HTTP_MESSAGE_H

#include "http/header.h"

enum message_kind { MESSAGE_REQUEST, MESSAGE_RESPONSE };
enum message_version {
	MESSAGE_HTTP_1_0 = 10,
	MESSAGE_HTTP_1_1 = 11,
	MESSAGE_HTTP_2 = 20
};

enum method {
	METHOD_OTHER,
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PUT,
	METHOD_DELETE,
	METHOD_OPTIONS,
	METHOD_TRACE,
	METHOD_CONNECT,
	METHOD_PATCH,
};

enum body_kind {
	BODY_NONE,    /* there is none; nothing says so on the wire but rules */
	BODY_LENGTH,  /* body_len bytes (may be 0, then written as such) */
	BODY_UNKNOWN, /* ends when the stream ends: chunked, or close in 1.0 */
};

struct message {
	enum message_kind kind;
	enum message_version version; /* as received; for the log and rules */

	/* request */
	enum method method;
	struct slice method_text;
	struct slice scheme;    /* "https"; empty when the form gave none */
	struct slice authority; /* Host, or the target's; may be empty in 1.0 */
	struct slice path;      /* origin-form target, or "*" (OPTIONS) */
	bool expect_continue;
	struct slice upgrade; /* token asked for; empty: none */

	/* response */
	unsigned status;
	struct slice reason; /* may be empty */
	/*
	 * A response to HEAD, or a 304, may state a length that no body
	 * follows: then body is BODY_NONE and stated_len >= 0.
	 */
	int64_t stated_len; /* -1: not stated */

	enum body_kind body;
	uint64_t body_len;
	struct slice trailer_names; /* value of Trailer, informational */
	bool wants_trailers;        /* TE: trailers */

	struct header_block fields; /* end-to-end fields, in order */
	/* Written behind `fields`; lent by the connection; may be NULL. */
	const struct header_block *lent;
};

/* METHOD_OTHER for any token not in the list; case-sensitive. */
enum method method_of(struct slice text);
/* RFC 9110 section 9.2.2 */
bool method_idempotent(enum method method);
/*
 * Is the name, folded (R1), that of a field which belongs to one hop or frames
 * the message, and so never is among `fields`? For names that a codec did not
 * know, since they are spelt otherwise: Transfer_Encoding.
 */
bool message_lifts(struct slice name);
/* Standard reason phrase; "" when there is none. */
const char *status_reason(unsigned status);

#endif
