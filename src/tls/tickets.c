#include "tickets_priv.h"

#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include "base/arena.h"
#include "client_auth_priv.h"
#include "tls/client_auth.h"
#include "tls/resumption.h"
#include "tls/server_name.h"
#include "tls/ticket_keys.h"
#include "tls/ticket_ring.h"
#include "tls/tls_sni.h"

/* ---- off ---- */

/* No key, so no ticket can be made even where the options were forgotten. */
static int refuse_to_make_ticket(SSL *ssl, void *arg)
{
	(void)ssl;
	(void)arg;
	return 0;
}

/* Whatever came as a ticket: go on as if there was none, offer no new one. */
static SSL_TICKET_RETURN refuse_ticket(SSL *ssl, SSL_SESSION *session,
	const unsigned char *name, size_t name_len, SSL_TICKET_STATUS status,
	void *arg)
{
	(void)ssl;
	(void)session;
	(void)name;
	(void)name_len;
	(void)status;
	(void)arg;
	return SSL_TICKET_RETURN_IGNORE;
}

/* Early data that is dropped unread; behind that, the handshake fails. */
enum { SKIPPED_MAX = 16384 };

/*
 * Tickets are all there is: no cache of ours, and early data is never taken.
 * Who believes that it would be, from whoever served here before, is to hear
 * that it was not and go on (RFC 8446 section 4.2.10).
 */
static void set_no_cache(SSL_CTX *ctx)
{
	SSL_CTX_set_session_cache_mode(
		ctx, SSL_SESS_CACHE_OFF | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_set_max_early_data(ctx, 0);
	SSL_CTX_set_recv_max_early_data(ctx, SKIPPED_MAX);
}

bool tickets_refuse(SSL_CTX *ctx)
{
	static const unsigned char id[] = "mtlsgate";

	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	set_no_cache(ctx);
	return SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
	       SSL_CTX_set_session_ticket_cb(
		       ctx, refuse_to_make_ticket, refuse_ticket, NULL) == 1 &&
	       SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1) == 1;
}

/* ---- who gets one ---- */

/* Only where the verdict is ok; a resumption hands its own on. */
static bool deserves(SSL *ssl, const struct client_auth *auth)
{
	if (!auth || !auth->resumption.terms || auth->resumption.no_ticket ||
		auth->resumption.terms->chain_needed)
		return false;
	if (SSL_session_reused(ssl))
		return auth->resumption.reason == RESUMPTION_ACCEPTED;
	return auth->state == CLIENT_AUTH_OK;
}

static bool add_issuer(
	struct ticket_data *data, const struct client_auth_issuer *issuer)
{
	if (issuer->serial.len > TICKET_DATA_ISSUER ||
		issuer->key_id.len > TICKET_DATA_ISSUER)
		return false;
	data->issuer_serial_negative = issuer->serial_negative;
	data->issuer_serial_len = (uint8_t)issuer->serial.len;
	data->issuer_key_id_len = (uint8_t)issuer->key_id.len;
	if (issuer->serial.len)
		memcpy(data->issuer_serial, issuer->serial.ptr,
			issuer->serial.len);
	if (issuer->key_id.len)
		memcpy(data->issuer_key_id, issuer->key_id.ptr,
			issuer->key_id.len);
	return true;
}

/* What a full handshake found. false: no memory, or too long for a ticket. */
static bool collect(
	struct ticket_data *data, SSL *ssl, const struct client_auth *auth)
{
	const struct resumption *here = &auth->resumption;
	struct arena *arena = arena_new(NULL);
	struct client_auth_issuer issuer;
	bool ok = arena && client_auth_issuer(auth, ssl, arena, &issuer);

	*data = (struct ticket_data){.group = here->group,
		.since_s = time(NULL),
		.not_after_s = auth->expires,
		.next_update_s = auth->crl_until,
		.verdict = TICKET_DATA_OK,
		.sent = (uint8_t)auth->sent};
	memcpy(data->trust, here->terms->trust, sizeof(data->trust));
	memcpy(data->server_name, here->server_name, sizeof(data->server_name));
	ok = ok && issuer.known && auth->sent <= UINT8_MAX &&
	     add_issuer(data, &issuer);
	arena_free(arena);
	return ok;
}

static bool attach(SSL_SESSION *session, SSL *ssl,
	const struct client_auth *auth, struct ticket_data *data)
{
	uint8_t octets[TICKET_DATA_MAX];

	return collect(data, ssl, auth) &&
	       SSL_SESSION_set1_ticket_appdata(
		       session, octets, ticket_data_write(data, octets)) == 1;
}

/*
 * Before a ticket is made: the facts go into it, set at the full handshake and
 * kept at each renewal; it ends when they do. What prevents that lets the
 * handshake go on without a ticket: on_key gives no key.
 */
static int on_make(SSL *ssl, void *arg)
{
	struct client_auth *auth = SSL_get_app_data(ssl);
	SSL_SESSION *session = SSL_get_session(ssl);
	struct ticket_data data;
	int64_t left_s = 0;

	(void)arg;
	if (!deserves(ssl, auth))
		return 1;
	if (SSL_session_reused(ssl) ? client_auth_session(ssl, &data)
				    : attach(session, ssl, auth, &data))
		left_s = resumption_left(
			auth->resumption.terms, &data, time(NULL));
	if (left_s)
		SSL_SESSION_set_timeout(session, (long)left_s);
	else
		auth->resumption.no_ticket = true;
	return 1;
}

/* ---- keys ---- */

static int set_key(const struct ticket_key *key, const unsigned char *iv,
	EVP_CIPHER_CTX *ctx, EVP_MAC_CTX *mac, int encrypt)
{
	const EVP_CIPHER *cipher = key->secret == TICKET_KEY_SECRET
					   ? EVP_aes_256_cbc()
					   : EVP_aes_128_cbc();
	uint8_t secret[TICKET_KEY_SECRET];
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(
			OSSL_MAC_PARAM_KEY, secret, key->secret),
		OSSL_PARAM_construct_utf8_string(
			OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	bool ok;

	memcpy(secret, key->mac, sizeof(secret));
	ok = EVP_MAC_CTX_set_params(mac, params) == 1 &&
	     EVP_CipherInit_ex(ctx, cipher, NULL, key->cipher, iv, encrypt) ==
		     1;
	OPENSSL_cleanse(secret, sizeof(secret));
	return ok;
}

static const struct ticket_keys *keys_of(
	const struct resumption_terms *terms, struct ticket_keys *room)
{
	if (terms->file)
		return terms->file;
	return ticket_ring_read(terms->ring, room) ? room : NULL;
}

static int seal(const struct ticket_keys *keys, unsigned char *name,
	unsigned char *iv, EVP_CIPHER_CTX *ctx, EVP_MAC_CTX *mac)
{
	const struct ticket_key *key = &keys->items[0];

	memcpy(name, key->name, TICKET_KEY_NAME);
	return RAND_bytes(iv, EVP_MAX_IV_LENGTH) == 1 &&
	       set_key(key, iv, ctx, mac, 1);
}

/* 2: an older key opens it. */
static int unseal(const struct ticket_keys *keys, const unsigned char *name,
	const unsigned char *iv, EVP_CIPHER_CTX *ctx, EVP_MAC_CTX *mac)
{
	const struct ticket_key *key = ticket_keys_find(keys, name);

	if (!key || !set_key(key, iv, ctx, mac, 0))
		return 0;
	return key == &keys->items[0] ? 1 : 2;
}

/* 0: there is no key, so no ticket is made or taken; never an error, which
 * would end the handshake. */
static int on_key(SSL *ssl, unsigned char *name, unsigned char *iv,
	EVP_CIPHER_CTX *ctx, EVP_MAC_CTX *mac, int encrypt)
{
	const struct client_auth *auth = SSL_get_app_data(ssl);
	const struct ticket_keys *keys = NULL;
	struct ticket_keys room;
	int result = 0;

	room.count = 0;
	if (encrypt ? deserves(ssl, auth) : auth && auth->resumption.terms)
		keys = keys_of(auth->resumption.terms, &room);
	if (keys && encrypt)
		result = seal(keys, name, iv, ctx, mac);
	else if (keys)
		result = unseal(keys, name, iv, ctx, mac);
	if (room.count)
		ticket_keys_wipe(&room);
	return result;
}

/* ---- who may come in with one ---- */

static enum resumption_reason judge(
	struct resumption *here, SSL_SESSION *session, SSL_TICKET_STATUS status)
{
	struct ticket_data data;

	if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
		return RESUMPTION_UNKNOWN_KEY;
	if (!client_auth_session_data(session, &data))
		return RESUMPTION_NO_DATA;
	here->decided_s = time(NULL);
	return resumption_decide(here, &data);
}

static SSL_TICKET_RETURN on_ticket(SSL *ssl, SSL_SESSION *session,
	const unsigned char *name, size_t name_len, SSL_TICKET_STATUS status,
	void *arg)
{
	struct client_auth *auth = SSL_get_app_data(ssl);
	struct resumption *here = auth ? &auth->resumption : NULL;

	(void)name;
	(void)name_len;
	(void)arg;
	if (!here || !here->terms)
		return SSL_TICKET_RETURN_IGNORE;
	/* TLS 1.2: it has none, and wants one. */
	if (status != SSL_TICKET_EMPTY)
		here->reason = (uint8_t)judge(here, session, status);
	if (here->reason != RESUMPTION_ACCEPTED)
		return here->terms->chain_needed
			       ? SSL_TICKET_RETURN_IGNORE
			       : SSL_TICKET_RETURN_IGNORE_RENEW;
	SSL_set_num_tickets(ssl, RESUMPTION_TICKETS);
	return SSL_version(ssl) >= TLS1_3_VERSION ? SSL_TICKET_RETURN_USE_RENEW
						  : SSL_TICKET_RETURN_USE;
}

/* ---- on ---- */

bool tickets_offer(SSL_CTX *ctx, const struct resumption_terms *terms)
{
	SSL_CTX_clear_options(ctx, SSL_OP_NO_TICKET);
	set_no_cache(ctx);
	/* A session of another listener or another trust is another's, also
	 * for the library. Tickets are allowed one by one, in on_ticket and
	 * client_auth_verify. */
	return SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
	       SSL_CTX_set_session_ticket_cb(ctx, on_make, on_ticket, NULL) ==
		       1 &&
	       SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_key) == 1 &&
	       SSL_CTX_set_session_id_context(
		       ctx, terms->trust, sizeof(terms->trust)) == 1;
}

void tickets_hello(SSL *ssl)
{
	struct client_auth *auth = SSL_get_app_data(ssl);
	struct slice host = {NULL, 0};
	const unsigned char *octets;
	size_t len;

	if (!auth || !auth->resumption.terms)
		return;
	auth->resumption.group = tls_sni_identity(ssl);
	if ((SSL_client_hello_get0_ext(
		     ssl, TLSEXT_TYPE_server_name, &octets, &len) == 1 &&
		    !server_name_hello(slice_of(octets, len), &host)) ||
		!resumption_name(auth->resumption.server_name, host))
		auth->resumption.terms = NULL;
}
