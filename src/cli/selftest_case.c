#include "cli/selftest_case.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "cli/echo_origin.h"
#include "tls/cert_format.h"
#include "tls/cert_info.h"

/* ---- names ---- */

const char *const *selftest_protected(void)
{
	static const char *const names[] = {"X-CERT-VERIFY", "X-CERT-PRESENTED",
		"X-CERT-SUBJECT-DN", "X-CERT-ISSUER-DN", "X-CERT-SERIAL",
		"X-CERT-FINGER", "X-CERT-ANYTHING", "Client-Cert",
		"Client-Cert-Chain", "X-Forwarded-Client-Cert",
		"Cf-Cert-Verified", "Cf-Cert-Anything", "X-SSL-Client-Verify",
		"X-SSL-Client-Anything", "X-Amzn-Mtls-Clientcert-Subject",
		"X-Amzn-Mtls-Anything", "X-Forwarded-For", "X-Forwarded-Proto",
		"X-Forwarded-Host", "Forwarded", "X-Real-IP", "X-Request-Id",
		NULL};

	return names;
}

/* What stands for each '-': every byte of a token besides letters and digits
 * (RFC 9110 section 5.6.2). */
static const char others[] = "_.!#$%&'*+^`|~";

enum { EXACT = 4, MIXED = EXACT + sizeof(others) - 1, SPELLINGS };

unsigned selftest_spellings(void)
{
	return SPELLINGS;
}

unsigned selftest_exact(void)
{
	return EXACT;
}

static char spell_letter(char c, unsigned spelling, size_t at)
{
	bool upper = spelling == 2 || (spelling == 3 && at % 2);

	if (spelling == 0)
		return c;
	c = slice_lower(c);
	return upper && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool selftest_spell(
	struct slice name, unsigned spelling, char out[SELFTEST_NAME])
{
	unsigned dashes = 0;

	assert(spelling < SPELLINGS);
	if (name.len >= SELFTEST_NAME)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (c != '-' || spelling < EXACT)
			c = spelling < EXACT ? spell_letter(c, spelling, i) : c;
		else if (spelling < MIXED)
			c = others[spelling - EXACT];
		else
			c = dashes % 2 ? '-' : '_';
		dashes += name.ptr[i] == '-';
		out[i] = c;
	}
	out[name.len] = '\0';
	return spelling < EXACT || dashes;
}

/* ---- requests ---- */

static bool begin(struct buf *out, const struct selftest_target *target,
	const char *method)
{
	return buf_printf(out, "%s %s HTTP/1.1\r\nHost: %s\r\n", method,
		target->path, target->host);
}

static bool fields(struct buf *out, struct slice name, unsigned from,
	unsigned until, unsigned *forged)
{
	char spelled[SELFTEST_NAME];

	for (unsigned i = from; i < until; i++) {
		if (!selftest_spell(name, i, spelled))
			continue;
		if (!buf_printf(out, "%s: " SELFTEST_FORGED "%u\r\n", spelled,
			    ++*forged))
			return false;
	}
	return true;
}

static bool in_trailers(struct buf *out, const struct selftest_target *target,
	struct slice name, unsigned *forged)
{
	return begin(out, target, "POST") &&
	       buf_printf(out,
		       "Trailer: %.*s\r\nTransfer-Encoding: chunked\r\n"
		       "Connection: close\r\n\r\n2\r\nhi\r\n0\r\n",
		       SLICE_FMT(name)) &&
	       fields(out, name, 0, EXACT + 2, forged) &&
	       buf_append(out, SLICE("\r\n"));
}

bool selftest_request(struct buf *out, const struct selftest_target *target,
	enum selftest_way way, struct slice name, unsigned *forged)
{
	const char *method = target->method;
	bool ok = true;

	if (way == SELFTEST_TRAILER)
		return in_trailers(out, target, name, forged);
	ok = begin(out, target, method);
	if (way == SELFTEST_SPELLED)
		ok = ok && fields(out, name, 0, EXACT, forged) &&
		     fields(out, name, 0, 1, forged);
	else if (way == SELFTEST_ALIASED)
		ok = ok && fields(out, name, EXACT, SPELLINGS, forged);
	else if (way == SELFTEST_NOMINATED)
		ok = ok &&
		     buf_printf(out, "Connection: close, %.*s\r\n",
			     SLICE_FMT(name)) &&
		     fields(out, name, 0, 1, forged);
	if (way != SELFTEST_NOMINATED)
		ok = ok && buf_append(out, SLICE("Connection: close\r\n"));
	return ok && buf_append(out, SLICE("\r\n"));
}

#define HIDDEN "X-CERT-VERIFY: " SELFTEST_FORGED "0"

static const struct selftest_odd odds[] = {
	{"a blank before the colon",
		"X-CERT-VERIFY : " SELFTEST_FORGED
		"0\r\nConnection: close\r\n\r\n",
		"GET"},
	{"a folded line",
		"X-Other: a\r\n " HIDDEN "\r\nConnection: close\r\n\r\n",
		"GET"},
	{"a bare LF for a line end",
		"X-Other: a\n" HIDDEN "\r\nConnection: close\r\n\r\n", "GET"},
	{"a bare CR for a line end",
		"X-Other: a\r" HIDDEN "\r\nConnection: close\r\n\r\n", "GET"},
	{"a request hidden behind two lengths",
		"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
		"0\r\n\r\nGET /" SELFTEST_FORGED "0 HTTP/1.1\r\n\r\n",
		"POST"},
	{"an unknown transfer coding",
		"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"
		"GET /" SELFTEST_FORGED "0 HTTP/1.1\r\n\r\n",
		"POST"},
};

const struct selftest_odd *selftest_odd_at(size_t index)
{
	return index < sizeof(odds) / sizeof(odds[0]) ? &odds[index] : NULL;
}

bool selftest_odd_request(struct buf *out, const struct selftest_target *target,
	const struct selftest_odd *odd)
{
	return begin(out, target, odd->method) &&
	       buf_append(out, slice_str(odd->head));
}

/* ---- answers ---- */

bool selftest_echo(struct slice answer, struct slice *echo)
{
	static const struct slice mark = {
		ECHO_ORIGIN_MARK ":", sizeof(ECHO_ORIGIN_MARK)};
	const char *end =
		answer.len ? memmem(answer.ptr, answer.len, "\r\n\r\n", 4)
			   : NULL;
	struct slice head, line;

	if (!end || !slice_starts(answer, SLICE("HTTP/1.1 200 ")))
		return false;
	head = slice_head(answer, (size_t)(end - answer.ptr));
	*echo = slice_from(answer, head.len + 4);
	while (slice_next(&head, '\n', &line)) {
		if (slice_eq_nocase(slice_head(line, mark.len), mark))
			return true;
	}
	return false;
}

bool selftest_field(struct slice *rest, struct slice *name, struct slice *value)
{
	struct slice line, trailer = SLICE("(trailer) ");
	size_t colon;

	while (slice_next(rest, '\n', &line)) {
		if (slice_starts(line, trailer))
			line = slice_from(line, trailer.len);
		colon = slice_find(line, ':');
		*name = slice_head(line, colon);
		*value = slice_trim(slice_from(line, colon + 1));
		/* neither the request line nor a remark */
		if (colon < line.len && colon &&
			slice_find(*name, ' ') == name->len)
			return true;
	}
	return false;
}

static char fold(char c)
{
	c = slice_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
}

bool selftest_same(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (fold(a.ptr[i]) != fold(b.ptr[i]))
			return false;
	}
	return true;
}

unsigned selftest_count(
	struct slice echo, struct slice name, struct slice *value)
{
	struct slice found, text;
	unsigned count = 0;

	while (selftest_field(&echo, &found, &text)) {
		if (!selftest_same(found, name))
			continue;
		count++;
		*value = text;
	}
	return count;
}

/* ---- the truth ---- */

struct values {
	struct slice one;
	struct slice yes; /* of Cloudflare */
	struct slice success;
	struct slice subject, subject_legacy;
	struct slice issuer, issuer_legacy;
	struct slice serial;
	struct slice sha1, sha256;
	struct slice not_before, not_after;
};

static bool read_values(
	const struct cert_info *leaf, struct arena *arena, struct values *v)
{
	*v = (struct values){.one = SLICE("1"),
		.yes = SLICE("true"),
		.success = SLICE("SUCCESS")};
	return cert_format_rfc2253(&leaf->subject, arena, &v->subject) &&
	       cert_format_legacy(&leaf->subject, arena, &v->subject_legacy) &&
	       cert_format_rfc2253(&leaf->issuer, arena, &v->issuer) &&
	       cert_format_legacy(&leaf->issuer, arena, &v->issuer_legacy) &&
	       cert_format_serial(leaf, arena, &v->serial) &&
	       cert_format_hex(
		       leaf->sha1, sizeof(leaf->sha1), arena, &v->sha1) &&
	       cert_format_hex(
		       leaf->sha256, sizeof(leaf->sha256), arena, &v->sha256) &&
	       cert_format_time(&leaf->not_before, arena, &v->not_before) &&
	       cert_format_time(&leaf->not_after, arena, &v->not_after);
}

unsigned selftest_truths(const struct cert_info *leaf, struct arena *arena,
	struct selftest_truth out[SELFTEST_TRUTHS])
{
	struct values v;

	if (!read_values(leaf, arena, &v))
		return 0;
	const struct selftest_truth truths[] = {
		{"X-CERT-PRESENTED", v.one},
		{"X-CERT-VERIFY", v.success},
		{"X-CERT-ISSUER-DN", v.issuer},
		{"X-CERT-SUBJECT-DN", v.subject},
		{"X-CERT-ISSUER-DN-L", v.issuer_legacy},
		{"X-CERT-SUBJECT-DN-L", v.subject_legacy},
		{"X-CERT-SERIAL", v.serial},
		{"X-CERT-FINGER", v.sha1},
		{"X-CERT-NOTBE", v.not_before},
		{"X-CERT-NOTAF", v.not_after},
		{"Cf-Cert-Presented", v.yes},
		{"Cf-Cert-Verified", v.yes},
		{"Cf-Cert-Issuer-Dn-Rfc2253", v.issuer},
		{"Cf-Cert-Subject-Dn-Rfc2253", v.subject},
		{"Cf-Cert-Issuer-Dn-Legacy", v.issuer_legacy},
		{"Cf-Cert-Subject-Dn-Legacy", v.subject_legacy},
		{"Cf-Cert-Serial", v.serial},
		{"Cf-Cert-Fingerprint-Sha1", v.sha1},
		{"Cf-Cert-Fingerprint-Sha256", v.sha256},
		{"Cf-Cert-Not-Before", v.not_before},
		{"Cf-Cert-Not-After", v.not_after},
	};
	enum { COUNT = sizeof(truths) / sizeof(truths[0]) };

	_Static_assert(COUNT <= (int)SELFTEST_TRUTHS, "room for each");
	memcpy(out, truths, sizeof(truths));
	return COUNT;
}
