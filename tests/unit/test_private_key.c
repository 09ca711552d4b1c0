/*
 * Keys of every form and kind come out whole; anything else comes out as
 * nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "fake/cert_mint.h"
#include "tls/private_key_priv.h"

struct form {
	struct slice label;
	unsigned char *der;
	size_t len;
};

static struct form pkcs8_of(EVP_PKEY *key)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	struct form form = {.label = SLICE("PRIVATE KEY")};
	int len = i2d_PKCS8_PRIV_KEY_INFO(info, &form.der);

	assert_true(len > 0);
	form.len = (size_t)len;
	PKCS8_PRIV_KEY_INFO_free(info);
	return form;
}

static struct form traditional_of(EVP_PKEY *key, const char *label)
{
	struct form form = {.label = slice_str(label)};
	int len = i2d_PrivateKey(key, &form.der);

	assert_true(len > 0);
	form.len = (size_t)len;
	return form;
}

static void assert_same(const struct form *form, const EVP_PKEY *key)
{
	EVP_PKEY *got =
		private_key_read(form->label, slice_of(form->der, form->len));
	EVP_PKEY_CTX *ctx;

	assert_non_null(got);
	assert_int_equal(EVP_PKEY_eq(got, key), 1);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, got, NULL);
	assert_int_equal(EVP_PKEY_pairwise_check(ctx), 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(got);
}

static const struct {
	enum mint_key kind;
	const char *traditional; /* label; NULL: there is no such form */
} kinds[] = {
	{MINT_P256, "EC PRIVATE KEY"},
	{MINT_P384, "EC PRIVATE KEY"},
	{MINT_P521, "EC PRIVATE KEY"},
	{MINT_RSA2048, "RSA PRIVATE KEY"},
	{MINT_ED25519, NULL},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct mint *keys[KINDS];

static void every_kind_is_read_in_every_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct form form = pkcs8_of(keys[i]->key);

		assert_same(&form, keys[i]->key);
		OPENSSL_free(form.der);
		if (!kinds[i].traditional)
			continue;
		form = traditional_of(keys[i]->key, kinds[i].traditional);
		assert_same(&form, keys[i]->key);
		OPENSSL_free(form.der);
	}
}

static void kinds_left_to_the_library_are_read_too(void **state)
{
	EVP_PKEY *ed448 = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
	EVP_PKEY *k1 = EVP_EC_gen("secp256k1");
	struct form form = pkcs8_of(ed448);

	(void)state;
	assert_same(&form, ed448);
	OPENSSL_free(form.der);
	form = pkcs8_of(k1);
	assert_same(&form, k1);
	OPENSSL_free(form.der);
	EVP_PKEY_free(ed448);
	EVP_PKEY_free(k1);
}

static void a_key_cut_anywhere_is_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct form form = pkcs8_of(keys[i]->key);

		for (size_t len = 0; len < form.len; len++) {
			/* of its own, so that a sanitizer sees its end */
			unsigned char *cut = malloc(len + 1);

			memcpy(cut, form.der, len);
			assert_null(private_key_read(
				form.label, slice_of(cut, len)));
			free(cut);
		}
		OPENSSL_free(form.der);
	}
}

static void a_key_with_a_tail_is_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct form form = pkcs8_of(keys[i]->key);
		unsigned char *longer = calloc(1, form.len + 1);

		memcpy(longer, form.der, form.len);
		assert_null(private_key_read(
			form.label, slice_of(longer, form.len + 1)));
		free(longer);
		OPENSSL_free(form.der);
	}
}

/* Each byte wrong in turn: another key, or none; never a fall. */
static void a_wrong_byte_does_no_harm(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct form form = pkcs8_of(keys[i]->key);

		for (size_t at = 0; at < form.len && at < 200; at++) {
			form.der[at] ^= 0x81;
			EVP_PKEY_free(private_key_read(
				form.label, slice_of(form.der, form.len)));
			form.der[at] ^= 0x81;
		}
		OPENSSL_free(form.der);
	}
}

static void a_certificate_is_no_key(void **state)
{
	(void)state;
	assert_null(private_key_read(SLICE("PRIVATE KEY"),
		slice_of(keys[0]->der, keys[0]->der_len)));
	assert_null(private_key_read(SLICE("PRIVATE KEY"), SLICE("")));
}

static int set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		keys[i] = mint_new(
			&(struct mint_spec){.cn = "key", .key = kinds[i].kind});
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		mint_free(keys[i]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_read_in_every_form),
		cmocka_unit_test(kinds_left_to_the_library_are_read_too),
		cmocka_unit_test(a_key_cut_anywhere_is_none),
		cmocka_unit_test(a_key_with_a_tail_is_none),
		cmocka_unit_test(a_wrong_byte_does_no_harm),
		cmocka_unit_test(a_certificate_is_no_key),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
