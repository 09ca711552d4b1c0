/* origin_context: a server, its name and its sessions. */
#include "origin_context_priv.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/slice.h"

struct origin_peer *origin_peer_new(
	struct origin_context *context, const char *host)
{
	struct origin_peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return NULL;
	peer->context = context;
	peer->name = context->name;
	/* A host that cannot be in a certificate is found in none. */
	if (!peer->name.len && !server_name_read(slice_str(host), &peer->name))
		snprintf(peer->name.text, sizeof(peer->name.text), "%s", host);
	return peer;
}

void origin_peer_free(struct origin_peer *peer)
{
	if (!peer)
		return;
	while (peer->session_count)
		SSL_SESSION_free(peer->sessions[--peer->session_count]);
	free(peer);
}

/* ---- sessions ---- */

static void forget(struct origin_peer *peer, size_t index)
{
	SSL_SESSION_free(peer->sessions[index]);
	peer->session_count--;
	memmove(&peer->sessions[index], &peer->sessions[index + 1],
		(peer->session_count - index) * sizeof(*peer->sessions));
}

/*
 * When the certificate was verified, seconds since 1970; 0: not noted. A ticket
 * that comes on a resumed connection takes it over (the library copies what
 * the application keeps with a session), so that a row of resumptions does not
 * go on without end.
 */
static int64_t verified_at(const SSL_SESSION *session)
{
	int64_t at = 0;
	void *data = NULL;
	size_t len = 0;

	if (SSL_SESSION_get0_ticket_appdata(
		    (SSL_SESSION *)(uintptr_t)session, &data, &len) == 1 &&
		len == sizeof(at))
		memcpy(&at, data, sizeof(at));
	return at;
}

static bool note_verified(SSL_SESSION *session)
{
	const int64_t now = time(NULL);

	return verified_at(session) ||
	       SSL_SESSION_set1_ticket_appdata(session, &now, sizeof(now)) == 1;
}

int origin_peer_keep(struct ssl_st *ssl, struct ssl_session_st *session)
{
	struct origin_peer *peer = SSL_get_app_data(ssl);

	if (!SSL_SESSION_is_resumable(session) || !note_verified(session))
		return 0;
	if (peer->session_count == ORIGIN_SESSIONS)
		forget(peer, 0);
	peer->sessions[peer->session_count++] = session;
	return 1; /* the reference is ours */
}

/* A certificate that was verified once is not believed for ever. */
static bool is_fresh(const SSL_SESSION *session)
{
	X509 *leaf = SSL_SESSION_get0_peer((SSL_SESSION *)(uintptr_t)session);
	int64_t age = time(NULL) - verified_at(session);

	return leaf && age >= 0 && age < ORIGIN_SESSION_S &&
	       X509_cmp_current_time(X509_get0_notAfter(leaf)) > 0;
}

/* The newest. A ticket of TLS 1.3 is used once (RFC 8446 appendix C.4). */
static bool resume(struct origin_peer *peer, SSL *ssl)
{
	while (peer->session_count) {
		size_t last = peer->session_count - 1;
		SSL_SESSION *session = peer->sessions[last];
		bool fresh = is_fresh(session);
		bool ok = !fresh || SSL_set_session(ssl, session) == 1;

		if (!fresh || SSL_SESSION_get_protocol_version(session) >=
				      TLS1_3_VERSION)
			forget(peer, last);
		if (fresh)
			return ok;
	}
	return true;
}

/* ---- a connection ---- */

static bool expect_name(struct origin_peer *peer, SSL *ssl)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	X509_VERIFY_PARAM_set_hostflags(
		param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
			       X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (peer->name.address)
		return X509_VERIFY_PARAM_set1_ip_asc(param, peer->name.text) ==
		       1;
	return X509_VERIFY_PARAM_set1_host(
		       param, peer->name.text, strlen(peer->name.text)) == 1 &&
	       (!peer->name.len ||
		       SSL_set_tlsext_host_name(ssl, peer->name.text) == 1);
}

struct ssl_st *origin_peer_connect(struct origin_peer *peer)
{
	SSL *ssl = SSL_new(peer->context->ctx);

	if (ssl && SSL_set_app_data(ssl, peer) == 1 && expect_name(peer, ssl) &&
		resume(peer, ssl))
		return ssl;
	SSL_free(ssl);
	ERR_clear_error();
	return NULL;
}

bool origin_peer_speaks_http(const struct ssl_st *ssl)
{
	const unsigned char *name;
	unsigned len = 0;

	SSL_get0_alpn_selected(ssl, &name, &len);
	return !len || slice_eq(slice_of(name, len), SLICE("http/1.1"));
}

/* ---- why it failed ---- */

struct words {
	char *out;
	size_t len;
	unsigned left_out;
};

static void add(struct words *w, const char *text, size_t len)
{
	if (w->len + len >= ORIGIN_PEER_WORDS - 32) {
		w->left_out++;
		return;
	}
	memcpy(w->out + w->len, text, len);
	w->len += len;
	w->out[w->len] = '\0';
}

static void add_str(struct words *w, const char *text)
{
	add(w, text, strlen(text));
}

static void add_ip(struct words *w, const ASN1_OCTET_STRING *ip)
{
	char text[INET6_ADDRSTRLEN] = "an address of odd length";
	int len = ASN1_STRING_length(ip);

	if (len == 4 || len == 16)
		inet_ntop(len == 4 ? AF_INET : AF_INET6,
			ASN1_STRING_get0_data(ip), text, sizeof(text));
	add_str(w, text);
}

/* As they are: the log escapes. */
static void add_names(struct words *w, const X509 *cert)
{
	GENERAL_NAMES *names =
		X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	const char *between = "";

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != GEN_DNS && name->type != GEN_IPADD)
			continue;
		add_str(w, between);
		between = ", ";
		if (name->type == GEN_IPADD)
			add_ip(w, name->d.iPAddress);
		else
			add(w,
				(const char *)ASN1_STRING_get0_data(
					name->d.dNSName),
				(size_t)ASN1_STRING_length(name->d.dNSName));
	}
	if (!*between)
		add_str(w, "no name");
	GENERAL_NAMES_free(names);
}

static void add_pin(struct words *w, const X509 *cert)
{
	uint8_t pin[ORIGIN_PIN];
	char text[3];

	if (!origin_spki(cert, pin))
		return;
	for (size_t i = 0; i < sizeof(pin); i++) {
		snprintf(text, sizeof(text), "%02x", pin[i]);
		add(w, text, 2);
	}
}

/* The chain is kept even when it was refused. */
static const X509 *leaf_of(const SSL *ssl)
{
	const STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);

	return sk_X509_num(chain) > 0 ? sk_X509_value(chain, 0) : NULL;
}

static void add_certificate(struct words *w, const SSL *ssl, long result)
{
	const struct origin_peer *peer = SSL_get_app_data(ssl);
	const X509 *leaf = leaf_of(ssl);

	switch (result) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		add_str(w, "its certificate is not for ");
		add_str(w, peer->name.text);
		add_str(w, ", but for ");
		if (leaf)
			add_names(w, leaf);
		break;
	case X509_V_ERR_APPLICATION_VERIFICATION:
		add_str(w, "its key is not in pin_spki_sha256; it is ");
		if (leaf)
			add_pin(w, leaf);
		break;
	default:
		add_str(w, "its certificate is not accepted: ");
		add_str(w, X509_verify_cert_error_string(result));
	}
}

void origin_peer_explain(const struct ssl_st *ssl, const char *words,
	char out[ORIGIN_PEER_WORDS])
{
	struct words w = {.out = out};
	long result = SSL_get_verify_result(ssl);

	out[0] = '\0';
	if (result == X509_V_OK)
		add_str(&w, words);
	else
		add_certificate(&w, ssl, result);
	if (w.left_out)
		snprintf(out + w.len, ORIGIN_PEER_WORDS - w.len, " and %u more",
			w.left_out);
}
