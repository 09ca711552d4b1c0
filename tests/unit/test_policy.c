/* policy (R7): all, any and none; what is not clear is not enough. */
#include "policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "fake/rules_rig.h"

#define ORIGIN "origin: unix:/o\n"

/* The certificate: OU=SRE, OU=x NUL y, issuer O=Good, serial 0A. */
static const struct {
	const char *policy;
	bool holds;
} cases[] = {
	{"all: [{subject_ou: SRE}]", true},
	{"all: [{subject_ou: [Ops, SRE]}]", true},
	{"all: [{subject_ou: SRE}, {issuer_o: Good}]", true},
	{"all: [{subject_ou: SRE}, {issuer_o: Bad}]", false},
	{"all: [{subject_ou: SRE, issuer_o: Good}]", true},
	{"all: [{subject_ou: SRE, issuer_o: Bad}]", false},
	{"any: [{issuer_o: Bad}, {subject_ou: SRE}]", true},
	{"any: [{issuer_o: Bad}, {serial: 0B}]", false},
	{"any: [{subject_ou: SRE, issuer_o: Bad}, {serial: 0A}]", true},
	{"none: [{serial: 0A}]", false},
	{"none: [{serial: 0B}]", true},
	{"none: [{serial: 0B}, {issuer_o: Good}]", false},
	{"none: [{serial: 0A, issuer_o: Bad}]", true},
	{"all: [{issuer_o: Good}], any: [{serial: 0A}], none: [{serial: 0B}]",
		true},
	{"all: [{issuer_o: Good}], any: [{serial: 0A}], none: [{serial: 0A}]",
		false},
	/* an OU that cannot be compared: neither a yes nor a no */
	{"all: [{subject_ou: x}]", false},
	{"any: [{subject_ou: x}]", false},
	{"none: [{subject_ou: x}]", false},
	{"none: [{subject_ou: Ops}]", false},
	{"none: [{subject_ou: Ops, serial: 0B}]", true}, /* clearly not */
	{"none: [{subject_ou: Ops, serial: 0A}]", false},
};

static void fill(struct rules_cert *cert)
{
	rules_cert_init(cert);
	rules_subject(cert, OID_OU, SLICE("SRE"), false);
	rules_subject(cert, OID_OU, SLICE("x\0y"), false);
	rules_issuer(cert, OID_O, SLICE("Good"));
}

static void all_any_and_none_must_hold(void **state) /* R7 */
{
	struct rules_cert cert;

	(void)state;
	fill(&cert);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct rules_rig rig;
		char yaml[512];

		snprintf(yaml, sizeof(yaml), ORIGIN "policies: {p: {%s}}\n",
			cases[i].policy);
		rules_init(&rig, yaml);
		if (!rig.rules)
			fail_msg("%s", rig.problems);
		if (policy_holds(rulebook_policy(rig.rules, 0), &cert.info,
			    rig.arena) != cases[i].holds)
			fail_msg("%s", cases[i].policy);
		/* nothing holds for nobody */
		assert_false(policy_holds(
			rulebook_policy(rig.rules, 0), NULL, rig.arena));
		rules_fini(&rig);
	}
}

struct told {
	char text[1024];
};

static void on_step(void *arg, const struct policy_step *step)
{
	struct told *told = arg;
	size_t len = strlen(told->text);

	snprintf(told->text + len, sizeof(told->text) - len,
		"%s[%zu] %s wanted %s has %.*s: %d%s\n",
		policy_part_name(step->part), step->map, step->matcher,
		step->wanted->items[0].text, SLICE_FMT(step->actual),
		step->outcome, step->last ? "." : "");
}

static void a_trace_tells_every_matcher(void **state)
{
	struct rules_cert cert;
	struct rules_rig rig;
	struct told told = {""};

	(void)state;
	fill(&cert);
	rules_init(&rig,
		ORIGIN "policies: {p: {any: [{subject_ou: SRE, issuer_o: Bad}, "
		       "{serial: 0A}], none: [{subject_cn: z}]}}\n");
	assert_non_null(rig.rules);
	assert_true(policy_trace(rulebook_policy(rig.rules, 0), &cert.info,
		rig.arena, on_step, &told));
	assert_string_equal(told.text,
		"any[0] subject_ou wanted SRE has SRE, (something that is not "
		"compared): 1\n"
		"any[0] issuer_o wanted Bad has Good: 0.\n"
		"any[1] serial wanted 0A has 0A: 1.\n"
		"none[0] subject_cn wanted z has (none): 0.\n");
	rules_fini(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_any_and_none_must_hold),
		cmocka_unit_test(a_trace_tells_every_matcher),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
