#include "private_key_priv.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

enum {
	TAG_INTEGER = 0x02,
	TAG_BIT_STRING = 0x03,
	TAG_OCTETS = 0x04,
	TAG_OID = 0x06,
	TAG_SEQUENCE = 0x30,
	TAG_CONTEXT_0 = 0xA0,
	TAG_CONTEXT_1 = 0xA1,
};

static const struct slice oid_rsa = {"\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01", 9};
static const struct slice oid_ec = {"\x2A\x86\x48\xCE\x3D\x02\x01", 7};
static const struct slice oid_ed25519 = {"\x2B\x65\x70", 3};

static const struct {
	struct slice oid;
	const char *name;
} curves[] = {
	{{"\x2A\x86\x48\xCE\x3D\x03\x01\x07", 8}, "P-256"},
	{{"\x2B\x81\x04\x00\x22", 5}, "P-384"},
	{{"\x2B\x81\x04\x00\x23", 5}, "P-521"},
};

/*
 * Takes tag, length and content from the front of *rest (X.690 section 10:
 * definite lengths in their shortest form). false leaves *rest.
 */
static bool take(struct slice *rest, int tag, struct slice *content)
{
	size_t len, octets, head = 2;

	if (rest->len < 2 || (unsigned char)rest->ptr[0] != tag)
		return false;
	len = (unsigned char)rest->ptr[1];
	if (len >= 0x80) {
		octets = len & 0x7F;
		if (octets < 1 || octets > 3 || rest->len < 2 + octets)
			return false;
		len = 0;
		for (size_t i = 0; i < octets; i++)
			len = len << 8 | (unsigned char)rest->ptr[2 + i];
		if (len < 0x80 || len >> (8 * (octets - 1)) == 0)
			return false;
		head += octets;
	}
	if (rest->len - head < len)
		return false;
	*content = slice_of(rest->ptr + head, len);
	*rest = slice_from(*rest, head + len);
	return true;
}

/* A version number of one octet. */
static bool take_version(struct slice *rest, char highest)
{
	struct slice version;

	return take(rest, TAG_INTEGER, &version) && version.len == 1 &&
	       version.ptr[0] >= 0 && version.ptr[0] <= highest;
}

static EVP_PKEY *make(const char *type, OSSL_PARAM_BLD *build)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params); /* wipes what came from secret numbers */
	return key;
}

/* A number marked as secret: the library wipes every copy of it. */
static BIGNUM *secret_number(struct slice octets)
{
	BIGNUM *number = BN_secure_new();

	if (!number || !BN_bin2bn((const unsigned char *)octets.ptr,
			       (int)octets.len, number)) {
		BN_clear_free(number);
		return NULL;
	}
	return number;
}

/* RSAPrivateKey, RFC 8017 section A.1.2, of two primes. */
static EVP_PKEY *read_rsa(struct slice der)
{
	static const char *const names[] = {OSSL_PKEY_PARAM_RSA_N,
		OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
		OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
		OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
		OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
	enum { NUMBERS = sizeof(names) / sizeof(names[0]) };
	BIGNUM *numbers[NUMBERS] = {NULL};
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	struct slice rest, octets;
	EVP_PKEY *key = NULL;
	bool ok = build && take(&der, TAG_SEQUENCE, &rest) && !der.len &&
		  take_version(&rest, 0);

	for (size_t i = 0; ok && i < NUMBERS; i++) {
		ok = take(&rest, TAG_INTEGER, &octets) && octets.len &&
		     octets.ptr[0] >= 0;
		numbers[i] = ok ? secret_number(octets) : NULL;
		ok = numbers[i] &&
		     OSSL_PARAM_BLD_push_BN(build, names[i], numbers[i]);
	}
	if (ok && !rest.len)
		key = make("RSA", build);
	OSSL_PARAM_BLD_free(build);
	for (size_t i = 0; i < NUMBERS; i++)
		BN_clear_free(numbers[i]);
	return key;
}

static const char *curve_name(struct slice oid)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (slice_eq(oid, curves[i].oid))
			return curves[i].name;
	}
	return NULL;
}

/* ECPrivateKey, RFC 5915 section 3; curve: from outside, or empty. */
static EVP_PKEY *read_ec(struct slice der, struct slice curve)
{
	struct slice rest, secret, inner, point;
	OSSL_PARAM_BLD *build;
	BIGNUM *number;
	EVP_PKEY *key = NULL;

	if (!take(&der, TAG_SEQUENCE, &rest) || der.len ||
		!take_version(&rest, 1) || !take(&rest, TAG_OCTETS, &secret))
		return NULL;
	if (take(&rest, TAG_CONTEXT_0, &inner) &&
		!take(&inner, TAG_OID, &curve))
		return NULL;
	if (!take(&rest, TAG_CONTEXT_1, &inner) ||
		!take(&inner, TAG_BIT_STRING, &point) || point.len < 2 ||
		!curve_name(curve))
		return NULL;
	build = OSSL_PARAM_BLD_new();
	number = secret_number(secret);
	if (build && number &&
		OSSL_PARAM_BLD_push_utf8_string(build,
			OSSL_PKEY_PARAM_GROUP_NAME, curve_name(curve), 0) &&
		OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
			point.ptr + 1, point.len - 1) &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number))
		key = make("EC", build);
	OSSL_PARAM_BLD_free(build);
	BN_clear_free(number);
	return key;
}

/* CurvePrivateKey, RFC 8410 section 7. */
static EVP_PKEY *read_ed25519(struct slice der)
{
	struct slice secret;

	if (!take(&der, TAG_OCTETS, &secret) || der.len)
		return NULL;
	return EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL,
		(const unsigned char *)secret.ptr, secret.len);
}

/* OneAsymmetricKey, RFC 5958 section 2. */
static EVP_PKEY *read_pkcs8(struct slice der)
{
	struct slice rest, algorithm, oid, curve = {NULL, 0}, inner;

	if (!take(&der, TAG_SEQUENCE, &rest) || der.len ||
		!take_version(&rest, 1) ||
		!take(&rest, TAG_SEQUENCE, &algorithm) ||
		!take(&algorithm, TAG_OID, &oid) ||
		!take(&rest, TAG_OCTETS, &inner))
		return NULL;
	if (slice_eq(oid, oid_rsa))
		return read_rsa(inner);
	if (slice_eq(oid, oid_ed25519))
		return read_ed25519(inner);
	if (slice_eq(oid, oid_ec) && take(&algorithm, TAG_OID, &curve))
		return read_ec(inner, curve);
	return NULL;
}

static EVP_PKEY *read_by_library(struct slice der)
{
	const unsigned char *at = (const unsigned char *)der.ptr;
	const unsigned char *end = at + der.len;
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)der.len);

	if (key && at != end) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

struct evp_pkey_st *private_key_read(struct slice label, struct slice der)
{
	EVP_PKEY *key = NULL;

	if (slice_eq(label, SLICE("PRIVATE KEY")))
		key = read_pkcs8(der);
	else if (slice_eq(label, SLICE("RSA PRIVATE KEY")))
		key = read_rsa(der);
	else if (slice_eq(label, SLICE("EC PRIVATE KEY")))
		key = read_ec(der, (struct slice){NULL, 0});
	ERR_clear_error();
	return key ? key : read_by_library(der);
}
