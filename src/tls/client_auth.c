#include "tls/client_auth.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "client_auth_priv.h"
#include "tls/cert_info.h"
#include "tls/chain_verify.h"
#include "tls/client_reason.h"

void client_auth_begin(
	struct client_auth *auth, const struct config_client_auth *settings)
{
	*auth = (struct client_auth){.expires = INT64_MAX,
		.crl_until = INT64_MAX,
		.settings = settings,
		.resumption = auth->resumption};
}

static SSL *ssl_of(X509_STORE_CTX *ctx)
{
	return X509_STORE_CTX_get_ex_data(
		ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
}

static struct client_auth *auth_of(X509_STORE_CTX *ctx)
{
	SSL *ssl = ssl_of(ctx);

	return ssl ? SSL_get_app_data(ssl) : NULL;
}

void client_auth_fill(struct client_auth *auth,
	const struct config_client_auth *settings,
	const struct chain_verdict *verdict)
{
	client_auth_begin(auth, settings);
	if (verdict->good)
		auth->state = CLIENT_AUTH_OK;
	else if (verdict->revoked)
		auth->state = CLIENT_AUTH_REVOKED;
	else
		auth->state = CLIENT_AUTH_FAILED;
	auth->code = verdict->code;
	auth->depth = verdict->depth;
	auth->sent = verdict->sent;
	auth->expires = verdict->expires;
	auth->crl_until = verdict->crl_until;
	auth->otherwise = verdict->otherwise;
	memcpy(auth->sha256, verdict->sha256, sizeof(auth->sha256));
	auth->refused = !client_auth_allowed(auth);
}

/* Of what the mode makes of the outcome; a refused "none" has a reason. */
static void conclude(struct client_auth *auth)
{
	auth->refused = !client_auth_allowed(auth);
	if (auth->refused && auth->state == CLIENT_AUTH_NONE)
		auth->code = CLIENT_AUTH_CODE_NO_CERT;
}

void client_auth_absent(
	struct client_auth *auth, const struct config_client_auth *settings)
{
	client_auth_begin(auth, settings);
	conclude(auth);
}

static void judge(struct client_auth *auth, X509_STORE_CTX *ctx,
	const struct trust *trust)
{
	const struct chain_rules rules = {
		.settings = auth->settings, .trust = trust};
	struct chain_verdict verdict;

	chain_verify(&rules, ctx, &verdict);
	client_auth_fill(auth, auth->settings, &verdict);
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

	if (!auth || !auth->settings || !arg) {
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_UNSPECIFIED);
		return 0;
	}
	judge(auth, ctx, arg);
	keep_leaf(ctx);
	ERR_clear_error();
	if (auth->state == CLIENT_AUTH_OK && auth->resumption.terms)
		SSL_set_num_tickets(ssl_of(ctx), RESUMPTION_TICKETS);
	/* Whoever reads SSL_get_verify_result by mistake finds no "ok" there
	 * unless it is one. */
	X509_STORE_CTX_set_error(
		ctx, auth->state == CLIENT_AUTH_OK
			     ? X509_V_OK
			     : client_reason_alert(auth->code));
	return auth->refused && auth->settings->reject_with == REJECT_WITH_ALERT
		       ? 0
		       : 1;
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

/* Does `verified` leave the revocation out, as Cloudflare does? */
static bool revoked_aside(const struct client_auth *auth)
{
	return auth->state == CLIENT_AUTH_REVOKED && auth->settings &&
	       auth->settings->revoked_verdict == REVOKED_CLOUDFLARE;
}

void client_auth_verdict(
	const struct client_auth *auth, char out[CLIENT_AUTH_VERDICT])
{
	const char *text = "FAILED:";
	const char *reason = client_auth_reason(auth->code);

	if (auth->state == CLIENT_AUTH_NONE) {
		text = "NONE";
		reason = "";
	} else if (auth->state == CLIENT_AUTH_OK ||
		   (revoked_aside(auth) && !auth->otherwise)) {
		text = "SUCCESS";
		reason = "";
	} else if (revoked_aside(auth)) {
		/* a chain that is bad besides stays bad */
		reason = client_auth_reason(auth->otherwise);
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

static void distrust(struct client_auth *auth)
{
	if (auth->state == CLIENT_AUTH_FAILED ||
		auth->state == CLIENT_AUTH_REVOKED)
		return;
	auth->state = CLIENT_AUTH_FAILED;
	auth->code = X509_V_ERR_UNSPECIFIED;
	auth->depth = 0;
	auth->expires = INT64_MAX;
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
	if (SSL_session_reused(ssl)) {
		if (!client_auth_resume(auth, ssl))
			distrust(auth);
		auth->refused = !client_auth_allowed(auth);
		return;
	}
	if (auth->resumption.reason == RESUMPTION_ACCEPTED)
		auth->resumption.reason = RESUMPTION_NOT_TAKEN;
	if (!peer) {
		client_auth_begin(auth, auth->settings);
	} else if (auth->state == CLIENT_AUTH_NONE || !same_leaf(auth, peer)) {
		/* Came past the verify callback, e.g. out of a session. */
		distrust(auth);
	}
	/* reject_with: http: the library was not told to insist on one */
	conclude(auth);
}

void client_auth_oversized(struct client_auth *auth)
{
	if (auth->state == CLIENT_AUTH_OK) {
		auth->state = CLIENT_AUTH_FAILED;
		auth->code = CLIENT_AUTH_CODE_HEADERS;
		auth->depth = 0;
		auth->expires = INT64_MAX;
	} else if (!auth->otherwise) {
		auth->otherwise = CLIENT_AUTH_CODE_HEADERS;
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
