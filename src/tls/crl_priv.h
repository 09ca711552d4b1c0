/*
 * crl: one certificate revocation list (RFC 5280 section 5), read once and
 * kept in the form in which a handshake asks it.
 *
 * Taken: complete CRLs of the CA itself, version 2 or 1, with or without an
 * issuing distribution point. Refused, since they would be misread: delta and
 * indirect CRLs, those for some reasons or for attribute certificates only,
 * critical extensions that we do not know, entries taken back
 * (removeFromCRL), and a version 2 CRL without its CRL number.
 *
 * A CRL speaks for a certificate when both name the same issuer and the key
 * that signed it is that issuer's. So a CRL is proven (its signature was
 * checked) against a key: once at load for a configured CA, else when a
 * client first sends an intermediate of that name, which a configured CA must
 * vouch for; the answer is remembered for that key, whole. It may never depend
 * on what else the certificate says, since anybody may send that first.
 */
#ifndef MTLSGATE_TLS_CRL_PRIV_H
#define MTLSGATE_TLS_CRL_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "serial_set_priv.h"

/* Keys of intermediates that are remembered, per CRL. */
enum { CRL_KEY = 32, CRL_MEMO = 4, CRL_WHY = 256 };

enum crl_proof {
	CRL_PROVEN,
	CRL_OTHER_KEY, /* signed by somebody else of the same name */
	CRL_NO_RIGHT,  /* the key fits, this certificate may not sign CRLs */
	CRL_NO_ANSWER, /* the library failed; not remembered */
};

struct crl_memo {
	uint8_t key[CRL_KEY];
	enum crl_proof proof; /* CRL_PROVEN or CRL_OTHER_KEY */
};

struct crl {
	X509_NAME *issuer;
	int64_t this_update;   /* seconds since 1970 */
	int64_t next_update;   /* INT64_MAX: it has none */
	bool only_users;       /* onlyContainsUserCerts */
	bool only_cas;         /* onlyContainsCACerts */
	GENERAL_NAMES *points; /* of its distribution point; NULL: none */
	uint8_t scope[32];     /* digest of the distribution point */
	struct serial_set serials;
	bool proven;          /* against a configured CA, whose key is: */
	uint8_t key[CRL_KEY]; /* zero unless proven */
	uint8_t hint[32];     /* digest of the authority's key id, or zero */
	X509_CRL *parsed;     /* NULL once proven */
	struct crl_memo memo[CRL_MEMO];
	unsigned memo_count; /* of proofs made; the ring's next is modulo */
};

/* Digest of the public key; false: it cannot be had. */
bool crl_key_of(X509 *ca, uint8_t key[CRL_KEY])
	__attribute__((warn_unused_result));

/* Takes *parsed on success. NULL: why says what is wrong with it, as the end
 * of a sentence that begins with "the CRL". */
struct crl *crl_new(X509_CRL **parsed, char why[CRL_WHY])
	__attribute__((warn_unused_result));
void crl_free(struct crl *crl); /* NULL is ignored */

/* Is it signed by this CA? At load; on CRL_PROVEN the parsed form goes. */
enum crl_proof crl_prove(struct crl *crl, X509 *ca)
	__attribute__((warn_unused_result));
/* The same in a handshake; key is crl_key_of(ca). Unless it was proven at load,
 * only of a CA that a configured one vouches for: it costs a digest of all. */
enum crl_proof crl_speaks_for(struct crl *crl, X509 *ca,
	const uint8_t key[CRL_KEY]) __attribute__((warn_unused_result));

/* Does its scope take this certificate in? */
bool crl_covers(const struct crl *crl, X509 *cert)
	__attribute__((warn_unused_result));
/* Same issuer, key and scope: then the older of the two says nothing. */
bool crl_same_list(const struct crl *a, const struct crl *b);
/* Issuer, key, scope and revoked serials; no dates. false: memory. */
bool crl_meaning(const struct crl *crl, uint8_t out[32])
	__attribute__((warn_unused_result));

#endif
