/*
 * h1_server: a client connection speaking HTTP/1.1: one stream at a time,
 * keep-alive, pipelining in order, lingering close.
 *
 * The first byte of a message makes a fresh stream (session_events.on_stream);
 * the session parses into its arena. While an exchange runs, bytes of the next
 * request wait unread. An idle session holds no buffer and no arena.
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
