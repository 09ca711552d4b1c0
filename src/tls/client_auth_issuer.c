/* client_auth: who issued the leaf, and what was sent. */
#include "tls/client_auth.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "cert_info_priv.h"
#include "client_auth_priv.h"

/* A session keeps no chain; its ticket keeps this. */
static bool issuer_of_session(
	SSL *ssl, struct arena *arena, struct client_auth_issuer *out)
{
	struct ticket_data data;

	if (!client_auth_session(ssl, &data))
		return true;
	out->serial_negative = data.issuer_serial_negative;
	out->known = true;
	return arena_dup(arena,
		       slice_of(data.issuer_serial, data.issuer_serial_len),
		       &out->serial) &&
	       (!data.issuer_key_id_len ||
		       arena_dup(arena,
			       slice_of(data.issuer_key_id,
				       data.issuer_key_id_len),
			       &out->key_id));
}

bool client_auth_issuer(const struct client_auth *auth, struct ssl_st *ssl,
	struct arena *arena, struct client_auth_issuer *out)
{
	STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
	const ASN1_OCTET_STRING *key_id;
	X509 *issuer;

	*out = (struct client_auth_issuer){.known = false};
	if (auth->state == CLIENT_AUTH_OK && auth->resumption.resumed)
		return issuer_of_session(ssl, arena, out);
	if (auth->state != CLIENT_AUTH_OK || sk_X509_num(chain) < 1)
		return true;
	/* a leaf that is an anchor itself stands alone: its own issuer */
	issuer = sk_X509_value(chain, sk_X509_num(chain) > 1 ? 1 : 0);
	if (!cert_info_read_integer(X509_get0_serialNumber(issuer),
		    &out->serial_negative, &out->serial, arena))
		return false;
	key_id = X509_get0_subject_key_id(issuer);
	if (key_id && !arena_dup(arena,
			      slice_of(ASN1_STRING_get0_data(key_id),
				      (size_t)ASN1_STRING_length(key_id)),
			      &out->key_id))
		return false;
	out->known = true;
	return true;
}

static bool read_der(X509 *cert, struct arena *arena, struct slice *out)
{
	int len = i2d_X509(cert, NULL);
	unsigned char *octets;

	if (len <= 0)
		return false;
	octets = arena_alloc(arena, (size_t)len);
	if (!octets)
		return false;
	*out = slice_of(octets, (size_t)len);
	return i2d_X509(cert, &octets) == len;
}

/* A server's peer chain leaves the leaf out. */
static bool read_chain(
	struct ssl_st *ssl, struct arena *arena, struct client_auth_certs *out)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	int count = sk_X509_num(chain);

	if (count <= 0)
		return true;
	out->chain = arena_alloc(arena, (size_t)count * sizeof(*out->chain));
	if (!out->chain)
		return false;
	for (int i = 0; i < count; i++) {
		if (!read_der(sk_X509_value(chain, i), arena, &out->chain[i]))
			return false;
	}
	out->chain_count = (size_t)count;
	return true;
}

bool client_auth_certs(const struct client_auth *auth, struct ssl_st *ssl,
	bool chain, struct arena *arena, struct client_auth_certs *out)
{
	X509 *leaf = SSL_get0_peer_certificate(ssl);

	*out = (struct client_auth_certs){.chain_count = 0};
	if (auth->state == CLIENT_AUTH_NONE || !leaf)
		return true;
	return read_der(leaf, arena, &out->leaf) &&
	       (!chain || read_chain(ssl, arena, out));
}
