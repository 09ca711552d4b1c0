#include "tls_sni_priv.h"

#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

bool tls_sni_selects(const struct tls_sni *sni)
{
	return sni->group_count > 1 || sni->reject;
}

/* ---- whose certificate is it? ---- */

/*
 * What an SSL shows is asked of the SSL itself: its certificate knows its
 * group. No note beside it could differ from that.
 */
static const struct sni_certificate *shown_by(const SSL *ssl)
{
	const X509 *leaf = SSL_get_certificate(ssl);

	return leaf ? X509_get_ex_data(leaf, 0) : NULL;
}

size_t tls_sni_group(const struct ssl_st *ssl)
{
	const struct sni_certificate *shown = shown_by(ssl);

	return shown ? shown->group : 0;
}

uint32_t tls_sni_identity(const struct ssl_st *ssl)
{
	const struct sni_certificate *shown = shown_by(ssl);

	return shown ? shown->identity : 0;
}

/* ---- the client hello ---- */

/* Instead of what the SSL has, and nothing but that. */
static bool swap(SSL *ssl, const struct sni_certificate *first)
{
	SSL_certs_clear(ssl);
	for (const struct sni_certificate *c = first; c; c = c->next) {
		if (SSL_use_cert_and_key(ssl, c->pair.leaf, c->pair.key,
			    c->pair.chain, 1) != 1)
			return false;
	}
	return true;
}

/* A name of no group, told in the log by SSL_get_servername. */
static bool refuse_name(SSL *ssl, int *alert, const char *name)
{
	union {
		const char *ours;
		void *theirs; /* only read */
	} shown = {.ours = name};

	ERR_clear_error();
	/* SSL_set_tlsext_host_name without its cast, which drops a const */
	if (name)
		(void)SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
			TLSEXT_NAMETYPE_host_name, shown.theirs);
	ERR_raise(ERR_LIB_SSL, SSL_R_TLSV1_UNRECOGNIZED_NAME);
	*alert = TLS_SNI_ALERT;
	return false;
}

static bool choose_group(
	const struct tls_sni *sni, SSL *ssl, size_t group, int *alert)
{
	if (group == tls_sni_group(ssl) || swap(ssl, sni->groups[group]))
		return true;
	*alert = SSL_AD_INTERNAL_ERROR;
	return false;
}

/* *name: the host in its one spelling, where it is a name. */
static enum tls_sni_choice choose(const struct tls_sni *sni, struct slice host,
	struct server_name *name, size_t *group)
{
	int found;

	*group = 0;
	if (!host.ptr || !tls_sni_selects(sni))
		return TLS_SNI_DEFAULT;
	if (!server_name_read(host, name))
		return TLS_SNI_NO_NAME;
	found = server_names_find(sni->names, name);
	if (found == SERVER_NAMES_NONE)
		return sni->reject ? TLS_SNI_UNKNOWN : TLS_SNI_DEFAULT;
	*group = (size_t)found;
	return TLS_SNI_NAMED;
}

enum tls_sni_choice tls_sni_choose(
	const struct tls_sni *sni, struct slice host, size_t *group)
{
	struct server_name name;

	return choose(sni, host, &name, group);
}

bool tls_sni_hello(const struct tls_sni *sni, struct ssl_st *ssl, int *alert)
{
	struct slice host = {NULL, 0};
	const unsigned char *bytes;
	struct server_name name;
	size_t len, group;

	if (!tls_sni_selects(sni))
		return true;
	if (SSL_client_hello_get0_ext(
		    ssl, TLSEXT_TYPE_server_name, &bytes, &len) == 1 &&
		!server_name_hello(slice_of(bytes, len), &host)) {
		ERR_raise(ERR_LIB_SSL, SSL_R_BAD_EXTENSION);
		*alert = SSL_AD_DECODE_ERROR;
		return false;
	}
	switch (choose(sni, host, &name, &group)) {
	case TLS_SNI_NO_NAME:
		return refuse_name(ssl, alert, NULL);
	case TLS_SNI_UNKNOWN:
		return refuse_name(ssl, alert, name.text);
	case TLS_SNI_NAMED:
	case TLS_SNI_DEFAULT:
		break;
	}
	return choose_group(sni, ssl, group, alert);
}

/* RFC 6066 section 3: a name that was used is acknowledged. */
static int acknowledge(SSL *ssl, int *alert, void *arg)
{
	const struct tls_sni *sni = arg;
	const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	struct server_name name;

	(void)alert;
	if (host && server_name_read(slice_str(host), &name) &&
		server_names_find(sni->names, &name) != SERVER_NAMES_NONE)
		return SSL_TLSEXT_ERR_OK;
	return SSL_TLSEXT_ERR_NOACK;
}

/* ---- stapling ---- */

static int staple(SSL *ssl, void *arg)
{
	const struct sni_certificate *shown = shown_by(ssl);
	struct slice response;
	void *copy;

	(void)arg;
	if (!shown)
		return SSL_TLSEXT_ERR_NOACK;
	response = ocsp_staple_at(&shown->staple, (int64_t)time(NULL));
	copy = response.len ? OPENSSL_memdup(response.ptr, response.len) : NULL;
	if (!copy)
		return SSL_TLSEXT_ERR_NOACK; /* it is an extra */
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)response.len);
	return SSL_TLSEXT_ERR_OK;
}

static bool has_staples(const struct tls_sni *sni)
{
	for (size_t i = 0; i < sni->count; i++) {
		if (sni->certificates[i].staple.der)
			return true;
	}
	return false;
}

/* ---- one listener ---- */

bool tls_sni_install(struct tls_sni *sni, struct ssl_ctx_st *ctx)
{
	const struct sni_certificate *c;

	for (c = sni->groups[0]; c; c = c->next) {
		if (SSL_CTX_use_cert_and_key(ctx, c->pair.leaf, c->pair.key,
			    c->pair.chain, 1) != 1)
			return false;
	}
	if (tls_sni_selects(sni)) {
		SSL_CTX_set_tlsext_servername_callback(ctx, acknowledge);
		SSL_CTX_set_tlsext_servername_arg(ctx, sni);
	}
	if (has_staples(sni))
		SSL_CTX_set_tlsext_status_cb(ctx, staple);
	return true;
}

size_t tls_sni_first(const struct tls_sni *sni, size_t group)
{
	return (size_t)(sni->groups[group] - sni->certificates);
}

size_t tls_sni_groups(const struct tls_sni *sni)
{
	return sni->group_count;
}

bool tls_sni_serves(const struct tls_sni *sni, size_t group, struct slice host)
{
	struct server_name name;
	int covered = SERVER_NAMES_NONE;

	if (server_name_read(host, &name))
		covered = server_names_find(sni->names, &name);
	return covered == SERVER_NAMES_NONE ? !sni->reject
					    : (size_t)covered == group;
}
