/*
 * config_field: the table of every field that a header may be made of,
 * `{cert.subject_dn}` in a template. What a value looks like is said in
 * docs/headers.md; who makes it is policy/header_value.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_FIELD_H
#define MTLSGATE_CONFIG_CONFIG_FIELD_H

#include "base/slice.h"

enum config_field_id {
	FIELD_CERT_PRESENTED,
	FIELD_CERT_VERIFIED,
	FIELD_CERT_REVOKED,
	FIELD_CERT_ISSUER_DN,
	FIELD_CERT_SUBJECT_DN,
	FIELD_CERT_ISSUER_DN_LEGACY,
	FIELD_CERT_SUBJECT_DN_LEGACY,
	FIELD_CERT_SERIAL,
	FIELD_CERT_ISSUER_SERIAL,
	FIELD_CERT_FINGERPRINT_SHA1,
	FIELD_CERT_FINGERPRINT_SHA256,
	FIELD_CERT_SPKI_SHA256,
	FIELD_CERT_NOT_BEFORE,
	FIELD_CERT_NOT_BEFORE_UNIX,
	FIELD_CERT_NOT_BEFORE_RFC3339,
	FIELD_CERT_NOT_AFTER,
	FIELD_CERT_NOT_AFTER_UNIX,
	FIELD_CERT_NOT_AFTER_RFC3339,
	FIELD_CERT_SKI,
	FIELD_CERT_ISSUER_SKI,
	FIELD_CERT_SUBJECT_ATTRIBUTE, /* the OID tells which */
	FIELD_CERT_ISSUER_ATTRIBUTE,
	FIELD_CERT_SAN_DNS,
	FIELD_CERT_SAN_URI,
	FIELD_CERT_SAN_EMAIL,
	FIELD_CERT_SAN_IP,
	FIELD_CERT_SPIFFE_ID,
	FIELD_CERT_PEM,
	FIELD_CERT_RFC9440,
	FIELD_CERT_CHAIN_RFC9440,
	FIELD_CERT_RFC9440_TOO_LARGE,
	FIELD_CERT_CHAIN_RFC9440_TOO_LARGE,
	FIELD_TLS_VERSION,
	FIELD_TLS_CIPHER,
	FIELD_TLS_SNI,
	FIELD_TLS_RESUMED,
	FIELD_CLIENT_IP,
	FIELD_CLIENT_PORT,
	FIELD_REQUEST_ID,
	FIELD_REQUEST_METHOD,
	FIELD_REQUEST_HOST,
	FIELD_REQUEST_PATH,
	/* Values of presets that no template can name. */
	FIELD_CLOUDFLARE_PRESENTED, /* true, false */
	FIELD_CLOUDFLARE_VERIFIED,
	FIELD_CLOUDFLARE_REVOKED,
	FIELD_RFC9440_CERT, /* empty unless verified */
	FIELD_RFC9440_CHAIN,
	FIELD_XFCC,
	FIELD_ALB_SERIAL, /* empty in request_any, ALB's passthrough */
	FIELD_ALB_ISSUER,
	FIELD_ALB_SUBJECT,
	FIELD_ALB_VALIDITY,
	FIELD_ALB_LEAF,
	FIELD_ALB_CHAIN, /* in request_any alone */
	FIELD_COUNT
};

/* What it takes to make a value. */
enum config_field_needs {
	FIELD_NEEDS_EXTENSIONS = 1, /* of the leaf */
	FIELD_NEEDS_ISSUER = 2,
	FIELD_NEEDS_DER = 4,      /* the leaf; large, not kept while idle */
	FIELD_NEEDS_CHAIN = 8,    /* as sent; large; gone after a resumption */
	FIELD_NEEDS_REQUEST = 16, /* differs from request to request */
	FIELD_IN_RESPONSE = 32,   /* may be told to the client */
};
/* Made anew for each request: differs, or is too large to be kept. */
enum {
	FIELD_PER_REQUEST =
		FIELD_NEEDS_DER | FIELD_NEEDS_CHAIN | FIELD_NEEDS_REQUEST
};

struct config_field {
	const char *name; /* "cert.subject_dn"; NULL: of presets only */
	const char *oid;  /* of an attribute */
	enum config_field_id id;
	unsigned needs;
};

/*
 * The field of that name: also {cert.subject.1.2.3} for any attribute, by its
 * OID, which then is the part behind "cert.subject.". NULL: none has it.
 */
const struct config_field *config_field_find(
	struct slice name, struct slice *oid);
/* The row of `id`; attributes have several, this is the first. */
const struct config_field *config_field_of(enum config_field_id id);
/* What somebody who wrote `name` may have meant; NULL: no idea. */
const char *config_field_guess(struct slice name);
/* All that have a name, in the order of the manual; NULL behind the last. */
const struct config_field *config_field_at(size_t index);

#endif
