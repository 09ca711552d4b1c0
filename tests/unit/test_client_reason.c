#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509_vfy.h>

#include "tls/client_reason.h"

enum { UNKNOWN = 77777 };

static bool same_but_for_hyphens(const char *ours, const char *theirs)
{
	for (; *ours && *theirs; ours++, theirs++) {
		if (*ours != *theirs && !(*ours == ' ' && *theirs == '-'))
			return false;
	}
	return *ours == *theirs;
}

/*
 * The texts are ours; the library of today says the same, save where it came
 * to hyphenate "self-signed" and reworded a few.
 */
static void every_library_code_has_a_reason_of_our_own(void **state)
{
	int reworded = 0;

	(void)state;
	for (int code = 1; code <= X509_V_ERR_EC_KEY_EXPLICIT_PARAMS; code++) {
		const char *ours = client_auth_reason(code);

		assert_string_not_equal(ours, client_auth_reason(UNKNOWN));
		assert_true(strlen(ours) < 100);
		for (const char *c = ours; *c; c++)
			assert_true(*c >= 0x20 && *c <= 0x7E); /* R6 */
		if (!same_but_for_hyphens(
			    ours, X509_verify_cert_error_string(code))) {
			print_message("%d: \"%s\", library: \"%s\"\n", code,
				ours, X509_verify_cert_error_string(code));
			reworded++;
		}
	}
	assert_true(reworded <= 20);
}

static void our_own_codes_have_reasons_apart_from_all_others(void **state)
{
	(void)state;
	for (int code = CLIENT_AUTH_CODE_SERIAL;
		code <= CLIENT_AUTH_CODE_NAME_WILDCARD; code++) {
		for (int other = 0; other < code; other++) {
			if (other <= X509_V_ERR_EC_KEY_EXPLICIT_PARAMS ||
				other >= CLIENT_AUTH_CODE_SERIAL)
				assert_string_not_equal(
					client_auth_reason(code),
					client_auth_reason(other));
		}
	}
}

static void words_are_few_and_found_by_their_index(void **state)
{
	(void)state;
	assert_true(client_auth_words() <= 64);
	for (int code = 0; code < 1020; code++) {
		size_t index = client_auth_word_index(code);

		assert_true(index < client_auth_words());
		assert_string_equal(
			client_auth_word_at(index), client_auth_word(code));
	}
	assert_non_null(client_auth_word_at(9999));
}

static void words_are_labels_each_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < client_auth_words(); i++) {
		const char *word = client_auth_word_at(i);

		assert_true(strspn(word, "abcdefghijklmnopqrstuvwxyz_") ==
			    strlen(word));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(word, client_auth_word_at(j));
	}
}

/* fields.md section 5, as codes that the library maps to the alert. */
static void reasons_become_the_alerts_of_the_table(void **state)
{
	static const struct {
		int code;
		int alert;
	} rows[] = {
		{X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_HAS_EXPIRED},
		{X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_REJECTED},
		{X509_V_ERR_CERT_CHAIN_TOO_LONG,
			X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
		{X509_V_ERR_CERT_REVOKED, X509_V_ERR_CERT_REVOKED},
		{X509_V_ERR_INVALID_PURPOSE, X509_V_ERR_INVALID_PURPOSE},
		{X509_V_ERR_CERT_SIGNATURE_FAILURE,
			X509_V_ERR_CERT_SIGNATURE_FAILURE},
		/* the library would say "certificate expired" */
		{X509_V_ERR_CRL_HAS_EXPIRED, X509_V_ERR_PERMITTED_VIOLATION},
		{X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_PERMITTED_VIOLATION},
		{X509_V_ERR_EXCLUDED_VIOLATION, X509_V_ERR_PERMITTED_VIOLATION},
		{CLIENT_AUTH_CODE_SERIAL, X509_V_ERR_CERT_REJECTED},
		{CLIENT_AUTH_CODE_DATE, X509_V_ERR_CERT_REJECTED},
		{CLIENT_AUTH_CODE_CHAIN_SIZE, X509_V_ERR_PERMITTED_VIOLATION},
		{UNKNOWN, X509_V_ERR_PERMITTED_VIOLATION},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
			client_reason_alert(rows[i].code), rows[i].alert);
}

/* A refusal must never look like success to the library. */
static void no_refusal_is_given_to_the_library_as_ok(void **state)
{
	(void)state;
	for (int code = 1; code < 1020; code++)
		assert_int_not_equal(client_reason_alert(code), X509_V_OK);
}

/* RFC 8446 section 6 */
static void a_text_leads_back_to_its_word(void **state)
{
	(void)state;
	for (int code = -64; code < 128; code++)
		assert_string_equal(
			client_auth_word_of(client_auth_reason(code)),
			client_auth_word(code));
	assert_string_equal(client_auth_word_of("from the future"), "other");
	assert_string_equal(client_auth_word_of(""), "other");
}

static void each_alert_has_its_number_and_name(void **state)
{
	static const struct {
		int code;
		int number;
		const char *name;
	} rows[] = {
		{X509_V_ERR_CERT_HAS_EXPIRED, 45, "certificate_expired"},
		{X509_V_ERR_CERT_NOT_YET_VALID, 42, "bad_certificate"},
		{X509_V_ERR_CERT_CHAIN_TOO_LONG, 48, "unknown_ca"},
		{X509_V_ERR_CERT_REVOKED, 44, "certificate_revoked"},
		{X509_V_ERR_INVALID_PURPOSE, 43, "unsupported_certificate"},
		{X509_V_ERR_CERT_SIGNATURE_FAILURE, 51, "decrypt_error"},
		{X509_V_ERR_UNSPECIFIED, 80, "internal_error"},
		{CLIENT_AUTH_CODE_NO_CERT, 116, "certificate_required"},
		{UNKNOWN, 46, "certificate_unknown"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *name;

		assert_int_equal(
			client_reason_alert_number(rows[i].code, &name),
			rows[i].number);
		assert_string_equal(name, rows[i].name);
	}
	assert_int_equal(client_reason_alert_number(UNKNOWN, NULL), 46);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_library_code_has_a_reason_of_our_own),
		cmocka_unit_test(
			our_own_codes_have_reasons_apart_from_all_others),
		cmocka_unit_test(words_are_few_and_found_by_their_index),
		cmocka_unit_test(words_are_labels_each_of_its_own),
		cmocka_unit_test(reasons_become_the_alerts_of_the_table),
		cmocka_unit_test(a_text_leads_back_to_its_word),
		cmocka_unit_test(each_alert_has_its_number_and_name),
		cmocka_unit_test(no_refusal_is_given_to_the_library_as_ok),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
