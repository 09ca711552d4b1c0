/*
 * h1_server: a client connection speaking HTTP/1.1: one stream at a time,
 * keep-alive, pipelining in order, lingering close.
 *
 * The first byte of a message makes a fresh stream (session_events.on_stream);
 * the session parses into its arena. While an exchange runs, bytes of the next
 * request wait unread. An idle session holds no buffer and no arena.
 *
 * A final head says Connection: close, and the session finishes behind the
 * answer, when: the client wants it so; the length of the answer cannot be
 * told to HTTP/1.0; the request failed; the session drains; the client shut
 * down its sending side; limits.requests is reached; this is the
 * limits.pipelined-th request in a row of which bytes had been read before the
 * exchange before it was closed; or the request's body is not complete yet,
 * but for at most 64 KiB of known length, which are dropped if they are still
 * missing at close. A client that waits for a 100 that was never sent is not
 * waited for. Limits of 0 ms, bytes/s or requests are none.
 *
 * Times. Before the first request: limits.first_ms; between requests:
 * keepalive_ms; both end the session without a word. header_ms for a whole
 * head, body_ms without a byte of the body, body_min_rate on the average from
 * the 5th second on: on_fail(TIMED_OUT). Time in which the owner paused, or
 * the client waited for a 100, does not count. write_ms without a byte taken
 * while send_body is refused: on_fail(GONE), and the session ends by ABORT.
 */
#ifndef MTLSGATE_HTTP_H1_SERVER_H
#define MTLSGATE_HTTP_H1_SERVER_H

#include "http/stream.h"

struct conn;
struct loop;

/*
 * conn (lent) is open; the session takes over its events and resumes it.
 * limits is lent. NULL when memory is out.
 */
struct session *h1_server_new(struct loop *loop, struct conn *conn,
	const struct http_limits *limits, const struct session_events *events,
	void *owner) __attribute__((warn_unused_result));

#endif
