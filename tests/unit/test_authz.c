/* authz: every mode with every outcome (fields.md, section 5). */
#include "policy/authz.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "policy/route.h"
#include "tls/client_auth.h"

static const struct route somewhere = {
	.policy = ROUTE_NONE, .dry_run = ROUTE_NONE};

static void each_mode_lets_through_what_it_says(void **state)
{
	static const bool allowed[4][4] = {
		/* none, ok, failed, revoked */
		[CLIENT_AUTH_REQUIRE] = {false, true, false, false},
		[CLIENT_AUTH_OPTIONAL] = {true, true, false, false},
		[CLIENT_AUTH_REQUEST_ANY] = {true, true, true, true},
		[CLIENT_AUTH_DISABLED] = {true, false, false, false},
	};

	(void)state;
	for (unsigned mode = 0; mode < 4; mode++) {
		for (unsigned outcome = 0; outcome < 4; outcome++) {
			struct config_client_auth settings = {
				.mode = (enum client_auth_mode)mode};
			struct client_auth auth = {
				.state = (enum client_auth_state)outcome,
				.settings = &settings};
			struct verdict verdict =
				authz_decide(&somewhere, &auth, NULL);

			/* with nothing asked for there is no certificate */
			if (mode == CLIENT_AUTH_DISABLED && outcome)
				continue;
			assert_int_equal(verdict.allow, allowed[mode][outcome]);
			if (!verdict.allow)
				assert_int_equal(verdict.status, 403);
		}
	}
}

static void whoever_is_unknown_is_denied(void **state)
{
	const struct client_auth zeroed = {0};
	struct verdict verdict = authz_decide(&somewhere, NULL, NULL);

	(void)state;
	assert_false(verdict.allow);
	verdict = authz_decide(&somewhere, &zeroed, NULL);
	assert_false(verdict.allow);
	assert_int_equal(verdict.reason, AUTHZ_CERTIFICATE);
}

static void a_bad_certificate_is_not_told_whether_a_route_exists(void **state)
{
	struct config_client_auth settings = {.mode = CLIENT_AUTH_REQUIRE};
	struct client_auth auth = {
		.state = CLIENT_AUTH_FAILED, .settings = &settings};

	(void)state;
	assert_int_equal(authz_decide(NULL, &auth, NULL).status, 403);
	auth.state = CLIENT_AUTH_OK;
	assert_int_equal(authz_decide(NULL, &auth, NULL).status, 404);
}

static void a_route_may_need_a_certificate_that_verified(void **state)
{
	const struct route needs = {.needs_certificate = true,
		.policy = ROUTE_NONE,
		.dry_run = ROUTE_NONE};
	struct config_client_auth settings = {.mode = CLIENT_AUTH_REQUEST_ANY};
	struct client_auth auth = {.settings = &settings};

	(void)state;
	for (unsigned outcome = 0; outcome < 4; outcome++) {
		struct verdict verdict;

		auth.state = (enum client_auth_state)outcome;
		verdict = authz_decide(&needs, &auth, NULL);
		assert_int_equal(verdict.allow, outcome == CLIENT_AUTH_OK);
		if (!verdict.allow)
			assert_int_equal(verdict.reason, AUTHZ_CERTIFICATE);
	}
}

/* R7: whatever is not clearly allowed is denied. */
static void a_policy_denies_who_has_not_its_bit(void **state)
{
	const struct route route = {.policy = 65, .dry_run = ROUTE_NONE};
	struct config_client_auth settings = {.mode = CLIENT_AUTH_REQUEST_ANY};
	struct client_auth auth = {
		.state = CLIENT_AUTH_OK, .settings = &settings};
	uint64_t granted[2] = {UINT64_MAX, ~UINT64_C(2)};
	struct verdict verdict = authz_decide(&route, &auth, granted);

	(void)state;
	assert_false(verdict.allow);
	assert_int_equal(verdict.status, 403);
	assert_int_equal(verdict.reason, AUTHZ_POLICY);
	assert_false(authz_decide(&route, &auth, NULL).allow);
	granted[1] = 2;
	assert_true(authz_decide(&route, &auth, granted).allow);
	/* the bit of somebody who did not verify */
	auth.state = CLIENT_AUTH_FAILED;
	assert_int_equal(
		authz_decide(&route, &auth, granted).reason, AUTHZ_POLICY);
}

static void a_dry_run_only_tells(void **state)
{
	const struct route route = {.policy = ROUTE_NONE, .dry_run = 0};
	struct config_client_auth settings = {.mode = CLIENT_AUTH_OPTIONAL};
	struct client_auth auth = {.settings = &settings};
	uint64_t granted = 1;
	struct verdict verdict = authz_decide(&route, &auth, NULL);

	(void)state;
	assert_true(verdict.allow);
	assert_true(verdict.dry_run_denies);
	auth.state = CLIENT_AUTH_OK;
	verdict = authz_decide(&route, &auth, &granted);
	assert_true(verdict.allow);
	assert_false(verdict.dry_run_denies);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mode_lets_through_what_it_says),
		cmocka_unit_test(whoever_is_unknown_is_denied),
		cmocka_unit_test(
			a_bad_certificate_is_not_told_whether_a_route_exists),
		cmocka_unit_test(a_route_may_need_a_certificate_that_verified),
		cmocka_unit_test(a_policy_denies_who_has_not_its_bit),
		cmocka_unit_test(a_dry_run_only_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
