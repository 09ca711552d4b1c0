/*
 * R17: whoever makes up a CA chooses what its key costs. No signature is
 * checked with a key that no configured CA vouches for.
 */
/* A key that counts its uses hangs on interfaces that OpenSSL 3 deprecates. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "config/config_problem.h"
#include "fake/cert_mint.h"
#include "fake/tls_files.h"
#include "tls/chain_verify.h"
#include "tls/tls_context.h"
#include "tls/trust.h"

enum { KNOT = 6, SHOWN = 16, LONG = 12 };

static struct tls_files files;
static struct trust *trust;
static RSA_METHOD *counting;
static int uses; /* of counted keys, since the last verification began */

static int count_use(int type, const unsigned char *digest, unsigned digest_len,
	const unsigned char *signature, unsigned signature_len, const RSA *rsa)
{
	(void)type;
	(void)digest;
	(void)digest_len;
	(void)signature;
	(void)signature_len;
	(void)rsa;
	uses++;
	return 1;
}

/* From here on each use of the certificate's key counts. */
static struct mint *counted(struct mint *mint)
{
	EVP_PKEY *key = X509_get0_pubkey(mint->cert);
	RSA *rsa = EVP_PKEY_get1_RSA(key);

	assert_non_null(rsa);
	assert_int_equal(RSA_set_method(rsa, counting), 1);
	assert_int_equal(EVP_PKEY_assign_RSA(key, rsa), 1);
	return mint;
}

static struct mint *made_up(const char *cn, const struct mint *issuer)
{
	return mint_new(&(struct mint_spec){
		.cn = cn, .issuer = issuer, .key = MINT_RSA2048, .ca = true});
}

/* Its issuer is the configured CA, it says; the signature is another's. */
static struct mint *under_a_false_flag(const char *cn)
{
	return mint_new(&(struct mint_spec){.cn = cn,
		.issuer = files.ca,
		.key = MINT_RSA2048,
		.ca = true,
		.bad_signature = true});
}

static int verify(struct mint *const shown[], const struct chain_sink *sink)
{
	const struct chain_rules rules = {
		&files.listener.client_auth, trust, sink};
	STACK_OF(X509) *sent = sk_X509_new_null();
	struct chain_verdict verdict;

	for (; *shown; shown++)
		assert_true(sk_X509_push(sent, (*shown)->cert));
	uses = 0;
	assert_true(chain_verify_offline(&rules, sent, CHAIN_NOW, &verdict));
	sk_X509_free(sent);
	return verdict.code;
}

static void free_all(struct mint *const shown[])
{
	for (; *shown; shown++)
		mint_free(*shown);
}

static void a_made_up_root_costs_nothing(void **state)
{
	struct mint *ca = made_up("Made Up", NULL);
	struct mint *leaf = mint_client("leaf", ca);
	struct mint *const shown[] = {leaf, counted(ca), NULL};

	(void)state;
	assert_int_equal(
		verify(shown, NULL), X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
	assert_int_equal(uses, 0);
	free_all(shown);
}

static void nor_do_made_up_intermediates_of_nobody(void **state)
{
	struct mint *root = made_up("Made Up", NULL);
	struct mint *upper = made_up("Upper", root);
	struct mint *lower = made_up("Lower", upper);
	struct mint *leaf = mint_client("leaf", lower);
	struct mint *const shown[] = {
		leaf, counted(lower), counted(upper), NULL};

	(void)state;
	assert_int_equal(verify(shown, NULL),
		X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
	assert_int_equal(uses, 0);
	free_all(shown);
	mint_free(root);
}

/* Each seems to have issued each; one key for all of them. */
static void nor_does_a_knot_of_cas(void **state)
{
	struct mint *shown[SHOWN] = {NULL};

	(void)state;
	shown[1] = made_up("Knot", NULL);
	for (int i = 2; i <= KNOT; i++)
		shown[i] = mint_new(&(struct mint_spec){.cn = "Knot",
			.issuer = shown[1],
			.ca = true,
			.same_key = shown[1]});
	shown[0] = mint_client("leaf", shown[1]);
	for (int i = 1; i <= KNOT; i++)
		counted(shown[i]);
	assert_int_not_equal(verify(shown, NULL), X509_V_OK);
	assert_int_equal(uses, 0);
	free_all(shown);
}

static void nor_does_a_chain_that_is_too_long(void **state)
{
	struct mint *shown[SHOWN] = {NULL};
	unsigned depth = files.listener.client_auth.max_depth;
	char cn[] = "CA a";

	(void)state;
	files.listener.client_auth.max_depth = LONG - 2;
	shown[LONG] = made_up("Top", NULL);
	for (int i = LONG - 1; i; i--) {
		shown[i] = made_up(cn, shown[i + 1]);
		cn[3]++;
	}
	shown[0] = mint_client("leaf", shown[1]);
	for (int i = 1; i <= LONG; i++)
		counted(shown[i]);
	assert_int_equal(verify(shown, NULL), X509_V_ERR_CERT_CHAIN_TOO_LONG);
	assert_int_equal(uses, 0);
	files.listener.client_auth.max_depth = depth;
	free_all(shown);
}

static void nor_does_one_that_names_a_configured_ca(void **state)
{
	struct mint *ca = under_a_false_flag("Made Up");
	struct mint *below = made_up("Below", ca);
	struct mint *leaf = mint_client("leaf", below);
	struct mint *const shown[] = {leaf, counted(below), counted(ca), NULL};

	(void)state;
	assert_int_equal(
		verify(shown, NULL), X509_V_ERR_CERT_SIGNATURE_FAILURE);
	assert_int_equal(uses, 0);
	free_all(shown);
}

/* The walk over other paths leaves it at that, too, and finds the good one. */
static void nor_does_a_namesake_of_a_good_ca(void **state)
{
	struct mint *good = made_up("Cross", files.ca);
	struct mint *bad = counted(under_a_false_flag("Cross"));
	struct mint *leaf = mint_client("leaf", good);
	struct mint *const orders[][4] = {{leaf, bad, good}, {leaf, good, bad}};

	(void)state;
	for (int order = 0; order < 2; order++) {
		assert_int_equal(verify(orders[order], NULL), X509_V_OK);
		assert_int_equal(uses, 0);
	}
	free_all(orders[0]);
}

/* What a configured CA did sign is used; so the count counts. */
static void the_key_of_a_ca_that_is_vouched_for_is_used(void **state)
{
	struct mint *ca = made_up("Vouched For", files.ca);
	struct mint *leaf = mint_client("leaf", ca);
	struct mint *const shown[] = {leaf, counted(ca), NULL};

	(void)state;
	assert_int_equal(verify(shown, NULL), X509_V_OK);
	assert_int_equal(uses, 1);
	free_all(shown);
}

static void hear_finding(void *owner, int code, int depth, X509 *cert)
{
	int *findings = owner;

	(void)code;
	(void)depth;
	(void)cert;
	(*findings)++;
}

/* explain wants to know everything, and no stranger waits for it. */
static void who_listens_hears_all(void **state)
{
	struct mint *root = made_up("Made Up", NULL);
	struct mint *upper = mint_new(&(struct mint_spec){.cn = "Upper",
		.issuer = root,
		.ca = true,
		.bad_signature = true});
	struct mint *leaf = mint_client("leaf", upper);
	struct mint *const shown[] = {leaf, upper, root, NULL};
	int findings = 0;
	const struct chain_sink sink = {
		.owner = &findings, .on_finding = hear_finding};

	(void)state;
	assert_int_equal(
		verify(shown, &sink), X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
	assert_int_equal(findings, 2);
	free_all(shown);
}

static int set_up(void **state)
{
	struct config_problems *problems = config_problems_new();

	(void)state;
	if (!tls_library_init(NULL))
		return -1;
	counting = RSA_meth_dup(RSA_PKCS1_OpenSSL());
	if (!counting || RSA_meth_set_verify(counting, count_use) != 1)
		return -1;
	tls_files_init(&files);
	trust = trust_load(&files.listener.client_auth, problems);
	config_problems_free(problems);
	return trust ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	trust_free(trust);
	tls_files_fini(&files);
	RSA_meth_free(counting);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_made_up_root_costs_nothing),
		cmocka_unit_test(nor_do_made_up_intermediates_of_nobody),
		cmocka_unit_test(nor_does_a_knot_of_cas),
		cmocka_unit_test(nor_does_a_chain_that_is_too_long),
		cmocka_unit_test(nor_does_one_that_names_a_configured_ca),
		cmocka_unit_test(nor_does_a_namesake_of_a_good_ca),
		cmocka_unit_test(the_key_of_a_ca_that_is_vouched_for_is_used),
		cmocka_unit_test(who_listens_hears_all),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
