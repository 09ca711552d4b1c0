/*
 * R14, R23: whatever memory OpenSSL lacks while a certificate is judged, one
 * that is to be refused is refused. The fake alloc_fail leaves OpenSSL alone;
 * here it is OpenSSL's memory that fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "config/config_problem.h"
#include "fake/cert_mint.h"
#include "fake/crl_mint.h"
#include "fake/tls_files.h"
#include "tls/chain_verify.h"
#include "tls/tls_context.h"
#include "tls/trust.h"

enum { MOST = 5000, SHOWN = 2, DAY = 86400 };

/* ---- memory that fails ---- */

static struct {
	size_t count, fails_at; /* 0: never */
	bool lasting, failed;
} memory;

static bool lacks(void)
{
	if (!memory.fails_at)
		return false;
	memory.count++;
	if (memory.count != memory.fails_at &&
		!(memory.lasting && memory.count > memory.fails_at))
		return false;
	memory.failed = true;
	return true;
}

static void *take(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size && !lacks() ? malloc(size) : NULL;
}

static void *take_more(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return !lacks() ? realloc(old, size) : NULL;
}

static void give(void *old, const char *file, int line)
{
	(void)file;
	(void)line;
	free(old);
}

/* ---- who is refused ---- */

static struct tls_files files;
static struct mint *sub, *narrow, *bad, *low, *under_bad, *bad_sub, *expired,
	*server, *strayed;
static char paths[2][160];

struct trial {
	const struct mint *const *shown;
	struct config_listener listener;
	bool trusted; /* it is not to be refused, but for memory */
};

/* Made anew, since the library notes in a certificate what it found. */
static X509 *copy_of(const struct mint *mint)
{
	const unsigned char *at = mint->der;
	X509 *cert = d2i_X509(NULL, &at, (long)mint->der_len);

	assert_non_null(cert);
	return cert;
}

static bool judge(const struct trial *trial, size_t fails_at, bool lasting)
{
	struct config_problems *problems = config_problems_new();
	struct trust *trust =
		trust_load(&trial->listener.client_auth, problems);
	const struct chain_rules rules = {
		&trial->listener.client_auth, trust, NULL};
	STACK_OF(X509) *sent = sk_X509_new_null();
	struct chain_verdict verdict;

	assert_non_null(trust);
	for (size_t i = 0; i < SHOWN && trial->shown[i]; i++)
		assert_true(sk_X509_push(sent, copy_of(trial->shown[i])));
	memory.count = 0;
	memory.failed = false;
	memory.lasting = lasting;
	memory.fails_at = fails_at;
	(void)!chain_verify_offline(&rules, sent, CHAIN_NOW, &verdict);
	memory.fails_at = 0;
	sk_X509_pop_free(sent, X509_free);
	trust_free(trust);
	config_problems_free(problems);
	return verdict.good;
}

static void try_each(const struct trial *trial, size_t number)
{
	size_t n = 0;

	assert_int_equal(judge(trial, 0, false), trial->trusted);
	for (unsigned lasting = 0; lasting < 2; lasting++) {
		n = 0;
		do {
			assert_true(++n < MOST);
			if (judge(trial, n, lasting) && !trial->trusted)
				fail_msg("trial %zu: good without "
					 "allocation %zu%s",
					number, n, lasting ? " and on" : "");
		} while (memory.failed);
		assert_true(n > 10); /* else the test tests nothing */
	}
}

static void without_memory_nobody_passes_who_is_refused_R14_R23(void **state)
{
	const struct mint *const shown[][SHOWN] = {{bad}, {low, sub},
		{under_bad, bad_sub}, {expired}, {server}, {strayed, narrow}};
	struct config_text crls[] = {{.text = paths[0]}, {.text = paths[1]}};
	struct trial trial = {.listener = files.listener};
	struct config_crl *crl = &trial.listener.client_auth.crl;

	(void)state;
	crl->files = (struct config_texts){crls, 2};
	crl->when_missing = CRL_POLICY_ALLOW;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		trial.shown = shown[i];
		try_each(&trial, i);
	}
}

static int start(void **state)
{
	struct mint *ca;

	(void)state;
	tls_files_init(&files);
	ca = files.ca;
	sub = mint_ca("Sub CA", ca);
	bad_sub = mint_ca("Bad CA", ca);
	narrow = mint_new(&(struct mint_spec){.cn = "Narrow CA",
		.issuer = ca,
		.ca = true,
		.name_constraints = "critical,excluded;DNS:bar.example.com"});
	bad = mint_client("bad", ca);
	low = mint_client("low", sub);
	under_bad = mint_client("under bad", bad_sub);
	expired = mint_new(&(struct mint_spec){.cn = "expired",
		.issuer = ca,
		.eku = "clientAuth",
		.from_s = -9 * DAY,
		.until_s = -DAY});
	server = mint_new(&(struct mint_spec){
		.cn = "server", .issuer = ca, .eku = "serverAuth"});
	strayed = mint_new(&(struct mint_spec){.cn = "strayed",
		.issuer = narrow,
		.eku = "clientAuth",
		.san = "DNS:*.example.com"});
	crl_mint_write(files.directory, "ca.crl",
		&(struct crl_spec){.issuer = ca, .revoked = {bad, bad_sub}});
	crl_mint_write(files.directory, "sub.crl",
		&(struct crl_spec){.issuer = sub, .revoked = {low}});
	snprintf(paths[0], sizeof(paths[0]), "%s/ca.crl", files.directory);
	snprintf(paths[1], sizeof(paths[1]), "%s/sub.crl", files.directory);
	return 0;
}

static int stop(void **state)
{
	struct mint *all[] = {sub, narrow, bad, low, under_bad, bad_sub,
		expired, server, strayed};

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
			without_memory_nobody_passes_who_is_refused_R14_R23),
	};

	/* before the library takes its first */
	if (CRYPTO_set_mem_functions(take, take_more, give) != 1 ||
		!tls_library_init(NULL))
		return 1;
	return cmocka_run_group_tests(tests, start, stop);
}
