/*
 * matcher_priv: a kind of matcher: how its values are read from the
 * configuration (matcher_read.c) and from a certificate (matcher_facts.c).
 */
#ifndef MTLSGATE_POLICY_MATCHER_PRIV_H
#define MTLSGATE_POLICY_MATCHER_PRIV_H

#include "policy/matcher.h"

struct cert_name;
struct matcher_kind;

/* What a certificate has of one kind, in the form that is compared. */
struct matcher_facts {
	struct arena *arena;
	struct slice *items;
	size_t count;
	size_t room;
	bool unclear; /* something is there that cannot be compared */
};

/* Fills in what leaf has. */
typedef void matcher_find(const struct matcher_kind *kind,
	const struct cert_info *leaf, struct matcher_facts *facts);
/* text -> the form that is compared; NULL, or what is wrong with it. */
typedef const char *matcher_read(
	struct slice text, struct arena *arena, struct slice *value);

struct matcher_kind {
	const char *name;
	const char *oid; /* of an attribute */
	bool issuer;     /* of the issuer, not of the subject */
	bool extension;
	bool octets; /* its values are no text */
	bool networks;
	const char *stops; /* of `*`; NULL: no stars */
	matcher_read *read;
	matcher_find *find;
};

const struct matcher_kind *matcher_kind_of(enum config_matcher kind);
/* What leaf has of that kind. */
void matcher_facts_read(const struct matcher_kind *kind,
	const struct cert_info *leaf, struct matcher_facts *facts,
	struct arena *arena);

/* A network: its family by length (4 or 16), prefix, masked octets. */
enum { MATCHER_NETWORK_MAX = 18 };
struct slice matcher_network(
	char out[MATCHER_NETWORK_MAX], struct slice address, unsigned prefix);

/* Of a certificate's names; lower: an own copy. false: cannot be compared. */
bool matcher_dns_valid(struct slice name, bool stars);
bool matcher_uri_valid(struct slice uri);
bool matcher_email_valid(struct slice address, bool stars);
/* A copy, lower-case from `from` on. ptr NULL: memory. */
struct slice matcher_lower(struct slice text, size_t from, struct arena *arena);

matcher_read matcher_read_text, matcher_read_dn, matcher_read_dns,
	matcher_read_uri, matcher_read_spiffe, matcher_read_email,
	matcher_read_ip, matcher_read_serial, matcher_read_sha256,
	matcher_read_pin, matcher_read_octets;
matcher_find matcher_find_attribute, matcher_find_dn, matcher_find_dns,
	matcher_find_uri, matcher_find_spiffe, matcher_find_email,
	matcher_find_ip, matcher_find_serial, matcher_find_fingerprint,
	matcher_find_spki, matcher_find_ski;

#endif
