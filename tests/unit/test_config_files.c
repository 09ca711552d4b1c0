/* Every file that a configuration names is found, whatever key names it. */
#include "config/config_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config_load.h"
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

/* ---- while it is loaded ---- */

static bool loads(const char *content, struct seen *seen)
{
	static const char name[] = "named.yaml";
	struct config_problems *problems = config_problems_new();
	struct config *config;
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
	config = config_load_named(name, problems, note, seen);
	remove(name);
	config_free(config);
	config_problems_free(problems);
	return config != NULL;
}

static void files_that_are_missing_are_named(void **state)
{
	struct seen seen = {0};

	(void)state;
	assert_false(loads("tls: {cert: /no/c.pem, key: /no/c.key}\n"
			   "listen: 127.0.0.1:1\n"
			   "client_auth: {ca: /no/ca.pem}\n"
			   "origin: http://127.0.0.1:2\n"
			   "admin: {address: none}\n",
		&seen));
	assert_non_null(strstr(seen.text, "/no/c.pem /no/c.key"));
	assert_non_null(strstr(seen.text, "/no/ca.pem"));
}

static void a_file_with_errors_names_none(void **state)
{
	struct seen seen = {0};

	(void)state;
	assert_false(loads("tls: {cert: /no/c.pem, key: /no/c.key}\n"
			   "nonsense: 1\n",
		&seen));
	assert_string_equal(seen.text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_is_visited),
		cmocka_unit_test(the_visit_ends_when_told_to),
		cmocka_unit_test(files_that_are_missing_are_named),
		cmocka_unit_test(a_file_with_errors_names_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
