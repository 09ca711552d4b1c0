#include "tls_profile_priv.h"

#include <openssl/ssl.h>

/* Bytes of a peer's certificates; the handshake ends beyond (R17). */
enum { CERT_LIST_MAX = 100 * 1024 };

/* Forward secrecy and AEAD only; AES-128 first: it is the fastest, and
 * SHA-256 is what processors help with. */
const char tls_profile_ciphers[] =
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
const char tls_profile_suites[] =
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
	"TLS_CHACHA20_POLY1305_SHA256";
/* P-384 and P-521 stay in the list for the certificates of clients: without
 * them TLS 1.2 refuses such keys. X448 would only cost (no fast code). */
const char tls_profile_groups[] = "X25519:P-256:P-384:P-521";
/* No SHA-1, no SHA-224, no DSA (R16). PKCS#1 v1.5 is for TLS 1.2 and for the
 * signatures inside of certificates. */
static const char signature_algorithms[] =
	"ecdsa_secp256r1_sha256:ed25519:rsa_pss_rsae_sha256:"
	"rsa_pss_pss_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512:"
	"rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:rsa_pss_pss_sha384:"
	"rsa_pss_pss_sha512:ed448:rsa_pkcs1_sha256:rsa_pkcs1_sha384:"
	"rsa_pkcs1_sha512";

int tls_profile_list(struct ssl_ctx_st *ctx, int which, const char *list)
{
	union {
		const char *ours;
		void *theirs; /* only read */
	} text = {.ours = list};

	return (int)SSL_CTX_ctrl(ctx, which, 0, text.theirs);
}

bool tls_profile_set(struct ssl_ctx_st *ctx)
{
	SSL_CTX_set_options(
		ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	/* The chain is the file's: else the library verifies our own
	 * certificate in every handshake. */
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN |
				      SSL_MODE_RELEASE_BUFFERS |
				      SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_max_cert_list(ctx, CERT_LIST_MAX);
	SSL_CTX_set_security_level(ctx, TLS_PROFILE_LEVEL);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	       tls_profile_list(ctx, SSL_CTRL_SET_SIGALGS_LIST,
		       signature_algorithms) == 1 &&
	       tls_profile_list(ctx, SSL_CTRL_SET_CLIENT_SIGALGS_LIST,
		       signature_algorithms) == 1;
}

bool tls_profile_set_lists(struct ssl_ctx_st *ctx)
{
	bool ok = SSL_CTX_set_cipher_list(ctx, tls_profile_ciphers) == 1 &&
		  SSL_CTX_set_ciphersuites(ctx, tls_profile_suites) == 1 &&
		  tls_profile_list(ctx, SSL_CTRL_SET_GROUPS_LIST,
			  tls_profile_groups) == 1;

	/* Again: the list of ciphers could have changed it. */
	SSL_CTX_set_security_level(ctx, TLS_PROFILE_LEVEL);
	return ok;
}
