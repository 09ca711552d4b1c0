/* Which certificates may pass: named rules. */
#include "config_schema_priv.h"

#include "config/config.h"

#define POLICY(member, count)                                  \
	IN(CONFIG_HOME_POLICY, struct config_policy, member),  \
		COUNT_IN(struct config_policy, count),         \
		ITEMS(CONFIG_HOME_MATCH, struct config_match), \
		.sample = "- {subject_ou: [Platform, SRE]}"
#define MATCH(name_, matcher_, help_)                      \
	KEY("policies.*.all[]." name_, TEXTS, help_,       \
		IN(CONFIG_HOME_MATCH, struct config_match, \
			values[MATCHER_##matcher_]),       \
		.quiet = true, .filled = true)

const struct config_key config_schema_policies[] = {
	KEY("policies", NAMED,
		"rules about client certificates; all, any and none must hold",
		CONFIG(policies), COUNT_IN(struct config, policy_count),
		NAMED_ITEMS(CONFIG_HOME_POLICY, struct config_policy, "policy"),
		.quiet = true, .sample = "staff: {any: [{subject_ou: SRE}]}"),
	KEY("policies.*", MAP, "one rule"),
	KEY("policies.*.all", LIST, "maps that must all match",
		POLICY(all, all_count), .quiet = true),
	KEY("policies.*.all[]", MAP,
		"each matcher in it must find one of its values"),
	MATCH("subject_cn", SUBJECT_CN, "common name of the subject"),
	MATCH("subject_ou", SUBJECT_OU, "organizational unit"),
	MATCH("subject_o", SUBJECT_O, "organization"),
	MATCH("subject_l", SUBJECT_L, "locality"),
	MATCH("subject_st", SUBJECT_ST, "state or province"),
	MATCH("subject_c", SUBJECT_C, "country"),
	MATCH("subject_street", SUBJECT_STREET, "street address"),
	MATCH("subject_dc", SUBJECT_DC, "domain component"),
	MATCH("subject_uid", SUBJECT_UID, "user id"),
	MATCH("subject_email", SUBJECT_EMAIL,
		"emailAddress of the subject; san_email is another thing"),
	MATCH("subject_serial_number", SUBJECT_SERIAL_NUMBER,
		"serialNumber of the subject, not of the certificate"),
	MATCH("subject_title", SUBJECT_TITLE, "title"),
	MATCH("subject_gn", SUBJECT_GN, "given name"),
	MATCH("subject_sn", SUBJECT_SN, "surname"),
	MATCH("subject_organization_identifier",
		SUBJECT_ORGANIZATION_IDENTIFIER,
		"organizationIdentifier (2.5.4.97)"),
	MATCH("issuer_cn", ISSUER_CN, "common name of the issuer"),
	MATCH("issuer_ou", ISSUER_OU, "organizational unit of the issuer"),
	MATCH("issuer_o", ISSUER_O, "organization of the issuer"),
	MATCH("issuer_l", ISSUER_L, "locality of the issuer"),
	MATCH("issuer_st", ISSUER_ST, "state or province of the issuer"),
	MATCH("issuer_c", ISSUER_C, "country of the issuer"),
	MATCH("issuer_dc", ISSUER_DC, "domain component of the issuer"),
	MATCH("issuer_organization_identifier", ISSUER_ORGANIZATION_IDENTIFIER,
		"organizationIdentifier of the issuer"),
	MATCH("subject_dn", SUBJECT_DN,
		"whole name of the subject, like CN=a,O=b; compared as a name"),
	MATCH("issuer_dn", ISSUER_DN, "whole name of the issuer"),
	MATCH("san_dns", SAN_DNS,
		"DNS name; *: within one label, **: any labels"),
	MATCH("san_uri", SAN_URI,
		"URI; *: within one segment, /**: any segments"),
	MATCH("san_email", SAN_EMAIL, "e-mail address, like *@example.org"),
	MATCH("san_ip", SAN_IP, "IP address, or a network like 10.0.0.0/8"),
	MATCH("spiffe_id", SPIFFE_ID, "the only URI, of spiffe://"),
	MATCH("serial", SERIAL, "serial number in hexadecimal"),
	MATCH("fingerprint_sha256", FINGERPRINT_SHA256,
		"SHA-256 of the certificate, 64 hexadecimal digits"),
	MATCH("spki_sha256", SPKI_SHA256,
		"SHA-256 of its public key, base64 or hexadecimal"),
	MATCH("ski", SKI, "subject key identifier in hexadecimal"),
	KEY("policies.*.any", LIST, "maps of which one must match",
		POLICY(any, any_count), .same_as = "policies.*.all",
		.quiet = true),
	KEY("policies.*.none", LIST, "maps of which none may match",
		POLICY(none, none_count), .same_as = "policies.*.all",
		.quiet = true),
	CONFIG_SECTION_END(POLICIES),
};
