/*
 * R23: whatever allocation fails while certificates are read or files are
 * watched, nothing crashes or leaks (ASan), and nothing half-made is handed
 * out.
 */
#include "fake/alloc_fail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ssl.h>

#include "config/config_problem.h"
#include "daemon/file_watch.h"
#include "fake/ocsp_mint.h"
#include "fake/tls_files.h"
#include "tls/tls_context.h"
#include "tls/tls_sni.h"

enum { MOST = 2000, DAY = 86400 };

static struct tls_files files;
static char staple[128];

static void for_each_failure(void (*once)(void))
{
	for (unsigned lasting = 0; lasting < 2; lasting++) {
		size_t n = 0;
		bool failed;

		do {
			alloc_fail_arm(++n, lasting);
			once();
			failed = alloc_fail_disarm();
			assert_true(n < MOST);
		} while (failed);
		assert_true(n > 3); /* else the test tests nothing */
	}
}

static int start(void **state)
{
	struct slice der;
	FILE *out;

	(void)state;
	tls_files_init(&files);
	mint_write_cert(files.directory, "server.pem", files.ca);
	snprintf(staple, sizeof(staple), "%s/staple.ocsp", files.directory);
	der = ocsp_mint(&(struct ocsp_mint_spec){.issuer = files.ca,
		.leaf = files.server,
		.this_s = -DAY,
		.next_s = DAY});
	out = fopen(staple, "we");
	assert_non_null(out);
	assert_int_equal(fwrite(der.ptr, 1, der.len, out), der.len);
	assert_int_equal(fclose(out), 0);
	free((char *)der.ptr);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	tls_files_fini(&files);
	return 0;
}

/* One by its own names, one by names of which some are refused. */
static void load(const char *last_name)
{
	struct config_text names[] = {{"a.example", {"t.yaml", 3, 1}},
		{"*.b.example", {"t.yaml", 3, 2}},
		{last_name, {"t.yaml", 3, 3}}};
	struct config_certificate certificates[] = {
		{.cert = {files.cert, {"t.yaml", 1, 1}},
			.key = {files.key, {"t.yaml", 1, 2}},
			.ocsp_file = {staple, {"t.yaml", 1, 3}}},
		{.cert = {files.cert, {"t.yaml", 2, 1}},
			.key = {files.key, {"t.yaml", 2, 2}},
			.server_names = {names, 3}},
	};
	const struct config_tls tls = {
		.certificates = certificates, .certificate_count = 2};
	struct config_problems *problems = config_problems_new();
	struct tls_sni *sni;

	assert_non_null(problems);
	alloc_fail_begin();
	sni = tls_sni_load(&tls, problems);
	alloc_fail_end();
	/* it is whole, or there is an error */
	if (sni)
		assert_int_equal(tls_sni_groups(sni), 2);
	else if (!alloc_fail_seen())
		assert_true(config_problems_errors(problems) > 0);
	tls_sni_free(sni);
	config_problems_free(problems);
}

static void load_good(void)
{
	load("c.example");
}

static void load_bad(void)
{
	load("no name");
}

static void certificates_are_read_whole_or_not_at_all_R23(void **state)
{
	(void)state;
	for_each_failure(load_good);
	for_each_failure(load_bad);
}

static void watch(void)
{
	struct file_watch *made;
	bool ok = true;

	alloc_fail_begin();
	made = file_watch_new();
	for (unsigned i = 0; made && ok && i < 40; i++)
		ok = file_watch_add(made, files.cert);
	alloc_fail_end();
	assert_true((made && ok) || alloc_fail_seen());
	if (made)
		assert_null(file_watch_look(made));
	file_watch_free(made);
}

static void files_are_watched_or_memory_is_out_R23(void **state)
{
	(void)state;
	for_each_failure(watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_are_read_whole_or_not_at_all_R23),
		cmocka_unit_test(files_are_watched_or_memory_is_out_R23),
	};

	alloc_fail_init();
	if (!tls_library_init(NULL))
		return 1;
	return cmocka_run_group_tests(tests, start, stop);
}
