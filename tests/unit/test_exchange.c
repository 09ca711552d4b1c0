/* exchange: the path of a request, between two fake streams. */
#include "proxy/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
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
	/* whatever happened: it ended once, and told of it once */
	assert_int_equal(rig->over, rig->finished);
	assert_int_equal(rig_metric(rig, METRIC_GAUGE_EXCHANGES), 0);
	assert_null(rig->lease);
	rig_free(rig);
	return 0;
}

static void a_request_without_body_passes_and_its_answer_returns(void **state)
{
	struct exchange_rig *rig = *state;

	rig_request(rig, "GET", "/path?q=1", "Accept: */*");
	assert_string_equal(fake_stream_verbs(&rig->client_end), "");
	fake_stream_end(&rig->client_end, NULL);
	rig_grant(rig);
	assert_string_equal(fake_stream_verbs(&rig->client_end), "");
	assert_true(fake_stream_saw(&rig->origin_end,
		"head(GET /path?q=1 host=www.example body=none;Accept: */*;"));
	fake_stream_verbs(&rig->origin_end);
	rig_answer(rig, 200, "Date: today\nServer: x");
	assert_string_equal(fake_stream_verbs(&rig->client_end),
		"head(200 body=unknown;Date: today;Server: x;"
		"Via: 1.1 mtlsgate;)");
	fake_stream_body(&rig->origin_end, "hello");
	fake_stream_end(&rig->origin_end, NULL);
	assert_string_equal(
		fake_stream_verbs(&rig->client_end), "body(hello) end done");
	assert_string_equal(fake_stream_verbs(&rig->origin_end), "done");
	assert_int_equal(rig->record.status, 200);
	assert_int_equal(rig->record.failure, FAILURE_NONE);
	assert_int_equal(rig->record.bytes_out, 5);
	assert_int_equal(rig->over, 1);
}

/* R1, R3: what the client says of certificates is gone, ours stands last. */
static void cert_headers_are_ours_and_last(void **state)
{
	struct exchange_rig *rig = *state;
	const char *verbs;

	rig_request(rig, "GET", "/",
		"X-CERT-VERIFY: forged\nx_cert_verify: forged\n"
		"X.Cert.Verify: forged\nX-Forwarded-For: 6.6.6.6\nA: b");
	fake_stream_end(&rig->client_end, NULL);
	rig_grant(rig);
	verbs = fake_stream_verbs(&rig->origin_end);
	assert_null(strstr(verbs, "forged"));
	assert_null(strstr(verbs, "6.6.6.6"));
	assert_non_null(strstr(verbs, "A: b;"));
	assert_non_null(strstr(verbs, "X-Forwarded-For: 192.0.2.7;"));
	assert_non_null(strstr(verbs, "X-CERT-VERIFY: SUCCESS;) end"));
	rig_answer(rig, 204, NULL);
	fake_stream_end(&rig->origin_end, NULL);
	assert_string_equal(rig->names,
		"X-CERT-VERIFY x_cert_verify X.Cert.Verify X-Forwarded-For ");
	assert_int_equal(rig_metric(rig, METRIC_HEADERS_STRIPPED), 4);
}

static void the_origin_reads_the_request_id_that_is_logged(void **state)
{
	struct exchange_rig *rig = *state;
	char expected[64] = "X-Request-Id: ";
	const char *verbs;

	rig_request(rig, "GET", "/", "X-Request-Id: mine");
	fake_stream_end(&rig->client_end, NULL);
	rig_grant(rig);
	rig_answer(rig, 204, NULL);
	fake_stream_end(&rig->origin_end, NULL);
	memcpy(expected + 14, rig->request_id, IDS_REQUEST);
	verbs = fake_stream_verbs(&rig->origin_end);
	assert_non_null(strstr(verbs, expected));
	assert_null(strstr(verbs, "mine"));
}

static void an_upload_waits_for_its_origin(void **state)
{
	struct exchange_rig *rig = *state;

	rig_request(rig, "POST", "/", NULL);
	assert_string_equal(fake_stream_verbs(&rig->client_end), "pause");
	rig_grant(rig);
	assert_string_equal(fake_stream_verbs(&rig->client_end), "resume");
	fake_stream_verbs(&rig->origin_end);
	fake_stream_body(&rig->client_end, "up");
	fake_stream_end(&rig->client_end, NULL);
	assert_string_equal(
		fake_stream_verbs(&rig->origin_end), "body(up) end");
	rig_answer(rig, 200, NULL);
	fake_stream_end(&rig->origin_end, NULL);
	assert_int_equal(rig->record.bytes_in, 2);
	assert_true(fake_stream_saw(&rig->client_end, "done"));
}

static void backpressure_crosses_in_both_directions(void **state)
{
	struct exchange_rig *rig = *state;

	rig_get(rig, "POST");
	fake_stream_verbs(&rig->client_end);
	rig->origin_end.full = true;
	fake_stream_body(&rig->client_end, "up");
	assert_string_equal(fake_stream_verbs(&rig->client_end), "pause");
	fake_stream_room(&rig->origin_end);
	assert_string_equal(fake_stream_verbs(&rig->client_end), "resume");
	rig_answer(rig, 200, NULL);
	fake_stream_verbs(&rig->origin_end);
	rig->client_end.full = true;
	fake_stream_body(&rig->origin_end, "down");
	assert_string_equal(fake_stream_verbs(&rig->origin_end), "pause");
	fake_stream_room(&rig->client_end);
	assert_string_equal(fake_stream_verbs(&rig->origin_end), "resume");
	fake_stream_end(&rig->client_end, NULL);
	fake_stream_end(&rig->origin_end, NULL);
	assert_true(fake_stream_saw(&rig->origin_end, "done"));
}

/* R5 */
static void trailers_of_a_request_are_stripped_like_its_head(void **state)
{
	struct exchange_rig *rig = *state;
	struct arena *arena;
	struct header_block trailers = {0};

	rig_get(rig, "POST");
	fake_stream_body(&rig->client_end, "x");
	arena = rig->client_end.stream.arena;
	assert_true(header_add(
		&trailers, arena, SLICE("X_Cert_Verify"), SLICE("SUCCESS")));
	assert_true(header_add(&trailers, arena, SLICE("Sum"), SLICE("1")));
	fake_stream_end(&rig->client_end, &trailers);
	assert_true(fake_stream_saw(&rig->origin_end, "end(Sum: 1;)"));
	rig_answer(rig, 200, NULL);
	fake_stream_end(&rig->origin_end, NULL);
	assert_string_equal(rig->names, "X_Cert_Verify ");
}

static void trailers_of_an_answer_are_passed_on(void **state)
{
	struct exchange_rig *rig = *state;
	struct header_block trailers = {0};

	rig_get(rig, "GET");
	rig_answer(rig, 200, NULL);
	assert_true(header_add(&trailers, rig->origin_end.stream.arena,
		SLICE("Sum"), SLICE("1")));
	fake_stream_end(&rig->origin_end, &trailers);
	assert_true(fake_stream_saw(&rig->client_end, "end(Sum: 1;) done"));
}

/* The fake end asserts that no head carries an upgrade. */
static void an_upgrade_is_not_carried(void **state)
{
	struct exchange_rig *rig = *state;
	struct message *head;

	rig_start(rig);
	head = fake_request(&rig->client_end, "GET", "/", NULL);
	head->upgrade = SLICE("websocket");
	fake_stream_head(&rig->client_end, head);
	fake_stream_end(&rig->client_end, NULL);
	rig_grant(rig);
	head = fake_response(&rig->origin_end, 200, NULL);
	head->upgrade = SLICE("websocket");
	fake_stream_head(&rig->origin_end, head);
	fake_stream_end(&rig->origin_end, NULL);
	assert_int_equal(rig->record.status, 200);
}

static void a_client_that_leaves_takes_the_origin_along(void **state)
{
	struct exchange_rig *rig = *state;
	const struct stream_failure gone = {.why = STREAM_GONE};

	/* before its head */
	rig_start(rig);
	fake_stream_fail(&rig->client_end, gone);
	assert_string_equal(fake_stream_verbs(&rig->client_end), "abort");
	/* while a lease runs */
	rig_request(rig, "GET", "/", NULL);
	fake_stream_end(&rig->client_end, NULL);
	fake_stream_fail(&rig->client_end, gone);
	assert_int_equal(rig->cancelled, 1);
	/* while the answer is awaited */
	rig_get(rig, "POST");
	fake_stream_fail(&rig->client_end, gone);
	assert_true(fake_stream_saw(&rig->origin_end, "abort"));
	/* within the answer */
	rig_get(rig, "POST");
	rig_answer(rig, 200, NULL);
	fake_stream_fail(&rig->client_end, gone);
	assert_true(fake_stream_saw(&rig->origin_end, "abort"));
	assert_int_equal(rig->record.failure, FAILURE_CLIENT_GONE);
	assert_int_equal(rig->over, 4);
	assert_int_equal(rig->metrics.failure[FAILURE_CLIENT_GONE], 4);
}

static void when_we_stop_the_blame_is_ours(void **state)
{
	struct exchange_rig *rig = *state;

	rig_get(rig, "POST");
	rig->env.stopping = true;
	fake_stream_fail(
		&rig->client_end, (struct stream_failure){.why = STREAM_GONE});
	assert_int_equal(rig->record.failure, FAILURE_SHUTDOWN);
}

/* An answer that is complete before the upload is: the rest of the upload is
 * not wanted, the origin's connection cannot be used again. */
static void an_early_answer_ends_the_upload(void **state)
{
	struct exchange_rig *rig = *state;

	rig_get(rig, "POST");
	fake_stream_body(&rig->client_end, "part");
	rig_answer(rig, 413, NULL);
	fake_stream_body(&rig->client_end, "more");
	fake_stream_end(&rig->origin_end, NULL);
	assert_true(fake_stream_saw(&rig->client_end, "end done"));
	assert_true(fake_stream_saw(&rig->origin_end, "abort"));
	assert_int_equal(rig->record.status, 413);
	assert_int_equal(rig->record.failure, FAILURE_NONE);
}

/* R6 */
static void without_certificate_headers_nothing_is_forwarded(void **state)
{
	struct exchange_rig *rig = *state;

	rig->client.cert_headers = NULL;
	rig_request(rig, "GET", "/", NULL);
	assert_int_equal(rig->record.status, 500);
	assert_int_equal(rig->record.failure, FAILURE_CERT_HEADERS);
	assert_int_equal(rig->leases, 0);
}

static void a_client_that_the_mode_refuses_gets_403(void **state)
{
	struct exchange_rig *rig = *state;

	rig->auth.state = CLIENT_AUTH_FAILED;
	rig->auth.code = 10;
	rig_request(rig, "GET", "/", NULL);
	assert_int_equal(rig->record.status, 403);
	rig->auth.state = CLIENT_AUTH_NONE;
	rig_request(rig, "GET", "/", NULL);
	assert_int_equal(rig->record.status, 403);
	assert_int_equal(rig->leases, 0);
}

static void a_request_costs_no_new_memory_once_warm(void **state)
{
	struct exchange_rig *rig = *state;

	for (unsigned i = 0; i < 1000; i++) {
		rig_get(rig, "GET");
		rig_answer(rig, 200, NULL);
		fake_stream_body(&rig->origin_end, "x");
		fake_stream_end(&rig->origin_end, NULL);
		rig_turn(rig);
	}
	assert_int_equal(rig->finished, 1000);
	assert_int_equal(rig->metrics.status[2], 1000);
	assert_int_equal(rig_metric(rig, METRIC_RESPONSE_BODY_BYTES), 1000);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_request_without_body_passes_and_its_answer_returns),
		cmocka_unit_test(cert_headers_are_ours_and_last),
		cmocka_unit_test(
			the_origin_reads_the_request_id_that_is_logged),
		cmocka_unit_test(an_upload_waits_for_its_origin),
		cmocka_unit_test(backpressure_crosses_in_both_directions),
		cmocka_unit_test(
			trailers_of_a_request_are_stripped_like_its_head),
		cmocka_unit_test(trailers_of_an_answer_are_passed_on),
		cmocka_unit_test(an_upgrade_is_not_carried),
		cmocka_unit_test(a_client_that_leaves_takes_the_origin_along),
		cmocka_unit_test(when_we_stop_the_blame_is_ours),
		cmocka_unit_test(an_early_answer_ends_the_upload),
		cmocka_unit_test(
			without_certificate_headers_nothing_is_forwarded),
		cmocka_unit_test(a_client_that_the_mode_refuses_gets_403),
		cmocka_unit_test(a_request_costs_no_new_memory_once_warm),
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tests[i].setup_func = start;
		tests[i].teardown_func = stop;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
