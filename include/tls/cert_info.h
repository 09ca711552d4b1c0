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
	/* NULL until cert_info_read_extensions */
	const struct cert_extensions *extensions;
};

/* Alternative names read of one certificate, all kinds together (R17). */
enum { CERT_SANS_MAX = 256 };

/* Names of one kind, in the order of the DER. */
struct cert_sans {
	struct slice *items; /* octets as they stand, also NUL */
	unsigned count;
};

/*
 * What the extensions say. All four lists of names are empty when there are
 * more than CERT_SANS_MAX of them or the extension does not parse or stands
 * twice: a part of the names would be a lie, so whoever asks for a name must
 * find none, and the flag says why.
 */
struct cert_extensions {
	bool sans_too_many;
	bool sans_malformed; /* also: an address of neither 4 nor 16 octets */
	struct cert_sans dns;
	struct cert_sans uri;
	struct cert_sans email;
	struct cert_sans ip; /* 4 or 16 octets, network order */
	unsigned other_sans; /* directory names and the like, not kept */
	struct slice subject_key_id; /* empty: not there */
	struct slice authority_key_id;
	bool authority_serial_negative;
	struct slice authority_serial;     /* magnitude; empty: not there */
	struct cert_name authority_issuer; /* the first directory name */
	uint8_t spki_sha256[32];           /* of the public key info's DER */
	bool is_ca;                        /* basicConstraints CA:TRUE */
};

/* NULL when memory is out. cert is lent for the call. */
struct cert_info *cert_info_read(struct x509_st *cert, struct arena *arena)
	__attribute__((warn_unused_result));
/*
 * Fills info->extensions from the same certificate, once: a second call does
 * nothing. Apart, since a handshake whose headers and policies ask for names
 * and dates alone need not pay for it. false: memory.
 */
bool cert_info_read_extensions(struct cert_info *info, struct x509_st *cert,
	struct arena *arena) __attribute__((warn_unused_result));

#endif
