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

/* Without a certificate when cert is NULL; NULLs at the end are left out. */
static void explain(const char *cert, const char *host, const char *path,
	const char *method, const char *sni)
{
	const char *words[] = {"explain", "--config", run.config,
		cert ? "--cert" : "--no-cert", cert ? cert : "--host",
		cert ? "--host" : host, cert ? host : "--path",
		cert ? "--path" : path, cert ? path : "--method",
		cert ? "--method" : method, cert ? method : NULL,
		sni ? "--sni" : NULL, sni};
	char *argv[16];
	int argc = 0, saved;
	FILE *out = tmpfile();

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
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
			{"can be read in more than one way\n",
				"status 400\ncode: bad-request\n", NULL}},
		{"ann", "two.example", "/staff/a", "GET", "one.example",
			EXIT_CODE_FAILED,
			{"FAIL  name         the host is served under another "
			 "server name",
				"status 421\ncode: misdirected\n", NULL}},
		{"ann", "two.example", "/staff/a", "GET", NULL, EXIT_CODE_OK,
			{"server name two.example and host agree\n", NULL,
				NULL}},
		{"ann", "a b", "/", "GET", NULL, EXIT_CODE_FAILED,
			{"FAIL  name", "status 400", NULL}},
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
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
