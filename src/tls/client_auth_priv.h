/*
 * client_auth: the part that runs inside the handshake. The SSL's app data
 * (ex data 0) is the struct client_auth of its connection, or NULL.
 */
#ifndef MTLSGATE_TLS_CLIENT_AUTH_PRIV_H
#define MTLSGATE_TLS_CLIENT_AUTH_PRIV_H

#include <stdbool.h>

struct client_auth;
struct config_client_auth;
struct ssl_session_st;
struct ssl_st;
struct ticket_data;
struct x509_store_ctx_st;

/* Zeroes *auth but for its resumption: none, under these settings (lent). */
void client_auth_begin(
	struct client_auth *auth, const struct config_client_auth *settings);
/* For SSL_CTX_set_cert_verify_callback; 0 refuses the handshake. arg is the
 * listener's struct trust. */
int client_auth_verify(struct x509_store_ctx_st *ctx, void *arg);
/* For SSL_CTX_set_info_callback: notes that no certificate came. */
void client_auth_watch(const struct ssl_st *ssl, int where, int value);

/* ---- client_auth_resume.c ---- */

/* What stands in the ticket; false: no certificate or no facts of ours. */
bool client_auth_session_data(
	struct ssl_session_st *session, struct ticket_data *data);
/* The same, of the session of a connection. */
bool client_auth_session(struct ssl_st *ssl, struct ticket_data *data);
/* Behind the handshake of a resumed session: takes over what its first
 * handshake found. false: it may not stand, and *auth says none. */
bool client_auth_resume(struct client_auth *auth, struct ssl_st *ssl);

#endif
