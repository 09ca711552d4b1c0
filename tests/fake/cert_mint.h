/*
 * cert_mint: certificates and keys made in memory, good ones and odd ones.
 *
 * The certificate is put together octet by octet, so that it can hold what no
 * library would write, and then signed by its issuer. Failing is not foreseen:
 * what a test asks for must be possible, else the program aborts.
 */
#ifndef MTLSGATE_TESTS_FAKE_CERT_MINT_H
#define MTLSGATE_TESTS_FAKE_CERT_MINT_H

#include <stdbool.h>

#include "base/slice.h"

struct evp_pkey_st;
struct x509_st;

enum mint_key {
	MINT_P256, /* the default */
	MINT_P384,
	MINT_P521,
	MINT_ED25519,
	MINT_RSA2048,
	MINT_RSA1024, /* below security level 2 */
};

struct mint {
	struct x509_st *cert; /* NULL when the library cannot parse der */
	struct evp_pkey_st *key;
	unsigned char *der;
	size_t der_len;
};

struct mint_time {
	int tag; /* 0: from `from`/`until` */
	struct slice text;
};

/* A zeroed spec is a self-signed leaf without a name. */
struct mint_spec {
	const struct mint *issuer; /* NULL: self-signed */
	const char *cn;            /* UTF8String */
	struct slice subject;      /* a whole Name instead */
	struct slice issuer_name;  /* instead of the issuer's subject */
	enum mint_key key;
	const struct mint *same_key; /* no new key but this one's */
	struct slice serial;         /* INTEGER content; empty: random */
	long from_s;                 /* validity, seconds from now; both 0: */
	long until_s;                /* a day ago until in a year */
	struct mint_time not_before;
	struct mint_time not_after;
	bool ca;              /* basicConstraints CA:TRUE, keyCertSign */
	const char *path_len; /* "0"; NULL: none */
	bool version_1;       /* no extensions at all */
	/* As in OpenSSL's configuration files; NULL: not there. */
	const char *eku;       /* "clientAuth" */
	const char *key_usage; /* of a CA: instead of keyCertSign */
	const char *san;       /* "DNS:localhost,IP:127.0.0.1" */
	const char *name_constraints;
	const char *info_access; /* "OCSP;URI:http://ocsp.example/" */
	bool unknown_critical;   /* a critical extension nobody knows */
	struct slice extensions; /* more of them, in DER */
	bool sha1;               /* signed with SHA-1 */
	bool bad_signature;
};

struct mint *mint_new(const struct mint_spec *spec);
void mint_free(struct mint *mint); /* NULL is ignored */

/* The usual ones. */
struct mint *mint_ca(const char *cn, const struct mint *issuer);
struct mint *mint_client(const char *cn, const struct mint *issuer);
struct mint *mint_server(const char *cn, const struct mint *issuer);

/* PEM, NUL-terminated; the caller frees. */
char *mint_cert_pem(const struct mint *mint);
char *mint_key_pem(const struct mint *mint);
/* Writes text into directory/name (mode 0600). */
void mint_write(const char *directory, const char *name, const char *text);
/* The same for PEM of mint, appended when the file is there. */
void mint_write_cert(
	const char *directory, const char *name, const struct mint *mint);
void mint_write_key(
	const char *directory, const char *name, const struct mint *mint);

#endif
