/*
 * R12 and R13 hang on it: the digest changes with what a trust means and with
 * nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/config_problem.h"
#include "fake/cert_mint.h"
#include "fake/tls_files.h"
#include "tls/trust.h"

static struct tls_files files;
static struct mint *second;

enum { TEXTS = 4 };

/* Listener and files of one digest. */
struct setting {
	struct config_listener listener;
	struct config_text ca[TEXTS];
	char paths[TEXTS][160];
};

static void set_texts(struct setting *setting, struct config_texts *texts,
	struct config_text *items, const char *const *names)
{
	size_t count = 0;

	for (; names[count]; count++) {
		snprintf(setting->paths[count], sizeof(setting->paths[count]),
			"%s/%s", files.directory, names[count]);
		items[count] =
			(struct config_text){.text = setting->paths[count]};
	}
	*texts = (struct config_texts){items, count};
}

static void init(struct setting *setting, const char *const *ca)
{
	setting->listener = files.listener;
	set_texts(setting, &setting->listener.client_auth.ca, setting->ca, ca);
}

static void digest_both(const struct setting *setting,
	uint8_t content[TRUST_DIGEST], uint8_t out[TRUST_DIGEST])
{
	struct config_problems *problems = config_problems_new();
	struct trust *trust =
		trust_load(&setting->listener.client_auth, problems);

	assert_non_null(trust);
	assert_true(trust_digest(trust, &setting->listener, content, out));
	trust_free(trust);
	config_problems_free(problems);
}

static void digest(const struct setting *setting, uint8_t out[TRUST_DIGEST])
{
	uint8_t content[TRUST_DIGEST];

	digest_both(setting, content, out);
}

static bool same(const struct setting *a, const struct setting *b)
{
	uint8_t da[TRUST_DIGEST], db[TRUST_DIGEST];

	digest(a, da);
	digest(b, db);
	return !memcmp(da, db, TRUST_DIGEST);
}

static const char *const ca_alone[] = {"ca.pem", NULL};
static const char *const both[] = {"ca.pem", "second.pem", NULL};

static void order_and_duplicates_of_files_do_not_count(void **state)
{
	static const char *const turned[] = {
		"second.pem", "ca.pem", "second.pem", NULL};
	struct setting a, b;

	(void)state;
	init(&a, both);
	init(&b, turned);
	assert_true(same(&a, &b));
}

static void another_ca_changes_it(void **state)
{
	struct setting a, b;

	(void)state;
	init(&a, ca_alone);
	init(&b, both);
	assert_false(same(&a, &b));
}

static void each_setting_that_decides_changes_it(void **state)
{
	struct setting a, b[8];

	(void)state;
	init(&a, ca_alone);
	for (size_t i = 0; i < 8; i++)
		init(&b[i], ca_alone);
	b[0].listener.name = "other";
	b[1].listener.client_auth.mode = CLIENT_AUTH_OPTIONAL;
	b[2].listener.client_auth.max_depth++;
	b[3].listener.client_auth.require_eku = REQUIRE_EKU_PRESENT;
	b[4].listener.client_auth.crl.scope = CRL_SCOPE_CHAIN;
	/* who was let in unasked is not who would be let in now (R13) */
	b[5].listener.client_auth.ocsp.mode = OCSP_MODE_LEAF;
	b[6].listener.client_auth.ocsp.on_failure = OCSP_FAILURE_ALLOW;
	b[7].listener.client_auth.ocsp.responder.text = "http://ocsp.example/";
	for (size_t i = 0; i < 8; i++)
		assert_false(same(&a, &b[i]));
}

static void a_name_is_not_in_its_content(void **state)
{
	uint8_t one[2][TRUST_DIGEST], other[2][TRUST_DIGEST];
	struct setting a, b;

	(void)state;
	init(&a, ca_alone);
	b = a;
	b.listener.name = "other";
	digest_both(&a, one[0], one[1]);
	digest_both(&b, other[0], other[1]);
	assert_memory_equal(one[0], other[0], TRUST_DIGEST);
	assert_memory_not_equal(one[1], other[1], TRUST_DIGEST);
	b.listener.client_auth.max_depth++;
	digest_both(&b, other[0], other[1]);
	assert_memory_not_equal(one[0], other[0], TRUST_DIGEST);
}

static void what_decides_nothing_does_not_change_it(void **state)
{
	struct setting a, b;

	(void)state;
	init(&a, ca_alone);
	b = a;
	b.listener.backlog = 7;
	b.listener.client_auth.advertise_ca_names = CONFIG_FALSE;
	b.listener.client_auth.mark.line = 99;
	assert_true(same(&a, &b));
}

static void without_any_trust_the_mode_still_has_a_digest(void **state)
{
	uint8_t with[TRUST_DIGEST], without[TRUST_DIGEST];
	uint8_t content[TRUST_DIGEST];
	struct setting a;

	(void)state;
	init(&a, ca_alone);
	digest(&a, with);
	assert_true(trust_digest(NULL, &a.listener, content, without));
	assert_memory_not_equal(with, without, TRUST_DIGEST);
	assert_true(trust_next_update(NULL) == INT64_MAX);
}

static int set_up(void **state)
{
	(void)state;
	tls_files_init(&files);
	second = mint_ca("Second CA", NULL);
	mint_write_cert(files.directory, "second.pem", second);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mint_free(second);
	tls_files_fini(&files);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_and_duplicates_of_files_do_not_count),
		cmocka_unit_test(another_ca_changes_it),
		cmocka_unit_test(each_setting_that_decides_changes_it),
		cmocka_unit_test(a_name_is_not_in_its_content),
		cmocka_unit_test(what_decides_nothing_does_not_change_it),
		cmocka_unit_test(without_any_trust_the_mode_still_has_a_digest),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
