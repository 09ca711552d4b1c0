#include "tls/chain_report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "base/err.h"
#include "chain_report_priv.h"
#include "key_pair_priv.h"
#include "pem_priv.h"
#include "tls/cert_format.h"
#include "tls/cert_info.h"
#include "tls/trust.h"

enum { NOTE_MAX = 1024 };

void chain_report_note(struct reporter *r, const char *format, ...)
{
	struct chain_report *report = r->report;
	char text[NOTE_MAX];
	char *copy;
	va_list list;

	if (report->note_count == CHAIN_REPORT_NOTES)
		return;
	va_start(list, format);
	(void)vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	copy = arena_strdup(r->arena, text);
	if (copy)
		report->notes[report->note_count++] = copy;
	r->no_memory |= !copy;
}

struct slice chain_report_name(struct reporter *r, X509 *cert, bool issuer)
{
	struct cert_info *info = cert_info_read(cert, r->arena);
	struct slice text = {NULL, 0};

	if (!info ||
		!cert_format_rfc2253(issuer ? &info->issuer : &info->subject,
			r->arena, &text))
		r->no_memory = true;
	return text.len ? text : SLICE("(no subject)");
}

/* ---- the file ---- */

static enum exit_code exit_code_of(int error)
{
	return error == EACCES || error == EPERM ? EXIT_CODE_PERMISSION
						 : EXIT_CODE_NO_INPUT;
}

static bool is_certificate(struct slice label)
{
	return slice_eq(label, SLICE("CERTIFICATE")) ||
	       slice_eq(label, SLICE("X509 CERTIFICATE"));
}

/* What the library cannot parse ends the list: the handshake goes no
 * further. */
static bool add(struct reporter *r, struct slice der)
{
	const unsigned char *at = (const unsigned char *)der.ptr;
	X509 *cert = d2i_X509(NULL, &at, (long)der.len);

	if (!cert || at != (const unsigned char *)der.ptr + der.len) {
		chain_report_note(r,
			"certificate %u of the file is not one that can be "
			"parsed",
			r->report->shown);
		X509_free(cert);
		return true;
	}
	if (sk_X509_push(r->sent, cert) > 0)
		return true;
	X509_free(cert);
	return false;
}

/* Every certificate of the file, in order; false and *err. */
static bool read_blocks(struct reporter *r, struct pem_file *file,
	const char *path, struct err *err)
{
	struct pem_block block;
	const char *why = NULL;
	unsigned line = 0;
	enum pem_result result;

	while ((result = pem_next(file, &block, &why, &line)) == PEM_OK) {
		if (!is_certificate(block.label))
			continue;
		r->report->shown++;
		if (sk_X509_num(r->sent) + 1 == (int)r->report->shown &&
			!add(r, block.der)) {
			err_set(err, EXIT_CODE_INTERNAL, "out of memory");
			return false;
		}
	}
	if (result == PEM_BROKEN)
		err_set(err, EXIT_CODE_NO_INPUT, "%s, line %u: %s", path, line,
			why);
	else if (!r->report->shown)
		err_set(err, EXIT_CODE_NO_INPUT,
			"%s holds no certificate in PEM form%s", path,
			pem_looks_like_der(file)
				? "; it looks like DER, which openssl x509 "
				  "-inform DER converts"
				: "");
	return result == PEM_END && r->report->shown;
}

static bool read_file(struct reporter *r, const char *path, struct err *err)
{
	struct pem_file file;
	char text[128];
	bool ok;

	if (!pem_open(&file, path)) {
		err_set(err, exit_code_of(errno), "%s cannot be read: %s", path,
			strerror_r(errno, text, sizeof(text)));
		return false;
	}
	ok = read_blocks(r, &file, path, err);
	pem_close(&file);
	return ok;
}

/* ---- what the verification tells ---- */

static void take_finding(void *owner, int code, int depth, X509 *cert)
{
	struct reporter *r = owner;
	struct chain_report *report = r->report;

	(void)cert;
	for (unsigned i = 0; i < report->finding_count; i++) {
		if (report->findings[i].code == code &&
			report->findings[i].depth == depth)
			return;
	}
	if (report->finding_count < CHAIN_REPORT_FINDINGS)
		report->findings[report->finding_count++] =
			(struct chain_finding){code, depth};
}

static void drop_findings(void *owner)
{
	struct reporter *r = owner;

	r->report->finding_count = 0;
	r->report->other_path = true;
}

static bool is_configured(const struct reporter *r, const X509 *cert)
{
	STACK_OF(X509_OBJECT) *objects =
		X509_STORE_get0_objects(trust_store(r->rules->trust));

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		X509 *anchor =
			X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));

		if (anchor && !X509_cmp(anchor, cert))
			return true;
	}
	return false;
}

/* The path judged last: where several were tried, that of the verdict. */
static void take_path(
	void *owner, const STACK_OF(X509) * path, bool whole, bool genuine)
{
	struct reporter *r = owner;
	struct chain_report *report = r->report;
	int count = sk_X509_num(path);
	struct chain_link *links =
		arena_alloc(r->arena, (size_t)count * sizeof(*links));

	if (!links) {
		r->no_memory = true;
		return;
	}
	for (int i = 0; i < count; i++) {
		X509 *cert = sk_X509_value(path, i);

		links[i] = (struct chain_link){
			.subject = chain_report_name(r, cert, false),
			.not_before = cert_time_of(X509_get0_notBefore(cert)),
			.not_after = cert_time_of(X509_get0_notAfter(cert)),
			.configured = is_configured(r, cert)};
	}
	report->path = links;
	report->path_len = (unsigned)count;
	report->whole = whole;
	report->genuine = genuine;
	X509_free(r->top);
	r->top = sk_X509_value(path, count - 1);
	X509_up_ref(r->top);
}

/* Is there a signature algorithm of ours for it (tls_context)? */
static bool signs(const EVP_PKEY *key)
{
	static const int kinds[] = {EVP_PKEY_RSA, EVP_PKEY_RSA_PSS, EVP_PKEY_EC,
		EVP_PKEY_ED25519, EVP_PKEY_ED448};
	int kind = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i] == kind)
			return true;
	}
	return false;
}

static bool tell_key(struct reporter *r, X509 *leaf)
{
	const EVP_PKEY *key = X509_get0_pubkey(leaf);
	char kind[KEY_PAIR_KIND];

	key_pair_kind(key, kind);
	r->report->key = arena_strdup(r->arena, kind);
	r->report->key_signs = signs(key);
	return r->report->key != NULL;
}

static bool verify(struct reporter *r, int64_t at)
{
	const struct chain_sink sink = {
		r, take_finding, drop_findings, take_path};
	const struct chain_rules rules = {
		r->rules->settings, r->rules->trust, &sink};
	struct chain_report *report = r->report;
	X509 *leaf = sk_X509_value(r->sent, 0);

	report->leaf = cert_info_read(leaf, r->arena);
	if (!report->leaf || !tell_key(r, leaf) ||
		!cert_info_read_extensions(report->leaf, leaf, r->arena))
		return false;
	report->subject = chain_report_name(r, leaf, false);
	report->issuer = chain_report_name(r, leaf, true);
	return chain_verify_offline(&rules, r->sent, at, &report->verdict);
}

static bool make(
	struct reporter *r, const char *path, int64_t at, struct err *err)
{
	if (!read_file(r, path, err))
		return false;
	if (sk_X509_num(r->sent) && !verify(r, at))
		r->no_memory = true;
	else if (sk_X509_num(r->sent))
		chain_report_nearest(r);
	if (r->no_memory)
		err_set(err, EXIT_CODE_INTERNAL, "out of memory");
	return !r->no_memory;
}

struct chain_report *chain_report_file(const struct chain_rules *rules,
	const char *path, int64_t at, struct arena *arena, struct err *err)
{
	struct reporter r = {.rules = rules, .arena = arena};
	bool ok = false;

	r.report = arena_zalloc(arena, sizeof(*r.report));
	r.sent = sk_X509_new_null();
	if (r.report && r.sent) {
		r.report->anchors = trust_count(rules->trust);
		ok = make(&r, path, at, err);
	} else {
		err_set(err, EXIT_CODE_INTERNAL, "out of memory");
	}
	sk_X509_pop_free(r.sent, X509_free);
	X509_free(r.top);
	ERR_clear_error();
	return ok ? r.report : NULL;
}
