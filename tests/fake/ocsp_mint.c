#include "fake/ocsp_mint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "ocsp_mint: %s\n", what);
	ERR_print_errors_fp(stderr);
	abort();
}

static const EVP_MD *digest_of(const EVP_PKEY *key, bool sha1)
{
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		return NULL;
	return sha1 ? EVP_sha1() : EVP_sha256();
}

static void add_word(OCSP_BASICRESP *basic, const struct ocsp_mint_spec *spec,
	enum ocsp_mint_status status)
{
	static const int words[] = {V_OCSP_CERTSTATUS_GOOD,
		V_OCSP_CERTSTATUS_REVOKED, V_OCSP_CERTSTATUS_UNKNOWN};
	OCSP_CERTID *id = OCSP_cert_to_id(
		EVP_sha1(), spec->leaf->cert, spec->issuer->cert);
	ASN1_TIME *this_update = X509_gmtime_adj(NULL, spec->this_s);
	ASN1_TIME *next_update =
		spec->next_s ? X509_gmtime_adj(NULL, spec->next_s) : NULL;
	ASN1_TIME *revoked = X509_gmtime_adj(NULL, -3600);

	must(id && this_update && revoked, "memory");
	must(OCSP_basic_add1_status(basic, id, words[status],
		     OCSP_REVOKED_STATUS_KEYCOMPROMISE,
		     status == OCSP_MINT_REVOKED ? revoked : NULL, this_update,
		     next_update) != NULL,
		"status");
	OCSP_CERTID_free(id);
	ASN1_TIME_free(this_update);
	ASN1_TIME_free(next_update);
	ASN1_TIME_free(revoked);
}

static OCSP_BASICRESP *basic_of(const struct ocsp_mint_spec *spec)
{
	const struct mint *signer = spec->signer ? spec->signer : spec->issuer;
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();

	must(basic != NULL, "memory");
	add_word(basic, spec, spec->status);
	if (spec->twice)
		add_word(basic, spec, spec->second);
	must(OCSP_basic_sign(basic, signer->cert, signer->key,
		     digest_of(signer->key, spec->sha1), NULL,
		     spec->bare ? OCSP_NOCERTS : 0) == 1,
		"sign");
	return basic;
}

struct slice ocsp_mint(const struct ocsp_mint_spec *spec)
{
	OCSP_BASICRESP *basic = spec->error ? NULL : basic_of(spec);
	OCSP_RESPONSE *response = OCSP_response_create(spec->error, basic);
	int len = i2d_OCSP_RESPONSE(response, NULL);
	unsigned char *bytes, *at;

	must(response && len > 0, "response");
	at = bytes = malloc((size_t)len);
	must(bytes != NULL && i2d_OCSP_RESPONSE(response, &at) == len, "DER");
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	return slice_of(bytes, (size_t)len);
}
