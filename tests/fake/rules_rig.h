/*
 * rules_rig: a configuration and its rulebook from a few lines of YAML,
 * without a file being looked at; and certificates as plain values.
 */
#ifndef MTLSGATE_TESTS_FAKE_RULES_RIG_H
#define MTLSGATE_TESTS_FAKE_RULES_RIG_H

#include "policy/rulebook.h"
#include "tls/cert_info.h"

struct rules_rig {
	struct config *config;
	struct rulebook *rules; /* NULL: there are errors */
	char *problems;         /* as check prints them; "" for none */
	struct arena *arena;
};

/* yaml: behind tls, client_auth.ca and, when it says none, a listener. */
void rules_init(struct rules_rig *rig, const char *yaml);
void rules_fini(struct rules_rig *rig);

/* What a certificate says; at most 16 attributes in all. */
struct rules_cert {
	struct cert_info info;
	struct cert_extensions extensions;
	struct cert_attribute attributes[16];
	struct slice names[16];
	unsigned used;
	unsigned used_names;
};

void rules_cert_init(struct rules_cert *cert);
/* Attributes of the subject first, then those of the issuer; each its own RDN
 * unless `joined`. oid: dotted. */
void rules_subject(struct rules_cert *cert, const char *oid, struct slice value,
	bool joined);
void rules_issuer(struct rules_cert *cert, const char *oid, struct slice value);
void rules_san(
	struct rules_cert *cert, struct cert_sans *kind, struct slice value);

#define OID_CN "2.5.4.3"
#define OID_OU "2.5.4.11"
#define OID_O "2.5.4.10"
#define OID_C "2.5.4.6"

#endif
