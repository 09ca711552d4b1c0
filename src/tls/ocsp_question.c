#include "tls/ocsp_question.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "config/http_url.h"

/* ---- in the worker ---- */

typedef int (*encoder)(const void *object, unsigned char **out);

static int encode_cert(const void *object, unsigned char **out)
{
	return i2d_X509(object, out);
}

static int encode_integer(const void *object, unsigned char **out)
{
	return i2d_ASN1_INTEGER(object, out);
}

static enum ocsp_result encode(encoder encode_it, const void *object,
	size_t most, struct arena *arena, struct slice *out)
{
	int len = encode_it(object, NULL);
	unsigned char *bytes;

	if (len <= 0)
		return OCSP_RESULT_INTERNAL;
	if ((size_t)len > most)
		return OCSP_RESULT_TOO_LONG;
	bytes = arena_alloc(arena, (size_t)len);
	if (!bytes)
		return OCSP_RESULT_INTERNAL;
	*out = slice_of(bytes, (size_t)len);
	return encode_it(object, &bytes) == len ? OCSP_RESULT_GOOD
						: OCSP_RESULT_INTERNAL;
}

static bool copy_text(struct arena *arena, const char *text, struct slice *out)
{
	size_t len = strlen(text);
	char *copy = arena_alloc(arena, len);

	if (!copy)
		return false;
	memcpy(copy, text, len);
	*out = slice_of(copy, len);
	return true;
}

/* The first that we may ask; http only. */
static bool find_url(X509 *leaf, struct arena *arena, struct slice *url)
{
	STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(leaf);
	int count = sk_OPENSSL_STRING_num(urls);
	bool ok = true;

	*url = slice_of(NULL, 0);
	for (int i = 0; i < count && i < OCSP_URLS_MAX; i++) {
		const char *text = sk_OPENSSL_STRING_value(urls, i);
		struct http_url parts;

		if (!http_url_parse(slice_str(text), &parts))
			continue;
		ok = copy_text(arena, text, url);
		break;
	}
	X509_email_free(urls);
	return ok;
}

enum ocsp_result ocsp_question_about(X509 *leaf, X509 *issuer,
	struct arena *arena, struct ocsp_question *question)
{
	enum ocsp_result result;

	*question = (struct ocsp_question){0};
	result = encode(
		encode_cert, issuer, OCSP_ISSUER_MAX, arena, &question->issuer);
	if (result != OCSP_RESULT_GOOD)
		return result;
	result = encode(encode_integer, X509_get0_serialNumber(leaf),
		OCSP_SERIAL_MAX, arena, &question->serial);
	if (result != OCSP_RESULT_GOOD)
		return result;
	return find_url(leaf, arena, &question->url) ? OCSP_RESULT_GOOD
						     : OCSP_RESULT_INTERNAL;
}

enum ocsp_result ocsp_question_of(
	SSL *ssl, struct arena *arena, struct ocsp_question *question)
{
	STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
	enum ocsp_result result = OCSP_RESULT_NO_ISSUER;

	*question = (struct ocsp_question){0};
	if (sk_X509_num(chain) >= 2)
		result = ocsp_question_about(sk_X509_value(chain, 0),
			sk_X509_value(chain, 1), arena, question);
	ERR_clear_error();
	return result;
}

/* ---- in the steward ---- */

static X509 *decode_cert(struct slice der)
{
	const unsigned char *at = (const unsigned char *)der.ptr;
	X509 *cert = d2i_X509(NULL, &at, (long)der.len);

	if (cert && at == (const unsigned char *)der.ptr + der.len)
		return cert;
	X509_free(cert);
	return NULL;
}

static ASN1_INTEGER *decode_integer(struct slice der)
{
	const unsigned char *at = (const unsigned char *)der.ptr;
	ASN1_INTEGER *number = d2i_ASN1_INTEGER(NULL, &at, (long)der.len);

	if (number && at == (const unsigned char *)der.ptr + der.len)
		return number;
	ASN1_INTEGER_free(number);
	return NULL;
}

bool ocsp_subject_init(
	struct ocsp_subject *subject, const struct ocsp_question *question)
{
	ASN1_INTEGER *serial = NULL;

	*subject = (struct ocsp_subject){0};
	if (question->issuer.len > OCSP_ISSUER_MAX ||
		question->serial.len > OCSP_SERIAL_MAX)
		return false;
	subject->issuer = decode_cert(question->issuer);
	serial = decode_integer(question->serial);
	if (subject->issuer && serial)
		subject->id = OCSP_cert_id_new(EVP_sha1(),
			X509_get_subject_name(subject->issuer),
			X509_get0_pubkey_bitstr(subject->issuer), serial);
	ASN1_INTEGER_free(serial);
	ERR_clear_error();
	if (subject->id)
		return true;
	ocsp_subject_fini(subject);
	return false;
}

void ocsp_subject_fini(struct ocsp_subject *subject)
{
	OCSP_CERTID_free(subject->id);
	X509_free(subject->issuer);
	*subject = (struct ocsp_subject){0};
}

static OCSP_REQUEST *new_request(const struct ocsp_subject *subject)
{
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	OCSP_CERTID *id = OCSP_CERTID_dup(subject->id);

	if (request && id && OCSP_request_add0_id(request, id))
		return request;
	OCSP_CERTID_free(id);
	OCSP_REQUEST_free(request);
	return NULL;
}

struct slice ocsp_subject_request(
	const struct ocsp_subject *subject, struct arena *arena)
{
	OCSP_REQUEST *request = new_request(subject);
	int len = request ? i2d_OCSP_REQUEST(request, NULL) : 0;
	unsigned char *bytes = len > 0 ? arena_alloc(arena, (size_t)len) : NULL;
	struct slice der = slice_of(bytes, bytes ? (size_t)len : 0);

	if (bytes && i2d_OCSP_REQUEST(request, &bytes) != len)
		der = slice_of(NULL, 0);
	OCSP_REQUEST_free(request);
	ERR_clear_error();
	return der;
}

/* Lengths go in, too: no two questions run together to the same bytes. */
static bool add(EVP_MD_CTX *ctx, struct slice part)
{
	uint64_t len = part.len;

	return EVP_DigestUpdate(ctx, &len, sizeof(len)) == 1 &&
	       (!part.len || EVP_DigestUpdate(ctx, part.ptr, part.len) == 1);
}

bool ocsp_question_key(const struct ocsp_question *question, uint8_t key[32])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		  add(ctx, question->issuer) && add(ctx, question->serial) &&
		  add(ctx, question->url) &&
		  EVP_DigestFinal_ex(ctx, key, NULL) == 1;

	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}
