/* What the configuration writes, in the form that is compared. */
#include "matcher_priv.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "policy/dn.h"
#include "policy/pattern.h"

static bool has(struct slice text, const char *part)
{
	return text.len && memmem(text.ptr, text.len, part, strlen(part));
}

struct slice matcher_lower(struct slice text, size_t from, struct arena *arena)
{
	char *out = arena_alloc(arena, text.len + 1);

	for (size_t i = 0; out && i < text.len; i++)
		out[i] = i < from ? text.ptr[i] : slice_lower(text.ptr[i]);
	return slice_of(out, text.len);
}

static const char *lowered(struct slice text, size_t from, struct arena *arena,
	struct slice *value)
{
	*value = matcher_lower(text, from, arena);
	return value->ptr ? NULL : "out of memory";
}

/* ---- attributes and names ---- */

const char *matcher_read_text(
	struct slice text, struct arena *arena, struct slice *value)
{
	(void)arena;
	*value = text;
	return has(text, "**") ? "holds **, which means nothing here; * stands "
				 "for one or more characters"
			       : NULL;
}

const char *matcher_read_dn(
	struct slice text, struct arena *arena, struct slice *value)
{
	return dn_read(text, arena, value);
}

/* ---- DNS names ---- */

static bool is_dns_byte(char c)
{
	char low = slice_lower(c);

	return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

/* No empty label; stars are bytes like others where they are allowed. */
bool matcher_dns_valid(struct slice name, bool stars)
{
	char before = '.';

	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (c == '.' ? before == '.'
			     : !is_dns_byte(c) && !(c == '*' && stars))
			return false;
		before = c;
	}
	return before != '.' && name.len <= 253;
}

const char *matcher_read_dns(
	struct slice text, struct arena *arena, struct slice *value)
{
	if (!matcher_dns_valid(text, true))
		return "is no DNS name; letters, digits, - and _ in labels "
		       "with dots between them (others in their xn-- form)";
	if (has(text, "***"))
		return "holds more than two * in a row";
	return lowered(text, 0, arena, value);
}

/* ---- URIs ---- */

/*
 * Printable ASCII; no segment of dots and nothing that some reader makes one
 * of, so that what a pattern sees is what everybody sees.
 */
bool matcher_uri_valid(struct slice uri)
{
	static const char *const odd[] = {
		"\\", "%2e", "%2E", "%2f", "%2F", "%5c", "%5C"};
	size_t colon = slice_find(uri, ':');

	for (size_t i = 0; i < uri.len; i++) {
		if (uri.ptr[i] <= 0x20 || uri.ptr[i] >= 0x7f)
			return false;
	}
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		if (has(uri, odd[i]))
			return false;
	}
	return colon && colon < uri.len && !has(uri, "/./") &&
	       !has(uri, "/../") && !slice_ends(uri, SLICE("/.")) &&
	       !slice_ends(uri, SLICE("/.."));
}

/* Where the path begins: behind "scheme://authority". */
static size_t path_at(struct slice uri)
{
	size_t at = slice_find(uri, ':') + 1;
	struct slice rest = slice_from(uri, at);

	if (!slice_starts(rest, SLICE("//")))
		return at;
	return at + 2 + slice_find(slice_from(rest, 2), '/');
}

/* "**" is a whole segment of the path. */
static bool stars_are_segments(struct slice uri)
{
	size_t path = path_at(uri);

	for (size_t i = 0; i + 1 < uri.len; i++) {
		if (uri.ptr[i] != '*' || uri.ptr[i + 1] != '*')
			continue;
		if (i <= path || uri.ptr[i - 1] != '/')
			return false;
		if (i + 2 < uri.len && uri.ptr[i + 2] != '/')
			return false;
		i++;
	}
	return true;
}

const char *matcher_read_uri(
	struct slice text, struct arena *arena, struct slice *value)
{
	(void)arena;
	if (!matcher_uri_valid(text) ||
		slice_find(text, '*') < slice_find(text, ':'))
		return "is no URI that can match: a scheme, printable ASCII, "
		       "no . or .. as a segment, no encoded . / or \\";
	if (!stars_are_segments(text))
		return "holds ** within a segment or in front of the path; * "
		       "stands for a part of a segment, /** for what is below";
	*value = text;
	return NULL;
}

const char *matcher_read_spiffe(
	struct slice text, struct arena *arena, struct slice *value)
{
	if (!slice_starts(text, SLICE("spiffe://")))
		return "is no SPIFFE ID; it begins with spiffe://";
	return matcher_read_uri(text, arena, value);
}

/* ---- e-mail addresses ---- */

/* One '@', printable ASCII in front of it, a DNS name behind it. */
bool matcher_email_valid(struct slice address, bool stars)
{
	size_t at = slice_find(address, '@');

	for (size_t i = 0; i < at; i++) {
		if (address.ptr[i] <= 0x20 || address.ptr[i] >= 0x7f)
			return false;
	}
	return at && at < address.len && address.len <= 320 &&
	       matcher_dns_valid(slice_from(address, at + 1), stars);
}

/*
 * A dot in front of the '@' parts nothing: there `*` is written as `**`, which
 * cannot pass the '@', as there is only one.
 */
const char *matcher_read_email(
	struct slice text, struct arena *arena, struct slice *value)
{
	size_t at = slice_find(text, '@'), len = 0;
	char *out = arena_alloc(arena, 2 * text.len + 1);

	if (!out)
		return "out of memory";
	if (!matcher_email_valid(text, true))
		return at ? "is no e-mail address, like user@example.org or "
			    "*@example.org"
			  : "has nothing in front of the @; write "
			    "*@example.org for all of a domain";
	if (has(text, "***") || has(slice_head(text, at), "**"))
		return "holds too many * in a row";
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		out[len++] = i < at ? c : slice_lower(c);
		if (c == '*' && i < at)
			out[len++] = c;
	}
	if (len > PATTERN_MAX && pattern_has_star(text))
		return "is longer than a pattern may be (255 bytes)";
	*value = slice_of(out, len);
	return NULL;
}

/* ---- addresses ---- */

struct slice matcher_network(
	char out[MATCHER_NETWORK_MAX], struct slice address, unsigned prefix)
{
	out[0] = (char)address.len;
	out[1] = (char)prefix;
	for (size_t i = 0; i < address.len; i++) {
		unsigned kept = prefix > 8 * i ? prefix - 8 * (unsigned)i : 0;
		unsigned mask = kept >= 8 ? 0xffU : 0xff00U >> kept & 0xffU;

		out[i + 2] = (char)(address.ptr[i] & (char)mask);
	}
	return slice_of(out, address.len + 2);
}

static size_t read_address(struct slice text, char octets[16])
{
	char copy[INET6_ADDRSTRLEN];

	if (text.len >= sizeof(copy))
		return 0;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, octets) == 1)
		return 4;
	return inet_pton(AF_INET6, copy, octets) == 1 ? 16 : 0;
}

const char *matcher_read_ip(
	struct slice text, struct arena *arena, struct slice *value)
{
	size_t slash = slice_find(text, '/');
	char octets[16], masked[MATCHER_NETWORK_MAX];
	size_t len = read_address(slice_head(text, slash), octets);
	struct slice address = slice_of(octets, len);
	uint64_t prefix = 8 * len;
	char *out = arena_alloc(arena, MATCHER_NETWORK_MAX);

	if (!out)
		return "out of memory";
	if (!len)
		return "is no address, like 10.1.2.3, 10.0.0.0/8 or "
		       "2001:db8::/32";
	if (slash < text.len &&
		!slice_to_u64(slice_from(text, slash + 1), 8 * len, &prefix))
		return "has a prefix that its address has not; 0 to 32 of "
		       "IPv4, 0 to 128 of IPv6";
	matcher_network(masked, address, (unsigned)prefix);
	if (memcmp(masked + 2, octets, len) != 0)
		return "has bits behind its prefix; write the network's own "
		       "address";
	*value = matcher_network(out, address, (unsigned)prefix);
	return NULL;
}

/* ---- octets ---- */

static int hex_digit(char c)
{
	char low = slice_lower(c);

	if (c >= '0' && c <= '9')
		return c - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* Hex digits, and colons between pairs, behind `from` bytes of out. */
static bool read_hex(struct slice text, char *out, size_t *len)
{
	size_t at = 0;

	*len = 0;
	while (at < text.len) {
		int high, low;

		if (at && text.ptr[at] == ':')
			at++;
		high = at < text.len ? hex_digit(text.ptr[at]) : -1;
		low = at + 1 < text.len ? hex_digit(text.ptr[at + 1]) : -1;
		if (high < 0 || low < 0)
			return false;
		out[(*len)++] = (char)(high << 4 | low);
		at += 2;
	}
	return *len > 0;
}

const char *matcher_read_octets(
	struct slice text, struct arena *arena, struct slice *value)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t len;

	if (!out)
		return "out of memory";
	if (!read_hex(text, out, &len))
		return "is not hexadecimal, two digits an octet";
	*value = slice_of(out, len);
	return NULL;
}

/* "4A110C", "0a", "A", "-05": sign, then the magnitude without zeros. */
const char *matcher_read_serial(
	struct slice text, struct arena *arena, struct slice *value)
{
	bool negative = text.len && text.ptr[0] == '-';
	struct slice digits = slice_from(text, negative);
	char *odd = arena_alloc(arena, digits.len + 2);
	char *out = arena_alloc(arena, digits.len + 2);
	size_t len = 0, zeros = 0;

	if (!odd || !out)
		return "out of memory";
	if (digits.len % 2 && slice_find(digits, ':') == digits.len)
		odd[len++] = '0';
	memcpy(odd + len, digits.ptr, digits.len);
	if (!read_hex(slice_of(odd, len + digits.len), out + 1, &len))
		return "is no serial number in hexadecimal, like 4A110C";
	while (zeros + 1 < len && !out[1 + zeros])
		zeros++;
	out[zeros] = negative ? '-' : '+';
	*value = slice_of(out + zeros, 1 + len - zeros);
	return NULL;
}

const char *matcher_read_sha256(
	struct slice text, struct arena *arena, struct slice *value)
{
	const char *wrong = matcher_read_octets(text, arena, value);

	return wrong || value->len != 32
		       ? "is no SHA-256, 64 hexadecimal digits"
		       : NULL;
}

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* 43 digits and one '='. */
static bool read_base64(struct slice text, char out[32])
{
	unsigned bits = 0, held = 0;
	size_t len = 0;

	if (text.len != 44 || text.ptr[43] != '=')
		return false;
	for (size_t i = 0; i < 43; i++) {
		int digit = base64_digit(text.ptr[i]);

		if (digit < 0)
			return false;
		bits = (bits << 6 | (unsigned)digit) & 0xffff;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		out[len++] = (char)(bits >> held & 0xff);
	}
	return !(bits & 3); /* what is left of the last digit */
}

const char *matcher_read_pin(
	struct slice text, struct arena *arena, struct slice *value)
{
	char *out = arena_alloc(arena, 32);

	if (!out)
		return "out of memory";
	if (read_base64(text, out)) {
		*value = slice_of(out, 32);
		return NULL;
	}
	return matcher_read_sha256(text, arena, value)
		       ? "is no SHA-256 of a public key, 44 digits of base64 "
			 "or 64 of hexadecimal"
		       : NULL;
}
