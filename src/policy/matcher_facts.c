/* What a certificate has of each kind, in the form that is compared. */
#include "matcher_priv.h"

#include <string.h>

#include "base/arena.h"
#include "policy/dn.h"
#include "tls/cert_info.h"

/* item.ptr NULL: memory was out, which is unclear, too. */
static void add(struct matcher_facts *facts, struct slice item)
{
	if (!item.ptr) {
		facts->unclear = true;
		return;
	}
	if (facts->count == facts->room) {
		size_t room = facts->room ? 2 * facts->room : 8;
		struct slice *items =
			arena_alloc(facts->arena, room * sizeof(*items));

		if (!items) {
			facts->unclear = true;
			return;
		}
		if (facts->count)
			memcpy(items, facts->items,
				facts->count * sizeof(*items));
		facts->items = items;
		facts->room = room;
	}
	facts->items[facts->count++] = item;
}

static bool has_nul(struct slice s)
{
	return slice_find(s, '\0') < s.len;
}

static const struct cert_name *name_of(
	const struct matcher_kind *kind, const struct cert_info *leaf)
{
	return kind->issuer ? &leaf->issuer : &leaf->subject;
}

void matcher_find_attribute(const struct matcher_kind *kind,
	const struct cert_info *leaf, struct matcher_facts *facts)
{
	const struct cert_name *name = name_of(kind, leaf);

	for (unsigned i = 0; i < name->count; i++) {
		const struct cert_attribute *a = &name->attributes[i];

		if (strcmp(a->oid, kind->oid) != 0)
			continue;
		if (!a->utf8.ptr || has_nul(a->utf8))
			facts->unclear = true;
		else
			add(facts, a->utf8);
	}
}

void matcher_find_dn(const struct matcher_kind *kind,
	const struct cert_info *leaf, struct matcher_facts *facts)
{
	struct slice octets = {NULL, 0};

	if (dn_of_name(name_of(kind, leaf), facts->arena, &octets) == DN_GOOD)
		add(facts, octets);
	else
		facts->unclear = true;
}

/* ---- alternative names ---- */

/* NULL: none can be told. */
static const struct cert_extensions *sans_of(
	const struct cert_info *leaf, struct matcher_facts *facts)
{
	const struct cert_extensions *e = leaf->extensions;

	if (!e || e->sans_too_many || e->sans_malformed) {
		facts->unclear = true;
		return NULL;
	}
	return e;
}

void matcher_find_dns(const struct matcher_kind *kind,
	const struct cert_info *leaf, struct matcher_facts *facts)
{
	const struct cert_extensions *e = sans_of(leaf, facts);

	(void)kind;
	for (unsigned i = 0; e && i < e->dns.count; i++) {
		if (matcher_dns_valid(e->dns.items[i], true))
			add(facts, matcher_lower(
					   e->dns.items[i], 0, facts->arena));
		else
			facts->unclear = true;
	}
}

void matcher_find_uri(const struct matcher_kind *kind,
	const struct cert_info *leaf, struct matcher_facts *facts)
{
	const struct cert_extensions *e = sans_of(leaf, facts);

	(void)kind;
	for (unsigned i = 0; e && i < e->uri.count; i++) {
		if (matcher_uri_valid(e->uri.items[i]))
			add(facts, e->uri.items[i]);
		else
			facts->unclear = true;
	}
}

/* X.509-SVID section 2: exactly one URI. Several are no identity. */
void matcher_find_spiffe(const struct matcher_kind *kind,
	const struct cert_info *leaf, struct matcher_facts *facts)
{
	static const struct slice scheme = {"spiffe://", 9};
	const struct cert_extensions *e = sans_of(leaf, facts);
	bool spiffe = false;

	for (unsigned i = 0; e && i < e->uri.count; i++)
		spiffe |= slice_eq_nocase(
			slice_head(e->uri.items[i], scheme.len), scheme);
	if (!spiffe)
		return;
	if (e->uri.count == 1 && slice_starts(e->uri.items[0], scheme))
		matcher_find_uri(kind, leaf, facts);
	else
		facts->unclear = true;
}

void matcher_find_email(const struct matcher_kind *kind,
	const struct cert_info *leaf, struct matcher_facts *facts)
{
	const struct cert_extensions *e = sans_of(leaf, facts);

	(void)kind;
	for (unsigned i = 0; e && i < e->email.count; i++) {
		struct slice one = e->email.items[i];

		if (matcher_email_valid(one, true))
			add(facts, matcher_lower(one, slice_find(one, '@'),
					   facts->arena));
		else
			facts->unclear = true;
	}
}

void matcher_find_ip(const struct matcher_kind *kind,
	const struct cert_info *leaf, struct matcher_facts *facts)
{
	const struct cert_extensions *e = sans_of(leaf, facts);

	(void)kind;
	for (unsigned i = 0; e && i < e->ip.count; i++) {
		if (e->ip.items[i].len == 4 || e->ip.items[i].len == 16)
			add(facts, e->ip.items[i]);
		else
			facts->unclear = true;
	}
}

/* ---- the certificate itself ---- */

void matcher_find_serial(const struct matcher_kind *kind,
	const struct cert_info *leaf, struct matcher_facts *facts)
{
	char *out = arena_alloc(facts->arena, leaf->serial.len + 1);

	(void)kind;
	if (!out) {
		facts->unclear = true;
		return;
	}
	out[0] = leaf->serial_negative ? '-' : '+';
	memcpy(out + 1, leaf->serial.ptr, leaf->serial.len);
	add(facts, slice_of(out, leaf->serial.len + 1));
}

void matcher_find_fingerprint(const struct matcher_kind *kind,
	const struct cert_info *leaf, struct matcher_facts *facts)
{
	(void)kind;
	add(facts, slice_of(leaf->sha256, sizeof(leaf->sha256)));
}

void matcher_find_spki(const struct matcher_kind *kind,
	const struct cert_info *leaf, struct matcher_facts *facts)
{
	const struct cert_extensions *e = leaf->extensions;

	(void)kind;
	if (e)
		add(facts, slice_of(e->spki_sha256, sizeof(e->spki_sha256)));
	else
		facts->unclear = true;
}

void matcher_find_ski(const struct matcher_kind *kind,
	const struct cert_info *leaf, struct matcher_facts *facts)
{
	const struct cert_extensions *e = leaf->extensions;

	(void)kind;
	if (!e)
		facts->unclear = true;
	else if (e->subject_key_id.len)
		add(facts, e->subject_key_id);
}
