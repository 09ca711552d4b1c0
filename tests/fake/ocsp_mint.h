/*
 * ocsp_mint: answers of an OCSP responder, good ones and odd ones.
 *
 * Failing is not foreseen, as in cert_mint.
 */
#ifndef MTLSGATE_TESTS_FAKE_OCSP_MINT_H
#define MTLSGATE_TESTS_FAKE_OCSP_MINT_H

#include <stdbool.h>

#include "base/slice.h"
#include "fake/cert_mint.h"

enum ocsp_mint_status { OCSP_MINT_GOOD, OCSP_MINT_REVOKED, OCSP_MINT_UNKNOWN };

/* A zeroed spec but for issuer and leaf: good, signed by the issuer. */
struct ocsp_mint_spec {
	const struct mint *issuer; /* of the leaf */
	const struct mint *leaf;
	enum ocsp_mint_status status;
	enum ocsp_mint_status second; /* a second word about it, if ... */
	bool twice;
	const struct mint *signer; /* NULL: the issuer */
	bool bare;                 /* without the signer's certificate */
	long this_s;               /* seconds from now */
	long next_s;               /* the same; 0: no nextUpdate */
	bool sha1;                 /* signed with SHA-1 */
	int error;                 /* instead: OCSPResponseStatus 1 to 6 */
};

/* DER; the caller frees its bytes (free). */
struct slice ocsp_mint(const struct ocsp_mint_spec *spec);

#endif
