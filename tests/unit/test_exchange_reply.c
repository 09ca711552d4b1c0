/* exchange: the answers that we give in place of the origin. */
#include "proxy/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/exchange_rig.h"

static int start(void **state)
{
	*state = rig_new();
	return 0;
}

static int stop(void **state)
{
	struct exchange_rig *rig = *state;

	rig_turn(rig);
	assert_int_equal(rig->over, rig->finished);
	rig_free(rig);
	return 0;
}

/* What was refused before it was understood is answered and logged once. */
static void garbage_is_answered_by_its_rule(void **state)
{
	static const struct {
		struct stream_failure failure;
		unsigned status;
		enum failure logged;
	} rows[] = {
		{{.why = STREAM_BAD_MESSAGE, .rule = HTTP_RULE_LINE_END}, 400,
			FAILURE_BAD_REQUEST},
		{{.why = STREAM_BAD_MESSAGE, .rule = HTTP_RULE_METHOD_CONNECT},
			501, FAILURE_BAD_REQUEST},
		{{.why = STREAM_BAD_MESSAGE, .rule = HTTP_RULE_VERSION}, 505,
			FAILURE_BAD_REQUEST},
		{{.why = STREAM_TOO_LARGE, .rule = HTTP_RULE_HEADER_TOO_LARGE},
			431, FAILURE_TOO_LARGE},
		{{.why = STREAM_TIMED_OUT, .rule = HTTP_RULE_HEADER_TIMEOUT},
			408, FAILURE_REQUEST_TIMEOUT},
		{{.why = STREAM_BAD_MESSAGE,
			 .rule = HTTP_RULE_EXPECT,
			 .status = 417},
			417, FAILURE_BAD_REQUEST},
	};
	struct exchange_rig *rig = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *verbs;
		const char *name = http_rule_info(rows[i].failure.rule)->name;

		rig_start(rig);
		fake_stream_fail(&rig->client_end, rows[i].failure);
		assert_int_equal(rig->record.status, rows[i].status);
		assert_int_equal(rig->record.failure, rows[i].logged);
		assert_int_equal(rig->record.rule, rows[i].failure.rule);
		verbs = fake_stream_verbs(&rig->client_end);
		assert_non_null(strstr(verbs, name));
		assert_non_null(strstr(verbs, "Cache-Control: no-store;"));
		assert_non_null(strstr(verbs, rig->request_id));
		assert_non_null(strstr(verbs, "end done"));
		assert_int_equal(rig->finished, i + 1);
	}
}

static void an_upload_over_the_limit_is_413_and_leaves_the_origin(void **state)
{
	struct exchange_rig *rig = *state;

	rig_get(rig, "POST");
	fake_stream_body(&rig->client_end, "x");
	fake_stream_fail(&rig->client_end,
		(struct stream_failure){.why = STREAM_TOO_LARGE,
			.rule = HTTP_RULE_BODY_TOO_LARGE});
	assert_int_equal(rig->record.status, 413);
	assert_true(fake_stream_saw(&rig->origin_end, "abort"));
	assert_true(fake_stream_saw(&rig->client_end, "end done"));
}

static void an_upload_that_breaks_within_the_answer_ends_both(void **state)
{
	struct exchange_rig *rig = *state;

	rig_get(rig, "POST");
	rig_answer(rig, 200, NULL);
	fake_stream_fail(&rig->client_end,
		(struct stream_failure){.why = STREAM_BAD_MESSAGE,
			.rule = HTTP_RULE_CHUNK_SIZE});
	assert_true(fake_stream_saw(&rig->client_end, "abort"));
	assert_true(fake_stream_saw(&rig->origin_end, "abort"));
	assert_int_equal(rig->record.rule, HTTP_RULE_CHUNK_SIZE);
}

static void a_405_names_what_is_allowed(void **state)
{
	struct exchange_rig *rig = *state;

	rig_start(rig);
	fake_stream_fail(&rig->client_end,
		(struct stream_failure){.why = STREAM_BAD_MESSAGE,
			.rule = HTTP_RULE_METHOD_TRACE});
	assert_int_equal(rig->record.status, 405);
	assert_true(fake_stream_saw(&rig->client_end, "Allow: GET"));
}

/* R2 */
static void alias_headers_reject_names_its_rule(void **state)
{
	struct exchange_rig *rig = *state;

	rig->config.headers.alias_headers = ALIAS_REJECT;
	rig_request(rig, "GET", "/", "x_tra: 1");
	assert_int_equal(rig->record.status, 400);
	assert_int_equal(rig->record.rule, HTTP_RULE_ALIAS_NAME);
	assert_true(fake_stream_saw(
		&rig->client_end, http_rule_info(HTTP_RULE_ALIAS_NAME)->name));
	assert_int_equal(rig_metric(rig, METRIC_HEADERS_ALIAS_DROPPED), 1);
}

static void the_answer_to_head_has_no_body(void **state)
{
	struct exchange_rig *rig = *state;

	rig_request(rig, "HEAD", "/", NULL);
	rig_refuse(rig, FAILURE_ORIGIN_CONNECT);
	assert_true(fake_stream_saw(&rig->client_end, "head(502 body=none;"));
	assert_false(fake_stream_saw(&rig->client_end, "body("));
	assert_true(fake_stream_saw(&rig->client_end, "end done"));
}

static void json_is_given_to_whom_prefers_it(void **state)
{
	static const struct {
		const char *accept;
		bool json;
	} rows[] = {
		{NULL, false},
		{"", false},
		{"*/*", false},
		{"application/json", true},
		{"APPLICATION/JSON", true},
		{"application/problem+json", true},
		{"application/*", true},
		{"text/html,application/xhtml+xml,*/*;q=0.8", false},
		{"application/json, text/plain, */*", false},
		{"application/json, text/plain;q=0.9, */*;q=0.1", true},
		{"application/json;q=0.5, */*;q=0.4", true},
		{"application/json;q=0.5, */*;q=0.55", false},
		{"application/json;q=0", false},
		{"application/json;charset=utf-8;q=0.7", true},
		{"image/png", false},
		{";;;,,,q=", false},
		{"application/json;q=.;q=0.abc", false},
		{"text/plain;q=0.5\nAccept: application/json", true},
		{"application/json;q=0.5\nAccept: text/plain", false},
	};
	struct exchange_rig *rig = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char field[128] = "Accept: ";

		if (rows[i].accept)
			strncat(field, rows[i].accept, sizeof(field) - 9);
		rig_request(rig, "GET", "/", rows[i].accept ? field : NULL);
		rig_refuse(rig, FAILURE_ORIGIN_CONNECT);
		if (fake_stream_saw(&rig->client_end, "problem+json") !=
			rows[i].json)
			fail_msg("%s", rows[i].accept);
		assert_true(fake_stream_saw(&rig->client_end,
			rows[i].json ? "\"status\":502" : "reason: origin-"));
	}
}

/* R19 and "never leak": the client reads only sentences of our own table. */
static void answers_tell_nothing_of_origin_or_certificate(void **state)
{
	struct exchange_rig *rig = *state;

	rig_request(rig, "GET", "/secret", "Cookie: secret");
	rig_refuse(rig, FAILURE_ORIGIN_CONNECT);
	assert_false(fake_stream_saw(&rig->client_end, "secret"));
	assert_false(fake_stream_saw(&rig->client_end, "127.0.0.1"));
	assert_false(fake_stream_saw(&rig->client_end, "alice"));
	assert_false(fake_stream_saw(&rig->client_end, "X-CERT"));
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(garbage_is_answered_by_its_rule),
		cmocka_unit_test(
			an_upload_over_the_limit_is_413_and_leaves_the_origin),
		cmocka_unit_test(
			an_upload_that_breaks_within_the_answer_ends_both),
		cmocka_unit_test(a_405_names_what_is_allowed),
		cmocka_unit_test(alias_headers_reject_names_its_rule),
		cmocka_unit_test(the_answer_to_head_has_no_body),
		cmocka_unit_test(json_is_given_to_whom_prefers_it),
		cmocka_unit_test(answers_tell_nothing_of_origin_or_certificate),
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tests[i].setup_func = start;
		tests[i].teardown_func = stop;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
