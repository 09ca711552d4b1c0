/*
 * client_auth: was a client certificate shown, and is it good?
 *
 * One per accepted connection, owned by the client (proxy/client), filled by
 * the verify callback during the handshake and by client_auth_finish behind
 * it, then constant and lent to every exchange of the connection.
 *
 * A zeroed struct says "none": "no error" alone never means "ok".
 * SSL_get_verify_result is never read (it holds the last error, not the
 * first).
 */
#ifndef MTLSGATE_TLS_CLIENT_AUTH_H
#define MTLSGATE_TLS_CLIENT_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "config/config.h"
#include "tls/client_reason.h"
#include "tls/ocsp_result.h"
#include "tls/resumption.h"

struct ssl_st;
struct arena;
struct chain_verdict;
struct cert_info;

enum client_auth_state {
	CLIENT_AUTH_NONE,    /* no certificate was shown, or none asked for */
	CLIENT_AUTH_OK,      /* the chain verified, possession was proven */
	CLIENT_AUTH_FAILED,  /* code and depth tell */
	CLIENT_AUTH_REVOKED, /* whatever else failed (R14) */
};

struct client_auth {
	enum client_auth_state state;
	int code;          /* X509_V_ERR_* or enum client_auth_code; 0: none */
	int depth;         /* where the first error was seen; leaf is 0 */
	unsigned sent;     /* certificates that the client sent */
	int64_t expires;   /* earliest notAfter of the verified chain, seconds
	                    since 1970; INT64_MAX when there is none (R13) */
	int64_t crl_until; /* when a CRL that it rests on ends, the same */
	int otherwise;     /* REVOKED: the first code besides that, or 0 */
	bool refused;      /* the mode refuses this outcome in the handshake */
	const struct config_client_auth *settings; /* lent */
	uint8_t sha256[32];           /* of the leaf; zero without one */
	struct resumption resumption; /* kept over all of this */
};

/* "NONE", "SUCCESS", "FAILED:reason" into out (NUL-terminated). */
enum { CLIENT_AUTH_VERDICT = 128 };
void client_auth_verdict(
	const struct client_auth *auth, char out[CLIENT_AUTH_VERDICT]);

/*
 * Does the mode let this outcome through (fields.md section 5)? Pure. The
 * handshake asks it, and authz asks it again for each request.
 */
bool client_auth_allowed(const struct client_auth *auth);

/*
 * The outcome of a verification (tls/chain_verify) under these settings, as
 * the handshake notes it; settings are lent.
 */
void client_auth_fill(struct client_auth *auth,
	const struct config_client_auth *settings,
	const struct chain_verdict *verdict);

/* The same for a client that shows no certificate. */
void client_auth_absent(
	struct client_auth *auth, const struct config_client_auth *settings);

/*
 * Behind the handshake, complete or refused; auth is what tls_context_accept
 * was given for `ssl`. State, code, depth, chain length and digest were noted
 * while it ran; here they are held against what the library says: a
 * connection without a peer certificate is none, and one whose peer
 * certificate is not the one that was judged is failed. A mode that asks for no
 * certificate stays none. After a resumption all of it comes from the session,
 * if the session is one that was accepted (R12); else it is failed.
 */
void client_auth_finish(struct client_auth *auth, struct ssl_st *ssl);

/* Is a responder to be asked about it (client_auth.ocsp)? Behind
 * client_auth_finish. Only a chain that verified names one to trust. */
bool client_auth_asks(const struct client_auth *auth);
/*
 * How asking ended. Revoked wins over everything (R14); unknown is a failure,
 * whatever on_failure says; without an answer on_failure decides. A good
 * answer bounds the connection as a certificate's notAfter does (R13): it is
 * in force no longer than `until`.
 */
void client_auth_told(
	struct client_auth *auth, enum ocsp_result result, int64_t until);

/*
 * What the presented leaf says, for headers and log lines; NULL when none was
 * shown or memory is out. Made anew at each call, in `arena`. Works also for
 * a handshake that was refused.
 */
struct cert_info *client_auth_leaf(const struct client_auth *auth,
	struct ssl_st *ssl, struct arena *arena);
/* The same, with its extensions. */
struct cert_info *client_auth_leaf_extended(const struct client_auth *auth,
	struct ssl_st *ssl, struct arena *arena);

/* The certificate that issued the leaf, as the verified chain has it. */
struct client_auth_issuer {
	bool known; /* false: nothing verified, all else is empty */
	bool serial_negative;
	struct slice serial; /* magnitude, no pad octet */
	struct slice key_id; /* its subject key identifier; may be empty */
};
/*
 * Fills *out, its octets in `arena`. Only a chain that verified has an issuer:
 * next to a failed leaf may stand a certificate that merely bears the name.
 * false: memory.
 */
bool client_auth_issuer(const struct client_auth *auth, struct ssl_st *ssl,
	struct arena *arena, struct client_auth_issuer *out)
	__attribute__((warn_unused_result));

/* What the client sent, in DER. */
struct client_auth_certs {
	struct slice leaf;   /* empty: none was shown */
	struct slice *chain; /* in its order, without the leaf */
	size_t chain_count;
};
/*
 * Fills *out, its octets in `arena`; the chain only when `chain` says so. It
 * is not there after a resumption. false: memory.
 */
bool client_auth_certs(const struct client_auth *auth, struct ssl_st *ssl,
	bool chain, struct arena *arena, struct client_auth_certs *out)
	__attribute__((warn_unused_result));

/*
 * The headers of this leaf would be too large: it counts as failed
 * (CLIENT_AUTH_CODE_HEADERS), unless it does already; `refused` follows.
 */
void client_auth_oversized(struct client_auth *auth);

#endif
