/*
 * R14: a revoked certificate wins over every other error and every soft
 * setting; a CRL that is missing or out of date refuses unless told otherwise,
 * each issuer judged for itself. R11: a CRL that is not as it should be
 * refuses the start.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "config/config_problem.h"
#include "fake/cert_mint.h"
#include "fake/crl_mint.h"
#include "fake/tls_files.h"
#include "tls/chain_verify.h"
#include "tls/client_reason.h"
#include "tls/trust.h"

enum { DAY = 86400, TEXTS = 4, SHOWN = 4 };

static struct tls_files files;
static struct mint *root, *sub, *twin, *other, *no_sign;
static struct mint *good, *bad, *expired, *below, *stranger;
static char paths[2 * TEXTS][200];

/* ---- loading ---- */

struct loaded {
	struct config_listener listener;
	struct config_text ca[TEXTS], crls[TEXTS], serials[TEXTS],
		prints[TEXTS];
	struct trust *trust;
	size_t errors, warnings;
	enum exit_code code;
	struct buf text;
};

static void set_files(struct config_texts *texts, struct config_text *items,
	char (*room)[200], const char *const *names)
{
	*texts = (struct config_texts){items, 0};
	for (; names[texts->count]; texts->count++) {
		snprintf(room[texts->count], 200, "%s/%s", files.directory,
			names[texts->count]);
		items[texts->count].text = room[texts->count];
	}
}

static void load_as(struct loaded *l)
{
	struct config_problems *problems = config_problems_new();

	l->trust = trust_load(&l->listener.client_auth, problems);
	l->errors = config_problems_errors(problems);
	l->warnings = config_problems_warnings(problems);
	l->code = config_problems_exit(problems);
	assert_true(config_problems_print(problems, &l->text));
	config_problems_free(problems);
	assert_int_equal(!l->trust, l->errors > 0);
}

/* cas and crls: names of files, NULL ends. */
static void prepare(
	struct loaded *l, const char *const *cas, const char *const *crls)
{
	*l = (struct loaded){.listener = files.listener};
	set_files(&l->listener.client_auth.ca, l->ca, paths, cas);
	set_files(&l->listener.client_auth.crl.files, l->crls, paths + TEXTS,
		crls);
}

static const char *const root_only[] = {"root.pem", NULL};

static void load(struct loaded *l, const char *crl)
{
	const char *crls[] = {crl, NULL};

	prepare(l, root_only, crls);
	load_as(l);
}

static void drop(struct loaded *l)
{
	trust_free(l->trust);
	buf_fini(&l->text);
}

static void expect_text(
	const struct loaded *l, const char *name, const char *words)
{
	struct slice text = buf_bytes(&l->text);

	if (!memmem(text.ptr, text.len, words, strlen(words)))
		fail_msg("%s: no \"%s\" in %.*s", name, words, SLICE_FMT(text));
}

/* ---- judging ---- */

static struct chain_verdict judge_at(
	const struct loaded *l, int64_t at, const struct mint *const *shown)
{
	const struct chain_rules rules = {
		&l->listener.client_auth, l->trust, NULL};
	STACK_OF(X509) *sent = sk_X509_new_null();
	struct chain_verdict verdict;

	if (!l->trust)
		fail_msg("%.*s", SLICE_FMT(buf_bytes(&l->text)));
	for (; *shown; shown++)
		assert_true(sk_X509_push(sent, (*shown)->cert));
	assert_true(chain_verify_offline(&rules, sent, at, &verdict));
	sk_X509_free(sent);
	return verdict;
}

static struct chain_verdict judge(
	const struct loaded *l, const struct mint *leaf)
{
	const struct mint *shown[] = {leaf, NULL};

	return judge_at(l, CHAIN_NOW, shown);
}

static struct chain_verdict judge_chain(const struct loaded *l,
	const struct mint *leaf, const struct mint *intermediate)
{
	const struct mint *shown[] = {leaf, intermediate, NULL};

	return judge_at(l, CHAIN_NOW, shown);
}

static void expect_revoked(struct chain_verdict verdict)
{
	assert_true(verdict.revoked);
	assert_false(verdict.good);
	assert_int_equal(verdict.code, X509_V_ERR_CERT_REVOKED);
}

/* ---- what a CRL says ---- */

static void a_listed_certificate_is_revoked_and_others_are_good(void **state)
{
	struct chain_verdict verdict;
	struct loaded l;

	(void)state;
	load(&l, "good.crl");
	assert_int_equal(l.warnings, 0);
	expect_revoked(judge(&l, bad));
	verdict = judge(&l, good);
	assert_true(verdict.good);
	assert_in_range(
		verdict.crl_until, time(NULL) + 6 * DAY, time(NULL) + 8 * DAY);
	assert_true(trust_next_update(l.trust) == verdict.crl_until);
	drop(&l);
}

static void revoked_wins_over_every_other_error(void **state)
{
	struct chain_verdict verdict;
	struct loaded l;

	(void)state;
	load(&l, "good.crl");
	verdict = judge(&l, expired);
	expect_revoked(verdict);
	assert_int_equal(verdict.otherwise, X509_V_ERR_CERT_HAS_EXPIRED);
	verdict = judge(&l, bad);
	assert_int_equal(verdict.otherwise, 0);
	drop(&l);
}

/* revoked_verdict: cloudflare tells it then. */
static void what_is_wrong_besides_is_kept(void **state)
{
	static const char *const crls[] = {"lowsub.crl", NULL};
	struct mint *low = mint_client("low", sub);
	struct chain_verdict verdict;
	struct loaded l;

	(void)state;
	crl_mint_write(files.directory, "lowsub.crl",
		&(struct crl_spec){.issuer = sub, .revoked = {low}});
	prepare(&l, root_only, crls);
	l.listener.client_auth.crl.scope = CRL_SCOPE_CHAIN;
	load_as(&l);
	verdict = judge_chain(&l, low, sub);
	expect_revoked(verdict);
	assert_int_equal(verdict.otherwise, X509_V_ERR_UNABLE_TO_GET_CRL);
	drop(&l);
	mint_free(low);
}

static void revoked_wins_over_every_soft_setting(void **state)
{
	static const char *const crls[] = {"expired.crl", NULL};
	struct loaded l;

	(void)state;
	prepare(&l, root_only, crls);
	l.listener.client_auth.crl.when_expired = CRL_POLICY_ALLOW;
	l.listener.client_auth.crl.when_missing = CRL_POLICY_ALLOW;
	load_as(&l);
	expect_revoked(judge(&l, bad));
	assert_true(judge(&l, good).good);
	drop(&l);
}

static void every_form_of_file_is_read(void **state)
{
	static const char *const names[] = {
		"der.crl", "several.crl", "several-der.crl", "dir"};
	struct loaded l;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		load(&l, names[i]);
		expect_revoked(judge(&l, bad));
		assert_true(judge(&l, good).good);
		drop(&l);
	}
}

static void a_list_in_use_for_users_or_points_covers_only_those(void **state)
{
	static const struct {
		const char *name;
		int code; /* for a good leaf without a distribution point */
	} cases[] = {
		{"users.crl", 0},
		{"cas.crl", X509_V_ERR_DIFFERENT_CRL_SCOPE},
		{"point.crl", X509_V_ERR_DIFFERENT_CRL_SCOPE},
	};
	struct loaded l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		load(&l, cases[i].name);
		assert_int_equal(judge(&l, good).code, cases[i].code);
		/* what is listed is revoked, whatever the list is for */
		expect_revoked(judge(&l, bad));
		drop(&l);
	}
}

/* ---- missing, expired ---- */

static void a_missing_list_is_judged_for_each_issuer(void **state)
{
	static const char *const cas[] = {"root.pem", "other.pem", NULL};
	static const char *const crls[] = {"good.crl", NULL};
	struct loaded l;

	(void)state;
	prepare(&l, cas, crls);
	load_as(&l);
	assert_true(judge(&l, good).good);
	assert_int_equal(
		judge(&l, stranger).code, X509_V_ERR_UNABLE_TO_GET_CRL);
	drop(&l);
	prepare(&l, cas, crls);
	l.listener.client_auth.crl.when_missing = CRL_POLICY_ALLOW;
	load_as(&l);
	assert_true(judge(&l, stranger).good);
	expect_revoked(judge(&l, bad));
	drop(&l);
	/* and without `crl` nobody asks for one */
	prepare(&l, cas, crls + 1);
	load_as(&l);
	assert_true(judge(&l, stranger).good);
	assert_true(judge(&l, bad).good);
	assert_true(judge(&l, bad).crl_until == INT64_MAX);
	drop(&l);
}

static void an_expired_list_refuses_unless_it_is_allowed(void **state)
{
	static const char *const crls[] = {"expired.crl", NULL};
	struct loaded l;

	(void)state;
	load(&l, "expired.crl");
	assert_int_equal(l.warnings, 1);
	expect_text(&l, "expired.crl", "has expired; its clients are refused");
	assert_int_equal(judge(&l, good).code, X509_V_ERR_CRL_HAS_EXPIRED);
	expect_revoked(judge(&l, bad));
	drop(&l);
	prepare(&l, root_only, crls);
	l.listener.client_auth.crl.when_expired = CRL_POLICY_ALLOW;
	load_as(&l);
	assert_true(judge(&l, good).good);
	drop(&l);
}

static void the_time_of_a_list_is_held_against_the_time_asked_for(void **state)
{
	static const struct {
		int days;
		int code;
	} cases[] = {
		{0, 0},
		{6, 0},
		{8, X509_V_ERR_CRL_HAS_EXPIRED},
	};
	const struct mint *shown[] = {good, NULL};
	struct loaded l;

	(void)state;
	load(&l, "good.crl");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			judge_at(&l, time(NULL) + cases[i].days * DAY, shown)
				.code,
			cases[i].code);
	drop(&l);
}

static void a_list_of_tomorrow_does_not_count_today(void **state)
{
	static const char *const both[] = {"future.crl", "good.crl", NULL};
	struct loaded l;

	(void)state;
	load(&l, "future.crl");
	expect_text(&l, "future.crl", "is not valid yet");
	assert_int_equal(judge(&l, good).code, X509_V_ERR_CRL_NOT_YET_VALID);
	drop(&l);
	prepare(&l, root_only, both);
	load_as(&l);
	assert_true(judge(&l, good).good);
	drop(&l);
}

static void a_newer_list_takes_the_place_of_an_older(void **state)
{
	static const char *const both[] = {"expired.crl", "empty.crl", NULL};
	struct loaded l;

	(void)state;
	prepare(&l, root_only, both);
	load_as(&l);
	/* no word about the old one, and what it listed is taken back */
	assert_int_equal(l.warnings, 0);
	assert_true(judge(&l, bad).good);
	drop(&l);
}

/* ---- chains ---- */

static void the_scope_says_who_needs_a_list(void **state)
{
	static const char *const of_sub[] = {"sub.crl", NULL};
	static const char *const both[] = {"sub.crl", "good.crl", NULL};
	struct loaded l;

	(void)state;
	prepare(&l, root_only, of_sub);
	load_as(&l);
	assert_int_equal(l.warnings, 0);
	assert_true(judge_chain(&l, below, sub).good);
	drop(&l);
	prepare(&l, root_only, of_sub);
	l.listener.client_auth.crl.scope = CRL_SCOPE_CHAIN;
	load_as(&l);
	assert_int_equal(
		judge_chain(&l, below, sub).code, X509_V_ERR_UNABLE_TO_GET_CRL);
	assert_int_equal(judge_chain(&l, below, sub).depth, 1);
	drop(&l);
	prepare(&l, root_only, both);
	l.listener.client_auth.crl.scope = CRL_SCOPE_CHAIN;
	load_as(&l);
	assert_true(judge_chain(&l, below, sub).good);
	drop(&l);
}

static void a_revoked_intermediate_is_refused_in_either_scope(void **state)
{
	static const char *const crls[] = {"nosub.crl", "sub.crl", NULL};
	struct loaded l;

	(void)state;
	for (int scope = CRL_SCOPE_LEAF; scope <= CRL_SCOPE_CHAIN; scope++) {
		struct chain_verdict verdict;

		prepare(&l, root_only, crls);
		l.listener.client_auth.crl.scope = (enum crl_scope)scope;
		load_as(&l);
		verdict = judge_chain(&l, below, sub);
		expect_revoked(verdict);
		assert_int_equal(verdict.depth, 1);
		drop(&l);
	}
}

static void a_namesake_with_another_key_has_no_say(void **state)
{
	static const char *const cas[] = {"root.pem", "twin.pem", NULL};
	static const char *const of_twin[] = {"twin.crl", NULL};
	struct loaded l;

	(void)state;
	/* the twin's list names bad's serial, but bad is not the twin's */
	prepare(&l, cas, of_twin);
	load_as(&l);
	assert_int_equal(judge(&l, bad).code, X509_V_ERR_UNABLE_TO_GET_CRL);
	assert_false(judge(&l, bad).revoked);
	drop(&l);
}

static void nor_has_one_with_a_key_of_another_kind(void **state)
{
	static const char *const crls[] = {"rsasub.crl", "sub.crl", NULL};
	struct mint *rsa = mint_new(&(struct mint_spec){.cn = "Sub CA",
		.issuer = root,
		.key = MINT_RSA2048,
		.ca = true});
	struct loaded l;

	(void)state;
	crl_mint_write(files.directory, "rsasub.crl",
		&(struct crl_spec){.issuer = rsa, .revoked = {below}});
	prepare(&l, root_only, crls);
	load_as(&l);
	assert_true(judge_chain(&l, below, sub).good);
	drop(&l);
	mint_free(rsa);
}

static void an_intermediates_list_is_proven_when_it_is_first_sent(void **state)
{
	static const char *const forged[] = {"forgedsub.crl", NULL};
	static const char *const barred[] = {"nosign.crl", NULL};
	struct mint *under = mint_client("under", no_sign);
	struct loaded l;

	(void)state;
	prepare(&l, root_only, forged);
	load_as(&l);
	for (int again = 0; again < 2; again++)
		assert_int_equal(judge_chain(&l, below, sub).code,
			X509_V_ERR_UNABLE_TO_GET_CRL);
	drop(&l);
	prepare(&l, root_only, barred);
	load_as(&l);
	assert_int_equal(judge_chain(&l, under, no_sign).code,
		X509_V_ERR_KEYUSAGE_NO_CRL_SIGN);
	drop(&l);
	mint_free(under);
}

/* ---- deny lists ---- */

static void deny(struct loaded *l, const char *serial, const char *print)
{
	prepare(l, root_only, (const char *const[]){NULL});
	l->serials[0].text = serial;
	l->prints[0].text = print;
	if (serial)
		l->listener.client_auth.deny.serials =
			(struct config_texts){l->serials, 1};
	if (print)
		l->listener.client_auth.deny.fingerprints_sha256 =
			(struct config_texts){l->prints, 1};
	load_as(l);
}

/* Hex of octets, with colons or without. */
static void hex(const unsigned char *octets, size_t len, bool colons, char *out)
{
	for (size_t i = 0; i < len; i++)
		out += snprintf(out, 4, colons ? "%s%02X" : "%s%02x",
			colons && i ? ":" : "", octets[i]);
}

static void serial_of(const struct mint *mint, bool colons, char *out)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(mint->cert);

	hex(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial),
		colons, out);
}

static void print_of(const struct mint *mint, bool colons, char *out)
{
	unsigned char digest[32];

	assert_int_equal(
		X509_digest(mint->cert, EVP_sha256(), digest, NULL), 1);
	hex(digest, sizeof(digest), colons, out);
}

static void expect_denied(struct chain_verdict verdict, int depth)
{
	assert_true(verdict.revoked);
	assert_int_equal(verdict.code, CLIENT_AUTH_CODE_DENIED);
	assert_int_equal(verdict.depth, depth);
}

static void denied_by_serial_or_fingerprint_is_revoked(void **state)
{
	char text[200];
	struct loaded l;

	(void)state;
	for (int colons = 0; colons < 2; colons++) {
		serial_of(bad, colons, text);
		deny(&l, text, NULL);
		expect_denied(judge(&l, bad), 0);
		assert_true(judge(&l, good).good);
		drop(&l);
		print_of(bad, colons, text);
		deny(&l, NULL, text);
		expect_denied(judge(&l, bad), 0);
		assert_true(judge(&l, good).good);
		drop(&l);
	}
}

static void denied_wins_over_every_other_error(void **state)
{
	char text[200];
	struct loaded l;

	(void)state;
	print_of(expired, false, text);
	deny(&l, NULL, text);
	expect_denied(judge(&l, expired), 0);
	drop(&l);
	/* also where no chain can be built */
	print_of(stranger, false, text);
	deny(&l, NULL, text);
	expect_denied(judge(&l, stranger), 0);
	drop(&l);
}

static void intermediates_are_denied_by_fingerprint_only(void **state)
{
	char text[200];
	struct loaded l;

	(void)state;
	print_of(sub, false, text);
	deny(&l, NULL, text);
	expect_denied(judge_chain(&l, below, sub), 1);
	drop(&l);
	serial_of(sub, false, text);
	deny(&l, text, NULL);
	assert_true(judge_chain(&l, below, sub).good);
	drop(&l);
}

static void a_deny_entry_that_does_not_parse_is_an_error(void **state)
{
	static const char *const serials[] = {"", "-", ":", "4A:", ":4A",
		"4A::11", "xyz", "0x4A", "4A 11",
		/* 04:0A:11 to some, 4A:11 to others */
		"4:A:11", "4A:1", "4A1:10", "4A11:0C"};
	static const char *const prints[] = {"", "4A11",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd"
		"e",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd"
		"ef0",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd"
		"eg"};
	char longest[200];
	struct loaded l;

	(void)state;
	for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
		deny(&l, serials[i], NULL);
		expect_text(&l, serials[i], "is no serial number");
		drop(&l);
	}
	for (size_t i = 0; i < sizeof(prints) / sizeof(prints[0]); i++) {
		deny(&l, NULL, prints[i]);
		expect_text(&l, prints[i], "is no SHA-256");
		drop(&l);
	}
	memset(longest, '1', sizeof(longest));
	longest[130] = '\0';
	deny(&l, longest, NULL);
	expect_text(&l, longest, "is no serial number");
	drop(&l);
	longest[128] = '\0';
	deny(&l, longest, NULL);
	assert_non_null(l.trust);
	drop(&l);
	deny(&l, "-4:a1", NULL);
	assert_non_null(l.trust);
	drop(&l);
}

/* ---- what is refused at load ---- */

static const struct {
	const char *name;
	enum exit_code code;
	const char *says[2];
} refused[] = {
	{"missing.crl", EXIT_CODE_NO_INPUT,
		{"missing.crl cannot be read: No such file"}},
	{"void.crl", EXIT_CODE_CONFIG,
		{"holds no CRL in PEM form", "the file is empty"}},
	{"emptydir", EXIT_CODE_CONFIG, {"no *.crl and no *.pem"}},
	{"root.pem", EXIT_CODE_CONFIG,
		{"the block at line 1 is \"CERTIFICATE\"; only \"X509 CRL\""}},
	{"cut.crl", EXIT_CODE_CONFIG, {"a block does not end"}},
	{"shifted.crl", EXIT_CODE_CONFIG, {"line 1: BEGIN stands behind"}},
	{"huge.crl", EXIT_CODE_CONFIG,
		{"huge.crl cannot be read: File too large",
			"at most 64 MiB are read"}},
	{"fifo.crl", EXIT_CODE_CONFIG, {"it is no regular file"}},
	{"third.crl", EXIT_CODE_CONFIG,
		{"has a version that is neither 1 nor 2"}},
	{"noder.crl", EXIT_CODE_CONFIG, {"the block at line 1 is no CRL"}},
	{"tail.crl", EXIT_CODE_CONFIG, {"what begins at octet"}},
	{"forged.crl", EXIT_CODE_CONFIG,
		{"the CRL is not signed by the CA that it names",
			"no CA loaded with the name CN=Root CA has the key"}},
	{"delta.crl", EXIT_CODE_CONFIG, {"is a delta CRL"}},
	{"indirect.crl", EXIT_CODE_CONFIG, {"is an indirect CRL"}},
	{"reasons.crl", EXIT_CODE_CONFIG, {"tells of some reasons only"}},
	{"attributes.crl", EXIT_CODE_CONFIG, {"attribute certificates"}},
	{"nonumber.crl", EXIT_CODE_CONFIG, {"has no CRL number"}},
	{"critical.crl", EXIT_CODE_CONFIG,
		{"the critical extension \"X509v3 CRL Number\""}},
	{"entry.crl", EXIT_CODE_CONFIG, {"an entry with a critical extension"}},
	{"removed.crl", EXIT_CODE_CONFIG, {"\"removeFromCRL\""}},
};

static void every_list_that_would_be_misread_refuses_the_start(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct loaded l;

		load(&l, refused[i].name);
		if (l.trust || l.code != refused[i].code)
			fail_msg("%s: code %d, %.*s", refused[i].name, l.code,
				SLICE_FMT(buf_bytes(&l.text)));
		for (int j = 0; j < 2 && refused[i].says[j]; j++)
			expect_text(&l, refused[i].name, refused[i].says[j]);
		drop(&l);
	}
}

static void a_ca_without_the_right_to_sign_lists_is_told_of(void **state)
{
	static const char *const cas[] = {"nosign.pem", NULL};
	static const char *const crls[] = {"nosign.crl", NULL};
	struct loaded l;

	(void)state;
	prepare(&l, cas, crls);
	load_as(&l);
	assert_null(l.trust);
	expect_text(&l, "nosign.crl", "a CA that may not sign CRLs");
	expect_text(&l, "nosign.crl",
		"the key usage of CN=No CRL CA is without cRLSign");
	drop(&l);
}

static void lists_that_are_odd_but_usable_are_warned_of(void **state)
{
	static const struct {
		const char *ca;
		const char *crl;
		const char *says;
	} cases[] = {
		{"root.pem", "endless.crl", "never expires"},
		{"root.pem", "soon.crl", "expires soon"},
		{"flat.pem", "good.crl", "CN=Root CA is of no use"},
	};
	struct loaded l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *cas[] = {cases[i].ca, NULL};
		const char *crls[] = {cases[i].crl, NULL};

		prepare(&l, cas, crls);
		load_as(&l);
		assert_non_null(l.trust);
		assert_int_equal(l.warnings, 1);
		expect_text(&l, cases[i].crl, cases[i].says);
		drop(&l);
	}
	/* version 1 has no extensions and needs none */
	load(&l, "v1.crl");
	assert_int_equal(l.warnings, 0);
	expect_revoked(judge(&l, bad));
	drop(&l);
}

/* ---- the files ---- */

struct crl_file {
	const char *name;
	struct crl_spec spec;
};

static void write_crls(void)
{
	const struct crl_file made[] = {
		{"good.crl", {.issuer = root,
				     .revoked = {bad, expired},
				     .others = 50}},
		{"several.crl", {.issuer = other}},
		{"several.crl", {.issuer = root, .revoked = {bad}}},
		{"dir/a.crl", {.issuer = other}},
		{"dir/b.pem", {.issuer = root, .revoked = {bad}}},
		{"dir/c.txt", {.issuer = root, .delta = true}},
		{"users.crl", {.issuer = root,
				      .revoked = {bad},
				      .point = "critical,onlyuser:TRUE"}},
		{"cas.crl", {.issuer = root,
				    .revoked = {bad},
				    .point = "critical,onlyCA:TRUE"}},
		{"point.crl", {.issuer = root,
				      .revoked = {bad},
				      .point = "critical,fullname:URI:http://"
					       "crl.example/1"}},
		{"expired.crl", {.issuer = root,
					.revoked = {bad},
					.from_s = -3 * DAY,
					.until_s = -DAY}},
		{"future.crl",
			{.issuer = root, .from_s = DAY, .until_s = 2 * DAY}},
		{"empty.crl", {.issuer = root}},
		{"soon.crl", {.issuer = root, .from_s = -DAY, .until_s = 900}},
		{"endless.crl", {.issuer = root, .endless = true}},
		{"v1.crl", {.issuer = root, .revoked = {bad}, .v1 = true}},
		{"sub.crl", {.issuer = sub}},
		{"nosub.crl", {.issuer = root, .revoked = {sub}}},
		{"twin.crl", {.issuer = twin, .revoked = {bad}}},
		{"forged.crl", {.issuer = root, .signer = other}},
		{"forgedsub.crl", {.issuer = sub, .signer = other}},
		{"nosign.crl", {.issuer = no_sign}},
		{"delta.crl", {.issuer = root, .delta = true}},
		{"indirect.crl",
			{.issuer = root, .point = "critical,indirectCRL:TRUE"}},
		{"reasons.crl", {.issuer = root,
					.point = "critical,onlysomereasons:"
						 "keyCompromise"}},
		{"attributes.crl",
			{.issuer = root, .point = "critical,onlyAA:TRUE"}},
		{"nonumber.crl", {.issuer = root, .no_number = true}},
		{"critical.crl", {.issuer = root, .critical_number = true}},
		{"entry.crl", {.issuer = root,
				      .revoked = {bad},
				      .entry_critical = true}},
		{"third.crl", {.issuer = root, .version = 3}},
		{"removed.crl", {.issuer = root,
					.revoked = {bad},
					.reason = CRL_REASON_REMOVE_FROM_CRL}},
	};

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		crl_mint_write(files.directory, made[i].name, &made[i].spec);
}

static void append(const char *to, const char *from, size_t cut)
{
	char path[200], text[8192];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", files.directory, from);
	file = fopen(path, "re");
	assert_non_null(file);
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	snprintf(path, sizeof(path), "%s/%s", files.directory, to);
	file = fopen(path, "ae");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len - cut, file), len - cut);
	fclose(file);
}

static void write_others(void)
{
	crl_mint_write_der(files.directory, "der.crl",
		&(struct crl_spec){.issuer = root, .revoked = {bad}});
	crl_mint_write_der(files.directory, "other-der.crl",
		&(struct crl_spec){.issuer = other});
	append("several-der.crl", "other-der.crl", 0);
	append("several-der.crl", "der.crl", 0);
	append("tail.crl", "several-der.crl", 3);
	append("cut.crl", "empty.crl", 30);
	/* all of it shifted: not a line begins with dashes */
	mint_write(files.directory, "shifted.crl",
		"  -----BEGIN X509 CRL-----\n  MAA=\n"
		"  -----END X509 CRL-----\n");
	append("shifted.crl", "empty.crl", 0);
	mint_write(files.directory, "void.crl", "");
	mint_write(files.directory, "noder.crl",
		"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n");
}

static void make_odd_files(void)
{
	char path[200];

	mint_write(files.directory, "huge.crl", "");
	snprintf(path, sizeof(path), "%s/huge.crl", files.directory);
	assert_int_equal(truncate(path, 100 * 1024 * 1024), 0);
	snprintf(path, sizeof(path), "%s/fifo.crl", files.directory);
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void make_directory(const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", files.directory, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static int set_up(void **state)
{
	struct mint *flat;

	(void)state;
	tls_files_init(&files);
	root = mint_ca("Root CA", NULL);
	twin = mint_ca("Root CA", NULL);
	other = mint_ca("Other CA", NULL);
	sub = mint_ca("Sub CA", root);
	no_sign = mint_new(&(struct mint_spec){.cn = "No CRL CA",
		.issuer = root,
		.ca = true,
		.key_usage = "critical,keyCertSign"});
	flat = mint_new(&(struct mint_spec){
		.cn = "Flat CA", .ca = true, .path_len = "0"});
	good = mint_client("good", root);
	bad = mint_client("bad", root);
	below = mint_client("below", sub);
	stranger = mint_client("stranger", other);
	expired = mint_new(&(struct mint_spec){.cn = "expired",
		.issuer = root,
		.eku = "clientAuth",
		.from_s = -9 * DAY,
		.until_s = -DAY});
	mint_write_cert(files.directory, "root.pem", root);
	mint_write_cert(files.directory, "twin.pem", twin);
	mint_write_cert(files.directory, "other.pem", other);
	mint_write_cert(files.directory, "flat.pem", flat);
	mint_write_cert(files.directory, "nosign.pem", no_sign);
	mint_free(flat);
	make_directory("dir");
	make_directory("emptydir");
	write_crls();
	write_others();
	make_odd_files();
	return 0;
}

static int tear_down(void **state)
{
	struct mint *all[] = {root, twin, other, sub, no_sign, good, bad, below,
		stranger, expired};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		mint_free(all[i]);
	tls_files_fini(&files);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_listed_certificate_is_revoked_and_others_are_good),
		cmocka_unit_test(revoked_wins_over_every_other_error),
		cmocka_unit_test(what_is_wrong_besides_is_kept),
		cmocka_unit_test(revoked_wins_over_every_soft_setting),
		cmocka_unit_test(every_form_of_file_is_read),
		cmocka_unit_test(
			a_list_in_use_for_users_or_points_covers_only_those),
		cmocka_unit_test(a_missing_list_is_judged_for_each_issuer),
		cmocka_unit_test(an_expired_list_refuses_unless_it_is_allowed),
		cmocka_unit_test(
			the_time_of_a_list_is_held_against_the_time_asked_for),
		cmocka_unit_test(a_list_of_tomorrow_does_not_count_today),
		cmocka_unit_test(a_newer_list_takes_the_place_of_an_older),
		cmocka_unit_test(the_scope_says_who_needs_a_list),
		cmocka_unit_test(
			a_revoked_intermediate_is_refused_in_either_scope),
		cmocka_unit_test(a_namesake_with_another_key_has_no_say),
		cmocka_unit_test(nor_has_one_with_a_key_of_another_kind),
		cmocka_unit_test(
			an_intermediates_list_is_proven_when_it_is_first_sent),
		cmocka_unit_test(denied_by_serial_or_fingerprint_is_revoked),
		cmocka_unit_test(denied_wins_over_every_other_error),
		cmocka_unit_test(intermediates_are_denied_by_fingerprint_only),
		cmocka_unit_test(a_deny_entry_that_does_not_parse_is_an_error),
		cmocka_unit_test(
			every_list_that_would_be_misread_refuses_the_start),
		cmocka_unit_test(
			a_ca_without_the_right_to_sign_lists_is_told_of),
		cmocka_unit_test(lists_that_are_odd_but_usable_are_warned_of),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
