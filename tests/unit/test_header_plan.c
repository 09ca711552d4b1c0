/* What a configuration of headers becomes; rewrite and cert_headers test what
 * is done with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "config/config_field.h"
#include "config/config_preset.h"
#include "policy/cert_headers.h"
#include "policy/header_plan.h"

static void the_names_of_its_presets_are_protected_in_each_spelling(
	void **state)
{
	const struct config_headers settings = {
		.presets = 1U << PRESET_XFCC | 1U << PRESET_NGINX};
	struct header_plan *plan = header_plan_new(&settings);

	(void)state;
	assert_non_null(plan);
	assert_true(
		header_plan_protects(plan, SLICE("x-forwarded_client.CERT")));
	assert_true(header_plan_protects(plan, SLICE("X_SSL_Client_V_End")));
	assert_false(header_plan_protects(plan, SLICE("X-CERT-VERIFY")));
	assert_false(header_plan_protects(plan, SLICE("")));
	assert_false(header_plan_removes(plan, SLICE("X-SSL-Client-Cert")));
	assert_ptr_equal(header_plan_settings(plan), &settings);
	header_plan_free(plan);
	header_plan_free(NULL);
}

static void a_plan_says_what_it_takes(void **state)
{
	static const struct {
		enum preset preset;
		unsigned needs;
		bool chain;
	} rows[] = {
		{PRESET_X_CERT, 0, false},
		{PRESET_NONE, 0, false},
		{PRESET_CLOUDFLARE, FIELD_NEEDS_EXTENSIONS | FIELD_NEEDS_ISSUER,
			false},
		{PRESET_XFCC, FIELD_NEEDS_EXTENSIONS, false},
		{PRESET_NGINX, FIELD_NEEDS_DER, false},
		{PRESET_RFC9440, FIELD_NEEDS_DER | FIELD_NEEDS_CHAIN, true},
		{PRESET_AWS_ALB, FIELD_NEEDS_DER | FIELD_NEEDS_CHAIN, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct config_headers settings = {
			.presets = 1U << rows[i].preset};
		struct header_plan *plan = header_plan_new(&settings);

		assert_non_null(plan);
		assert_int_equal(header_plan_needs(plan), rows[i].needs);
		assert_int_equal(
			cert_headers_need_chain(&settings, CLIENT_AUTH_REQUIRE),
			rows[i].chain);
		assert_int_equal(cert_headers_need_chain(
					 &settings, CLIENT_AUTH_REQUEST_ANY),
			rows[i].chain || rows[i].preset == PRESET_AWS_ALB);
		header_plan_free(plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_names_of_its_presets_are_protected_in_each_spelling),
		cmocka_unit_test(a_plan_says_what_it_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
