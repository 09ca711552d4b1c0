#include "tls/cert_info.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "cert_info_priv.h"
#include "tls/cert_time.h"

/* Longest dotted OID kept; the library decodes none above 586 octets. */
enum { OID_TEXT_MAX = 4096 };

static bool code_point_valid(uint32_t c)
{
	return c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
}

/* Writes at most 4 bytes; c is valid. */
static size_t utf8_put(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xC0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xE0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3F));
	out[2] = (char)(0x80 | (c >> 6 & 0x3F));
	out[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

/* Bytes of the character at the front of s, 0 when it is not UTF-8
 * (RFC 3629: shortest form, no surrogates, up to U+10FFFF). */
static size_t utf8_len(struct slice s)
{
	static const uint32_t lowest[5] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)s.ptr[0];
	size_t len = first < 0x80   ? 1
		     : first < 0xC0 ? 0
		     : first < 0xE0 ? 2
		     : first < 0xF0 ? 3
		     : first < 0xF8 ? 4
				    : 0;
	uint32_t c;

	if (len < 2)
		return len;
	if (s.len < len)
		return 0;
	c = first & (0x7FU >> len);
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)s.ptr[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | ((unsigned char)s.ptr[i] & 0x3F);
	}
	return c >= lowest[len] && code_point_valid(c) ? len : 0;
}

static bool utf8_valid(struct slice s)
{
	while (s.len) {
		size_t len = utf8_len(s);

		if (!len)
			return false;
		s = slice_from(s, len);
	}
	return true;
}

static uint32_t big_endian(const char *bytes, size_t width)
{
	uint32_t c = 0;

	for (size_t i = 0; i < width; i++)
		c = c << 8 | (unsigned char)bytes[i];
	return c;
}

/* How many octets make a character of that type; 0: not a text. */
static size_t char_width(int tag)
{
	switch (tag) {
	case V_ASN1_NUMERICSTRING:
	case V_ASN1_PRINTABLESTRING:
	case V_ASN1_IA5STRING:
	case V_ASN1_T61STRING:
		return 1;
	case V_ASN1_BMPSTRING:
		return 2;
	case V_ASN1_UNIVERSALSTRING:
		return 4;
	default:
		return 0;
	}
}

/*
 * Fills a->utf8, or leaves it without ptr when the value is no clean text. T61
 * is read as Latin-1, as every implementation does; the other one-octet types
 * are ASCII and nothing else. false: memory.
 */
static bool read_utf8(struct cert_attribute *a, struct arena *arena)
{
	size_t width = char_width(a->tag), len = 0;
	char *out;

	if (a->tag == V_ASN1_UTF8STRING) {
		if (utf8_valid(a->raw))
			a->utf8 = a->raw;
		return true;
	}
	if (!width || a->raw.len % width)
		return true;
	/* Two octets for each of a Latin-1 or UCS-2 text: at most 3 per 2. */
	out = arena_alloc(arena, a->raw.len * 2 + 4);
	if (!out)
		return false;
	for (size_t i = 0; i < a->raw.len; i += width) {
		uint32_t c = big_endian(a->raw.ptr + i, width);

		if (!code_point_valid(c) ||
			(width == 1 && c > 0x7F && a->tag != V_ASN1_T61STRING))
			return true;
		len += utf8_put(c, out + len);
	}
	a->utf8 = slice_of(out, len);
	return true;
}

static bool read_oid(struct cert_attribute *a, const ASN1_OBJECT *object,
	struct arena *arena)
{
	int nid = OBJ_obj2nid(object);
	int len = OBJ_obj2txt(NULL, 0, object, 1);
	char *text;

	if (nid != NID_undef)
		a->short_name = OBJ_nid2sn(nid);
	if (len < 0 || len > OID_TEXT_MAX)
		len = 0;
	text = arena_zalloc(arena, (size_t)len + 1);
	if (!text)
		return false;
	if (len)
		OBJ_obj2txt(text, len + 1, object, 1);
	a->oid = text;
	return true;
}

/* The whole value: tag, length, content. */
static bool read_der(
	struct cert_attribute *a, ASN1_STRING *value, struct arena *arena)
{
	ASN1_TYPE any = {.type = value->type, .value = {.asn1_string = value}};
	int len = i2d_ASN1_TYPE(&any, NULL);
	unsigned char *out;

	if (len <= 0)
		return true;
	out = arena_alloc(arena, (size_t)len);
	if (!out)
		return false;
	a->der = slice_of(out, (size_t)len);
	return i2d_ASN1_TYPE(&any, &out) == len;
}

static bool read_attribute(
	struct cert_attribute *a, X509_NAME_ENTRY *entry, struct arena *arena)
{
	ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
	struct slice raw = slice_of(ASN1_STRING_get0_data(value),
		(size_t)ASN1_STRING_length(value));

	a->tag = ASN1_STRING_type(value);
	a->rdn = (unsigned)X509_NAME_ENTRY_set(entry);
	return arena_dup(arena, raw, &a->raw) &&
	       read_oid(a, X509_NAME_ENTRY_get_object(entry), arena) &&
	       read_der(a, value, arena) && read_utf8(a, arena);
}

bool cert_info_read_name(struct cert_name *name,
	const struct X509_name_st *from, struct arena *arena)
{
	int count = X509_NAME_entry_count(from);

	if (count <= 0)
		return true;
	name->attributes =
		arena_zalloc(arena, (size_t)count * sizeof(*name->attributes));
	if (!name->attributes)
		return false;
	for (int i = 0; i < count; i++) {
		if (!read_attribute(&name->attributes[i],
			    X509_NAME_get_entry(from, i), arena))
			return false;
	}
	name->count = (unsigned)count;
	return true;
}

/* Magnitude without leading zero octets, but one for the number zero. */
bool cert_info_read_integer(const struct asn1_string_st *serial, bool *negative,
	struct slice *magnitude, struct arena *arena)
{
	struct slice octets = slice_of(ASN1_STRING_get0_data(serial),
		(size_t)ASN1_STRING_length(serial));

	while (octets.len > 1 && !octets.ptr[0])
		octets = slice_from(octets, 1);
	if (!octets.len)
		octets = slice_of("", 1);
	*negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
	return arena_dup(arena, octets, magnitude);
}

static bool read_digests(struct cert_info *info, X509 *cert)
{
	unsigned sha1_len = 0, sha256_len = 0;

	return X509_digest(cert, EVP_sha1(), info->sha1, &sha1_len) == 1 &&
	       X509_digest(cert, EVP_sha256(), info->sha256, &sha256_len) ==
		       1 &&
	       sha1_len == sizeof(info->sha1) &&
	       sha256_len == sizeof(info->sha256);
}

struct cert_info *cert_info_read(struct x509_st *cert, struct arena *arena)
{
	struct cert_info *info = arena_zalloc(arena, sizeof(*info));
	bool ok = info &&
		  cert_info_read_name(
			  &info->subject, X509_get_subject_name(cert), arena) &&
		  cert_info_read_name(
			  &info->issuer, X509_get_issuer_name(cert), arena) &&
		  cert_info_read_integer(X509_get0_serialNumber(cert),
			  &info->serial_negative, &info->serial, arena) &&
		  read_digests(info, cert);

	/* What the library noted about odd values is no concern of others. */
	ERR_clear_error();
	if (!ok)
		return NULL;
	info->not_before = cert_time_of(X509_get0_notBefore(cert));
	info->not_after = cert_time_of(X509_get0_notAfter(cert));
	return info;
}
