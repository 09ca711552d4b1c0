#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/asn1.h>

#include "tls/cert_time.h"

static const struct {
	bool generalized;
	const char *text;
	bool valid;
} rows[] = {
	{false, "240103040506Z", true},
	{false, "240229040506Z", true},
	{false, "2401030405Z", true},
	{false, "230229040506Z", false},
	{false, "240003040506Z", false},
	{false, "241303040506Z", false},
	{false, "240100040506Z", false},
	{false, "240132040506Z", false},
	{false, "240431040506Z", false},
	{false, "240103240506Z", false},
	{false, "240103046006Z", false},
	{false, "240103040560Z", false},
	{false, "240103040506", false},
	{false, "240103040506ZZ", false},
	{false, "240103040506z", false},
	{false, "240103040506.5Z", false},
	{false, "240103040506+0000", true},
	{false, "240103040506-0130", true},
	{false, "2401030405+1259", true},
	{false, "240103040506+1300", false},
	{false, "240103040506+0060", false},
	{false, "240103040506+01", false},
	{false, "240103040506+01000", false},
	{false, "240103040506+0100Z", false},
	{false, "240103040506Z+0100", false},
	{false, "240103040506*0100", false},
	{false, "20240103040506Z", false},
	{false, " 40103040506Z", false},
	{false, "+40103040506Z", false},
	{false, "24010304Z", false},
	{false, "Z", false},
	{false, "", false},
	{true, "20240103040506Z", true},
	{true, "202401030405Z", true},
	{true, "20240103040506.5Z", true},
	{true, "20240103040506.123456789Z", true},
	{true, "20240103040506.Z", false},
	{true, "20240103040506.5", false},
	{true, "20240103040506,5Z", false},
	{true, "202401030405.5Z", false},
	{true, "19000229000000Z", false},
	{true, "20000229000000Z", true},
	{true, "20240103040506+0100", true},
	{true, "20240103040506.5-0100", true},
	{true, "202401030405+0100", true},
	{true, "00000101000000+0100", false},
	{true, "18991231235900-0001", true},
	{true, "18991231235800-0001", false},
	{true, "18991231235900+0000", true},
	{true, "99991231235959-0001", false},
	{true, "2024010304Z", false},
};

static void only_utc_times_that_exist_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cert_time time = cert_time_parse(
			slice_str(rows[i].text), rows[i].generalized);

		if (time.valid != rows[i].valid)
			fail_msg("%s", rows[i].text);
	}
}

static void a_time_with_a_nul_in_it_does_not_parse(void **state)
{
	(void)state;
	assert_false(
		cert_time_parse(slice_of("240103040506Z\0", 14), false).valid);
	assert_false(cert_time_parse(slice_of("2401\0"
					      "3040506Z",
					     13),
		false)
			     .valid);
}

/* Every day from year 0 to 9999, there and back. */
static void every_day_survives_the_way_to_seconds_and_back(void **state)
{
	int64_t seconds = -62167219200;
	struct cert_date last = {0};

	(void)state;
	for (; seconds < 253402300800; seconds += 86400) {
		struct cert_date date = cert_date_of(seconds + 86399);
		char text[32];
		struct cert_time time;

		snprintf(text, sizeof(text), "%04u%02u%02u%02u%02u%02uZ",
			(unsigned)date.year % 10000u,
			(unsigned)date.month % 100u, (unsigned)date.day % 100u,
			(unsigned)date.hour % 100u,
			(unsigned)date.minute % 100u,
			(unsigned)date.second % 100u);
		time = cert_time_parse(slice_str(text), true);
		if (!time.valid || time.unix_seconds != seconds + 86399)
			fail_msg("%s", text);
		assert_true(date.day == last.day + 1 || date.day == 1);
		last = date;
	}
	assert_int_equal(last.year, 9999);
}

/* The library is asked for the same, where both take the text. */
static void the_library_reads_the_same_seconds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ASN1_TIME *asn1 = rows[i].generalized
					  ? ASN1_GENERALIZEDTIME_new()
					  : ASN1_UTCTIME_new();
		ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
		struct cert_time time;
		int days = 0, rest = 0;

		assert_true(ASN1_STRING_set(asn1, rows[i].text, -1));
		time = cert_time_of(asn1);
		assert_int_equal(time.valid, rows[i].valid);
		if (time.valid) {
			assert_true(ASN1_TIME_diff(&days, &rest, epoch, asn1));
			assert_int_equal(time.unix_seconds,
				(int64_t)days * 86400 + rest);
		}
		ASN1_TIME_free(asn1);
		ASN1_TIME_free(epoch);
	}
}

static void no_time_at_all_is_not_valid(void **state)
{
	(void)state;
	assert_false(cert_time_of(NULL).valid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_utc_times_that_exist_parse),
		cmocka_unit_test(a_time_with_a_nul_in_it_does_not_parse),
		cmocka_unit_test(
			every_day_survives_the_way_to_seconds_and_back),
		cmocka_unit_test(the_library_reads_the_same_seconds),
		cmocka_unit_test(no_time_at_all_is_not_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
