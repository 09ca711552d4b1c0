/* selftest_case: forged requests, and what an echo says of them. */
#include "cli/selftest_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "fake/cert_mint.h"
#include "policy/cert_headers.h"
#include "tls/cert_info.h"

static const struct selftest_target target = {
	.host = "www.example", .name = "www.example", .path = "/a", "GET"};

/* R1: every spelling that is tried is one that is protected. */
static void each_spelling_folds_to_its_name(void **state)
{
	char spelled[SELFTEST_NAME];
	unsigned made = 0;

	(void)state;
	for (unsigned i = 0; i < selftest_spellings(); i++) {
		if (!selftest_spell(SLICE("X-CERT-VERIFY"), i, spelled))
			continue;
		made++;
		assert_true(selftest_same(
			slice_str(spelled), SLICE("x-cert-verify")));
		assert_true(cert_headers_protects(slice_str(spelled)));
		assert_int_equal(strspn(spelled, "XCERTVIFYxcertvify-") ==
					 strlen(spelled),
			i < selftest_exact());
	}
	assert_int_equal(made, selftest_spellings());
}

static void a_name_without_dashes_has_no_aliases(void **state)
{
	char spelled[SELFTEST_NAME];

	(void)state;
	for (unsigned i = 0; i < selftest_spellings(); i++)
		assert_int_equal(selftest_spell(SLICE("Via"), i, spelled),
			i < selftest_exact());
}

static void a_name_that_is_too_long_has_no_spelling(void **state)
{
	char name[SELFTEST_NAME + 1], spelled[SELFTEST_NAME];

	(void)state;
	memset(name, 'a', sizeof(name));
	assert_false(selftest_spell(slice_of(name, SELFTEST_NAME), 0, spelled));
	assert_true(
		selftest_spell(slice_of(name, SELFTEST_NAME - 1), 0, spelled));
}

static void every_protected_name_is_protected(void **state)
{
	const char *const *name = selftest_protected();
	unsigned certificate = 0;

	(void)state;
	for (; *name; name++)
		certificate += cert_headers_protects(slice_str(*name));
	assert_true(certificate >= 16);
}

static void each_way_is_a_request_of_its_own(void **state)
{
	static const struct {
		enum selftest_way way;
		unsigned forged;
		const char *has;
	} rows[] = {
		{SELFTEST_PLAIN, 0, "GET /a HTTP/1.1\r\nHost: www.example\r\n"},
		{SELFTEST_SPELLED, 5, "\r\nclient-cert: " SELFTEST_FORGED},
		{SELFTEST_ALIASED, 15, "\r\nClient_Cert: " SELFTEST_FORGED},
		{SELFTEST_NOMINATED, 1, "\r\nConnection: close, Client-Cert"},
		{SELFTEST_TRAILER, 6, "\r\n0\r\nClient-Cert: " SELFTEST_FORGED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = {0};
		unsigned forged = 0;
		struct slice text;

		assert_true(selftest_request(&out, &target, rows[i].way,
			SLICE("Client-Cert"), &forged));
		text = buf_bytes(&out);
		assert_int_equal(forged, rows[i].forged);
		assert_non_null(memmem(
			text.ptr, text.len, rows[i].has, strlen(rows[i].has)));
		assert_true(slice_ends(text, SLICE("\r\n\r\n")));
		assert_non_null(
			memmem(text.ptr, text.len, "Connection: close", 17));
		buf_fini(&out);
	}
}

static void odd_requests_end(void **state)
{
	size_t count = 0;
	const struct selftest_odd *odd;

	(void)state;
	while ((odd = selftest_odd_at(count++))) {
		struct buf out = {0};

		assert_true(selftest_odd_request(&out, &target, odd));
		assert_true(slice_ends(buf_bytes(&out), SLICE("\r\n\r\n")));
		buf_fini(&out);
	}
	assert_true(count > 5);
}

#define ECHO                                                   \
	"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"      \
	"mtlsgate-echo: 1\r\nContent-Length: 9\r\n\r\n"        \
	"GET /a:b HTTP/1.1\nHost: x\nX-CERT-VERIFY: SUCCESS\n" \
	"x_cert_verify: forged\n(a body of 2 bytes)\n"         \
	"(trailer) X-Cert-Serial: 0A: b\n"

static void an_echo_tells_its_fields(void **state)
{
	static const char *const names[] = {
		"Host", "X-CERT-VERIFY", "x_cert_verify", "X-Cert-Serial"};
	struct slice echo, name, value, rest;
	size_t count = 0;

	(void)state;
	assert_true(selftest_echo(slice_str(ECHO), &echo));
	rest = echo;
	while (selftest_field(&rest, &name, &value)) {
		assert_true(slice_eq(name, slice_str(names[count++])));
		if (count == 4)
			assert_true(slice_eq(value, SLICE("0A: b")));
	}
	assert_int_equal(count, 4);
	assert_int_equal(
		selftest_count(echo, SLICE("X-CERT-VERIFY"), &value), 2);
	assert_true(slice_eq(value, SLICE("forged")));
	assert_int_equal(selftest_count(echo, SLICE("Via"), &value), 0);
}

static void any_other_answer_is_no_echo(void **state)
{
	static const char *const rows[] = {"",
		"HTTP/1.1 200 OK\r\nMtlsgate-Echo: 1\r\n",
		"HTTP/1.1 403 Forbidden\r\nMtlsgate-Echo: 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: Mtlsgate-Echo: 1\r\n\r\nGET /\n",
		"HTTP/1.1 200 OK\r\n\r\nMtlsgate-Echo: 1\n"};
	struct slice echo;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(selftest_echo(slice_str(rows[i]), &echo));
}

static void the_truth_is_what_the_certificate_says(void **state)
{
	struct mint *ca = mint_ca("Some CA", NULL);
	struct mint *leaf = mint_client("alice", ca);
	struct arena *arena = arena_new(NULL);
	struct cert_info *info = cert_info_read(leaf->cert, arena);
	struct selftest_truth truths[SELFTEST_TRUTHS];
	unsigned count = selftest_truths(info, arena, truths);
	bool seen = false;

	(void)state;
	assert_in_range(count, 10, SELFTEST_TRUTHS);
	for (unsigned i = 0; i < count; i++) {
		assert_true(cert_headers_protects(slice_str(truths[i].name)));
		if (!strcmp(truths[i].name, "X-CERT-SUBJECT-DN")) {
			assert_true(
				slice_eq(truths[i].value, SLICE("CN=alice")));
			seen = true;
		}
	}
	assert_true(seen);
	arena_free(arena);
	mint_free(leaf);
	mint_free(ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_spelling_folds_to_its_name),
		cmocka_unit_test(a_name_without_dashes_has_no_aliases),
		cmocka_unit_test(a_name_that_is_too_long_has_no_spelling),
		cmocka_unit_test(every_protected_name_is_protected),
		cmocka_unit_test(each_way_is_a_request_of_its_own),
		cmocka_unit_test(odd_requests_end),
		cmocka_unit_test(an_echo_tells_its_fields),
		cmocka_unit_test(any_other_answer_is_no_echo),
		cmocka_unit_test(the_truth_is_what_the_certificate_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
