/*
 * key_pair: a certificate chain and private key of ours, read and held against
 * each other. Never asks for a passphrase; what held key bytes is
 * wiped (R23).
 */
#ifndef MTLSGATE_TLS_KEY_PAIR_PRIV_H
#define MTLSGATE_TLS_KEY_PAIR_PRIV_H

#include <stdbool.h>

#include "config/config.h"

struct config_problems;
struct evp_pkey_st;
struct stack_st_X509;
struct x509_st;

enum key_pair_use { KEY_PAIR_SERVER, KEY_PAIR_CLIENT };

struct key_pair {
	struct x509_st *leaf;
	struct stack_st_X509 *chain; /* the rest, in the order of the file */
	struct evp_pkey_st *key;
};

/*
 * at: how the configuration calls the pair, "tls" or "tls.certificates[2]".
 * use: whom it is shown to.
 * false when a problem that is an error was added; the pair is then empty.
 */
bool key_pair_load(struct key_pair *pair,
	const struct config_certificate *files, const char *at,
	enum key_pair_use use, struct config_problems *problems)
	__attribute__((warn_unused_result));
void key_pair_fini(struct key_pair *pair);

/* "EC P-256", "RSA 2048", "Ed25519" */
enum { KEY_PAIR_KIND = 64 };
void key_pair_kind(const struct evp_pkey_st *key, char out[KEY_PAIR_KIND]);

#endif
