/* Records between worker and steward. */
#include "proxy/ocsp_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "config/http_url.h"

static char filler[OCSP_RECORD_BYTES];

static void a_question_comes_back_as_it_was(void **state)
{
	const struct ocsp_question in = {
		SLICE("issuer"), SLICE("42"), SLICE("http://a/")};
	struct ocsp_ask_record record;
	struct ocsp_question out;

	(void)state;
	memset(&record, 0xAA, sizeof(record));
	assert_true(ocsp_ask_record_write(&record, 7, 3, &in));
	assert_true(ocsp_ask_record_read(&record, sizeof(record), &out));
	assert_int_equal(record.number, 7);
	assert_int_equal(record.listener, 3);
	assert_true(slice_eq(in.issuer, out.issuer));
	assert_true(slice_eq(in.serial, out.serial));
	assert_true(slice_eq(in.url, out.url));
	/* nothing of what lay there before leaves with it */
	assert_int_equal(record.bytes[sizeof(record.bytes) - 1], 0);
}

static void the_largest_question_fits(void **state)
{
	const struct ocsp_question in = {slice_of(filler, OCSP_ISSUER_MAX),
		slice_of(filler, OCSP_SERIAL_MAX),
		slice_of(filler, HTTP_URL_MAX)};
	struct ocsp_ask_record record;
	struct ocsp_question out;

	(void)state;
	assert_true(ocsp_ask_record_write(&record, 1, 0, &in));
	assert_true(ocsp_ask_record_read(&record, sizeof(record), &out));
	assert_int_equal(out.url.len, HTTP_URL_MAX);
}

static void each_part_is_bounded_R17(void **state)
{
	const struct ocsp_question cases[] = {
		{slice_of(filler, OCSP_ISSUER_MAX + 1), {0}, {0}},
		{{0}, slice_of(filler, OCSP_SERIAL_MAX + 1), {0}},
		{{0}, {0}, slice_of(filler, HTTP_URL_MAX + 1)},
	};
	struct ocsp_ask_record record;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_false(ocsp_ask_record_write(&record, 1, 0, &cases[i]));
}

static void what_a_worker_sends_is_not_trusted(void **state)
{
	const struct ocsp_question in = {SLICE("issuer"), SLICE("42"), {0}};
	struct ocsp_ask_record good, record;
	struct ocsp_question out;

	(void)state;
	assert_true(ocsp_ask_record_write(&good, 1, 0, &in));
	assert_false(ocsp_ask_record_read(&good, sizeof(good) - 1, &out));
	assert_false(ocsp_ask_record_read(&good, 0, &out));
	record = good;
	record.issuer_len = UINT16_MAX;
	assert_false(ocsp_ask_record_read(&record, sizeof(record), &out));
	record = good;
	record.serial_len = OCSP_SERIAL_MAX + 1;
	assert_false(ocsp_ask_record_read(&record, sizeof(record), &out));
	record = good;
	record.url_len = HTTP_URL_MAX + 1;
	assert_false(ocsp_ask_record_read(&record, sizeof(record), &out));
}

static void a_reply_has_one_of_our_results(void **state)
{
	struct ocsp_reply_record reply = {.result = OCSP_RESULT_COUNT - 1};

	(void)state;
	assert_true(ocsp_reply_record_valid(&reply, sizeof(reply)));
	assert_false(ocsp_reply_record_valid(&reply, sizeof(reply) - 1));
	reply.result = OCSP_RESULT_COUNT;
	assert_false(ocsp_reply_record_valid(&reply, sizeof(reply)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_comes_back_as_it_was),
		cmocka_unit_test(the_largest_question_fits),
		cmocka_unit_test(each_part_is_bounded_R17),
		cmocka_unit_test(what_a_worker_sends_is_not_trusted),
		cmocka_unit_test(a_reply_has_one_of_our_results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
