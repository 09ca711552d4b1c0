/*
 * chain_report: the nearest miss, in sentences. Only a chain that did not pass
 * is looked at.
 */
#include "chain_report_priv.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "config/config.h"
#include "problem_priv.h"
#include "tls/cert_info.h"
#include "tls/client_reason.h"
#include "tls/trust.h"

static const struct slice no_name = {"?", 1};

static struct slice name_at(const struct reporter *r, int depth)
{
	const struct chain_report *report = r->report;

	if (depth < 0 || (unsigned)depth >= report->path_len)
		return no_name;
	return report->path[depth].subject;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* ---- no path to a configured CA ---- */

/* The n-th configured CA; NULL behind the last. */
static X509 *anchor_at(const struct reporter *r, int n)
{
	STACK_OF(X509_OBJECT) *objects =
		X509_STORE_get0_objects(trust_store(r->rules->trust));
	int seen = 0;

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		X509 *cert =
			X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));

		if (cert && seen++ == n)
			return cert;
	}
	return NULL;
}

static bool has_name(const X509 *ca, const X509 *child)
{
	return !X509_NAME_cmp(
		X509_get_subject_name(ca), X509_get_issuer_name(child));
}

static bool signed_by(X509 *child, const X509 *ca)
{
	EVP_PKEY *key = X509_get0_pubkey(ca);

	return key && X509_verify(child, key) == 1;
}

/* Do the two texts differ in blanks, dots, dashes and case only? */
static bool alike(struct slice a, struct slice b)
{
	size_t i = 0, j = 0;

	for (;;) {
		while (i < a.len && strchr(" .-_", a.ptr[i]))
			i++;
		while (j < b.len && strchr(" .-_", b.ptr[j]))
			j++;
		if (i == a.len || j == b.len)
			return i == a.len && j == b.len;
		if (slice_lower(a.ptr[i++]) != slice_lower(b.ptr[j++]))
			return false;
	}
}

/* The same attributes in another order? Both in RFC 2253 form, so an equal
 * number of each byte is a strong sign and cheap. */
static bool shuffled(struct slice a, struct slice b)
{
	int count[256] = {0};

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		count[(unsigned char)a.ptr[i]]++;
		count[(unsigned char)b.ptr[i]]--;
	}
	for (size_t i = 0; i < 256; i++) {
		if (count[i])
			return false;
	}
	return true;
}

static bool note_other_key(struct reporter *r, struct slice issuer)
{
	for (int i = 0;; i++) {
		X509 *ca = anchor_at(r, i);

		if (!ca)
			return false;
		if (!has_name(ca, r->top) || signed_by(r->top, ca))
			continue;
		chain_report_note(r,
			"issuer \"%.*s\" is not among the %zu CA%s loaded; one "
			"has the same name but another key: the CA was "
			"re-keyed, and its other certificate is missing in "
			"client_auth.ca",
			SLICE_FMT(issuer), r->report->anchors,
			plural(r->report->anchors));
		return true;
	}
}

static bool note_near_name(struct reporter *r, struct slice issuer)
{
	for (int i = 0;; i++) {
		X509 *ca = anchor_at(r, i);
		struct slice name;
		bool close;

		if (!ca)
			return false;
		name = chain_report_name(r, ca, false);
		close = alike(name, issuer);
		if (has_name(ca, r->top) || (!close && !shuffled(name, issuer)))
			continue;
		chain_report_note(r,
			"issuer \"%.*s\" is not among the %zu CA%s loaded; "
			"\"%.*s\" differs in %s only%s",
			SLICE_FMT(issuer), r->report->anchors,
			plural(r->report->anchors), SLICE_FMT(name),
			close ? "blanks, punctuation or case"
			      : "the order of its parts",
			signed_by(r->top, ca) ? ", and its key fits" : "");
		return true;
	}
}

/* Did the client send an issuer of that name, which was not used? */
static void note_sent_issuer(struct reporter *r)
{
	for (int i = 0; i < sk_X509_num(r->sent); i++) {
		X509 *other = sk_X509_value(r->sent, i);

		if (other == r->top || !X509_cmp(other, r->top) ||
			!has_name(other, r->top))
			continue;
		chain_report_note(r,
			"certificate %d of the file has the name of that "
			"issuer but %s",
			i + 1,
			signed_by(r->top, other)
				? "its key identifier is not the one that is "
				  "named"
				: "another key");
		return;
	}
}

static void note_no_issuer(struct reporter *r, struct slice issuer)
{
	const struct chain_report *report = r->report;

	chain_report_note(r, "issuer \"%.*s\" is not among the %zu CA%s loaded",
		SLICE_FMT(issuer), report->anchors, plural(report->anchors));
	if (report->shown == 1)
		chain_report_note(r,
			"intermediate missing: the client sent 1 certificate; "
			"when \"%.*s\" is an intermediate, it belongs behind "
			"the client's own certificate",
			SLICE_FMT(issuer));
	else if (report->path_len < report->shown)
		chain_report_note(r,
			"of the %u certificates sent, %u make the path and the "
			"others do not continue it",
			report->shown, report->path_len);
}

static void note_no_anchor(struct reporter *r)
{
	struct slice issuer;

	if (!r->top)
		return;
	issuer = chain_report_name(r, r->top, true);
	if (note_other_key(r, issuer) || note_near_name(r, issuer)) {
		note_sent_issuer(r);
		return;
	}
	if (has_name(r->top, r->top)) {
		chain_report_note(r,
			r->report->path_len == 1
				? "the certificate is signed by itself and is "
				  "none of the %zu CA%s loaded"
				: "the chain ends in a root that the client "
				  "sent, and it is none of the %zu CA%s loaded",
			r->report->anchors, plural(r->report->anchors));
		return;
	}
	note_no_issuer(r, issuer);
	note_sent_issuer(r);
}

/* ---- a path was found, and something in it is wrong ---- */

static void note_signature(struct reporter *r, int depth)
{
	struct slice above = name_at(r, depth + 1);

	chain_report_note(r,
		"\"%.*s\" has the name of the issuer of \"%.*s\" but its key "
		"did not sign it: the CA was re-keyed, or the certificate was "
		"changed",
		SLICE_FMT(above), SLICE_FMT(name_at(r, depth)));
}

static void day_of(const struct cert_time *time, char out[PROBLEM_DAY])
{
	struct cert_date date = cert_date_of(time->unix_seconds);

	snprintf(out, PROBLEM_DAY, "?");
	if (time->valid)
		snprintf(out, PROBLEM_DAY, "%04u-%02u-%02u",
			(unsigned)date.year % 10000, (unsigned)date.month % 100,
			(unsigned)date.day % 100);
}

static void note_date(struct reporter *r, int depth, bool end)
{
	const struct chain_link *link;
	char day[PROBLEM_DAY];

	if (depth < 0 || (unsigned)depth >= r->report->path_len)
		return;
	link = &r->report->path[depth];
	day_of(end ? &link->not_after : &link->not_before, day);
	chain_report_note(r, "the %s \"%.*s\" %s %s",
		depth ? "CA" : "certificate", SLICE_FMT(link->subject),
		end ? "expired on" : "is not valid before", day);
}

static void note_expired(struct reporter *r, int depth)
{
	note_date(r, depth, true);
}

static void note_early(struct reporter *r, int depth)
{
	note_date(r, depth, false);
}

static void note_purpose(struct reporter *r, int depth)
{
	X509 *leaf = sk_X509_value(r->sent, 0);
	uint32_t usage = X509_get_key_usage(leaf);

	if (depth)
		chain_report_note(r,
			"the CA \"%.*s\" is limited to other purposes by an "
			"extended key usage of its own",
			SLICE_FMT(name_at(r, depth)));
	else if (!(X509_get_extended_key_usage(leaf) & XKU_SSL_CLIENT))
		chain_report_note(r,
			"the extended key usage of the certificate does not "
			"name clientAuth%s",
			X509_get_extended_key_usage(leaf) & XKU_SSL_SERVER
				? "; it is a server's (serverAuth)"
				: "");
	else if (!(usage & (KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT)))
		chain_report_note(r,
			"the key usage of the certificate has no "
			"digitalSignature, which a TLS client needs");
}

static void note_not_ca(struct reporter *r, int depth)
{
	chain_report_note(r,
		"\"%.*s\" issued a certificate of the chain and is no CA "
		"itself",
		SLICE_FMT(name_at(r, depth)));
}

static void note_depth(struct reporter *r, int depth)
{
	(void)depth;
	chain_report_note(r,
		"the path has more than client_auth.max_depth (%u) CA "
		"certificates below the configured one",
		r->rules->settings->max_depth);
}

static void note_size(struct reporter *r, int depth)
{
	(void)depth;
	chain_report_note(r,
		"%u certificates were sent; at most max_depth + %d, %u, are "
		"looked at, of %d bytes in all",
		r->report->shown, CHAIN_SPARE,
		r->rules->settings->max_depth + CHAIN_SPARE, CHAIN_BYTES);
}

static const struct {
	int code;
	void (*note)(struct reporter *r, int depth);
} notes[] = {
	{X509_V_ERR_CERT_SIGNATURE_FAILURE, note_signature},
	{X509_V_ERR_CERT_HAS_EXPIRED, note_expired},
	{X509_V_ERR_CERT_NOT_YET_VALID, note_early},
	{X509_V_ERR_INVALID_PURPOSE, note_purpose},
	{X509_V_ERR_INVALID_CA, note_not_ca},
	{X509_V_ERR_CERT_CHAIN_TOO_LONG, note_depth},
	{CLIENT_AUTH_CODE_CHAIN_SIZE, note_size},
};

static void note_finding(struct reporter *r, const struct chain_finding *found)
{
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		if (notes[i].code == found->code)
			notes[i].note(r, found->depth);
	}
}

/* ---- the file itself ---- */

static bool is_ca(X509 *cert)
{
	return X509_get_extension_flags(cert) & EXFLAG_CA;
}

/* A CA first: given by mistake, or before the client's certificate. */
static void note_ca_first(struct reporter *r)
{
	if (!is_ca(sk_X509_value(r->sent, 0)))
		return;
	for (int i = 1; i < sk_X509_num(r->sent); i++) {
		if (is_ca(sk_X509_value(r->sent, i)))
			continue;
		chain_report_note(r,
			"the file begins with a CA certificate, and "
			"certificate %d is none: the client's own must come "
			"first",
			i + 1);
		return;
	}
	chain_report_note(r,
		"the certificate is a CA certificate itself; did you give the "
		"CA instead of the client's?");
}

void chain_report_nearest(struct reporter *r)
{
	const struct chain_report *report = r->report;

	if (report->verdict.good)
		return;
	if (report->path_len && !report->whole)
		note_no_anchor(r);
	for (unsigned i = 0; i < report->finding_count; i++)
		note_finding(r, &report->findings[i]);
	note_ca_first(r);
}
