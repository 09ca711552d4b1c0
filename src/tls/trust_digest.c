/*
 * trust: its digest. Everything goes in with its length in front, and what has
 * no order of its own is sorted first, so that two trusts have one digest only
 * where they mean the same.
 */
#include "trust_priv.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

static const char version[] = "mtlsgate trust 3";

/* ---- what goes in ---- */

struct hash {
	EVP_MD_CTX *ctx;
	bool ok;
};

static void put(struct hash *hash, const void *bytes, size_t len)
{
	unsigned char head[8];

	for (size_t i = 0; i < sizeof(head); i++)
		head[i] = (unsigned char)((uint64_t)len >> (56 - 8 * i));
	hash->ok = hash->ok &&
		   EVP_DigestUpdate(hash->ctx, head, sizeof(head)) == 1 &&
		   (!len || EVP_DigestUpdate(hash->ctx, bytes, len) == 1);
}

static void put_number(struct hash *hash, uint64_t number)
{
	unsigned char text[8];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)(number >> (56 - 8 * i));
	put(hash, text, sizeof(text));
}

/* ---- sets ---- */

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, TRUST_DIGEST);
}

/* Sorts them; each counts once. */
static void put_set(
	struct hash *hash, uint8_t (*digests)[TRUST_DIGEST], size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(digests, count, sizeof(*digests), by_bytes);
	for (size_t i = 0; i < count; i++) {
		if (!kept || by_bytes(digests[kept - 1], digests[i]))
			memmove(digests[kept++], digests[i], TRUST_DIGEST);
	}
	put(hash, digests, kept * TRUST_DIGEST);
}

static void put_certificates(struct hash *hash, const struct trust *trust)
{
	const STACK_OF(X509_OBJECT) *objects =
		X509_STORE_get0_objects(trust->store);
	int count = sk_X509_OBJECT_num(objects);
	uint8_t(*digests)[TRUST_DIGEST] =
		calloc((size_t)count + 1, sizeof(*digests));
	size_t filled = 0;

	for (int i = 0; digests && i < count; i++) {
		const X509_OBJECT *object = sk_X509_OBJECT_value(objects, i);
		X509 *cert = X509_OBJECT_get0_X509(object);

		if (cert && X509_digest(cert, EVP_sha256(), digests[filled],
				    NULL) == 1)
			filled++;
	}
	hash->ok = hash->ok && digests && filled == (size_t)count;
	if (hash->ok)
		put_set(hash, digests, filled);
	free(digests);
}

static void put_crls(struct hash *hash, const struct crl_set *crls)
{
	uint8_t(*digests)[TRUST_DIGEST] =
		calloc(crls->count + 1, sizeof(*digests));
	bool ok = digests;

	for (size_t i = 0; ok && i < crls->count; i++)
		ok = crl_meaning(crls->items[i], digests[i]);
	hash->ok = hash->ok && ok;
	if (hash->ok)
		put_set(hash, digests, crls->count);
	free(digests);
}

static void put_deny(struct hash *hash, const struct deny *deny)
{
	put_number(hash, deny->serials.count);
	hash->ok = hash->ok && serial_set_digest(&deny->serials, hash->ctx);
	put(hash, deny->fingerprints,
		deny->fingerprint_count * sizeof(*deny->fingerprints));
}

static void put_trust(struct hash *hash, const struct trust *trust)
{
	put_certificates(hash, trust);
	if (trust->crls)
		put_crls(hash, trust->crls);
	put_deny(hash, &trust->deny);
}

/* ---- the whole ---- */

static void put_ocsp(struct hash *hash, const struct config_ocsp *ocsp)
{
	const char *responder = config_ocsp_responder(ocsp);

	put_number(hash, ocsp->mode);
	put_number(hash, ocsp->on_failure);
	put(hash, responder, responder ? strlen(responder) : 0);
}

static void put_settings(
	struct hash *hash, const struct config_listener *listener)
{
	const struct config_client_auth *auth = &listener->client_auth;

	put(hash, version, sizeof(version) - 1);
	put_number(hash, auth->mode);
	put_number(hash, auth->max_depth);
	put_number(hash, auth->require_eku);
	put_number(hash, auth->crl.files.count > 0);
	put_number(hash, auth->crl.scope);
	put_number(hash, auth->crl.when_missing);
	put_number(hash, auth->crl.when_expired);
	put_ocsp(hash, &auth->ocsp);
}

static bool end(struct hash *hash, uint8_t out[TRUST_DIGEST])
{
	hash->ok = hash->ok && EVP_DigestFinal_ex(hash->ctx, out, NULL) == 1;
	return hash->ok;
}

static bool begin(struct hash *hash)
{
	hash->ok = hash->ctx &&
		   EVP_DigestInit_ex(hash->ctx, EVP_sha256(), NULL) == 1;
	return hash->ok;
}

bool trust_digest(const struct trust *trust,
	const struct config_listener *listener, uint8_t content[TRUST_DIGEST],
	uint8_t out[TRUST_DIGEST])
{
	struct hash hash = {.ctx = EVP_MD_CTX_new()};
	const char *name = listener->name;

	if (begin(&hash))
		put_settings(&hash, listener);
	if (hash.ok && trust)
		put_trust(&hash, trust);
	if (end(&hash, content) && begin(&hash)) {
		put(&hash, name, name ? strlen(name) : 0);
		put(&hash, content, TRUST_DIGEST);
		(void)end(&hash, out);
	}
	EVP_MD_CTX_free(hash.ctx);
	return hash.ok;
}
