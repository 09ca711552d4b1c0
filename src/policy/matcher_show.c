/* What a certificate has of each kind, for a person. */
#include "matcher_priv.h"

#include <arpa/inet.h>

#include "base/arena.h"
#include "base/buf.h"
#include "tls/cert_format.h"
#include "tls/cert_info.h"

enum { SHOWN_MAX = 1024 };

static bool put_text(struct buf *out, struct slice text)
{
	bool ok = true;

	for (size_t i = 0; ok && i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		ok = c >= 0x20 && c < 0x7f && c != '\\'
			     ? buf_append(out, slice_of(text.ptr + i, 1))
			     : buf_printf(out, "\\%02X", c);
	}
	return ok;
}

static bool put_hex(struct buf *out, struct slice octets)
{
	bool ok = true;

	for (size_t i = 0; ok && i < octets.len; i++)
		ok = buf_printf(out, "%02X", (unsigned char)octets.ptr[i]);
	return ok;
}

static bool put_address(struct buf *out, struct slice octets)
{
	char text[INET6_ADDRSTRLEN];

	return inet_ntop(octets.len == 4 ? AF_INET : AF_INET6, octets.ptr, text,
		       sizeof(text)) &&
	       buf_append(out, slice_str(text));
}

static bool put_name(struct buf *out, const struct matcher_kind *kind,
	const struct cert_info *leaf, struct arena *arena)
{
	struct slice text;

	return cert_format_rfc2253(
		       kind->issuer ? &leaf->issuer : &leaf->subject, arena,
		       &text) &&
	       buf_append(out, text);
}

static bool put_serial(
	struct buf *out, const struct cert_info *leaf, struct arena *arena)
{
	struct slice text;

	return cert_format_serial(leaf, arena, &text) && buf_append(out, text);
}

static bool put_items(struct buf *out, const struct matcher_kind *kind,
	const struct matcher_facts *facts)
{
	for (size_t i = 0; i < facts->count && out->len < SHOWN_MAX; i++) {
		struct slice item = facts->items[i];

		if ((i && !buf_append(out, SLICE(", "))) ||
			!(kind->networks       ? put_address(out, item)
				: kind->octets ? put_hex(out, item)
					       : put_text(out, item)))
			return false;
	}
	if (!facts->count && !facts->unclear)
		return buf_append(out, SLICE("(none)"));
	if (facts->unclear)
		return buf_printf(out, "%s(something that is not compared)",
			facts->count ? ", " : "");
	return true;
}

struct slice matcher_show(enum config_matcher number,
	const struct cert_info *leaf, struct arena *arena)
{
	const struct matcher_kind *kind = matcher_kind_of(number);
	struct matcher_facts facts;
	struct slice text = {NULL, 0};
	struct buf out = {0};
	bool ok;

	matcher_facts_read(kind, leaf, &facts, arena);
	if (kind->find == matcher_find_dn)
		ok = put_name(&out, kind, leaf, arena);
	else if (kind->find == matcher_find_serial)
		ok = put_serial(&out, leaf, arena);
	else
		ok = put_items(&out, kind, &facts);
	if (!ok || !arena_dup(arena, buf_bytes(&out), &text))
		text = (struct slice){NULL, 0};
	buf_fini(&out);
	return text;
}
