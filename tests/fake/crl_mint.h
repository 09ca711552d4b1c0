/*
 * crl_mint: certificate revocation lists made in memory, good ones and odd
 * ones, as cert_mint makes certificates.
 */
#ifndef MTLSGATE_TESTS_FAKE_CRL_MINT_H
#define MTLSGATE_TESTS_FAKE_CRL_MINT_H

#include <stdbool.h>

#include "fake/cert_mint.h"

struct X509_crl_st;

enum { CRL_MINT_REVOKED = 4 };

/* A zeroed spec with an issuer is a list without entries. */
struct crl_spec {
	const struct mint *issuer; /* whose name it bears */
	const struct mint *signer; /* NULL: the issuer */
	const struct mint *revoked[CRL_MINT_REVOKED];
	size_t others; /* further entries, of serial numbers at random */
	long from_s;   /* thisUpdate, nextUpdate: seconds from now; both 0: */
	long until_s;  /* an hour ago, in a week */
	bool endless;  /* no nextUpdate */
	bool v1;       /* no extensions */
	long version;  /* 0: 2 */
	bool no_number;
	bool critical_number;
	bool delta;
	bool entry_critical; /* of the first entry: certificateIssuer */
	int reason;          /* of the first entry: CRL_REASON_*; 0: none */
	const char *point; /* issuingDistributionPoint, as OpenSSL writes it */
};

struct X509_crl_st *crl_mint(const struct crl_spec *spec);
/* PEM, appended when the file is there; with DER it is written anew. */
void crl_mint_write(
	const char *directory, const char *name, const struct crl_spec *spec);
void crl_mint_write_der(
	const char *directory, const char *name, const struct crl_spec *spec);

#endif
