/*
 * proxy_announce: the PROXY header, version 2, that we send ahead of a
 * connection to an origin (HAProxy's doc/proxy-protocol.txt, section 2.2): who
 * the client is, and in the SSL TLV what its TLS is worth. Pure.
 */
#ifndef MTLSGATE_NET_PROXY_ANNOUNCE_H
#define MTLSGATE_NET_PROXY_ANNOUNCE_H

#include "net/addr.h"

enum { PROXY_ANNOUNCE_MAX = 65535 + 16 }; /* what its length can say */

struct proxy_announce {
	/* len 0, a unix socket, or of two families: told without addresses */
	struct addr client;
	struct addr server; /* where it came in */
	struct slice alpn;
	struct slice sni;           /* empty: none was sent */
	struct slice connection_id; /* of at most 128 bytes */
	const char *tls_version;    /* NULL: the client spoke no TLS */
	const char *tls_cipher;
	bool presented;    /* a certificate, in this session */
	bool resumed;      /* ... but not on this connection */
	bool verified;     /* and it is good */
	struct slice cn;   /* UTF-8; empty: not told */
	struct slice cert; /* DER; empty: not told */
};

/* Bytes that proxy_announce_write needs at most. */
size_t proxy_announce_size(const struct proxy_announce *announce);
/* Returns the bytes written to `out`; 0: a value, or all of them, is too long
 * for its length. */
size_t proxy_announce_write(const struct proxy_announce *announce, char *out)
	__attribute__((warn_unused_result));
/* The header of a connection that is nobody's but our own: LOCAL. */
struct slice proxy_announce_local(void);

#endif
