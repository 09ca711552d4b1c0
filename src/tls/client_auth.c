#include "tls/client_auth.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "tls/cert_format.h"
#include "tls/cert_info.h"
#include "tls/cert_time.h"
#include "client_auth_priv.h"
#include "tls/client_reason.h"

/* Longest serial number taken (fields.md section 3). */
enum { SERIAL_MAX = 64 };

void client_auth_begin(
	struct client_auth *auth, const struct config_client_auth *settings)
{
	*auth = (struct client_auth){
		.expires = INT64_MAX, .settings = settings};
}

/* The first error stands, but revoked wins over every other (R14). */
static void note(struct client_auth *auth, int code, int depth)
{
	bool revoked = code == X509_V_ERR_CERT_REVOKED;

	if (auth->state == CLIENT_AUTH_REVOKED ||
		(auth->state == CLIENT_AUTH_FAILED && !revoked))
		return;
	auth->state = revoked ? CLIENT_AUTH_REVOKED : CLIENT_AUTH_FAILED;
	auth->code = code;
	auth->depth = depth;
	auth->expires = INT64_MAX;
}

static struct client_auth *auth_of(X509_STORE_CTX *ctx)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
		ctx, SSL_get_ex_data_X509_STORE_CTX_idx());

	return ssl ? SSL_get_app_data(ssl) : NULL;
}

/* Notes and lets the library go on to the end, in every mode. */
static int on_verify_step(int ok, X509_STORE_CTX *ctx)
{
	struct client_auth *auth = auth_of(ctx);

	if (!auth)
		return 0;
	if (!ok)
		note(auth, X509_STORE_CTX_get_error(ctx),
			X509_STORE_CTX_get_error_depth(ctx));
	return 1;
}

/* R17: bounds before work. */
static bool chain_bounded(const STACK_OF(X509) * sent, unsigned max_depth)
{
	int count = sk_X509_num(sent);
	size_t bytes = 0;

	if (count < 0 || (unsigned)count > max_depth + CLIENT_AUTH_CHAIN_SPARE)
		return false;
	for (int i = 0; i < count; i++) {
		int len = i2d_X509(sk_X509_value(sent, i), NULL);

		if (len <= 0 || len > CLIENT_AUTH_CHAIN_BYTES)
			return false;
		bytes += (size_t)len;
	}
	return bytes <= CLIENT_AUTH_CHAIN_BYTES;
}

static void verify_chain(struct client_auth *auth, X509_STORE_CTX *ctx)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	int result;

	if (auth->settings->require_eku == REQUIRE_EKU_ANY &&
		!X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY)) {
		note(auth, X509_V_ERR_UNSPECIFIED, 0);
		return;
	}
	X509_STORE_CTX_set_verify_cb(ctx, on_verify_step);
	result = X509_verify_cert(ctx);
	if (result == 1 && X509_STORE_CTX_get_error(ctx) == X509_V_OK)
		return;
	/* Memory and the like: no callback told. Never taken for "ok". */
	result = X509_STORE_CTX_get_error(ctx);
	note(auth, result == X509_V_OK ? X509_V_ERR_UNSPECIFIED : result, 0);
}

/* What the library does not ask; the leaf only. */
static void check_leaf(struct client_auth *auth, X509 *leaf)
{
	struct arena *arena = arena_new(NULL);
	struct cert_info *info = arena ? cert_info_read(leaf, arena) : NULL;

	if (!info) {
		note(auth, X509_V_ERR_OUT_OF_MEM, 0);
		arena_free(arena);
		return;
	}
	memcpy(auth->sha256, info->sha256, sizeof(auth->sha256));
	if (info->serial.len > SERIAL_MAX)
		note(auth, CLIENT_AUTH_CODE_SERIAL, 0);
	if (!info->not_before.valid || !info->not_after.valid)
		note(auth, CLIENT_AUTH_CODE_DATE, 0);
	if (auth->settings->require_eku == REQUIRE_EKU_PRESENT &&
		!(X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE))
		note(auth, CLIENT_AUTH_CODE_EKU_ABSENT, 0);
	if (!cert_format_fits(info, arena))
		note(auth, CLIENT_AUTH_CODE_HEADERS, 0);
	arena_free(arena);
}

/* R13: the connection may not outlive any certificate of its chain. */
static int64_t chain_expiry(const STACK_OF(X509) * chain)
{
	int64_t earliest = INT64_MAX;

	for (int i = 0; i < sk_X509_num(chain); i++) {
		struct cert_time end = cert_time_of(
			X509_get0_notAfter(sk_X509_value(chain, i)));

		if (end.valid && end.unix_seconds < earliest)
			earliest = end.unix_seconds;
	}
	return earliest;
}

static void judge(struct client_auth *auth, X509_STORE_CTX *ctx)
{
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(ctx);
	X509 *leaf = X509_STORE_CTX_get0_cert(ctx);
	bool chain_ran = false;

	client_auth_begin(auth, auth->settings);
	auth->sent = sent ? (unsigned)sk_X509_num(sent) : 1;
	if (!chain_bounded(sent, auth->settings->max_depth)) {
		note(auth, CLIENT_AUTH_CODE_CHAIN_SIZE, 0);
	} else {
		verify_chain(auth, ctx);
		chain_ran = true;
	}
	check_leaf(auth, leaf);
	if (auth->state == CLIENT_AUTH_NONE && chain_ran) {
		auth->state = CLIENT_AUTH_OK;
		auth->expires = chain_expiry(X509_STORE_CTX_get0_chain(ctx));
	}
}

/* So that client_auth_leaf finds the leaf even where no chain was built. */
static void keep_leaf(X509_STORE_CTX *ctx)
{
	STACK_OF(X509) * chain;

	if (X509_STORE_CTX_get0_chain(ctx))
		return;
	chain = sk_X509_new_null();
	if (!chain)
		return;
	if (!X509_add_cert(chain, X509_STORE_CTX_get0_cert(ctx),
		    X509_ADD_FLAG_UP_REF)) {
		sk_X509_free(chain);
		return;
	}
	X509_STORE_CTX_set0_verified_chain(ctx, chain);
}

int client_auth_verify(struct x509_store_ctx_st *ctx, void *arg)
{
	struct client_auth *auth = auth_of(ctx);

	(void)arg;
	if (!auth || !auth->settings) {
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_UNSPECIFIED);
		return 0;
	}
	judge(auth, ctx);
	keep_leaf(ctx);
	ERR_clear_error();
	auth->refused = !client_auth_allowed(auth);
	/* Whoever reads SSL_get_verify_result by mistake finds no "ok" there
	 * unless it is one. */
	X509_STORE_CTX_set_error(
		ctx, auth->state == CLIENT_AUTH_OK
			     ? X509_V_OK
			     : client_reason_alert(auth->code));
	return auth->refused ? 0 : 1;
}

void client_auth_watch(const struct ssl_st *ssl, int where, int value)
{
	struct client_auth *auth;

	(void)value;
	if (!(where & SSL_CB_ALERT) || !(where & SSL_CB_WRITE))
		return;
	/* In TLS 1.2 the alert itself is a plain handshake_failure. */
	auth = SSL_get_app_data(ssl);
	if (auth && ERR_GET_REASON(ERR_peek_last_error()) ==
			    SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
		auth->code = CLIENT_AUTH_CODE_NO_CERT;
		auth->refused = true;
	}
}

void client_auth_verdict(
	const struct client_auth *auth, char out[CLIENT_AUTH_VERDICT])
{
	const char *text = "NONE";
	const char *reason = "";

	if (auth->state == CLIENT_AUTH_OK) {
		text = "SUCCESS";
	} else if (auth->state != CLIENT_AUTH_NONE) {
		text = "FAILED:";
		reason = client_auth_reason(auth->code);
	}
	snprintf(out, CLIENT_AUTH_VERDICT, "%s%s", text, reason);
}

bool client_auth_allowed(const struct client_auth *auth)
{
	if (!auth->settings)
		return false;
	switch (auth->settings->mode) {
	case CLIENT_AUTH_REQUIRE:
		return auth->state == CLIENT_AUTH_OK;
	case CLIENT_AUTH_OPTIONAL:
		return auth->state == CLIENT_AUTH_OK ||
		       auth->state == CLIENT_AUTH_NONE;
	case CLIENT_AUTH_REQUEST_ANY:
	case CLIENT_AUTH_DISABLED:
		return true;
	}
	return false;
}

/* Is this the certificate whose chain was judged? */
static bool same_leaf(const struct client_auth *auth, const X509 *peer)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	return X509_digest(peer, EVP_sha256(), digest, &len) == 1 &&
	       len == sizeof(auth->sha256) &&
	       memcmp(digest, auth->sha256, len) == 0;
}

void client_auth_finish(struct client_auth *auth, struct ssl_st *ssl)
{
	X509 *peer = SSL_get0_peer_certificate(ssl);

	if (!SSL_is_init_finished(ssl)) {
		/* The chain was good, but possession was not proven. */
		if (auth->state == CLIENT_AUTH_OK)
			client_auth_begin(auth, auth->settings);
		return;
	}
	if (!peer) {
		client_auth_begin(auth, auth->settings);
	} else if (auth->state == CLIENT_AUTH_NONE || !same_leaf(auth, peer)) {
		/* Came past the verify callback, e.g. out of a session. */
		note(auth, X509_V_ERR_UNSPECIFIED, 0);
	}
	auth->refused = !client_auth_allowed(auth);
}

static X509 *leaf_of(const struct client_auth *auth, struct ssl_st *ssl)
{
	X509 *leaf = SSL_get0_peer_certificate(ssl);
	STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);

	if (!auth->sent)
		return NULL;
	/* A refused handshake keeps no peer certificate, but its chain. */
	if (!leaf && sk_X509_num(chain) > 0)
		leaf = sk_X509_value(chain, 0);
	return leaf;
}

struct cert_info *client_auth_leaf(
	const struct client_auth *auth, struct ssl_st *ssl, struct arena *arena)
{
	X509 *leaf = leaf_of(auth, ssl);

	return leaf ? cert_info_read(leaf, arena) : NULL;
}

struct cert_info *client_auth_leaf_extended(
	const struct client_auth *auth, struct ssl_st *ssl, struct arena *arena)
{
	X509 *leaf = leaf_of(auth, ssl);
	struct cert_info *info = leaf ? cert_info_read(leaf, arena) : NULL;

	return info && cert_info_read_extensions(info, leaf, arena) ? info
								    : NULL;
}
