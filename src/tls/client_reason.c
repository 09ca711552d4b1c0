/*
 * The one table of reasons: library code or our own -> text, word, alert.
 *
 * The texts are those that Cloudflare documents ("self signed", as the library
 * spelled it before 3.0) and never the library's own at run time, so that an
 * upgrade changes no header byte.
 */
#include "tls/client_reason.h"

#include <string.h>

#include <openssl/x509_vfy.h>

/*
 * What OpenSSL turns into the alert of fields.md section 5 when a verify
 * callback leaves it as the error.
 */
enum {
	ALERT_INTERNAL = X509_V_ERR_UNSPECIFIED,                     /* 80 */
	ALERT_SIGNATURE = X509_V_ERR_CERT_SIGNATURE_FAILURE,         /* 51 */
	ALERT_EXPIRED = X509_V_ERR_CERT_HAS_EXPIRED,                 /* 45 */
	ALERT_ISSUER = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, /* 48 */
	ALERT_REVOKED = X509_V_ERR_CERT_REVOKED,                     /* 44 */
	ALERT_PURPOSE = X509_V_ERR_INVALID_PURPOSE,                  /* 43 */
	ALERT_BAD = X509_V_ERR_CERT_REJECTED,                        /* 42 */
	ALERT_OTHER = X509_V_ERR_PERMITTED_VIOLATION,                /* 46 */
};

enum word {
	WORD_OK,
	WORD_OTHER,
	WORD_INTERNAL,
	WORD_EXPIRED,
	WORD_NOT_YET_VALID,
	WORD_BAD_DATE,
	WORD_BAD_SERIAL,
	WORD_UNKNOWN_CA,
	WORD_SELF_SIGNED,
	WORD_ISSUER,
	WORD_ISSUER_KEY,
	WORD_INVALID_CA,
	WORD_CHAIN_TOO_LONG,
	WORD_PATH_LENGTH,
	WORD_REVOKED,
	WORD_DENIED,
	WORD_CRL,
	WORD_OCSP,
	WORD_PURPOSE,
	WORD_KEY_USAGE,
	WORD_SIGNATURE,
	WORD_WEAK_KEY,
	WORD_WEAK_DIGEST,
	WORD_NAME_CONSTRAINT,
	WORD_CRITICAL_EXTENSION,
	WORD_EXTENSION,
	WORD_POLICY,
	WORD_PROXY,
	WORD_UNTRUSTED,
	WORD_REJECTED,
	WORD_TOO_LARGE,
	WORD_NO_CERTIFICATE,
	WORD_COUNT
};

/* Label values of a metric: few, and never renamed. */
static const char *const words[WORD_COUNT] = {
	[WORD_OK] = "ok",
	[WORD_OTHER] = "other",
	[WORD_INTERNAL] = "internal",
	[WORD_EXPIRED] = "expired",
	[WORD_NOT_YET_VALID] = "not_yet_valid",
	[WORD_BAD_DATE] = "bad_date",
	[WORD_BAD_SERIAL] = "bad_serial",
	[WORD_UNKNOWN_CA] = "unknown_ca",
	[WORD_SELF_SIGNED] = "self_signed",
	[WORD_ISSUER] = "issuer",
	[WORD_ISSUER_KEY] = "issuer_key",
	[WORD_INVALID_CA] = "invalid_ca",
	[WORD_CHAIN_TOO_LONG] = "chain_too_long",
	[WORD_PATH_LENGTH] = "path_length",
	[WORD_REVOKED] = "revoked",
	[WORD_DENIED] = "denied",
	[WORD_CRL] = "crl",
	[WORD_OCSP] = "ocsp",
	[WORD_PURPOSE] = "purpose",
	[WORD_KEY_USAGE] = "key_usage",
	[WORD_SIGNATURE] = "signature",
	[WORD_WEAK_KEY] = "weak_key",
	[WORD_WEAK_DIGEST] = "weak_digest",
	[WORD_NAME_CONSTRAINT] = "name_constraint",
	[WORD_CRITICAL_EXTENSION] = "critical_extension",
	[WORD_EXTENSION] = "extension",
	[WORD_POLICY] = "policy",
	[WORD_PROXY] = "proxy",
	[WORD_UNTRUSTED] = "untrusted",
	[WORD_REJECTED] = "rejected",
	[WORD_TOO_LARGE] = "too_large",
	[WORD_NO_CERTIFICATE] = "no_certificate",
};

struct reason {
	int code;
	enum word word;
	int alert;
	const char *text;
};

static const struct reason reasons[] = {
	{X509_V_OK, WORD_OK, X509_V_OK, "ok"},
	{X509_V_ERR_UNSPECIFIED, WORD_INTERNAL, ALERT_INTERNAL,
		"unspecified certificate verification error"},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, WORD_ISSUER, ALERT_ISSUER,
		"unable to get issuer certificate"},
	{X509_V_ERR_UNABLE_TO_GET_CRL, WORD_CRL, ALERT_OTHER,
		"unable to get certificate CRL"},
	{X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, WORD_SIGNATURE,
		ALERT_SIGNATURE, "unable to decrypt certificate's signature"},
	{X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, WORD_CRL, ALERT_OTHER,
		"unable to decrypt CRL's signature"},
	{X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, WORD_ISSUER_KEY,
		ALERT_OTHER, "unable to decode issuer public key"},
	{X509_V_ERR_CERT_SIGNATURE_FAILURE, WORD_SIGNATURE, ALERT_SIGNATURE,
		"certificate signature failure"},
	{X509_V_ERR_CRL_SIGNATURE_FAILURE, WORD_CRL, ALERT_OTHER,
		"CRL signature failure"},
	{X509_V_ERR_CERT_NOT_YET_VALID, WORD_NOT_YET_VALID, ALERT_BAD,
		"certificate is not yet valid"},
	{X509_V_ERR_CERT_HAS_EXPIRED, WORD_EXPIRED, ALERT_EXPIRED,
		"certificate has expired"},
	{X509_V_ERR_CRL_NOT_YET_VALID, WORD_CRL, ALERT_OTHER,
		"CRL is not yet valid"},
	{X509_V_ERR_CRL_HAS_EXPIRED, WORD_CRL, ALERT_OTHER, "CRL has expired"},
	{X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, WORD_BAD_DATE, ALERT_BAD,
		"format error in certificate's notBefore field"},
	{X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD, WORD_BAD_DATE, ALERT_BAD,
		"format error in certificate's notAfter field"},
	{X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, WORD_CRL, ALERT_OTHER,
		"format error in CRL's lastUpdate field"},
	{X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, WORD_CRL, ALERT_OTHER,
		"format error in CRL's nextUpdate field"},
	{X509_V_ERR_OUT_OF_MEM, WORD_INTERNAL, ALERT_INTERNAL, "out of memory"},
	{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, WORD_SELF_SIGNED, ALERT_ISSUER,
		"self signed certificate"},
	{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, WORD_UNKNOWN_CA, ALERT_ISSUER,
		"self signed certificate in certificate chain"},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, WORD_UNKNOWN_CA,
		ALERT_ISSUER, "unable to get local issuer certificate"},
	{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, WORD_UNKNOWN_CA,
		ALERT_ISSUER, "unable to verify the first certificate"},
	{X509_V_ERR_CERT_CHAIN_TOO_LONG, WORD_CHAIN_TOO_LONG, ALERT_ISSUER,
		"certificate chain too long"},
	{X509_V_ERR_CERT_REVOKED, WORD_REVOKED, ALERT_REVOKED,
		"certificate revoked"},
	{X509_V_ERR_NO_ISSUER_PUBLIC_KEY, WORD_ISSUER_KEY, ALERT_OTHER,
		"issuer certificate doesn't have a public key"},
	{X509_V_ERR_PATH_LENGTH_EXCEEDED, WORD_PATH_LENGTH, ALERT_ISSUER,
		"path length constraint exceeded"},
	{X509_V_ERR_INVALID_PURPOSE, WORD_PURPOSE, ALERT_PURPOSE,
		"unsupported certificate purpose"},
	{X509_V_ERR_CERT_UNTRUSTED, WORD_UNTRUSTED, ALERT_BAD,
		"certificate not trusted"},
	{X509_V_ERR_CERT_REJECTED, WORD_REJECTED, ALERT_BAD,
		"certificate rejected"},
	{X509_V_ERR_SUBJECT_ISSUER_MISMATCH, WORD_ISSUER, ALERT_ISSUER,
		"subject issuer mismatch"},
	{X509_V_ERR_AKID_SKID_MISMATCH, WORD_ISSUER, ALERT_ISSUER,
		"authority and subject key identifier mismatch"},
	{X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH, WORD_ISSUER, ALERT_ISSUER,
		"authority and issuer serial number mismatch"},
	{X509_V_ERR_KEYUSAGE_NO_CERTSIGN, WORD_KEY_USAGE, ALERT_OTHER,
		"key usage does not include certificate signing"},
	{X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, WORD_CRL, ALERT_OTHER,
		"unable to get CRL issuer certificate"},
	{X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, WORD_CRITICAL_EXTENSION,
		ALERT_OTHER, "unhandled critical extension"},
	{X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, WORD_CRL, ALERT_OTHER,
		"key usage does not include CRL signing"},
	{X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, WORD_CRL, ALERT_OTHER,
		"unhandled critical CRL extension"},
	{X509_V_ERR_INVALID_NON_CA, WORD_EXTENSION, ALERT_OTHER,
		"invalid non-CA certificate (has CA markings)"},
	{X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED, WORD_PROXY, ALERT_OTHER,
		"proxy path length constraint exceeded"},
	{X509_V_ERR_KEYUSAGE_NO_DIGITAL_SIGNATURE, WORD_KEY_USAGE, ALERT_OTHER,
		"key usage does not include digital signature"},
	{X509_V_ERR_PROXY_CERTIFICATES_NOT_ALLOWED, WORD_PROXY, ALERT_OTHER,
		"proxy certificates not allowed, please set the appropriate "
		"flag"},
	{X509_V_ERR_INVALID_EXTENSION, WORD_EXTENSION, ALERT_OTHER,
		"invalid or inconsistent certificate extension"},
	{X509_V_ERR_INVALID_POLICY_EXTENSION, WORD_POLICY, ALERT_OTHER,
		"invalid or inconsistent certificate policy extension"},
	{X509_V_ERR_NO_EXPLICIT_POLICY, WORD_POLICY, ALERT_OTHER,
		"no explicit policy"},
	{X509_V_ERR_DIFFERENT_CRL_SCOPE, WORD_CRL, ALERT_OTHER,
		"Different CRL scope"},
	{X509_V_ERR_UNSUPPORTED_EXTENSION_FEATURE, WORD_EXTENSION, ALERT_OTHER,
		"Unsupported extension feature"},
	{X509_V_ERR_UNNESTED_RESOURCE, WORD_EXTENSION, ALERT_OTHER,
		"RFC 3779 resource not subset of parent's resources"},
	{X509_V_ERR_PERMITTED_VIOLATION, WORD_NAME_CONSTRAINT, ALERT_OTHER,
		"permitted subtree violation"},
	{X509_V_ERR_EXCLUDED_VIOLATION, WORD_NAME_CONSTRAINT, ALERT_OTHER,
		"excluded subtree violation"},
	{X509_V_ERR_SUBTREE_MINMAX, WORD_NAME_CONSTRAINT, ALERT_OTHER,
		"name constraints minimum and maximum not supported"},
	{X509_V_ERR_APPLICATION_VERIFICATION, WORD_OTHER, ALERT_OTHER,
		"application verification failure"},
	{X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, WORD_NAME_CONSTRAINT,
		ALERT_OTHER, "unsupported name constraint type"},
	{X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, WORD_NAME_CONSTRAINT,
		ALERT_OTHER, "unsupported or invalid name constraint syntax"},
	{X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, WORD_NAME_CONSTRAINT, ALERT_OTHER,
		"unsupported or invalid name syntax"},
	{X509_V_ERR_CRL_PATH_VALIDATION_ERROR, WORD_CRL, ALERT_OTHER,
		"CRL path validation error"},
	{X509_V_ERR_PATH_LOOP, WORD_ISSUER, ALERT_ISSUER, "Path Loop"},
	{X509_V_ERR_SUITE_B_INVALID_VERSION, WORD_OTHER, ALERT_OTHER,
		"Suite B: certificate version invalid"},
	{X509_V_ERR_SUITE_B_INVALID_ALGORITHM, WORD_OTHER, ALERT_OTHER,
		"Suite B: invalid public key algorithm"},
	{X509_V_ERR_SUITE_B_INVALID_CURVE, WORD_OTHER, ALERT_OTHER,
		"Suite B: invalid ECC curve"},
	{X509_V_ERR_SUITE_B_INVALID_SIGNATURE_ALGORITHM, WORD_OTHER,
		ALERT_OTHER, "Suite B: invalid signature algorithm"},
	{X509_V_ERR_SUITE_B_LOS_NOT_ALLOWED, WORD_OTHER, ALERT_OTHER,
		"Suite B: curve not allowed for this LOS"},
	{X509_V_ERR_SUITE_B_CANNOT_SIGN_P_384_WITH_P_256, WORD_OTHER,
		ALERT_OTHER, "Suite B: cannot sign P-384 with P-256"},
	{X509_V_ERR_HOSTNAME_MISMATCH, WORD_OTHER, ALERT_OTHER,
		"Hostname mismatch"},
	{X509_V_ERR_EMAIL_MISMATCH, WORD_OTHER, ALERT_OTHER,
		"Email address mismatch"},
	{X509_V_ERR_IP_ADDRESS_MISMATCH, WORD_OTHER, ALERT_OTHER,
		"IP address mismatch"},
	{X509_V_ERR_DANE_NO_MATCH, WORD_OTHER, ALERT_OTHER,
		"No matching DANE TLSA records"},
	{X509_V_ERR_EE_KEY_TOO_SMALL, WORD_WEAK_KEY, ALERT_BAD,
		"EE certificate key too weak"},
	{X509_V_ERR_CA_KEY_TOO_SMALL, WORD_WEAK_KEY, ALERT_BAD,
		"CA certificate key too weak"},
	{X509_V_ERR_CA_MD_TOO_WEAK, WORD_WEAK_DIGEST, ALERT_BAD,
		"CA signature digest algorithm too weak"},
	{X509_V_ERR_INVALID_CALL, WORD_INTERNAL, ALERT_INTERNAL,
		"Invalid certificate verification context"},
	{X509_V_ERR_STORE_LOOKUP, WORD_INTERNAL, ALERT_INTERNAL,
		"Issuer certificate lookup error"},
	{X509_V_ERR_NO_VALID_SCTS, WORD_OTHER, ALERT_OTHER,
		"Certificate Transparency required, but no valid SCTs found"},
	{X509_V_ERR_PROXY_SUBJECT_NAME_VIOLATION, WORD_PROXY, ALERT_OTHER,
		"proxy subject name violation"},
	{X509_V_ERR_OCSP_VERIFY_NEEDED, WORD_OCSP, ALERT_OTHER,
		"OCSP verification needed"},
	{X509_V_ERR_OCSP_VERIFY_FAILED, WORD_OCSP, ALERT_OTHER,
		"OCSP verification failed"},
	{X509_V_ERR_OCSP_CERT_UNKNOWN, WORD_OCSP, ALERT_OTHER,
		"OCSP unknown cert"},
	{X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM, WORD_SIGNATURE,
		ALERT_SIGNATURE, "Cannot find certificate signature algorithm"},
	{X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH, WORD_SIGNATURE,
		ALERT_SIGNATURE,
		"subject signature algorithm and issuer public key algorithm "
		"mismatch"},
	{X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY, WORD_SIGNATURE,
		ALERT_SIGNATURE,
		"cert info signature and signature algorithm mismatch"},
	{X509_V_ERR_INVALID_CA, WORD_INVALID_CA, ALERT_ISSUER,
		"invalid CA certificate"},
	{X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA, WORD_EXTENSION, ALERT_OTHER,
		"Path length invalid for non-CA cert"},
	{X509_V_ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN, WORD_EXTENSION,
		ALERT_OTHER, "Path length given without key usage keyCertSign"},
	{X509_V_ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA, WORD_EXTENSION,
		ALERT_OTHER, "Key usage keyCertSign invalid for non-CA cert"},
	{X509_V_ERR_ISSUER_NAME_EMPTY, WORD_EXTENSION, ALERT_OTHER,
		"Issuer name empty"},
	{X509_V_ERR_SUBJECT_NAME_EMPTY, WORD_EXTENSION, ALERT_OTHER,
		"Subject name empty"},
	{X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER, WORD_EXTENSION,
		ALERT_OTHER, "Missing Authority Key Identifier"},
	{X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER, WORD_EXTENSION, ALERT_OTHER,
		"Missing Subject Key Identifier"},
	{X509_V_ERR_EMPTY_SUBJECT_ALT_NAME, WORD_EXTENSION, ALERT_OTHER,
		"Empty Subject Alternative Name extension"},
	{X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL, WORD_EXTENSION, ALERT_OTHER,
		"Subject empty and Subject Alt Name extension not critical"},
	{X509_V_ERR_CA_BCONS_NOT_CRITICAL, WORD_EXTENSION, ALERT_OTHER,
		"Basic Constraints of CA cert not marked critical"},
	{X509_V_ERR_AUTHORITY_KEY_IDENTIFIER_CRITICAL, WORD_EXTENSION,
		ALERT_OTHER, "Authority Key Identifier marked critical"},
	{X509_V_ERR_SUBJECT_KEY_IDENTIFIER_CRITICAL, WORD_EXTENSION,
		ALERT_OTHER, "Subject Key Identifier marked critical"},
	{X509_V_ERR_CA_CERT_MISSING_KEY_USAGE, WORD_KEY_USAGE, ALERT_OTHER,
		"CA cert does not include key usage extension"},
	{X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3, WORD_EXTENSION, ALERT_OTHER,
		"Using cert extension requires at least X509v3"},
	{X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, WORD_WEAK_KEY, ALERT_BAD,
		"Certificate public key has explicit ECC parameters"},
	{CLIENT_AUTH_CODE_SERIAL, WORD_BAD_SERIAL, ALERT_BAD,
		"certificate serial number too long"},
	{CLIENT_AUTH_CODE_DATE, WORD_BAD_DATE, ALERT_BAD,
		"invalid date in certificate"},
	{CLIENT_AUTH_CODE_EKU_ABSENT, WORD_PURPOSE, ALERT_PURPOSE,
		"certificate has no extended key usage"},
	{CLIENT_AUTH_CODE_HEADERS, WORD_TOO_LARGE, ALERT_OTHER,
		"certificate fields too large for headers"},
	{CLIENT_AUTH_CODE_CHAIN_SIZE, WORD_TOO_LARGE, ALERT_OTHER,
		"too many or too large certificates sent"},
	{CLIENT_AUTH_CODE_NO_CERT, WORD_NO_CERTIFICATE, ALERT_OTHER,
		"no certificate was sent"},
	{CLIENT_AUTH_CODE_NAME_SYNTAX, WORD_NAME_CONSTRAINT, ALERT_OTHER,
		"invalid name where a name constraint holds"},
	{CLIENT_AUTH_CODE_NAME_LIMIT, WORD_NAME_CONSTRAINT, ALERT_OTHER,
		"name constraint begins with a period"},
	{CLIENT_AUTH_CODE_NAME_WILDCARD, WORD_NAME_CONSTRAINT, ALERT_OTHER,
		"wildcard name covers an excluded name"},
	{CLIENT_AUTH_CODE_DENIED, WORD_DENIED, ALERT_REVOKED,
		"certificate revoked"},
};

/* A code that a newer library invented. */
static const struct reason unknown = {
	-1, WORD_OTHER, ALERT_OTHER, "certificate verification failed"};

static const struct reason *find(int code)
{
	const size_t count = sizeof(reasons) / sizeof(reasons[0]);

	for (size_t i = 0; i < count; i++) {
		if (reasons[i].code == code)
			return &reasons[i];
	}
	return &unknown;
}

const char *client_auth_reason(int code)
{
	return find(code)->text;
}

bool client_reason_revoked(int code)
{
	return find(code)->alert == ALERT_REVOKED;
}

const char *client_auth_word(int code)
{
	return words[find(code)->word];
}

const char *client_auth_word_of(const char *reason)
{
	const size_t count = sizeof(reasons) / sizeof(reasons[0]);

	for (size_t i = 0; i < count; i++) {
		if (!strcmp(reasons[i].text, reason))
			return words[reasons[i].word];
	}
	return words[WORD_OTHER];
}

size_t client_auth_words(void)
{
	return WORD_COUNT;
}

const char *client_auth_word_at(size_t index)
{
	return index < WORD_COUNT ? words[index] : words[WORD_OTHER];
}

size_t client_auth_word_index(int code)
{
	return find(code)->word;
}

int client_reason_alert(int code)
{
	return find(code)->alert;
}

int client_reason_alert_number(int code, const char **name)
{
	static const struct {
		int as;
		int number;
		const char *name;
	} alerts[] = {
		{ALERT_OTHER, 46, "certificate_unknown"},
		{ALERT_INTERNAL, 80, "internal_error"},
		{ALERT_SIGNATURE, 51, "decrypt_error"},
		{ALERT_EXPIRED, 45, "certificate_expired"},
		{ALERT_ISSUER, 48, "unknown_ca"},
		{ALERT_REVOKED, 44, "certificate_revoked"},
		{ALERT_PURPOSE, 43, "unsupported_certificate"},
		{ALERT_BAD, 42, "bad_certificate"},
		{CLIENT_AUTH_CODE_NO_CERT, 116, "certificate_required"},
	};
	int as = code == CLIENT_AUTH_CODE_NO_CERT ? code : find(code)->alert;
	size_t i = sizeof(alerts) / sizeof(alerts[0]) - 1;

	while (i && alerts[i].as != as)
		i--;
	if (name)
		*name = alerts[i].name;
	return alerts[i].number;
}
