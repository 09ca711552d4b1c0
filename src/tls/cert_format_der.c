/* cert_format: what goes out whole, as base64, and lists of names. */
#include "tls/cert_format.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/arena.h"
#include "cert_format_priv.h"

/* ---- base64 (RFC 4648 section 4) ---- */

/* One character, percent-encoded when a query part could not hold it. */
static void put_digit(struct sink *sink, unsigned value, bool escape)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz"
				     "0123456789+/=";
	char c = digits[value];

	if (escape && value > 61) {
		sink_put(sink, '%');
		sink_octet(sink, (unsigned char)c, HEX_UPPER);
		return;
	}
	sink_put(sink, c);
}

/* At most three octets as four characters. */
static void put_group(struct sink *sink, struct slice octets, bool escape)
{
	enum { PADDING = 64 };
	unsigned bits = 0;

	for (size_t i = 0; i < 3; i++)
		bits = bits << 8 |
		       (i < octets.len ? (unsigned char)octets.ptr[i] : 0);
	put_digit(sink, bits >> 18, escape);
	put_digit(sink, bits >> 12 & 63, escape);
	put_digit(sink, octets.len > 1 ? bits >> 6 & 63 : PADDING, escape);
	put_digit(sink, octets.len > 2 ? bits & 63 : PADDING, escape);
}

static void put_base64(struct sink *sink, struct slice octets)
{
	for (; octets.len; octets = slice_from(octets, 3))
		put_group(sink, slice_head(octets, 3), false);
}

static size_t base64_len(struct slice octets)
{
	return (octets.len + 2) / 3 * 4;
}

bool cert_format_base64(
	struct slice octets, struct arena *arena, struct slice *out)
{
	struct sink sink = {arena_alloc(arena, base64_len(octets)), 0};

	if (!sink.out)
		return false;
	put_base64(&sink, octets);
	*out = slice_of(sink.out, sink.len);
	return true;
}

/* ---- RFC 9440 ---- */

/* Of all items with their colons, and ", " between them. */
static size_t list_len(const struct slice *certs, size_t count)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		len += base64_len(certs[i]) + 2 + (i ? 2 : 0);
	return len;
}

bool cert_format_rfc9440_fits(
	const struct slice *certs, size_t count, size_t most)
{
	return list_len(certs, count) <= most;
}

bool cert_format_rfc9440(const struct slice *certs, size_t count,
	struct arena *arena, struct slice *out)
{
	struct sink sink = {arena_alloc(arena, list_len(certs, count)), 0};

	if (!sink.out)
		return false;
	for (size_t i = 0; i < count; i++) {
		sink_text(&sink, i ? ", :" : ":");
		put_base64(&sink, certs[i]);
		sink_put(&sink, ':');
	}
	*out = slice_of(sink.out, sink.len);
	return true;
}

/* ---- PEM (RFC 7468), percent-encoded ---- */

static void put_pem(struct sink *sink, struct slice der, bool escape)
{
	enum { LINE = 48 }; /* octets, 64 characters */

	sink_text(sink, "-----BEGIN%20CERTIFICATE-----%0A");
	for (size_t at = 0; at < der.len; at += 3) {
		if (at && at % LINE == 0)
			sink_text(sink, "%0A");
		put_group(sink, slice_head(slice_from(der, at), 3), escape);
	}
	sink_text(sink, "%0A-----END%20CERTIFICATE-----%0A");
}

static void put_pems(
	struct sink *sink, const struct slice *certs, size_t count, bool escape)
{
	for (size_t i = 0; i < count; i++)
		put_pem(sink, certs[i], escape);
}

bool cert_format_pem(const struct slice *certs, size_t count, bool escape,
	struct arena *arena, struct slice *out)
{
	struct sink sink = {NULL, 0};

	put_pems(&sink, certs, count, escape);
	sink.out = arena_alloc(arena, sink.len);
	if (!sink.out)
		return false;
	sink.len = 0;
	put_pems(&sink, certs, count, escape);
	*out = slice_of(sink.out, sink.len);
	return true;
}

/* ---- what others chose ---- */

static void put_percent(struct sink *sink, struct slice text, const char *also)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c > 0x20 && c < 0x7F && !strchr(also, c)) {
			sink_put(sink, (char)c);
			continue;
		}
		sink_put(sink, '%');
		sink_octet(sink, c, HEX_UPPER);
	}
}

bool cert_format_percent(struct slice text, const char *also,
	struct arena *arena, struct slice *out)
{
	struct sink sink = {arena_alloc(arena, text.len * 3), 0};

	if (!sink.out)
		return false;
	put_percent(&sink, text, also);
	*out = slice_of(sink.out, sink.len);
	return true;
}

static void put_names(struct sink *sink, const struct cert_sans *names)
{
	for (unsigned i = 0; i < names->count; i++) {
		if (i)
			sink_put(sink, ',');
		put_percent(sink, names->items[i], ",");
	}
}

bool cert_format_names(
	const struct cert_sans *names, struct arena *arena, struct slice *out)
{
	struct sink sink = {NULL, 0};

	put_names(&sink, names);
	sink.out = arena_alloc(arena, sink.len);
	if (!sink.out)
		return false;
	sink.len = 0;
	put_names(&sink, names);
	*out = slice_of(sink.out, sink.len);
	return true;
}

/* RFC 5952 */
bool cert_format_addresses(
	const struct cert_sans *names, struct arena *arena, struct slice *out)
{
	struct sink sink = {
		arena_alloc(arena, names->count * (INET6_ADDRSTRLEN + 1)), 0};
	char text[INET6_ADDRSTRLEN];

	if (!sink.out)
		return false;
	for (unsigned i = 0; i < names->count; i++) {
		struct slice octets = names->items[i];

		if (!inet_ntop(octets.len == 4 ? AF_INET : AF_INET6, octets.ptr,
			    text, sizeof(text)))
			return false;
		if (i)
			sink_put(&sink, ',');
		sink_text(&sink, text);
	}
	*out = slice_of(sink.out, sink.len);
	return true;
}
