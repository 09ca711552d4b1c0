#include "crl_set_priv.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>

#include "config/config_client_auth.h"
#include "config/config_problem.h"
#include "file_walk_priv.h"
#include "pem_priv.h"
#include "problem_priv.h"

static const char key[] = "client_auth.crl.files";

enum {
	MARGIN_LEAST = 600,      /* seconds before nextUpdate */
	MARGIN_MOST = 7 * 86400, /* a tenth of its life, between these */
	MANY_ENTRIES = 4096,
	WHERE = 4096 + 32, /* a path and a line */
};

/* A CRL and where it stood. */
struct found {
	struct crl *crl;
	struct config_mark mark;
	char *where;
	bool outdated;
};

struct loader {
	const struct config_client_auth *settings;
	X509_STORE *cas;
	struct config_problems *problems;
	struct config_mark mark; /* of the entry being read */
	const char *path;        /* of the file being read */
	int64_t now;
	struct found *found;
	size_t count, room;
	bool failed;
};

static void no_memory(struct loader *l)
{
	config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_INTERNAL, l->mark,
		"%s: out of memory", key);
	l->failed = true;
}

static void refuse(struct loader *l, const char *where, const char *why)
{
	config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_CONFIG, l->mark,
		"%s: %s: the CRL %s", key, where, why);
	l->failed = true;
}

/* ---- whose it is ---- */

static X509 *ca_at(const struct loader *l, int i)
{
	return X509_OBJECT_get0_X509(
		sk_X509_OBJECT_value(X509_STORE_get0_objects(l->cas), i));
}

static int ca_count(const struct loader *l)
{
	return sk_X509_OBJECT_num(X509_STORE_get0_objects(l->cas));
}

/* May somebody stand between a configured CA and a client? */
static bool intermediates_possible(const struct loader *l)
{
	for (int i = 0; i < ca_count(l); i++) {
		X509 *ca = ca_at(l, i);

		if (ca && X509_get_pathlen(ca) != 0)
			return true;
	}
	return false;
}

static void tell_stranger(struct loader *l, const char *where, X509_NAME *name)
{
	char text[PROBLEM_NAME];

	if (intermediates_possible(l))
		return; /* it may be an intermediate's that clients send */
	problem_distinguished_name(name, text);
	config_problem(l->problems, CONFIG_WARNING, EXIT_CODE_OK, l->mark,
		"%s: %s: the CRL of %s is of no use", key, where, text);
	config_problem_note(l->problems,
		"none of the %d CAs loaded has that name, and none of them may "
		"have intermediates (pathlen:0)",
		ca_count(l));
}

static void tell_forged(struct loader *l, const char *where,
	const struct crl *crl, enum crl_proof proof)
{
	char text[PROBLEM_NAME];

	problem_distinguished_name(crl->issuer, text);
	refuse(l, where,
		proof == CRL_NO_RIGHT
			? "comes from a CA that may not sign CRLs"
			: "is not signed by the CA that it names");
	config_problem_note(l->problems,
		proof == CRL_NO_RIGHT
			? "the key usage of %s is without cRLSign"
			: "no CA loaded with the name %s has the key that "
			  "signed it",
		text);
}

/* false: it is in the name of a configured CA that did not sign it. */
static bool attest(struct loader *l, const char *where, struct crl *crl)
{
	enum crl_proof proof = CRL_OTHER_KEY;
	bool known = false;

	for (int i = 0; i < ca_count(l) && proof != CRL_PROVEN; i++) {
		X509 *ca = ca_at(l, i);
		enum crl_proof one;

		if (!ca ||
			X509_NAME_cmp(X509_get_subject_name(ca), crl->issuer))
			continue;
		known = true;
		one = crl_prove(crl, ca);
		if (one == CRL_PROVEN || proof == CRL_OTHER_KEY)
			proof = one;
	}
	if (!known)
		tell_stranger(l, where, crl->issuer);
	else if (proof != CRL_PROVEN)
		tell_forged(l, where, crl, proof);
	return !known || proof == CRL_PROVEN;
}

/* ---- keeping ---- */

static bool make_room(struct loader *l)
{
	size_t room = l->room ? l->room * 2 : 8;
	void *moved;

	if (l->count < l->room)
		return true;
	moved = realloc(l->found, room * sizeof(*l->found));
	if (!moved)
		return false;
	l->found = moved;
	l->room = room;
	return true;
}

static bool keep(struct loader *l, const char *where, struct crl *crl)
{
	struct found *found;

	if (!make_room(l))
		return false;
	found = &l->found[l->count];
	found->where = strdup(where);
	found->crl = crl;
	found->mark = l->mark;
	found->outdated = false;
	l->count += found->where != NULL;
	return found->where != NULL;
}

static void add(struct loader *l, const char *where, X509_CRL **parsed)
{
	char why[CRL_WHY];
	struct crl *crl = crl_new(parsed, why);

	if (!crl) {
		refuse(l, where, why);
	} else if (!attest(l, where, crl)) {
		crl_free(crl);
	} else if (!keep(l, where, crl)) {
		crl_free(crl);
		no_memory(l);
	}
}

/* ---- files ---- */

static void read_der(struct loader *l, const struct pem_file *file)
{
	const unsigned char *at = (const unsigned char *)file->text;
	const unsigned char *end = at + file->len;
	char where[WHERE];

	snprintf(where, sizeof(where), "%s", l->path);
	while (at < end) {
		size_t offset =
			(size_t)(at - (const unsigned char *)file->text);
		X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)(end - at));

		if (!crl) {
			config_problem(l->problems, CONFIG_ERROR,
				EXIT_CODE_CONFIG, l->mark,
				"%s: %s: what begins at octet %zu is no CRL",
				key, l->path, offset);
			l->failed = true;
			return;
		}
		add(l, where, &crl);
		X509_CRL_free(crl);
	}
}

static void read_block(struct loader *l, const struct pem_block *block)
{
	const unsigned char *at = (const unsigned char *)block->der.ptr;
	const unsigned char *end = at + block->der.len;
	char where[WHERE];
	X509_CRL *crl;

	if (!slice_eq(block->label, SLICE("X509 CRL"))) {
		config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			l->mark,
			"%s: %s: the block at line %u is \"%.*s\"; only "
			"\"X509 CRL\" may stand here",
			key, l->path, block->line, SLICE_FMT(block->label));
		l->failed = true;
		return;
	}
	crl = d2i_X509_CRL(NULL, &at, (long)block->der.len);
	if (!crl || at != end) {
		config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			l->mark, "%s: %s: the block at line %u is no CRL", key,
			l->path, block->line);
		l->failed = true;
	} else {
		snprintf(where, sizeof(where), "%s (line %u)", l->path,
			block->line);
		add(l, where, &crl);
	}
	X509_CRL_free(crl);
}

static void read_pem(struct loader *l, struct pem_file *file)
{
	enum pem_result result;
	struct pem_block block;
	const char *why = NULL;
	unsigned line = 0, blocks = 0;

	while ((result = pem_next(file, &block, &why, &line)) == PEM_OK) {
		blocks++;
		read_block(l, &block);
	}
	if (result == PEM_BROKEN) {
		config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			l->mark, "%s: %s, line %u: %s", key, l->path, line,
			why);
		l->failed = true;
	} else if (!blocks) {
		problem_no_block(
			l->problems, key, l->mark, l->path, "CRL", file);
		l->failed = true;
	}
}

static void read_file(void *arg, const char *path)
{
	struct loader *l = arg;
	struct pem_file file;

	if (!pem_open(&file, path)) {
		problem_unreadable(l->problems, key, l->mark, path, errno);
		l->failed = true;
		return;
	}
	l->path = path;
	if (pem_looks_like_der(&file))
		read_der(l, &file);
	else
		read_pem(l, &file);
	pem_close(&file);
}

/* ---- the set ---- */

static bool is_newer(const struct crl *a, const struct crl *b, int64_t now)
{
	return a->this_update <= now && a->this_update > b->this_update;
}

static void drop(struct found *found)
{
	crl_free(found->crl);
	free(found->where);
	found->crl = NULL;
	found->where = NULL;
}

static bool is_outdated(const struct loader *l, const struct crl *crl)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct crl *other = l->found[i].crl;

		if (crl_same_list(crl, other) && is_newer(other, crl, l->now))
			return true;
	}
	return false;
}

/* What a newer list of the same kind replaces goes; its place stays empty. */
static void drop_outdated(struct loader *l)
{
	for (size_t i = 0; i < l->count; i++)
		l->found[i].outdated = is_outdated(l, l->found[i].crl);
	for (size_t i = 0; i < l->count; i++) {
		if (l->found[i].outdated)
			drop(&l->found[i]);
	}
}

static int64_t margin_of(const struct crl *crl)
{
	int64_t tenth = (crl->next_update - crl->this_update) / 10;

	if (tenth < MARGIN_LEAST)
		return MARGIN_LEAST;
	return tenth < MARGIN_MOST ? tenth : MARGIN_MOST;
}

static const char *trouble_of(const struct loader *l, const struct crl *crl)
{
	if (crl->this_update > l->now)
		return "is not valid yet; until then its clients are refused";
	if (crl->next_update == INT64_MAX)
		return "says nothing of its end, so that it never expires";
	if (crl->next_update <= l->now)
		return l->settings->crl.when_expired == CRL_POLICY_ALLOW
			       ? "has expired; its clients pass all the same "
				 "(when_expired: allow)"
			       : "has expired; its clients are refused";
	if (crl->next_update - margin_of(crl) <= l->now)
		return "expires soon";
	return NULL;
}

static void warn(struct loader *l, const struct found *found)
{
	const struct crl *crl = found->crl;
	const char *trouble = trouble_of(l, crl);
	char name[PROBLEM_NAME], from[PROBLEM_DAY], until[PROBLEM_DAY];

	if (!trouble)
		return;
	problem_distinguished_name(crl->issuer, name);
	problem_day_of(crl->this_update, from);
	problem_day_of(crl->next_update, until);
	config_problem(l->problems, CONFIG_WARNING, EXIT_CODE_OK, found->mark,
		"%s: %s: the CRL of %s %s", key, found->where, name, trouble);
	config_problem_note(l->problems, "thisUpdate %s, nextUpdate %s", from,
		crl->next_update == INT64_MAX ? "missing" : until);
}

static struct crl_set *make_set(struct loader *l)
{
	struct crl_set *set = calloc(1, sizeof(*set));

	if (set)
		set->items = calloc(l->count + 1, sizeof(struct crl *));
	if (!set || !set->items) {
		free(set);
		no_memory(l);
		return NULL;
	}
	set->next_update = set->warn_at = INT64_MAX;
	for (size_t i = 0; i < l->count; i++) {
		struct crl *crl = l->found[i].crl;

		if (!crl)
			continue;
		warn(l, &l->found[i]);
		l->found[i].crl = NULL;
		set->items[set->count++] = crl;
		if (crl->next_update == INT64_MAX ||
			l->settings->crl.when_expired == CRL_POLICY_ALLOW)
			continue;
		if (crl->next_update < set->next_update)
			set->next_update = crl->next_update;
		if (crl->next_update - margin_of(crl) < set->warn_at)
			set->warn_at = crl->next_update - margin_of(crl);
	}
	return set;
}

/*
 * The library's form of a large CRL is ten times ours and lies in small blocks
 * below it, which the heap would keep, and every worker inherit.
 */
static void give_back(const struct loader *l)
{
	size_t entries = 0;

	for (size_t i = 0; i < l->count; i++) {
		if (l->found[i].crl)
			entries += l->found[i].crl->serials.count;
	}
	if (entries > MANY_ENTRIES)
		(void)malloc_trim(0);
}

struct crl_set *crl_set_load(const struct config_client_auth *settings,
	X509_STORE *cas, struct config_problems *problems)
{
	struct loader l = {.settings = settings,
		.cas = cas,
		.problems = problems,
		.now = time(NULL)};
	const struct file_walk walk = {.key = key,
		.ends = {".crl", ".pem"},
		.problems = problems,
		.visit = read_file,
		.arg = &l};
	const struct config_texts *files = &settings->crl.files;
	struct crl_set *set = NULL;

	for (size_t i = 0; i < files->count; i++) {
		l.mark = files->items[i].mark;
		if (!file_walk(&walk, &files->items[i]))
			l.failed = true;
	}
	if (!l.failed) {
		drop_outdated(&l);
		give_back(&l);
		set = make_set(&l);
	}
	for (size_t i = 0; i < l.count; i++)
		drop(&l.found[i]);
	free(l.found);
	ERR_clear_error();
	return set;
}

void crl_set_free(struct crl_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->count; i++)
		crl_free(set->items[i]);
	free(set->items);
	free(set);
}
