/*
 * h1_client: an origin connection speaking HTTP/1.1; one stream at a time.
 *
 * Interim heads are told one by one, at most 16 of them; a 101 only when the
 * request asked for an upgrade (R10). A connection is used again only when both
 * messages are complete, the origin keeps it, and no byte came that nobody
 * asked for. A failure tells whether the connection had served before
 * (`reused`), and that no byte of the request reached the socket and none of
 * the response came (`untouched`).
 */
#ifndef MTLSGATE_HTTP_H1_CLIENT_H
#define MTLSGATE_HTTP_H1_CLIENT_H

#include "http/stream.h"

struct conn;
struct h1_client;
struct loop;

struct h1_client_events {
	/* The exchange is over and the connection can serve another. */
	void (*on_idle)(void *owner);
	/*
	 * The connection is of no more use (closed by the origin, an answer
	 * without keep-alive, garbage, aborted). The owner calls
	 * h1_client_free and ends the conn: finish for DONE, abort for ABORT.
	 */
	void (*on_over)(void *owner, enum stream_close how);
};

/* conn (lent) may still be connecting; its on_open/on_fail stay with the pool
 * until then: create the h1_client when it is open. limits is lent: of it
 * header_bytes, header_count, trailer_bytes and write_ms are used. */
struct h1_client *h1_client_new(struct loop *loop, struct conn *conn,
	const struct http_limits *limits, const struct h1_client_events *events,
	void *owner) __attribute__((warn_unused_result));
/* After the loop turn; NULL is ignored. A stream in use gets on_fail(GONE)
 * first, and is closed by its owner then, or later in this turn. */
void h1_client_free(struct h1_client *client);

/* The stream for the next exchange; only while idle. Unbound; the borrower
 * binds it before anything else. */
struct stream *h1_client_lend(struct h1_client *client);
/* Exchanges finished so far. */
uint64_t h1_client_served(const struct h1_client *client);

#endif
