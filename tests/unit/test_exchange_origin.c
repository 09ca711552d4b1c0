/* exchange: what the origin may do to it: refuse, fail, stall, repeat. */
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
	assert_int_equal(rig_metric(rig, METRIC_GAUGE_EXCHANGES), 0);
	assert_null(rig->lease);
	rig_free(rig);
	return 0;
}

static void an_origin_that_cannot_be_had_is_answered_for(void **state)
{
	static const struct {
		enum failure why;
		unsigned status;
	} rows[] = {
		{FAILURE_ORIGIN_CONNECT, 502},
		{FAILURE_ORIGIN_CONNECT_TIMEOUT, 504},
		{FAILURE_MEMORY, 503},
	};
	struct exchange_rig *rig = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rig_request(rig, "POST", "/", NULL);
		rig_refuse(rig, rows[i].why);
		assert_int_equal(rig->record.status, rows[i].status);
		assert_int_equal(rig->record.failure, rows[i].why);
		assert_true(fake_stream_saw(&rig->client_end, "end done"));
	}
}

/* Every cell of the rule in architecture.md, section 5. */
static void only_what_cannot_have_been_acted_upon_is_repeated(void **state)
{
	static const struct {
		const char *name;
		const char *method;
		const char *body; /* sent before the failure; NULL: none */
		struct stream_failure failure;
		bool repeated;
		bool elsewhere; /* only on another server */
	} rows[] = {
		{"a kept connection that was just closed", "GET", NULL,
			{.why = STREAM_GONE, .reused = true}, true, false},
		{"the same for what may be repeated", "DELETE", NULL,
			{.why = STREAM_GONE, .reused = true}, true, false},
		{"a fresh connection that was closed", "GET", NULL,
			{.why = STREAM_GONE}, true, true},
		{"a fresh one that was never used", "GET", NULL,
			{.why = STREAM_GONE, .untouched = true}, true, false},
		{"a fresh one, and not idempotent", "POST", NULL,
			{.why = STREAM_GONE}, false, false},
		{"not idempotent", "POST", NULL,
			{.why = STREAM_GONE, .reused = true}, false, false},
		{"not idempotent, but nothing left", "POST", NULL,
			{.why = STREAM_GONE, .reused = true, .untouched = true},
			true, false},
		{"not idempotent, but refused", "POST", NULL,
			{.why = STREAM_REFUSED}, true, false},
		{"a method nobody knows", "FROB", NULL,
			{.why = STREAM_GONE, .reused = true}, false, false},
		{"idempotent, with an untouched body", "PUT", NULL,
			{.why = STREAM_GONE, .reused = true}, true, false},
		{"idempotent, but the body is spent", "PUT", "x",
			{.why = STREAM_GONE, .reused = true}, false, false},
		{"refused, but the body is spent", "POST", "x",
			{.why = STREAM_REFUSED}, false, false},
		{"untouched, but the body is spent", "POST", "x",
			{.why = STREAM_GONE, .untouched = true}, false, false},
		{"it answered, but badly", "GET", NULL,
			{.why = STREAM_BAD_MESSAGE,
				.rule = HTTP_RULE_STATUS_LINE,
				.reused = true},
			false, false},
	};
	struct exchange_rig *rig = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned leases = rig->leases + 1;

		rig_get(rig, rows[i].method);
		if (rows[i].body)
			fake_stream_body(&rig->client_end, rows[i].body);
		fake_stream_fail(&rig->origin_end, rows[i].failure);
		assert_true(fake_stream_saw(&rig->origin_end, "abort"));
		if ((rig->leases == leases + 1) != rows[i].repeated)
			fail_msg("%s", rows[i].name);
		if (!rows[i].repeated) {
			assert_int_equal(rig->record.status, 502);
			assert_int_equal(rig->record.retries, 0);
			continue;
		}
		assert_true(rig->lease_fresh);
		assert_int_equal(rig->retry_elsewhere, rows[i].elsewhere);
		rig_grant(rig);
		assert_true(fake_stream_saw(&rig->origin_end, "head("));
		rig_answer(rig, 204, NULL);
		fake_stream_end(&rig->origin_end, NULL);
		assert_int_equal(rig->record.status, 204);
		assert_int_equal(rig->record.retries, 1);
	}
}

static void what_the_origin_does_not_repeat_has_failed(void **state)
{
	struct exchange_rig *rig = *state;
	const struct stream_failure gone = {
		.why = STREAM_GONE, .reused = true, .untouched = true};

	rig_get(rig, "GET");
	fake_stream_fail(&rig->origin_end, gone);
	rig_grant(rig);
	rig->no_retry = true;
	fake_stream_fail(&rig->origin_end, gone);
	assert_int_equal(rig->leases, 2);
	assert_int_equal(rig->record.retries, 1);
	assert_int_equal(rig->record.status, 502);
	assert_int_equal(rig->record.failure, FAILURE_ORIGIN_GONE);
}

static void the_whole_request_is_sent_again(void **state)
{
	struct exchange_rig *rig = *state;
	const char *verbs;

	rig_request(rig, "PUT", "/x", "A: b");
	rig_grant(rig);
	fake_stream_fail(&rig->origin_end,
		(struct stream_failure){.why = STREAM_GONE, .reused = true});
	assert_true(rig->client_end.paused);
	rig_grant(rig);
	assert_false(rig->client_end.paused);
	fake_stream_body(&rig->client_end, "all");
	fake_stream_end(&rig->client_end, NULL);
	verbs = fake_stream_verbs(&rig->origin_end);
	assert_non_null(strstr(verbs, "head(PUT /x "));
	assert_non_null(strstr(verbs, "A: b;"));
	assert_non_null(
		strstr(verbs, "X-CERT-VERIFY: SUCCESS;) body(all) end"));
	rig_answer(rig, 204, NULL);
	fake_stream_end(&rig->origin_end, NULL);
}

static void what_began_to_answer_is_not_repeated(void **state)
{
	struct exchange_rig *rig = *state;

	rig_get(rig, "GET");
	rig_answer(rig, 103, NULL);
	fake_stream_fail(&rig->origin_end,
		(struct stream_failure){.why = STREAM_GONE, .reused = true});
	assert_int_equal(rig->leases, 1);
	assert_int_equal(rig->record.status, 502);
}

/* Section 5: never leak what the origin did wrong. */
static void a_bad_answer_is_502_and_its_rule_only_in_the_record(void **state)
{
	struct exchange_rig *rig = *state;
	const char *verbs;

	rig_get(rig, "GET");
	fake_stream_fail(&rig->origin_end,
		(struct stream_failure){.why = STREAM_BAD_MESSAGE,
			.rule = HTTP_RULE_CONTENT_LENGTH_TWICE});
	verbs = fake_stream_verbs(&rig->client_end);
	assert_non_null(strstr(verbs, "head(502 "));
	assert_null(strstr(
		verbs, http_rule_info(HTTP_RULE_CONTENT_LENGTH_TWICE)->name));
	assert_int_equal(rig->record.rule, HTTP_RULE_CONTENT_LENGTH_TWICE);
	assert_int_equal(rig->metrics.rule[HTTP_RULE_CONTENT_LENGTH_TWICE], 1);
}

static void an_answer_cut_short_is_seen_by_the_client(void **state)
{
	struct exchange_rig *rig = *state;

	rig_get(rig, "GET");
	rig_answer(rig, 200, NULL);
	fake_stream_body(&rig->origin_end, "half");
	fake_stream_fail(
		&rig->origin_end, (struct stream_failure){.why = STREAM_GONE});
	assert_true(fake_stream_saw(&rig->client_end, "body(half) abort"));
	assert_int_equal(rig->record.status, 200);
	assert_int_equal(rig->record.failure, FAILURE_ORIGIN_CUT);
	assert_int_equal(rig->leases, 1);
}

static void interim_heads_are_passed_on(void **state)
{
	struct exchange_rig *rig = *state;

	rig_get(rig, "POST");
	fake_stream_verbs(&rig->client_end);
	rig_answer(rig, 100, NULL);
	rig_answer(rig, 103, "Link: x");
	assert_true(fake_stream_saw(&rig->client_end, "head(100 "));
	assert_true(fake_stream_saw(&rig->client_end, "Link: x;"));
	rig_answer(rig, 200, NULL);
	fake_stream_end(&rig->client_end, NULL);
	fake_stream_end(&rig->origin_end, NULL);
	assert_int_equal(rig->record.status, 200);
}

/* R17 */
static void interim_heads_without_end_are_refused(void **state)
{
	struct exchange_rig *rig = *state;

	rig_get(rig, "GET");
	for (unsigned i = 0; i < 16; i++)
		rig_answer(rig, 103, NULL);
	assert_int_equal(rig->finished, 0);
	rig_answer(rig, 103, NULL);
	assert_int_equal(rig->record.status, 502);
}

static void an_upgrade_that_nobody_asked_for_is_refused(void **state)
{
	struct exchange_rig *rig = *state;

	rig_get(rig, "GET");
	rig_answer(rig, 101, NULL);
	assert_int_equal(rig->record.status, 502);
	assert_int_equal(rig->record.rule, HTTP_RULE_UPGRADE);
}

/* R18 */
static void an_origin_that_does_not_answer_is_504(void **state)
{
	struct exchange_rig *rig = *state;

	rig->config.timeouts.origin_response_ms = 20;
	rig_get(rig, "GET");
	rig_until_over(rig);
	assert_int_equal(rig->record.status, 504);
	assert_int_equal(rig->record.failure, FAILURE_ORIGIN_TIMEOUT);
	assert_true(fake_stream_saw(&rig->origin_end, "abort"));
}

static void an_origin_that_takes_no_upload_is_504_too(void **state)
{
	struct exchange_rig *rig = *state;

	rig->config.timeouts.origin_response_ms = 20;
	rig_get(rig, "POST");
	rig->origin_end.full = true;
	fake_stream_body(&rig->client_end, "x"); /* and takes no more */
	rig_until_over(rig);
	assert_int_equal(rig->record.status, 504);
}

static void an_origin_that_stalls_in_its_answer_is_cut(void **state)
{
	struct exchange_rig *rig = *state;

	rig->config.timeouts.origin_idle_ms = 20;
	rig_get(rig, "GET");
	rig_answer(rig, 200, NULL);
	fake_stream_body(&rig->origin_end, "half");
	rig_until_over(rig);
	assert_int_equal(rig->record.failure, FAILURE_ORIGIN_STALLED);
	assert_true(fake_stream_saw(&rig->client_end, "abort"));
}

static void count_down(void *arg)
{
	loop_stop(arg);
}

static void run_for(struct exchange_rig *rig, int64_t ms)
{
	struct loop_timer timer;

	loop_timer_init(rig->loop, &timer, count_down, rig->loop);
	assert_true(loop_timer_set(&timer, ms));
	assert_true(loop_run(rig->loop));
	loop_timer_fini(&timer);
}

/* Who is slow has his own deadline; the origin is not blamed for him. */
static void a_slow_client_is_not_the_origins_fault(void **state)
{
	struct exchange_rig *rig = *state;

	rig->config.timeouts.origin_response_ms = 5;
	rig->config.timeouts.origin_idle_ms = 5;
	rig_get(rig, "POST");
	run_for(rig, 40);
	assert_int_equal(rig->finished, 0);
	rig_answer(rig, 200, NULL);
	rig->client_end.full = true;
	fake_stream_body(&rig->origin_end, "x");
	run_for(rig, 40);
	assert_int_equal(rig->finished, 0);
	fake_stream_room(&rig->client_end);
	rig_until_over(rig);
	assert_int_equal(rig->record.failure, FAILURE_ORIGIN_STALLED);
}

static void a_lease_is_not_hurried_by_an_old_deadline(void **state)
{
	struct exchange_rig *rig = *state;

	rig->config.timeouts.origin_response_ms = 5;
	rig_get(rig, "GET");
	fake_stream_fail(&rig->origin_end,
		(struct stream_failure){.why = STREAM_GONE, .reused = true});
	run_for(rig, 40);
	assert_int_equal(rig->finished, 0);
	rig_grant(rig);
	rig_until_over(rig);
	assert_int_equal(rig->record.status, 504);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(an_origin_that_cannot_be_had_is_answered_for),
		cmocka_unit_test(
			only_what_cannot_have_been_acted_upon_is_repeated),
		cmocka_unit_test(what_the_origin_does_not_repeat_has_failed),
		cmocka_unit_test(the_whole_request_is_sent_again),
		cmocka_unit_test(what_began_to_answer_is_not_repeated),
		cmocka_unit_test(
			a_bad_answer_is_502_and_its_rule_only_in_the_record),
		cmocka_unit_test(an_answer_cut_short_is_seen_by_the_client),
		cmocka_unit_test(interim_heads_are_passed_on),
		cmocka_unit_test(interim_heads_without_end_are_refused),
		cmocka_unit_test(an_upgrade_that_nobody_asked_for_is_refused),
		cmocka_unit_test(an_origin_that_does_not_answer_is_504),
		cmocka_unit_test(an_origin_that_takes_no_upload_is_504_too),
		cmocka_unit_test(an_origin_that_stalls_in_its_answer_is_cut),
		cmocka_unit_test(a_slow_client_is_not_the_origins_fault),
		cmocka_unit_test(a_lease_is_not_hurried_by_an_old_deadline),
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tests[i].setup_func = start;
		tests[i].teardown_func = stop;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
