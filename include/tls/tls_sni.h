/*
 * tls_sni: server name -> certificate group of a listener (R15).
 *
 * A group is the certificates of one set of names: one, or several with keys
 * of different kinds (RSA beside ECDSA), of which the library takes what the
 * client can verify. The first certificate of the configuration is in group 0,
 * the default: for clients that send no name, and for names of no group.
 *
 * A name swaps certificates and nothing else: the SSL stays with the SSL_CTX
 * of its listener, so that verify settings, CA names, versions and ticket keys
 * cannot change by name. Rule and reasons: docs/decisions/0010.
 *
 * Belongs to a tls_context and dies with it.
 */
#ifndef MTLSGATE_TLS_TLS_SNI_H
#define MTLSGATE_TLS_TLS_SNI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct config_problems;
struct config_tls;
struct ssl_ctx_st;
struct ssl_st;
struct tls_sni;

/*
 * Reads every certificate of a listener with its key and OCSP response, and
 * makes the groups. Problems go to `problems` (lent), with the places of both
 * where two certificates claim one name; NULL when one is an error (R11).
 */
struct tls_sni *tls_sni_load(const struct config_tls *tls,
	struct config_problems *problems) __attribute__((warn_unused_result));
void tls_sni_free(struct tls_sni *sni); /* NULL is ignored; keys are wiped */

/*
 * Puts the default group into ctx, and the callbacks that acknowledge a name
 * and staple. sni (lent) outlives ctx. false: the library refused one of the
 * certificates; its error queue says why.
 */
bool tls_sni_install(struct tls_sni *sni, struct ssl_ctx_st *ctx)
	__attribute__((warn_unused_result));

/*
 * In the client hello callback: the SSL gets the certificates of the name that
 * is asked for. A second hello, behind a HelloRetryRequest, counts instead of
 * the first. false: the handshake ends with *alert.
 */
bool tls_sni_hello(const struct tls_sni *sni, struct ssl_st *ssl, int *alert)
	__attribute__((warn_unused_result));

/* What a server name of a client hello comes to. */
enum tls_sni_choice {
	TLS_SNI_NAMED,   /* a group has that name */
	TLS_SNI_DEFAULT, /* none is sent, or no group has it: group 0 */
	TLS_SNI_UNKNOWN, /* no group has it, and that is refused */
	TLS_SNI_NO_NAME, /* it is no name at all: refused */
};
/*
 * Pure; tls_sni_hello asks it, too. host: as the client wrote it; ptr NULL: it
 * sends none. *group: where it is not refused. What is refused ends the
 * handshake with TLS_SNI_ALERT, unrecognized_name (RFC 6066 section 3).
 */
enum { TLS_SNI_ALERT = 112 };
enum tls_sni_choice tls_sni_choose(
	const struct tls_sni *sni, struct slice host, size_t *group);

/* The first certificate of a group, as an index into the configured ones. */
size_t tls_sni_first(const struct tls_sni *sni, size_t group);
size_t tls_sni_groups(const struct tls_sni *sni);
/* The earliest notAfter of all certificates; INT64_MAX: none parses. */
int64_t tls_sni_expires(const struct tls_sni *sni);

/*
 * The group whose certificates an SSL has: from the client hello on, also in
 * the callback that decrypts a ticket and after a resumption.
 */
size_t tls_sni_group(const struct ssl_st *ssl);
/*
 * The same as a number that survives a reload: it depends on the names of the
 * group only. For tickets (R12).
 */
uint32_t tls_sni_identity(const struct ssl_st *ssl);

/*
 * R15: may a request for this host (of an authority, without its port; IPv6
 * with its brackets) come on a connection of that group? Not when another
 * group covers it, nor when none does and unknown_server_name is `reject`. An
 * empty host (HTTP/1.0 without Host) is covered by none.
 */
bool tls_sni_serves(const struct tls_sni *sni, size_t group, struct slice host);
/* Can tls_sni_serves say no at all? Not with one group and its default. */
bool tls_sni_selects(const struct tls_sni *sni);

#endif
