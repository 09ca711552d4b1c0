/* client_auth: what a responder's word makes of a verdict. */
#include "tls/client_auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <openssl/x509_vfy.h>

struct told_case {
	enum ocsp_result result;
	enum ocsp_on_failure on_failure;
	enum client_auth_state state;
	int code;
};

static struct config_client_auth settings = {
	.mode = CLIENT_AUTH_REQUIRE, .ocsp.mode = OCSP_MODE_LEAF};

static struct client_auth good(void)
{
	return (struct client_auth){.state = CLIENT_AUTH_OK,
		.expires = 1000,
		.settings = &settings};
}

static void each_result_has_its_verdict(void **state)
{
	static const struct told_case cases[] = {
		{OCSP_RESULT_GOOD, OCSP_FAILURE_REJECT, CLIENT_AUTH_OK, 0},
		{OCSP_RESULT_REVOKED, OCSP_FAILURE_REJECT, CLIENT_AUTH_REVOKED,
			X509_V_ERR_CERT_REVOKED},
		/* R14: no soft setting helps a revoked one */
		{OCSP_RESULT_REVOKED, OCSP_FAILURE_ALLOW, CLIENT_AUTH_REVOKED,
			X509_V_ERR_CERT_REVOKED},
		{OCSP_RESULT_UNKNOWN, OCSP_FAILURE_REJECT, CLIENT_AUTH_FAILED,
			X509_V_ERR_OCSP_CERT_UNKNOWN},
		{OCSP_RESULT_UNKNOWN, OCSP_FAILURE_ALLOW, CLIENT_AUTH_FAILED,
			X509_V_ERR_OCSP_CERT_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct client_auth auth = good();

		settings.ocsp.on_failure = cases[i].on_failure;
		client_auth_told(&auth, cases[i].result, 2000);
		assert_int_equal(auth.state, cases[i].state);
		assert_int_equal(auth.code, cases[i].code);
		assert_int_equal(auth.refused, cases[i].code != 0);
	}
}

static void without_an_answer_on_failure_decides(void **state)
{
	(void)state;
	for (int i = OCSP_RESULT_UNKNOWN + 1; i < OCSP_RESULT_COUNT; i++) {
		struct client_auth auth = good();

		settings.ocsp.on_failure = OCSP_FAILURE_REJECT;
		client_auth_told(&auth, (enum ocsp_result)i, 0);
		assert_int_equal(auth.state, CLIENT_AUTH_FAILED);
		assert_int_equal(auth.code, X509_V_ERR_OCSP_VERIFY_FAILED);
		assert_true(auth.refused);
		auth = good();
		settings.ocsp.on_failure = OCSP_FAILURE_ALLOW;
		client_auth_told(&auth, (enum ocsp_result)i, 0);
		assert_int_equal(auth.state, CLIENT_AUTH_OK);
		assert_int_equal(auth.expires, 1000);
		assert_false(auth.refused);
	}
}

static void a_good_answer_bounds_the_connection_R13(void **state)
{
	struct client_auth auth = good();

	(void)state;
	client_auth_told(&auth, OCSP_RESULT_GOOD, 2000);
	assert_int_equal(auth.expires, 1000);
	client_auth_told(&auth, OCSP_RESULT_GOOD, 500);
	assert_int_equal(auth.expires, 500);
}

static void what_failed_before_stays_failed(void **state)
{
	static const enum client_auth_state states[] = {
		CLIENT_AUTH_NONE, CLIENT_AUTH_FAILED, CLIENT_AUTH_REVOKED};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct client_auth auth = good();

		auth.state = states[i];
		auth.code = 4711;
		assert_false(client_auth_asks(&auth));
		client_auth_told(&auth, OCSP_RESULT_GOOD, 2000);
		assert_int_equal(auth.state, states[i]);
		assert_int_equal(auth.code, 4711);
	}
}

static void only_where_it_is_on_is_asked(void **state)
{
	struct client_auth auth = good();

	(void)state;
	assert_true(client_auth_asks(&auth));
	settings.ocsp.mode = OCSP_MODE_DISABLED;
	assert_false(client_auth_asks(&auth));
	settings.ocsp.mode = OCSP_MODE_LEAF;
	auth.settings = NULL;
	assert_false(client_auth_asks(&auth));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_result_has_its_verdict),
		cmocka_unit_test(without_an_answer_on_failure_decides),
		cmocka_unit_test(a_good_answer_bounds_the_connection_R13),
		cmocka_unit_test(what_failed_before_stays_failed),
		cmocka_unit_test(only_where_it_is_on_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
