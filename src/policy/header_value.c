#include "policy/header_value.h"

#include <string.h>

#include "base/arena.h"
#include "config/config_field.h"
#include "tls/cert_format.h"

typedef bool value_of(const struct header_facts *f,
	const struct config_template_piece *piece, struct arena *arena,
	struct slice *out);

#define VALUE(name)                                        \
	static bool name(const struct header_facts *f,     \
		const struct config_template_piece *piece, \
		struct arena *arena, struct slice *out)
#define UNUSED_PIECE (void)piece
#define UNUSED_BOTH (void)piece, (void)arena

/* Names of a leaf that is too large stay empty. */
static const struct cert_info *named(const struct header_facts *f)
{
	return f->fits ? f->leaf : NULL;
}

static const struct cert_extensions *extensions(const struct header_facts *f)
{
	return named(f) ? f->leaf->extensions : NULL;
}

static bool verified_text(
	const struct header_facts *f, struct arena *arena, struct slice *out)
{
	char verdict[CLIENT_AUTH_VERDICT];

	client_auth_verdict(f->auth, verdict);
	return arena_dup(arena, slice_str(verdict), out);
}

/* ---- the verdict ---- */

VALUE(presented)
{
	UNUSED_BOTH;
	*out = f->leaf ? SLICE("1") : SLICE("0");
	return true;
}

VALUE(verified)
{
	UNUSED_PIECE;
	return verified_text(f, arena, out);
}

static bool is_revoked(const struct header_facts *f)
{
	return f->auth->state == CLIENT_AUTH_REVOKED;
}

VALUE(revoked)
{
	UNUSED_BOTH;
	*out = is_revoked(f) ? SLICE("1") : SLICE("0");
	return true;
}

static struct slice boolean(bool value)
{
	return value ? SLICE("true") : SLICE("false");
}

VALUE(cloudflare_presented)
{
	UNUSED_BOTH;
	*out = boolean(f->leaf);
	return true;
}

VALUE(cloudflare_verified)
{
	UNUSED_PIECE;
	if (!verified_text(f, arena, out))
		return false;
	*out = boolean(slice_eq(*out, SLICE("SUCCESS")));
	return true;
}

VALUE(cloudflare_revoked)
{
	UNUSED_BOTH;
	*out = boolean(is_revoked(f));
	return true;
}

/* ---- names ---- */

VALUE(issuer_dn)
{
	UNUSED_PIECE;
	return !named(f) || cert_format_rfc2253(&f->leaf->issuer, arena, out);
}

VALUE(subject_dn)
{
	UNUSED_PIECE;
	return !named(f) || cert_format_rfc2253(&f->leaf->subject, arena, out);
}

VALUE(issuer_dn_legacy)
{
	UNUSED_PIECE;
	return !named(f) || cert_format_legacy(&f->leaf->issuer, arena, out);
}

VALUE(subject_dn_legacy)
{
	UNUSED_PIECE;
	return !named(f) || cert_format_legacy(&f->leaf->subject, arena, out);
}

VALUE(issuer_attribute)
{
	return !named(f) ||
	       cert_format_attribute(&f->leaf->issuer, piece->text, arena, out);
}

VALUE(subject_attribute)
{
	return !named(f) || cert_format_attribute(
				    &f->leaf->subject, piece->text, arena, out);
}

VALUE(san_dns)
{
	UNUSED_PIECE;
	return !extensions(f) ||
	       cert_format_names(&extensions(f)->dns, arena, out);
}

VALUE(san_uri)
{
	UNUSED_PIECE;
	return !extensions(f) ||
	       cert_format_names(&extensions(f)->uri, arena, out);
}

VALUE(san_email)
{
	UNUSED_PIECE;
	return !extensions(f) ||
	       cert_format_names(&extensions(f)->email, arena, out);
}

VALUE(san_ip)
{
	UNUSED_PIECE;
	return !extensions(f) ||
	       cert_format_addresses(&extensions(f)->ip, arena, out);
}

/* Exactly one URI, and that one of the scheme (SPIFFE's X.509-SVID, 2). */
VALUE(spiffe_id)
{
	const struct cert_extensions *e = extensions(f);
	struct slice scheme;

	UNUSED_PIECE;
	if (!e || e->uri.count != 1)
		return true;
	scheme = slice_head(e->uri.items[0], 9);
	if (!slice_eq_nocase(scheme, SLICE("spiffe://")))
		return true;
	return cert_format_names(&e->uri, arena, out);
}

/* ---- numbers and digests ---- */

VALUE(serial)
{
	UNUSED_PIECE;
	return !named(f) || cert_format_serial(f->leaf, arena, out);
}

/* Of the chain that was verified; else as the leaf itself has it. */
VALUE(issuer_serial)
{
	const struct cert_extensions *e = extensions(f);

	UNUSED_PIECE;
	if (!named(f))
		return true;
	if (f->issuer.known)
		return cert_format_integer(f->issuer.serial_negative,
			f->issuer.serial, arena, out);
	return !e || cert_format_integer(e->authority_serial_negative,
			     e->authority_serial, arena, out);
}

static bool upper_hex(
	struct slice octets, struct arena *arena, struct slice *out)
{
	return cert_format_integer(false, octets, arena, out);
}

VALUE(ski)
{
	UNUSED_PIECE;
	return !extensions(f) ||
	       upper_hex(extensions(f)->subject_key_id, arena, out);
}

VALUE(issuer_ski)
{
	UNUSED_PIECE;
	if (named(f) && f->issuer.known)
		return upper_hex(f->issuer.key_id, arena, out);
	return !extensions(f) ||
	       upper_hex(extensions(f)->authority_key_id, arena, out);
}

VALUE(fingerprint_sha1)
{
	UNUSED_PIECE;
	return !f->leaf || cert_format_hex(f->leaf->sha1, sizeof(f->leaf->sha1),
				   arena, out);
}

VALUE(fingerprint_sha256)
{
	UNUSED_PIECE;
	return !f->leaf || cert_format_hex(f->leaf->sha256,
				   sizeof(f->leaf->sha256), arena, out);
}

VALUE(spki_sha256)
{
	UNUSED_PIECE;
	if (!f->leaf || !f->leaf->extensions)
		return true;
	return cert_format_base64(
		slice_of(f->leaf->extensions->spki_sha256,
			sizeof(f->leaf->extensions->spki_sha256)),
		arena, out);
}

/* ---- times ---- */

#define TIME(name, member, format)                                         \
	VALUE(name)                                                        \
	{                                                                  \
		UNUSED_PIECE;                                              \
		return !f->leaf ||                                         \
		       cert_format_##format(&f->leaf->member, arena, out); \
	}

TIME(not_before, not_before, time)
TIME(not_before_unix, not_before, unix)
TIME(not_before_rfc3339, not_before, rfc3339)
TIME(not_after, not_after, time)
TIME(not_after_unix, not_after, unix)
TIME(not_after_rfc3339, not_after, rfc3339)

/* ---- AWS ALB in its verify mode ---- */

/* In request_any it is ALB's passthrough: the chain, unverified, alone. */
static bool alb_passthrough(const struct client_auth *auth)
{
	return auth->settings &&
	       auth->settings->mode == CLIENT_AUTH_REQUEST_ANY;
}

VALUE(alb_serial)
{
	return alb_passthrough(f->auth) || serial(f, piece, arena, out);
}

VALUE(alb_issuer)
{
	return alb_passthrough(f->auth) || issuer_dn(f, piece, arena, out);
}

VALUE(alb_subject)
{
	return alb_passthrough(f->auth) || subject_dn(f, piece, arena, out);
}

VALUE(alb_validity)
{
	struct slice from = {NULL, 0}, until = {NULL, 0};
	char *text;

	if (alb_passthrough(f->auth) || !f->leaf)
		return true;
	if (!not_before_rfc3339(f, piece, arena, &from) ||
		!not_after_rfc3339(f, piece, arena, &until))
		return false;
	text = arena_printf(arena, "NotBefore=%.*s;NotAfter=%.*s",
		SLICE_FMT(from), SLICE_FMT(until));
	*out = slice_str(text);
	return text;
}

/* ---- the connection ---- */

VALUE(tls_version)
{
	UNUSED_BOTH;
	*out = slice_str(f->tls_version);
	return true;
}

VALUE(tls_cipher)
{
	UNUSED_BOTH;
	*out = slice_str(f->tls_cipher);
	return true;
}

VALUE(tls_sni)
{
	UNUSED_PIECE;
	return cert_format_percent(slice_str(f->sni), "", arena, out);
}

VALUE(tls_resumed)
{
	UNUSED_BOTH;
	*out = f->resumed ? SLICE("1") : SLICE("0");
	return true;
}

VALUE(client_ip)
{
	UNUSED_BOTH;
	*out = f->client_ip;
	return true;
}

VALUE(client_port)
{
	char *text;

	UNUSED_PIECE;
	if (!f->client_ip.len)
		return true;
	text = arena_printf(arena, "%u", f->client_port);
	*out = slice_str(text);
	return text;
}

VALUE(xfcc)
{
	UNUSED_PIECE;
	return header_value_xfcc(f, arena, out);
}

/* ---- the table ---- */

static value_of *const values[FIELD_COUNT] = {
	[FIELD_CERT_PRESENTED] = presented,
	[FIELD_CERT_VERIFIED] = verified,
	[FIELD_CERT_REVOKED] = revoked,
	[FIELD_CERT_ISSUER_DN] = issuer_dn,
	[FIELD_CERT_SUBJECT_DN] = subject_dn,
	[FIELD_CERT_ISSUER_DN_LEGACY] = issuer_dn_legacy,
	[FIELD_CERT_SUBJECT_DN_LEGACY] = subject_dn_legacy,
	[FIELD_CERT_SERIAL] = serial,
	[FIELD_CERT_ISSUER_SERIAL] = issuer_serial,
	[FIELD_CERT_FINGERPRINT_SHA1] = fingerprint_sha1,
	[FIELD_CERT_FINGERPRINT_SHA256] = fingerprint_sha256,
	[FIELD_CERT_SPKI_SHA256] = spki_sha256,
	[FIELD_CERT_NOT_BEFORE] = not_before,
	[FIELD_CERT_NOT_BEFORE_UNIX] = not_before_unix,
	[FIELD_CERT_NOT_BEFORE_RFC3339] = not_before_rfc3339,
	[FIELD_CERT_NOT_AFTER] = not_after,
	[FIELD_CERT_NOT_AFTER_UNIX] = not_after_unix,
	[FIELD_CERT_NOT_AFTER_RFC3339] = not_after_rfc3339,
	[FIELD_CERT_SKI] = ski,
	[FIELD_CERT_ISSUER_SKI] = issuer_ski,
	[FIELD_CERT_SUBJECT_ATTRIBUTE] = subject_attribute,
	[FIELD_CERT_ISSUER_ATTRIBUTE] = issuer_attribute,
	[FIELD_CERT_SAN_DNS] = san_dns,
	[FIELD_CERT_SAN_URI] = san_uri,
	[FIELD_CERT_SAN_EMAIL] = san_email,
	[FIELD_CERT_SAN_IP] = san_ip,
	[FIELD_CERT_SPIFFE_ID] = spiffe_id,
	[FIELD_TLS_VERSION] = tls_version,
	[FIELD_TLS_CIPHER] = tls_cipher,
	[FIELD_TLS_SNI] = tls_sni,
	[FIELD_TLS_RESUMED] = tls_resumed,
	[FIELD_CLIENT_IP] = client_ip,
	[FIELD_CLIENT_PORT] = client_port,
	[FIELD_CLOUDFLARE_PRESENTED] = cloudflare_presented,
	[FIELD_CLOUDFLARE_VERIFIED] = cloudflare_verified,
	[FIELD_CLOUDFLARE_REVOKED] = cloudflare_revoked,
	[FIELD_XFCC] = xfcc,
	[FIELD_ALB_SERIAL] = alb_serial,
	[FIELD_ALB_ISSUER] = alb_issuer,
	[FIELD_ALB_SUBJECT] = alb_subject,
	[FIELD_ALB_VALIDITY] = alb_validity,
};

static bool tells_names(enum config_field_id id)
{
	switch (id) {
	case FIELD_CERT_SAN_DNS:
	case FIELD_CERT_SAN_URI:
	case FIELD_CERT_SAN_EMAIL:
	case FIELD_CERT_SAN_IP:
	case FIELD_CERT_SPIFFE_ID:
	case FIELD_XFCC:
		return true;
	default:
		return false;
	}
}

enum header_value_fault header_value(const struct header_facts *facts,
	const struct config_template_piece *piece, struct arena *arena,
	struct slice *out)
{
	enum config_field_id id = piece->field->id;
	const struct cert_extensions *e = extensions(facts);

	*out = slice_of(NULL, 0);
	if (e && e->sans_too_many && tells_names(id))
		return HEADER_VALUE_TOO_LARGE;
	return values[id](facts, piece, arena, out) ? HEADER_VALUE_OK
						    : HEADER_VALUE_MEMORY;
}
