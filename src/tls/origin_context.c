#include "tls/origin_context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "config/config.h"
#include "config/config_problem.h"
#include "config/config_value.h"
#include "key_pair_priv.h"
#include "origin_context_priv.h"
#include "tls_profile_priv.h"
#include "tls/trust.h"

/* One load in progress. */
struct loading {
	struct origin_context *context;
	const struct config_origin *config;
	struct config_problems *problems;
	char *at; /* "origins.web.tls" */
};

static bool no_memory(const struct loading *l)
{
	config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_INTERNAL,
		l->config->mark, "origins.%s.tls: out of memory",
		l->config->name);
	return false;
}

/* ---- verifying ---- */

bool origin_spki(const struct x509_st *cert, uint8_t out[ORIGIN_PIN])
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	bool ok = len > 0 && EVP_Digest(der, (size_t)len, out, NULL,
				     EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	return ok;
}

static bool is_pinned(const struct origin_context *context, X509 *leaf)
{
	uint8_t pin[ORIGIN_PIN];

	if (!context->pin_count)
		return true;
	if (!leaf || !origin_spki(leaf, pin))
		return false;
	for (size_t i = 0; i < context->pin_count; i++) {
		if (!memcmp(context->pins[i].octets, pin, sizeof(pin)))
			return true;
	}
	return false;
}

/* Chain and name are the library's to judge, before; the pin is ours. */
static int on_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
		store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct origin_peer *peer = SSL_get_app_data(ssl);

	if (!ok || X509_STORE_CTX_get_error_depth(store) > 0)
		return ok;
	if (is_pinned(peer->context, X509_STORE_CTX_get0_cert(store)))
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

static bool set_trust(const struct loading *l)
{
	SSL_CTX *ctx = l->context->ctx;
	char key[320];
	X509_STORE *store;

	snprintf(key, sizeof(key), "%s.ca", l->at);
	store = trust_store_load(
		&l->config->tls.ca, key, l->config->mark, l->problems);
	if (!store)
		return false;
	SSL_CTX_set0_verify_cert_store(ctx, store);
	/* What the file holds is trusted, be it a root or not. */
	X509_VERIFY_PARAM_set_flags(
		SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	return true;
}

/* ---- pins ---- */

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = slice_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 64 digits, with or without colons. */
static bool read_hex(struct slice text, uint8_t pin[ORIGIN_PIN])
{
	enum { HEX = 2 * ORIGIN_PIN };
	size_t count = 0;

	memset(pin, 0, ORIGIN_PIN);
	for (size_t i = 0; i < text.len; i++) {
		int digit = digit_of(text.ptr[i]);

		if (text.ptr[i] == ':' && count && count % 2 == 0)
			continue;
		if (digit < 0 || count == HEX)
			return false;
		pin[count / 2] = (uint8_t)(pin[count / 2] << 4 | digit);
		count++;
	}
	return count == HEX;
}

/* 44 characters, as RFC 7469 and curl have it. */
static bool read_base64(struct slice text, uint8_t pin[ORIGIN_PIN])
{
	enum { TEXT = 44, OCTETS = 33 };
	unsigned char octets[OCTETS];

	if (text.len != TEXT || text.ptr[TEXT - 1] != '=' ||
		text.ptr[TEXT - 2] == '=' ||
		EVP_DecodeBlock(octets, (const unsigned char *)text.ptr,
			TEXT) != OCTETS)
		return false;
	memcpy(pin, octets, ORIGIN_PIN);
	return true;
}

static bool set_pin(const struct loading *l, const struct config_text *text)
{
	uint8_t *pin = l->context->pins[l->context->pin_count].octets;
	struct slice written = slice_str(text->text);
	char shown[CONFIG_SHOWN];

	if (slice_starts(written, SLICE("sha256//")))
		written = slice_from(written, 8);
	if (read_hex(written, pin) || read_base64(written, pin)) {
		l->context->pin_count++;
		return true;
	}
	config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_CONFIG, text->mark,
		"%s.pin_spki_sha256: %s is not the SHA-256 of a public key in "
		"hex (64 digits) or base64 (44 characters)",
		l->at, config_shown(slice_str(text->text), shown));
	return false;
}

static bool set_pins(const struct loading *l)
{
	const struct config_texts *texts = &l->config->tls.pin_spki_sha256;
	bool ok = true;

	for (size_t i = 0; i < texts->count; i++)
		ok = set_pin(l, &texts->items[i]) && ok;
	return ok;
}

/* ---- name, certificate ---- */

static bool set_name(const struct loading *l)
{
	const struct config_text *text = &l->config->tls.server_name;
	char shown[CONFIG_SHOWN];

	if (!text->text ||
		server_name_read(slice_str(text->text), &l->context->name))
		return true;
	config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_CONFIG, text->mark,
		"%s.server_name: %s is neither a host name nor an address",
		l->at, config_shown(slice_str(text->text), shown));
	return false;
}

static bool set_certificate(const struct loading *l)
{
	const struct config_certificate files = {.cert = l->config->tls.cert,
		.key = l->config->tls.key,
		.mark = l->config->mark};
	struct key_pair pair;
	bool ok;

	if (!files.cert.text)
		return true;
	if (!key_pair_load(&pair, &files, l->at, KEY_PAIR_CLIENT, l->problems))
		return false;
	ok = SSL_CTX_use_cert_and_key(
		     l->context->ctx, pair.leaf, pair.key, pair.chain, 1) == 1;
	key_pair_fini(&pair);
	return ok || no_memory(l);
}

/* ---- the whole ---- */

static bool set_protocol(SSL_CTX *ctx)
{
	static const unsigned char http[] = "\x08http/1.1";

	SSL_CTX_set_session_cache_mode(
		ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, origin_peer_keep);
	return tls_profile_set(ctx) && tls_profile_set_lists(ctx) &&
	       !SSL_CTX_set_alpn_protos(ctx, http, sizeof(http) - 1);
}

/* All of them, so that all errors show in one run. */
static bool set_up(const struct loading *l)
{
	bool ok = set_protocol(l->context->ctx) || no_memory(l);

	ok = set_trust(l) && ok;
	ok = set_name(l) && ok;
	ok = set_pins(l) && ok;
	return set_certificate(l) && ok;
}

bool origin_context_needed(const struct config_origin *config)
{
	for (size_t i = 0; i < config->server_count; i++) {
		if (config->servers[i].tls)
			return true;
	}
	return false;
}

struct origin_context *origin_context_new(
	const struct config_origin *config, struct config_problems *problems)
{
	struct origin_context *context = calloc(1, sizeof(*context));
	struct loading l = {
		.context = context, .config = config, .problems = problems};
	bool ok;

	if (context) {
		context->ctx = SSL_CTX_new(TLS_client_method());
		context->pins = calloc(config->tls.pin_spki_sha256.count + 1,
			sizeof(*context->pins));
	}
	if (asprintf(&l.at, "origins.%s.tls", config->name) < 0)
		l.at = NULL;
	if (context && context->ctx && context->pins && l.at)
		ok = set_up(&l);
	else
		ok = no_memory(&l);
	free(l.at);
	ERR_clear_error();
	if (ok)
		return context;
	origin_context_free(context);
	return NULL;
}

void origin_context_free(struct origin_context *context)
{
	if (!context)
		return;
	SSL_CTX_free(context->ctx);
	free(context->pins);
	free(context);
}
