/*
 * crl_set: the CRLs of a listener, as client_auth.crl.files names them: PEM
 * and DER, several a file, files and directories of *.crl and *.pem.
 *
 * Whatever is missing, unreadable, empty or malformed is an error, and so is a
 * signature that no configured CA of the issuer's name has made (R11). Of two
 * CRLs of the same issuer, key and scope the older says nothing any more.
 * Everything is sorted and proven at load, before the workers are forked, so
 * that a handshake costs the same with ten entries or a hundred thousand.
 */
#ifndef MTLSGATE_TLS_CRL_SET_PRIV_H
#define MTLSGATE_TLS_CRL_SET_PRIV_H

#include "crl_priv.h"

struct config_client_auth;
struct config_problems;

struct crl_set {
	struct crl **items;
	size_t count;
	int64_t next_update; /* the earliest; INT64_MAX: none ends */
	int64_t warn_at;     /* when somebody should see to it */
};

/* cas (lent): the trust's store. NULL, and a problem told, when something is
 * wrong. */
struct crl_set *crl_set_load(const struct config_client_auth *settings,
	X509_STORE *cas, struct config_problems *problems)
	__attribute__((warn_unused_result));
void crl_set_free(struct crl_set *set); /* NULL is ignored */

#endif
