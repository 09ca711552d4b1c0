#include "fake/cert_mint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "fake/der.h"

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "cert_mint: %s\n", what);
	ERR_print_errors_fp(stderr);
	abort();
}

static EVP_PKEY *new_key(enum mint_key kind)
{
	switch (kind) {
	case MINT_P384:
		return EVP_EC_gen("P-384");
	case MINT_P521:
		return EVP_EC_gen("P-521");
	case MINT_ED25519:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	case MINT_RSA2048:
		return EVP_RSA_gen(2048);
	case MINT_RSA1024:
		return EVP_RSA_gen(1024);
	case MINT_P256:
		break;
	}
	return EVP_EC_gen("P-256");
}

static const char *digest_name(const EVP_PKEY *key, bool sha1)
{
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		return NULL;
	return sha1 ? "SHA1" : "SHA256";
}

static void put_algorithm(struct der *der, const EVP_PKEY *key, bool sha1)
{
	const char *digest = digest_name(key, sha1);
	int type = EVP_PKEY_get_base_id(key), nid = type;
	size_t mark = der_begin(der, DER_SEQUENCE);
	unsigned char *oid = NULL;
	int len;

	if (digest)
		must(OBJ_find_sigid_by_algs(
			     &nid, sha1 ? NID_sha1 : NID_sha256, type) == 1,
			"signature algorithm");
	len = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &oid);
	must(len > 0, "OID");
	der_raw(der, slice_of(oid, (size_t)len));
	OPENSSL_free(oid);
	if (type == EVP_PKEY_RSA)
		der_put(der, DER_NULL, slice_of(NULL, 0));
	der_end(der, mark);
}

static void put_serial(struct der *der, const struct mint_spec *spec)
{
	unsigned char octets[16];

	if (spec->serial.len) {
		der_put(der, DER_INTEGER, spec->serial);
		return;
	}
	must(RAND_bytes(octets, sizeof(octets)) == 1, "random");
	octets[0] = (octets[0] & 0x3F) | 0x40;
	der_put(der, DER_INTEGER, slice_of(octets, sizeof(octets)));
}

static void put_cn(struct der *der, const char *cn)
{
	size_t mark = der_begin(der, DER_SEQUENCE);

	if (cn)
		der_rdn(der, "2.5.4.3", DER_UTF8, slice_str(cn));
	der_end(der, mark);
}

static void put_subject(struct der *der, const struct mint_spec *spec)
{
	if (spec->subject.len)
		der_raw(der, spec->subject);
	else
		put_cn(der, spec->cn);
}

static void put_issuer(struct der *der, const struct mint_spec *spec)
{
	const unsigned char *name = NULL;
	size_t len = 0;

	if (spec->issuer_name.len) {
		der_raw(der, spec->issuer_name);
	} else if (spec->issuer) {
		must(spec->issuer->cert &&
				X509_NAME_get0_der(X509_get_subject_name(
							   spec->issuer->cert),
					&name, &len) == 1,
			"issuer");
		der_raw(der, slice_of(name, len));
	} else {
		put_subject(der, spec);
	}
}

static void put_time(
	struct der *der, const struct mint_time *given, long offset)
{
	time_t when = time(NULL) + offset;
	struct tm tm;
	char text[32];

	if (given->tag) {
		der_put(der, given->tag, given->text);
		return;
	}
	must(gmtime_r(&when, &tm) != NULL, "time");
	must(strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &tm) > 0, "time");
	if (tm.tm_year >= 50 && tm.tm_year < 150)
		der_put(der, DER_UTC_TIME, slice_str(text + 2));
	else
		der_put(der, DER_GENERALIZED_TIME, slice_str(text));
}

static void put_validity(struct der *der, const struct mint_spec *spec)
{
	size_t mark = der_begin(der, DER_SEQUENCE);
	bool usual = !spec->from_s && !spec->until_s;

	put_time(der, &spec->not_before, usual ? -86400 : spec->from_s);
	put_time(der, &spec->not_after, usual ? 365L * 86400 : spec->until_s);
	der_end(der, mark);
}

static void put_extension(struct der *der, int nid, const char *value)
{
	unsigned char *bytes = NULL;
	X509_EXTENSION *extension;
	X509V3_CTX ctx;
	int len;

	if (!value)
		return;
	X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	must(extension != NULL, value);
	len = i2d_X509_EXTENSION(extension, &bytes);
	must(len > 0, value);
	der_raw(der, slice_of(bytes, (size_t)len));
	OPENSSL_free(bytes);
	X509_EXTENSION_free(extension);
}

static void put_unknown_critical(struct der *der)
{
	size_t mark = der_begin(der, DER_SEQUENCE);

	der_oid(der, "1.3.6.1.4.1.99999.7");
	der_put(der, 0x01, slice_of("\xFF", 1));
	der_put(der, DER_OCTET_STRING, slice_of("\x05\x00", 2));
	der_end(der, mark);
}

static void put_extensions(struct der *der, const struct mint_spec *spec)
{
	size_t tagged = der_begin(der, 0xA3);
	size_t list = der_begin(der, DER_SEQUENCE);
	char constraints[64] = "critical,CA:FALSE";

	if (spec->ca)
		snprintf(constraints, sizeof(constraints),
			"critical,CA:TRUE%s%s",
			spec->path_len ? ",pathlen:" : "",
			spec->path_len ? spec->path_len : "");
	put_extension(der, NID_basic_constraints, constraints);
	put_extension(der, NID_key_usage,
		spec->key_usage ? spec->key_usage
		: spec->ca      ? "critical,keyCertSign,cRLSign"
				: NULL);
	put_extension(der, NID_ext_key_usage, spec->eku);
	put_extension(der, NID_subject_alt_name, spec->san);
	put_extension(der, NID_name_constraints, spec->name_constraints);
	put_extension(der, NID_info_access, spec->info_access);
	if (spec->unknown_critical)
		put_unknown_critical(der);
	der_raw(der, spec->extensions);
	der_end(der, list);
	der_end(der, tagged);
}

static void put_tbs(struct der *der, const struct mint_spec *spec,
	EVP_PKEY *key, const EVP_PKEY *signer)
{
	size_t tbs = der_begin(der, DER_SEQUENCE);
	unsigned char *spki = NULL;
	int len = i2d_PUBKEY(key, &spki);

	must(len > 0, "public key");
	if (!spec->version_1) {
		size_t version = der_begin(der, 0xA0);

		der_put(der, DER_INTEGER, slice_of("\x02", 1));
		der_end(der, version);
	}
	put_serial(der, spec);
	put_algorithm(der, signer, spec->sha1);
	put_issuer(der, spec);
	put_validity(der, spec);
	put_subject(der, spec);
	der_raw(der, slice_of(spki, (size_t)len));
	OPENSSL_free(spki);
	if (!spec->version_1)
		put_extensions(der, spec);
	der_end(der, tbs);
}

static void put_signature(struct der *der, EVP_PKEY *signer,
	const struct mint_spec *spec, struct slice tbs)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char bits[1024] = {0}; /* one octet of unused bits first */
	size_t len = sizeof(bits) - 1;

	must(ctx && EVP_DigestSignInit_ex(ctx, NULL,
			    digest_name(signer, spec->sha1), NULL, NULL, signer,
			    NULL) == 1,
		"sign");
	must(EVP_DigestSign(ctx, bits + 1, &len, (const unsigned char *)tbs.ptr,
		     tbs.len) == 1,
		"sign");
	EVP_MD_CTX_free(ctx);
	if (spec->bad_signature)
		bits[len] ^= 1;
	der_put(der, DER_BIT_STRING, slice_of(bits, len + 1));
}

struct mint *mint_new(const struct mint_spec *spec)
{
	struct mint *mint = calloc(1, sizeof(*mint));
	struct der tbs = {0}, cert = {0};
	const unsigned char *at;
	EVP_PKEY *signer;
	size_t mark;

	must(mint != NULL, "memory");
	if (spec->same_key) {
		mint->key = spec->same_key->key;
		EVP_PKEY_up_ref(mint->key);
	} else {
		mint->key = new_key(spec->key);
	}
	must(mint->key != NULL, "key");
	signer = spec->issuer ? spec->issuer->key : mint->key;
	put_tbs(&tbs, spec, mint->key, signer);
	mark = der_begin(&cert, DER_SEQUENCE);
	der_raw(&cert, der_slice(&tbs));
	put_algorithm(&cert, signer, spec->sha1);
	put_signature(&cert, signer, spec, der_slice(&tbs));
	der_end(&cert, mark);
	der_fini(&tbs);
	mint->der = cert.bytes;
	mint->der_len = cert.len;
	at = mint->der;
	mint->cert = d2i_X509(NULL, &at, (long)mint->der_len);
	ERR_clear_error();
	return mint;
}

void mint_free(struct mint *mint)
{
	if (!mint)
		return;
	X509_free(mint->cert);
	EVP_PKEY_free(mint->key);
	free(mint->der);
	free(mint);
}

struct mint *mint_ca(const char *cn, const struct mint *issuer)
{
	return mint_new(
		&(struct mint_spec){.cn = cn, .issuer = issuer, .ca = true});
}

struct mint *mint_client(const char *cn, const struct mint *issuer)
{
	return mint_new(&(struct mint_spec){
		.cn = cn, .issuer = issuer, .eku = "clientAuth"});
}

struct mint *mint_server(const char *cn, const struct mint *issuer)
{
	return mint_new(&(struct mint_spec){.cn = cn,
		.issuer = issuer,
		.eku = "serverAuth",
		.san = "DNS:localhost,IP:127.0.0.1"});
}

static char *take_text(BIO *bio)
{
	char *data, *text;
	long len = BIO_get_mem_data(bio, &data);

	must(len > 0, "PEM");
	text = strndup(data, (size_t)len);
	must(text != NULL, "memory");
	BIO_free(bio);
	return text;
}

char *mint_cert_pem(const struct mint *mint)
{
	BIO *bio = BIO_new(BIO_s_mem());

	must(bio && PEM_write_bio(bio, "CERTIFICATE", "", mint->der,
			    (long)mint->der_len) > 0,
		"PEM");
	return take_text(bio);
}

char *mint_key_pem(const struct mint *mint)
{
	BIO *bio = BIO_new(BIO_s_mem());

	must(bio && PEM_write_bio_PrivateKey(
			    bio, mint->key, NULL, NULL, 0, NULL, NULL) == 1,
		"PEM");
	return take_text(bio);
}

static void write_file(const char *directory, const char *name,
	const char *text, const char *mode)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, mode);
	must(file && fputs(text, file) >= 0 && fclose(file) == 0, path);
}

void mint_write(const char *directory, const char *name, const char *text)
{
	write_file(directory, name, text, "we");
}

void mint_write_cert(
	const char *directory, const char *name, const struct mint *mint)
{
	char *pem = mint_cert_pem(mint);

	write_file(directory, name, pem, "ae");
	free(pem);
}

void mint_write_key(
	const char *directory, const char *name, const struct mint *mint)
{
	char *pem = mint_key_pem(mint);

	write_file(directory, name, pem, "ae");
	free(pem);
}
