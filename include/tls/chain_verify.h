/*
 * chain_verify: is this leaf, with what was sent beside it, good under these
 * settings? One verification for the handshake and for a desk.
 *
 * In the handshake libssl gives the X509_STORE_CTX (chain_verify); outside of
 * one there is a leaf, the certificates sent and a time
 * (chain_verify_offline). Both walk the same road:
 *
 *   1. bounds before work (R17)
 *   2. the library's verification, to its end whatever it finds
 *   3. our own checks of the path that it found good: names under name
 *      constraints (RFC 5280 section 4.2.1.10), policy constraints
 *   4. where that failed: a few other paths (cross-signed and re-keyed CAs),
 *      each through 2 and 3; a good one counts, and where none is good, the
 *      first error of the first path that reaches a configured CA
 *   5. our own checks of the leaf
 *
 * Every finding goes through one place: the first stands, but revoked wins
 * over all (R14), also over an earlier one and on whatever path. A new check is
 * a function that is called from judge_path (of a path) or run_checks (of the
 * leaf) in chain_verify.c and says chain_note; it needs to know neither the
 * mode nor who asks. All state lies in the caller's structs.
 */
#ifndef MTLSGATE_TLS_CHAIN_VERIFY_H
#define MTLSGATE_TLS_CHAIN_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

struct config_client_auth;
struct trust;
struct stack_st_X509;
struct x509_st;
struct x509_store_ctx_st;
struct X509_VERIFY_PARAM_st;

/*
 * What is accepted (the decisions behind fields.md sections 4 and 5):
 * - Every certificate of the configured CAs is a trust anchor by itself, also
 *   an intermediate without its root: one may trust an issuing CA alone.
 * - max_depth counts the CA certificates between the leaf and the anchor.
 * - anyExtendedKeyUsage alone does not stand for clientAuth (RFC 5280 section
 *   4.2.1.12 leaves it open; nginx refuses it, too).
 * - A client may send max_depth + CHAIN_SPARE certificates (leaf,
 *   root and two cross certificates besides) of CHAIN_BYTES in
 *   all; more are not looked at (R17, CLIENT_AUTH_CODE_CHAIN_SIZE).
 */
enum { CHAIN_SPARE = 4, CHAIN_BYTES = 65536 };

/* Who wants to hear more than the verdict; every member may be NULL. */
struct chain_sink {
	void *owner;
	/* Each finding in the order found, also those that do not become the
	 * verdict; cert (lent, may be NULL) is the one at that depth. */
	void (*on_finding)(
		void *owner, int code, int depth, struct x509_st *cert);
	/* All that was told so far belongs to a path that is given up; what
	 * follows belongs to another, of which only the finding that counts is
	 * told. */
	void (*on_other_path)(void *owner);
	/* The path that was judged, leaf first (lent); whole: it ends in an
	 * anchor; genuine: nothing in it looks made up either, so that the
	 * CRLs of its issuers were asked. */
	void (*on_path)(void *owner, const struct stack_st_X509 *path,
		bool whole, bool genuine);
};

/* What holds for a verification. */
struct chain_rules {
	const struct config_client_auth *settings; /* lent */
	const struct trust *trust;                 /* lent */
	const struct chain_sink *sink;             /* lent; NULL: nobody */
};

/* A zeroed struct says "not judged", never "good". */
struct chain_verdict {
	bool good;          /* every step ran and none found anything */
	bool revoked;       /* whatever else failed (R14) */
	int code;           /* X509_V_ERR_* or enum client_auth_code; 0: none */
	int depth;          /* where that was seen; leaf is 0 */
	int otherwise;      /* the first code that does not say "revoked" */
	unsigned sent;      /* certificates, the leaf among them */
	int64_t expires;    /* earliest notAfter of a good path, seconds since
	                    1970, else INT64_MAX (R13) */
	int64_t crl_until;  /* nextUpdate of the CRL that ends first among
	                       those that this verdict rests on, seconds since
	                       1970; INT64_MAX: on none that ends */
	uint8_t sha256[32]; /* of the leaf */
};

/*
 * In the handshake: leaf, certificates sent, store and parameters are ctx's
 * (see chain_settings). Fills *out; ctx then holds the path judged, or none.
 * The error of ctx is left as the library left it and means nothing.
 */
void chain_verify(const struct chain_rules *rules,
	struct x509_store_ctx_st *ctx, struct chain_verdict *out);

/*
 * Outside of a handshake, at the time given (seconds since 1970; CHAIN_NOW:
 * the clock's). sent: leaf first, then the others in the order in which a
 * client would send them; lent. false when memory is out.
 */
#define CHAIN_NOW INT64_MIN
bool chain_verify_offline(const struct chain_rules *rules,
	struct stack_st_X509 *sent, int64_t at, struct chain_verdict *out)
	__attribute__((warn_unused_result));

/*
 * The library's parameters for these settings: depth, flags, security level.
 * For the SSL_CTX, whose purpose libssl adds, and for chain_verify_offline.
 */
bool chain_settings(struct X509_VERIFY_PARAM_st *param,
	const struct config_client_auth *settings)
	__attribute__((warn_unused_result));

#endif
