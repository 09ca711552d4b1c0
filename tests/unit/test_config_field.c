#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config_field.h"

static void every_field_is_found_by_its_name(void **state)
{
	const struct config_field *field;
	struct slice oid;
	size_t count = 0;

	(void)state;
	for (; (field = config_field_at(count)); count++) {
		assert_ptr_equal(
			config_field_find(slice_str(field->name), &oid), field);
		assert_true(slice_eq(oid, slice_str(field->oid)));
		for (size_t i = 0; i < count; i++)
			assert_string_not_equal(
				field->name, config_field_at(i)->name);
	}
	assert_true(count > 60);
}

/* fields.md section 2 and 6 */
static void all_fields_of_the_manual_are_there(void **state)
{
	static const char *const names[] = {"cert.presented", "cert.verified",
		"cert.revoked", "cert.issuer_dn", "cert.subject_dn",
		"cert.issuer_dn_legacy", "cert.subject_dn_legacy",
		"cert.serial", "cert.issuer_serial", "cert.fingerprint_sha1",
		"cert.fingerprint_sha256", "cert.spki_sha256",
		"cert.not_before", "cert.not_after", "cert.not_before.unix",
		"cert.not_after.unix", "cert.not_before.rfc3339",
		"cert.not_after.rfc3339", "cert.ski", "cert.issuer_ski",
		"cert.subject.cn", "cert.subject.ou", "cert.subject.o",
		"cert.issuer.cn", "cert.san.dns", "cert.san.uri",
		"cert.san.email", "cert.san.ip", "cert.spiffe_id", "cert.pem",
		"cert.rfc9440", "cert.chain_rfc9440", "cert.rfc9440_too_large",
		"cert.chain_rfc9440_too_large", "tls.version", "tls.cipher",
		"tls.sni", "tls.resumed", "client.ip", "client.port",
		"request.id", "request.method", "request.host", "request.path"};
	struct slice oid;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!config_field_find(slice_str(names[i]), &oid))
			fail_msg("%s", names[i]);
	}
}

static void every_number_has_a_row(void **state)
{
	(void)state;
	for (int id = 0; id < FIELD_COUNT; id++)
		assert_int_equal(
			config_field_of((enum config_field_id)id)->id, id);
}

static void an_attribute_may_be_named_by_its_oid(void **state)
{
	static const struct {
		const char *name;
		const char *oid; /* NULL: there is no such field */
		enum config_field_id id;
	} rows[] = {
		{"cert.subject.1.3.6.1.4.1.99999.1", "1.3.6.1.4.1.99999.1",
			FIELD_CERT_SUBJECT_ATTRIBUTE},
		{"cert.issuer.2.5.4.97", "2.5.4.97",
			FIELD_CERT_ISSUER_ATTRIBUTE},
		{"cert.subject.cn", "2.5.4.3", FIELD_CERT_SUBJECT_ATTRIBUTE},
		{"cert.subject.", NULL, 0},
		{"cert.subject.1", NULL, 0},
		{"cert.subject.1..2", NULL, 0},
		{"cert.subject..1.2", NULL, 0},
		{"cert.subject.1.2.", NULL, 0},
		{"cert.subject.1.2.x", NULL, 0},
		{"cert.2.5.4.3", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice oid;
		const struct config_field *field =
			config_field_find(slice_str(rows[i].name), &oid);

		if (!rows[i].oid) {
			assert_null(field);
			continue;
		}
		assert_non_null(field);
		assert_int_equal(field->id, rows[i].id);
		assert_true(slice_eq(oid, slice_str(rows[i].oid)));
	}
}

static void values_of_presets_cannot_be_named(void **state)
{
	struct slice oid;

	(void)state;
	assert_null(config_field_of(FIELD_XFCC)->name);
	assert_null(config_field_find(SLICE(""), &oid));
	assert_null(config_field_find(SLICE("xfcc"), &oid));
}

static void a_wrong_name_is_guessed(void **state)
{
	static const struct {
		const char *name;
		const char *meant; /* NULL: no idea */
	} rows[] = {
		{"cert.subjct_dn", "cert.subject_dn"},
		{"CERT.SERIAL", "cert.serial"},
		{"subject_dn", "cert.subject_dn"},
		{"sni", "tls.sni"},
		{"san.dns", "cert.san.dns"},
		{"request.idd", "request.id"},
		{"entirely.different", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *meant = config_field_guess(slice_str(rows[i].name));

		if (!rows[i].meant)
			assert_null(meant);
		else
			assert_string_equal(meant, rows[i].meant);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_found_by_its_name),
		cmocka_unit_test(all_fields_of_the_manual_are_there),
		cmocka_unit_test(every_number_has_a_row),
		cmocka_unit_test(an_attribute_may_be_named_by_its_oid),
		cmocka_unit_test(values_of_presets_cannot_be_named),
		cmocka_unit_test(a_wrong_name_is_guessed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
