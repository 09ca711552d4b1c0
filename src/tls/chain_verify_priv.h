/*
 * chain_verify: what its checks share. One struct chain_run lives for one
 * verification, on the stack.
 */
#ifndef MTLSGATE_TLS_CHAIN_VERIFY_PRIV_H
#define MTLSGATE_TLS_CHAIN_VERIFY_PRIV_H

#include "tls/chain_verify.h"

struct chain_run {
	const struct chain_rules *rules;
	struct x509_store_ctx_st *ctx;
	struct chain_verdict *verdict;
	int others;  /* paths judged besides the library's own */
	bool forged; /* a signature of the path is wrong, or was not checked */
};

/* Does a configured CA vouch for every certificate of the path, by signatures
 * that are right? It may be bad for another reason. */
bool chain_is_genuine(const struct chain_run *run);

/*
 * A finding: the first stands, revoked wins over all (R14). code: X509_V_ERR_*
 * or enum client_auth_code, not 0; cert may be NULL.
 */
void chain_note(
	struct chain_run *run, int code, int depth, struct x509_st *cert);

/* What the library does not ask of a path that it found good. */
void chain_check_names(struct chain_run *run);
void chain_check_policies(struct chain_run *run);
/*
 * Calls take for each path of the leaf that can be found within bounds, leaf
 * first, anchor last (lent, so are its certificates), until take says false.
 */
void chain_walk(struct chain_run *run,
	bool (*take)(struct chain_run *run, struct stack_st_X509 *path));
/*
 * Notes what deny lists and CRLs say, and in the verdict until when the CRLs
 * hold. Behind the library's verification; without a path only the deny lists
 * are asked, about the leaf.
 */
void chain_check_revocation(struct chain_run *run);

#endif
