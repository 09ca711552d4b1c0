/*
 * trust: the CA certificates that client certificates are checked against.
 *
 * Made from client_auth.ca only, never from the system's store; whatever is
 * missing, empty, malformed or no CA is an error (R11). Freed with the
 * tls_context it belongs to; the store keeps its own references.
 *
 * A CA here is: basicConstraints CA:TRUE, keyCertSign where a key usage is
 * given, and no version 1 certificate (such a root says nothing about being a
 * CA; the note tells how to replace it). The same certificate may be named
 * twice. A CA out of its validity is a warning: nothing it signed will pass.
 */
#ifndef MTLSGATE_TLS_TRUST_H
#define MTLSGATE_TLS_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

struct config_problems;
struct trust;
struct x509_store_st;
struct stack_st_X509_NAME;

/* Bytes of CA names that a handshake may carry. */
enum { TRUST_NAMES_MAX = 16384 };

/*
 * Problems go to `problems` (lent) with the mark of the file or directory as
 * the configuration has it; NULL when there was an error.
 */
struct trust *trust_load(const struct config_client_auth *settings,
	struct config_problems *problems) __attribute__((warn_unused_result));
void trust_free(struct trust *trust); /* NULL is ignored */
/*
 * The same certificates without anything of clients: what an origin is checked
 * against. key: how the configuration calls it; mark: of what needs it. The
 * caller owns the store.
 */
struct x509_store_st *trust_store_load(const struct config_texts *ca,
	const char *key, struct config_mark mark,
	struct config_problems *problems) __attribute__((warn_unused_result));

/* Lent; takes a reference of its own when given to an SSL_CTX. */
struct x509_store_st *trust_store(const struct trust *trust);
size_t trust_count(const struct trust *trust); /* different certificates */
/*
 * The names for the certificate request (lent), NULL when none are to be
 * sent: advertise_ca_names says so, or its default in mode request_any, or
 * they are more than TRUST_NAMES_MAX bytes (warned of by trust_load).
 */
const struct stack_st_X509_NAME *trust_names(const struct trust *trust);

/*
 * The trust generation: 32 octets that differ whenever a client that one
 * listener takes might be refused by the other (R12, R13). It covers the
 * listener's name, mode, depth, purpose, CRL and OCSP settings, the CA
 * certificates, per CRL its issuer and the serials it revokes, and the deny
 * lists: what they mean, not the bytes or the order of files nor the dates of
 * a CRL. content: the same without the name, so that the trust of a listener
 * that was renamed can be compared. trust: NULL in mode disabled. false: out of
 * memory.
 */
enum { TRUST_DIGEST = 32 };
bool trust_digest(const struct trust *trust,
	const struct config_listener *listener, uint8_t content[TRUST_DIGEST],
	uint8_t out[TRUST_DIGEST]) __attribute__((warn_unused_result));
/*
 * The earliest nextUpdate of the CRLs in use, seconds since 1970; INT64_MAX
 * where none ends, none counts (when_expired: allow), there is none or trust
 * is NULL.
 */
int64_t trust_next_update(const struct trust *trust);
/* When it is time to renew one of them, a tenth of its life before its end;
 * the same. */
int64_t trust_crl_warn_at(const struct trust *trust);

#endif
