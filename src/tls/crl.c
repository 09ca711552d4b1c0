#include "crl_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "tls/cert_time.h"

bool crl_key_of(X509 *ca, uint8_t key[CRL_KEY])
{
	unsigned len = 0;

	return X509_pubkey_digest(ca, EVP_sha256(), key, &len) == 1 &&
	       len == CRL_KEY;
}

/* ---- reading ---- */

static bool refuse(char why[CRL_WHY], const char *text)
{
	snprintf(why, CRL_WHY, "%s", text);
	return false;
}

static bool no_memory(char why[CRL_WHY])
{
	return refuse(why, "cannot be kept: out of memory");
}

/* A critical extension must be understood (RFC 5280 section 5.2). */
static bool check_extension(X509_EXTENSION *extension, char why[CRL_WHY])
{
	const ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);
	int nid = OBJ_obj2nid(object);
	char name[80];

	if (nid == NID_delta_crl)
		return refuse(why, "is a delta CRL; the complete one is "
				   "needed");
	if (!X509_EXTENSION_get_critical(extension) ||
		nid == NID_issuing_distribution_point)
		return true;
	OBJ_obj2txt(name, sizeof(name), object, 0);
	snprintf(why, CRL_WHY,
		"has the critical extension \"%s\", which is not understood%s",
		name,
		nid == NID_crl_number ? " as critical (RFC 5280 section 5.2.3)"
				      : "");
	return false;
}

static bool read_number(X509_CRL *crl, char why[CRL_WHY])
{
	int place = -1;
	ASN1_INTEGER *number =
		X509_CRL_get_ext_d2i(crl, NID_crl_number, &place, NULL);

	ASN1_INTEGER_free(number);
	if (number)
		return true;
	return refuse(why, place == -1 ? "has no CRL number, which RFC 5280 "
					 "section 5.2.3 asks for (openssl: set "
					 "crlnumber)"
				       : "has a malformed CRL number");
}

static bool check_extensions(X509_CRL *crl, char why[CRL_WHY])
{
	long version = X509_CRL_get_version(crl);

	if (version != X509_CRL_VERSION_1 && version != X509_CRL_VERSION_2)
		return refuse(why, "has a version that is neither 1 nor 2");
	for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
		if (!check_extension(X509_CRL_get_ext(crl, i), why))
			return false;
	}
	/* Version 1 knows no extensions. */
	return version == X509_CRL_VERSION_1 || read_number(crl, why);
}

/* The names of the distribution point move over. */
static bool take_point(
	struct crl *crl, ISSUING_DIST_POINT *point, char why[CRL_WHY])
{
	if (point->indirectCRL > 0)
		return refuse(why, "is an indirect CRL, which is not "
				   "understood");
	if (point->onlysomereasons)
		return refuse(why, "tells of some reasons only, which is not "
				   "understood");
	if (point->onlyattr > 0)
		return refuse(why, "is for attribute certificates only");
	crl->only_users = point->onlyuser > 0;
	crl->only_cas = point->onlyCA > 0;
	if (crl->only_users && crl->only_cas)
		return refuse(why, "is for users only and for CAs only");
	if (!point->distpoint)
		return true;
	if (point->distpoint->type != 0)
		return refuse(why, "names its distribution point relative to "
				   "its issuer, which is not understood");
	crl->points = point->distpoint->name.fullname;
	point->distpoint->name.fullname = NULL;
	return true;
}

static bool read_scope(struct crl *crl, X509_CRL *parsed, char why[CRL_WHY])
{
	int place = X509_CRL_get_ext_by_NID(
		parsed, NID_issuing_distribution_point, -1);
	ISSUING_DIST_POINT *point;
	const ASN1_OCTET_STRING *der;
	bool ok;

	if (place < 0)
		return true;
	der = X509_EXTENSION_get_data(X509_CRL_get_ext(parsed, place));
	point = X509_CRL_get_ext_d2i(
		parsed, NID_issuing_distribution_point, NULL, NULL);
	if (!point)
		return refuse(
			why, "has a malformed issuing distribution point");
	ok = take_point(crl, point, why);
	ISSUING_DIST_POINT_free(point);
	if (ok && EVP_Digest(ASN1_STRING_get0_data(der),
			  (size_t)ASN1_STRING_length(der), crl->scope, NULL,
			  EVP_sha256(), NULL) != 1)
		return no_memory(why);
	return ok;
}

/* Only for its meaning: the signature tells whose it is. */
static bool read_hint(struct crl *crl, X509_CRL *parsed, char why[CRL_WHY])
{
	AUTHORITY_KEYID *id = X509_CRL_get_ext_d2i(
		parsed, NID_authority_key_identifier, NULL, NULL);
	bool ok = true;

	if (id && id->keyid)
		ok = EVP_Digest(ASN1_STRING_get0_data(id->keyid),
			     (size_t)ASN1_STRING_length(id->keyid), crl->hint,
			     NULL, EVP_sha256(), NULL) == 1;
	AUTHORITY_KEYID_free(id);
	return ok || no_memory(why);
}

static bool read_time(const ASN1_TIME *time, int64_t *out)
{
	struct cert_time when = cert_time_of(time);

	*out = when.unix_seconds;
	return when.valid;
}

static bool read_times(struct crl *crl, X509_CRL *parsed, char why[CRL_WHY])
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(parsed);

	crl->next_update = INT64_MAX;
	if (!read_time(X509_CRL_get0_lastUpdate(parsed), &crl->this_update))
		return refuse(why, "has a thisUpdate that is no time");
	if (next && !read_time(next, &crl->next_update))
		return refuse(why, "has a nextUpdate that is no time");
	return true;
}

/* NULL, or what makes an entry unreadable. */
static const char *entry_fault(const X509_REVOKED *entry)
{
	int count = X509_REVOKED_get_ext_count(entry);
	ASN1_ENUMERATED *reason;
	int64_t value = 0;

	for (int i = 0; i < count; i++) {
		if (X509_EXTENSION_get_critical(X509_REVOKED_get_ext(entry, i)))
			return "has an entry with a critical extension, which "
			       "is not understood";
	}
	if (!count ||
		X509_REVOKED_get_ext_by_NID(entry, NID_crl_reason, -1) < 0)
		return NULL;
	reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
	if (!reason || ASN1_ENUMERATED_get_int64(&value, reason) != 1)
		value = -1;
	ASN1_ENUMERATED_free(reason);
	if (value < 0)
		return "has an entry with a malformed reason";
	return value == CRL_REASON_REMOVE_FROM_CRL
		       ? "has an entry \"removeFromCRL\", which only a delta "
			 "CRL may hold"
		       : NULL;
}

static bool read_entries(struct crl *crl, X509_CRL *parsed, char why[CRL_WHY])
{
	STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(parsed);

	for (int i = 0; i < sk_X509_REVOKED_num(entries); i++) {
		const X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);
		const ASN1_INTEGER *serial =
			X509_REVOKED_get0_serialNumber(entry);
		const char *fault = entry_fault(entry);

		if (fault)
			return refuse(why, fault);
		if (ASN1_STRING_length(serial) > SERIAL_SET_LONGEST)
			return refuse(why, "has an entry whose serial number "
					   "is too long");
		if (!serial_set_add_asn1(&crl->serials, serial))
			return no_memory(why);
	}
	serial_set_seal(&crl->serials);
	return true;
}

struct crl *crl_new(X509_CRL **parsed, char why[CRL_WHY])
{
	struct crl *crl = calloc(1, sizeof(*crl));

	if (crl)
		crl->issuer = X509_NAME_dup(X509_CRL_get_issuer(*parsed));
	if (!crl || !crl->issuer) {
		crl_free(crl);
		(void)no_memory(why);
		return NULL;
	}
	if (!check_extensions(*parsed, why) || !read_scope(crl, *parsed, why) ||
		!read_hint(crl, *parsed, why) ||
		!read_times(crl, *parsed, why) ||
		!read_entries(crl, *parsed, why)) {
		crl_free(crl);
		return NULL;
	}
	crl->parsed = *parsed;
	*parsed = NULL;
	return crl;
}

void crl_free(struct crl *crl)
{
	if (!crl)
		return;
	X509_NAME_free(crl->issuer);
	GENERAL_NAMES_free(crl->points);
	serial_set_fini(&crl->serials);
	X509_CRL_free(crl->parsed);
	free(crl);
}

/* ---- whose it is ---- */

/* Can a key of this kind have made the signature? Else the library would only
 * say that it failed. */
static bool kind_fits(const X509_CRL *crl, const EVP_PKEY *key)
{
	int signed_by, has = EVP_PKEY_get_base_id(key);

	if (OBJ_find_sigid_algs(
		    X509_CRL_get_signature_nid(crl), NULL, &signed_by) != 1)
		return true; /* let the library say */
	return signed_by == has ||
	       (signed_by == EVP_PKEY_RSA_PSS && has == EVP_PKEY_RSA);
}

/* Did the library fail, rather than find a signature wrong? Its errors, which
 * this empties, tell: that one gives none of these. */
static bool library_failed(void)
{
	unsigned long error;
	bool failed = false;

	while ((error = ERR_get_error()) != 0)
		failed = failed || ERR_FATAL_ERROR(error) ||
			 ERR_GET_LIB(error) == ERR_LIB_EVP ||
			 ERR_GET_LIB(error) == ERR_LIB_CRYPTO;
	return failed;
}

/* Out of memory, the library may call a signature wrong, and leave no other
 * trace of it. The answer is remembered, so it is asked twice. */
static enum crl_proof verify(X509_CRL *crl, EVP_PKEY *key)
{
	int verified;

	ERR_clear_error();
	verified = X509_CRL_verify(crl, key);
	if (!verified)
		verified = X509_CRL_verify(crl, key);
	if (verified == 1)
		return CRL_PROVEN;
	return verified || library_failed() ? CRL_NO_ANSWER : CRL_OTHER_KEY;
}

/* Whose right to sign lists is not asked here. */
static enum crl_proof prove(const struct crl *crl, X509 *ca)
{
	EVP_PKEY *key = X509_get0_pubkey(ca);

	if (!key)
		return CRL_NO_ANSWER;
	return kind_fits(crl->parsed, key) ? verify(crl->parsed, key)
					   : CRL_OTHER_KEY;
}

/* That of each certificate, whoever else has the key. */
static enum crl_proof with_right(enum crl_proof proof, X509 *ca)
{
	if (proof == CRL_PROVEN &&
		(X509_get_extension_flags(ca) & EXFLAG_KUSAGE) &&
		!(X509_get_key_usage(ca) & KU_CRL_SIGN))
		return CRL_NO_RIGHT;
	return proof;
}

enum crl_proof crl_prove(struct crl *crl, X509 *ca)
{
	enum crl_proof proof = with_right(prove(crl, ca), ca);

	if (proof != CRL_PROVEN)
		return proof;
	if (!crl_key_of(ca, crl->key))
		return CRL_NO_ANSWER;
	crl->proven = true;
	X509_CRL_free(crl->parsed);
	crl->parsed = NULL;
	return CRL_PROVEN;
}

/* Of the key with its kind and parameters: the same octets may be a key of
 * another kind, which signed nothing. */
static bool whole_key_of(X509 *ca, uint8_t out[CRL_KEY])
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(ca), &der);
	bool ok = len > 0 && EVP_Digest(der, (size_t)len, out, NULL,
				     EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	return ok;
}

static enum crl_proof recall(struct crl *crl, X509 *ca)
{
	uint8_t key[CRL_KEY];
	enum crl_proof proof;
	struct crl_memo *memo;

	if (!whole_key_of(ca, key))
		return CRL_NO_ANSWER;
	for (unsigned i = 0; i < crl->memo_count && i < CRL_MEMO; i++) {
		if (!memcmp(crl->memo[i].key, key, CRL_KEY))
			return crl->memo[i].proof;
	}
	proof = prove(crl, ca);
	if (proof == CRL_NO_ANSWER)
		return proof;
	memo = &crl->memo[crl->memo_count++ % CRL_MEMO];
	memcpy(memo->key, key, CRL_KEY);
	memo->proof = proof;
	return proof;
}

enum crl_proof crl_speaks_for(
	struct crl *crl, X509 *ca, const uint8_t key[CRL_KEY])
{
	if (crl->proven)
		return memcmp(crl->key, key, CRL_KEY) ? CRL_OTHER_KEY
						      : CRL_PROVEN;
	return with_right(recall(crl, ca), ca);
}

/* ---- what it says ---- */

static bool names_meet(const GENERAL_NAMES *a, const GENERAL_NAMES *b)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(a); i++) {
		for (int j = 0; j < sk_GENERAL_NAME_num(b); j++) {
			if (!GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i),
				    sk_GENERAL_NAME_value(b, j)))
				return true;
		}
	}
	return false;
}

/* RFC 5280 section 6.3.3 (b) (2) (i). */
static bool point_covers(const struct crl *crl, X509 *cert)
{
	CRL_DIST_POINTS *points =
		X509_get_ext_d2i(cert, NID_crl_distribution_points, NULL, NULL);
	bool covered = false;

	for (int i = 0; !covered && i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT *point = sk_DIST_POINT_value(points, i);

		covered = !point->reasons && point->distpoint &&
			  point->distpoint->type == 0 &&
			  names_meet(
				  point->distpoint->name.fullname, crl->points);
	}
	CRL_DIST_POINTS_free(points);
	return covered;
}

bool crl_covers(const struct crl *crl, X509 *cert)
{
	bool ca = X509_get_extension_flags(cert) & EXFLAG_CA;

	if ((crl->only_users && ca) || (crl->only_cas && !ca))
		return false;
	return !crl->points || point_covers(crl, cert);
}

bool crl_same_list(const struct crl *a, const struct crl *b)
{
	return a->proven && b->proven &&
	       !memcmp(a->key, b->key, sizeof(a->key)) &&
	       !memcmp(a->scope, b->scope, sizeof(a->scope)) &&
	       !X509_NAME_cmp(a->issuer, b->issuer);
}

bool crl_meaning(const struct crl *crl, uint8_t out[32])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const unsigned char *name = NULL;
	size_t name_len = 0;
	bool ok;

	ok = ctx && X509_NAME_get0_der(crl->issuer, &name, &name_len) == 1 &&
	     EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
	     EVP_DigestUpdate(ctx, crl->key, sizeof(crl->key)) == 1 &&
	     EVP_DigestUpdate(ctx, crl->hint, sizeof(crl->hint)) == 1 &&
	     EVP_DigestUpdate(ctx, crl->scope, sizeof(crl->scope)) == 1 &&
	     EVP_DigestUpdate(ctx, name, name_len) == 1 &&
	     serial_set_digest(&crl->serials, ctx) &&
	     EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}
