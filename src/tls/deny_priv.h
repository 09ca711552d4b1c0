/*
 * deny: certificates refused by serial number or fingerprint, without a CRL
 * (client_auth.deny).
 *
 * Hex digits, upper or lower, with colons between them or without. A serial
 * number counts for every issuer of the listener, and for leaves only: small
 * numbers are given out by every CA. A fingerprint is the SHA-256 of the whole
 * certificate and counts for intermediates, too.
 */
#ifndef MTLSGATE_TLS_DENY_PRIV_H
#define MTLSGATE_TLS_DENY_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "serial_set_priv.h"

struct config_deny;
struct config_problems;
struct x509_st;

enum { DENY_FINGERPRINT = 32 };

struct deny {
	struct serial_set serials;
	uint8_t (*fingerprints)[DENY_FINGERPRINT]; /* sorted, each once */
	size_t fingerprint_count;
};

/* false, and a problem told, when an entry does not parse or memory is out;
 * deny_fini is due in any case. */
bool deny_load(struct deny *deny, const struct config_deny *settings,
	struct config_problems *problems) __attribute__((warn_unused_result));
void deny_fini(struct deny *deny);

/* By either list. */
bool deny_leaf(const struct deny *deny, struct x509_st *leaf);
/* By its fingerprint. */
bool deny_any(const struct deny *deny, struct x509_st *cert);
/* Is there anything in it? */
bool deny_active(const struct deny *deny);

#endif
