#include "policy/dn.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "tls/cert_info.h"

enum { RDNS_MAX = 64, ATTRIBUTES_MAX = 16 };

/* RFC 4514 section 3, and what certificates hold besides. */
static const struct {
	const char *name;
	const char *oid;
} types[] = {
	{"CN", "2.5.4.3"},
	{"L", "2.5.4.7"},
	{"ST", "2.5.4.8"},
	{"S", "2.5.4.8"},
	{"O", "2.5.4.10"},
	{"OU", "2.5.4.11"},
	{"C", "2.5.4.6"},
	{"STREET", "2.5.4.9"},
	{"DC", "0.9.2342.19200300.100.1.25"},
	{"UID", "0.9.2342.19200300.100.1.1"},
	{"emailAddress", "1.2.840.113549.1.9.1"},
	{"E", "1.2.840.113549.1.9.1"},
	{"SN", "2.5.4.4"},
	{"surname", "2.5.4.4"},
	{"serialNumber", "2.5.4.5"},
	{"title", "2.5.4.12"},
	{"description", "2.5.4.13"},
	{"businessCategory", "2.5.4.15"},
	{"postalAddress", "2.5.4.16"},
	{"postalCode", "2.5.4.17"},
	{"telephoneNumber", "2.5.4.20"},
	{"name", "2.5.4.41"},
	{"GN", "2.5.4.42"},
	{"givenName", "2.5.4.42"},
	{"initials", "2.5.4.43"},
	{"generationQualifier", "2.5.4.44"},
	{"x500UniqueIdentifier", "2.5.4.45"},
	{"dnQualifier", "2.5.4.46"},
	{"pseudonym", "2.5.4.65"},
	{"role", "2.5.4.72"},
	{"organizationIdentifier", "2.5.4.97"},
	{"unstructuredName", "1.2.840.113549.1.9.2"},
	{"unstructuredAddress", "1.2.840.113549.1.9.8"},
	{"jurisdictionL", "1.3.6.1.4.1.311.60.2.1.1"},
	{"jurisdictionST", "1.3.6.1.4.1.311.60.2.1.2"},
	{"jurisdictionC", "1.3.6.1.4.1.311.60.2.1.3"},
};

const char *dn_type_oid(struct slice short_name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (slice_eq_nocase(short_name, slice_str(types[i].name)))
			return types[i].oid;
	}
	return NULL;
}

/* ---- the form that is compared ---- */

/* One attribute: OID NUL kind length value. */
struct entry {
	struct slice octets;
};

static bool entry_make(struct entry *entry, const char *oid, char kind,
	struct slice value, struct arena *arena)
{
	size_t oid_len = strlen(oid), len = oid_len + 6 + value.len;
	char *out = arena_alloc(arena, len);

	if (!out)
		return false;
	memcpy(out, oid, oid_len + 1);
	out[oid_len + 1] = kind;
	for (size_t i = 0; i < 4; i++)
		out[oid_len + 2 + i] = (char)(value.len >> 8 * i & 0xff);
	if (value.len)
		memcpy(out + oid_len + 6, value.ptr, value.len);
	entry->octets = slice_of(out, len);
	return true;
}

static int entry_order(const struct entry *a, const struct entry *b)
{
	size_t least =
		a->octets.len < b->octets.len ? a->octets.len : b->octets.len;
	int order = memcmp(a->octets.ptr, b->octets.ptr, least);

	if (order)
		return order;
	return (a->octets.len > b->octets.len) -
	       (a->octets.len < b->octets.len);
}

/* An RDN is a set: its entries in their one order. */
static bool put_rdn(struct buf *out, struct entry *entries, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct entry one = entries[i];
		size_t j = i;

		for (; j && entry_order(&entries[j - 1], &one) > 0; j--)
			entries[j] = entries[j - 1];
		entries[j] = one;
	}
	if (!buf_printf(out, "%zu;", count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!buf_append(out, entries[i].octets))
			return false;
	}
	return true;
}

/* ---- of a certificate ---- */

static enum dn_verdict entry_of(struct entry *entry,
	const struct cert_attribute *a, struct arena *arena)
{
	bool text = a->utf8.ptr != NULL;

	if (text && slice_find(a->utf8, '\0') < a->utf8.len)
		return DN_UNCLEAR;
	if (!text && !a->der.len)
		return DN_UNCLEAR;
	return entry_make(entry, a->oid, text ? 't' : 'd',
		       text ? a->utf8 : a->der, arena)
		       ? DN_GOOD
		       : DN_NO_MEMORY;
}

static enum dn_verdict put_name(
	struct buf *out, const struct cert_name *name, struct arena *arena)
{
	struct entry entries[ATTRIBUTES_MAX];
	size_t count = 0;

	for (unsigned i = 0; i < name->count; i++) {
		const struct cert_attribute *a = &name->attributes[i];
		bool last = i + 1 == name->count || a[1].rdn != a->rdn;
		enum dn_verdict verdict;

		if (count == ATTRIBUTES_MAX)
			return DN_UNCLEAR;
		verdict = entry_of(&entries[count++], a, arena);
		if (verdict != DN_GOOD)
			return verdict;
		if (last && !put_rdn(out, entries, count))
			return DN_NO_MEMORY;
		count = last ? 0 : count;
	}
	return DN_GOOD;
}

enum dn_verdict dn_of_name(
	const struct cert_name *name, struct arena *arena, struct slice *octets)
{
	struct buf out = {0};
	enum dn_verdict verdict = put_name(&out, name, arena);

	if (verdict == DN_GOOD && !arena_dup(arena, buf_bytes(&out), octets))
		verdict = DN_NO_MEMORY;
	buf_fini(&out);
	return verdict;
}

/* ---- of the configuration (RFC 4514 section 3) ---- */

struct reader {
	struct slice rest;
	struct arena *arena;
	const char *wrong;
};

static bool refuse(struct reader *r, const char *why)
{
	if (!r->wrong)
		r->wrong = why;
	return false;
}

static void skip_blanks(struct reader *r)
{
	while (r->rest.len && r->rest.ptr[0] == ' ')
		r->rest = slice_from(r->rest, 1);
}

static bool is_dotted(struct slice text)
{
	bool digit = false;
	size_t dots = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '.' && !digit)
			return false;
		digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
		dots += text.ptr[i] == '.';
		if (!digit && text.ptr[i] != '.')
			return false;
	}
	return digit && dots;
}

static bool read_type(struct reader *r, const char **oid)
{
	size_t end = slice_find(r->rest, '=');
	struct slice type = slice_trim(slice_head(r->rest, end));

	if (end == r->rest.len || !type.len)
		return refuse(r, "is no name; write TYPE=value, parted by "
				 "commas, like CN=a,O=b,C=GB");
	r->rest = slice_from(r->rest, end + 1);
	*oid = dn_type_oid(type);
	if (!*oid && is_dotted(type))
		*oid = arena_printf(r->arena, "%.*s", SLICE_FMT(type));
	else if (!*oid && type.ptr[0] == '/')
		return refuse(r, "has the form with slashes, which is for "
				 "display only; write CN=a,O=b,C=GB");
	else if (!*oid)
		return refuse(r, "holds a type that is not known; write its "
				 "dotted OID");
	return *oid || refuse(r, "out of memory");
}

static int hex_digit(char c)
{
	char low = slice_lower(c);

	if (c >= '0' && c <= '9')
		return c - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

static bool hex_pair(struct slice text, char *octet)
{
	int high = text.len > 1 ? hex_digit(text.ptr[0]) : -1;
	int low = high < 0 ? -1 : hex_digit(text.ptr[1]);

	if (low < 0)
		return false;
	*octet = (char)(high << 4 | low);
	return true;
}

/* What follows a backslash: two hex digits, or one special character. */
static bool read_escape(struct reader *r, char *out)
{
	struct slice rest = slice_from(r->rest, 1);

	if (hex_pair(rest, out)) {
		r->rest = slice_from(r->rest, 3);
		return *out || refuse(r, "holds a NUL, which matches nothing");
	}
	if (!rest.len || !strchr(" \"#+,;<=>\\*", rest.ptr[0]))
		return refuse(r, "holds a \\ that escapes nothing; write \\\\ "
				 "for itself");
	*out = rest.ptr[0];
	r->rest = slice_from(r->rest, 2);
	return true;
}

/* Up to a bare , or +. Trailing blanks that are not escaped do not count. */
static bool read_text(struct reader *r, struct slice *value)
{
	char *out = arena_alloc(r->arena, r->rest.len + 1);
	size_t len = 0, kept = 0;

	if (!out)
		return refuse(r, "out of memory");
	while (r->rest.len && !strchr(",+", r->rest.ptr[0])) {
		char c = r->rest.ptr[0];

		if (c == '\\') {
			if (!read_escape(r, &out[len]))
				return false;
			kept = ++len;
			continue;
		}
		if (c == '*')
			return refuse(r,
				"holds a *; a name is compared as a whole. "
				"Write \\2A for the character itself");
		if (strchr("\";<>", c))
			return refuse(r, "holds one of \" ; < >, which stand "
					 "behind a \\");
		out[len++] = c;
		kept = c == ' ' ? kept : len;
		r->rest = slice_from(r->rest, 1);
	}
	*value = slice_of(out, kept);
	if (!utf8_printable(*value))
		return refuse(r, "holds characters that are not UTF-8 or not "
				 "printable");
	return true;
}

/* "#0C03414243": the DER of the value; a text becomes one. */
static bool read_der(struct reader *r, char *kind, struct slice *value)
{
	size_t end = 1;
	char *out = arena_alloc(r->arena, r->rest.len / 2 + 1);
	size_t len = 0;

	if (!out)
		return refuse(r, "out of memory");
	while (hex_pair(slice_from(r->rest, end), &out[len])) {
		end += 2;
		len++;
	}
	if (len < 2 || len > 129 || (size_t)(unsigned char)out[1] != len - 2)
		return refuse(r, "holds a # that begins no DER in hexadecimal "
				 "of at most 127 octets; write \\# for itself");
	r->rest = slice_from(r->rest, end);
	skip_blanks(r);
	*kind = out[0] && strchr("\x0C\x12\x13\x16", out[0]) ? 't' : 'd';
	*value = *kind == 't' ? slice_of(out + 2, len - 2) : slice_of(out, len);
	if (*kind == 't' && !utf8_printable(*value))
		return refuse(r, "holds characters that are not UTF-8 or not "
				 "printable");
	if (*kind == 'd' && out[0] && strchr("\x14\x1C\x1E", out[0]))
		return refuse(r, "holds the DER of a text; write its "
				 "characters instead");
	return true;
}

/* TYPE=value, and what parts it from the next: ',' '+' or 0 at the end. */
static bool read_attribute(struct reader *r, struct entry *entry, char *behind)
{
	struct slice value;
	const char *oid;
	char kind = 't';

	if (!read_type(r, &oid))
		return false;
	skip_blanks(r);
	if (r->rest.len && r->rest.ptr[0] == '#') {
		if (!read_der(r, &kind, &value))
			return false;
	} else if (!read_text(r, &value)) {
		return false;
	}
	if (!value.len)
		return refuse(r, "holds an empty value");
	*behind = r->rest.len ? r->rest.ptr[0] : '\0';
	if (*behind && *behind != ',' && *behind != '+')
		return refuse(r, "holds something behind the hexadecimal");
	r->rest = slice_from(r->rest, 1);
	return entry_make(entry, oid, kind, value, r->arena) ||
	       refuse(r, "out of memory");
}

/* One RDN, its octets into *out. */
static bool read_rdn(struct reader *r, struct buf *out, bool *more)
{
	struct entry entries[ATTRIBUTES_MAX];
	size_t count = 0;
	char behind = '+';

	while (behind == '+') {
		if (count == ATTRIBUTES_MAX)
			return refuse(r, "holds too many types in one RDN");
		if (!read_attribute(r, &entries[count++], &behind))
			return false;
	}
	*more = behind == ',';
	return put_rdn(out, entries, count) || refuse(r, "out of memory");
}

/* The text has the RDNs backwards. */
static bool join(struct reader *r, const struct slice *rdns, size_t count,
	struct slice *to)
{
	struct buf out = {0};
	bool ok = true;

	while (ok && count)
		ok = buf_append(&out, rdns[--count]);
	ok = ok && arena_dup(r->arena, buf_bytes(&out), to);
	buf_fini(&out);
	return ok || refuse(r, "out of memory");
}

const char *dn_read(
	struct slice text, struct arena *arena, struct slice *octets)
{
	struct reader r = {.rest = text, .arena = arena};
	struct slice rdns[RDNS_MAX];
	size_t count = 0;
	bool more = true;

	while (more) {
		struct buf out = {0};
		bool ok = count < RDNS_MAX || refuse(&r, "holds too many RDNs");

		ok = ok && read_rdn(&r, &out, &more);
		if (ok && !arena_dup(arena, buf_bytes(&out), &rdns[count++]))
			ok = refuse(&r, "out of memory");
		buf_fini(&out);
		if (!ok)
			return r.wrong;
	}
	return join(&r, rdns, count, octets) ? NULL : r.wrong;
}
