#include "fake/tls_pair.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "tls_pair: %s\n", what);
	ERR_print_errors_fp(stderr);
	abort();
}

struct ssl_ctx_st *tls_client_new(int version, const struct tls_show *show)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	must(ctx != NULL, "client context");
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
	must(SSL_CTX_set_min_proto_version(ctx, version) == 1 &&
			SSL_CTX_set_max_proto_version(ctx, version) == 1,
		"version");
	if (!show || !show->leaf)
		return ctx;
	must(SSL_CTX_use_certificate(ctx, show->leaf->cert) == 1 &&
			SSL_CTX_use_PrivateKey(ctx, show->leaf->key) == 1,
		"client certificate");
	for (size_t i = 0; i < TLS_PAIR_CHAIN && show->chain[i]; i++)
		must(SSL_CTX_add1_chain_cert(ctx, show->chain[i]->cert) == 1,
			"client chain");
	return ctx;
}

static void on_info(const SSL *ssl, int where, int value)
{
	struct tls_pair *pair = SSL_get_app_data(ssl);

	if (pair && (where & SSL_CB_READ) && (where & SSL_CB_ALERT))
		pair->alert = value & 0xFF;
}

static void on_message(int write, int version, int type, const void *bytes,
	size_t len, SSL *ssl, void *arg)
{
	struct tls_pair *pair = arg;

	(void)version;
	(void)ssl;
	if (!write && type == SSL3_RT_HANDSHAKE && len &&
		*(const unsigned char *)bytes == SSL3_MT_NEWSESSION_TICKET)
		pair->tickets++;
}

void tls_pair_init(
	struct tls_pair *pair, struct ssl_st **server, struct ssl_ctx_st *ctx)
{
	BIO *up = BIO_new(BIO_s_mem()), *down = BIO_new(BIO_s_mem());

	*pair = (struct tls_pair){.server = *server, .alert = -1};
	*server = NULL;
	pair->client = SSL_new(ctx);
	must(up && down && pair->server && pair->client, "memory");
	must(BIO_up_ref(up) == 1 && BIO_up_ref(down) == 1, "memory");
	SSL_set_bio(pair->server, up, down);
	SSL_set_bio(pair->client, down, up);
	SSL_set_connect_state(pair->client);
	must(SSL_set_app_data(pair->client, pair) == 1, "memory");
	SSL_set_info_callback(pair->client, on_info);
	SSL_set_msg_callback(pair->client, on_message);
	SSL_set_msg_callback_arg(pair->client, pair);
}

/* false when the side cannot go on. */
static bool step(SSL *ssl, bool *done)
{
	char byte;
	int result;

	ERR_clear_error();
	result = *done ? SSL_read(ssl, &byte, 1) : SSL_do_handshake(ssl);
	if (!*done && result == 1) {
		*done = true;
		return true;
	}
	return result > 0 || SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ;
}

void tls_pair_run(struct tls_pair *pair)
{
	/* Flights of a handshake, with tickets and alerts behind it. */
	for (int turn = 0; turn < 8; turn++) {
		step(pair->client, &pair->client_done);
		step(pair->server, &pair->server_done);
	}
	ERR_clear_error();
}

bool tls_pair_echo(struct tls_pair *pair)
{
	char byte = 0;

	ERR_clear_error();
	return SSL_write(pair->client, "a", 1) == 1 &&
	       SSL_read(pair->server, &byte, 1) == 1 && byte == 'a' &&
	       SSL_write(pair->server, "b", 1) == 1 &&
	       SSL_read(pair->client, &byte, 1) == 1 && byte == 'b';
}

void tls_pair_fini(struct tls_pair *pair)
{
	SSL_free(pair->client);
	SSL_free(pair->server);
	*pair = (struct tls_pair){0};
}
