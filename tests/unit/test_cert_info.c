#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "fake/cert_mint.h"
#include "fake/der.h"
#include "tls/cert_info.h"

static struct mint *key;

/* NULL for a certificate that the library does not parse. */
static struct cert_info *try_info_of(struct mint_spec spec, struct arena *arena)
{
	struct cert_info *info = NULL;
	struct mint *mint;

	spec.same_key = key;
	mint = mint_new(&spec);
	if (mint->cert) {
		info = cert_info_read(mint->cert, arena);
		assert_non_null(info);
	}
	mint_free(mint); /* what was read must not lie in it */
	return info;
}

static struct cert_info *info_of(struct mint_spec spec, struct arena *arena)
{
	struct cert_info *info = try_info_of(spec, arena);

	if (!info)
		abort(); /* assert_non_null does not tell compilers */
	return info;
}

/* One attribute of that type and value; NULL when it is not parsed. */
static const struct cert_attribute *attribute(
	int tag, const char *value, size_t len, struct arena *arena)
{
	struct der name = {0};
	size_t mark = der_begin(&name, DER_SEQUENCE);
	struct cert_info *info;

	der_rdn(&name, "2.5.4.3", tag, slice_of(value, len));
	der_end(&name, mark);
	info = try_info_of(
		(struct mint_spec){.subject = der_slice(&name)}, arena);
	der_fini(&name);
	if (!info)
		return NULL;
	assert_int_equal(info->subject.count, 1);
	return &info->subject.attributes[0];
}

static void attributes_keep_their_order_and_their_rdn(void **state)
{
	struct arena *arena = arena_new(NULL);
	struct der name = {0};
	size_t mark = der_begin(&name, DER_SEQUENCE), set, sequence;
	struct cert_info *info;
	const struct cert_attribute *a;

	(void)state;
	der_rdn(&name, "2.5.4.6", DER_PRINTABLE, SLICE("DE"));
	set = der_begin(&name, DER_SET);
	for (int i = 0; i < 2; i++) {
		sequence = der_begin(&name, DER_SEQUENCE);
		der_oid(&name, i ? "1.3.6.1.4.1.99999.1" : "2.5.4.3");
		der_put(&name, DER_UTF8, SLICE("a\0b"));
		der_end(&name, sequence);
	}
	der_end(&name, set);
	der_end(&name, mark);
	info = info_of((struct mint_spec){.subject = der_slice(&name)}, arena);
	der_fini(&name);
	a = info->subject.attributes;
	assert_int_equal(info->subject.count, 3);
	assert_string_equal(a[0].short_name, "C");
	assert_string_equal(a[0].oid, "2.5.4.6");
	assert_string_equal(a[1].short_name, "CN");
	assert_null(a[2].short_name);
	assert_string_equal(a[2].oid, "1.3.6.1.4.1.99999.1");
	assert_int_not_equal(a[0].rdn, a[1].rdn);
	assert_int_equal(a[1].rdn, a[2].rdn);
	/* R7: a NUL is a byte like any other */
	assert_true(slice_eq(a[1].raw, SLICE("a\0b")));
	assert_true(slice_eq(a[1].der, SLICE("\x0C\x03"
					     "a\0b")));
	arena_free(arena);
}

static void values_convert_to_utf8_or_not_at_all(void **state)
{
	static const struct {
		int tag;
		struct slice value;
		const char *utf8; /* NULL: it is no clean text */
	} rows[] = {
		{DER_UTF8, {"Zo\xC3\xAB", 4}, "Zo\xC3\xAB"},
		{DER_UTF8, {"\xF0\x9F\x98\x80", 4}, "\xF0\x9F\x98\x80"},
		{DER_UTF8, {"\xC0\x80", 2}, NULL},         /* overlong */
		{DER_UTF8, {"\xE0\x80\xAF", 3}, NULL},     /* overlong */
		{DER_UTF8, {"\xED\xA0\x80", 3}, NULL},     /* surrogate */
		{DER_UTF8, {"\xF4\x90\x80\x80", 4}, NULL}, /* > 10FFFF */
		{DER_UTF8, {"\xC3", 1}, NULL},             /* cut */
		{DER_UTF8, {"\xC3(", 2}, NULL},
		{DER_UTF8, {"\x80", 1}, NULL},
		{DER_UTF8, {"\xFF", 1}, NULL},
		{DER_PRINTABLE, {"abc", 3}, "abc"},
		{DER_PRINTABLE, {"a\xE9", 2}, NULL},
		{DER_IA5, {"a@b", 3}, "a@b"},
		{DER_IA5, {"\x80", 1}, NULL},
		{DER_NUMERIC, {"12", 2}, "12"},
		{DER_T61, {"\xE9", 1}, "\xC3\xA9"},
		{DER_BMP, {"\0B\x20\xAC", 4}, "B\xE2\x82\xAC"},
		{DER_BMP, {"\xD8\x00\xDC\x00", 4}, NULL},
		{DER_UNIVERSAL, {"\0\x01\xF6\0", 4}, "\xF0\x9F\x98\x80"},
		{DER_UNIVERSAL, {"\x7F\xFF\xFF\xFF", 4}, NULL},
		{DER_BIT_STRING, {"\0a", 2}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *arena = arena_new(NULL);
		const struct cert_attribute *a = attribute(rows[i].tag,
			rows[i].value.ptr, rows[i].value.len, arena);

		/* What is no text does not parse, or has no UTF-8. */
		if (rows[i].utf8)
			assert_true(a &&
				    slice_eq(a->utf8, slice_str(rows[i].utf8)));
		else
			assert_true(!a || !a->utf8.ptr);
		arena_free(arena);
	}
}

static void times_are_seconds_since_1970(void **state)
{
	static const struct {
		const char *text;
		int64_t unix_seconds;
	} rows[] = {
		{"19700101000000Z", 0},
		{"19691231235959Z", -1},
		{"20000229120000Z", 951825600},
		{"20380119031408Z", 2147483648},
		{"99991231235959Z", 253402300799},
		{"00000101000000Z", -62167219200},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *arena = arena_new(NULL);
		struct mint_time time = {
			DER_GENERALIZED_TIME, slice_str(rows[i].text)};
		struct cert_info *info =
			info_of((struct mint_spec){.not_before = time}, arena);

		assert_true(info->not_before.valid);
		assert_int_equal(
			info->not_before.unix_seconds, rows[i].unix_seconds);
		assert_true(info->not_after.valid);
		arena_free(arena);
	}
}

static void serials_keep_sign_and_magnitude(void **state)
{
	static const struct {
		struct slice octets;
		bool negative;
		struct slice magnitude;
	} rows[] = {
		{{"\0", 1}, false, {"\0", 1}},
		{{"\0\x80", 2}, false, {"\x80", 1}},
		{{"\xFB", 1}, true, {"\x05", 1}},
		{{"\x80\0\0", 3}, true, {"\x80\0\0", 3}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *arena = arena_new(NULL);
		struct cert_info *info = info_of(
			(struct mint_spec){.serial = rows[i].octets}, arena);

		assert_int_equal(info->serial_negative, rows[i].negative);
		assert_true(slice_eq(info->serial, rows[i].magnitude));
		arena_free(arena);
	}
}

static void digests_are_over_the_der(void **state)
{
	struct arena *arena = arena_new(NULL);
	unsigned char sha1[20], sha256[32];
	struct cert_info *info = cert_info_read(key->cert, arena);

	(void)state;
	assert_non_null(info);
	EVP_Digest(key->der, key->der_len, sha1, NULL, EVP_sha1(), NULL);
	EVP_Digest(key->der, key->der_len, sha256, NULL, EVP_sha256(), NULL);
	assert_memory_equal(info->sha1, sha1, sizeof(sha1));
	assert_memory_equal(info->sha256, sha256, sizeof(sha256));
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
		cmocka_unit_test(attributes_keep_their_order_and_their_rdn),
		cmocka_unit_test(values_convert_to_utf8_or_not_at_all),
		cmocka_unit_test(times_are_seconds_since_1970),
		cmocka_unit_test(serials_keep_sign_and_magnitude),
		cmocka_unit_test(digests_are_over_the_der),
	};

	return cmocka_run_group_tests(tests, make_key, drop_key);
}
