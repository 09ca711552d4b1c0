/*
 * tls_profile: what holds for TLS on both sides, towards clients and towards
 * origins (R16): level, versions, ciphers, groups, signature algorithms.
 */
#ifndef MTLSGATE_TLS_TLS_PROFILE_PRIV_H
#define MTLSGATE_TLS_TLS_PROFILE_PRIV_H

#include <stdbool.h>

struct ssl_ctx_st;

enum { TLS_PROFILE_LEVEL = 2 };

/* Lists as SSL_CTX_set_cipher_list and its like take them. */
extern const char tls_profile_ciphers[];
extern const char tls_profile_suites[];
extern const char tls_profile_groups[];

/*
 * All but the lists above: options, modes, level, signature algorithms, TLS 1.2
 * and 1.3. false: out of memory.
 */
bool tls_profile_set(struct ssl_ctx_st *ctx)
	__attribute__((warn_unused_result));
/* The lists above. */
bool tls_profile_set_lists(struct ssl_ctx_st *ctx)
	__attribute__((warn_unused_result));
/* SSL_CTX_set1_..._list without their cast, which drops a const; `which` is
 * their SSL_CTRL_SET_... What they return. */
int tls_profile_list(struct ssl_ctx_st *ctx, int which, const char *list);

#endif
