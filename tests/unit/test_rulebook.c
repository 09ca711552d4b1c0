/* rulebook: what is wrong with policies and routes, and who is granted. */
#include "policy/rulebook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "fake/rules_rig.h"
#include "tls/client_auth.h"

#define ORIGIN "origin: unix:/o\n"
#define TWO "origins: {web: {servers: [unix:/w]}, pay: {servers: [unix:/p]}}\n"
#define STAFF "policies: {staff: {any: [{subject_ou: SRE}]}}\n"
#define OPEN                                                               \
	"listeners: [{name: a, address: 127.0.0.1:1}, {name: b, address: " \
	"127.0.0.1:2, client_auth: {mode: optional}}]\n"

/* A part of what check prints. */
static const struct {
	const char *yaml, *said;
} cases[] = {
	/* names of others */
	{ORIGIN STAFF "routes: [{policy: staf}]\n",
		"routes.route1.policy: \"staf\" is the name of no policy"},
	{ORIGIN STAFF "routes: [{policy: staf}]\n", "did you mean \"staff\"?"},
	{ORIGIN STAFF "routes: [{policy_dry_run: other}]\n",
		"routes.route1.policy_dry_run: \"other\" is the name of no"},
	{TWO "routes: [{origin: wep}]\n", "did you mean \"web\"?"},
	{ORIGIN "routes: [{match: {listener: defualt}}]\n",
		"did you mean \"default\"?"},
	{TWO "routes: [{}]\n", "routes.route1: leads nowhere"},
	{TWO "routes: [{origin: web, respond: {status: 204}}]\n",
		"both respond and origin stand there"},
	{ORIGIN "routes: [{respond: {status: 204, body: x}}]\n",
		"stands behind a status that has no body"},
	/* what is matched */
	{ORIGIN "routes: [{match: {host: \"a.b:80\"}}]\n", "holds a port"},
	{ORIGIN "routes: [{match: {host: \"a.*.b\"}}]\n", "holds a *"},
	{ORIGIN "routes: [{match: {host: \"a b\"}}]\n", "is no host"},
	{ORIGIN "routes: [{match: {path: a}}]\n", "must begin with /"},
	{ORIGIN "routes: [{match: {path: /a*}}]\n", "within a segment"},
	{ORIGIN "routes: [{match: {path: /a/**/b}}]\n",
		"elsewhere than at the end"},
	{ORIGIN "routes: [{match: {path: /a//b}}]\n", "can never match"},
	{ORIGIN "routes: [{match: {methods: get}}]\n", "in capitals"},
	{ORIGIN "routes: [{match: {methods: \"G T\"}}]\n", "is no method"},
	/* rules that can never apply */
	{ORIGIN "routes: [{certificate: not_needed}]\n",
		"certificate: not_needed can never apply"},
	{OPEN ORIGIN "routes: [{match: {listener: a}, certificate: "
		     "not_needed}, {}]\n",
		"certificate: not_needed can never apply"},
	{OPEN ORIGIN STAFF "routes: [{certificate: not_needed, policy: "
			   "staff}]\n",
		"stands beside a policy"},
	{ORIGIN STAFF "client_auth: {mode: disabled}\nroutes: [{policy: "
		      "staff}]\n",
		"it would refuse everybody"},
	{ORIGIN "routes: [{name: a}, {name: b, match: {path: /x}}]\n",
		"routes.b: can never match; a (line 6) stands before it"},
	{ORIGIN "routes: [{match: {path: /x/**}}, {match: {path: /x/y/*}}]\n",
		"can never match"},
	{ORIGIN "routes: [{match: {path: /x/**}}, {match: {path: /x}}]\n",
		"can never match"},
	{ORIGIN "routes: [{match: {host: \"*.x\"}}, {match: {host: a.x, "
		"path: /p}}]\n",
		"can never match"},
	{ORIGIN "routes: [{match: {host: \"**.x\"}}, {match: {host: "
		"\"*.x\"}}]\n",
		"can never match"},
	{OPEN ORIGIN "routes: [{match: {listener: [a, b]}}, {}]\n",
		"can never match"},
	{ORIGIN "routes: [{match: {methods: [GET, HEAD]}}, {match: {methods: "
		"GET}}]\n",
		"can never match"},
	/* what nobody uses */
	{ORIGIN STAFF, "warning: policies.staff: no route names it"},
	{TWO "routes: [{origin: web}]\n",
		"warning: origins.pay: no route names it"},
	/* policies */
	{ORIGIN "policies: {p: {}}\n", "policies.p: says nothing"},
	{ORIGIN "policies: {p: {any: [{}]}}\n", "a map without a value"},
	{ORIGIN "policies: {p: {any: [{subject_ou: []}]}}\n",
		"m.yaml:6:35: policies.p.any[0].subject_ou: the list is "
		"empty"},
	{ORIGIN "policies: {p: {any: [{subject_ou: x, san_dns: []}]}}\n",
		"policies.p.any[0].san_dns: the list is empty"},
	{ORIGIN "routes: [{match: {host: [], path: /x}}]\n",
		"routes[0].match.host: the list is empty"},
	{ORIGIN "routes: [{match: {path: []}}]\n",
		"routes[0].match.path: the list is empty"},
	{ORIGIN "routes: [{match: {methods: [], path: /x}}]\n",
		"routes[0].match.methods: the list is empty"},
	{ORIGIN "routes: [{match: {listener: [], path: /x}}]\n",
		"routes[0].match.listener: the list is empty"},
	{ORIGIN "policies: {p: {any: [{san_ip: 10.0.0.0/99}]}}\n",
		"m.yaml:6:31: policies.p.any[0].san_ip: \"10.0.0.0/99\" has a "
		"prefix"},
	{ORIGIN "policies: {p: {none: [{serial: 1}, {serial: zz}]}}\n",
		"policies.p.none[1].serial: \"zz\" is no serial number"},
};

static void what_is_wrong_is_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct rules_rig rig;
		bool warning = strstr(cases[i].said, "warning");

		rules_init(&rig, cases[i].yaml);
		if (!strstr(rig.problems, cases[i].said))
			fail_msg("%s\nsays:\n%s\nnot: %s", cases[i].yaml,
				rig.problems, cases[i].said);
		assert_int_equal(rig.rules != NULL, warning);
		rules_fini(&rig);
	}
}

/* They look alike and are not. */
static void what_can_apply_is_taken(void **state)
{
	static const char *const good[] = {
		ORIGIN "routes: [{match: {path: /x/*}}, {match: {path: "
		       "/x/**}}]\n",
		ORIGIN "routes: [{match: {path: /x/*}}, {match: {path: /x}}]\n",
		ORIGIN "routes: [{match: {host: \"*.x\"}}, {match: {host: "
		       "\"**.x\"}}]\n",
		ORIGIN "routes: [{match: {host: \"*.x\"}}, {match: {host: "
		       "x}}]\n",
		ORIGIN "routes: [{match: {methods: GET}}, {}]\n",
		OPEN ORIGIN "routes: [{match: {listener: a}}, {}]\n",
		OPEN ORIGIN "routes: [{match: {listener: b}, certificate: "
			    "not_needed}, {}]\n",
		OPEN ORIGIN STAFF "routes: [{policy_dry_run: staff, "
				  "certificate: not_needed}]\n",
		ORIGIN STAFF "routes: [{policy: staff}]\n",
		TWO "routes: [{origin: web, match: {path: /w}}, {origin: "
		    "pay}]\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct rules_rig rig;

		rules_init(&rig, good[i]);
		if (!rig.rules || *rig.problems)
			fail_msg("%s: %s", good[i], rig.problems);
		rules_fini(&rig);
	}
}

static void bits_tell_which_policies_hold(void **state) /* R7 */
{
	struct client_auth auth = {.state = CLIENT_AUTH_OK};
	struct rules_cert cert;
	struct rules_rig rig;
	char yaml[8192] = ORIGIN "policies:\n";
	uint64_t granted[2];
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 70; i++) {
		len = strlen(yaml);
		snprintf(yaml + len, sizeof(yaml) - len,
			"  p%u: {any: [{subject_ou: ou%u}]}\n", i, i);
	}
	rules_init(&rig, yaml);
	assert_non_null(rig.rules);
	assert_int_equal(rulebook_words(rig.rules), 2);
	assert_false(rulebook_needs_extensions(rig.rules));
	rules_cert_init(&cert);
	rules_subject(&cert, OID_OU, SLICE("ou3"), false);
	rules_subject(&cert, OID_OU, SLICE("ou69"), false);
	rulebook_judge(rig.rules, &auth, &cert.info, rig.arena, granted);
	for (uint32_t i = 0; i < 70; i++)
		assert_int_equal(
			rulebook_granted(granted, i), i == 3 || i == 69);
	assert_false(rulebook_granted(NULL, 3));
	assert_false(rulebook_granted(granted, ROUTE_NONE));
	assert_string_equal(rulebook_policy_name(rig.rules, 69), "p69");
	rules_fini(&rig);
}

static void who_did_not_verify_satisfies_nothing(void **state) /* R7 */
{
	static const enum client_auth_state states[] = {
		CLIENT_AUTH_NONE, CLIENT_AUTH_FAILED, CLIENT_AUTH_REVOKED};
	struct rules_cert cert;
	struct rules_rig rig;

	(void)state;
	rules_init(&rig, ORIGIN "policies: {p: {none: [{subject_ou: nobody}]}, "
				"q: {any: [{san_dns: a.b}]}}\n");
	assert_non_null(rig.rules);
	assert_true(rulebook_needs_extensions(rig.rules));
	rules_cert_init(&cert);
	for (size_t i = 0; i < 3; i++) {
		struct client_auth auth = {.state = states[i]};
		uint64_t granted = UINT64_MAX;

		rulebook_judge(
			rig.rules, &auth, &cert.info, rig.arena, &granted);
		assert_true(granted == 0);
		auth.state = CLIENT_AUTH_OK;
		granted = UINT64_MAX;
		rulebook_judge(rig.rules, &auth, NULL, rig.arena, &granted);
		assert_true(granted == 0);
		rulebook_judge(
			rig.rules, &auth, &cert.info, rig.arena, &granted);
		assert_true(granted == 1);
	}
	rules_fini(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(what_can_apply_is_taken),
		cmocka_unit_test(bits_tell_which_policies_hold),
		cmocka_unit_test(who_did_not_verify_satisfies_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
