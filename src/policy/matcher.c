#include "matcher_priv.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "config/config_problem.h"
#include "config/config_value.h"
#include "policy/pattern.h"
#include "policy/text_set.h"

struct matcher {
	const struct matcher_kind *kind;
	enum config_matcher number;
	const struct config_texts *values;
	struct text_set exact; /* or networks */
	struct pattern *patterns;
	size_t pattern_count;
	bool prefixes[2][129]; /* of networks: which there are; IPv4, IPv6 */
};

/* ---- kinds ---- */

#define ATTRIBUTE(name_, oid_, issuer_)                              \
	{                                                            \
		.name = (name_), .oid = (oid_), .issuer = (issuer_), \
		.stops = "", .read = matcher_read_text,              \
		.find = matcher_find_attribute                       \
	}
#define SUBJECT(name_, oid_) ATTRIBUTE("subject_" name_, oid_, false)
#define ISSUER(name_, oid_) ATTRIBUTE("issuer_" name_, oid_, true)
#define KIND(name_, read_, find_, ...)                       \
	{                                                    \
		.name = name_, .read = matcher_read_##read_, \
		.find = matcher_find_##find_, __VA_ARGS__    \
	}

static const struct matcher_kind kinds[MATCHER_COUNT] = {
	[MATCHER_SUBJECT_CN] = SUBJECT("cn", "2.5.4.3"),
	[MATCHER_SUBJECT_OU] = SUBJECT("ou", "2.5.4.11"),
	[MATCHER_SUBJECT_O] = SUBJECT("o", "2.5.4.10"),
	[MATCHER_SUBJECT_L] = SUBJECT("l", "2.5.4.7"),
	[MATCHER_SUBJECT_ST] = SUBJECT("st", "2.5.4.8"),
	[MATCHER_SUBJECT_C] = SUBJECT("c", "2.5.4.6"),
	[MATCHER_SUBJECT_STREET] = SUBJECT("street", "2.5.4.9"),
	[MATCHER_SUBJECT_DC] = SUBJECT("dc", "0.9.2342.19200300.100.1.25"),
	[MATCHER_SUBJECT_UID] = SUBJECT("uid", "0.9.2342.19200300.100.1.1"),
	[MATCHER_SUBJECT_EMAIL] = SUBJECT("email", "1.2.840.113549.1.9.1"),
	[MATCHER_SUBJECT_SERIAL_NUMBER] = SUBJECT("serial_number", "2.5.4.5"),
	[MATCHER_SUBJECT_TITLE] = SUBJECT("title", "2.5.4.12"),
	[MATCHER_SUBJECT_GN] = SUBJECT("gn", "2.5.4.42"),
	[MATCHER_SUBJECT_SN] = SUBJECT("sn", "2.5.4.4"),
	[MATCHER_SUBJECT_ORGANIZATION_IDENTIFIER] =
		SUBJECT("organization_identifier", "2.5.4.97"),
	[MATCHER_ISSUER_CN] = ISSUER("cn", "2.5.4.3"),
	[MATCHER_ISSUER_OU] = ISSUER("ou", "2.5.4.11"),
	[MATCHER_ISSUER_O] = ISSUER("o", "2.5.4.10"),
	[MATCHER_ISSUER_L] = ISSUER("l", "2.5.4.7"),
	[MATCHER_ISSUER_ST] = ISSUER("st", "2.5.4.8"),
	[MATCHER_ISSUER_C] = ISSUER("c", "2.5.4.6"),
	[MATCHER_ISSUER_DC] = ISSUER("dc", "0.9.2342.19200300.100.1.25"),
	[MATCHER_ISSUER_ORGANIZATION_IDENTIFIER] =
		ISSUER("organization_identifier", "2.5.4.97"),
	[MATCHER_SUBJECT_DN] = KIND("subject_dn", dn, dn, .octets = true),
	[MATCHER_ISSUER_DN] =
		KIND("issuer_dn", dn, dn, .octets = true, .issuer = true),
	[MATCHER_SAN_DNS] =
		KIND("san_dns", dns, dns, .stops = ".", .extension = true),
	[MATCHER_SAN_URI] =
		KIND("san_uri", uri, uri, .stops = "/?#", .extension = true),
	[MATCHER_SAN_EMAIL] = KIND(
		"san_email", email, email, .stops = ".@", .extension = true),
	[MATCHER_SAN_IP] = KIND("san_ip", ip, ip, .octets = true,
		.networks = true, .extension = true),
	[MATCHER_SPIFFE_ID] = KIND(
		"spiffe_id", spiffe, spiffe, .stops = "/?#", .extension = true),
	[MATCHER_SERIAL] = KIND("serial", serial, serial, .octets = true),
	[MATCHER_FINGERPRINT_SHA256] =
		KIND("fingerprint_sha256", sha256, fingerprint, .octets = true),
	[MATCHER_SPKI_SHA256] = KIND(
		"spki_sha256", pin, spki, .octets = true, .extension = true),
	[MATCHER_SKI] =
		KIND("ski", octets, ski, .octets = true, .extension = true),
};

const struct matcher_kind *matcher_kind_of(enum config_matcher kind)
{
	assert(kind < MATCHER_COUNT);
	return &kinds[kind];
}

const char *matcher_name(enum config_matcher kind)
{
	return matcher_kind_of(kind)->name;
}

bool matcher_needs_extensions(enum config_matcher kind)
{
	return matcher_kind_of(kind)->extension;
}

enum config_matcher matcher_kind(const struct matcher *matcher)
{
	return matcher->number;
}

const struct config_texts *matcher_values(const struct matcher *matcher)
{
	return matcher->values;
}

/* ---- compiling ---- */

/* NULL, or what is wrong. */
static const char *add(
	struct matcher *m, struct slice text, struct arena *arena)
{
	bool star = pattern_has_star(text);
	struct slice value = {NULL, 0};
	const char *wrong;

	if (star && text.len > PATTERN_MAX)
		return "is longer than a pattern may be (255 bytes)";
	wrong = m->kind->read(text, arena, &value);
	if (wrong)
		/* a literal, it does not point into value */
		/* cppcheck-suppress returnDanglingLifetime */
		return wrong;
	if (star && m->kind->stops) {
		if (!pattern_init(&m->patterns[m->pattern_count++], value,
			    m->kind->stops, arena))
			return "out of memory";
		return NULL;
	}
	if (m->kind->networks)
		m->prefixes[value.ptr[0] == 16][(unsigned char)value.ptr[1]] =
			true;
	text_set_add(&m->exact, value, 0);
	return NULL;
}

struct matcher *matcher_new(enum config_matcher kind,
	const struct config_texts *values, const char *where,
	struct arena *arena, struct config_problems *problems)
{
	struct matcher *m = arena_zalloc(arena, sizeof(*m));
	size_t stars = 0;
	bool ok = true;

	for (size_t i = 0; i < values->count; i++)
		stars += pattern_has_star(slice_str(values->items[i].text));
	if (!m || !text_set_init(&m->exact, arena, values->count))
		return NULL;
	m->patterns = arena_zalloc(arena, (stars + 1) * sizeof(*m->patterns));
	if (!m->patterns)
		return NULL;
	m->kind = matcher_kind_of(kind);
	m->number = kind;
	m->values = values;
	for (size_t i = 0; i < values->count; i++) {
		struct slice text = slice_str(values->items[i].text);
		const char *wrong = add(m, text, arena);
		char shown[CONFIG_SHOWN];

		if (!wrong)
			continue;
		ok = false;
		config_problem(problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			values->items[i].mark, "%s.%s: %s %s", where,
			m->kind->name, config_shown(text, shown), wrong);
	}
	return ok ? m : NULL;
}

/* ---- judging ---- */

static bool in_a_network(const struct matcher *m, struct slice address)
{
	const bool *there = m->prefixes[address.len == 16];
	char key[MATCHER_NETWORK_MAX];

	for (unsigned prefix = 0; prefix <= 8 * address.len; prefix++) {
		if (there[prefix] &&
			text_set_has(&m->exact,
				matcher_network(key, address, prefix)))
			return true;
	}
	return false;
}

static bool has_value(const struct matcher *m, struct slice value)
{
	if (m->kind->networks)
		return in_a_network(m, value);
	if (text_set_has(&m->exact, value))
		return true;
	for (size_t i = 0; i < m->pattern_count; i++) {
		if (pattern_match(&m->patterns[i], value))
			return true;
	}
	return false;
}

void matcher_facts_read(const struct matcher_kind *kind,
	const struct cert_info *leaf, struct matcher_facts *facts,
	struct arena *arena)
{
	*facts = (struct matcher_facts){.arena = arena};
	kind->find(kind, leaf, facts);
}

enum match matcher_judge(const struct matcher *m, const struct cert_info *leaf,
	struct arena *scratch)
{
	struct matcher_facts facts;

	if (!leaf)
		return MATCH_UNCLEAR;
	matcher_facts_read(m->kind, leaf, &facts, scratch);
	for (size_t i = 0; i < facts.count; i++) {
		if (has_value(m, facts.items[i]))
			return MATCH_YES;
	}
	return facts.unclear ? MATCH_UNCLEAR : MATCH_NO;
}
