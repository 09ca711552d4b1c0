/*
 * cert_info: what an X.509 certificate says, as plain values.
 *
 * No OpenSSL type leaves this module: names as attribute lists, serials and
 * digests as octets, times as seconds. Everything lies in the arena given.
 */
#ifndef MTLSGATE_TLS_CERT_INFO_H
#define MTLSGATE_TLS_CERT_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "tls/cert_time.h"

struct arena;
struct x509_st;

/* One attribute of a distinguished name. */
struct cert_attribute {
	const char *short_name; /* "CN"; NULL for an OID without a name */
	const char *oid;        /* dotted */
	int tag;                /* ASN.1 universal tag of the value */
	struct slice raw;       /* content octets as they stand */
	struct slice der;       /* the whole value: tag, length, content */
	struct slice utf8;      /* converted; ptr NULL when it cannot be */
	unsigned rdn;           /* index of its RDN; equal: multi-valued */
};

struct cert_name {
	struct cert_attribute *attributes; /* in the order of the DER */
	unsigned count;
};

struct cert_info {
	struct cert_name subject;
	struct cert_name issuer;
	bool serial_negative;
	struct slice serial; /* magnitude, no pad octet; one 0 octet for 0 */
	struct cert_time not_before;
	struct cert_time not_after;
	uint8_t sha1[20]; /* of the DER */
	uint8_t sha256[32];
};

/* NULL when memory is out. cert is lent for the call. */
struct cert_info *cert_info_read(struct x509_st *cert, struct arena *arena)
	__attribute__((warn_unused_result));

#endif
