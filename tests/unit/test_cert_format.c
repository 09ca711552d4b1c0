/*
 * The golden values of the specification (seen from nginx 1.22.1 on OpenSSL
 * 3.0.22), and what must hold for every certificate.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509.h>

#include "base/arena.h"
#include "fake/cert_mint.h"
#include "fake/der.h"
#include "tls/cert_format.h"

static struct mint *key; /* made once: keys are what costs time */

struct part {
	const char *oid;
	int tag;
	struct slice value;
	bool same_rdn; /* as the part before it */
};

enum { PARTS = 4 };

#define CN "2.5.4.3"
#define C "2.5.4.6"
#define ST "2.5.4.8"
#define O "2.5.4.10"
#define OU "2.5.4.11"
#define BYTES(literal)                       \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

static const struct {
	const char *what;
	struct part parts[PARTS];
	const char *rfc2253;
	const char *legacy;
} names[] = {
	{"a comma in a value",
		{{C, DER_PRINTABLE, BYTES("US"), false},
			{ST, DER_UTF8, BYTES("California"), false},
			{O, DER_UTF8, BYTES("Acme, Inc."), false},
			{CN, DER_UTF8, BYTES("client-1"), false}},
		"CN=client-1,O=Acme\\, Inc.,ST=California,C=US",
		"/C=US/ST=California/O=Acme, Inc./CN=client-1"},
	{"text beyond ASCII",
		{{O, DER_UTF8, BYTES("\xE6\x97\xA5\xE6\x9C\xAC"), false},
			{CN, DER_UTF8, BYTES("Zo\xC3\xAB"), false}},
		"CN=Zo\\C3\\AB,O=\\E6\\97\\A5\\E6\\9C\\AC",
		"/O=\\xE6\\x97\\xA5\\xE6\\x9C\\xAC/CN=Zo\\xC3\\xAB"},
	{"control bytes",
		{{CN, DER_UTF8, BYTES("a\r\nX-CERT-VERIFY: \t\x7F"), false}},
		"CN=a\\0D\\0AX-CERT-VERIFY: \\09\\7F",
		"/CN=a\\x0D\\x0AX-CERT-VERIFY: \\x09\\x7F"},
	{"a NUL", {{CN, DER_UTF8, BYTES("good.example\0.evil"), false}},
		"CN=good.example\\00.evil", "/CN=good.example\\x00.evil"},
	{"a BMPString", {{CN, DER_BMP, BYTES("\0B\0m\0p\0 \0\xFC"), false}},
		"CN=Bmp \\C3\\BC", "/CN=\\x00B\\x00m\\x00p\\x00 \\x00\\xFC"},
	{"a slash that looks like a new attribute",
		{{CN, DER_UTF8, BYTES("a/CN=admin"), false}}, "CN=a/CN=admin",
		"/CN=a\\/CN=admin"},
	{"a multi-valued RDN",
		{{C, DER_PRINTABLE, BYTES("US"), false},
			{CN, DER_UTF8, BYTES("m"), false},
			{OU, DER_UTF8, BYTES("ou"), true}},
		"OU=ou+CN=m,C=US", "/C=US/CN=m+OU=ou"},
	{"every byte that RFC 2253 escapes",
		{{O, DER_UTF8, BYTES(" lead and trail "), false},
			{OU, DER_UTF8, BYTES("#hash"), false},
			{CN, DER_UTF8, BYTES("a,b+c\"d\\e<f>g;h=i"), false}},
		"CN=a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h=i,OU=\\#hash,"
		"O=\\ lead and trail\\ ",
		"/O= lead and trail /OU=#hash/CN=a,b\\+c\"d\\e<f>g;h=i"},
	{"a private OID",
		{{"1.3.6.1.4.1.99999.1", DER_UTF8, BYTES("priv"), false}},
		"1.3.6.1.4.1.99999.1=#0C0470726976",
		"/1.3.6.1.4.1.99999.1=priv"},
	{"an empty subject", {{NULL, 0, BYTES(""), false}}, "", ""},
	{"an empty value", {{CN, DER_UTF8, BYTES(""), false}}, "CN=", "/CN="},
	{"a single hash", {{CN, DER_UTF8, BYTES("#"), false}}, "CN=#", "/CN=#"},
	{"a single blank", {{CN, DER_UTF8, BYTES(" "), false}}, "CN=\\ ",
		"/CN= "},
	{"a T61String is Latin-1", {{CN, DER_T61, BYTES("\xE9"), false}},
		"CN=\\C3\\A9", "/CN=\\xE9"},
	{"a PrintableString with a byte it may not hold",
		{{CN, DER_PRINTABLE, BYTES("\xC3\xA9@"), false}},
		"CN=\\C3\\83\\C2\\A9@", "/CN=\\xC3\\xA9@"},
	{"a UniversalString beyond the BMP",
		{{CN, DER_UNIVERSAL, BYTES("\0\x01\xF6\0\0\0\0a"), false}},
		"CN=\\F0\\9F\\98\\80a",
		"/CN=\\x00\\x01\\xF6\\x00\\x00\\x00\\x00a"},
	{"a value that is no string",
		{{CN, DER_BIT_STRING, BYTES("\0abc"), false}},
		"CN=#030400616263", "/CN=abc"},
	{"a value that is a sequence",
		{{CN, DER_SEQUENCE, BYTES("\x05\0"), false}}, "CN=#30020500",
		"/CN=0\\x02\\x05\\x00"},
};

static void put_name(struct der *der, const struct part parts[PARTS])
{
	size_t name = der_begin(der, DER_SEQUENCE), set = 0;

	for (size_t i = 0; i < PARTS && parts[i].oid; i++) {
		const struct part *next = &parts[i + 1];
		size_t sequence;

		if (!parts[i].same_rdn)
			set = der_begin(der, DER_SET);
		sequence = der_begin(der, DER_SEQUENCE);
		der_oid(der, parts[i].oid);
		der_put(der, parts[i].tag, parts[i].value);
		der_end(der, sequence);
		if (i + 1 == PARTS || !next->oid || !next->same_rdn)
			der_end(der, set);
	}
	der_end(der, name);
}

/* NULL for a certificate that the library does not parse. */
static struct cert_info *try_info_of(
	const struct mint_spec *spec, struct arena *arena)
{
	struct mint_spec with_key = *spec;
	struct cert_info *info = NULL;
	struct mint *mint;

	with_key.same_key = key;
	mint = mint_new(&with_key);
	if (mint->cert) {
		info = cert_info_read(mint->cert, arena);
		assert_non_null(info);
	}
	mint_free(mint);
	return info;
}

static struct cert_info *info_of(
	const struct mint_spec *spec, struct arena *arena)
{
	struct cert_info *info = try_info_of(spec, arena);

	if (!info)
		abort(); /* assert_non_null does not tell compilers */
	return info;
}

static void assert_text(struct slice got, const char *want, const char *what)
{
	if (slice_eq(got, slice_str(want)))
		return;
	print_error("%s:\n got  %.*s\n want %s\n", what, SLICE_FMT(got), want);
	fail();
}

static void names_print_as_the_golden_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct arena *arena = arena_new(NULL);
		struct der name = {0};
		struct cert_info *info;
		struct slice text;

		put_name(&name, names[i].parts);
		info = info_of(&(struct mint_spec){.subject = der_slice(&name)},
			arena);
		der_fini(&name);
		assert_true(cert_format_rfc2253(&info->subject, arena, &text));
		assert_text(text, names[i].rfc2253, names[i].what);
		assert_true(cert_format_legacy(&info->subject, arena, &text));
		assert_text(text, names[i].legacy, names[i].what);
		/* self-signed: the issuer is the subject */
		assert_true(cert_format_rfc2253(&info->issuer, arena, &text));
		assert_text(text, names[i].rfc2253, names[i].what);
		arena_free(arena);
	}
}

/*
 * The library refuses such names before they come here, as of 3.0; the encoder
 * does not count on it.
 */
static void values_that_are_not_what_they_claim_do_no_harm(void **state)
{
	static const struct {
		int tag;
		struct slice raw;
		const char *rfc2253;
		const char *legacy;
	} rows[] = {
		{DER_UTF8, BYTES("\xFF\xFE"), "CN=\\FF\\FE", "/CN=\\xFF\\xFE"},
		{DER_BMP, BYTES("\xD8\0\0a"), "", "/CN=\\xD8\\x00\\x00a"},
		{DER_BMP, BYTES("\0ab"), "", "/CN=\\x00ab"},
		{DER_UNIVERSAL, BYTES("\0\x11\0\0"), "",
			"/CN=\\x00\\x11\\x00\\x00"},
		{DER_UNIVERSAL, BYTES("abc"), "", "/CN=abc"},
		{10, BYTES("x"), "", "/CN=x"}, /* no DER to show as hex */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *arena = arena_new(NULL);
		struct cert_attribute a = {.short_name = "CN",
			.oid = CN,
			.tag = rows[i].tag,
			.raw = rows[i].raw};
		struct cert_name name = {&a, 1};
		struct slice text;

		assert_true(cert_format_rfc2253(&name, arena, &text));
		assert_text(text, rows[i].rfc2253, rows[i].legacy);
		assert_true(cert_format_legacy(&name, arena, &text));
		assert_text(text, rows[i].legacy, rows[i].legacy);
		arena_free(arena);
	}
}

static void long_oids_show_their_first_79_bytes(void **state)
{
	char oid[200];
	struct arena *arena = arena_new(NULL);
	struct cert_attribute a = {
		.oid = oid, .raw = SLICE("x"), .der = SLICE("\x0C\x01x")};
	struct cert_name name = {&a, 1};
	struct slice text;

	(void)state;
	memset(oid, '1', sizeof(oid) - 1);
	oid[sizeof(oid) - 1] = '\0';
	assert_true(cert_format_rfc2253(&name, arena, &text));
	assert_int_equal(text.len, 79 + strlen("=#0C0178"));
	assert_true(cert_format_legacy(&name, arena, &text));
	assert_int_equal(text.len, 1 + 79 + strlen("=x"));
	arena_free(arena);
}

static void serials_print_as_hex_of_the_magnitude(void **state)
{
	static const struct {
		struct slice octets;
		const char *text;
	} rows[] = {
		{BYTES("\0"), "00"},
		{BYTES("\x0A"), "0A"},
		{BYTES("\0\x80"), "80"},
		{BYTES("\xFB"), "-05"},
		{BYTES("\x80"), "-80"},
		{BYTES("\xFF\x7F"), "-81"},
		{BYTES("\x80\0"), "-8000"},
		{BYTES("\x01\x02\x03"), "010203"},
		/* 40 octets: nginx wraps here */
		{BYTES("\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11"
		       "\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11"
		       "\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11"
		       "\x11\x11\x11\x11\x11\x11\x11\x11\x11\x22"),
			"1111111111111111111111111111111111111111"
			"1111111111111111111111111111111111111122"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *arena = arena_new(NULL);
		struct cert_info *info = info_of(
			&(struct mint_spec){.serial = rows[i].octets}, arena);
		struct slice text;

		assert_true(cert_format_serial(info, arena, &text));
		assert_text(text, rows[i].text, rows[i].text);
		arena_free(arena);
	}
}

static void times_print_with_a_padded_day_and_gmt(void **state)
{
	static const struct {
		int tag;
		const char *der;
		const char *text;
	} rows[] = {
		{DER_UTC_TIME, "240103040506Z", "Jan  3 04:05:06 2024 GMT"},
		{DER_UTC_TIME, "181222193900Z", "Dec 22 19:39:00 2018 GMT"},
		{DER_UTC_TIME, "491231235959Z", "Dec 31 23:59:59 2049 GMT"},
		{DER_UTC_TIME, "500101000000Z", "Jan  1 00:00:00 1950 GMT"},
		{DER_UTC_TIME, "2401030405Z", "Jan  3 04:05:00 2024 GMT"},
		{DER_GENERALIZED_TIME, "99991231235959Z",
			"Dec 31 23:59:59 9999 GMT"},
		{DER_GENERALIZED_TIME, "20240229000000.125Z",
			"Feb 29 00:00:00 2024 GMT"},
		{DER_GENERALIZED_TIME, "00000101000000Z",
			"Jan  1 00:00:00 0 GMT"},
		{DER_UTC_TIME, "240103040506+0100", "Jan  3 03:05:06 2024 GMT"},
		{DER_UTC_TIME, "240101000000-0001", "Jan  1 00:01:00 2024 GMT"},
		{DER_UTC_TIME, "not a time", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *arena = arena_new(NULL);
		struct mint_time time = {rows[i].tag, slice_str(rows[i].der)};
		struct cert_info *info =
			info_of(&(struct mint_spec){.not_before = time,
					.not_after = time},
				arena);
		struct slice text;

		assert_true(cert_format_time(&info->not_before, arena, &text));
		assert_text(text, rows[i].text, rows[i].der);
		assert_true(cert_format_time(&info->not_after, arena, &text));
		assert_text(text, rows[i].text, rows[i].der);
		arena_free(arena);
	}
}

static void digests_print_as_lower_case_hex(void **state)
{
	static const uint8_t octets[] = {0x00, 0xAB, 0xFF};
	struct arena *arena = arena_new(NULL);
	struct slice text;

	(void)state;
	assert_true(cert_format_hex(octets, sizeof(octets), arena, &text));
	assert_text(text, "00abff", "hex");
	arena_free(arena);
}

static bool printable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < 0x20 || s.ptr[i] > 0x7E)
			return false;
	}
	return true;
}

/* RFC 4648 section 10 */
static void octets_print_as_base64(void **state)
{
	static const struct {
		const char *octets, *text;
	} rows[] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
		{"\xFB\xFF\xFE", "+//+"},
	};
	struct arena *arena = arena_new(NULL);
	struct slice text;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(cert_format_base64(
			slice_str(rows[i].octets), arena, &text));
		assert_text(text, rows[i].text, rows[i].octets);
	}
	arena_free(arena);
}

static void certificates_print_as_a_list_and_as_pem(void **state)
{
	static char long_der[49];
	const struct slice certs[] = {
		slice_of("\xFB\xFF\xFE", 3), slice_of("fo", 2)};
	const struct slice line = slice_of(long_der, sizeof(long_der));
	struct arena *arena = arena_new(NULL);
	struct slice text;

	(void)state;
	assert_true(cert_format_rfc9440(certs, 2, arena, &text));
	assert_text(text, ":+//+:, :Zm8=:", "two");
	assert_true(cert_format_rfc9440_fits(certs, 2, text.len));
	assert_false(cert_format_rfc9440_fits(certs, 2, text.len - 1));
	assert_true(cert_format_rfc9440(certs, 0, arena, &text));
	assert_text(text, "", "none");
	assert_true(cert_format_pem(certs, 2, true, arena, &text));
	assert_text(text,
		"-----BEGIN%20CERTIFICATE-----%0A%2B%2F%2F%2B%0A"
		"-----END%20CERTIFICATE-----%0A"
		"-----BEGIN%20CERTIFICATE-----%0AZm8%3D%0A"
		"-----END%20CERTIFICATE-----%0A",
		"escaped");
	assert_true(cert_format_pem(certs, 1, false, arena, &text));
	assert_text(text,
		"-----BEGIN%20CERTIFICATE-----%0A+//+%0A"
		"-----END%20CERTIFICATE-----%0A",
		"not escaped");
	assert_true(cert_format_pem(&line, 1, false, arena, &text));
	assert_text(text,
		"-----BEGIN%20CERTIFICATE-----%0A"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%0AAA==%0A"
		"-----END%20CERTIFICATE-----%0A",
		"a line of 64");
	arena_free(arena);
}

static void text_of_others_is_percent_encoded(void **state)
{
	struct arena *arena = arena_new(NULL);
	struct slice text;

	(void)state;
	assert_true(cert_format_percent(
		SLICE("a b%\0\r\n\x7F\xFF~!,\""), ",\"", arena, &text));
	assert_text(text, "a%20b%%00%0D%0A%7F%FF~!%2C%22", "all kinds");
	arena_free(arena);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void put_random_name(struct der *der, uint32_t *seed)
{
	static const int tags[] = {DER_UTF8, DER_PRINTABLE, DER_T61, DER_IA5,
		DER_BMP, DER_UNIVERSAL, DER_NUMERIC, DER_BIT_STRING};
	static const char *const oids[] = {CN, O, OU, C, "2.5.4.97",
		"1.3.6.1.4.1.99999.42", "1.2.840.113549.1.9.1"};
	size_t name = der_begin(der, DER_SEQUENCE);

	for (uint32_t n = next_random(seed) % 5; n > 0; n--) {
		char value[64];
		size_t len = next_random(seed) % 16 * 4;
		int tag = tags[next_random(seed) % 8];

		for (size_t i = 0; i < len; i++)
			value[i] = (char)next_random(seed);
		if (tag == DER_BIT_STRING) {
			len = len ? len : 4;
			value[0] = 0;
		}
		der_rdn(der, oids[next_random(seed) % 7], tag,
			slice_of(value, len));
	}
	der_end(der, name);
}

/* R6 */
static void no_byte_of_any_text_leaves_the_printable_range(void **state)
{
	uint32_t seed = 20261123;
	int parsed = 0;

	(void)state;
	for (int i = 0; i < 1500; i++) {
		struct arena *arena = arena_new(NULL);
		struct der name = {0};
		struct cert_info *info;
		struct slice text;

		put_random_name(&name, &seed);
		info = try_info_of(
			&(struct mint_spec){.subject = der_slice(&name)},
			arena);
		der_fini(&name);
		if (info) {
			parsed++;
			assert_true(cert_format_rfc2253(
				&info->subject, arena, &text));
			assert_true(printable(text));
			assert_true(cert_format_legacy(
				&info->subject, arena, &text));
			assert_true(printable(text));
			assert_true(cert_format_serial(info, arena, &text));
			assert_true(printable(text));
		}
		arena_free(arena);
	}
	assert_true(parsed > 300);
}

static struct cert_info *with_long_cn(size_t len, struct arena *arena)
{
	char *value = malloc(len);
	struct der name = {0};
	struct cert_info *info;
	size_t mark = der_begin(&name, DER_SEQUENCE);

	assert_non_null(value);
	memset(value, 'a', len);
	der_rdn(&name, CN, DER_UTF8, slice_of(value, len));
	der_end(&name, mark);
	info = info_of(&(struct mint_spec){.subject = der_slice(&name)}, arena);
	der_fini(&name);
	free(value);
	return info;
}

static void fields_fit_up_to_the_limits_and_no_further(void **state)
{
	struct arena *arena = arena_new(NULL);

	(void)state;
	/* self-signed: four forms of the same name, 16 KiB in all */
	assert_true(cert_format_fits(with_long_cn(3800, arena), arena));
	assert_false(cert_format_fits(with_long_cn(3900, arena), arena));
	assert_false(cert_format_fits(with_long_cn(8190, arena), arena));
	arena_free(arena);
}

static int make_key(void **state)
{
	(void)state;
	key = mint_ca("key", NULL);
	return 0;
}

static int drop_key(void **state)
{
	(void)state;
	mint_free(key);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_print_as_the_golden_table_says),
		cmocka_unit_test(
			values_that_are_not_what_they_claim_do_no_harm),
		cmocka_unit_test(long_oids_show_their_first_79_bytes),
		cmocka_unit_test(serials_print_as_hex_of_the_magnitude),
		cmocka_unit_test(times_print_with_a_padded_day_and_gmt),
		cmocka_unit_test(digests_print_as_lower_case_hex),
		cmocka_unit_test(octets_print_as_base64),
		cmocka_unit_test(certificates_print_as_a_list_and_as_pem),
		cmocka_unit_test(text_of_others_is_percent_encoded),
		cmocka_unit_test(
			no_byte_of_any_text_leaves_the_printable_range),
		cmocka_unit_test(fields_fit_up_to_the_limits_and_no_further),
	};

	return cmocka_run_group_tests(tests, make_key, drop_key);
}
