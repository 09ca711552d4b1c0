/*
 * tls_context: SSL_CTX of a listener, made from configuration (server role).
 *
 * The system's openssl.cnf is not read; versions, ciphers, groups, signature
 * algorithms and the security level are ours (R16). Sessions are resumed by
 * tickets alone, as tls/resumption has it (R12); with `session_resumption:
 * disabled`, without keys or in mode `disabled` it is off in every way: no
 * ticket is issued, none is accepted, no cache.
 *
 * Made by the master when a generation is prepared, inherited by its workers
 * through fork, freed when the generation dies (keys are wiped, R23).
 */
#ifndef MTLSGATE_TLS_TLS_CONTEXT_H
#define MTLSGATE_TLS_TLS_CONTEXT_H

#include <stdbool.h>

#include "config/config.h"

struct client_auth;
struct config_problems;
struct ssl_st;
struct ticket_ring;
struct tls_context;
struct tls_sni;

/*
 * Once per process, before anything else of OpenSSL. openssl_config: NULL, or
 * the file that `tls.openssl_config` names.
 */
bool tls_library_init(const char *openssl_config)
	__attribute__((warn_unused_result));

/* What a context is made from; all lent, the listener for its life. */
struct tls_context_setup {
	const struct config_listener *listener;
	/*
	 * What is told of a client needs the chain that it sent, and a session
	 * keeps none: no ticket is given or taken (R12).
	 */
	bool chain_needed;
	/* Of `ticket_keys: auto`; NULL: without a key file nothing resumes. */
	const struct ticket_ring *ring;
};

/*
 * Loads certificate, key and CAs of one listener. Problems (key does not fit,
 * CA is no CA, empty CA, expired certificate as a warning ...) are added to
 * `problems` (lent) with the marks of the configuration; NULL when there is an
 * error among them (R11: no fallback of any kind).
 */
struct tls_context *tls_context_new(const struct tls_context_setup *setup,
	struct config_problems *problems) __attribute__((warn_unused_result));
void tls_context_free(struct tls_context *context); /* NULL is ignored */

/* All listeners of a configuration; for `check`. */
void tls_context_check(
	const struct config *config, struct config_problems *problems);

/*
 * A server-side SSL for one connection; auth (lent, outlives the SSL) is
 * reset and filled during the handshake. The caller sets the BIO and owns the
 * SSL. NULL when memory is out.
 */
struct ssl_st *tls_context_accept(struct tls_context *context,
	struct client_auth *auth) __attribute__((warn_unused_result));

/*
 * The digest of the listener's trust (tls/trust.h), 32 octets, lent: it
 * differs when clients of the one might be refused by the other.
 */
const uint8_t *tls_context_trust_digest(const struct tls_context *context);
/* The same without the listener's name. */
const uint8_t *tls_context_trust_content(const struct tls_context *context);
/* The earliest nextUpdate of its CRLs; INT64_MAX without one. */
int64_t tls_context_next_update(const struct tls_context *context);
/* When somebody should see to it; the same. */
int64_t tls_context_crl_warn_at(const struct tls_context *context);

/*
 * What says whether a request may come on a connection (R15), or NULL where
 * every one may: one group of certificates, for all names.
 */
const struct tls_sni *tls_context_sni(const struct tls_context *context);

/* Days until the first server certificate expires (may be negative). */
int64_t tls_context_days_left(
	const struct tls_context *context, int64_t now_unix);

#endif
