/* tls_sni: certificates, their names, and the groups that these make. */
#include "tls_sni_priv.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "config/config_problem.h"
#include "tls/cert_time.h"

enum { PLACE = 64 };

struct loading {
	struct tls_sni *sni;
	struct config_problems *problems;
	bool lone; /* written in the short form */
	bool failed;
};

/* How the configuration calls a certificate. */
static const char *place_of(const struct loading *l,
	const struct sni_certificate *c, char out[PLACE])
{
	if (l->lone)
		snprintf(out, PLACE, "tls");
	else
		snprintf(out, PLACE, "tls.certificates[%zu]",
			(size_t)(c - l->sni->certificates));
	return out;
}

static bool no_memory(struct loading *l, const struct sni_certificate *c)
{
	config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_INTERNAL,
		c->files->cert.mark, "tls: out of memory");
	l->failed = true;
	return false;
}

/* ---- the names of a certificate ---- */

/* A dNSName or iPAddress (RFC 5280 section 4.2.1.6). false: neither, or none
 * that a client could ask for. */
static bool read_general_name(
	const GENERAL_NAME *general, struct server_name *name)
{
	const ASN1_STRING *value = general->d.ia5;
	char text[INET6_ADDRSTRLEN];
	int family;

	if (general->type == GEN_DNS)
		return server_name_pattern(
			slice_of(ASN1_STRING_get0_data(value),
				(size_t)ASN1_STRING_length(value)),
			name);
	if (general->type != GEN_IPADD)
		return false;
	family = ASN1_STRING_length(value) == 4 ? AF_INET : AF_INET6;
	if (family == AF_INET6 && ASN1_STRING_length(value) != 16)
		return false;
	return inet_ntop(family, ASN1_STRING_get0_data(value), text,
		       sizeof(text)) &&
	       server_name_read(slice_str(text), name);
}

struct held { /* the names that a certificate holds */
	struct server_name *names;
	size_t count;
};

static bool read_held(X509 *leaf, struct held *held)
{
	GENERAL_NAMES *list =
		X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	int count = sk_GENERAL_NAME_num(list);

	*held = (struct held){0};
	held->names =
		calloc(count > 0 ? (size_t)count : 1, sizeof(*held->names));
	for (int i = 0; held->names && i < count; i++)
		held->count += read_general_name(sk_GENERAL_NAME_value(list, i),
			&held->names[held->count]);
	GENERAL_NAMES_free(list);
	ERR_clear_error();
	return held->names != NULL;
}

static bool holds(const struct held *held, const struct server_name *name)
{
	for (size_t i = 0; i < held->count; i++) {
		if (server_name_covers(&held->names[i], name))
			return true;
	}
	return false;
}

/* ---- server_names ---- */

static void refuse_name(struct loading *l, const struct sni_certificate *c,
	const struct config_text *text)
{
	struct slice written = slice_str(text->text);
	bool ascii = true;
	char at[PLACE];

	for (size_t i = 0; i < written.len; i++)
		ascii = ascii && (unsigned char)written.ptr[i] < 0x80;
	config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_CONFIG, text->mark,
		"%s.server_names: \"%s\" is no server name", place_of(l, c, at),
		text->text);
	if (!ascii)
		config_problem_note(l->problems,
			"write it as clients send it, with A-labels "
			"(xn--...)");
	else if (slice_find(written, ':') < written.len)
		config_problem_note(l->problems,
			"a name stands here without a port or scheme");
	else if (slice_find(written, '*') < written.len)
		config_problem_note(l->problems,
			"a wildcard is *.example.org, for exactly one label; "
			"the first certificate is for all other names");
	l->failed = true;
}

static void warn_uncovered(struct loading *l, const struct sni_certificate *c,
	const struct config_text *text)
{
	char at[PLACE];

	config_problem(l->problems, CONFIG_WARNING, EXIT_CODE_OK, text->mark,
		"%s.server_names: %s is not in the certificate %s; clients "
		"that ask for it will refuse it",
		place_of(l, c, at), text->text, c->files->cert.text);
}

static void take_written(
	struct loading *l, struct sni_certificate *c, const struct held *held)
{
	const struct config_texts *written = &c->files->server_names;

	for (size_t i = 0; i < written->count; i++) {
		const struct config_text *text = &written->items[i];
		struct server_name *name = &c->names[c->name_count];

		if (!text->text)
			continue; /* the loader complained */
		if (!server_name_pattern(slice_str(text->text), name)) {
			refuse_name(l, c, text);
			continue;
		}
		c->name_count++;
		if (!holds(held, name))
			warn_uncovered(l, c, text);
	}
}

static int by_text(const void *a, const void *b)
{
	const struct server_name *x = a, *y = b;

	return strcmp(x->text, y->text);
}

/* In order, each once. */
static void settle_names(struct sni_certificate *c)
{
	size_t kept = 0;

	if (!c->name_count)
		return;
	qsort(c->names, c->name_count, sizeof(*c->names), by_text);
	for (size_t i = 1; i < c->name_count; i++) {
		if (by_text(&c->names[kept], &c->names[i]) != 0)
			c->names[++kept] = c->names[i];
	}
	c->name_count = kept + 1;
}

static bool read_names(struct loading *l, struct sni_certificate *c)
{
	size_t written = c->files->server_names.count;
	struct held held;

	if (!read_held(c->pair.leaf, &held))
		return no_memory(l, c);
	if (written) {
		c->names = calloc(written, sizeof(*c->names));
		if (c->names)
			take_written(l, c, &held);
		free(held.names);
	} else {
		c->names = held.names;
		c->name_count = held.count;
	}
	if (!c->names)
		return no_memory(l, c);
	settle_names(c);
	return true;
}

/* ---- groups ---- */

static int kind_of(const struct sni_certificate *c)
{
	return EVP_PKEY_get_base_id(c->pair.key);
}

/* Over the names, each with its NUL. */
static uint32_t identity_of(const struct sni_certificate *c)
{
	uint64_t hash = SLICE_HASH;

	for (size_t i = 0; i < c->name_count; i++)
		hash = slice_hash(
			slice_of(c->names[i].text, c->names[i].len + 1), hash);
	return (uint32_t)(hash ^ hash >> 32);
}

static void new_group(struct tls_sni *sni, struct sni_certificate *c)
{
	c->group = sni->group_count;
	c->identity = identity_of(c);
	sni->groups[sni->group_count++] = c;
}

/* Where the name of c stands, in server_names or in the certificate. */
static struct config_mark mark_of(
	const struct sni_certificate *c, const struct server_name *name)
{
	const struct config_texts *written = &c->files->server_names;
	struct server_name one;

	for (size_t i = 0; i < written->count; i++) {
		const char *text = written->items[i].text;

		if (text && server_name_pattern(slice_str(text), &one) &&
			by_text(&one, name) == 0)
			return written->items[i].mark;
	}
	return c->files->cert.mark;
}

/* Both claim this name (NULL: both are for clients without one). */
static void refuse_both(struct loading *l, const struct sni_certificate *c,
	const struct sni_certificate *other, const struct server_name *name)
{
	static const char none[] = "no name";
	char at[PLACE], there[PLACE], kind[KEY_PAIR_KIND];
	bool alike = kind_of(c) == kind_of(other);

	l->failed = true;
	key_pair_kind(c->pair.key, kind);
	config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
		name ? mark_of(c, name) : c->files->cert.mark,
		"%s: %s is the name of %s (line %u), too%s", place_of(l, c, at),
		name ? name->text : none, place_of(l, other, there),
		name ? mark_of(other, name).line : other->files->cert.mark.line,
		alike ? ", with a key of the same kind" : "");
	if (alike)
		config_problem_note(l->problems,
			"of both the key is %s; server_names says which of the "
			"two is shown for a name",
			kind);
	else
		config_problem_note(l->problems,
			"keys of different kinds stand side by side when all "
			"names are the same; give both the same server_names");
}

static bool same_names(
	const struct sni_certificate *a, const struct sni_certificate *b)
{
	if (a->name_count != b->name_count)
		return false;
	for (size_t i = 0; i < a->name_count; i++) {
		if (by_text(&a->names[i], &b->names[i]) != 0)
			return false;
	}
	return true;
}

/* Beside the certificates of that group, which has its first name. */
static void join(struct loading *l, struct sni_certificate *c, size_t group)
{
	struct sni_certificate *at = l->sni->groups[group];
	const struct server_name *name = c->name_count ? c->names : NULL;

	if (!same_names(at, c)) {
		refuse_both(l, c, at, name);
		return;
	}
	for (;; at = at->next) {
		if (kind_of(at) == kind_of(c)) {
			refuse_both(l, c, at, name);
			return;
		}
		if (!at->next)
			break;
	}
	at->next = c;
	c->group = group;
	c->identity = at->identity;
}

/* A certificate that nobody can ask for is the default one, or a mistake. */
static void claim_nothing(struct loading *l, struct sni_certificate *c)
{
	struct tls_sni *sni = l->sni;
	char at[PLACE];

	if (!sni->group_count) {
		new_group(sni, c);
	} else if (!sni->groups[0]->name_count) {
		join(l, c, 0);
	} else {
		config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			c->files->cert.mark,
			"%s: %s holds no name that a client can ask for, so it "
			"is never shown; write its server_names",
			place_of(l, c, at), c->files->cert.text);
		l->failed = true;
	}
}

static void claim(struct loading *l, struct sni_certificate *c)
{
	struct tls_sni *sni = l->sni;

	if (!c->name_count) {
		claim_nothing(l, c);
		return;
	}
	for (size_t i = 0; i < c->name_count; i++) {
		int group = (int)(i ? c->group : sni->group_count);

		switch (server_names_add(sni->names, &c->names[i], &group)) {
		case SERVER_NAMES_ADDED:
			if (!i)
				new_group(sni, c);
			break;
		case SERVER_NAMES_TAKEN:
			if (!i)
				join(l, c, (size_t)group);
			else
				refuse_both(
					l, c, sni->groups[group], &c->names[i]);
			return;
		case SERVER_NAMES_MEMORY:
			(void)!no_memory(l, c);
			return;
		}
	}
}

/* ---- the whole ---- */

static bool load_one(struct loading *l, struct sni_certificate *c)
{
	char at[PLACE], key[PLACE + 16];

	place_of(l, c, at);
	snprintf(key, sizeof(key), "%s.ocsp_file", at);
	if (!key_pair_load(
		    &c->pair, c->files, at, KEY_PAIR_SERVER, l->problems) ||
		!ocsp_staple_load(&c->staple, &c->files->ocsp_file, key,
			&c->pair, l->problems)) {
		l->failed = true;
		return false;
	}
	if (X509_set_ex_data(c->pair.leaf, 0, c) != 1)
		return no_memory(l, c);
	return true;
}

static void note_expiry(struct tls_sni *sni, const struct sni_certificate *c)
{
	struct cert_time end = cert_time_of(X509_get0_notAfter(c->pair.leaf));

	if (end.valid && end.unix_seconds < sni->expires)
		sni->expires = end.unix_seconds;
}

static void load_all(struct loading *l, const struct config_certificate *files)
{
	struct tls_sni *sni = l->sni;
	/* With one certificate for all comers nobody asks for its names. */
	bool named = sni->count > 1 || sni->reject || files->server_names.count;

	for (size_t i = 0; i < sni->count; i++) {
		struct sni_certificate *c = &sni->certificates[i];

		c->files = &files[i];
		if (!load_one(l, c) || (named && !read_names(l, c)))
			continue;
		note_expiry(sni, c);
		claim(l, c);
	}
}

/* One certificate for all comers: names select nothing. */
static void warn_idle_names(
	struct loading *l, const struct config_certificate *files)
{
	if (tls_sni_selects(l->sni) || !files->server_names.count)
		return;
	config_problem(l->problems, CONFIG_WARNING, EXIT_CODE_OK,
		files->server_names.items[0].mark,
		"tls.certificates[0].server_names: without effect; the only "
		"certificate is shown for every name");
	config_problem_note(
		l->problems, "unknown_server_name: reject makes names count");
}

static struct tls_sni *sni_new(size_t count)
{
	struct tls_sni *sni = calloc(1, sizeof(*sni));

	if (!sni)
		return NULL;
	sni->expires = INT64_MAX;
	sni->count = count;
	sni->certificates = calloc(count, sizeof(*sni->certificates));
	sni->groups = calloc(count, sizeof(*sni->groups));
	sni->names = server_names_new();
	if (sni->certificates && sni->groups && sni->names)
		return sni;
	tls_sni_free(sni);
	return NULL;
}

static void forget_names(struct tls_sni *sni)
{
	for (size_t i = 0; sni->certificates && i < sni->count; i++) {
		free(sni->certificates[i].names);
		sni->certificates[i].names = NULL;
	}
}

struct tls_sni *tls_sni_load(
	const struct config_tls *tls, struct config_problems *problems)
{
	struct config_certificate lone = {
		.cert = tls->cert, .key = tls->key, .mark = tls->cert.mark};
	struct loading l = {
		.problems = problems, .lone = !tls->certificate_count};

	l.sni = sni_new(l.lone ? 1 : tls->certificate_count);
	if (!l.sni) {
		config_problem(problems, CONFIG_ERROR, EXIT_CODE_INTERNAL,
			tls->cert.mark, "tls: out of memory");
		return NULL;
	}
	l.sni->reject = tls->unknown_server_name == UNKNOWN_SERVER_NAME_REJECT;
	load_all(&l, l.lone ? &lone : tls->certificates);
	if (!l.failed && !l.lone)
		warn_idle_names(&l, tls->certificates);
	forget_names(l.sni);
	if (!l.failed)
		return l.sni;
	tls_sni_free(l.sni);
	return NULL;
}

void tls_sni_free(struct tls_sni *sni)
{
	if (!sni)
		return;
	forget_names(sni);
	for (size_t i = 0; sni->certificates && i < sni->count; i++) {
		key_pair_fini(&sni->certificates[i].pair);
		ocsp_staple_fini(&sni->certificates[i].staple);
	}
	server_names_free(sni->names);
	free(sni->groups);
	free(sni->certificates);
	free(sni);
}

int64_t tls_sni_expires(const struct tls_sni *sni)
{
	return sni->expires;
}
