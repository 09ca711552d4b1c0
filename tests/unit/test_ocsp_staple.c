/* R11: which OCSP responses about our own certificate are taken from a file,
 * and when they are sent. */
#include "tls/ocsp_staple_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <openssl/x509.h>

#include "config/config_problem.h"
#include "fake/cert_mint.h"
#include "fake/ocsp_mint.h"
#include "fake/problems_text.h"
#include "fake/tls_files.h"
#include "tls/key_pair_priv.h"

enum { DAY = 86400 };

static struct tls_files files;
static struct mint *other; /* of the same CA */
static struct mint *stranger_ca;
static char path[128];
static const struct config_text file = {path, {"t.yaml", 7, 20}};
static struct key_pair pair;

static int start(void **state)
{
	(void)state;
	tls_files_init(&files);
	other = mint_server("other", files.ca);
	stranger_ca = mint_ca("Test CA", NULL);
	snprintf(path, sizeof(path), "%s/staple.ocsp", files.directory);
	pair = (struct key_pair){
		.leaf = files.server->cert, .chain = sk_X509_new_null()};
	return sk_X509_push(pair.chain, files.ca->cert) > 0 ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	sk_X509_free(pair.chain);
	mint_free(other);
	mint_free(stranger_ca);
	tls_files_fini(&files);
	return 0;
}

static void write_bytes(struct slice bytes)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, out), bytes.len);
	assert_int_equal(fclose(out), 0);
}

static bool load_spec(struct ocsp_staple *staple,
	const struct ocsp_mint_spec *spec, struct config_problems *problems)
{
	struct slice der = ocsp_mint(spec);
	bool ok;

	write_bytes(der);
	ok = ocsp_staple_load(staple, &file, "tls.certificates[0].ocsp_file",
		&pair, problems);
	if (ok)
		assert_true(slice_eq(slice_of(staple->der, staple->len), der));
	else
		assert_null(staple->der);
	free((char *)der.ptr);
	return ok;
}

static struct ocsp_mint_spec good(void)
{
	return (struct ocsp_mint_spec){.issuer = files.ca,
		.leaf = files.server,
		.this_s = -DAY,
		.next_s = DAY};
}

/* The list must hold `want`; "": it is empty. */
static void expect_words(
	struct config_problems *problems, size_t errors, const char *want)
{
	char *text = problems_text(problems);

	if (!strstr(text, want) || (!*want && *text))
		fail_msg("%s: %s", want, text);
	assert_int_equal(config_problems_errors(problems), errors);
	free(text);
	config_problems_free(problems);
}

static void a_good_response_is_sent_until_its_next_update(void **state)
{
	struct config_problems *problems = config_problems_new();
	const struct ocsp_mint_spec spec = good();
	int64_t now = time(NULL);
	struct ocsp_staple staple;

	(void)state;
	assert_true(load_spec(&staple, &spec, problems));
	expect_words(problems, 0, "");
	assert_in_range(staple.from, now - DAY - 2, now - DAY + 2);
	assert_in_range(staple.until, now + DAY - 2, now + DAY + 2);
	assert_int_equal(ocsp_staple_at(&staple, now).len, staple.len);
	assert_int_equal(ocsp_staple_at(&staple, staple.from).len, staple.len);
	assert_int_equal(ocsp_staple_at(&staple, staple.from - 1).len, 0);
	assert_int_equal(
		ocsp_staple_at(&staple, staple.until - 1).len, staple.len);
	assert_int_equal(ocsp_staple_at(&staple, staple.until).len, 0);
	ocsp_staple_fini(&staple);
	assert_int_equal(ocsp_staple_at(&staple, now).len, 0);
}

static void no_file_is_no_staple(void **state)
{
	struct config_problems *problems = config_problems_new();
	const struct config_text none = {NULL, {"t.yaml", 0, 0}};
	struct ocsp_staple staple;

	(void)state;
	assert_true(ocsp_staple_load(
		&staple, &none, "tls.ocsp_file", &pair, problems));
	assert_int_equal(ocsp_staple_at(&staple, time(NULL)).len, 0);
	expect_words(problems, 0, "");
}

static void what_is_odd_is_a_warning(void **state)
{
	static const struct {
		enum ocsp_mint_status status;
		long this_s, next_s;
		const char *words;
		bool sent;
	} rows[] = {
		{OCSP_MINT_GOOD, -3 * DAY, -DAY,
			"is stale, it is not stapled; its nextUpdate was 2",
			false},
		{OCSP_MINT_GOOD, DAY, 2 * DAY,
			"is not yet valid, it is stapled only from 2", false},
		{OCSP_MINT_REVOKED, -DAY, DAY,
			"says that our certificate is revoked", true},
		{OCSP_MINT_UNKNOWN, -DAY, DAY, "does not know our certificate",
			true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct config_problems *problems = config_problems_new();
		struct ocsp_mint_spec spec = good();
		struct ocsp_staple staple;

		spec.status = rows[i].status;
		spec.this_s = rows[i].this_s;
		spec.next_s = rows[i].next_s;
		assert_true(load_spec(&staple, &spec, problems));
		assert_int_equal(config_problems_warnings(problems), 1);
		expect_words(problems, 0, rows[i].words);
		assert_int_equal(ocsp_staple_at(&staple, time(NULL)).len > 0,
			rows[i].sent);
		ocsp_staple_fini(&staple);
	}
}

static void what_is_of_no_use_is_refused_R11(void **state)
{
	struct ocsp_mint_spec of_other = good(), of_name = good(),
			      forged = good(), endless = good(),
			      backward = good(), failed = good();
	const struct {
		const struct ocsp_mint_spec *spec;
		const char *words;
	} rows[] = {
		{&of_other, "is not about this certificate"},
		{&of_name, "is not about this certificate"},
		{&forged, "has a signature that does not verify"},
		{&endless, "has no nextUpdate, so that nobody can say"},
		{&backward, "has no nextUpdate behind its thisUpdate"},
		{&failed, "holds no answer but the responder's error"},
	};

	(void)state;
	of_other.leaf = other;
	of_name.issuer = stranger_ca; /* the same name, another key */
	forged.signer = stranger_ca;
	forged.bare = true;
	endless.next_s = 0;
	backward.next_s = backward.this_s - 1;
	failed.error = 3;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct config_problems *problems = config_problems_new();
		struct ocsp_staple staple;

		if (load_spec(&staple, rows[i].spec, problems))
			fail_msg("row %zu", i);
		expect_words(problems, 1, rows[i].words);
	}
}

/* Without the issuer in the file its key and signature are not known. */
static void without_its_issuer_the_name_and_serial_count(void **state)
{
	struct config_problems *problems = config_problems_new();
	struct ocsp_mint_spec spec = good();
	struct ocsp_staple staple;

	(void)state;
	sk_X509_pop(pair.chain);
	spec.issuer = stranger_ca;
	assert_true(load_spec(&staple, &spec, problems));
	ocsp_staple_fini(&staple);
	spec.leaf = other;
	assert_false(load_spec(&staple, &spec, problems));
	expect_words(problems, 1, "is not about this certificate");
}

static void a_file_that_is_no_response_is_refused_R11(void **state)
{
	static char large[OCSP_STAPLE_MAX + 1];
	const struct {
		struct slice bytes;
		const char *words;
	} rows[] = {
		{SLICE("\x30"), "is no OCSP response in DER form"},
		{SLICE("\x30\x03\x0a\x01\x00"), "is no basic OCSP response"},
		{SLICE("\x30\x03\x0a\x01\x06"), "its status is"},
		{SLICE("-----BEGIN OCSP RESPONSE-----\n"), "it is PEM"},
		{{large, sizeof(large)}, "is larger than 64 KiB"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct config_problems *problems = config_problems_new();
		struct ocsp_staple staple;

		write_bytes(rows[i].bytes);
		assert_false(ocsp_staple_load(
			&staple, &file, "key", &pair, problems));
		expect_words(problems, 1, rows[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
		TEST(a_good_response_is_sent_until_its_next_update),
		TEST(no_file_is_no_staple),
		TEST(what_is_odd_is_a_warning),
		TEST(what_is_of_no_use_is_refused_R11),
		TEST(without_its_issuer_the_name_and_serial_count),
		TEST(a_file_that_is_no_response_is_refused_R11),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
