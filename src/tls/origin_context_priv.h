/*
 * origin_context: what its rooms share. origin_context.c: making, verifying;
 * origin_peer.c: names, sessions, why a handshake failed.
 */
#ifndef MTLSGATE_TLS_ORIGIN_CONTEXT_PRIV_H
#define MTLSGATE_TLS_ORIGIN_CONTEXT_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "tls/origin_context.h"
#include "tls/server_name.h"

struct ssl_ctx_st;
struct ssl_session_st;
struct x509_st;

enum {
	ORIGIN_PIN = 32, /* octets of SHA-256 */
	/* Sessions kept for a server; each can be some 10 KiB. */
	ORIGIN_SESSIONS = 8,
	ORIGIN_SESSION_S = 3600, /* how long one is used */
};

struct origin_pin {
	uint8_t octets[ORIGIN_PIN];
};

struct origin_context {
	struct ssl_ctx_st *ctx;
	struct server_name name; /* len 0: that of the URL */
	struct origin_pin *pins;
	size_t pin_count;
};

struct origin_peer {
	struct origin_context *context;
	struct server_name name;
	/* The last one came last. */
	struct ssl_session_st *sessions[ORIGIN_SESSIONS];
	size_t session_count;
};

/* SHA-256 of the SubjectPublicKeyInfo (RFC 7469 section 2.4). */
bool origin_spki(const struct x509_st *cert, uint8_t out[ORIGIN_PIN]);
/* Keeps a session (SSL_CTX_sess_set_new_cb). */
int origin_peer_keep(struct ssl_st *ssl, struct ssl_session_st *session);

#endif
