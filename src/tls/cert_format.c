#include "tls/cert_format.h"

#include <inttypes.h>
#include <string.h>

#include <openssl/asn1.h>

#include "base/arena.h"
#include "cert_format_priv.h"
#include "tls/cert_time.h"

/* What a printed name may hold of a dotted OID, as nginx has it. */
enum { OID_SHOWN = 79 };

static void put_type(struct sink *sink, const struct cert_attribute *a)
{
	const char *text = a->short_name ? a->short_name : a->oid;
	size_t len = strlen(text);

	if (!a->short_name && len > OID_SHOWN)
		len = OID_SHOWN;
	for (size_t i = 0; i < len; i++)
		sink_put(sink, text[i]);
	sink_put(sink, '=');
}

/* ---- RFC 2253 ---- */

/* Where in its value a character stands. */
enum place { PLACE_INSIDE, PLACE_FIRST, PLACE_LAST };

static void put_escaped(struct sink *sink, unsigned char c, enum place place)
{
	if (c < 0x20 || c > 0x7E) {
		sink_put(sink, '\\');
		sink_octet(sink, c, HEX_UPPER);
		return;
	}
	if (strchr(",+\"\\<>;", c) || (c == '#' && place == PLACE_FIRST) ||
		(c == ' ' && place != PLACE_INSIDE))
		sink_put(sink, '\\');
	sink_put(sink, (char)c);
}

/* Octets that make one character; 0: the value is shown as hex. */
static size_t char_width(int tag)
{
	switch (tag) {
	case V_ASN1_UTF8STRING: /* escaped byte by byte as it stands */
	case V_ASN1_NUMERICSTRING:
	case V_ASN1_PRINTABLESTRING:
	case V_ASN1_T61STRING:
	case V_ASN1_IA5STRING:
	case V_ASN1_UTCTIME:
	case V_ASN1_GENERALIZEDTIME:
	case V_ASN1_VISIBLESTRING:
		return 1;
	case V_ASN1_BMPSTRING:
		return 2;
	case V_ASN1_UNIVERSALSTRING:
		return 4;
	default:
		return 0;
	}
}

/* One character as escaped UTF-8; false when it is none. */
static bool put_char(struct sink *sink, uint32_t c, enum place place)
{
	if (c < 0x80) {
		put_escaped(sink, (unsigned char)c, place);
		return true;
	}
	if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return false;
	if (c >= 0x10000) {
		put_escaped(sink, (unsigned char)(0xF0 | c >> 18), place);
		put_escaped(
			sink, (unsigned char)(0x80 | (c >> 12 & 0x3F)), place);
	} else if (c >= 0x800) {
		put_escaped(sink, (unsigned char)(0xE0 | c >> 12), place);
	}
	if (c >= 0x800)
		put_escaped(
			sink, (unsigned char)(0x80 | (c >> 6 & 0x3F)), place);
	else
		put_escaped(sink, (unsigned char)(0xC0 | c >> 6), place);
	put_escaped(sink, (unsigned char)(0x80 | (c & 0x3F)), place);
	return true;
}

static uint32_t char_at(struct slice raw, size_t at, size_t width)
{
	uint32_t c = 0;

	for (size_t i = 0; i < width; i++)
		c = c << 8 | (unsigned char)raw.ptr[at + i];
	return c;
}

static bool put_value_2253(struct sink *sink, const struct cert_attribute *a)
{
	size_t width = a->short_name ? char_width(a->tag) : 0;
	enum place place = PLACE_FIRST;

	if (!width) {
		sink_put(sink, '#');
		for (size_t i = 0; i < a->der.len; i++)
			sink_octet(
				sink, (unsigned char)a->der.ptr[i], HEX_UPPER);
		return a->der.len > 0;
	}
	if (a->raw.len % width)
		return false;
	for (size_t at = 0; at < a->raw.len; at += width) {
		uint32_t c = char_at(a->raw, at, width);

		if (at + width == a->raw.len)
			place = PLACE_LAST; /* also of a single character */
		if (a->tag == V_ASN1_UTF8STRING)
			put_escaped(sink, (unsigned char)c, place);
		else if (!put_char(sink, c, place))
			return false;
		place = PLACE_INSIDE;
	}
	return true;
}

static bool put_2253(struct sink *sink, const struct cert_name *name)
{
	for (unsigned i = name->count; i-- > 0;) {
		const struct cert_attribute *a = &name->attributes[i];

		if (i + 1 < name->count)
			sink_put(sink, a[1].rdn == a->rdn ? '+' : ',');
		put_type(sink, a);
		if (!put_value_2253(sink, a))
			return false;
	}
	return true;
}

bool cert_format_rfc2253(
	const struct cert_name *name, struct arena *arena, struct slice *out)
{
	struct sink sink = {NULL, 0};

	*out = (struct slice){NULL, 0};
	if (!put_2253(&sink, name))
		return true; /* a value is not what its type says */
	sink.out = arena_alloc(arena, sink.len);
	if (!sink.out)
		return false;
	sink.len = 0;
	put_2253(&sink, name);
	*out = slice_of(sink.out, sink.len);
	return true;
}

bool cert_format_attribute(const struct cert_name *name, struct slice oid,
	struct arena *arena, struct slice *out)
{
	const struct cert_attribute *a = name->attributes;
	struct sink sink = {NULL, 0};
	unsigned i = 0;

	*out = (struct slice){NULL, 0};
	while (i < name->count && !slice_eq(slice_str(a[i].oid), oid))
		i++;
	if (i == name->count || !put_value_2253(&sink, &a[i]))
		return true; /* not there, or not what its type says */
	sink.out = arena_alloc(arena, sink.len);
	if (!sink.out)
		return false;
	sink.len = 0;
	put_value_2253(&sink, &a[i]);
	*out = slice_of(sink.out, sink.len);
	return true;
}

/* ---- slash form ---- */

static void put_value_legacy(struct sink *sink, struct slice raw)
{
	for (size_t i = 0; i < raw.len; i++) {
		unsigned char c = (unsigned char)raw.ptr[i];

		if (c < 0x20 || c > 0x7E) {
			sink_text(sink, "\\x");
			sink_octet(sink, c, HEX_UPPER);
			continue;
		}
		if (c == '/' || c == '+')
			sink_put(sink, '\\');
		sink_put(sink, (char)c);
	}
}

static void put_legacy(struct sink *sink, const struct cert_name *name)
{
	for (unsigned i = 0; i < name->count; i++) {
		const struct cert_attribute *a = &name->attributes[i];

		sink_put(sink, i && a[-1].rdn == a->rdn ? '+' : '/');
		put_type(sink, a);
		put_value_legacy(sink, a->raw);
	}
}

bool cert_format_legacy(
	const struct cert_name *name, struct arena *arena, struct slice *out)
{
	struct sink sink = {NULL, 0};

	put_legacy(&sink, name);
	sink.out = arena_alloc(arena, sink.len);
	if (!sink.out)
		return false;
	sink.len = 0;
	put_legacy(&sink, name);
	*out = slice_of(sink.out, sink.len);
	return true;
}

/* ---- numbers and times ---- */

bool cert_format_integer(bool negative, struct slice magnitude,
	struct arena *arena, struct slice *out)
{
	struct sink sink = {arena_alloc(arena, magnitude.len * 2 + 1), 0};

	if (!sink.out)
		return false;
	if (negative)
		sink_put(&sink, '-');
	for (size_t i = 0; i < magnitude.len; i++)
		sink_octet(&sink, (unsigned char)magnitude.ptr[i], HEX_UPPER);
	*out = slice_of(sink.out, sink.len);
	return true;
}

bool cert_format_serial(
	const struct cert_info *info, struct arena *arena, struct slice *out)
{
	return cert_format_integer(
		info->serial_negative, info->serial, arena, out);
}

bool cert_format_hex(const uint8_t *octets, size_t count, struct arena *arena,
	struct slice *out)
{
	struct sink sink = {arena_alloc(arena, count * 2), 0};

	if (!sink.out)
		return false;
	for (size_t i = 0; i < count; i++)
		sink_octet(&sink, octets[i], HEX_LOWER);
	*out = slice_of(sink.out, sink.len);
	return true;
}

bool cert_format_time(
	const struct cert_time *time, struct arena *arena, struct slice *out)
{
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct cert_date date;
	char *text;

	*out = (struct slice){NULL, 0};
	if (!time->valid)
		return true;
	date = cert_date_of(time->unix_seconds);
	text = arena_printf(arena, "%s %2d %02d:%02d:%02d %d GMT",
		months[date.month - 1], date.day, date.hour, date.minute,
		date.second, date.year);
	*out = slice_str(text);
	return text != NULL;
}

bool cert_format_unix(
	const struct cert_time *time, struct arena *arena, struct slice *out)
{
	char *text;

	*out = (struct slice){NULL, 0};
	if (!time->valid)
		return true;
	text = arena_printf(arena, "%" PRId64, time->unix_seconds);
	*out = slice_str(text);
	return text != NULL;
}

bool cert_format_rfc3339(
	const struct cert_time *time, struct arena *arena, struct slice *out)
{
	struct cert_date date;
	char *text;

	*out = (struct slice){NULL, 0};
	if (!time->valid)
		return true;
	date = cert_date_of(time->unix_seconds);
	text = arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", date.year,
		date.month, date.day, date.hour, date.minute, date.second);
	*out = slice_str(text);
	return text != NULL;
}

bool cert_format_fits(const struct cert_info *info, struct arena *arena)
{
	struct slice texts[5];
	size_t total = CERT_FORMAT_RESERVE;

	if (!cert_format_rfc2253(&info->subject, arena, &texts[0]) ||
		!cert_format_rfc2253(&info->issuer, arena, &texts[1]) ||
		!cert_format_legacy(&info->subject, arena, &texts[2]) ||
		!cert_format_legacy(&info->issuer, arena, &texts[3]) ||
		!cert_format_serial(info, arena, &texts[4]))
		return false;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].len > CERT_FORMAT_VALUE_MAX)
			return false;
		total += texts[i].len;
	}
	return total <= CERT_FORMAT_TOTAL_MAX;
}
