#include "fake/crl_mint.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

enum { HOUR = 3600, WEEK = 7 * 86400, SERIAL_LEN = 16 };

static void must(bool ok)
{
	if (!ok)
		abort();
}

static ASN1_TIME *moment(long from_now_s)
{
	ASN1_TIME *at = ASN1_TIME_adj(NULL, time(NULL), 0, from_now_s);

	must(at);
	return at;
}

static void set_times(X509_CRL *crl, const struct crl_spec *spec)
{
	bool given = spec->from_s || spec->until_s;
	ASN1_TIME *from = moment(given ? spec->from_s : -HOUR);
	ASN1_TIME *until = moment(given ? spec->until_s : WEEK);

	must(X509_CRL_set1_lastUpdate(crl, from) == 1);
	must(spec->endless || X509_CRL_set1_nextUpdate(crl, until) == 1);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
}

/* As indirect CRLs have it: an empty list of names will do. */
static void add_certificate_issuer(X509_REVOKED *entry)
{
	static const unsigned char empty[] = {0x30, 0x00};
	ASN1_OCTET_STRING *der = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;

	must(der && ASN1_OCTET_STRING_set(der, empty, sizeof(empty)) == 1);
	extension = X509_EXTENSION_create_by_NID(
		NULL, NID_certificate_issuer, 1, der);
	must(extension && X509_REVOKED_add_ext(entry, extension, -1) == 1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(der);
}

static void add_entry(X509_CRL *crl, ASN1_INTEGER *serial,
	const struct crl_spec *spec, bool first)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *at = moment(-HOUR);

	must(entry && X509_REVOKED_set_serialNumber(entry, serial) == 1);
	must(X509_REVOKED_set_revocationDate(entry, at) == 1);
	ASN1_TIME_free(at);
	if (first && spec->reason) {
		ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();

		must(reason && ASN1_ENUMERATED_set(reason, spec->reason));
		must(X509_REVOKED_add1_ext_i2d(
			     entry, NID_crl_reason, reason, 0, 0) == 1);
		ASN1_ENUMERATED_free(reason);
	}
	if (first && spec->entry_critical)
		add_certificate_issuer(entry);
	must(X509_CRL_add0_revoked(crl, entry) == 1);
}

static void add_others(X509_CRL *crl, const struct crl_spec *spec)
{
	unsigned char octets[SERIAL_LEN];

	for (size_t i = 0; i < spec->others; i++) {
		BIGNUM *number;
		ASN1_INTEGER *serial;

		must(RAND_bytes(octets, sizeof(octets)) == 1);
		number = BN_bin2bn(octets, sizeof(octets), NULL);
		serial = BN_to_ASN1_INTEGER(number, NULL);
		must(serial);
		add_entry(crl, serial, spec, false);
		ASN1_INTEGER_free(serial);
		BN_free(number);
	}
}

static void add_extension(X509_CRL *crl, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	must(extension && X509_CRL_add_ext(crl, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static void add_number(X509_CRL *crl, int nid, long value, int critical)
{
	ASN1_INTEGER *number = ASN1_INTEGER_new();

	must(number && ASN1_INTEGER_set(number, value) == 1);
	must(X509_CRL_add1_ext_i2d(crl, nid, number, critical, 0) == 1);
	ASN1_INTEGER_free(number);
}

static void add_extensions(X509_CRL *crl, const struct crl_spec *spec)
{
	must(X509_CRL_set_version(crl,
		     spec->version ? spec->version - 1 : X509_CRL_VERSION_2) ==
		1);
	if (!spec->no_number)
		add_number(crl, NID_crl_number, 7, spec->critical_number);
	if (spec->delta)
		add_number(crl, NID_delta_crl, 3, 1);
	if (spec->point)
		add_extension(crl, NID_issuing_distribution_point, spec->point);
}

X509_CRL *crl_mint(const struct crl_spec *spec)
{
	const struct mint *signer = spec->signer ? spec->signer : spec->issuer;
	X509_CRL *crl = X509_CRL_new();

	must(crl && X509_CRL_set_issuer_name(crl,
			    X509_get_subject_name(spec->issuer->cert)) == 1);
	set_times(crl, spec);
	for (int i = 0; i < CRL_MINT_REVOKED && spec->revoked[i]; i++)
		add_entry(crl, X509_get_serialNumber(spec->revoked[i]->cert),
			spec, i == 0);
	add_others(crl, spec);
	if (!spec->v1)
		add_extensions(crl, spec);
	must(X509_CRL_sign(crl, signer->key,
		     EVP_PKEY_get_base_id(signer->key) == EVP_PKEY_ED25519
			     ? NULL
			     : EVP_sha256()) > 0);
	return crl;
}

static FILE *open_in(const char *directory, const char *name, const char *how)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, how);
	must(file);
	return file;
}

void crl_mint_write(
	const char *directory, const char *name, const struct crl_spec *spec)
{
	X509_CRL *crl = crl_mint(spec);
	FILE *file = open_in(directory, name, "ae");

	must(PEM_write_X509_CRL(file, crl) == 1);
	must(fclose(file) == 0);
	X509_CRL_free(crl);
}

void crl_mint_write_der(
	const char *directory, const char *name, const struct crl_spec *spec)
{
	X509_CRL *crl = crl_mint(spec);
	FILE *file = open_in(directory, name, "we");

	must(i2d_X509_CRL_fp(file, crl) == 1);
	must(fclose(file) == 0);
	X509_CRL_free(crl);
}
