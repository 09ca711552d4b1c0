/*
 * ocsp_fetch: one question put to one responder: POST over HTTP/1.1
 * (RFC 6960 appendix A.1), read by the same strict parser as everything (R8).
 *
 * The addresses are those that were checked: no name is looked up here, no
 * redirect is followed. They are tried in turn until one accepts. At most
 * OCSP_ANSWER_MAX bytes are read; how long it may take is the owner's
 * business.
 */
#ifndef MTLSGATE_DAEMON_OCSP_FETCH_H
#define MTLSGATE_DAEMON_OCSP_FETCH_H

#include "net/addr.h"
#include "tls/ocsp_result.h"

struct conn_io;
struct http_url;
struct loop;
struct ocsp_fetch;

struct ocsp_fetch_setup { /* the pointers are lent until it is over */
	struct loop *loop;
	struct conn_io *io;
	const struct http_url *url;
	struct slice request;
	const struct addr *addrs;
	size_t addr_count; /* from 1 */
	/*
	 * Once, later: GOOD with the bytes of the answer (lent for the call),
	 * or UNREACHABLE, HTTP, TOO_LARGE, INTERNAL. The fetch is over then.
	 */
	void (*done)(void *owner, enum ocsp_result result, struct slice body);
	void *owner;
};

/* NULL: memory. */
struct ocsp_fetch *ocsp_fetch_new(const struct ocsp_fetch_setup *setup)
	__attribute__((warn_unused_result));
/* done is not called any more; the connection is closed. */
void ocsp_fetch_cancel(struct ocsp_fetch *fetch);

#endif
