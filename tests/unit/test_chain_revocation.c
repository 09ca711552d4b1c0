/*
 * R14, R17: what is remembered of a CRL and a key holds for that key only, and
 * nobody who is not issued by a configured CA has a part in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "config/config_problem.h"
#include "fake/cert_mint.h"
#include "fake/crl_mint.h"
#include "fake/tls_files.h"
#include "tls/chain_verify.h"
#include "tls/crl_priv.h"
#include "tls/trust.h"

enum { MEMOS = 4 }; /* more keys than are remembered */

static struct tls_files files;
/* root (configured) -> mid -> sub -> leaf; mid's list names sub */
static struct mint *mid, *sub, *leaf, *fine;
/* somebody else's CA with the configured one's name */
static struct mint *crook;
static char paths[2][200];
static struct config_text crls[2];

/* ---- judging ---- */

struct judge {
	struct config_listener listener;
	struct trust *trust;
};

static void begin(struct judge *j)
{
	struct config_problems *problems = config_problems_new();

	*j = (struct judge){.listener = files.listener};
	j->listener.client_auth.crl.files = (struct config_texts){crls, 2};
	j->trust = trust_load(&j->listener.client_auth, problems);
	assert_non_null(j->trust);
	config_problems_free(problems);
}

static struct chain_verdict judge(
	const struct judge *j, const struct mint *const *shown)
{
	const struct chain_rules rules = {
		&j->listener.client_auth, j->trust, NULL};
	STACK_OF(X509) *sent = sk_X509_new_null();
	struct chain_verdict verdict;

	for (; *shown; shown++)
		assert_true(sk_X509_push(sent, (*shown)->cert));
	assert_true(chain_verify_offline(&rules, sent, CHAIN_NOW, &verdict));
	sk_X509_free(sent);
	return verdict;
}

static void expect_revoked(const struct judge *j)
{
	struct chain_verdict verdict =
		judge(j, (const struct mint *const[]){leaf, sub, mid, NULL});

	assert_true(verdict.revoked);
	assert_int_equal(verdict.depth, 1);
	/* and who is beside it passes */
	assert_true(
		judge(j, (const struct mint *const[]){fine, mid, NULL}).good);
}

/* ---- who is no CA of ours ---- */

/* A chain of mid's name in front of somebody's own; refused, of course. */
static void show_forged(const struct judge *j, const struct mint *same_key,
	const char *key_usage, const struct mint *issuer)
{
	struct mint *fake = mint_new(&(struct mint_spec){.cn = "Mid CA",
		.issuer = issuer,
		.same_key = same_key,
		.key = MINT_ED25519,
		.ca = true,
		.key_usage = key_usage});
	struct chain_verdict verdict =
		judge(j, (const struct mint *const[]){leaf, sub, fake, NULL});

	assert_false(verdict.good);
	mint_free(fake);
}

static void a_forged_ca_cannot_silence_the_list_of_its_namesake(void **state)
{
	struct judge j;

	(void)state;
	begin(&j);
	/* the same key, certified by nobody of ours, and no right to sign */
	show_forged(&j, mid, "keyCertSign", crook);
	expect_revoked(&j);
	/* nor when others made what was remembered fall out */
	for (unsigned i = 0; i < MEMOS; i++)
		show_forged(&j, NULL, NULL, crook);
	show_forged(&j, mid, "keyCertSign", crook);
	expect_revoked(&j);
	trust_free(j.trust);
}

/* An X25519 key of the same octets; it can sign nothing. */
static struct mint twin_key(const struct mint *of)
{
	unsigned char octets[32];
	size_t len = sizeof(octets);
	struct mint twin = {.cert = NULL};

	assert_int_equal(EVP_PKEY_get_raw_public_key(of->key, octets, &len), 1);
	twin.key =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, octets, len);
	assert_non_null(twin.key);
	return twin;
}

static void a_key_of_another_kind_is_another_key(void **state)
{
	struct mint twin = twin_key(mid);
	struct mint *fake = mint_new(&(struct mint_spec){.cn = "Mid CA",
		.issuer = files.ca,
		.same_key = &twin,
		.ca = true});
	X509_CRL *parsed = crl_mint(&(struct crl_spec){.issuer = mid});
	uint8_t key[CRL_KEY];
	char why[CRL_WHY];
	struct crl *crl = crl_new(&parsed, why);

	(void)state;
	assert_non_null(crl);
	assert_true(crl_key_of(fake->cert, key));
	assert_int_equal(crl_speaks_for(crl, fake->cert, key), CRL_OTHER_KEY);
	assert_true(crl_key_of(mid->cert, key));
	assert_int_equal(crl_speaks_for(crl, mid->cert, key), CRL_PROVEN);
	assert_int_equal(crl_speaks_for(crl, fake->cert, key), CRL_OTHER_KEY);
	crl_free(crl);
	mint_free(fake);
	EVP_PKEY_free(twin.key);
}

static void expect_silent(const struct mint *of, const struct mint *to)
{
	X509_CRL *parsed = crl_mint(&(struct crl_spec){.issuer = of});
	uint8_t key[CRL_KEY];
	char why[CRL_WHY];
	struct crl *crl = crl_new(&parsed, why);

	assert_non_null(crl);
	assert_true(crl_key_of(to->cert, key));
	assert_int_equal(crl_speaks_for(crl, to->cert, key), CRL_OTHER_KEY);
	assert_int_equal(crl_speaks_for(crl, of->cert, key), CRL_PROVEN);
	crl_free(crl);
}

/* Of whatever kind the keys are: a namesake's list is nobody's failure. */
static void a_namesakes_list_is_silent_for_every_kind_of_key(void **state)
{
	static const enum mint_key kinds[] = {
		MINT_P256, MINT_P384, MINT_P521, MINT_ED25519, MINT_RSA2048};
	enum { KINDS = sizeof(kinds) / sizeof(kinds[0]), TWINS = 2 * KINDS };
	struct mint *twins[TWINS];

	(void)state;
	for (size_t i = 0; i < TWINS; i++)
		twins[i] = mint_new(&(struct mint_spec){
			.cn = "Twin CA", .key = kinds[i / 2], .ca = true});
	for (size_t i = 0; i < TWINS; i += 2) {
		for (size_t j = 1; j < TWINS; j += 2)
			expect_silent(twins[i], twins[j]);
	}
	for (size_t i = 0; i < TWINS; i++)
		mint_free(twins[i]);
}

static void the_right_to_sign_lists_is_each_certificates_own(void **state)
{
	struct mint *bare = mint_new(&(struct mint_spec){.cn = "Mid CA",
		.issuer = files.ca,
		.same_key = mid,
		.ca = true,
		.key_usage = "keyCertSign"});
	struct chain_verdict verdict;
	struct judge j;

	(void)state;
	begin(&j);
	verdict = judge(&j, (const struct mint *const[]){fine, bare, NULL});
	assert_int_equal(verdict.code, X509_V_ERR_KEYUSAGE_NO_CRL_SIGN);
	/* what the key says of a revocation is believed all the same */
	verdict =
		judge(&j, (const struct mint *const[]){leaf, sub, bare, NULL});
	assert_true(verdict.revoked);
	expect_revoked(&j);
	trust_free(j.trust);
	mint_free(bare);
}

static void who_reaches_no_configured_ca_costs_no_look_at_lists(void **state)
{
	struct mint *fake = mint_new(&(struct mint_spec){
		.cn = "Mid CA", .issuer = crook, .same_key = mid, .ca = true});
	struct chain_verdict verdict;
	struct judge j;

	(void)state;
	begin(&j);
	verdict =
		judge(&j, (const struct mint *const[]){leaf, sub, fake, NULL});
	assert_false(verdict.good);
	assert_false(verdict.revoked);
	trust_free(j.trust);
	mint_free(fake);
}

/* ---- life ---- */

static void write_crl(unsigned i, const char *name, const struct crl_spec *spec)
{
	crl_mint_write(files.directory, name, spec);
	snprintf(paths[i], sizeof(paths[i]), "%s/%s", files.directory, name);
	crls[i].text = paths[i];
}

static int start(void **state)
{
	(void)state;
	tls_files_init(&files);
	mid = mint_new(&(struct mint_spec){.cn = "Mid CA",
		.issuer = files.ca,
		.key = MINT_ED25519,
		.ca = true});
	sub = mint_ca("Sub CA", mid);
	leaf = mint_client("leaf", sub);
	fine = mint_client("fine", mid);
	crook = mint_ca("crook", NULL);
	write_crl(0, "mid.crl",
		&(struct crl_spec){.issuer = mid, .revoked = {sub}});
	write_crl(1, "sub.crl", &(struct crl_spec){.issuer = sub});
	return 0;
}

static int stop(void **state)
{
	struct mint *all[] = {mid, sub, leaf, fine, crook};

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
			a_forged_ca_cannot_silence_the_list_of_its_namesake),
		cmocka_unit_test(a_key_of_another_kind_is_another_key),
		cmocka_unit_test(
			a_namesakes_list_is_silent_for_every_kind_of_key),
		cmocka_unit_test(
			the_right_to_sign_lists_is_each_certificates_own),
		cmocka_unit_test(
			who_reaches_no_configured_ca_costs_no_look_at_lists),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
