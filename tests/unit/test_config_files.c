/* Every file that a configuration names is found, whatever key names it. */
#include "config/config_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config_load_priv.h"

static const char text[] =
	"tls: {cert: top.pem, key: top.key, openssl_config: o.cnf}\n"
	"listeners:\n"
	"  - {address: 127.0.0.1:1}\n"
	"  - address: 127.0.0.1:2\n"
	"    client_auth: {ca: [own.pem, own.d]}\n"
	"    tls:\n"
	"      certificates:\n"
	"        - {cert: a.pem, key: a.key}\n"
	"        - {cert: b.pem, key: b.key, ocsp_file: b.ocsp}\n"
	"client_auth: {ca: ca.pem}\n"
	"origin: http://localhost\n"
	"admin: {address: none}\n"
	"logging: {access: {output: ./not-read.log}}\n";

struct seen {
	char text[2048];
	size_t left; /* visits until it says no */
};

static bool note(void *arg, const char *path)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->text);

	snprintf(seen->text + len, sizeof(seen->text) - len, "%s ", path);
	return !seen->left || --seen->left > 0;
}

static struct config *load(void)
{
	struct config_problems *problems = config_problems_new();
	struct config *config = config_load_with(
		slice_str(text), "/m/m.yaml", problems, CONFIG_LOAD_OFFLINE);

	assert_non_null(config);
	config_problems_free(problems);
	return config;
}

static void each_file_is_visited(void **state)
{
	struct config *config = load();
	struct seen seen = {0};

	(void)state;
	assert_true(config_files_each(config, note, &seen));
	assert_string_equal(seen.text,
		"/m/top.pem /m/top.key /m/o.cnf /m/ca.pem "
		"/m/a.pem /m/a.key /m/b.pem /m/b.key /m/b.ocsp /m/o.cnf "
		"/m/own.pem /m/own.d ");
	config_free(config);
}

static void the_visit_ends_when_told_to(void **state)
{
	struct config *config = load();
	struct seen seen = {.left = 2};

	(void)state;
	assert_false(config_files_each(config, note, &seen));
	assert_string_equal(seen.text, "/m/top.pem /m/top.key ");
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_is_visited),
		cmocka_unit_test(the_visit_ends_when_told_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
