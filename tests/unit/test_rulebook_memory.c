/* rulebook: each allocation fails in turn (R23): nothing is granted by it. */
#include "policy/rulebook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "config/config_problem.h"
#include "fake/alloc_fail.h"
#include "fake/rules_rig.h"
#include "tls/client_auth.h"

static const char yaml[] =
	"origins: {a: {servers: [unix:/a]}, b: {servers: [unix:/b]}}\n"
	"policies:\n"
	"  p: {none: [{san_dns: bad.example}, {issuer_dn: \"CN=x,O=y\"}]}\n"
	"  q: {any: [{subject_cn: [\"w-*\", v], san_ip: 10.0.0.0/8}]}\n"
	"  r: {all: [{san_email: \"*@a.b\"}, {serial: 0B}]}\n"
	"routes:\n"
	"  - {match: {host: [a.b, \"*.c\"], path: [/x/**, /y]}, policy: p,\n"
	"      origin: a}\n"
	"  - {match: {methods: GET, listener: default}, policy: q, origin: b}\n"
	"  - {policy: r, origin: a}\n";

static void a_rulebook_is_made_whole_or_not_at_all(void **state)
{
	struct rules_rig rig;
	bool failed = true;

	(void)state;
	rules_init(&rig, yaml);
	if (!rig.rules)
		fail_msg("%s", rig.problems);
	for (size_t n = 1; failed; n++) {
		struct config_problems *problems = config_problems_new();
		struct rulebook *book;

		assert_non_null(problems);
		alloc_fail_arm(n, false);
		alloc_fail_begin();
		book = rulebook_new(rig.config, problems);
		alloc_fail_end();
		failed = alloc_fail_disarm();
		assert_true(!book == failed);
		rulebook_free(book);
		config_problems_free(problems);
	}
	rules_fini(&rig);
}

/* Without the failure none of the three would hold. */
static void a_failure_grants_nothing(void **state) /* R7, R23 */
{
	struct client_auth auth = {.state = CLIENT_AUTH_OK};
	struct rules_cert cert;
	struct rules_rig rig;
	bool failed = true;

	(void)state;
	rules_init(&rig, yaml);
	assert_non_null(rig.rules);
	rules_cert_init(&cert);
	rules_subject(&cert, OID_CN, SLICE("u"), false);
	rules_san(&cert, &cert.extensions.dns, SLICE("bad.example"));
	rules_san(&cert, &cert.extensions.email, SLICE("u@a.b"));
	for (size_t n = 1; failed; n++) {
		uint64_t granted = UINT64_MAX;
		struct arena *scratch;

		alloc_fail_arm(n, false);
		alloc_fail_begin();
		scratch = arena_new(NULL);
		if (scratch)
			rulebook_judge(rig.rules, &auth, &cert.info, scratch,
				&granted);
		arena_free(scratch);
		alloc_fail_end();
		failed = alloc_fail_disarm();
		assert_true(!scratch || granted == 0);
	}
	rules_fini(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rulebook_is_made_whole_or_not_at_all),
		cmocka_unit_test(a_failure_grants_nothing),
	};

	alloc_fail_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
