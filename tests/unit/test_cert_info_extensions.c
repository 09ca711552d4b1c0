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

/* Context tags of GeneralName (RFC 5280 section 4.2.1.6). */
enum {
	SAN_EMAIL = 0x81,
	SAN_DNS = 0x82,
	SAN_DIRECTORY = 0xA4,
	SAN_URI = 0x86,
	SAN_IP = 0x87,
};

struct san {
	int tag;
	struct slice value;
};

static struct mint *key;
static struct arena *arena;

static void put_extension(struct der *out, const char *oid, struct slice value)
{
	size_t mark = der_begin(out, DER_SEQUENCE);

	der_oid(out, oid);
	der_put(out, DER_OCTET_STRING, value);
	der_end(out, mark);
}

static void put_sans(struct der *out, const struct san *sans, size_t count)
{
	struct der names = {0};
	size_t mark = der_begin(&names, DER_SEQUENCE);

	for (size_t i = 0; i < count; i++)
		der_put(&names, sans[i].tag, sans[i].value);
	der_end(&names, mark);
	put_extension(out, "2.5.29.17", der_slice(&names));
	der_fini(&names);
}

/* What a certificate with these extensions (given back) says. */
static const struct cert_extensions *read_back(
	struct der *extensions, struct mint_spec spec)
{
	struct mint *mint;
	struct cert_info *info;

	spec.same_key = key;
	if (extensions)
		spec.extensions = der_slice(extensions);
	mint = mint_new(&spec);
	info = mint->cert ? cert_info_read(mint->cert, arena) : NULL;
	if (!info)
		abort();
	assert_null(info->extensions);
	assert_true(cert_info_read_extensions(info, mint->cert, arena));
	mint_free(mint); /* what was read must not lie in it */
	if (extensions)
		der_fini(extensions);
	return info->extensions;
}

static void names_keep_their_kind_their_order_and_each_octet(void **state)
{
	static const struct san sans[] = {
		{SAN_DNS, {"b.example", 9}},
		{SAN_URI, {"spiffe://td/a", 13}},
		{SAN_DNS, {"good.example\0.evil", 18}},
		{SAN_EMAIL, {"a@b\r\nX: y", 9}},
		{SAN_IP, {"\x7F\0\0\x01", 4}},
		{SAN_IP, {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16}},
		{SAN_DIRECTORY, {"\x30\x00", 2}},
		{SAN_DNS, {"", 0}},
	};
	struct der out = {0};
	const struct cert_extensions *e;

	(void)state;
	put_sans(&out, sans, sizeof(sans) / sizeof(sans[0]));
	e = read_back(&out, (struct mint_spec){.cn = "x"});
	assert_int_equal(e->dns.count, 3);
	assert_true(slice_eq(e->dns.items[0], sans[0].value));
	assert_true(slice_eq(e->dns.items[1], sans[2].value)); /* R7 */
	assert_int_equal(e->dns.items[2].len, 0);
	assert_int_equal(e->uri.count, 1);
	assert_true(slice_eq(e->uri.items[0], sans[1].value));
	assert_int_equal(e->email.count, 1);
	assert_true(slice_eq(e->email.items[0], sans[3].value));
	assert_int_equal(e->ip.count, 2);
	assert_true(slice_eq(e->ip.items[0], sans[4].value));
	assert_true(slice_eq(e->ip.items[1], sans[5].value));
	assert_int_equal(e->other_sans, 1);
	assert_false(e->sans_malformed || e->sans_too_many);
}

static bool holds_none(const struct cert_extensions *e)
{
	return !e->dns.count && !e->uri.count && !e->email.count &&
	       !e->ip.count && !e->other_sans;
}

/* R17: nothing is truncated silently. */
static void too_many_names_are_none_and_said(void **state)
{
	static struct san sans[CERT_SANS_MAX + 1];

	(void)state;
	for (size_t i = 0; i <= CERT_SANS_MAX; i++)
		sans[i] = (struct san){i % 2 ? SAN_DNS : SAN_URI, {"a", 1}};
	for (size_t count = CERT_SANS_MAX; count <= CERT_SANS_MAX + 1;
		count++) {
		struct der out = {0};
		const struct cert_extensions *e;

		put_sans(&out, sans, count);
		e = read_back(&out, (struct mint_spec){.cn = "x"});
		assert_int_equal(e->sans_too_many, count > CERT_SANS_MAX);
		assert_int_equal(holds_none(e), count > CERT_SANS_MAX);
		if (count <= CERT_SANS_MAX)
			assert_int_equal(e->dns.count + e->uri.count, count);
	}
}

static void names_that_do_not_parse_are_none_and_said(void **state)
{
	static const struct san odd[] = {
		{SAN_DNS, {"a.example", 9}},
		{SAN_IP, {"12345", 5}},
	};
	const struct cert_extensions *e;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct der out = {0};

		if (i == 0) { /* cut short */
			put_extension(
				&out, "2.5.29.17", slice_of("\x30\x05\x82", 3));
		} else if (i == 1) { /* the extension twice */
			put_sans(&out, odd, 1);
			put_sans(&out, odd, 1);
		} else {
			put_sans(&out, odd, 2);
		}
		e = read_back(&out, (struct mint_spec){.cn = "x"});
		assert_true(e->sans_malformed);
		assert_true(holds_none(e));
	}
}

static void without_extensions_all_is_empty_but_the_pin(void **state)
{
	static const uint8_t zero[32];
	const struct cert_extensions *e = read_back(
		NULL, (struct mint_spec){.cn = "x", .version_1 = true});

	(void)state;
	assert_true(holds_none(e));
	assert_false(e->sans_malformed || e->sans_too_many || e->is_ca);
	assert_int_equal(e->subject_key_id.len, 0);
	assert_int_equal(e->authority_key_id.len, 0);
	assert_int_equal(e->authority_serial.len, 0);
	assert_int_equal(e->authority_issuer.count, 0);
	assert_memory_not_equal(e->spki_sha256, zero, sizeof(zero));
}

static void key_identifiers_are_octets(void **state)
{
	struct der out = {0}, aki = {0}, ski = {0};
	size_t mark = der_begin(&aki, DER_SEQUENCE), names, name, dn;
	const struct cert_extensions *e;

	(void)state;
	der_put(&aki, 0x80, slice_of("\0\xAB\xCD", 3));
	names = der_begin(&aki, 0xA1);
	name = der_begin(&aki, SAN_DIRECTORY);
	dn = der_begin(&aki, DER_SEQUENCE);
	der_rdn(&aki, "2.5.4.3", DER_UTF8, SLICE("Root"));
	der_end(&aki, dn);
	der_end(&aki, name);
	der_end(&aki, names);
	der_put(&aki, 0x82, slice_of("\0\x80", 2));
	der_end(&aki, mark);
	der_put(&ski, DER_OCTET_STRING, slice_of("\x01\0\x02", 3));
	put_extension(&out, "2.5.29.35", der_slice(&aki));
	put_extension(&out, "2.5.29.14", der_slice(&ski));
	der_fini(&aki);
	der_fini(&ski);
	e = read_back(&out, (struct mint_spec){.cn = "x"});
	assert_true(slice_eq(e->subject_key_id, slice_of("\x01\0\x02", 3)));
	assert_true(slice_eq(e->authority_key_id, slice_of("\0\xAB\xCD", 3)));
	assert_true(slice_eq(e->authority_serial, slice_of("\x80", 1)));
	assert_false(e->authority_serial_negative);
	assert_int_equal(e->authority_issuer.count, 1);
	assert_true(slice_eq(
		e->authority_issuer.attributes[0].utf8, SLICE("Root")));
}

static void the_pin_is_over_the_public_key_info(void **state)
{
	unsigned char *der = NULL, digest[32];
	int len = i2d_PUBKEY(key->key, &der);

	(void)state;
	assert_true(len > 0);
	EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL);
	OPENSSL_free(der);
	assert_memory_equal(
		read_back(NULL, (struct mint_spec){.cn = "x"})->spki_sha256,
		digest, sizeof(digest));
}

static void a_ca_says_so_itself(void **state)
{
	(void)state;
	assert_true(read_back(NULL, (struct mint_spec){.ca = true})->is_ca);
	assert_false(read_back(NULL, (struct mint_spec){.cn = "x"})->is_ca);
}

static void a_second_reading_changes_nothing(void **state)
{
	struct cert_info *info = cert_info_read(key->cert, arena);
	const struct cert_extensions *first;

	(void)state;
	assert_non_null(info);
	assert_true(cert_info_read_extensions(info, key->cert, arena));
	first = info->extensions;
	assert_true(cert_info_read_extensions(info, key->cert, arena));
	assert_ptr_equal(info->extensions, first);
}

static int begin(void **state)
{
	(void)state;
	key = mint_ca("key", NULL);
	arena = arena_new(NULL);
	return arena ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	mint_free(key);
	arena_free(arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			names_keep_their_kind_their_order_and_each_octet),
		cmocka_unit_test(too_many_names_are_none_and_said),
		cmocka_unit_test(names_that_do_not_parse_are_none_and_said),
		cmocka_unit_test(without_extensions_all_is_empty_but_the_pin),
		cmocka_unit_test(key_identifiers_are_octets),
		cmocka_unit_test(the_pin_is_over_the_public_key_info),
		cmocka_unit_test(a_ca_says_so_itself),
		cmocka_unit_test(a_second_reading_changes_nothing),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
