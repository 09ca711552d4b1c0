/*
 * ocsp_answer: what a responder said, and whether it may be believed
 * (RFC 6960 section 3.2).
 *
 * An answer counts when it is signed by the certificate's issuer, or by a
 * responder with OCSPSigning in its extended key usage whose certificate that
 * very issuer signed; not with SHA-1 or MD5 (R16); when it is about this
 * certificate; and when now lies between thisUpdate and nextUpdate, give or
 * take OCSP_SKEW_S. Several answers about it: revoked wins (R14), and counts
 * whatever its dates are, then for OCSP_SKEW_S from now.
 *
 * Without a nextUpdate it holds for OCSP_FRESH_S from its thisUpdate on.
 * The delegated responder's own revocation is not asked for.
 */
#ifndef MTLSGATE_TLS_OCSP_ANSWER_H
#define MTLSGATE_TLS_OCSP_ANSWER_H

#include "base/slice.h"
#include "tls/ocsp_result.h"

struct ocsp_subject;

enum {
	OCSP_ANSWER_MAX = 65536, /* bytes of an answer that are looked at */
	OCSP_SKEW_S = 60,
	OCSP_FRESH_S = 300,
};

struct ocsp_answer {
	enum ocsp_result result;
	int64_t until; /* it holds so long, skew included (seconds since 1970);
			  of GOOD, REVOKED and UNKNOWN */
};

/* der: bytes of the network. now: seconds since 1970. */
void ocsp_answer_read(struct slice der, const struct ocsp_subject *subject,
	int64_t now, struct ocsp_answer *answer);

#endif
