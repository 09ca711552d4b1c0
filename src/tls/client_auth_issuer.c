/* client_auth: who issued the leaf. */
#include "tls/client_auth.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "cert_info_priv.h"

bool client_auth_issuer(const struct client_auth *auth, struct ssl_st *ssl,
	struct arena *arena, struct client_auth_issuer *out)
{
	STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
	const ASN1_OCTET_STRING *key_id;
	X509 *issuer;

	*out = (struct client_auth_issuer){.known = false};
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
