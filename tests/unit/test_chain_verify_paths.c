/*
 * Where there is a second path it is tried, within bounds (R17).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <openssl/x509.h>

#include "config/config_problem.h"
#include "fake/cert_mint.h"
#include "fake/tls_files.h"
#include "tls/chain_verify.h"
#include "tls/client_reason.h"
#include "tls/tls_context.h"
#include "tls/trust.h"

enum { DAY = 86400, SHOWN = 8 };

static struct tls_files files;
static struct trust *trust;
static struct mint *root; /* configured, beside the Test CA */
static struct mint *stranger;

/* One intermediate, "Cross", of one key: from the Test CA, from the root,
 * from a stranger, and from the Test CA but over. */
static struct mint *by_ca, *by_root, *by_stranger, *over, *limited;

struct heard {
	int findings;
	int last;
	int others;
	int path_len;
	bool whole;
	bool genuine;
};

static void hear_finding(void *owner, int code, int depth, X509 *cert)
{
	struct heard *heard = owner;

	(void)depth;
	(void)cert;
	heard->findings++;
	heard->last = code;
}

static void hear_other(void *owner)
{
	struct heard *heard = owner;

	heard->others++;
	heard->findings = 0;
}

static void hear_path(
	void *owner, const STACK_OF(X509) * path, bool whole, bool genuine)
{
	struct heard *heard = owner;

	heard->path_len = sk_X509_num(path);
	heard->whole = whole;
	heard->genuine = genuine;
}

static struct heard judge(
	const struct mint *const shown[], struct chain_verdict *out)
{
	struct heard heard = {0};
	const struct chain_sink sink = {
		&heard, hear_finding, hear_other, hear_path};
	const struct chain_rules rules = {
		&files.listener.client_auth, trust, &sink};
	STACK_OF(X509) *sent = sk_X509_new_null();

	for (; *shown; shown++)
		assert_true(sk_X509_push(sent, (*shown)->cert));
	assert_true(chain_verify_offline(&rules, sent, CHAIN_NOW, out));
	sk_X509_free(sent);
	return heard;
}

static void a_good_path_is_found_behind_a_bad_one(void **state)
{
	const struct mint *const *const bad[] = {
		(const struct mint *const *)&by_stranger,
		(const struct mint *const *)&over,
		(const struct mint *const *)&limited,
	};
	struct mint *leaf = mint_new(&(struct mint_spec){.cn = "leaf",
		.issuer = by_ca,
		.eku = "clientAuth",
		.san = "DNS:example.net"});

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct mint *const orders[][SHOWN] = {
			{leaf, *bad[i], by_root}, {leaf, by_root, *bad[i]}};

		for (int order = 0; order < 2; order++) {
			struct chain_verdict verdict;
			struct heard heard = judge(orders[order], &verdict);

			assert_int_equal(verdict.code, X509_V_OK);
			assert_true(verdict.good);
			assert_int_equal(heard.findings, 0);
			assert_true(heard.whole);
			assert_true(heard.genuine);
			assert_int_equal(heard.path_len, 3);
		}
	}
	mint_free(leaf);
}

/* R13: the path that counts is the one whose dates count */
static void the_other_path_gives_the_date(void **state)
{
	struct mint *leaf = mint_client("leaf", by_ca);
	struct mint *soon = mint_new(&(struct mint_spec){.cn = "Cross",
		.issuer = root,
		.ca = true,
		.same_key = by_ca,
		.from_s = -DAY,
		.until_s = DAY});
	const struct mint *const shown[] = {leaf, by_stranger, soon, NULL};
	struct chain_verdict verdict;

	(void)state;
	judge(shown, &verdict);
	assert_true(verdict.good);
	assert_in_range(
		verdict.expires, time(NULL) + DAY - 60, time(NULL) + DAY);
	mint_free(soon);
	mint_free(leaf);
}

static void where_all_fail_the_first_error_of_the_best_stands(void **state)
{
	struct mint *leaf = mint_new(&(struct mint_spec){.cn = "leaf",
		.issuer = by_ca,
		.eku = "clientAuth",
		.san = "DNS:example.net"});
	const struct mint *const shown[][SHOWN] = {
		/* only the second reaches a configured CA */
		{leaf, by_stranger, over},
		/* both do: the first */
		{leaf, over, limited},
		{leaf, limited, over},
	};
	static const int codes[] = {X509_V_ERR_CERT_HAS_EXPIRED,
		/* of two of one name the library prefers the one in date */
		X509_V_ERR_PERMITTED_VIOLATION, X509_V_ERR_PERMITTED_VIOLATION};

	(void)state;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		struct chain_verdict verdict;
		struct heard heard = judge(shown[i], &verdict);

		assert_int_equal(verdict.code, codes[i]);
		assert_false(verdict.good);
		assert_int_equal(verdict.expires, INT64_MAX);
		assert_int_equal(heard.last, verdict.code);
		assert_true(heard.whole);
	}
	mint_free(leaf);
}

static void another_path_is_held_to_the_same_rules(void **state)
{
	struct mint *server = mint_new(&(struct mint_spec){.cn = "Cross",
		.issuer = root,
		.ca = true,
		.same_key = by_ca,
		.eku = "serverAuth"});
	struct mint *leaf = mint_client("leaf", by_ca);
	const struct mint *const shown[] = {leaf, by_stranger, server, NULL};
	struct chain_verdict verdict;

	(void)state;
	judge(shown, &verdict);
	assert_int_equal(verdict.code, X509_V_ERR_INVALID_PURPOSE);
	assert_int_equal(verdict.depth, 1);
	mint_free(server);
	mint_free(leaf);
}

/* A re-keyed CA without key identifiers: the name is not enough. */
static void a_rekeyed_intermediate_is_told_apart_by_its_signature(void **state)
{
	struct mint *before = mint_ca("Rekeyed", files.ca);
	struct mint *after = mint_ca("Rekeyed", files.ca);
	struct mint *leaf = mint_client("leaf", after);
	const struct mint *const orders[][SHOWN] = {
		{leaf, before, after}, {leaf, after, before}};

	(void)state;
	for (int order = 0; order < 2; order++) {
		struct chain_verdict verdict;

		judge(orders[order], &verdict);
		assert_true(verdict.good);
	}
	mint_free(leaf);
	mint_free(before);
	mint_free(after);
}

/* Every certificate seems to have issued every other: no path, and an end. */
static void a_knot_of_cas_ends(void **state)
{
	struct mint *knot[6];
	const struct mint *shown[SHOWN] = {NULL};
	struct chain_verdict verdict;
	struct mint *leaf;

	(void)state;
	knot[0] = mint_ca("Knot", NULL);
	for (int i = 1; i < 6; i++)
		knot[i] = mint_new(&(struct mint_spec){.cn = "Knot",
			.issuer = knot[0],
			.ca = true,
			.same_key = knot[0]});
	leaf = mint_client("leaf", knot[0]);
	shown[0] = leaf;
	for (int i = 0; i < 6; i++)
		shown[i + 1] = knot[i];
	judge(shown, &verdict);
	assert_false(verdict.good);
	for (int i = 0; i < 6; i++)
		mint_free(knot[i]);
	mint_free(leaf);
}

static int set_up(void **state)
{
	struct config_problems *problems = config_problems_new();

	(void)state;
	if (!tls_library_init(NULL))
		return -1;
	tls_files_init(&files);
	root = mint_ca("Test Root", NULL);
	stranger = mint_ca("Stranger CA", NULL);
	mint_write_cert(files.directory, "ca.pem", root);
	trust = trust_load(&files.listener.client_auth, problems);
	config_problems_free(problems);
	by_ca = mint_ca("Cross", files.ca);
	by_root = mint_new(&(struct mint_spec){
		.cn = "Cross", .issuer = root, .ca = true, .same_key = by_ca});
	by_stranger = mint_new(&(struct mint_spec){.cn = "Cross",
		.issuer = stranger,
		.ca = true,
		.same_key = by_ca});
	over = mint_new(&(struct mint_spec){.cn = "Cross",
		.issuer = files.ca,
		.ca = true,
		.same_key = by_ca,
		.from_s = -2 * DAY,
		.until_s = -DAY});
	limited = mint_new(&(struct mint_spec){.cn = "Cross",
		.issuer = files.ca,
		.ca = true,
		.same_key = by_ca,
		.name_constraints = "critical,permitted;DNS:example.org"});
	return trust && trust_count(trust) == 2 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	mint_free(by_ca);
	mint_free(by_root);
	mint_free(by_stranger);
	mint_free(over);
	mint_free(limited);
	mint_free(root);
	mint_free(stranger);
	trust_free(trust);
	tls_files_fini(&files);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_path_is_found_behind_a_bad_one),
		cmocka_unit_test(the_other_path_gives_the_date),
		cmocka_unit_test(
			where_all_fail_the_first_error_of_the_best_stands),
		cmocka_unit_test(another_path_is_held_to_the_same_rules),
		cmocka_unit_test(
			a_rekeyed_intermediate_is_told_apart_by_its_signature),
		cmocka_unit_test(a_knot_of_cas_ends),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
