#include "tls/tls_context.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "config/config_problem.h"
#include "tls/cert_time.h"
#include "tls/chain_verify.h"
#include "tls/client_auth.h"
#include "client_auth_priv.h"
#include "tickets_priv.h"
#include "tls_profile_priv.h"
#include "tls/ticket_keys.h"
#include "tls/tls_sni.h"
#include "tls/trust.h"

enum {
	CONTEXT_MAGIC = 0x746c7378,
};

struct tls_context {
	unsigned magic;
	SSL_CTX *ctx;
	struct trust *trust; /* NULL in mode disabled */
	const struct config_client_auth *settings;
	uint8_t trust_digest[TRUST_DIGEST];
	uint8_t trust_content[TRUST_DIGEST];
	bool resumes;
	struct resumption_terms terms; /* where it resumes */
	struct ticket_keys *keys;      /* of a file; NULL: none */
	struct tls_sni *sni;
};

bool tls_library_init(const char *openssl_config)
{
	OPENSSL_INIT_SETTINGS *settings;
	uint64_t wanted = OPENSSL_INIT_LOAD_CONFIG;
	bool ok;

	if (!openssl_config)
		return OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1;
	settings = OPENSSL_INIT_new();
	ok = settings &&
	     OPENSSL_INIT_set_config_filename(settings, openssl_config) == 1;
	if (ok) {
		/* Without the default flags a missing file is an error. */
		OPENSSL_INIT_set_config_file_flags(settings, 0);
		ok = OPENSSL_init_ssl(wanted, settings) == 1;
	}
	OPENSSL_INIT_free(settings);
	return ok;
}

/* ---- ALPN ---- */

/* http/1.1, or no_application_protocol (RFC 7301 section 3.2). */
static int choose_protocol(SSL *ssl, const unsigned char **out,
	unsigned char *out_len, const unsigned char *offered,
	unsigned offered_len, void *arg)
{
	static const struct slice http = {"http/1.1", 8};
	struct slice rest = slice_of(offered, offered_len);

	(void)ssl;
	(void)arg;
	while (rest.len) {
		size_t len = (unsigned char)rest.ptr[0];
		struct slice name = slice_head(slice_from(rest, 1), len);

		if (slice_eq(name, http)) {
			*out = (const unsigned char *)http.ptr;
			*out_len = (unsigned char)http.len;
			return SSL_TLSEXT_ERR_OK;
		}
		rest = slice_from(rest, len + 1);
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* ---- versions, ciphers, groups (R16) ---- */

static void report(struct config_problems *problems, struct config_mark mark,
	const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	config_problem(problems, CONFIG_ERROR, EXIT_CODE_CONFIG, mark,
		"%s: not accepted", what);
	if (reason)
		config_problem_note(problems, "OpenSSL says: %s", reason);
	ERR_clear_error();
}

/* The library skips names it does not know; we do not. */
static bool each_known(
	const char *list, int (*set)(SSL_CTX *ctx, const char *list))
{
	SSL_CTX *scratch = SSL_CTX_new(TLS_server_method());
	struct slice rest = slice_str(list), name;
	bool ok = scratch != NULL;
	char text[128];

	while (ok && slice_next(&rest, ':', &name)) {
		ok = name.len && name.len < sizeof(text) &&
		     slice_find(name, '@') == name.len;
		if (!ok || name.ptr[0] == '!' || name.ptr[0] == '-' ||
			name.ptr[0] == '+')
			continue;
		snprintf(text, sizeof(text), "%.*s", SLICE_FMT(name));
		ok = set(scratch, text) == 1;
	}
	SSL_CTX_free(scratch);
	return ok;
}

static int set_groups(SSL_CTX *ctx, const char *list)
{
	return tls_profile_list(ctx, SSL_CTRL_SET_GROUPS_LIST, list);
}

struct choice {
	const char *key;
	const struct config_text *chosen;
	const char *ours;
	int (*set)(SSL_CTX *ctx, const char *list);
};

static bool set_choice(SSL_CTX *ctx, const struct choice *choice,
	struct config_problems *problems)
{
	const char *text = choice->chosen->text;

	if (!text || !strcmp(text, "default"))
		text = choice->ours;
	else if (!each_known(text, choice->set)) {
		report(problems, choice->chosen->mark, choice->key);
		return false;
	}
	if (choice->set(ctx, text) == 1)
		return true;
	report(problems, choice->chosen->mark, choice->key);
	return false;
}

static bool set_algorithms(SSL_CTX *ctx, const struct config_tls *tls,
	struct config_problems *problems)
{
	const struct choice choices[] = {
		{"tls.ciphers_tls12", &tls->ciphers_tls12, tls_profile_ciphers,
			SSL_CTX_set_cipher_list},
		{"tls.ciphersuites_tls13", &tls->ciphersuites_tls13,
			tls_profile_suites, SSL_CTX_set_ciphersuites},
		{"tls.groups", &tls->groups, tls_profile_groups, set_groups},
	};
	bool ok = true;

	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		ok = set_choice(ctx, &choices[i], problems) && ok;
	/* After the list of ciphers, which could change it. */
	SSL_CTX_set_security_level(ctx, TLS_PROFILE_LEVEL);
	return ok;
}

static bool set_basics(SSL_CTX *ctx, const struct config_tls *tls)
{
	SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	return tls_profile_set(ctx) &&
	       SSL_CTX_set_min_proto_version(ctx, tls->min_version) == 1 &&
	       SSL_CTX_set_max_proto_version(ctx, tls->max_version) == 1 &&
	       tickets_refuse(ctx);
}

/* ---- certificate, key, clients ---- */

static bool set_certificates(struct tls_context *context,
	const struct config_tls *tls, struct config_problems *problems)
{
	context->sni = tls_sni_load(tls, problems);
	if (!context->sni)
		return false;
	if (tls_sni_install(context->sni, context->ctx))
		return true;
	report(problems, tls->cert.mark, "tls.cert");
	return false;
}

static int verify_mode(const struct config_client_auth *settings)
{
	switch (settings->mode) {
	case CLIENT_AUTH_REQUIRE:
		if (settings->reject_with == REJECT_WITH_HTTP)
			return SSL_VERIFY_PEER;
		return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	case CLIENT_AUTH_OPTIONAL:
	case CLIENT_AUTH_REQUEST_ANY:
		return SSL_VERIFY_PEER;
	case CLIENT_AUTH_DISABLED:
		return SSL_VERIFY_NONE;
	}
	return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

static bool set_client_auth(
	struct tls_context *context, struct config_problems *problems)
{
	const struct config_client_auth *settings = context->settings;
	const STACK_OF(X509_NAME) * names;
	STACK_OF(X509_NAME) * copy;
	SSL_CTX *ctx = context->ctx;

	SSL_CTX_set_verify(ctx, verify_mode(settings), NULL);
	/* Without trust it refuses whatever comes. */
	SSL_CTX_set_cert_verify_callback(ctx, client_auth_verify, NULL);
	SSL_CTX_set_info_callback(ctx, client_auth_watch);
	if (settings->mode == CLIENT_AUTH_DISABLED)
		return true;
	context->trust = trust_load(settings, problems);
	if (!context->trust)
		return false;
	SSL_CTX_set1_cert_store(ctx, trust_store(context->trust));
	SSL_CTX_set_cert_verify_callback(
		ctx, client_auth_verify, context->trust);
	if (!chain_settings(SSL_CTX_get0_param(ctx), settings))
		return false;
	names = trust_names(context->trust);
	if (!names)
		return true;
	copy = SSL_dup_CA_list(names);
	if (copy)
		SSL_CTX_set_client_CA_list(ctx, copy);
	return copy != NULL;
}

/* ---- resumption (R12) ---- */

static bool set_resumption(struct tls_context *context,
	const struct tls_context_setup *setup, struct config_problems *problems)
{
	const struct config_tls *tls = &setup->listener->tls;
	struct resumption_terms *terms = &context->terms;

	if (tls->session_resumption == SESSION_RESUMPTION_DISABLED ||
		context->settings->mode == CLIENT_AUTH_DISABLED)
		return true; /* set_basics switched it off */
	if (tls->ticket_keys.text) {
		context->keys = ticket_keys_load(&tls->ticket_keys, problems);
		if (!context->keys)
			return false;
	} else if (!setup->ring) {
		return true;
	}
	memcpy(terms->trust, context->trust_digest, sizeof(terms->trust));
	terms->next_update_s =
		context->settings->crl.when_expired == CRL_POLICY_ALLOW
			? INT64_MAX
			: trust_next_update(context->trust);
	/* A responder is asked about the issuer that the chain told, and
	 * answers when the ticket has long been given. */
	terms->chain_needed =
		setup->chain_needed ||
		context->settings->ocsp.mode != OCSP_MODE_DISABLED;
	terms->file = context->keys;
	terms->ring = setup->ring;
	context->resumes = true;
	return tickets_offer(context->ctx, terms);
}

/* ---- the server name ---- */

/* Before anything else of the hello is looked at; again for the one behind a
 * HelloRetryRequest. */
static int on_hello(SSL *ssl, int *alert, void *arg)
{
	const struct tls_context *context = arg;

	assert(context->magic == CONTEXT_MAGIC);
	if (!tls_sni_hello(context->sni, ssl, alert))
		return SSL_CLIENT_HELLO_ERROR;
	tickets_hello(ssl);
	return SSL_CLIENT_HELLO_SUCCESS;
}

static void watch_hello(struct tls_context *context)
{
	if (context->resumes || tls_sni_selects(context->sni))
		SSL_CTX_set_client_hello_cb(context->ctx, on_hello, context);
}

/* Adds no problem of its own only when one of its steps added one. */
static bool set_up(struct tls_context *context,
	const struct tls_context_setup *setup, struct config_problems *problems)
{
	const struct config_tls *tls = &setup->listener->tls;
	bool ok;

	if (!set_basics(context->ctx, tls)) {
		report(problems, tls->cert.mark, "tls");
		return false;
	}
	/* All of them, so that all errors show in one run. */
	ok = set_algorithms(context->ctx, tls, problems);
	ok = set_certificates(context, tls, problems) && ok;
	ok = set_client_auth(context, problems) && ok;
	ok = ok && trust_digest(context->trust, setup->listener,
			   context->trust_content, context->trust_digest);
	ok = set_resumption(context, setup, problems) && ok;
	if (ok)
		watch_hello(context);
	return ok;
}

struct tls_context *tls_context_new(
	const struct tls_context_setup *setup, struct config_problems *problems)
{
	size_t errors = config_problems_errors(problems);
	struct tls_context *context = calloc(1, sizeof(*context));

	if (context) {
		context->magic = CONTEXT_MAGIC;
		context->settings = &setup->listener->client_auth;
		context->ctx = SSL_CTX_new(TLS_server_method());
	}
	if (context && context->ctx && set_up(context, setup, problems))
		return context;
	if (config_problems_errors(problems) == errors)
		config_problem(problems, CONFIG_ERROR, EXIT_CODE_INTERNAL,
			setup->listener->tls.cert.mark, "tls: out of memory");
	tls_context_free(context);
	ERR_clear_error();
	return NULL;
}

void tls_context_free(struct tls_context *context)
{
	if (!context)
		return;
	assert(context->magic == CONTEXT_MAGIC);
	context->magic = 0;
	SSL_CTX_free(context->ctx);
	tls_sni_free(context->sni);
	trust_free(context->trust);
	ticket_keys_free(context->keys);
	free(context);
}

struct ssl_st *tls_context_accept(
	struct tls_context *context, struct client_auth *auth)
{
	SSL *ssl;

	assert(context->magic == CONTEXT_MAGIC);
	auth->resumption = (struct resumption){
		.terms = context->resumes ? &context->terms : NULL};
	client_auth_begin(auth, context->settings);
	ssl = SSL_new(context->ctx);
	if (!ssl)
		return NULL;
	if (SSL_set_app_data(ssl, auth) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_accept_state(ssl);
	return ssl;
}

const uint8_t *tls_context_trust_digest(const struct tls_context *context)
{
	assert(context->magic == CONTEXT_MAGIC);
	return context->trust_digest;
}

const uint8_t *tls_context_trust_content(const struct tls_context *context)
{
	assert(context->magic == CONTEXT_MAGIC);
	return context->trust_content;
}

int64_t tls_context_next_update(const struct tls_context *context)
{
	assert(context->magic == CONTEXT_MAGIC);
	return trust_next_update(context->trust);
}

int64_t tls_context_crl_warn_at(const struct tls_context *context)
{
	assert(context->magic == CONTEXT_MAGIC);
	return trust_crl_warn_at(context->trust);
}

int64_t tls_context_days_left(
	const struct tls_context *context, int64_t now_unix)
{
	int64_t expires = tls_sni_expires(context->sni);
	int64_t left = expires - now_unix;

	if (expires == INT64_MAX)
		return 0;
	return left >= 0 ? left / 86400 : -((86399 - left) / 86400);
}

const struct tls_sni *tls_context_sni(const struct tls_context *context)
{
	return tls_sni_selects(context->sni) ? context->sni : NULL;
}
