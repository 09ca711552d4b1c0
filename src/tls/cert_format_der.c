/* cert_format: what goes out whole, as base64, and lists of names. */
#include "tls/cert_format.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/arena.h"
#include "cert_format_priv.h"

/* ---- base64 (RFC 4648 section 4) ---- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz"
			     "0123456789+/";

static size_t base64_len(size_t octets)
{
	return (octets + 2) / 3 * 4;
}

/* Returns where the text ends. Certificates are told with each request, so
 * this loop counts. */
static char *put_base64(char *out, struct slice octets)
{
	const unsigned char *in = (const unsigned char *)octets.ptr;
	size_t left = octets.len;
	unsigned bits;

	for (; left >= 3; left -= 3, in += 3, out += 4) {
		bits = (unsigned)in[0] << 16 | (unsigned)in[1] << 8 | in[2];
		out[0] = digits[bits >> 18];
		out[1] = digits[bits >> 12 & 63];
		out[2] = digits[bits >> 6 & 63];
		out[3] = digits[bits & 63];
	}
	if (!left)
		return out;
	bits = (unsigned)in[0] << 16 | (left > 1 ? (unsigned)in[1] << 8 : 0);
	out[0] = digits[bits >> 18];
	out[1] = digits[bits >> 12 & 63];
	out[2] = left > 1 ? digits[bits >> 6 & 63] : '=';
	out[3] = '=';
	return out + 4;
}

bool cert_format_base64(
	struct slice octets, struct arena *arena, struct slice *out)
{
	size_t len = base64_len(octets.len);
	char *text = arena_alloc(arena, len);

	if (!text)
		return false;
	put_base64(text, octets);
	*out = slice_of(text, len);
	return true;
}

/* ---- RFC 9440 ---- */

/* Of all items with their colons, and ", " between them. */
static size_t list_len(const struct slice *certs, size_t count)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		len += base64_len(certs[i].len) + 2 + (i ? 2 : 0);
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
	size_t len = list_len(certs, count);
	char *at = arena_alloc(arena, len);

	if (!at)
		return false;
	*out = slice_of(at, len);
	for (size_t i = 0; i < count; i++) {
		if (i) {
			*at++ = ',';
			*at++ = ' ';
		}
		*at++ = ':';
		at = put_base64(at, certs[i]);
		*at++ = ':';
	}
	return true;
}

/* ---- PEM (RFC 7468), percent-encoded ---- */

enum { LINE = 48, LINE_TEXT = 64 }; /* octets, characters */

static void put_bytes(struct sink *sink, const char *text, size_t len)
{
	if (sink->out)
		memcpy(sink->out + sink->len, text, len);
	sink->len += len;
}

/* '+', '/' and '=' are no letters or digits of base64. */
static bool is_alnum(char digit)
{
	return digit >= '0' && digit != '=';
}

static void put_escaped(struct sink *sink, const char *text, size_t len)
{
	size_t begin = 0;

	for (size_t i = 0; i < len; i++) {
		if (is_alnum(text[i]))
			continue;
		put_bytes(sink, text + begin, i - begin);
		sink_put(sink, '%');
		sink_octet(sink, (unsigned char)text[i], HEX_UPPER);
		begin = i + 1;
	}
	put_bytes(sink, text + begin, len - begin);
}

static void put_pem(struct sink *sink, struct slice der, bool escape)
{
	char line[LINE_TEXT];

	sink_text(sink, "-----BEGIN%20CERTIFICATE-----%0A");
	for (; der.len; der = slice_from(der, LINE)) {
		size_t len = (size_t)(put_base64(line, slice_head(der, LINE)) -
				      line);

		if (escape)
			put_escaped(sink, line, len);
		else
			put_bytes(sink, line, len);
		sink_text(sink, "%0A");
	}
	sink_text(sink, "-----END%20CERTIFICATE-----%0A");
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
	const size_t most = (size_t)INET6_ADDRSTRLEN + 1; /* with a comma */
	struct sink sink = {arena_alloc(arena, names->count * most), 0};
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
