/* dn (R7): names are equal when their types and values are, in their RDNs. */
#include "policy/dn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "fake/rules_rig.h"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(NULL);
	return !arena;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct slice read(const char *text)
{
	struct slice octets = {NULL, 0};
	const char *wrong = dn_read(slice_str(text), arena, &octets);

	if (wrong)
		fail_msg("%s: %s", text, wrong);
	return octets;
}

static void one_name_may_be_written_in_many_ways(void **state)
{
	static const char *const same[][2] = {
		{"CN=a,O=b,C=GB", "cn=a, o=b , C = GB"},
		{"CN=a,O=b,C=GB", "2.5.4.3=a,2.5.4.10=b,2.5.4.6=GB"},
		{"CN=a\\,b", "CN=a\\2Cb"},
		{"CN=Zo\xc3\xab", "CN=Zo\\C3\\AB"},
		{"OU=x+CN=y,C=GB", "CN=y+OU=x,C=GB"}, /* an RDN is a set */
		{"CN=priv", "CN=#0C0470726976"},
		{"emailAddress=a@b", "E=a@b"},
		{"CN=\\#x", "CN=\\23x"},
		{"CN=\\ a\\ ", "CN= \\20a\\20 "},
		{"CN=\\*", "CN=\\2A"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
		if (!slice_eq(read(same[i][0]), read(same[i][1])))
			fail_msg("%s %s", same[i][0], same[i][1]);
	}
}

/* What a comparison of printed names takes for one another. */
static void look_alikes_are_not_equal(void **state) /* R7 */
{
	static const char *const other[][2] = {
		{"CN=a,O=b", "O=b,CN=a"},
		{"CN=a,O=b", "CN=a+O=b"},
		{"CN=a,O=b", "CN=a\\,O=b"},
		{"CN=a", "CN=A"},
		{"CN=a", "CN=a,C=GB"},
		{"CN=a b", "CN=a  b"},
		{"CN=a", "OU=a"},
		{"CN=a,CN=a", "CN=a"},
		{"CN=a/CN=admin", "CN=admin,CN=a"},
		{"CN=ab", "CN=a,CN=b"},
		{"UID=#0101FF", "UID=\\#0101FF"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++) {
		if (slice_eq(read(other[i][0]), read(other[i][1])))
			fail_msg("%s %s", other[i][0], other[i][1]);
	}
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"a",
		"=a",
		"CN",
		"CN=",
		"CN=a,",
		",CN=a",
		"CN=a,,O=b",
		"CN=a+",
		"/CN=a/O=b",
		"/C=GB/CN=a",
		"XY=a",
		"CN=a;O=b",
		"CN=\"a\"",
		"CN=<a>",
		"CN=a\\",
		"CN=a\\x",
		"CN=a\\0",
		"CN=*",
		"CN=*.example.org",
		"CN=a\\00b",
		"CN=#",
		"CN=#0C",
		"CN=#0C05AB",
		"CN=#0C01410",
		"CN=#0C0141x",
		"CN=\\FF",
		"1=a",
		"1.=a",
		"CN=a\\0Ab",
		"CN=#1E020041",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct slice octets;

		if (!dn_read(slice_str(bad[i]), arena, &octets))
			fail_msg("%s is taken", bad[i]);
	}
}

static void a_certificate_has_its_names_backwards(void **state)
{
	struct rules_cert cert;
	struct slice octets;

	(void)state;
	rules_cert_init(&cert);
	rules_subject(&cert, OID_C, SLICE("GB"), false);
	rules_subject(&cert, OID_O, SLICE("Acme, Inc."), false);
	rules_subject(&cert, OID_CN, SLICE("a"), false);
	rules_subject(&cert, OID_OU, SLICE("b"), true);
	assert_int_equal(
		dn_of_name(&cert.info.subject, arena, &octets), DN_GOOD);
	assert_true(slice_eq(octets, read("OU=b+CN=a,O=Acme\\, Inc.,C=GB")));
	assert_false(slice_eq(octets, read("CN=a,OU=b,O=Acme\\, Inc.,C=GB")));
}

static void a_value_with_a_nul_equals_nothing(void **state) /* R7 */
{
	struct rules_cert cert;
	struct slice octets;

	(void)state;
	rules_cert_init(&cert);
	rules_subject(&cert, OID_CN, SLICE("a\0.evil"), false);
	assert_int_equal(
		dn_of_name(&cert.info.subject, arena, &octets), DN_UNCLEAR);
}

static void a_value_that_is_no_text_is_compared_by_its_der(void **state)
{
	struct rules_cert cert;
	struct slice octets;

	(void)state;
	rules_cert_init(&cert);
	rules_subject(&cert, "1.2.3", slice_of(NULL, 0), false);
	cert.attributes[0].der = SLICE("\x01\x01\xff");
	assert_int_equal(
		dn_of_name(&cert.info.subject, arena, &octets), DN_GOOD);
	assert_true(slice_eq(octets, read("1.2.3=#0101FF")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_name_may_be_written_in_many_ways),
		cmocka_unit_test(look_alikes_are_not_equal),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(a_certificate_has_its_names_backwards),
		cmocka_unit_test(a_value_with_a_nul_equals_nothing),
		cmocka_unit_test(
			a_value_that_is_no_text_is_compared_by_its_der),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
