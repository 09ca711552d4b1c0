#include "tls/trust.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "config/config_problem.h"
#include "file_walk_priv.h"
#include "pem_priv.h"
#include "problem_priv.h"
#include "trust_priv.h"

/* Security level 2 (R16) asks for as much. */
enum { SECURITY_BITS = 112 };

/* One load in progress. */
struct loader {
	const char *key; /* of the configuration */
	X509_STORE *store;
	struct config_problems *problems;
	struct config_mark mark;     /* of the entry being read */
	STACK_OF(X509_NAME) * names; /* NULL: not collected */
	size_t names_len;            /* as the handshake carries them */
	bool failed;
};

/* One file of it. */
struct source {
	const char *path;
	unsigned total; /* certificates it holds */
	unsigned index; /* of the present one, from 1 */
	unsigned line;
};

static void no_memory(struct loader *l)
{
	config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_INTERNAL, l->mark,
		"%s: out of memory", l->key);
	l->failed = true;
}

static bool is_certificate(struct slice label)
{
	return slice_eq(label, SLICE("CERTIFICATE")) ||
	       slice_eq(label, SLICE("X509 CERTIFICATE"));
}

/* NULL, or why the certificate cannot be a CA. */
static const char *not_a_ca(X509 *cert)
{
	uint32_t flags = X509_get_extension_flags(cert);

	if (flags & EXFLAG_INVALID)
		return "has a malformed extension";
	if (X509_get_version(cert) == X509_VERSION_1)
		return "is a version 1 certificate, which cannot say that it "
		       "is a CA; issue it anew with basicConstraints CA:TRUE";
	if (!(flags & EXFLAG_BCONS) || !(flags & EXFLAG_CA))
		return "has no basicConstraints CA:TRUE; did you give the "
		       "client certificate by mistake?";
	if ((flags & EXFLAG_KUSAGE) &&
		!(X509_get_key_usage(cert) & KU_KEY_CERT_SIGN))
		return "has a key usage without keyCertSign";
	if (!X509_get0_pubkey(cert))
		return "has a public key of a kind that is not supported";
	return NULL;
}

static void report_not_a_ca(struct loader *l, const struct source *from,
	X509 *cert, const char *why)
{
	char name[PROBLEM_NAME];

	problem_name(cert, name);
	if (from->total == 1)
		config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			l->mark,
			"%s: %s holds 1 certificate but it is not a CA", l->key,
			from->path);
	else
		config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			l->mark,
			"%s: certificate %u of %u in %s (line %u) is not a CA",
			l->key, from->index, from->total, from->path,
			from->line);
	config_problem_note(l->problems, "%s %s", name, why);
	l->failed = true;
}

/* A CA under which no certificate can pass is worth a word. */
static void warn_useless(
	struct loader *l, const struct source *from, X509 *cert)
{
	char name[PROBLEM_NAME], day[PROBLEM_DAY];
	int after = X509_cmp_current_time(X509_get0_notAfter(cert));
	int before = X509_cmp_current_time(X509_get0_notBefore(cert));

	problem_name(cert, name);
	if (after < 0) {
		problem_day(X509_get0_notAfter(cert), day);
		config_problem(l->problems, CONFIG_WARNING, EXIT_CODE_OK,
			l->mark,
			"%s: %s: %s expired on %s; nothing it issued passes",
			l->key, from->path, name, day);
	} else if (before > 0) {
		problem_day(X509_get0_notBefore(cert), day);
		config_problem(l->problems, CONFIG_WARNING, EXIT_CODE_OK,
			l->mark, "%s: %s: %s is not valid before %s", l->key,
			from->path, name, day);
	}
	if (EVP_PKEY_get_security_bits(X509_get0_pubkey(cert)) < SECURITY_BITS)
		config_problem(l->problems, CONFIG_WARNING, EXIT_CODE_OK,
			l->mark,
			"%s: %s: %s has a weak key (%d bits); nothing it "
			"issued passes",
			l->key, from->path, name,
			EVP_PKEY_get_bits(X509_get0_pubkey(cert)));
}

/* Each name once. */
static bool add_name(struct loader *l, const X509_NAME *subject)
{
	const unsigned char *der;
	size_t len = 0;
	X509_NAME *copy;

	if (!l->names || l->names_len > TRUST_NAMES_MAX)
		return true; /* they will not be sent */
	for (int i = 0; i < sk_X509_NAME_num(l->names); i++) {
		if (!X509_NAME_cmp(sk_X509_NAME_value(l->names, i), subject))
			return true;
	}
	if (X509_NAME_get0_der(subject, &der, &len) != 1)
		return false;
	copy = X509_NAME_dup(subject);
	if (!copy || !sk_X509_NAME_push(l->names, copy)) {
		X509_NAME_free(copy);
		return false;
	}
	l->names_len += len + 2;
	return true;
}

static void add_certificate(struct loader *l, const struct source *from,
	const struct pem_block *block)
{
	const unsigned char *at = (const unsigned char *)block->der.ptr;
	const unsigned char *end = at + block->der.len;
	X509 *cert = d2i_X509(NULL, &at, (long)block->der.len);
	const char *why;

	if (!cert || at != end) {
		config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			l->mark,
			"%s: %s: the block at line %u is no X.509 certificate",
			l->key, from->path, from->line);
		l->failed = true;
		X509_free(cert);
		return;
	}
	why = not_a_ca(cert);
	if (why) {
		report_not_a_ca(l, from, cert, why);
	} else {
		warn_useless(l, from, cert);
		if (!X509_STORE_add_cert(l->store, cert) ||
			!add_name(l, X509_get_subject_name(cert)))
			no_memory(l);
	}
	X509_free(cert);
}

static void add_block(
	struct loader *l, struct source *from, const struct pem_block *block)
{
	from->line = block->line;
	if (is_certificate(block->label)) {
		from->index++;
		add_certificate(l, from, block);
		return;
	}
	if (slice_ends(block->label, SLICE("PRIVATE KEY"))) {
		config_problem(l->problems, CONFIG_WARNING, EXIT_CODE_OK,
			l->mark,
			"%s: %s holds a private key (line %u); it is not "
			"needed here and should not lie here",
			l->key, from->path, block->line);
		return;
	}
	config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_CONFIG, l->mark,
		"%s: %s: the block at line %u is \"%.*s\"; only "
		"\"CERTIFICATE\" may stand here",
		l->key, from->path, block->line, SLICE_FMT(block->label));
	l->failed = true;
}

/* Counts the certificates; false (and a problem) for a broken file. */
static bool count_blocks(
	struct loader *l, struct source *from, struct pem_file *file)
{
	struct pem_block block;
	const char *why = NULL;
	unsigned line = 0;
	enum pem_result result;

	while ((result = pem_next(file, &block, &why, &line)) == PEM_OK)
		from->total += is_certificate(block.label);
	file->at = 0;
	file->line = 1;
	if (result == PEM_BROKEN) {
		config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			l->mark, "%s: %s, line %u: %s", l->key, from->path,
			line, why);
		l->failed = true;
	}
	return result == PEM_END;
}

static void load_file(void *arg, const char *path)
{
	struct loader *l = arg;
	struct source from = {.path = path};
	struct pem_block block;
	struct pem_file file;
	const char *why;
	unsigned line;

	if (!pem_open(&file, path)) {
		problem_unreadable(l->problems, l->key, l->mark, path, errno);
		l->failed = true;
		return;
	}
	if (count_blocks(l, &from, &file)) {
		while (pem_next(&file, &block, &why, &line) == PEM_OK)
			add_block(l, &from, &block);
		if (!from.total) {
			problem_no_block(l->problems, l->key, l->mark, path,
				"certificate", &file);
			l->failed = true;
		}
	}
	pem_close(&file);
}

static void load_entry(struct loader *l, const struct config_text *entry)
{
	const struct file_walk walk = {.key = l->key,
		.ends = {".pem", ".crt"},
		.problems = l->problems,
		.visit = load_file,
		.arg = l};

	l->mark = entry->mark;
	if (!file_walk(&walk, entry))
		l->failed = true;
}

/* Shall the names be sent, and do they fit? Then the trust takes them. */
static void keep_names(struct loader *l, struct trust *trust,
	const struct config_client_auth *settings)
{
	if (settings->advertise_ca_names == CONFIG_FALSE ||
		(settings->advertise_ca_names == CONFIG_AUTO &&
			settings->mode == CLIENT_AUTH_REQUEST_ANY))
		return;
	if (l->names_len > TRUST_NAMES_MAX) {
		config_problem(l->problems, CONFIG_WARNING, EXIT_CODE_OK,
			settings->mark,
			"client_auth.advertise_ca_names: the CA names are more "
			"than %d bytes; they are not sent",
			TRUST_NAMES_MAX);
		return;
	}
	trust->names = l->names;
	l->names = NULL;
}

/* Both, so that one run finds all that is wrong; CRLs need their CAs. */
static void load_revocation(struct loader *l, struct trust *trust,
	const struct config_client_auth *settings)
{
	if (!deny_load(&trust->deny, &settings->deny, l->problems))
		l->failed = true;
	if (l->failed || !settings->crl.files.count)
		return;
	trust->crls = crl_set_load(settings, trust->store, l->problems);
	l->failed = !trust->crls;
}

static void load_all(struct loader *l, const struct config_texts *ca)
{
	for (size_t i = 0; i < ca->count; i++)
		load_entry(l, &ca->items[i]);
}

static void fill(struct loader *l, struct trust *trust,
	const struct config_client_auth *settings)
{
	l->store = trust->store = X509_STORE_new();
	l->names = sk_X509_NAME_new_null();
	if (!l->store || !l->names) {
		no_memory(l);
		return;
	}
	load_all(l, &settings->ca);
	keep_names(l, trust, settings);
	load_revocation(l, trust, settings);
}

struct trust *trust_load(const struct config_client_auth *settings,
	struct config_problems *problems)
{
	struct loader l = {.key = "client_auth.ca",
		.problems = problems,
		.mark = settings->mark};
	struct trust *trust;

	if (!settings->ca.count) {
		config_problem(problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			settings->mark,
			"%s: missing; client certificates cannot be checked",
			l.key);
		return NULL;
	}
	trust = calloc(1, sizeof(*trust));
	if (trust)
		fill(&l, trust, settings);
	else
		no_memory(&l);
	sk_X509_NAME_pop_free(l.names, X509_NAME_free);
	ERR_clear_error();
	if (!l.failed)
		return trust;
	trust_free(trust);
	return NULL;
}

struct x509_store_st *trust_store_load(const struct config_texts *ca,
	const char *key, struct config_mark mark,
	struct config_problems *problems)
{
	struct loader l = {.key = key,
		.store = X509_STORE_new(),
		.problems = problems,
		.mark = mark};

	if (l.store)
		load_all(&l, ca);
	else
		no_memory(&l);
	ERR_clear_error();
	if (!l.failed)
		return l.store;
	X509_STORE_free(l.store);
	return NULL;
}

void trust_free(struct trust *trust)
{
	if (!trust)
		return;
	X509_STORE_free(trust->store);
	sk_X509_NAME_pop_free(trust->names, X509_NAME_free);
	crl_set_free(trust->crls);
	deny_fini(&trust->deny);
	free(trust);
}

struct x509_store_st *trust_store(const struct trust *trust)
{
	return trust->store;
}

size_t trust_count(const struct trust *trust)
{
	return (size_t)sk_X509_OBJECT_num(
		X509_STORE_get0_objects(trust->store));
}

const struct stack_st_X509_NAME *trust_names(const struct trust *trust)
{
	return trust->names;
}

int64_t trust_next_update(const struct trust *trust)
{
	return trust && trust->crls ? trust->crls->next_update : INT64_MAX;
}

int64_t trust_crl_warn_at(const struct trust *trust)
{
	return trust && trust->crls ? trust->crls->warn_at : INT64_MAX;
}
