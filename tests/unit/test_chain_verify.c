/*
 * The verification outside of a handshake; test_client_auth runs the same one
 * inside.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "config/config_problem.h"
#include "fake/cert_mint.h"
#include "fake/tls_files.h"
#include "tls/chain_verify.h"
#include "tls/client_reason.h"
#include "tls/tls_context.h"
#include "tls/trust.h"

enum { DAY = 86400, SHOWN = 24, FINDINGS = 8 };

static struct tls_files files;
static struct trust *trust;

static struct trust *load(const struct config_client_auth *settings)
{
	struct config_problems *problems = config_problems_new();
	struct trust *loaded = trust_load(settings, problems);

	assert_int_equal(config_problems_errors(problems), 0);
	config_problems_free(problems);
	assert_non_null(loaded);
	return loaded;
}

/* What a sink heard. */
struct heard {
	int codes[FINDINGS];
	int depths[FINDINGS];
	X509 *certs[FINDINGS];
	int findings;
	int paths;
	int others;
	int path_len;
	bool whole;
	bool genuine;
};

static void hear_finding(void *owner, int code, int depth, X509 *cert)
{
	struct heard *heard = owner;

	assert_in_range(heard->findings, 0, FINDINGS - 1);
	heard->codes[heard->findings] = code;
	heard->depths[heard->findings] = depth;
	heard->certs[heard->findings++] = cert;
}

static void hear_path(
	void *owner, const STACK_OF(X509) * path, bool whole, bool genuine)
{
	struct heard *heard = owner;

	heard->paths++;
	heard->path_len = sk_X509_num(path);
	heard->whole = whole;
	heard->genuine = genuine;
}

static void hear_other(void *owner)
{
	struct heard *heard = owner;

	*heard = (struct heard){.others = heard->others + 1};
}

static struct heard judge(const struct config_client_auth *settings,
	const struct mint *const shown[], int64_t at, struct chain_verdict *out)
{
	struct heard heard = {0};
	const struct chain_sink sink = {
		&heard, hear_finding, hear_other, hear_path};
	const struct chain_rules rules = {settings, trust, &sink};
	STACK_OF(X509) *sent = sk_X509_new_null();

	for (; *shown; shown++)
		assert_true(sk_X509_push(sent, (*shown)->cert));
	assert_true(chain_verify_offline(&rules, sent, at, out));
	sk_X509_free(sent);
	return heard;
}

static void a_good_leaf_is_good_and_names_its_path(void **state)
{
	struct mint *sub = mint_ca("Sub CA", files.ca);
	struct mint *leaf = mint_client("leaf", sub);
	const struct mint *const shown[] = {leaf, sub, NULL};
	struct chain_verdict verdict;
	unsigned char digest[32];
	struct heard heard;

	(void)state;
	heard = judge(&files.listener.client_auth, shown, CHAIN_NOW, &verdict);
	assert_true(verdict.good);
	assert_int_equal(verdict.code, 0);
	assert_int_equal(verdict.sent, 2);
	assert_int_equal(heard.findings, 0);
	assert_int_equal(heard.paths, 1);
	assert_int_equal(heard.path_len, 3);
	assert_true(heard.whole);
	assert_true(heard.genuine);
	X509_digest(leaf->cert, EVP_sha256(), digest, NULL);
	assert_memory_equal(verdict.sha256, digest, sizeof(digest));
	assert_in_range(verdict.expires, time(NULL), time(NULL) + 367 * DAY);
	mint_free(leaf);
	mint_free(sub);
}

static void the_time_asked_for_is_the_time_that_counts(void **state)
{
	static const struct {
		int days;
		int code;
	} cases[] = {
		{0, X509_V_OK},
		{3, X509_V_ERR_CERT_HAS_EXPIRED},
		{-1, X509_V_ERR_CERT_NOT_YET_VALID},
	};
	struct mint *leaf = mint_new(&(struct mint_spec){.cn = "leaf",
		.issuer = files.ca,
		.eku = "clientAuth",
		.from_s = -60,
		.until_s = DAY});
	const struct mint *const shown[] = {leaf, NULL};
	struct chain_verdict verdict;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		judge(&files.listener.client_auth, shown,
			time(NULL) + cases[i].days * DAY, &verdict);
		assert_int_equal(verdict.code, cases[i].code);
		assert_int_equal(verdict.good, cases[i].code == X509_V_OK);
	}
	mint_free(leaf);
}

static void the_first_finding_stands_and_the_sink_hears_all(void **state)
{
	struct mint *leaf = mint_new(&(struct mint_spec){.cn = "leaf",
		.issuer = files.ca,
		.eku = "serverAuth",
		.from_s = -2 * DAY,
		.until_s = -DAY});
	const struct mint *const shown[] = {leaf, NULL};
	struct chain_verdict verdict;
	struct heard heard;

	(void)state;
	heard = judge(&files.listener.client_auth, shown, CHAIN_NOW, &verdict);
	assert_int_equal(heard.findings, 2);
	assert_int_equal(heard.codes[0], X509_V_ERR_INVALID_PURPOSE);
	assert_int_equal(heard.codes[1], X509_V_ERR_CERT_HAS_EXPIRED);
	assert_ptr_equal(heard.certs[1], leaf->cert);
	assert_int_equal(heard.depths[1], 0);
	assert_int_equal(verdict.code, X509_V_ERR_INVALID_PURPOSE);
	assert_false(verdict.good);
	assert_int_equal(verdict.expires, INT64_MAX);
	mint_free(leaf);
}

/* R17 */
static void too_many_certificates_are_not_looked_at(void **state)
{
	struct mint *leaf = mint_client("leaf", files.ca);
	const struct mint *shown[SHOWN] = {leaf};
	struct chain_verdict verdict;
	struct heard heard;

	(void)state;
	for (int i = 1; i < 20; i++)
		shown[i] = files.ca;
	heard = judge(&files.listener.client_auth, shown, CHAIN_NOW, &verdict);
	assert_int_equal(verdict.code, CLIENT_AUTH_CODE_CHAIN_SIZE);
	assert_int_equal(verdict.sent, 20);
	assert_int_equal(heard.paths, 0);
	mint_free(leaf);
}

static void a_path_without_an_anchor_is_not_whole(void **state)
{
	struct mint *stranger = mint_ca("Stranger CA", NULL);
	struct mint *leaf = mint_client("leaf", stranger);
	const struct mint *const shown[] = {leaf, stranger, NULL};
	struct chain_verdict verdict;
	struct heard heard;

	(void)state;
	heard = judge(&files.listener.client_auth, shown, CHAIN_NOW, &verdict);
	assert_int_equal(verdict.code, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
	assert_int_equal(heard.path_len, 2);
	assert_false(heard.whole);
	assert_false(heard.genuine);
	mint_free(leaf);
	mint_free(stranger);
}

static void nothing_sent_is_no_verdict(void **state)
{
	const struct chain_rules rules = {
		&files.listener.client_auth, trust, NULL};
	STACK_OF(X509) *sent = sk_X509_new_null();
	struct chain_verdict verdict;

	(void)state;
	assert_false(chain_verify_offline(&rules, sent, CHAIN_NOW, &verdict));
	assert_false(verdict.good);
	sk_X509_free(sent);
}

static int set_up(void **state)
{
	(void)state;
	if (!tls_library_init(NULL))
		return -1;
	tls_files_init(&files);
	trust = load(&files.listener.client_auth);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	trust_free(trust);
	tls_files_fini(&files);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_leaf_is_good_and_names_its_path),
		cmocka_unit_test(the_time_asked_for_is_the_time_that_counts),
		cmocka_unit_test(
			the_first_finding_stands_and_the_sink_hears_all),
		cmocka_unit_test(too_many_certificates_are_not_looked_at),
		cmocka_unit_test(a_path_without_an_anchor_is_not_whole),
		cmocka_unit_test(nothing_sent_is_no_verdict),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
