/* cert_info: alternative names, key identifiers, the public key's digest. */
#include "tls/cert_info.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "cert_info_priv.h"

static struct slice octets_of(const ASN1_STRING *string)
{
	return slice_of(ASN1_STRING_get0_data(string),
		(size_t)ASN1_STRING_length(string));
}

static bool read_octets(
	const ASN1_STRING *string, struct slice *out, struct arena *arena)
{
	return !string || arena_dup(arena, octets_of(string), out);
}

/* ---- alternative names ---- */

/* The list that a name belongs to; NULL for a kind that is not kept. */
static struct cert_sans *list_of(struct cert_extensions *e, int type)
{
	switch (type) {
	case GEN_DNS:
		return &e->dns;
	case GEN_URI:
		return &e->uri;
	case GEN_EMAIL:
		return &e->email;
	case GEN_IPADD:
		return &e->ip;
	default:
		return NULL;
	}
}

static bool add_san(struct cert_sans *list, const GENERAL_NAME *name,
	unsigned most, struct arena *arena)
{
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, NULL);

	if (!list->items)
		list->items = arena_zalloc(arena, most * sizeof(*list->items));
	if (!list->items)
		return false;
	return arena_dup(arena, octets_of(value), &list->items[list->count++]);
}

static bool is_address(struct slice octets)
{
	return octets.len == 4 || octets.len == 16;
}

static void forget_sans(struct cert_extensions *e)
{
	e->dns.count = e->uri.count = e->email.count = e->ip.count = 0;
	e->other_sans = 0;
}

/* false: memory. */
static bool add_sans(struct cert_extensions *e, const GENERAL_NAMES *names,
	struct arena *arena)
{
	int count = sk_GENERAL_NAME_num(names);

	e->sans_too_many = count > CERT_SANS_MAX;
	if (e->sans_too_many)
		return true;
	for (int i = 0; i < count; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		struct cert_sans *list = list_of(e, name->type);

		if (!list)
			e->other_sans++;
		else if (!add_san(list, name, (unsigned)count, arena))
			return false;
	}
	for (unsigned i = 0; i < e->ip.count; i++)
		e->sans_malformed |= !is_address(e->ip.items[i]);
	if (e->sans_malformed)
		forget_sans(e);
	return true;
}

static bool read_sans(
	struct cert_extensions *e, const X509 *cert, struct arena *arena)
{
	int critical = -1; /* -1: there is none */
	GENERAL_NAMES *names =
		X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);
	bool ok = true;

	if (names)
		ok = add_sans(e, names, arena);
	else
		e->sans_malformed = critical != -1;
	GENERAL_NAMES_free(names);
	return ok;
}

/* ---- the rest ---- */

static bool read_authority_issuer(
	struct cert_extensions *e, X509 *cert, struct arena *arena)
{
	const GENERAL_NAMES *names = X509_get0_authority_issuer(cert);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DIRNAME)
			return cert_info_read_name(&e->authority_issuer,
				name->d.directoryName, arena);
	}
	return true;
}

static bool read_authority_serial(
	struct cert_extensions *e, X509 *cert, struct arena *arena)
{
	const ASN1_INTEGER *serial = X509_get0_authority_serial(cert);

	return !serial ||
	       cert_info_read_integer(serial, &e->authority_serial_negative,
		       &e->authority_serial, arena);
}

static bool read_pin(struct cert_extensions *e, const X509 *cert)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	bool ok = len > 0 && EVP_Digest(der, (size_t)len, e->spki_sha256, NULL,
				     EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	return ok;
}

bool cert_info_read_extensions(
	struct cert_info *info, struct x509_st *cert, struct arena *arena)
{
	struct cert_extensions *e;
	bool ok;

	if (info->extensions)
		return true;
	e = arena_zalloc(arena, sizeof(*e));
	ok = e && read_sans(e, cert, arena) &&
	     read_octets(X509_get0_subject_key_id(cert), &e->subject_key_id,
		     arena) &&
	     read_octets(X509_get0_authority_key_id(cert), &e->authority_key_id,
		     arena) &&
	     read_authority_serial(e, cert, arena) &&
	     read_authority_issuer(e, cert, arena) && read_pin(e, cert);
	/* What the library noted about odd values is no concern of others. */
	ERR_clear_error();
	if (!ok)
		return false;
	e->is_ca = (X509_get_extension_flags(cert) & EXFLAG_CA) != 0;
	info->extensions = e;
	return true;
}
