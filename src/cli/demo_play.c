#include "cli/demo_play.h"

#include <limits.h>
#include <string.h>

#include "base/err.h"
#include "cli/demo_view.h"
#include "cli/probe.h"

/* What a forged field says; it must never come back from the echo origin. */
#define FORGED "forged-by-the-client"

#define GET "GET / HTTP/1.1\r\nHost: localhost\r\n"
#define CLOSE "Connection: close\r\n\r\n"

/* TLS alerts, RFC 8446 section 6. */
enum {
	ALERT_NONE = 0,
	ALERT_UNSUPPORTED_CERTIFICATE = 43,
	ALERT_CERTIFICATE_EXPIRED = 45,
	ALERT_UNKNOWN_CA = 48,
	ALERT_CERTIFICATE_REQUIRED = 116,
};

/* One for a person, with curl: the certificate decides. */
struct fate {
	const char *cert; /* NULL: none */
	const char *title;
	const char *expect;
	int alert;
};

static const struct fate fates[] = {
	{"good.pem", "a good certificate",
		"200; the origin reads X-CERT-VERIFY: SUCCESS", ALERT_NONE},
	{"expired.pem", "an expired certificate",
		"refused: alert certificate expired",
		ALERT_CERTIFICATE_EXPIRED},
	{"server-only.pem", "a certificate for servers only",
		"refused: alert unsupported certificate",
		ALERT_UNSUPPORTED_CERTIFICATE},
	{"stranger.pem", "a certificate of another CA",
		"refused: alert unknown ca", ALERT_UNKNOWN_CA},
	{NULL, "no certificate", "refused: alert certificate required",
		ALERT_CERTIFICATE_REQUIRED},
};

/* One of the forger's: a good certificate, and a lie beside it. */
struct forgery {
	const char *title;
	const char *curl; /* options that do the same; NULL: curl cannot */
	const char *bytes;
	unsigned status;
};

static const struct forgery forgeries[] = {
	{"X-CERT-VERIFY", "-H 'X-CERT-VERIFY: " FORGED "'",
		GET "X-CERT-VERIFY: " FORGED "\r\n" CLOSE, 200},
	{"x_cert_verify", "-H 'x_cert_verify: " FORGED "'",
		GET "x_cert_verify: " FORGED "\r\n" CLOSE, 200},
	{"X.Cert.Verify", "-H 'X.Cert.Verify: " FORGED "'",
		GET "X.Cert.Verify: " FORGED "\r\n" CLOSE, 200},
	{"X-CERT-VERIFY in a trailer", NULL,
		"POST / HTTP/1.1\r\nHost: localhost\r\nTrailer: X-CERT-VERIFY"
		"\r\nTransfer-Encoding: chunked\r\n" CLOSE
		"2\r\nhi\r\n0\r\nX-CERT-VERIFY: " FORGED "\r\n\r\n",
		200},
	{"X-CERT-VERIFY nominated by Connection",
		"-H 'Connection: close, X-CERT-VERIFY'",
		GET "Connection: close, X-CERT-VERIFY\r\n"
		    "X-CERT-VERIFY: " FORGED "\r\n\r\n",
		200},
	{"X-CERT-VERIFY twice",
		"-H 'X-CERT-VERIFY: " FORGED "' -H 'X-CERT-VERIFY: SUCCESS'",
		GET "X-CERT-VERIFY: " FORGED
		    "\r\nX-CERT-VERIFY: SUCCESS\r\n" CLOSE,
		200},
	{"X-Cert_Finger and x-cert.serial, mixed spellings",
		"-H 'X-Cert_Finger: " FORGED "' -H 'x-cert.serial: " FORGED "'",
		GET "X-Cert_Finger: " FORGED "\r\nx-cert.serial: " FORGED
		    "\r\n" CLOSE,
		200},
	{"X-CERT-ANYTHING, a name that no preset writes",
		"-H 'X-CERT-ANYTHING: " FORGED "'",
		GET "X-CERT-ANYTHING: " FORGED "\r\n" CLOSE, 200},
	{"headers of other proxies",
		"-H 'X-SSL-Client-Verify: " FORGED "' -H 'Client-Cert: " FORGED
		"'",
		GET "X-SSL-Client-Verify: " FORGED "\r\nClient-Cert: " FORGED
		    "\r\nX-Forwarded-Client-Cert: " FORGED "\r\n"
		    "X-Amzn-Mtls-Clientcert-Subject: " FORGED "\r\n"
		    "Cf-Cert-Verified: " FORGED "\r\n" CLOSE,
		200},
	{"a blank before the colon", NULL,
		GET "X-CERT-VERIFY : " FORGED "\r\n" CLOSE, 400},
	{"a folded line", NULL,
		GET "X-Other: a\r\n X-CERT-VERIFY: " FORGED "\r\n" CLOSE, 400},
	{"a request hidden behind two lengths", NULL,
		"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /" FORGED
		" HTTP/1.1\r\n\r\n",
		400},
};

enum {
	FATES = sizeof(fates) / sizeof(fates[0]),
	FORGERIES = sizeof(forgeries) / sizeof(forgeries[0]),
};

static const char *const preset[] = {"X-CERT-PRESENTED", "X-CERT-VERIFY",
	"X-CERT-ISSUER-DN", "X-CERT-SUBJECT-DN", "X-CERT-ISSUER-DN-L",
	"X-CERT-SUBJECT-DN-L", "X-CERT-SERIAL", "X-CERT-FINGER", "X-CERT-NOTBE",
	"X-CERT-NOTAF"};

/* ---- for a person ---- */

static void print_line(const struct demo_play *play, unsigned number,
	const char *title, const char *cert, const char *options,
	const char *expect)
{
	fprintf(play->out, "%s%2u. %s%s\n", play->style->bold, number, title,
		play->style->reset);
	fprintf(play->out, "    curl --cacert %s/ca.pem ", play->dir);
	if (cert)
		fprintf(play->out, "--cert %s/%s ", play->dir, cert);
	if (options)
		fprintf(play->out, "%s ", options);
	fprintf(play->out, "https://localhost:%u/\n", play->port);
	fprintf(play->out, "    %sexpected: %s%s\n", play->style->dim, expect,
		play->style->reset);
}

void demo_play_print(const struct demo_play *play)
{
	unsigned number = 0;

	for (size_t i = 0; i < FATES; i++)
		print_line(play, ++number, fates[i].title, fates[i].cert, NULL,
			fates[i].expect);
	for (size_t i = 0; i < FORGERIES; i++) {
		char title[128];

		if (!forgeries[i].curl)
			continue;
		snprintf(
			title, sizeof(title), "forged: %s", forgeries[i].title);
		print_line(play, ++number, title, "good.pem", forgeries[i].curl,
			"200; the forged field does not arrive");
	}
}

/* ---- by itself ---- */

static unsigned count_lines(struct slice text, const char *name)
{
	char start[64];
	unsigned count = 0;
	struct slice line;

	snprintf(start, sizeof(start), "%s: ", name);
	while (slice_next(&text, '\n', &line)) {
		if (slice_starts(line, slice_str(start)))
			count++;
	}
	return count;
}

/* Did the origin read the ten headers, each once, and no forged byte? */
static bool headers_true(struct slice text, char *why, size_t size)
{
	for (size_t i = 0; i < sizeof(preset) / sizeof(preset[0]); i++) {
		unsigned count = count_lines(text, preset[i]);

		if (count == 1)
			continue;
		snprintf(why, size, "%s arrived %u times", preset[i], count);
		return false;
	}
	if (!memmem(text.ptr, text.len, "X-CERT-VERIFY: SUCCESS\n", 23)) {
		snprintf(why, size, "X-CERT-VERIFY is not SUCCESS");
		return false;
	}
	return true;
}

static bool judge(const struct probe_answer *answer, unsigned status, int alert,
	char *why, size_t size)
{
	struct slice text = buf_bytes(&answer->text);

	if (answer->alert != alert || answer->status != status) {
		snprintf(why, size,
			"expected status %u and alert %d, got %u and %d",
			status, alert, answer->status, answer->alert);
		return false;
	}
	if (text.len && memmem(text.ptr, text.len, FORGED, strlen(FORGED))) {
		snprintf(why, size, "a forged byte arrived at the origin");
		return false;
	}
	return status != 200 || headers_true(text, why, size);
}

static bool play_one(const struct demo_play *play, const char *cert,
	const char *bytes, unsigned status, int alert, char *why, size_t size)
{
	char ca_path[PATH_MAX], cert_path[PATH_MAX];
	const struct probe_request request = {.port = play->port,
		.ca_file = ca_path,
		.cert_file = cert ? cert_path : NULL,
		.bytes = slice_str(bytes)};
	struct probe_answer answer;
	struct err err;
	bool ok;

	snprintf(ca_path, sizeof(ca_path), "%s/ca.pem", play->dir);
	snprintf(cert_path, sizeof(cert_path), "%s/%s", play->dir,
		cert ? cert : "");
	if (!probe_run(&request, &answer, &err)) {
		snprintf(why, size, "%.200s", err.text);
		return false;
	}
	ok = judge(&answer, status, alert, why, size);
	buf_fini(&answer.text);
	return ok;
}

static void print_result(const struct demo_play *play, bool ok,
	const char *kind, const char *title, const char *expect,
	const char *why)
{
	fprintf(play->out, "%s%s%s  %s%s",
		ok ? play->style->good : play->style->bad, ok ? "pass" : "FAIL",
		play->style->reset, kind, title);
	fprintf(play->out, "  %s(%s)%s\n", play->style->dim, expect,
		play->style->reset);
	if (!ok)
		fprintf(play->out, "      %s\n", why);
	fflush(play->out);
}

unsigned demo_play_run(const struct demo_play *play)
{
	unsigned failed = 0;
	char why[256];

	for (size_t i = 0; i < FATES; i++) {
		const struct fate *f = &fates[i];
		bool ok = play_one(play, f->cert, GET CLOSE, f->alert ? 0 : 200,
			f->alert, why, sizeof(why));

		print_result(play, ok, "", f->title, f->expect, why);
		failed += !ok;
	}
	for (size_t i = 0; i < FORGERIES; i++) {
		const struct forgery *f = &forgeries[i];
		bool ok = play_one(play, "good.pem", f->bytes, f->status,
			ALERT_NONE, why, sizeof(why));

		print_result(play, ok, "forged: ", f->title,
			f->status == 200 ? "does not arrive"
					 : "refused with 400",
			why);
		failed += !ok;
	}
	fprintf(play->out, "%u passed, %u failed\n",
		(unsigned)(FATES + FORGERIES) - failed, failed);
	return failed;
}
