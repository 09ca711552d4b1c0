/*
 * config_policy: rules about client certificates, by name; as written.
 *
 * policy/ reads the values (policy/rulebook.h); here they are texts with
 * marks.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_POLICY_H
#define MTLSGATE_CONFIG_CONFIG_POLICY_H

#include "config/config_text.h"

/* What a value is compared with; policy/matcher has their names. */
enum config_matcher {
	/* one attribute of a name: any value of that type */
	MATCHER_SUBJECT_CN,
	MATCHER_SUBJECT_OU,
	MATCHER_SUBJECT_O,
	MATCHER_SUBJECT_L,
	MATCHER_SUBJECT_ST,
	MATCHER_SUBJECT_C,
	MATCHER_SUBJECT_STREET,
	MATCHER_SUBJECT_DC,
	MATCHER_SUBJECT_UID,
	MATCHER_SUBJECT_EMAIL,
	MATCHER_SUBJECT_SERIAL_NUMBER,
	MATCHER_SUBJECT_TITLE,
	MATCHER_SUBJECT_GN,
	MATCHER_SUBJECT_SN,
	MATCHER_SUBJECT_ORGANIZATION_IDENTIFIER,
	MATCHER_ISSUER_CN,
	MATCHER_ISSUER_OU,
	MATCHER_ISSUER_O,
	MATCHER_ISSUER_L,
	MATCHER_ISSUER_ST,
	MATCHER_ISSUER_C,
	MATCHER_ISSUER_DC,
	MATCHER_ISSUER_ORGANIZATION_IDENTIFIER,
	/* a whole name */
	MATCHER_SUBJECT_DN,
	MATCHER_ISSUER_DN,
	/* alternative names */
	MATCHER_SAN_DNS,
	MATCHER_SAN_URI,
	MATCHER_SAN_EMAIL,
	MATCHER_SAN_IP,
	MATCHER_SPIFFE_ID, /* the only URI, when it is one of SPIFFE */
	/* the certificate itself */
	MATCHER_SERIAL,
	MATCHER_FINGERPRINT_SHA256,
	MATCHER_SPKI_SHA256,
	MATCHER_SKI,
	MATCHER_COUNT
};

/* One map: each matcher that is given must find one of its values. */
struct config_match {
	struct config_mark mark;
	struct config_texts values[MATCHER_COUNT]; /* count 0: not given */
};

struct config_policy {
	const char *name;
	struct config_mark mark;
	struct config_match *all; /* each of them must match */
	size_t all_count;
	struct config_match *any; /* one of them must match */
	size_t any_count;
	struct config_match *none; /* each of them must clearly not match */
	size_t none_count;
};

#endif
