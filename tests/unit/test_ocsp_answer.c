/* What a responder may say, and who may say it (RFC 6960 section 3.2). */
#include "tls/ocsp_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/arena.h"
#include "fake/ocsp_mint.h"
#include "tls/ocsp_question.h"

enum { HOUR = 3600 };

static struct mint *root, *issuer, *leaf, *other_leaf, *stranger;
static struct mint *delegate, *expired, *no_eku, *grandchild, *foreign;
static struct mint *sub_ca, *rsa_issuer, *rsa_leaf, *ed_issuer, *ed_leaf;

static struct mint *responder(const char *cn, const struct mint *by)
{
	return mint_new(&(struct mint_spec){
		.cn = cn, .issuer = by, .eku = "OCSPSigning"});
}

static int mint_all(void **state)
{
	(void)state;
	root = mint_ca("Root", NULL);
	issuer = mint_ca("Issuing CA", root);
	leaf = mint_client("client", issuer);
	other_leaf = mint_client("other client", issuer);
	stranger = mint_ca("Issuing CA", NULL);
	delegate = responder("responder", issuer);
	expired = mint_new(&(struct mint_spec){.cn = "old responder",
		.issuer = issuer,
		.eku = "OCSPSigning",
		.from_s = -2 * HOUR,
		.until_s = -HOUR});
	no_eku = mint_client("no responder", issuer);
	sub_ca = mint_ca("Sub CA", issuer);
	grandchild = responder("grandchild", sub_ca);
	foreign = responder("responder", stranger);
	rsa_issuer = mint_new(&(struct mint_spec){
		.cn = "RSA CA", .ca = true, .key = MINT_RSA2048});
	rsa_leaf = mint_client("client", rsa_issuer);
	ed_issuer = mint_new(&(struct mint_spec){
		.cn = "Ed CA", .ca = true, .key = MINT_ED25519});
	ed_leaf = mint_client("client", ed_issuer);
	return 0;
}

static int free_all(void **state)
{
	struct mint *all[] = {root, issuer, leaf, other_leaf, stranger,
		delegate, expired, no_eku, grandchild, foreign, sub_ca,
		rsa_issuer, rsa_leaf, ed_issuer, ed_leaf};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		mint_free(all[i]);
	return 0;
}

/* ---- reading ---- */

static struct ocsp_answer read_about(const struct mint *cert,
	const struct mint *ca, struct slice der, long later_s)
{
	struct arena *arena = arena_new(NULL);
	struct ocsp_question question;
	struct ocsp_subject subject;
	struct ocsp_answer answer;

	assert_int_equal(
		ocsp_question_about(cert->cert, ca->cert, arena, &question),
		OCSP_RESULT_GOOD);
	assert_true(ocsp_subject_init(&subject, &question));
	ocsp_answer_read(der, &subject, time(NULL) + later_s, &answer);
	ocsp_subject_fini(&subject);
	arena_free(arena);
	return answer;
}

static struct ocsp_answer read_spec(
	const struct ocsp_mint_spec *spec, long later_s)
{
	struct slice der = ocsp_mint(spec);
	struct ocsp_answer answer =
		read_about(spec->leaf, spec->issuer, der, later_s);

	free((void *)der.ptr);
	return answer;
}

struct answer_case {
	const char *name;
	struct ocsp_mint_spec spec;
	long later_s;
	enum ocsp_result result;
};

static void check_case(const struct answer_case *one)
{
	struct ocsp_answer answer = read_spec(&one->spec, one->later_s);

	if (answer.result != one->result)
		fail_msg("%s: %s, not %s", one->name,
			ocsp_result_word(answer.result),
			ocsp_result_word(one->result));
}

#define ABOUT .issuer = issuer, .leaf = leaf
#define CHECK(cases)                                                          \
	do {                                                                  \
		for (size_t i = 0; i < sizeof(cases) / sizeof(*(cases)); i++) \
			check_case(&(cases)[i]);                              \
	} while (0)

static void the_responders_word_is_taken(void **state)
{
	const struct answer_case cases[] = {
		{"good", {ABOUT, .next_s = HOUR}, 0, OCSP_RESULT_GOOD},
		{"revoked",
			{ABOUT, .status = OCSP_MINT_REVOKED, .next_s = HOUR}, 0,
			OCSP_RESULT_REVOKED},
		{"unknown",
			{ABOUT, .status = OCSP_MINT_UNKNOWN, .next_s = HOUR}, 0,
			OCSP_RESULT_UNKNOWN},
		{"no certificate of the signer",
			{ABOUT, .bare = true, .next_s = HOUR}, 0,
			OCSP_RESULT_GOOD},
		{"an appointed responder",
			{ABOUT, .signer = delegate, .next_s = HOUR}, 0,
			OCSP_RESULT_GOOD},
		{"a root that is its own issuer",
			{.issuer = rsa_issuer,
				.leaf = rsa_leaf,
				.next_s = HOUR},
			0, OCSP_RESULT_GOOD},
		{"Ed25519",
			{.issuer = ed_issuer, .leaf = ed_leaf, .next_s = HOUR},
			0, OCSP_RESULT_GOOD},
	};

	(void)state;
	CHECK(cases);
}

static void nobody_else_may_sign(void **state)
{
	const struct answer_case cases[] = {
		{"a CA of the same name", {ABOUT, .signer = stranger}, 0,
			OCSP_RESULT_SIGNATURE},
		{"a responder of another CA", {ABOUT, .signer = foreign}, 0,
			OCSP_RESULT_SIGNATURE},
		{"the root above the issuer", {ABOUT, .signer = root}, 0,
			OCSP_RESULT_SIGNATURE},
		{"a certificate without OCSPSigning", {ABOUT, .signer = no_eku},
			0, OCSP_RESULT_SIGNATURE},
		{"the client itself", {ABOUT, .signer = leaf}, 0,
			OCSP_RESULT_SIGNATURE},
		{"a responder of a CA below", {ABOUT, .signer = grandchild}, 0,
			OCSP_RESULT_SIGNATURE},
		{"a responder that expired", {ABOUT, .signer = expired}, 0,
			OCSP_RESULT_SIGNATURE},
		{"a responder whose certificate is missing",
			{ABOUT, .signer = delegate, .bare = true}, 0,
			OCSP_RESULT_SIGNATURE},
		{"SHA-1 (R16)",
			{.issuer = rsa_issuer, .leaf = rsa_leaf, .sha1 = true},
			0, OCSP_RESULT_SIGNATURE},
	};

	(void)state;
	CHECK(cases);
}

static void an_answer_has_its_time(void **state)
{
	const struct answer_case cases[] = {
		{"in it", {ABOUT, .this_s = -HOUR, .next_s = HOUR}, 0,
			OCSP_RESULT_GOOD},
		{"over", {ABOUT, .this_s = -2 * HOUR, .next_s = -HOUR}, 0,
			OCSP_RESULT_STALE},
		{"over just now", {ABOUT, .this_s = -HOUR, .next_s = -30}, 0,
			OCSP_RESULT_GOOD},
		{"still to come", {ABOUT, .this_s = HOUR, .next_s = 2 * HOUR},
			0, OCSP_RESULT_STALE},
		{"a clock a little ahead",
			{ABOUT, .this_s = 30, .next_s = HOUR}, 0,
			OCSP_RESULT_GOOD},
		{"no nextUpdate", {ABOUT}, 0, OCSP_RESULT_GOOD},
		{"no nextUpdate, and old", {ABOUT, .this_s = -HOUR}, 0,
			OCSP_RESULT_STALE},
		{"read later", {ABOUT, .next_s = HOUR}, 2 * HOUR,
			OCSP_RESULT_STALE},
		{"backwards", {ABOUT, .this_s = 0, .next_s = -30}, 0,
			OCSP_RESULT_MALFORMED},
	};

	(void)state;
	CHECK(cases);
}

static void it_says_how_long_it_holds(void **state)
{
	const struct ocsp_mint_spec hour = {ABOUT, .next_s = HOUR};
	const struct ocsp_mint_spec open = {ABOUT};
	int64_t now = time(NULL);

	(void)state;
	assert_in_range(read_spec(&hour, 0).until - now, HOUR + OCSP_SKEW_S,
		HOUR + OCSP_SKEW_S + 5);
	assert_in_range(read_spec(&open, 0).until - now,
		OCSP_FRESH_S + OCSP_SKEW_S, OCSP_FRESH_S + OCSP_SKEW_S + 5);
}

static void no_date_takes_a_revocation_back_R14(void **state)
{
	const struct answer_case cases[] = {
		{"over",
			{ABOUT, .status = OCSP_MINT_REVOKED,
				.this_s = -2 * HOUR, .next_s = -HOUR},
			0, OCSP_RESULT_REVOKED},
		{"old, and without an end",
			{ABOUT, .status = OCSP_MINT_REVOKED, .this_s = -HOUR},
			0, OCSP_RESULT_REVOKED},
		{"still to come",
			{ABOUT, .status = OCSP_MINT_REVOKED, .this_s = HOUR,
				.next_s = 2 * HOUR},
			0, OCSP_RESULT_REVOKED},
		{"unknown is another matter",
			{ABOUT, .status = OCSP_MINT_UNKNOWN,
				.this_s = -2 * HOUR, .next_s = -HOUR},
			0, OCSP_RESULT_STALE},
	};

	int64_t now = time(NULL);

	(void)state;
	CHECK(cases);
	assert_in_range(read_spec(&cases[0].spec, 0).until - now, OCSP_SKEW_S,
		2 * OCSP_SKEW_S);
}

static void of_two_words_the_worse_one_counts_R14(void **state)
{
	const struct answer_case cases[] = {
		{"revoked last",
			{ABOUT, .twice = true, .second = OCSP_MINT_REVOKED}, 0,
			OCSP_RESULT_REVOKED},
		{"revoked first",
			{ABOUT, .status = OCSP_MINT_REVOKED, .twice = true}, 0,
			OCSP_RESULT_REVOKED},
		{"unknown last",
			{ABOUT, .twice = true, .second = OCSP_MINT_UNKNOWN}, 0,
			OCSP_RESULT_UNKNOWN},
	};

	(void)state;
	CHECK(cases);
}

static void errors_are_no_answers(void **state)
{
	(void)state;
	for (int error = 1; error <= 6; error++) {
		const struct answer_case one = {"error",
			{ABOUT, .error = error}, 0, OCSP_RESULT_DECLINED};

		if (error != 4) /* is none of RFC 6960 */
			check_case(&one);
	}
}

static void an_answer_about_another_certificate_is_none(void **state)
{
	const struct ocsp_mint_spec about_other = {
		.issuer = issuer, .leaf = other_leaf, .next_s = HOUR};
	struct slice der = ocsp_mint(&about_other);

	(void)state;
	assert_int_equal(
		read_about(leaf, issuer, der, 0).result, OCSP_RESULT_MISMATCH);
	/* the same serial of another CA is another certificate */
	assert_int_equal(read_about(other_leaf, stranger, der, 0).result,
		OCSP_RESULT_SIGNATURE);
	free((void *)der.ptr);
}

static void garbage_is_told_apart(void **state)
{
	const struct ocsp_mint_spec spec = {ABOUT, .next_s = HOUR};
	struct slice der = ocsp_mint(&spec);
	char *longer = malloc(der.len + 1);
	char *large = calloc(1, OCSP_ANSWER_MAX + 1);

	(void)state;
	assert_non_null(longer);
	assert_non_null(large);
	memcpy(longer, der.ptr, der.len);
	longer[der.len] = 0;
	assert_int_equal(
		read_about(leaf, issuer, slice_of(longer, der.len + 1), 0)
			.result,
		OCSP_RESULT_MALFORMED);
	assert_int_equal(read_about(leaf, issuer, slice_of(NULL, 0), 0).result,
		OCSP_RESULT_MALFORMED);
	assert_int_equal(read_about(leaf, issuer, SLICE("<html>"), 0).result,
		OCSP_RESULT_MALFORMED);
	assert_int_equal(read_about(leaf, issuer,
				 slice_of(large, OCSP_ANSWER_MAX + 1), 0)
				 .result,
		OCSP_RESULT_TOO_LARGE);
	free(longer);
	free(large);
	free((void *)der.ptr);
}

/* No byte of it can be changed: good becomes anything but good. */
static void a_changed_byte_is_never_good(void **state)
{
	const struct ocsp_mint_spec spec = {
		ABOUT, .status = OCSP_MINT_REVOKED, .next_s = HOUR};
	struct slice der = ocsp_mint(&spec);
	char *copy = malloc(der.len);

	(void)state;
	assert_non_null(copy);
	for (size_t i = 0; i < der.len; i++) {
		memcpy(copy, der.ptr, der.len);
		copy[i] ^= 0x01;
		assert_int_not_equal(
			read_about(leaf, issuer, slice_of(copy, der.len), 0)
				.result,
			OCSP_RESULT_GOOD);
	}
	free(copy);
	free((void *)der.ptr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_responders_word_is_taken),
		cmocka_unit_test(nobody_else_may_sign),
		cmocka_unit_test(an_answer_has_its_time),
		cmocka_unit_test(it_says_how_long_it_holds),
		cmocka_unit_test(no_date_takes_a_revocation_back_R14),
		cmocka_unit_test(of_two_words_the_worse_one_counts_R14),
		cmocka_unit_test(errors_are_no_answers),
		cmocka_unit_test(an_answer_about_another_certificate_is_none),
		cmocka_unit_test(garbage_is_told_apart),
		cmocka_unit_test(a_changed_byte_is_never_good),
	};

	return cmocka_run_group_tests(tests, mint_all, free_all);
}
