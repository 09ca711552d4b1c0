/* Serial numbers of CRLs and deny lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/evp.h>

#include "tls/serial_set_priv.h"

static ASN1_INTEGER *number(const char *hex)
{
	BIGNUM *value = NULL;
	ASN1_INTEGER *out;

	assert_true(BN_hex2bn(&value, hex) > 0);
	out = BN_to_ASN1_INTEGER(value, NULL);
	assert_non_null(out);
	BN_free(value);
	return out;
}

static bool has(const struct serial_set *set, const char *hex)
{
	ASN1_INTEGER *asked = number(hex);
	bool found = serial_set_has(set, asked);

	ASN1_INTEGER_free(asked);
	return found;
}

static void add(struct serial_set *set, const char *hex)
{
	ASN1_INTEGER *one = number(hex);

	assert_true(serial_set_add_asn1(set, one));
	ASN1_INTEGER_free(one);
}

static void digest(const struct serial_set *set, uint8_t out[32])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	assert_true(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL));
	assert_true(serial_set_digest(set, ctx));
	assert_true(EVP_DigestFinal_ex(ctx, out, NULL));
	EVP_MD_CTX_free(ctx);
}

static void what_was_added_is_found_and_nothing_else(void **state)
{
	static const char *const in[] = {"00", "01", "80", "FF", "0100",
		"4A110C", "-05", "123456789ABCDEF0123456789ABCDEF012345678"};
	static const char *const out[] = {"02", "7F", "81", "0101", "4A110D",
		"05", "-01", "-80", "4A11",
		"123456789ABCDEF0123456789ABCDEF012345679"};
	struct serial_set set = {0};

	(void)state;
	assert_false(has(&set, "00"));
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		add(&set, in[i]);
	serial_set_seal(&set);
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		assert_true(has(&set, in[i]));
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		assert_false(has(&set, out[i]));
	serial_set_fini(&set);
}

static void leading_zeros_and_doubles_do_not_count(void **state)
{
	const uint8_t padded[] = {0, 0, 0x4a};
	struct serial_set set = {0};

	(void)state;
	assert_true(serial_set_add(&set, padded, sizeof(padded), false));
	add(&set, "4A");
	assert_true(serial_set_add(&set, padded, 2, true)); /* minus zero */
	add(&set, "00");
	serial_set_seal(&set);
	assert_int_equal(set.count, 2);
	assert_true(has(&set, "4A"));
	assert_true(has(&set, "00"));
	serial_set_fini(&set);
}

static void what_is_too_long_is_refused(void **state)
{
	static const uint8_t ones[SERIAL_SET_LONGEST + 1] = {1, 1};
	struct serial_set set = {0};

	(void)state;
	assert_true(serial_set_add(&set, ones, SERIAL_SET_LONGEST, false));
	assert_false(serial_set_add(&set, ones, sizeof(ones), false));
	serial_set_seal(&set);
	assert_int_equal(set.count, 1);
	serial_set_fini(&set);
}

static void the_digest_knows_no_order_but_every_number(void **state)
{
	struct serial_set a = {0}, b = {0}, c = {0};
	uint8_t da[32], db[32], dc[32];

	(void)state;
	add(&a, "01");
	add(&a, "0203");
	add(&b, "0203");
	add(&b, "01");
	add(&b, "01");
	add(&c, "0102");
	add(&c, "03");
	serial_set_seal(&a);
	serial_set_seal(&b);
	serial_set_seal(&c);
	digest(&a, da);
	digest(&b, db);
	digest(&c, dc);
	assert_memory_equal(da, db, sizeof(da));
	assert_memory_not_equal(da, dc, sizeof(da));
	serial_set_fini(&a);
	serial_set_fini(&b);
	serial_set_fini(&c);
}

static void a_hundred_thousand_take_few_bytes(void **state)
{
	enum { MANY = 100000, LEN = 16 };
	struct serial_set set = {0};
	uint8_t octets[LEN] = {0x7f};

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		/* not in order */
		unsigned value = i * 2654435761u;

		memcpy(octets + 4, &value, sizeof(value));
		assert_true(serial_set_add(&set, octets, LEN, false));
	}
	serial_set_seal(&set);
	assert_int_equal(set.count, MANY);
	assert_int_equal(set.size + set.room * sizeof(*set.items),
		MANY * (2 + LEN + sizeof(*set.items)));
	serial_set_fini(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_found_and_nothing_else),
		cmocka_unit_test(leading_zeros_and_doubles_do_not_count),
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(the_digest_knows_no_order_but_every_number),
		cmocka_unit_test(a_hundred_thousand_take_few_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
