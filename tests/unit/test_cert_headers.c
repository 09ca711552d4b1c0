/*
 * R1-R3, R6: the ten headers of fields.md section 1, byte for byte, and the
 * names that may not come in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509_vfy.h>

#include "base/arena.h"
#include "policy/cert_headers.h"
#include "policy/header_plan.h"

/* A leaf put together by hand: no certificate needs to be made. */
static struct cert_attribute subject_parts[] = {
	{.short_name = "O",
		.oid = "2.5.4.10",
		.tag = 12,
		.raw = {"Acme, Inc.", 10},
		.rdn = 0},
	{.short_name = "CN",
		.oid = "2.5.4.3",
		.tag = 12,
		.raw = {"client-1\r\nX-CERT-VERIFY: SUCCESS", 32},
		.rdn = 1},
};
static struct cert_attribute issuer_parts[] = {
	{.short_name = "CN",
		.oid = "2.5.4.3",
		.tag = 12,
		.raw = {"CA", 2},
		.rdn = 0},
};
static const struct cert_info leaf = {
	.subject = {subject_parts, 2},
	.issuer = {issuer_parts, 1},
	.serial = {"\x4A\x11\x0C", 3},
	.not_before = {true, 1545507540},
	.not_after = {true, 253402300799},
	.sha1 = {0xDE, 0xAD, 0xBE, 0xEF},
};

static const struct config_headers usual = {
	.presets = 1U << PRESET_X_CERT, .empty = EMPTY_SEND};

static const char golden[] =
	"X-CERT-PRESENTED: 1\r\n"
	"X-CERT-VERIFY: SUCCESS\r\n"
	"X-CERT-ISSUER-DN: CN=CA\r\n"
	"X-CERT-SUBJECT-DN: CN=client-1\\0D\\0AX-CERT-VERIFY: SUCCESS,"
	"O=Acme\\, Inc.\r\n"
	"X-CERT-ISSUER-DN-L: /CN=CA\r\n"
	"X-CERT-SUBJECT-DN-L: /O=Acme, Inc./CN=client-1\\x0D\\x0A"
	"X-CERT-VERIFY: SUCCESS\r\n"
	"X-CERT-SERIAL: 4A110C\r\n"
	"X-CERT-FINGER: deadbeef00000000000000000000000000000000\r\n"
	"X-CERT-NOTBE: Dec 22 19:39:00 2018 GMT\r\n"
	"X-CERT-NOTAF: Dec 31 23:59:59 9999 GMT\r\n";

static struct cert_headers *make(const struct config_headers *settings,
	const struct client_auth *auth, const struct cert_info *info,
	const char **reason)
{
	const struct header_facts facts = {
		.settings = settings, .auth = auth, .leaf = info};
	struct header_plan *plan = header_plan_new(settings);
	struct arena *scratch = arena_new(NULL);
	struct cert_headers_problem problem;
	struct cert_headers *headers =
		cert_headers_new(plan, &facts, scratch, &problem);

	assert_int_equal(!headers, problem.fault != CERT_HEADERS_OK);
	*reason = problem.name; /* static: that of a preset */
	arena_free(scratch);    /* nothing of the result may lie in it */
	header_plan_free(plan);
	return headers;
}

static void assert_wire(const struct config_headers *settings,
	const struct client_auth *auth, const struct cert_info *info,
	const char *want)
{
	const char *reason = "untouched";
	struct cert_headers *headers = make(settings, auth, info, &reason);
	struct slice wire;

	assert_non_null(headers);
	assert_null(reason);
	wire = cert_headers_block(headers)->wire;
	if (!slice_eq(wire, slice_str(want)))
		fail_msg("got\n%.*s want\n%s", SLICE_FMT(wire), want);
	cert_headers_free(headers);
}

static void a_good_certificate_gives_the_ten_headers(void **state)
{
	const struct client_auth ok = {.state = CLIENT_AUTH_OK, .sent = 1};

	(void)state;
	assert_wire(&usual, &ok, &leaf, golden);
}

static void no_certificate_gives_ten_headers_without_a_claim(void **state)
{
	const struct client_auth none = {0};
	const char *want = "X-CERT-PRESENTED: 0\r\n"
			   "X-CERT-VERIFY: NONE\r\n"
			   "X-CERT-ISSUER-DN: \r\n"
			   "X-CERT-SUBJECT-DN: \r\n"
			   "X-CERT-ISSUER-DN-L: \r\n"
			   "X-CERT-SUBJECT-DN-L: \r\n"
			   "X-CERT-SERIAL: \r\n"
			   "X-CERT-FINGER: \r\n"
			   "X-CERT-NOTBE: \r\n"
			   "X-CERT-NOTAF: \r\n";

	(void)state;
	assert_wire(&usual, &none, NULL, want);
	/* a leaf that nobody judged is not told of */
	assert_wire(&usual, &none, &leaf, want);
}

static void omit_leaves_the_empty_ones_out(void **state)
{
	const struct config_headers omit = {
		.presets = 1U << PRESET_X_CERT, .empty = EMPTY_OMIT};
	const struct client_auth none = {0};
	const struct client_auth ok = {.state = CLIENT_AUTH_OK, .sent = 1};

	(void)state;
	assert_wire(&omit, &none, NULL,
		"X-CERT-PRESENTED: 0\r\nX-CERT-VERIFY: NONE\r\n");
	assert_wire(&omit, &ok, &leaf, golden);
}

static void preset_none_sends_nothing(void **state)
{
	const struct config_headers nothing = {.presets = 1U << PRESET_NONE};
	const struct client_auth ok = {.state = CLIENT_AUTH_OK, .sent = 1};
	const char *reason;
	struct cert_headers *headers = make(&nothing, &ok, &leaf, &reason);

	(void)state;
	assert_non_null(headers);
	assert_int_equal(cert_headers_block(headers)->count, 0);
	assert_int_equal(cert_headers_block(headers)->wire.len, 0);
	cert_headers_free(headers);
}

static void a_failed_certificate_is_told_of_as_failed(void **state)
{
	static const struct {
		enum client_auth_state state;
		int code;
		const char *verdict;
	} rows[] = {
		{CLIENT_AUTH_FAILED, X509_V_ERR_CERT_HAS_EXPIRED,
			"FAILED:certificate has expired"},
		{CLIENT_AUTH_REVOKED, X509_V_ERR_CERT_REVOKED,
			"FAILED:certificate revoked"},
		{CLIENT_AUTH_FAILED, CLIENT_AUTH_CODE_SERIAL,
			"FAILED:certificate serial number too long"},
		{CLIENT_AUTH_FAILED, 12345,
			"FAILED:certificate verification failed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct client_auth auth = {
			.state = rows[i].state, .code = rows[i].code};
		const char *reason;
		struct cert_headers *headers =
			make(&usual, &auth, &leaf, &reason);
		const struct header_block *block;

		assert_non_null(headers);
		block = cert_headers_block(headers);
		assert_true(slice_eq(block->fields[0].value, SLICE("1")));
		assert_true(slice_eq(
			block->fields[1].value, slice_str(rows[i].verdict)));
		assert_true(block->fields[3].value.len > 0);
		cert_headers_free(headers);
	}
}

static void fields_and_wire_are_one_block_and_say_the_same(void **state)
{
	const struct client_auth ok = {.state = CLIENT_AUTH_OK, .sent = 1};
	const char *reason;
	struct cert_headers *headers = make(&usual, &ok, &leaf, &reason);
	const struct header_block *block = cert_headers_block(headers);
	const char *from = (const char *)headers;
	const char *to = from + cert_headers_size(headers);
	struct slice rest = block->wire, line;

	(void)state;
	assert_int_equal(block->count, 10);
	assert_true(from <= block->wire.ptr &&
		    block->wire.ptr + block->wire.len <= to);
	for (size_t i = 0; i < block->count; i++) {
		const struct header_field *field = &block->fields[i];

		line = slice_head(rest, slice_find(rest, '\r'));
		rest = slice_from(rest, line.len + 2);
		assert_true(slice_eq(
			slice_head(line, field->name.len), field->name));
		assert_true(slice_eq(
			slice_from(line, field->name.len + 2), field->value));
		assert_true(header_name_valid(field->name));
		assert_true(cert_headers_protects(field->name)); /* R1 */
		for (size_t j = 0; j < i; j++)                   /* R3 */
			assert_false(slice_eq_nocase(
				field->name, block->fields[j].name));
	}
	assert_int_equal(rest.len, 0);
	cert_headers_free(headers);
}

/* R6: a byte that slipped through all encoders ends the exchange, no more. */
static void a_value_that_would_break_a_line_is_refused_by_name(void **state)
{
	struct cert_attribute evil = issuer_parts[0];
	struct cert_info bad = leaf;
	const struct client_auth ok = {.state = CLIENT_AUTH_OK, .sent = 1};
	const char *reason = NULL;

	(void)state;
	evil.short_name = "CN\r\nX-Evil";
	bad.issuer = (struct cert_name){&evil, 1};
	assert_null(make(&usual, &ok, &bad, &reason));
	assert_string_equal(reason, "X-CERT-ISSUER-DN");
}

static void a_judged_client_without_a_leaf_counts_as_memory(void **state)
{
	const struct client_auth ok = {.state = CLIENT_AUTH_OK, .sent = 1};
	const char *reason = "untouched";

	(void)state;
	assert_null(make(&usual, &ok, NULL, &reason));
	assert_null(reason);
}

static void too_large_names_are_left_empty(void **state)
{
	struct cert_attribute huge = issuer_parts[0];
	struct cert_info bad = leaf;
	const struct client_auth failed = {
		.state = CLIENT_AUTH_FAILED, .code = CLIENT_AUTH_CODE_HEADERS};
	struct arena *scratch = arena_new(NULL);
	char *text = calloc(1, 9000);
	struct cert_headers *headers;
	const struct header_block *block;
	const char *reason;

	(void)state;
	assert_non_null(text);
	assert_true(cert_headers_fit(&leaf, scratch));
	huge.raw = slice_of(text, 9000);
	bad.subject = (struct cert_name){&huge, 1};
	assert_false(cert_headers_fit(&bad, scratch));
	headers = make(&usual, &failed, &bad, &reason);
	assert_non_null(headers);
	block = cert_headers_block(headers);
	assert_true(slice_eq(block->fields[1].value,
		SLICE("FAILED:certificate fields too large for headers")));
	for (size_t i = 2; i <= 6; i++)
		assert_int_equal(block->fields[i].value.len, 0);
	assert_int_equal(block->fields[7].value.len, 40);
	assert_true(block->wire.len < 1024);
	cert_headers_free(headers);
	free(text);
	arena_free(scratch);
}

/* fields.md 5: what fits by the measure of the handshake fits on the wire. */
static void what_fits_stays_below_the_limits(void **state)
{
	static char text[4000];
	struct cert_attribute part = issuer_parts[0];
	struct cert_info info = leaf;
	const struct client_auth failed = {.state = CLIENT_AUTH_FAILED,
		.code = X509_V_ERR_PROXY_CERTIFICATES_NOT_ALLOWED};
	size_t largest = 0;

	(void)state;
	memset(text, 'a', sizeof(text));
	info.subject = info.issuer = (struct cert_name){&part, 1};
	for (size_t len = 0; len < sizeof(text); len += 7) {
		struct arena *scratch = arena_new(NULL);
		struct cert_headers *headers;
		const char *reason;

		part.raw = slice_of(text, len);
		if (cert_headers_fit(&info, scratch)) {
			headers = make(&usual, &failed, &info, &reason);
			largest = cert_headers_block(headers)->wire.len;
			assert_true(largest <= CERT_HEADERS_MAX);
			cert_headers_free(headers);
		}
		arena_free(scratch);
	}
	assert_true(largest > CERT_HEADERS_MAX - 1100);
}

/* R1, R2 */
static const struct {
	const char *name;
	bool protected;
} incoming[] = {
	{"X-CERT-VERIFY", true},
	{"x-cert-verify", true},
	{"x_cert_verify", true},
	{"X.Cert.Verify", true},
	{"X-Cert_Anything", true},
	{"x-cert-", true},
	{"X~CERT!SUBJECT*DN", true},
	{"X-Cert", false},
	{"X-Certify", false},
	{"My-X-Cert-Verify", false},
	{"Client-Cert", true},
	{"CLIENT_CERT", true},
	{"Client-Cert-Chain", true},
	{"client.cert.chain", true},
	{"Client-Cert-Other", false},
	{"Client-Certs", false},
	{"X-Forwarded-Client-Cert", true},
	{"x_forwarded_client_cert", true},
	{"X-Forwarded-Client-Certs", false},
	{"X-Forwarded-For", false},
	{"Cf-Cert-Verified", true},
	{"cf_cert_presented", true},
	{"X-SSL-Client-S-DN", true},
	{"X_SSL_CLIENT_VERIFY", true},
	{"X-Amzn-Mtls-Clientcert", true},
	{"x-amzn-mtls.clientcert.leaf", true},
	{"Accept", false},
	{"", false},
};

static void protected_names_are_known_in_every_spelling(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(incoming) / sizeof(incoming[0]); i++) {
		if (cert_headers_protects(slice_str(incoming[i].name)) !=
			incoming[i].protected)
			fail_msg("%s", incoming[i].name);
	}
}

static void freeing_nothing_is_fine(void **state)
{
	(void)state;
	cert_headers_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_certificate_gives_the_ten_headers),
		cmocka_unit_test(
			no_certificate_gives_ten_headers_without_a_claim),
		cmocka_unit_test(omit_leaves_the_empty_ones_out),
		cmocka_unit_test(preset_none_sends_nothing),
		cmocka_unit_test(a_failed_certificate_is_told_of_as_failed),
		cmocka_unit_test(
			fields_and_wire_are_one_block_and_say_the_same),
		cmocka_unit_test(
			a_value_that_would_break_a_line_is_refused_by_name),
		cmocka_unit_test(
			a_judged_client_without_a_leaf_counts_as_memory),
		cmocka_unit_test(too_large_names_are_left_empty),
		cmocka_unit_test(what_fits_stays_below_the_limits),
		cmocka_unit_test(protected_names_are_known_in_every_spelling),
		cmocka_unit_test(freeing_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
