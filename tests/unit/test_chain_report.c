#include "tls/chain_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509_vfy.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/config_problem.h"
#include "fake/cert_mint.h"
#include "fake/tls_files.h"
#include "tls/cert_info.h"
#include "tls/tls_context.h"
#include "tls/trust.h"

static struct tls_files files;
static struct trust *trust;
static struct arena *arena;

static struct chain_report *report(
	const struct mint *const shown[], struct err *err)
{
	const struct chain_rules rules = {
		.settings = &files.listener.client_auth, .trust = trust};
	char path[128];

	snprintf(path, sizeof(path), "%s/shown.pem", files.directory);
	remove(path);
	for (; shown && *shown; shown++)
		mint_write_cert(files.directory, "shown.pem", *shown);
	return chain_report_file(&rules, path, CHAIN_NOW, arena, err);
}

static void a_good_chain_is_told_link_by_link(void **state)
{
	struct mint *sub = mint_ca("Sub CA", files.ca);
	struct mint *leaf = mint_client("leaf", sub);
	const struct mint *const shown[] = {leaf, sub, NULL};
	struct chain_report *told = report(shown, NULL);

	(void)state;
	assert_non_null(told);
	assert_true(told->verdict.good);
	assert_int_equal(told->shown, 2);
	assert_int_equal(told->anchors, 1);
	assert_int_equal(told->path_len, 3);
	assert_true(told->whole);
	assert_true(slice_eq(told->path[0].subject, SLICE("CN=leaf")));
	assert_true(slice_eq(told->path[1].subject, SLICE("CN=Sub CA")));
	assert_false(told->path[1].configured);
	assert_true(told->path[2].configured);
	assert_non_null(told->leaf->extensions);
	assert_int_equal(told->finding_count, 0);
	assert_int_equal(told->note_count, 0);
	mint_free(leaf);
	mint_free(sub);
}

static void each_finding_is_told_once(void **state)
{
	struct mint *stranger = mint_ca("Stranger CA", NULL);
	struct mint *leaf = mint_new(&(struct mint_spec){.cn = "leaf",
		.issuer = stranger,
		.eku = "serverAuth",
		.from_s = -20,
		.until_s = -10});
	const struct mint *const shown[] = {leaf, NULL};
	struct chain_report *told = report(shown, NULL);

	(void)state;
	assert_non_null(told);
	assert_false(told->verdict.good);
	assert_false(told->whole);
	assert_true(told->finding_count >= 3);
	for (unsigned i = 0; i < told->finding_count; i++) {
		for (unsigned j = 0; j < i; j++)
			assert_true(told->findings[i].code !=
					    told->findings[j].code ||
				    told->findings[i].depth !=
					    told->findings[j].depth);
	}
	assert_true(told->note_count > 0);
	mint_free(leaf);
	mint_free(stranger);
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
	struct err err = {0};

	(void)state;
	assert_null(report(NULL, &err));
	assert_int_equal(err.code, EXIT_CODE_NO_INPUT);
	assert_non_null(strstr(err.text, "cannot be read"));
}

static void what_cannot_be_parsed_has_no_leaf(void **state)
{
	const struct chain_rules rules = {
		.settings = &files.listener.client_auth, .trust = trust};
	struct chain_report *told;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/odd.pem", files.directory);
	mint_write(files.directory, "odd.pem",
		"-----BEGIN CERTIFICATE-----\nMAA=\n"
		"-----END CERTIFICATE-----\n");
	told = chain_report_file(&rules, path, CHAIN_NOW, arena, NULL);
	assert_non_null(told);
	assert_int_equal(told->shown, 1);
	assert_null(told->leaf);
	assert_false(told->verdict.good);
}

static int set_up(void **state)
{
	struct config_problems *problems = config_problems_new();

	(void)state;
	if (!tls_library_init(NULL))
		return -1;
	tls_files_init(&files);
	trust = trust_load(&files.listener.client_auth, problems);
	config_problems_free(problems);
	arena = arena_new(NULL);
	return trust && arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	trust_free(trust);
	tls_files_fini(&files);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_chain_is_told_link_by_link),
		cmocka_unit_test(each_finding_is_told_once),
		cmocka_unit_test(a_file_that_is_not_there_is_an_error),
		cmocka_unit_test(what_cannot_be_parsed_has_no_leaf),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
