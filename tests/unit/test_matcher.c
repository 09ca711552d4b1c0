/* matcher (R7): each kind, exact and with stars, and what matches nothing. */
#include "policy/matcher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "config/config_problem.h"
#include "config/config_schema.h"
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

/* NULL: the value is wrong. */
static struct matcher *make(enum config_matcher kind, const char *value)
{
	struct config_problems *problems = config_problems_new();
	struct config_texts *texts = arena_zalloc(arena, sizeof(*texts));
	struct matcher *m;

	assert_true(problems && texts);
	texts->items = arena_zalloc(arena, sizeof(*texts->items));
	assert_non_null(texts->items);
	texts->items->text = arena_strdup(arena, value);
	texts->count = 1;
	m = matcher_new(kind, texts, "policies.p.any[0]", arena, problems);
	assert_int_equal(config_problems_errors(problems), !m);
	config_problems_free(problems);
	return m;
}

static enum match judge(
	enum config_matcher kind, const char *value, const struct rules_cert *c)
{
	struct matcher *m = make(kind, value);

	if (!m)
		fail_msg("%s: %s is refused", matcher_name(kind), value);
	return matcher_judge(m, &c->info, arena);
}

static void rich(struct rules_cert *c)
{
	static char fingerprint[32] = {(char)0xab};
	struct cert_extensions *e = &c->extensions;

	rules_cert_init(c);
	rules_subject(c, OID_C, SLICE("GB"), false);
	rules_subject(c, OID_O, SLICE("Acme, Inc."), false);
	rules_subject(c, OID_OU, SLICE("SRE"), false);
	rules_subject(c, OID_OU, SLICE("Platform"), false);
	rules_subject(c, OID_CN, SLICE("web-1/CN=admin"), false);
	rules_issuer(c, OID_O, SLICE("Example Ltd"));
	rules_issuer(c, OID_CN, SLICE("Issuing CA"));
	rules_san(c, &e->dns, SLICE("Web-1.Example.org"));
	rules_san(c, &e->uri, SLICE("spiffe://example.org/ns/pay/sa/a"));
	rules_san(c, &e->email, SLICE("First.Last@Ops.Example.org"));
	rules_san(c, &e->ip, SLICE("\x0a\x01\x02\x03"));
	rules_san(c, &e->ip, SLICE("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"));
	c->info.serial = SLICE("\x4a\x11\x0c");
	memcpy(c->info.sha256, fingerprint, 32);
	e->spki_sha256[31] = 1;
	e->subject_key_id = SLICE("\x01\xab");
}

#define ZEROS60 "000000000000000000000000000000000000000000000000000000000000"

static const struct {
	enum config_matcher kind;
	const char *value;
	bool match;
} cases[] = {
	{MATCHER_SUBJECT_CN, "web-1/CN=admin", true},
	{MATCHER_SUBJECT_CN, "admin", false},
	{MATCHER_SUBJECT_CN, "web-*", true},
	{MATCHER_SUBJECT_CN, "*admin", true},
	{MATCHER_SUBJECT_CN, "web-1", false},
	{MATCHER_SUBJECT_OU, "SRE", true},
	{MATCHER_SUBJECT_OU, "Platform", true},
	{MATCHER_SUBJECT_OU, "sre", false}, /* exact */
	{MATCHER_SUBJECT_OU, "SRE,Platform", false},
	{MATCHER_SUBJECT_O, "Acme, Inc.", true},
	{MATCHER_SUBJECT_O, "Acme\\, Inc.", false}, /* no printed name */
	{MATCHER_SUBJECT_L, "GB", false},
	{MATCHER_ISSUER_O, "Example Ltd", true},
	{MATCHER_ISSUER_CN, "Issuing CA", true},
	{MATCHER_ISSUER_OU, "SRE", false}, /* of the subject */
	{MATCHER_SUBJECT_DN,
		"CN=web-1/CN=admin,OU=Platform,OU=SRE,O=Acme\\, Inc.,C=GB",
		true},
	{MATCHER_SUBJECT_DN, "CN=admin,OU=Platform,OU=SRE,O=Acme\\, Inc.,C=GB",
		false},
	{MATCHER_ISSUER_DN, "CN=Issuing CA,O=Example Ltd", true},
	{MATCHER_ISSUER_DN, "O=Example Ltd,CN=Issuing CA", false},
	{MATCHER_SAN_DNS, "web-1.example.ORG", true},
	{MATCHER_SAN_DNS, "*.example.org", true},
	{MATCHER_SAN_DNS, "*.org", false},
	{MATCHER_SAN_DNS, "**.org", true},
	{MATCHER_SAN_DNS, "web-*.example.org", true},
	{MATCHER_SAN_DNS, "example.org", false},
	{MATCHER_SAN_DNS, "*-1.example.org", true},
	{MATCHER_SAN_DNS, "*.web-1.example.org", false},
	{MATCHER_SAN_URI, "spiffe://example.org/ns/pay/**", true},
	{MATCHER_SAN_URI, "spiffe://example.org/ns/*/sa/a", true},
	{MATCHER_SAN_URI, "spiffe://example.org/ns/*", false},
	{MATCHER_SAN_URI, "spiffe://example.org/ns/pay/sa/a", true},
	{MATCHER_SAN_URI, "spiffe://example.org/ns/PAY/sa/a", false},
	{MATCHER_SAN_URI, "spiffe://example.org/**/a", true},
	{MATCHER_SAN_URI, "spiffe://example.*/ns/pay/sa/a", true},
	{MATCHER_SPIFFE_ID, "spiffe://example.org/ns/pay/**", true},
	{MATCHER_SPIFFE_ID, "spiffe://example.com/ns/pay/**", false},
	{MATCHER_SAN_EMAIL, "First.Last@ops.example.org", true},
	{MATCHER_SAN_EMAIL, "first.last@ops.example.org", false},
	{MATCHER_SAN_EMAIL, "*@ops.example.org", true},
	{MATCHER_SAN_EMAIL, "*@*.example.org", true},
	{MATCHER_SAN_EMAIL, "*@example.org", false},
	{MATCHER_SAN_EMAIL, "*@**.org", true},
	{MATCHER_SAN_EMAIL, "First.*@ops.example.org", true},
	{MATCHER_SAN_IP, "10.1.2.3", true},
	{MATCHER_SAN_IP, "10.1.2.4", false},
	{MATCHER_SAN_IP, "10.0.0.0/8", true},
	{MATCHER_SAN_IP, "10.1.2.2/31", true},
	{MATCHER_SAN_IP, "10.1.2.0/31", false},
	{MATCHER_SAN_IP, "0.0.0.0/0", true},
	{MATCHER_SAN_IP, "2001:db8::/32", true},
	{MATCHER_SAN_IP, "2001:db8::1", true},
	{MATCHER_SAN_IP, "2001:db8::2/127", false},
	{MATCHER_SAN_IP, "::ffff:10.1.2.3", false}, /* sixteen octets */
	{MATCHER_SERIAL, "4A110C", true},
	{MATCHER_SERIAL, "004a:11:0c", true},
	{MATCHER_SERIAL, "4A110D", false},
	{MATCHER_SERIAL, "-4A110C", false},
	{MATCHER_FINGERPRINT_SHA256, "AB00" ZEROS60, true},
	{MATCHER_FINGERPRINT_SHA256, "AC00" ZEROS60, false},
	{MATCHER_SPKI_SHA256, ZEROS60 "0001", true},
	{MATCHER_SPKI_SHA256,
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=", true},
	{MATCHER_SPKI_SHA256,
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAI=", false},
	{MATCHER_SKI, "01AB", true},
	{MATCHER_SKI, "01:ab", true},
	{MATCHER_SKI, "01", false},
};

static void each_kind_compares_its_own(void **state) /* R7 */
{
	struct rules_cert c;

	(void)state;
	rich(&c);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (judge(cases[i].kind, cases[i].value, &c) !=
			(cases[i].match ? MATCH_YES : MATCH_NO))
			fail_msg("%s: %s", matcher_name(cases[i].kind),
				cases[i].value);
	}
}

static const struct {
	enum config_matcher kind;
	const char *value;
} wrong[] = {
	{MATCHER_SUBJECT_CN, "a**b"},
	{MATCHER_SUBJECT_DN, "CN=*"},
	{MATCHER_SUBJECT_DN, "/CN=a"},
	{MATCHER_SAN_DNS, "a..b"},
	{MATCHER_SAN_DNS, ".a"},
	{MATCHER_SAN_DNS, "a."},
	{MATCHER_SAN_DNS, "m\xc3\xbc.example"},
	{MATCHER_SAN_DNS, "a b"},
	{MATCHER_SAN_DNS, "***.a"},
	{MATCHER_SAN_URI, "example.org/x"},
	{MATCHER_SAN_URI, "*://x/"},
	{MATCHER_SAN_URI, "spiffe://a/b/../c"},
	{MATCHER_SAN_URI, "spiffe://a/./c"},
	{MATCHER_SAN_URI, "spiffe://a/%2e%2e/c"},
	{MATCHER_SAN_URI, "spiffe://**/c"},
	{MATCHER_SAN_URI, "https://**.example.org/c"},
	{MATCHER_SAN_URI, "spiffe://a/b**"},
	{MATCHER_SAN_URI, "spiffe://a/**b"},
	{MATCHER_SAN_URI, "spiffe://a/ b"},
	{MATCHER_SPIFFE_ID, "https://a/b"},
	{MATCHER_SAN_EMAIL, "@example.org"},
	{MATCHER_SAN_EMAIL, "example.org"},
	{MATCHER_SAN_EMAIL, "a@b@c"},
	{MATCHER_SAN_EMAIL, "a@.b"},
	{MATCHER_SAN_EMAIL, "**@b"},
	{MATCHER_SAN_IP, "10.0.0.1/8"},
	{MATCHER_SAN_IP, "10.0.0.0/33"},
	{MATCHER_SAN_IP, "10.0.0.0/"},
	{MATCHER_SAN_IP, "10.0.0"},
	{MATCHER_SAN_IP, "10.0.0.*"},
	{MATCHER_SAN_IP, "2001:db8::/129"},
	{MATCHER_SAN_IP, "localhost"},
	{MATCHER_SERIAL, "xyz"},
	{MATCHER_SERIAL, "0x4A"},
	{MATCHER_SERIAL, "4A::11"},
	{MATCHER_SERIAL, "-"},
	{MATCHER_FINGERPRINT_SHA256, "AB"},
	{MATCHER_FINGERPRINT_SHA256, "*"},
	{MATCHER_SPKI_SHA256, "AAAA"},
	{MATCHER_SPKI_SHA256, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAF="},
	{MATCHER_SKI, "0"},
	{MATCHER_SKI, "0g"},
};

static void malformed_values_are_refused_at_load(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		if (make(wrong[i].kind, wrong[i].value))
			fail_msg("%s: %s is taken", matcher_name(wrong[i].kind),
				wrong[i].value);
	}
}

/* An odd value of a certificate, and a rule that would have liked it. */
static const struct {
	enum config_matcher kind;
	struct slice value;
	const char *rule;
} odd[] = {
	{MATCHER_SUBJECT_CN, {"good\0.evil", 10}, "good"},
	{MATCHER_SUBJECT_CN, {"good\0.evil", 10}, "good*"},
	{MATCHER_SUBJECT_CN, {NULL, 0}, "*"}, /* no clean text */
	{MATCHER_SUBJECT_DN, {"good\0.evil", 10}, "CN=good"},
	{MATCHER_SAN_DNS, {"a.example\0.b", 12}, "a.example"},
	{MATCHER_SAN_DNS, {".example", 8}, "**.example"},
	{MATCHER_SAN_DNS, {"..example", 9}, "**.example"},
	{MATCHER_SAN_DNS, {"a.example.", 10}, "*.example"},
	{MATCHER_SAN_DNS, {"a b.example", 11}, "*.example"},
	{MATCHER_SAN_URI, {"spiffe://a/b/../c", 17}, "spiffe://a/b/**"},
	{MATCHER_SAN_URI, {"spiffe://a/b/%2e%2e/c", 21}, "spiffe://a/b/**"},
	{MATCHER_SAN_URI, {"spiffe://a/b\0/c", 15}, "spiffe://a/b"},
	{MATCHER_SAN_URI, {"spiffe://a/b/c\n", 15}, "spiffe://a/b/**"},
	{MATCHER_SAN_EMAIL, {"a\0@b.example", 12}, "*@b.example"},
	{MATCHER_SAN_EMAIL, {"x@y@b.example", 13}, "*@b.example"},
	{MATCHER_SAN_EMAIL, {"\"x@y\"@b.example", 15}, "*@b.example"},
	{MATCHER_SAN_EMAIL, {"@b.example", 10}, "*@b.example"},
	{MATCHER_SAN_IP, {"\x0a\x01\x02", 3}, "10.0.0.0/8"},
};

static void set_odd(
	struct rules_cert *c, enum config_matcher kind, struct slice value)
{
	rules_cert_init(c);
	if (kind == MATCHER_SAN_DNS)
		rules_san(c, &c->extensions.dns, value);
	else if (kind == MATCHER_SAN_URI)
		rules_san(c, &c->extensions.uri, value);
	else if (kind == MATCHER_SAN_EMAIL)
		rules_san(c, &c->extensions.email, value);
	else if (kind == MATCHER_SAN_IP)
		rules_san(c, &c->extensions.ip, value);
	else
		rules_subject(c, OID_CN, value, false);
}

static void what_cannot_be_compared_matches_nothing_and_clears_nobody(
	void **state) /* R7 */
{
	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct rules_cert c;

		set_odd(&c, odd[i].kind, odd[i].value);
		if (judge(odd[i].kind, odd[i].rule, &c) != MATCH_UNCLEAR)
			fail_msg("row %zu: %s", i, odd[i].rule);
	}
}

static void a_clean_value_counts_beside_one_that_is_not(void **state)
{
	struct rules_cert c;

	(void)state;
	rules_cert_init(&c);
	rules_subject(&c, OID_OU, SLICE("x\0y"), false);
	rules_subject(&c, OID_OU, SLICE("SRE"), false);
	assert_int_equal(judge(MATCHER_SUBJECT_OU, "SRE", &c), MATCH_YES);
	assert_int_equal(judge(MATCHER_SUBJECT_OU, "Ops", &c), MATCH_UNCLEAR);
}

static void names_that_were_left_out_are_unclear(void **state)
{
	struct rules_cert c;

	(void)state;
	rules_cert_init(&c);
	assert_int_equal(judge(MATCHER_SAN_DNS, "a.b", &c), MATCH_NO);
	c.extensions.sans_too_many = true;
	assert_int_equal(judge(MATCHER_SAN_DNS, "a.b", &c), MATCH_UNCLEAR);
	c.extensions.sans_too_many = false;
	c.extensions.sans_malformed = true;
	assert_int_equal(judge(MATCHER_SAN_IP, "10.0.0.1", &c), MATCH_UNCLEAR);
	c.info.extensions = NULL;
	assert_int_equal(judge(MATCHER_SKI, "00", &c), MATCH_UNCLEAR);
	assert_int_equal(
		judge(MATCHER_SPKI_SHA256, ZEROS60 "0000", &c), MATCH_UNCLEAR);
}

static void there_is_no_fallback_to_the_common_name(void **state) /* R7 */
{
	struct rules_cert c;

	(void)state;
	rules_cert_init(&c);
	rules_subject(&c, OID_CN, SLICE("www.example.org"), false);
	assert_int_equal(
		judge(MATCHER_SAN_DNS, "www.example.org", &c), MATCH_NO);
}

static void a_spiffe_id_is_the_only_uri(void **state)
{
	struct rules_cert c;

	(void)state;
	rules_cert_init(&c);
	rules_san(&c, &c.extensions.uri, SLICE("https://a/b"));
	assert_int_equal(
		judge(MATCHER_SPIFFE_ID, "spiffe://a/b", &c), MATCH_NO);
	rules_san(&c, &c.extensions.uri, SLICE("spiffe://a/b"));
	assert_int_equal(
		judge(MATCHER_SPIFFE_ID, "spiffe://a/b", &c), MATCH_UNCLEAR);
	assert_int_equal(judge(MATCHER_SAN_URI, "spiffe://a/b", &c), MATCH_YES);
}

static void names_are_those_of_the_configuration(void **state)
{
	const struct config_key *key = NULL;
	size_t found = 0;

	(void)state;
	while ((key = config_schema_next(key))) {
		size_t number;

		if (key->home != CONFIG_HOME_MATCH)
			continue;
		number = (key->offset - offsetof(struct config_match, values)) /
			 sizeof(struct config_texts);
		assert_string_equal(strrchr(key->path, '.') + 1,
			matcher_name((enum config_matcher)number));
		found++;
	}
	assert_int_equal(found, MATCHER_COUNT);
}

static void what_a_certificate_has_is_shown_without_odd_bytes(void **state)
{
	struct rules_cert c;

	(void)state;
	rich(&c);
	assert_true(slice_eq(matcher_show(MATCHER_SUBJECT_OU, &c.info, arena),
		SLICE("SRE, Platform")));
	assert_true(slice_eq(matcher_show(MATCHER_SUBJECT_L, &c.info, arena),
		SLICE("(none)")));
	assert_true(slice_eq(matcher_show(MATCHER_SAN_IP, &c.info, arena),
		SLICE("10.1.2.3, 2001:db8::1")));
	assert_true(slice_eq(
		matcher_show(MATCHER_SERIAL, &c.info, arena), SLICE("4A110C")));
	assert_true(slice_eq(
		matcher_show(MATCHER_SKI, &c.info, arena), SLICE("01AB")));
	set_odd(&c, MATCHER_SUBJECT_CN, SLICE("a\n\x1b[31m"));
	assert_true(slice_eq(matcher_show(MATCHER_SUBJECT_CN, &c.info, arena),
		SLICE("a\\0A\\1B[31m")));
	set_odd(&c, MATCHER_SUBJECT_CN, SLICE("a\0b"));
	assert_true(slice_eq(matcher_show(MATCHER_SUBJECT_CN, &c.info, arena),
		SLICE("(something that is not compared)")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_compares_its_own),
		cmocka_unit_test(malformed_values_are_refused_at_load),
		cmocka_unit_test(
			what_cannot_be_compared_matches_nothing_and_clears_nobody),
		cmocka_unit_test(a_clean_value_counts_beside_one_that_is_not),
		cmocka_unit_test(names_that_were_left_out_are_unclear),
		cmocka_unit_test(there_is_no_fallback_to_the_common_name),
		cmocka_unit_test(a_spiffe_id_is_the_only_uri),
		cmocka_unit_test(names_are_those_of_the_configuration),
		cmocka_unit_test(
			what_a_certificate_has_is_shown_without_odd_bytes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
