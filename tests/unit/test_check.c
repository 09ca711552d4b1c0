#include "cli/check.h"

#include <fcntl.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "fake/cert_mint.h"

/* What one run of the command gave. */
static struct {
	char dir[64];
	int code;
	char out[32768];
	char err[32768];
} run;

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", run.dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
	struct mint *ca = mint_ca("test CA", NULL);
	struct mint *server = mint_server("localhost", ca);

	(void)state;
	snprintf(run.dir, sizeof(run.dir), "/tmp/mtlsgate-test-XXXXXX");
	if (!mkdtemp(run.dir))
		return -1;
	mint_write_cert(run.dir, "ca.pem", ca);
	mint_write_cert(run.dir, "server.pem", server);
	mint_write_key(run.dir, "server.key", server);
	mint_write_key(run.dir, "ca.key", ca);
	mint_free(server);
	mint_free(ca);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", run.dir);
	return system(command);
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

/* Runs `check` with the arguments, which end with NULL. */
static void check(const char *first, ...)
{
	char *argv[16] = {strdup("check")};
	int argc = 1, out_saved, err_saved;
	FILE *out, *err;
	va_list args;

	va_start(args, first);
	for (const char *a = first; a; a = va_arg(args, const char *))
		argv[argc++] = strdup(a);
	va_end(args);
	out = divert(1, &out_saved);
	err = divert(2, &err_saved);
	run.code = cli_check(argc, argv);
	take(out, 1, out_saved, run.out, sizeof(run.out));
	take(err, 2, err_saved, run.err, sizeof(run.err));
	for (int i = 0; i < argc; i++)
		free(argv[i]);
}

static const char *file(void)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/m.yaml", run.dir);
	return path;
}

static const char good[] = "listen: 127.0.0.1:0\n"
			   "tls: {cert: server.pem, key: server.key}\n"
			   "client_auth: {ca: ca.pem}\n"
			   "origin: http://127.0.0.1:1\n";

static void a_good_configuration_is_fit_to_run(void **state)
{
	char want[256];

	(void)state;
	put("m.yaml", good);
	check("--config", file(), NULL);
	assert_string_equal(run.err, "");
	snprintf(want, sizeof(want), "%s: fit to run\n", file());
	assert_string_equal(run.out, want);
	assert_int_equal(run.code, EXIT_CODE_OK);
	check("--config", file(), "--format", "json", "--strict", NULL);
	assert_int_equal(run.code, EXIT_CODE_OK);
	assert_string_equal(
		run.out, "{\"problems\":[],\"errors\":0,\"warnings\":0}\n");
	assert_string_equal(run.err, "");
}

static void what_is_printed_can_be_checked_and_printed_again(void **state)
{
	char first[sizeof(run.out)];

	(void)state;
	put("m.yaml", good);
	check("--config", file(), "--print", NULL);
	assert_int_equal(run.code, EXIT_CODE_OK);
	memcpy(first, run.out, sizeof(first));
	put("m.yaml", first);
	check("--print", "--config", file(), NULL);
	assert_string_equal(run.err, "");
	assert_int_equal(run.code, EXIT_CODE_OK);
	assert_string_equal(run.out, first);
}

static void warnings_pass_unless_strict(void **state)
{
	(void)state;
	put("m.yaml", "listen: 127.0.0.1:0\n"
		      "tls: {cert: server.pem, key: server.key}\n"
		      "client_auth: {ca: ca.pem, mode: request_any}\n"
		      "origin: http://127.0.0.1:1\n");
	check("--config", file(), NULL);
	assert_int_equal(run.code, EXIT_CODE_OK);
	assert_non_null(strstr(run.err, "m.yaml:3:33: warning: "));
	assert_non_null(strstr(run.err, "\n1 warning in 1 file\n"));
	assert_non_null(strstr(run.out, "fit to run"));
	check("--config", file(), "--strict", NULL);
	assert_int_equal(run.code, EXIT_CODE_CONFIG);
	assert_null(strstr(run.err, "warning"));
	assert_string_equal(run.out, "");
}

static void errors_decide_the_exit_code(void **state)
{
	(void)state;
	put("m.yaml", "listen: 127.0.0.1:0\n"
		      "tls: {cert: server.pem, key: none.key}\n"
		      "client_auth: {ca: ca.pem, mod: require}\n"
		      "origin: http://127.0.0.1:1\n");
	check("--config", file(), "--print", NULL);
	assert_int_equal(run.code, EXIT_CODE_NO_INPUT);
	assert_string_equal(run.out, "");
	assert_non_null(strstr(run.err, ":2:30: tls.key: there is no file "));
	assert_non_null(strstr(run.err, "did you mean \"mode\"?"));
	assert_non_null(strstr(
		run.err, "2 errors in 1 file; configuration not loaded\n"));
	check("--config", file(), "--format=json", NULL);
	assert_int_equal(run.code, EXIT_CODE_NO_INPUT);
	assert_string_equal(run.err, "");
	assert_non_null(strstr(run.out, "\"errors\":2,\"warnings\":0}\n"));
	check("--config", "/nowhere/at/all.yaml", NULL);
	assert_int_equal(run.code, EXIT_CODE_NO_INPUT);
}

static void certificates_are_looked_into(void **state) /* R11 */
{
	(void)state;
	put("m.yaml", "listen: 127.0.0.1:0\n"
		      "tls: {cert: server.pem, key: ca.key}\n"
		      "client_auth: {ca: server.pem}\n"
		      "origin: http://127.0.0.1:1\n");
	check("--config", file(), NULL);
	assert_int_equal(run.code, EXIT_CODE_CONFIG);
	assert_non_null(strstr(run.err, "m.yaml:2:30: tls.key: "));
	assert_non_null(strstr(run.err, "m.yaml:3:19: client_auth.ca: "));
}

static void wrong_use_is_64_and_says_how(void **state)
{
	static const char *const wrong[][5] = {
		{NULL},
		{"--config", NULL},
		{"--config", "x", "--format", "xml", NULL},
		{"--config", "x", "y", NULL},
		{"--nonsense", NULL},
		{"--print=x", "--config", "x", NULL},
		{"-c", "x", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		check(wrong[i][0], wrong[i][1], wrong[i][2], wrong[i][3],
			wrong[i][4], NULL);
		assert_int_equal(run.code, EXIT_CODE_USAGE);
		assert_string_equal(run.out, "");
		assert_non_null(strstr(run.err, "mtlsgate check: "));
		assert_non_null(strstr(run.err, "usage: mtlsgate check"));
	}
	check("--config", "x", "--print", "--format", "json", NULL);
	assert_int_equal(run.code, EXIT_CODE_USAGE);
}

static void help_names_every_option_and_exit_code(void **state)
{
	static const char *const words[] = {"--config", "--print", "--strict",
		"--format", "--help", "64", "66", "69", "70", "77", "78"};

	(void)state;
	check("--help", NULL);
	assert_int_equal(run.code, EXIT_CODE_OK);
	assert_string_equal(run.err, "");
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		assert_non_null(strstr(run.out, words[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_configuration_is_fit_to_run),
		cmocka_unit_test(
			what_is_printed_can_be_checked_and_printed_again),
		cmocka_unit_test(warnings_pass_unless_strict),
		cmocka_unit_test(errors_decide_the_exit_code),
		cmocka_unit_test(certificates_are_looked_into),
		cmocka_unit_test(wrong_use_is_64_and_says_how),
		cmocka_unit_test(help_names_every_option_and_exit_code),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
