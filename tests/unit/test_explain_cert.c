/*
 * `mtlsgate explain`, from its options to its output.
 */
#include "cli/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "fake/cert_mint.h"

enum { DAY = 86400 };

/* What one run of the command gave. */
static struct {
	char dir[64];
	char config[128];
	char cert[128];
	int code;
	char out[32768];
	char err[32768];
} run;

static struct mint *ca, *rekeyed, *sub, *stranger, *spaced;

static void put(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", run.dir, name);
	remove(path);
	mint_write(run.dir, name, text);
}

static void take(FILE *from, int to, int saved, char *text, size_t size)
{
	size_t n;

	fflush(to == 1 ? stdout : stderr);
	assert_true(dup2(saved, to) >= 0);
	close(saved);
	rewind(from);
	n = fread(text, 1, size - 1, from);
	text[n] = '\0';
	fclose(from);
}

static FILE *divert(int fd, int *saved)
{
	FILE *to = tmpfile();

	assert_non_null(to);
	fflush(fd == 1 ? stdout : stderr);
	*saved = dup(fd);
	assert_true(*saved >= 0 && dup2(fileno(to), fd) >= 0);
	return to;
}

/* Runs `explain` with the arguments, which end with NULL. */
static void explain(const char *first, ...)
{
	char *argv[24] = {strdup("explain")};
	int argc = 1, out_saved, err_saved;
	FILE *out, *err;
	va_list args;

	va_start(args, first);
	for (const char *a = first; a; a = va_arg(args, const char *))
		argv[argc++] = strdup(a);
	va_end(args);
	out = divert(1, &out_saved);
	err = divert(2, &err_saved);
	run.code = cli_explain(argc, argv);
	take(out, 1, out_saved, run.out, sizeof(run.out));
	take(err, 2, err_saved, run.err, sizeof(run.err));
	for (int i = 0; i < argc; i++)
		free(argv[i]);
}

static void configure(const char *client_auth)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"listen: 127.0.0.1:0\n"
		"tls: {cert: server.pem, key: server.key}\n"
		"client_auth: {ca: ca.pem%s}\n"
		"origin: http://127.0.0.1:1\n",
		client_auth);
	put("m.yaml", text);
}

static void show(const struct mint *const shown[])
{
	put("client.pem", "");
	for (; *shown; shown++)
		mint_write_cert(run.dir, "client.pem", *shown);
}

static void explain_shown(void)
{
	explain("--config", run.config, "--cert", run.cert, NULL);
}

static void assert_says(const char *what)
{
	if (strstr(run.out, what))
		return;
	print_error("no \"%s\" in:\n%s%s", what, run.out, run.err);
	fail();
}

static void a_good_certificate_is_let_through(void **state)
{
	struct mint *leaf = mint_client("good", ca);

	(void)state;
	configure("");
	show((const struct mint *const[]){leaf, NULL});
	explain_shown();
	assert_int_equal(run.code, EXIT_CODE_OK);
	assert_string_equal(run.err, "");
	assert_says("  pass  certificate  CN=good\n");
	assert_says("  pass  chain        2 certificates, ending in a "
		    "configured CA\n");
	assert_says("\nallowed: mode require lets it through\n");
	assert_says("\nX-CERT-VERIFY: SUCCESS\n");
	assert_null(strstr(run.out, "FAIL"));
	assert_null(strstr(run.out, "alert"));
	mint_free(leaf);
}

/* The nearest miss of each. */
static void each_refusal_names_its_nearest_miss(void **state)
{
	static const struct {
		struct mint_spec leaf;
		struct mint **issuer, **sends;
		const char *code, *alert, *step, *says;
	} rows[] = {
		{{.cn = "x", .eku = "clientAuth"}, &stranger, NULL,
			"unknown_ca", "48 unknown_ca", "FAIL  chain",
			"issuer \"CN=Stranger CA\" is not among the 1 CA "
			"loaded\n"},
		{{.cn = "x", .eku = "clientAuth"}, &stranger, &stranger,
			"unknown_ca", "48 unknown_ca", "FAIL  chain",
			"the chain ends in a root that the client sent, and it "
			"is none of the 1 CA loaded\n"},
		{{.cn = "x", .eku = "clientAuth"}, &sub, NULL, "unknown_ca",
			"48 unknown_ca", "FAIL  chain",
			"intermediate missing: the client sent 1 certificate"},
		{{.cn = "x", .eku = "clientAuth"}, &rekeyed, NULL, "signature",
			"51 decrypt_error", "FAIL  chain",
			"\"CN=Test CA\" has the name of the issuer of "
			"\"CN=x\" but its key did not sign it"},
		{{.cn = "x", .eku = "clientAuth"}, &spaced, NULL, "unknown_ca",
			"48 unknown_ca", "FAIL  chain",
			"\"CN=Test CA\" differs in blanks, punctuation or case "
			"only"},
		{{.cn = "x", .eku = "clientAuth"}, NULL, NULL, "self_signed",
			"48 unknown_ca", "FAIL  chain",
			"the certificate is signed by itself"},
		{{.cn = "x",
			 .eku = "clientAuth",
			 .from_s = -2 * DAY,
			 .until_s = -DAY},
			&ca, NULL, "expired", "45 certificate_expired",
			"FAIL  dates", "the certificate \"CN=x\" expired on "},
		{{.cn = "x",
			 .eku = "clientAuth",
			 .from_s = DAY,
			 .until_s = 2 * DAY},
			&ca, NULL, "not_yet_valid", "42 bad_certificate",
			"FAIL  dates",
			"the certificate \"CN=x\" is not valid "
			"before "},
		{{.cn = "x", .eku = "serverAuth"}, &ca, NULL, "purpose",
			"43 unsupported_certificate", "FAIL  purpose",
			"does not name clientAuth; it is a server's"},
		{{.cn = "x", .ca = true}, &stranger, NULL, "unknown_ca",
			"48 unknown_ca", "FAIL  chain",
			"did you give the CA instead of the client's?"},
		{{.cn = "x", .eku = "clientAuth", .key = MINT_RSA1024}, &ca,
			NULL, "weak_key", "42 bad_certificate", "FAIL  limits",
			"what to do: Make a new key"},
	};

	(void)state;
	configure("");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mint_spec spec = rows[i].leaf;
		const struct mint *shown[3] = {NULL};
		struct mint *leaf;
		char text[128];

		spec.issuer = rows[i].issuer ? *rows[i].issuer : NULL;
		leaf = mint_new(&spec);
		shown[0] = leaf;
		if (rows[i].sends)
			shown[1] = *rows[i].sends;
		show(shown);
		explain_shown();
		assert_int_equal(run.code, EXIT_CODE_FAILED);
		snprintf(text, sizeof(text), "\ncode: %s\n", rows[i].code);
		assert_says(text);
		snprintf(text, sizeof(text), "\nthe client sees: alert %s\n",
			rows[i].alert);
		assert_says(text);
		assert_says(rows[i].step);
		assert_says(rows[i].says);
		assert_null(strstr(run.out, "X-CERT-VERIFY"));
		mint_free(leaf);
	}
}

static void an_expired_ca_is_named(void **state)
{
	struct mint *old = mint_new(&(struct mint_spec){.cn = "Old CA",
		.issuer = ca,
		.ca = true,
		.from_s = -2 * DAY,
		.until_s = -DAY});
	struct mint *leaf = mint_client("x", old);

	(void)state;
	configure("");
	show((const struct mint *const[]){leaf, old, NULL});
	explain_shown();
	assert_int_equal(run.code, EXIT_CODE_FAILED);
	assert_says("certificate has expired (depth 1)");
	assert_says("note: the CA \"CN=Old CA\" expired on ");
	mint_free(leaf);
	mint_free(old);
}

static void a_ca_before_the_leaf_is_named(void **state)
{
	struct mint *leaf = mint_client("x", stranger);

	(void)state;
	configure("");
	show((const struct mint *const[]){stranger, leaf, NULL});
	explain_shown();
	assert_int_equal(run.code, EXIT_CODE_FAILED);
	assert_says("certificate 2 is none: the client's own must come first");
	mint_free(leaf);
}

static void request_any_forwards_and_the_header_tells(void **state)
{
	struct mint *leaf = mint_client("x", stranger);

	(void)state;
	configure(", mode: request_any");
	show((const struct mint *const[]){leaf, NULL});
	explain_shown();
	assert_int_equal(run.code, EXIT_CODE_OK);
	assert_says("allowed: mode request_any lets it through, and the "
		    "header tells\n");
	assert_says("X-CERT-VERIFY: FAILED:unable to get local issuer "
		    "certificate\n");
	assert_says("code: unknown_ca\n");
	mint_free(leaf);
}

static void reject_with_http_is_a_status_and_no_alert(void **state)
{
	struct mint *leaf = mint_client("x", stranger);

	(void)state;
	configure(", reject_with: http");
	show((const struct mint *const[]){leaf, NULL});
	explain_shown();
	assert_int_equal(run.code, EXIT_CODE_FAILED);
	assert_says("refused: mode require refuses this, and reject_with: http "
		    "answers every request\nthe client sees: status 403\n");
	assert_says("code: unknown_ca\n");
	assert_null(strstr(run.out, "alert"));
	mint_free(leaf);
}

/* R14 */
static void a_denied_certificate_fails_its_step(void **state)
{
	struct mint *leaf = mint_new(&(struct mint_spec){.cn = "x",
		.issuer = ca,
		.serial = {"\x4a\x11\x0c", 3},
		.eku = "clientAuth",
		.from_s = -2 * DAY,
		.until_s = -DAY});

	(void)state;
	configure(", deny: {serials: [4a110c]}");
	show((const struct mint *const[]){leaf, NULL});
	explain_shown();
	assert_int_equal(run.code, EXIT_CODE_FAILED);
	assert_says("FAIL  revocation   certificate revoked (depth 0)\n");
	assert_says("FAIL  dates        certificate has expired (depth 0)\n");
	assert_says("alert 44 certificate_revoked\ncode: denied\n");
	configure(", deny: {serials: [4a110d]}");
	explain_shown();
	assert_says("pass  revocation   on no deny list\n");
	mint_free(leaf);
}

static void a_client_without_a_certificate_can_be_asked_for(void **state)
{
	(void)state;
	configure("");
	explain("--config", run.config, "--no-cert", NULL);
	assert_int_equal(run.code, EXIT_CODE_FAILED);
	assert_says("alert 116 certificate_required");
	configure(", mode: optional");
	explain("--config", run.config, "--no-cert", NULL);
	assert_int_equal(run.code, EXIT_CODE_OK);
	assert_says("X-CERT-VERIFY: NONE\n");
}

static void the_time_can_be_chosen(void **state)
{
	static const struct {
		const char *at;
		int code;
		const char *says;
	} rows[] = {
		{"2001-01-01", EXIT_CODE_FAILED, "at: 2001-01-01T00:00:00Z"},
		{"2099-12-31T23:59:59Z", EXIT_CODE_FAILED, "expired"},
		{"2099-12-31T23:59:59.5+01:00", EXIT_CODE_FAILED,
			"at: 2099-12-31T22:59:59Z"},
		{"2099-12-31T23:59:59-01:00", EXIT_CODE_FAILED,
			"at: 2100-01-01T00:59:59Z"},
		{"today", EXIT_CODE_USAGE, ""},
		{"2001-13-01", EXIT_CODE_USAGE, ""},
		{"2001-01-01T00", EXIT_CODE_USAGE, ""},
		{"", EXIT_CODE_USAGE, ""},
	};
	struct mint *leaf = mint_client("good", ca);

	(void)state;
	configure("");
	show((const struct mint *const[]){leaf, NULL});
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		explain("--config", run.config, "--cert", run.cert, "--at",
			rows[i].at, NULL);
		assert_int_equal(run.code, rows[i].code);
		assert_says(rows[i].says);
	}
	mint_free(leaf);
}

/* R19: a name cannot paint on a terminal */
static void names_are_escaped(void **state)
{
	struct mint *leaf = mint_client("a\x1b[31m\nFAIL \xc3\xab", stranger);

	(void)state;
	configure("");
	show((const struct mint *const[]){leaf, NULL});
	explain_shown();
	assert_says("CN=a\\1B[31m\\0AFAIL \\C3\\AB");
	for (const char *c = run.out; *c; c++)
		assert_true(*c == '\n' || (*c >= 0x20 && *c <= 0x7e));
	mint_free(leaf);
}

static void json_says_the_same(void **state)
{
	struct mint *leaf = mint_client("x", stranger);

	(void)state;
	configure("");
	show((const struct mint *const[]){leaf, NULL});
	explain("--config", run.config, "--cert", run.cert, "--format", "json",
		NULL);
	assert_int_equal(run.code, EXIT_CODE_FAILED);
	assert_says("\"allowed\":false,");
	assert_says("\"code\":\"unknown_ca\",");
	assert_says("\"alert\":{\"number\":48,\"name\":\"unknown_ca\"},");
	assert_says("{\"step\":\"chain\",\"state\":\"fail\",");
	assert_says("\"x_cert_verify\":null,");
	mint_free(leaf);
}

static void a_listener_is_chosen_by_its_name(void **state)
{
	struct mint *leaf = mint_client("x", stranger);

	(void)state;
	put("m.yaml", "listeners:\n"
		      "  - {name: hard, address: 127.0.0.1:0}\n"
		      "  - {name: soft, address: 127.0.0.1:0,\n"
		      "     client_auth: {mode: request_any}}\n"
		      "tls: {cert: server.pem, key: server.key}\n"
		      "client_auth: {ca: ca.pem}\n"
		      "origin: http://127.0.0.1:1\n");
	show((const struct mint *const[]){leaf, NULL});
	explain_shown();
	assert_says("listener: hard\nmode: require\n");
	explain("--config", run.config, "--cert", run.cert, "--listener",
		"soft", NULL);
	assert_says("listener: soft\nmode: request_any\n");
	assert_int_equal(run.code, EXIT_CODE_OK);
	explain("--config", run.config, "--cert", run.cert, "--listener",
		"loud", NULL);
	assert_int_equal(run.code, EXIT_CODE_USAGE);
	assert_non_null(strstr(run.err, "there is \"hard\", \"soft\"\n"));
	mint_free(leaf);
}

static void what_cannot_be_read_is_told_apart(void **state)
{
	(void)state;
	configure("");
	put("client.pem", "");
	explain_shown();
	assert_int_equal(run.code, EXIT_CODE_NO_INPUT);
	assert_non_null(strstr(run.err, "holds no certificate in PEM form"));
	put("client.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
	explain_shown();
	assert_int_equal(run.code, EXIT_CODE_NO_INPUT);
	assert_non_null(strstr(run.err, "client.pem, line 2: "));
	explain("--config", run.config, "--cert", "/nowhere.pem", NULL);
	assert_int_equal(run.code, EXIT_CODE_NO_INPUT);
	explain("--config", "/nowhere.yaml", "--cert", run.cert, NULL);
	assert_int_equal(run.code, EXIT_CODE_NO_INPUT);
	configure(", mod: require");
	explain_shown();
	assert_int_equal(run.code, EXIT_CODE_CONFIG);
	assert_string_equal(run.out, "");
}

static void a_leaf_that_does_not_parse_is_refused_in_every_mode(void **state)
{
	(void)state;
	configure(", mode: request_any");
	put("client.pem", "-----BEGIN CERTIFICATE-----\nMAA=\n"
			  "-----END CERTIFICATE-----\n");
	explain_shown();
	assert_int_equal(run.code, EXIT_CODE_FAILED);
	assert_says("FAIL  certificate");
	assert_says("alert 50 decode_error");
}

static void wrong_use_is_said(void **state)
{
	(void)state;
	configure("");
	explain("--config", run.config, NULL);
	assert_int_equal(run.code, EXIT_CODE_USAGE);
	explain("--cert", run.cert, NULL);
	assert_int_equal(run.code, EXIT_CODE_USAGE);
	explain("--config", run.config, "--cert", run.cert, "--no-cert", NULL);
	assert_int_equal(run.code, EXIT_CODE_USAGE);
	explain("--config", run.config, "--cert", run.cert, "--path", "/",
		NULL);
	assert_int_equal(run.code, EXIT_CODE_USAGE);
	explain("--config", run.config, "--cert", run.cert, "more", NULL);
	assert_int_equal(run.code, EXIT_CODE_USAGE);
	explain("--confg", run.config, NULL);
	assert_int_equal(run.code, EXIT_CODE_USAGE);
	assert_non_null(strstr(run.err, "did you mean \"--config\"?"));
	explain("--config", run.config, "--no-cert", "--format", "xml", NULL);
	assert_int_equal(run.code, EXIT_CODE_USAGE);
	explain("--help", NULL);
	assert_int_equal(run.code, EXIT_CODE_OK);
	assert_says("usage: mtlsgate explain ");
}

static int set_up(void **state)
{
	struct mint *server;

	(void)state;
	snprintf(run.dir, sizeof(run.dir), "/tmp/mtlsgate-test-XXXXXX");
	if (!mkdtemp(run.dir))
		return -1;
	snprintf(run.config, sizeof(run.config), "%s/m.yaml", run.dir);
	snprintf(run.cert, sizeof(run.cert), "%s/client.pem", run.dir);
	ca = mint_ca("Test CA", NULL);
	rekeyed = mint_ca("Test CA", NULL);
	spaced = mint_ca("TestCA", NULL);
	stranger = mint_ca("Stranger CA", NULL);
	sub = mint_ca("Sub CA", ca);
	server = mint_server("localhost", ca);
	mint_write_cert(run.dir, "ca.pem", ca);
	mint_write_cert(run.dir, "server.pem", server);
	mint_write_key(run.dir, "server.key", server);
	mint_free(server);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	mint_free(ca);
	mint_free(rekeyed);
	mint_free(spaced);
	mint_free(stranger);
	mint_free(sub);
	snprintf(command, sizeof(command), "rm -rf '%s'", run.dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_certificate_is_let_through),
		cmocka_unit_test(each_refusal_names_its_nearest_miss),
		cmocka_unit_test(an_expired_ca_is_named),
		cmocka_unit_test(a_ca_before_the_leaf_is_named),
		cmocka_unit_test(request_any_forwards_and_the_header_tells),
		cmocka_unit_test(reject_with_http_is_a_status_and_no_alert),
		cmocka_unit_test(a_denied_certificate_fails_its_step),
		cmocka_unit_test(
			a_client_without_a_certificate_can_be_asked_for),
		cmocka_unit_test(the_time_can_be_chosen),
		cmocka_unit_test(names_are_escaped),
		cmocka_unit_test(json_says_the_same),
		cmocka_unit_test(a_listener_is_chosen_by_its_name),
		cmocka_unit_test(what_cannot_be_read_is_told_apart),
		cmocka_unit_test(
			a_leaf_that_does_not_parse_is_refused_in_every_mode),
		cmocka_unit_test(wrong_use_is_said),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
