/*
 * ocsp_result: how asking for the state of a certificate ended; one table.
 *
 * Three are a responder's word, all others say why there is none.
 */
#ifndef MTLSGATE_TLS_OCSP_RESULT_H
#define MTLSGATE_TLS_OCSP_RESULT_H

#include <stdbool.h>
#include <stddef.h>

enum ocsp_result {
	OCSP_RESULT_GOOD,
	OCSP_RESULT_REVOKED,
	OCSP_RESULT_UNKNOWN, /* the responder does not know it */
	/* no answer */
	OCSP_RESULT_NO_RESPONDER, /* the certificate names none we may ask */
	OCSP_RESULT_NO_ISSUER,    /* its issuer is not known */
	OCSP_RESULT_TOO_LONG,     /* issuer or URL pass our bounds */
	OCSP_RESULT_BUSY,         /* too many questions at once */
	OCSP_RESULT_TIMEOUT,
	OCSP_RESULT_NAME,        /* its name has no address */
	OCSP_RESULT_FORBIDDEN,   /* its address is none we may ask */
	OCSP_RESULT_UNREACHABLE, /* refused, reset, no route */
	OCSP_RESULT_HTTP,        /* not an HTTP answer with status 200 */
	OCSP_RESULT_TOO_LARGE,   /* more bytes than we read */
	OCSP_RESULT_MALFORMED,   /* not an OCSP answer */
	OCSP_RESULT_DECLINED,    /* tryLater, unauthorized and the like */
	OCSP_RESULT_SIGNATURE,   /* not signed by somebody who may */
	OCSP_RESULT_MISMATCH,    /* about another certificate */
	OCSP_RESULT_STALE,       /* not between thisUpdate and nextUpdate */
	OCSP_RESULT_INTERNAL,    /* memory, or a steward that is gone */
	OCSP_RESULT_COUNT
};

/* "no_responder": for metrics and logs; never NULL. */
const char *ocsp_result_word(enum ocsp_result result);
/* A sentence for the log. */
const char *ocsp_result_text(enum ocsp_result result);
/* Did a responder say good, revoked or unknown? */
bool ocsp_result_is_answer(enum ocsp_result result);

#endif
