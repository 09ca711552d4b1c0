/*
 * `mtlsgate explain --host`: what becomes of a request (R7, R15).
 */
#include "cli/explain_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "cli/explain.h"
#include "fake/cert_mint.h"

static struct {
	char dir[64];
	char config[128];
	char cert[128];
	char ann[128];
	int code;
	char out[32768];
} run;

static const char routes[] =
	"listen: 127.0.0.1:0\n"
	"tls:\n"
	"  certificates:\n"
	"    - {cert: one.pem, key: one.key, server_names: [one.example]}\n"
	"    - {cert: two.pem, key: two.key, server_names: [two.example]}\n"
	"client_auth: {ca: ca.pem, mode: optional}\n"
	"policies:\n"
	"  staff: {all: [{subject_cn: [ann, bob]}]}\n"
	"  nobody: {all: [{subject_cn: [nobody]}]}\n"
	"routes:\n"
	"  - {name: ping, match: {path: /ping}, certificate: not_needed,\n"
	"     respond: {status: 204}}\n"
	"  - {name: staff, match: {path: /staff/**, methods: [GET]},\n"
	"     policy: staff, policy_dry_run: nobody, origin: web}\n"
	"  - {name: any, match: {host: one.example, path: /any/**},\n"
	"     certificate: required, origin: web}\n"
	"origins: {web: {servers: ['http://127.0.0.1:1']}}\n";

static void take(FILE *from, int saved)
{
	size_t n;

	fflush(stdout);
	assert_true(dup2(saved, 1) >= 0);
	close(saved);
	rewind(from);
	n = fread(run.out, 1, sizeof(run.out) - 1, from);
	run.out[n] = '\0';
	fclose(from);
}

enum { WORDS = 16 };

/* NULLs are left out. */
static void call(const char *const words[WORDS])
{
	char *argv[WORDS];
	int argc = 0, saved;
	FILE *out = tmpfile();

	for (size_t i = 0; i < WORDS; i++) {
		if (words[i])
			argv[argc++] = strdup(words[i]);
	}
	assert_non_null(out);
	fflush(stdout);
	saved = dup(1);
	assert_true(saved >= 0 && dup2(fileno(out), 1) >= 0);
	run.code = cli_explain(argc, argv);
	take(out, saved);
	for (int i = 0; i < argc; i++)
		free(argv[i]);
}

/* Without a certificate when cert is NULL. */
static void explain(const char *cert, const char *host, const char *path,
	const char *method, const char *sni)
{
	call((const char *[WORDS]){"explain", "--config", run.config,
		cert ? "--cert" : "--no-cert", cert, "--host", host, "--path",
		path, "--method", method, sni ? "--sni" : NULL, sni});
}

static void assert_says(const char *what)
{
	if (strstr(run.out, what))
		return;
	print_error("no \"%s\" in:\n%s", what, run.out);
	fail();
}

static void each_request_is_told_its_way(void **state)
{
	static const struct {
		const char *cert; /* "ann", "cid", or none */
		const char *host, *path, *method, *sni;
		int code;
		const char *says[3];
	} rows[] = {
		{"ann", "one.example", "/staff/a", "GET", NULL, EXIT_CODE_OK,
			{"pass  route        \"staff\", to the origin "
			 "\"web\"\n",
				"all 1: subject_cn ann, bob; it has ann: yes\n",
				"dry run of \"nobody\": it does not hold, "
				"which only counts\n"}},
		{"cid", "one.example", "/staff/a", "GET", NULL,
			EXIT_CODE_FAILED,
			{"FAIL  policy       \"staff\" does not hold\n",
				"it has cid: no\n",
				"the client sees: status 403\ncode: policy\n"}},
		{NULL, "one.example", "/staff/a", "GET", NULL, EXIT_CODE_FAILED,
			{"\"staff\"", "status 403", NULL}},
		{"ann", "one.example", "/staff/a", "POST", NULL,
			EXIT_CODE_FAILED,
			{"FAIL  route        no route leads there\n",
				"\"staff\" is for another method\n",
				"status 404\ncode: no-route\n"}},
		{"ann", "two.example", "/any/a", "GET", NULL, EXIT_CODE_FAILED,
			{"\"any\" is for another host\n", "status 404", NULL}},
		{"ann", "one.example:8443", "/any//b/../a", "GET", NULL,
			EXIT_CODE_OK,
			{"the path is read as /any/a\n",
				"pass  policy       none named; a certificate "
				"that verified is needed\n",
				"X-CERT-VERIFY: SUCCESS\n"}},
		{NULL, "one.example", "/any/a", "GET", NULL, EXIT_CODE_FAILED,
			{"the route needs a certificate that verified\n",
				"status 403\ncode: certificate\n", NULL}},
		{NULL, "one.example", "/ping", "GET", NULL, EXIT_CODE_OK,
			{"\"ping\", which answers by itself\n", "status 204",
				"allowed: the route answers by itself\n"}},
		{"ann", "one.example", "/any/%2e%2e%2f", "GET", NULL,
			EXIT_CODE_FAILED,
			{"FAIL  route        the path can be read in two ways",
				"status 400\ncode: path-ambiguous\n",
				"reason: the path can be read in two ways"}},
		{"ann", "two.example", "/staff/a", "GET", "one.example",
			EXIT_CODE_FAILED,
			{"FAIL  name         the host is served under another "
			 "server name",
				"status 421\ncode: misdirected\n",
				"reason: This connection was opened for "
				"another server name"}},
		{"ann", "two.example", "/staff/a", "GET", NULL, EXIT_CODE_OK,
			{"pass  server_name  two.example: the certificate ",
				"/two.pem\n",
				"pass  name         the certificate that was "
				"shown stands for the host\n"}},
		/* an address is not sent as a server name (RFC 6066) */
		{"ann", "192.0.2.1", "/staff/a", "GET", NULL, EXIT_CODE_OK,
			{"pass  server_name  none is sent: the default "
			 "certificate, ",
				"/one.pem\n", NULL}},
		{"ann", "x.example", "/staff/a", "GET", NULL, EXIT_CODE_OK,
			{"x.example: no certificate is for it; the default "
			 "one, ",
				"/one.pem\n", NULL}},
		{"ann", "two.example", "/staff/a", "GET", "a b",
			EXIT_CODE_FAILED,
			{"FAIL  server_name  what the client sends is no name",
				"skip  certificate  not reached\n",
				"alert 112 unrecognized_name\n"}},
		{"ann", "a b", "/", "GET", NULL, EXIT_CODE_FAILED,
			{"FAIL  request      the Host field is not a host",
				"status 400\ncode: host-syntax\n",
				"skip  route        not reached\n"}},
		{"ann", "", "/", "GET", NULL, EXIT_CODE_FAILED,
			{"FAIL  request", "code: host-syntax\n", NULL}},
		{"ann", "one.example", "/a b", "GET", NULL, EXIT_CODE_FAILED,
			{"FAIL  request", "code: request-line\n", NULL}},
		{"ann", "one.example", "a", "GET", NULL, EXIT_CODE_FAILED,
			{"FAIL  request", "code: target\n", NULL}},
		{"ann", "one.example", "https://two.example/", "GET", NULL,
			EXIT_CODE_FAILED,
			{"FAIL  request", "code: host-disagrees\n", NULL}},
		{"ann", "one.example", "/", "TRACE", NULL, EXIT_CODE_FAILED,
			{"FAIL  request", "status 405\ncode: method-trace\n",
				"Let the client do without TRACE."}},
		{"ann", "one.example", "/", "CONNECT", NULL, EXIT_CODE_FAILED,
			{"FAIL  request", "status 501\ncode: method-connect\n",
				NULL}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *cert = rows[i].cert ? run.cert : NULL;

		if (cert && !strcmp(rows[i].cert, "ann"))
			cert = run.ann;
		explain(cert, rows[i].host, rows[i].path, rows[i].method,
			rows[i].sni);
		if (run.code != rows[i].code)
			print_error("row %zu: %d\n%s", i, run.code, run.out);
		assert_int_equal(run.code, rows[i].code);
		for (int n = 0; n < 3 && rows[i].says[n]; n++)
			assert_says(rows[i].says[n]);
	}
}

/* A client without a certificate. */
static void ask(const char *const words[4])
{
	call((const char *[WORDS]){"explain", "--config", run.config,
		"--no-cert", words[0], words[1], words[2], words[3]});
}

static void a_request_may_have_no_host(void **state)
{
	(void)state;
	ask((const char *[4]){"--no-host", "--path", "/ping"});
	assert_int_equal(run.code, EXIT_CODE_FAILED);
	assert_says("pass  server_name  none is sent");
	assert_says("FAIL  request      an HTTP/1.1 request has no Host");
	assert_says("status 400\ncode: host-missing\n");
	ask((const char *[4]){"--no-host", "--path=/ping", "--http", "1.0"});
	assert_int_equal(run.code, EXIT_CODE_OK);
	assert_says("http: 1.0\n");
	assert_says("status 204\n");
}

static void what_cannot_be_asked_is_wrong_use(void **state)
{
	static const char *const rows[][4] = {
		{"--http", "1.0"},
		{"--no-host", "--host", "one.example"},
		{"--no-host", "--http", "3"},
		{"--host", "one.example\r\nX: y"},
		{"--no-host", "--path", "/\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask(rows[i]);
		assert_int_equal(run.code, EXIT_CODE_USAGE);
	}
}

static void write_leaf(const char *cn, char path[128], const struct mint *ca)
{
	struct mint *leaf = mint_client(cn, ca);
	char name[32];

	snprintf(name, sizeof(name), "%s.pem", cn);
	mint_write_cert(run.dir, name, leaf);
	snprintf(path, 128, "%s/%s", run.dir, name);
	mint_free(leaf);
}

static void write_server(const char *name, const struct mint *ca)
{
	struct mint *server = mint_server(name, ca);
	char file[32];

	snprintf(file, sizeof(file), "%s.pem", name);
	mint_write_cert(run.dir, file, server);
	snprintf(file, sizeof(file), "%s.key", name);
	mint_write_key(run.dir, file, server);
	mint_free(server);
}

static int set_up(void **state)
{
	struct mint *ca = mint_ca("Test CA", NULL);

	(void)state;
	snprintf(run.dir, sizeof(run.dir), "/tmp/mtlsgate-test-XXXXXX");
	if (!mkdtemp(run.dir))
		return -1;
	snprintf(run.config, sizeof(run.config), "%s/m.yaml", run.dir);
	mint_write_cert(run.dir, "ca.pem", ca);
	write_leaf("ann", run.ann, ca);
	write_leaf("cid", run.cert, ca);
	write_server("one", ca);
	write_server("two", ca);
	mint_write(run.dir, "m.yaml", routes);
	mint_free(ca);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", run.dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_is_told_its_way),
		cmocka_unit_test(a_request_may_have_no_host),
		cmocka_unit_test(what_cannot_be_asked_is_wrong_use),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
