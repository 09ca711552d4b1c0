/* authz: every mode with every outcome (fields.md, section 5). */
#include "policy/authz.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/message.h"
#include "policy/route.h"
#include "tls/client_auth.h"

static const struct route somewhere = {0};
static const struct message head = {0};

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
				authz_decide(&somewhere, &head, &auth);

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
	struct verdict verdict = authz_decide(&somewhere, &head, NULL);

	(void)state;
	assert_false(verdict.allow);
	verdict = authz_decide(&somewhere, &head, &zeroed);
	assert_false(verdict.allow);
	assert_int_equal(verdict.reason, AUTHZ_CERTIFICATE);
}

static void a_bad_certificate_is_not_told_whether_a_route_exists(void **state)
{
	struct config_client_auth settings = {.mode = CLIENT_AUTH_REQUIRE};
	struct client_auth auth = {
		.state = CLIENT_AUTH_FAILED, .settings = &settings};

	(void)state;
	assert_int_equal(authz_decide(NULL, &head, &auth).status, 403);
	auth.state = CLIENT_AUTH_OK;
	assert_int_equal(authz_decide(NULL, &head, &auth).status, 404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mode_lets_through_what_it_says),
		cmocka_unit_test(whoever_is_unknown_is_denied),
		cmocka_unit_test(
			a_bad_certificate_is_not_told_whether_a_route_exists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
