/* header_value: X-Forwarded-Client-Cert. */
#include "policy/header_value.h"

#include <string.h>

#include "base/arena.h"
#include "tls/cert_format.h"

/* The text while it grows; room was made for all of it before. */
struct element {
	char *text;
	size_t len;
};

static void put(struct element *e, struct slice bytes)
{
	if (e->text && bytes.len)
		memcpy(e->text + e->len, bytes.ptr, bytes.len);
	e->len += bytes.len;
}

static bool needs_quotes(struct slice value)
{
	return slice_find(value, ',') < value.len ||
	       slice_find(value, ';') < value.len ||
	       slice_find(value, '=') < value.len;
}

static void put_pair(
	struct element *e, struct slice key, struct slice value, bool quoted)
{
	if (e->len)
		put(e, SLICE(";"));
	put(e, key);
	put(e, quoted ? SLICE("=\"") : SLICE("="));
	put(e, value);
	if (quoted)
		put(e, SLICE("\""));
}

/*
 * A quote or a backslash of a name, behind the backslash that RFC 2253 asks
 * for, would end the quoted value for one parser or another. As two hex digits
 * (RFC 2253 section 2.4) they mean the same and end nothing.
 */
static bool quotable_dn(struct slice dn, struct arena *arena, struct slice *out)
{
	char *text = arena_alloc(arena, dn.len * 2);
	size_t len = 0;

	if (!text)
		return false;
	for (size_t i = 0; i < dn.len; i++) {
		char c = dn.ptr[i];
		char next = i + 1 < dn.len ? dn.ptr[i + 1] : '\0';

		text[len++] = c;
		if (c != '\\' || (next != '"' && next != '\\'))
			continue;
		text[len++] = next == '"' ? '2' : '5';
		text[len++] = next == '"' ? '2' : 'C';
		i++;
	}
	*out = slice_of(text, len);
	return true;
}

struct parts {
	struct slice by; /* empty: not told */
	struct slice hash;
	struct slice subject;
	struct slice *names; /* URIs, then DNS names */
	unsigned uris;
	unsigned count;
};

/* No backslash, no quote, no blank is left in a name. */
static bool read_names(
	const struct cert_sans *sans, struct arena *arena, struct parts *parts)
{
	for (unsigned i = 0; i < sans->count; i++) {
		if (!cert_format_percent(sans->items[i], "\"\\", arena,
			    &parts->names[parts->count++]))
			return false;
	}
	return true;
}

static bool read_parts(
	const struct header_facts *f, struct arena *arena, struct parts *parts)
{
	const struct cert_extensions *e = f->leaf->extensions;
	struct slice dn;

	parts->by = slice_str(f->settings->xfcc_by.text);
	parts->names = arena_alloc(
		arena, (e->uri.count + e->dns.count) * sizeof(*parts->names));
	parts->uris = e->uri.count;
	return parts->names &&
	       cert_format_hex(f->leaf->sha256, sizeof(f->leaf->sha256), arena,
		       &parts->hash) &&
	       cert_format_rfc2253(&f->leaf->subject, arena, &dn) &&
	       quotable_dn(dn, arena, &parts->subject) &&
	       read_names(&e->uri, arena, parts) &&
	       read_names(&e->dns, arena, parts);
}

static void write_parts(struct element *e, const struct parts *parts)
{
	if (parts->by.len)
		put_pair(e, SLICE("By"), parts->by, needs_quotes(parts->by));
	put_pair(e, SLICE("Hash"), parts->hash, false);
	put_pair(e, SLICE("Subject"), parts->subject, true);
	if (!parts->uris)
		put_pair(e, SLICE("URI"), SLICE(""), false);
	for (unsigned i = 0; i < parts->count; i++)
		put_pair(e, i < parts->uris ? SLICE("URI") : SLICE("DNS"),
			parts->names[i], needs_quotes(parts->names[i]));
}

bool header_value_xfcc(const struct header_facts *facts, struct arena *arena,
	struct slice *out)
{
	struct parts parts = {.count = 0};
	struct element element = {NULL, 0};

	*out = slice_of(NULL, 0);
	if (facts->auth->state != CLIENT_AUTH_OK || !facts->fits ||
		!facts->leaf || !facts->leaf->extensions)
		return true;
	if (!read_parts(facts, arena, &parts))
		return false;
	write_parts(&element, &parts);
	element.text = arena_alloc(arena, element.len);
	if (!element.text)
		return false;
	element.len = 0;
	write_parts(&element, &parts);
	*out = slice_of(element.text, element.len);
	return true;
}
