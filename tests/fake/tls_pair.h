/*
 * tls_pair: a client and a server that shake hands in memory.
 *
 * The server's SSL comes from the code under test, the client is OpenSSL with
 * every scruple switched off, so that it presents what it is told to.
 */
#ifndef MTLSGATE_TESTS_FAKE_TLS_PAIR_H
#define MTLSGATE_TESTS_FAKE_TLS_PAIR_H

#include <stdbool.h>
#include <stddef.h>

#include "fake/cert_mint.h"

struct ssl_st;
struct ssl_ctx_st;

struct tls_pair {
	struct ssl_st *server;
	struct ssl_st *client;
	bool server_done; /* handshake complete */
	bool client_done;
	int alert;   /* what the client received; -1: none */
	int tickets; /* NewSessionTicket messages that the client received */
};

enum { TLS_PAIR_CHAIN = 24 };

/* What the client shows; chain ends with NULL. */
struct tls_show {
	const struct mint *leaf; /* NULL: no certificate */
	const struct mint *chain[TLS_PAIR_CHAIN];
};

/* A client context at security level 0, of that version only (0x0303). The
 * caller owns it (SSL_CTX_free). */
struct ssl_ctx_st *tls_client_new(int version, const struct tls_show *show);

/* Takes *server (empties it); makes a client out of ctx (lent). */
void tls_pair_init(
	struct tls_pair *pair, struct ssl_st **server, struct ssl_ctx_st *ctx);
/* Runs until nothing moves any more. */
void tls_pair_run(struct tls_pair *pair);
/* One byte each way; true when both arrived. */
bool tls_pair_echo(struct tls_pair *pair);
void tls_pair_fini(struct tls_pair *pair);

#endif
