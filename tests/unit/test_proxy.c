/* proxy: the whole of a worker over real sockets and TLS. */
#include "proxy/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/proxy_rig.h"
#include "http/message.h"

#define UNTIL(rig, condition) BENCH_UNTIL(&(rig)->bench, condition)

static const char get[] = "GET /a?b=c HTTP/1.1\r\nHost: www.example\r\n\r\n";
static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

static void a_request_reaches_the_origin_and_its_answer_the_client(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *client = proxy_rig_client(rig, NULL);
	struct peer *origin;

	(void)state;
	peer_say_text(client, get);
	origin = proxy_rig_origin(rig);
	UNTIL(rig, peer_has(origin, "\r\n\r\n"));
	assert_true(peer_has(origin, "GET /a?b=c HTTP/1.1\r\n"));
	assert_true(peer_has(origin, "Host: www.example\r\n"));
	assert_true(peer_has(origin, "X-CERT-PRESENTED: 1\r\n"));
	assert_true(peer_has(origin, "X-CERT-VERIFY: SUCCESS\r\n"));
	assert_true(peer_has(origin, "X-CERT-SUBJECT-DN: CN=alice\r\n"));
	assert_true(peer_has(origin, "X-Forwarded-For: 192.0.2.7\r\n"));
	assert_true(peer_has(origin, "X-Forwarded-Proto: https\r\n"));
	assert_true(peer_has(origin, "Via: 1.1 mtlsgate\r\n"));
	peer_say_text(origin, ok);
	UNTIL(rig, peer_has(client, "hi"));
	assert_true(peer_has(client, "HTTP/1.1 200 OK\r\n"));
	assert_int_equal(rig->finished, 1);
	assert_int_equal(rig->record.status, 200);
	assert_string_equal(rig->subject, "CN=alice");
	proxy_rig_free(rig);
}

static void connections_are_kept_on_both_sides(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *client = proxy_rig_client(rig, NULL);
	struct peer *origin = NULL;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		peer_say_text(client, get);
		if (!origin)
			origin = proxy_rig_origin(rig);
		UNTIL(rig, peer_has(origin, "\r\n\r\n"));
		peer_forget(origin);
		peer_say_text(origin, ok);
		UNTIL(rig, peer_has(client, "hi"));
		peer_forget(client);
	}
	assert_int_equal(proxy_rig_metric(rig, METRIC_HANDSHAKES_OK), 1);
	assert_int_equal(proxy_rig_metric(rig, METRIC_ORIGIN_CONNECTS), 1);
	assert_int_equal(proxy_rig_metric(rig, METRIC_ORIGIN_REUSES), 19);
	assert_int_equal(proxy_rig_metric(rig, METRIC_REQUESTS), 20);
	proxy_rig_free(rig);
}

/* R1, R4, R5: every spelling, twice, nominated, in a trailer. */
static void no_forged_header_reaches_the_origin(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *client = proxy_rig_client(rig, NULL);
	struct peer *origin;

	(void)state;
	peer_say_text(client,
		"POST / HTTP/1.1\r\nHost: a\r\n"
		"X-CERT-VERIFY: forged\r\nx_cert_verify: forged\r\n"
		"X.Cert.Verify: forged\r\nX-CERT-VERIFY: forged\r\n"
		"Connection: X-CERT-VERIFY\r\n"
		"Trailer: X-Cert-Verify\r\n"
		"Transfer-Encoding: chunked\r\n\r\n"
		"1\r\nx\r\n0\r\nX-Cert-Verify: forged\r\nSum: 1\r\n\r\n");
	origin = proxy_rig_origin(rig);
	UNTIL(rig, peer_has(origin, "\r\n0\r\n") && peer_has(origin, "Sum: 1"));
	assert_false(peer_has(origin, "forged"));
	assert_false(peer_has(origin, "Trailer:"));
	assert_true(peer_has(origin, "X-CERT-VERIFY: SUCCESS\r\n"));
	peer_say_text(origin, ok);
	UNTIL(rig, peer_has(client, "hi"));
	/* what Connection nominates is dropped before it is counted (R4) */
	assert_int_equal(rig->record.stripped.total, 3);
	proxy_rig_free(rig);
}

static void the_origin_that_is_away_is_502(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *client = proxy_rig_client(rig, NULL);

	(void)state;
	proxy_rig_close_origin(rig);
	peer_say_text(client, get);
	UNTIL(rig, peer_has(client, "reason: origin-connect"));
	assert_true(peer_has(client, "HTTP/1.1 502 "));
	/* and the connection lives on */
	peer_forget(client);
	peer_say_text(client, get);
	UNTIL(rig, peer_has(client, "reason: origin-connect"));
	assert_int_equal(
		proxy_rig_metric(rig, METRIC_ORIGIN_CONNECT_FAILURES), 2);
	proxy_rig_free(rig);
}

/* The classic: the origin closes a kept connection just as it is used. */
static void a_stale_connection_costs_one_retry(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *client = proxy_rig_client(rig, NULL);
	struct peer *first, *second;

	(void)state;
	peer_say_text(client, get);
	first = proxy_rig_origin(rig);
	UNTIL(rig, peer_has(first, "\r\n\r\n"));
	peer_say_text(first, ok);
	UNTIL(rig, peer_has(client, "hi"));
	peer_forget(client);
	peer_forget(first);
	peer_say_text(client, get);
	UNTIL(rig, peer_has(first, "\r\n\r\n"));
	peer_close(first);
	second = proxy_rig_origin(rig);
	UNTIL(rig, peer_has(second, "\r\n\r\n"));
	assert_true(peer_has(second, "X-CERT-VERIFY: SUCCESS"));
	peer_say_text(second, ok);
	UNTIL(rig, peer_has(client, "hi"));
	assert_int_equal(rig->record.retries, 1);
	proxy_rig_free(rig);
}

static void an_idle_connection_that_the_origin_closes_is_dropped(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *client = proxy_rig_client(rig, NULL);
	struct peer *first;

	(void)state;
	peer_say_text(client, get);
	first = proxy_rig_origin(rig);
	UNTIL(rig, peer_has(first, "\r\n\r\n"));
	peer_say_text(first, ok);
	UNTIL(rig,
		peer_has(client, "hi") &&
			proxy_rig_metric(rig, METRIC_GAUGE_ORIGIN_IDLE) == 1);
	peer_close(first);
	UNTIL(rig, proxy_rig_metric(rig, METRIC_GAUGE_ORIGIN_IDLE) == 0);
	proxy_rig_free(rig);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *client = proxy_rig_client(rig, NULL);
	struct peer *origin;

	(void)state;
	peer_say_text(client, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
			      "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
	origin = proxy_rig_origin(rig);
	UNTIL(rig, peer_has(origin, "GET /1 "));
	assert_false(peer_has(origin, "GET /2 "));
	peer_say_text(
		origin, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none");
	UNTIL(rig, peer_has(origin, "GET /2 "));
	peer_say_text(
		origin, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo");
	UNTIL(rig, peer_has(client, "two"));
	assert_true(peer_has(client, "one"));
	proxy_rig_free(rig);
}

static void an_answer_cut_short_is_no_clean_end(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *client = proxy_rig_client(rig, NULL);
	struct peer *origin;

	(void)state;
	peer_say_text(client, get);
	origin = proxy_rig_origin(rig);
	UNTIL(rig, peer_has(origin, "\r\n\r\n"));
	peer_say_text(origin,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"4\r\nhalf\r\n");
	UNTIL(rig, peer_has(client, "half"));
	peer_close(origin);
	UNTIL(rig, client->eof || client->error);
	assert_false(peer_has(client, "\r\n0\r\n"));
	assert_int_equal(rig->record.failure, FAILURE_ORIGIN_CUT);
	proxy_rig_free(rig);
}

static void garbage_is_answered_and_logged_once(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *client = proxy_rig_client(rig, NULL);

	(void)state;
	peer_say_text(client, "GET / HTTP/1.1\nHost: a\n\n");
	UNTIL(rig, client->eof);
	assert_true(peer_has(client, "HTTP/1.1 400 "));
	assert_true(peer_has(client, "Connection: close"));
	assert_int_equal(rig->finished, 1);
	assert_int_equal(rig->metrics.failure[FAILURE_BAD_REQUEST], 1);
	proxy_rig_free(rig);
}

static void on_drained(void *arg)
{
	struct proxy_rig *rig = arg;

	assert_false(rig->drained);
	rig->drained = true;
}

static void a_drain_waits_for_what_runs(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *client = proxy_rig_client(rig, NULL);
	struct peer *origin;

	(void)state;
	peer_say_text(client, get);
	origin = proxy_rig_origin(rig);
	UNTIL(rig, peer_has(origin, "\r\n\r\n"));
	proxy_drain(rig->proxy, 0, on_drained, rig);
	bench_settle(&rig->bench);
	assert_false(rig->drained);
	peer_say_text(origin, ok);
	UNTIL(rig, client->eof);
	assert_true(peer_has(client, "Connection: close"));
	assert_true(peer_has(client, "hi"));
	peer_close(client);
	peer_close(origin);
	UNTIL(rig, rig->drained);
	assert_int_equal(proxy_clients(rig->proxy), 0);
	proxy_drain(rig->proxy, 0, on_drained, rig);
	bench_settle(&rig->bench);
	proxy_rig_free(rig);
}

static void a_drain_may_be_hurried(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *client = proxy_rig_client(rig, NULL);

	(void)state;
	UNTIL(rig, proxy_rig_metric(rig, METRIC_HANDSHAKES_OK) == 1);
	proxy_drain(rig->proxy, 60000, on_drained, rig);
	bench_settle(&rig->bench);
	assert_false(rig->drained);
	assert_int_equal(proxy_clients(rig->proxy), 1);
	proxy_drain(rig->proxy, 0, on_drained, rig);
	UNTIL(rig, client->eof);
	peer_close(client);
	UNTIL(rig, rig->drained);
	proxy_rig_free(rig);
}

static void a_drain_of_nobody_is_over_at_once(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);

	(void)state;
	proxy_drain(rig->proxy, 5000, on_drained, rig);
	UNTIL(rig, rig->drained);
	proxy_rig_free(rig);
}

static void freeing_cuts_off_whatever_runs(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *busy = proxy_rig_client(rig, NULL);
	struct peer *idle = proxy_rig_client(rig, NULL);
	struct peer *origin;

	(void)state;
	(void)idle;
	peer_say_text(busy, get);
	origin = proxy_rig_origin(rig);
	UNTIL(rig, peer_has(origin, "\r\n\r\n"));
	(void)proxy_rig_client(rig, NULL); /* in its handshake */
	proxy_rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_request_reaches_the_origin_and_its_answer_the_client),
		cmocka_unit_test(connections_are_kept_on_both_sides),
		cmocka_unit_test(no_forged_header_reaches_the_origin),
		cmocka_unit_test(the_origin_that_is_away_is_502),
		cmocka_unit_test(a_stale_connection_costs_one_retry),
		cmocka_unit_test(
			an_idle_connection_that_the_origin_closes_is_dropped),
		cmocka_unit_test(pipelined_requests_are_answered_in_order),
		cmocka_unit_test(an_answer_cut_short_is_no_clean_end),
		cmocka_unit_test(garbage_is_answered_and_logged_once),
		cmocka_unit_test(a_drain_waits_for_what_runs),
		cmocka_unit_test(a_drain_may_be_hurried),
		cmocka_unit_test(a_drain_of_nobody_is_over_at_once),
		cmocka_unit_test(freeing_cuts_off_whatever_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
