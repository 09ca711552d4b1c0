/*
 * ocsp_question: what has to be known to ask about a client certificate, and
 * the words of the request (RFC 6960 section 4.1).
 *
 * Made by a worker from the chain it verified, put into an OCSP request by
 * the steward. No nonce: answers are cached, and what a replay could bring
 * back ends with its nextUpdate.
 */
#ifndef MTLSGATE_TLS_OCSP_QUESTION_H
#define MTLSGATE_TLS_OCSP_QUESTION_H

#include "base/slice.h"
#include "tls/ocsp_result.h"

struct arena;
struct ocsp_cert_id_st;
struct ssl_st;
struct x509_st;

enum {
	OCSP_ISSUER_MAX = 6144, /* bytes of the issuer's certificate */
	OCSP_SERIAL_MAX = 72,
	OCSP_URLS_MAX = 8, /* of a certificate that are looked at */
};

struct ocsp_question {
	struct slice issuer; /* certificate, DER */
	struct slice serial; /* INTEGER, DER with tag and length */
	struct slice url;    /* http://, valid; empty: the leaf names none */
};

/*
 * About the peer of ssl whose chain was verified in this very handshake (a
 * resumed one has no chain); all in the arena. A leaf without a responder is
 * no failure here. GOOD, NO_ISSUER, TOO_LONG or INTERNAL.
 */
enum ocsp_result ocsp_question_of(struct ssl_st *ssl, struct arena *arena,
	struct ocsp_question *question) __attribute__((warn_unused_result));
/* The same for a leaf and its issuer; both lent for the call. */
enum ocsp_result ocsp_question_about(struct x509_st *leaf,
	struct x509_st *issuer, struct arena *arena,
	struct ocsp_question *question) __attribute__((warn_unused_result));

/* A question as the steward holds it. */
struct ocsp_subject {
	struct x509_st *issuer;
	struct ocsp_cert_id_st *id; /* SHA-1, as every responder takes it */
};

/* false: not DER of a certificate and a serial, or memory. */
bool ocsp_subject_init(
	struct ocsp_subject *subject, const struct ocsp_question *question)
	__attribute__((warn_unused_result));
void ocsp_subject_fini(struct ocsp_subject *subject);
/* The request in DER, in the arena; empty: memory. */
struct slice ocsp_subject_request(
	const struct ocsp_subject *subject, struct arena *arena);
/* SHA-256 over question and responder: the key of a cache. false: memory. */
bool ocsp_question_key(const struct ocsp_question *question, uint8_t key[32])
	__attribute__((warn_unused_result));

#endif
