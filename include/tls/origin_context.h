/*
 * origin_context: TLS towards an origin, client role.
 *
 * The origin's certificate is always verified; no setting leaves it out. Its
 * chain leads to `tls.ca`; its subjectAltName (never its common name) holds
 * `tls.server_name`, or else the host of the server's URL (RFC 9525); its key
 * is one of `tls.pin_spki_sha256`, where there are any. Names are asked for by
 * SNI (RFC 6066 section 3), addresses are not.
 *
 * A context is made by the master when a generation is prepared, inherited by
 * its workers through fork, freed when the generation dies (R23). A peer is a
 * server of that origin as one worker knows it: the name it must have and the
 * sessions it gave.
 */
#ifndef MTLSGATE_TLS_ORIGIN_CONTEXT_H
#define MTLSGATE_TLS_ORIGIN_CONTEXT_H

#include <stdbool.h>

struct config_origin;
struct config_problems;
struct origin_context;
struct origin_peer;
struct ssl_st;

/*
 * Loads CAs, certificate, key and pins; config is lent for its life. Problems
 * go to `problems` (lent); NULL when there was an error among them.
 */
struct origin_context *origin_context_new(const struct config_origin *config,
	struct config_problems *problems) __attribute__((warn_unused_result));
void origin_context_free(struct origin_context *context); /* NULL: ignored */
/* Has one of the servers an https:// URL? */
bool origin_context_needed(const struct config_origin *config);

/* context is lent; host (copied) is that of the URL. NULL: out of memory. */
struct origin_peer *origin_peer_new(struct origin_context *context,
	const char *host) __attribute__((warn_unused_result));
/* All SSLs that it made are gone. NULL is ignored. */
void origin_peer_free(struct origin_peer *peer);

/*
 * A client-side SSL for one connection, which may go on with an earlier
 * session. The caller sets the BIO and owns it. NULL: out of memory.
 */
struct ssl_st *origin_peer_connect(struct origin_peer *peer)
	__attribute__((warn_unused_result));
/*
 * After the handshake: is HTTP/1.1 what was agreed on? Nothing at all is
 * (RFC 7301 section 3.1: the origin does not know of ALPN).
 */
bool origin_peer_speaks_http(const struct ssl_st *ssl);

enum { ORIGIN_PEER_WORDS = 512 };
/*
 * Why the handshake failed, as one line for the log: what is wrong with the
 * certificate, else `words` (of the library). What does not fit is counted.
 */
void origin_peer_explain(const struct ssl_st *ssl, const char *words,
	char out[ORIGIN_PEER_WORDS]);

#endif
