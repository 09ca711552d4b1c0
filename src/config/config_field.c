#include "config/config_field.h"

#include "config/config_schema_guess.h"

enum {
	EXTENSIONS = FIELD_NEEDS_EXTENSIONS,
	/* verified: the issuer's own; else what the leaf says about it */
	ISSUER = FIELD_NEEDS_ISSUER | FIELD_NEEDS_EXTENSIONS,
	DER = FIELD_NEEDS_DER,
	CHAIN = FIELD_NEEDS_CHAIN,
	REQUEST = FIELD_NEEDS_REQUEST,
};

#define CERT(word, id_, needs_)                              \
	{                                                    \
		"cert." word, NULL, FIELD_CERT_##id_, needs_ \
	}
#define ATTRIBUTE(word, oid_)                                             \
	{"cert.subject." word, oid_, FIELD_CERT_SUBJECT_ATTRIBUTE, 0},    \
	{                                                                 \
		"cert.issuer." word, oid_, FIELD_CERT_ISSUER_ATTRIBUTE, 0 \
	}
#define PRESET(id_, needs_)                     \
	{                                       \
		NULL, NULL, FIELD_##id_, needs_ \
	}

static const struct config_field fields[] = {
	CERT("presented", PRESENTED, 0),
	CERT("verified", VERIFIED, 0),
	CERT("revoked", REVOKED, 0),
	CERT("issuer_dn", ISSUER_DN, 0),
	CERT("subject_dn", SUBJECT_DN, 0),
	CERT("issuer_dn_legacy", ISSUER_DN_LEGACY, 0),
	CERT("subject_dn_legacy", SUBJECT_DN_LEGACY, 0),
	CERT("serial", SERIAL, 0),
	CERT("issuer_serial", ISSUER_SERIAL, ISSUER),
	CERT("fingerprint_sha1", FINGERPRINT_SHA1, 0),
	CERT("fingerprint_sha256", FINGERPRINT_SHA256, 0),
	CERT("spki_sha256", SPKI_SHA256, EXTENSIONS),
	CERT("not_before", NOT_BEFORE, 0),
	CERT("not_before.unix", NOT_BEFORE_UNIX, 0),
	CERT("not_before.rfc3339", NOT_BEFORE_RFC3339, 0),
	CERT("not_after", NOT_AFTER, 0),
	CERT("not_after.unix", NOT_AFTER_UNIX, 0),
	CERT("not_after.rfc3339", NOT_AFTER_RFC3339, 0),
	CERT("ski", SKI, EXTENSIONS),
	CERT("issuer_ski", ISSUER_SKI, ISSUER),
	ATTRIBUTE("cn", "2.5.4.3"),
	ATTRIBUTE("ou", "2.5.4.11"),
	ATTRIBUTE("o", "2.5.4.10"),
	ATTRIBUTE("c", "2.5.4.6"),
	ATTRIBUTE("l", "2.5.4.7"),
	ATTRIBUTE("st", "2.5.4.8"),
	ATTRIBUTE("street", "2.5.4.9"),
	ATTRIBUTE("dc", "0.9.2342.19200300.100.1.25"),
	ATTRIBUTE("uid", "0.9.2342.19200300.100.1.1"),
	ATTRIBUTE("email", "1.2.840.113549.1.9.1"),
	ATTRIBUTE("serial_number", "2.5.4.5"),
	ATTRIBUTE("title", "2.5.4.12"),
	ATTRIBUTE("given_name", "2.5.4.42"),
	ATTRIBUTE("surname", "2.5.4.4"),
	CERT("san.dns", SAN_DNS, EXTENSIONS),
	CERT("san.uri", SAN_URI, EXTENSIONS),
	CERT("san.email", SAN_EMAIL, EXTENSIONS),
	CERT("san.ip", SAN_IP, EXTENSIONS),
	CERT("spiffe_id", SPIFFE_ID, EXTENSIONS),
	CERT("pem", PEM, DER),
	CERT("rfc9440", RFC9440, DER),
	CERT("chain_rfc9440", CHAIN_RFC9440, CHAIN),
	CERT("rfc9440_too_large", RFC9440_TOO_LARGE, DER),
	CERT("chain_rfc9440_too_large", CHAIN_RFC9440_TOO_LARGE, CHAIN),
	{"tls.version", NULL, FIELD_TLS_VERSION, 0},
	{"tls.cipher", NULL, FIELD_TLS_CIPHER, 0},
	{"tls.sni", NULL, FIELD_TLS_SNI, 0},
	{"tls.resumed", NULL, FIELD_TLS_RESUMED, 0},
	{"client.ip", NULL, FIELD_CLIENT_IP, 0},
	{"client.port", NULL, FIELD_CLIENT_PORT, 0},
	{"request.id", NULL, FIELD_REQUEST_ID, REQUEST | FIELD_IN_RESPONSE},
	{"request.method", NULL, FIELD_REQUEST_METHOD, REQUEST},
	{"request.host", NULL, FIELD_REQUEST_HOST, REQUEST},
	{"request.path", NULL, FIELD_REQUEST_PATH, REQUEST},
	PRESET(CLOUDFLARE_PRESENTED, 0),
	PRESET(CLOUDFLARE_VERIFIED, 0),
	PRESET(CLOUDFLARE_REVOKED, 0),
	PRESET(RFC9440_CERT, DER),
	PRESET(RFC9440_CHAIN, CHAIN),
	PRESET(XFCC, EXTENSIONS),
	PRESET(ALB_SERIAL, 0),
	PRESET(ALB_ISSUER, 0),
	PRESET(ALB_SUBJECT, 0),
	PRESET(ALB_VALIDITY, 0),
	PRESET(ALB_LEAF, DER),
	PRESET(ALB_CHAIN, DER | CHAIN),
};

enum { ROWS = sizeof(fields) / sizeof(fields[0]), NAME_MAX_GUESSED = 64 };

static const struct slice subject = {"cert.subject.", 13};
static const struct slice issuer = {"cert.issuer.", 12};

/* Digits with single dots between them. */
static bool is_oid(struct slice text)
{
	size_t dots = 0;
	char before = '.';

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '.' ? before == '.' : c < '0' || c > '9')
			return false;
		dots += c == '.';
		before = c;
	}
	return dots > 0 && before != '.';
}

static const struct config_field *find_oid(struct slice name, struct slice *oid)
{
	bool of_issuer = slice_starts(name, issuer);

	if (!of_issuer && !slice_starts(name, subject))
		return NULL;
	*oid = slice_from(name, of_issuer ? issuer.len : subject.len);
	if (!is_oid(*oid))
		return NULL;
	return config_field_of(of_issuer ? FIELD_CERT_ISSUER_ATTRIBUTE
					 : FIELD_CERT_SUBJECT_ATTRIBUTE);
}

const struct config_field *config_field_find(
	struct slice name, struct slice *oid)
{
	*oid = slice_of(NULL, 0);
	for (size_t i = 0; i < ROWS && fields[i].name; i++) {
		if (!slice_eq(name, slice_str(fields[i].name)))
			continue;
		*oid = slice_str(fields[i].oid);
		return &fields[i];
	}
	return find_oid(name, oid);
}

const struct config_field *config_field_of(enum config_field_id id)
{
	size_t i = 0;

	while (i + 1 < ROWS && fields[i].id != id)
		i++;
	return &fields[i];
}

/* "cert.subject.cn" for "subject.cn", "cn" or "CN": the tail is right. */
static bool is_tail(struct slice name, struct slice of)
{
	if (!name.len || name.len >= of.len ||
		of.ptr[of.len - name.len - 1] != '.')
		return false;
	return slice_eq_nocase(name, slice_from(of, of.len - name.len));
}

const char *config_field_guess(struct slice name)
{
	const char *best = NULL;
	size_t least = SIZE_MAX;

	if (name.len > NAME_MAX_GUESSED)
		return NULL;
	for (size_t i = 0; i < ROWS && fields[i].name; i++) {
		struct slice of = slice_str(fields[i].name);
		size_t steps = config_near(name, of);

		if (slice_eq_nocase(name, of))
			steps = 0;
		else if (steps == SIZE_MAX && is_tail(name, of))
			steps = of.len;
		if (steps < least) {
			least = steps;
			best = fields[i].name;
		}
	}
	return best;
}

const struct config_field *config_field_at(size_t index)
{
	return index < ROWS && fields[index].name ? &fields[index] : NULL;
}
