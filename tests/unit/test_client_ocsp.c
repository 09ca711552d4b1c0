/* client: asked about behind the handshake, before any request is read. */
#include "proxy/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/ssl.h>

#include "daemon/channel.h"
#include "fake/proxy_rig.h"
#include "proxy/ocsp_record.h"
#include "tls/client_auth.h"

#define UNTIL(rig, condition) BENCH_UNTIL(&(rig)->bench, condition)

static const char get[] = "GET / HTTP/1.1\r\nHost: www.example\r\n\r\n";
static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

struct world {
	struct tls_files files;
	struct proxy_rig *rig;
	struct mint *leaf;
	struct tls_show show;
	int steward; /* its end; -1: none */
};

static void start(struct world *w, const char *mode, const char *ocsp)
{
	char more[512];
	int ends[2];

	snprintf(more, sizeof(more),
		"client_auth: {ca: %s, mode: %s, ocsp: {mode: leaf, timeout: "
		"10s%s}}\n",
		w->files.ca_path, mode, ocsp);
	w->rig = proxy_rig_new(more);
	assert_true(channel_pair(ends));
	proxy_set_steward(w->rig->proxy, ends[1]);
	w->steward = ends[0];
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	*state = w;
	assert_non_null(w);
	w->steward = -1;
	tls_files_init(&w->files);
	w->leaf = mint_new(&(struct mint_spec){.cn = "alice",
		.issuer = w->files.ca,
		.eku = "clientAuth",
		.info_access = "OCSP;URI:http://ocsp.example/"});
	w->show.leaf = w->leaf;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	if (w->rig)
		proxy_rig_free(w->rig);
	if (w->steward >= 0)
		close(w->steward);
	mint_free(w->leaf);
	tls_files_fini(&w->files);
	free(w);
	return 0;
}

static uint64_t metric(const struct world *w, enum metric which)
{
	return proxy_rig_metric(w->rig, which);
}

static bool hear(struct world *w, struct ocsp_ask_record *record, ssize_t *size)
{
	*size = recv(w->steward, record, sizeof(*record), MSG_DONTWAIT);
	return *size > 0;
}

/* A client that is through its handshake, and what is asked about it. */
static struct peer *asked_about(struct world *w, uint64_t *number)
{
	struct peer *client = proxy_rig_client(w->rig, &w->show);
	struct ocsp_ask_record record;
	struct ocsp_question question;
	ssize_t size;

	UNTIL(w->rig, hear(w, &record, &size));
	UNTIL(w->rig, client->shaken);
	assert_true(ocsp_ask_record_read(&record, (size_t)size, &question));
	assert_true(slice_eq(question.url, SLICE("http://ocsp.example/")));
	assert_true(slice_eq(question.issuer,
		slice_of(w->files.ca->der, w->files.ca->der_len)));
	assert_int_equal(record.listener, 0);
	*number = record.number;
	return client;
}

static void say_until(struct world *w, uint64_t number, enum ocsp_result result,
	int64_t until)
{
	const struct ocsp_reply_record record = {.number = number,
		.until = until,
		.result = (uint16_t)result,
		.flags = OCSP_REPLY_FETCHED};

	assert_int_equal(
		send(w->steward, &record, sizeof(record), 0), sizeof(record));
}

static void say(struct world *w, uint64_t number, enum ocsp_result result)
{
	say_until(w, number, result, time(NULL) + 3600);
}

static void serve(struct world *w, struct peer *client, const char *verdict)
{
	struct peer *origin = proxy_rig_origin(w->rig);

	UNTIL(w->rig, peer_has(origin, verdict));
	peer_say_text(origin, ok);
	UNTIL(w->rig, peer_has(client, "hi"));
}

static void expect_closed(struct world *w, struct peer *client)
{
	UNTIL(w->rig, client->eof || client->error);
	assert_false(peer_has(client, "HTTP/1.1"));
	assert_int_equal(w->rig->origin_count, 0);
	assert_int_equal(metric(w, METRIC_REQUESTS), 0);
	assert_int_equal(metric(w, METRIC_HANDSHAKES_FAILED), 1);
	assert_int_equal(metric(w, METRIC_HANDSHAKES_OK), 0);
	assert_int_equal(metric(w, METRIC_GAUGE_HANDSHAKES_PENDING), 0);
	assert_int_equal(metric(w, METRIC_GAUGE_OCSP_PENDING), 0);
}

static void no_request_is_read_before_the_answer(void **state)
{
	struct world *w = *state;
	struct peer *client;
	uint64_t number;

	start(w, "require", "");
	client = asked_about(w, &number);
	peer_say_text(client, get);
	bench_settle(&w->rig->bench);
	assert_int_equal(metric(w, METRIC_REQUESTS), 0);
	assert_int_equal(metric(w, METRIC_HANDSHAKES_OK), 0);
	assert_int_equal(metric(w, METRIC_GAUGE_HANDSHAKES_PENDING), 1);
	assert_int_equal(metric(w, METRIC_GAUGE_OCSP_PENDING), 1);
	say(w, number, OCSP_RESULT_GOOD);
	serve(w, client, "X-CERT-VERIFY: SUCCESS");
	assert_int_equal(metric(w, METRIC_HANDSHAKES_OK), 1);
	assert_int_equal(metric(w, METRIC_GAUGE_HANDSHAKES_PENDING), 0);
	assert_int_equal(metric(w, METRIC_GAUGE_OCSP_PENDING), 0);
	assert_int_equal(metric(w, METRIC_OCSP_QUESTIONS), 1);
	assert_int_equal(metric(w, METRIC_OCSP_REQUESTS), 1);
	assert_int_equal(metric(w, METRIC_OCSP_CACHED), 0);
	assert_int_equal(w->rig->metrics.ocsp[OCSP_RESULT_GOOD], 1);
}

static void a_revoked_client_is_closed_R14(void **state)
{
	struct world *w = *state;
	struct peer *client;
	uint64_t number;

	start(w, "require", ", on_failure: allow");
	client = asked_about(w, &number);
	peer_say_text(client, get);
	say(w, number, OCSP_RESULT_REVOKED);
	expect_closed(w, client);
	assert_string_equal(w->rig->reason, "certificate revoked");
}

static void without_an_answer_the_configuration_decides(void **state)
{
	struct world *w = *state;
	struct peer *client;
	uint64_t number;

	start(w, "require", ", on_failure: allow");
	client = asked_about(w, &number);
	peer_say_text(client, get);
	say(w, number, OCSP_RESULT_UNREACHABLE);
	serve(w, client, "X-CERT-VERIFY: SUCCESS");
	assert_int_equal(w->rig->metrics.ocsp[OCSP_RESULT_UNREACHABLE], 1);
}

static void by_default_no_answer_is_a_refusal(void **state)
{
	struct world *w = *state;
	struct peer *client;
	uint64_t number;

	start(w, "require", "");
	client = asked_about(w, &number);
	say(w, number, OCSP_RESULT_UNREACHABLE);
	expect_closed(w, client);
	assert_string_equal(w->rig->reason, "OCSP verification failed");
}

static void the_origin_is_told_where_everybody_passes_R14(void **state)
{
	struct world *w = *state;
	struct peer *client;
	uint64_t number;

	start(w, "request_any", "");
	client = asked_about(w, &number);
	peer_say_text(client, get);
	say(w, number, OCSP_RESULT_REVOKED);
	serve(w, client, "X-CERT-VERIFY: FAILED:certificate revoked");
}

static void a_403_says_so_where_configured(void **state)
{
	struct world *w = *state;
	struct peer *client;
	char mode[64];
	uint64_t number;

	snprintf(mode, sizeof(mode), "require, reject_with: http");
	start(w, mode, "");
	client = asked_about(w, &number);
	peer_say_text(client, get);
	say(w, number, OCSP_RESULT_REVOKED);
	UNTIL(w->rig, peer_has(client, "HTTP/1.1 403"));
	assert_int_equal(w->rig->origin_count, 0);
}

/* R18 */
static void a_question_has_its_time(void **state)
{
	struct world *w = *state;
	struct peer *client;
	uint64_t number;

	start(w, "require", "");
	/* the last timeout counts */
	w->rig->config->listeners[0].client_auth.ocsp.timeout_ms = 50;
	client = asked_about(w, &number);
	expect_closed(w, client);
	assert_int_equal(w->rig->metrics.ocsp[OCSP_RESULT_TIMEOUT], 1);
	/* too late */
	say(w, number, OCSP_RESULT_GOOD);
	bench_settle(&w->rig->bench);
	assert_int_equal(w->rig->metrics.ocsp[OCSP_RESULT_GOOD], 0);
}

static void a_client_may_leave_while_it_waits(void **state)
{
	struct world *w = *state;
	struct peer *client;
	uint64_t number;

	start(w, "require", "");
	client = asked_about(w, &number);
	peer_reset(client);
	UNTIL(w->rig, !proxy_clients(w->rig->proxy));
	assert_int_equal(metric(w, METRIC_GAUGE_OCSP_PENDING), 0);
	assert_int_equal(metric(w, METRIC_GAUGE_HANDSHAKES_PENDING), 0);
	say(w, number, OCSP_RESULT_GOOD);
	bench_settle(&w->rig->bench);
	assert_int_equal(metric(w, METRIC_HANDSHAKES_OK), 0);
}

/* What it says meanwhile, its goodbye included, is heard behind the answer. */
static void a_client_may_end_its_side_while_it_waits(void **state)
{
	struct world *w = *state;
	struct peer *client;
	uint64_t number;

	start(w, "require", "");
	client = asked_about(w, &number);
	peer_say_text(client, get);
	bench_settle(&w->rig->bench);
	assert_int_equal(SSL_shutdown(client->ssl), 0);
	bench_settle(&w->rig->bench);
	say(w, number, OCSP_RESULT_GOOD);
	serve(w, client, "X-CERT-VERIFY: SUCCESS");
	UNTIL(w->rig, !proxy_clients(w->rig->proxy));
}

static void on_drained(void *arg)
{
	*(bool *)arg = true;
}

static void draining_lets_it_wait(void **state)
{
	struct world *w = *state;
	bool drained = false;
	struct peer *client;
	uint64_t number;

	start(w, "require", "");
	client = asked_about(w, &number);
	peer_say_text(client, get);
	proxy_drain(w->rig->proxy, 5000, on_drained, &drained);
	bench_settle(&w->rig->bench);
	assert_false(drained);
	say(w, number, OCSP_RESULT_GOOD);
	serve(w, client, "X-CERT-VERIFY: SUCCESS");
	assert_true(peer_has(client, "Connection: close"));
	UNTIL(w->rig, drained);
}

static void without_patience_it_ends(void **state)
{
	struct world *w = *state;
	bool drained = false;
	uint64_t number;

	start(w, "require", "");
	(void)asked_about(w, &number);
	proxy_drain(w->rig->proxy, 0, on_drained, &drained);
	UNTIL(w->rig, drained);
	assert_int_equal(metric(w, METRIC_GAUGE_OCSP_PENDING), 0);
}

/* R13 */
static void a_connection_does_not_outlive_its_answer_R13(void **state)
{
	struct world *w = *state;
	struct peer *client;
	uint64_t number;

	start(w, "require", "");
	client = asked_about(w, &number);
	peer_say_text(client, get);
	say_until(w, number, OCSP_RESULT_GOOD, time(NULL) + 2);
	serve(w, client, "X-CERT-VERIFY: SUCCESS");
	UNTIL(w->rig, client->eof);
	assert_int_equal(metric(w, METRIC_CERTIFICATE_EXPIRED_CLOSES), 1);
}

static void a_new_steward_is_asked_anew(void **state)
{
	struct world *w = *state;
	struct ocsp_ask_record record;
	struct peer *client;
	uint64_t number;
	ssize_t size;
	int ends[2];

	start(w, "require", "");
	client = asked_about(w, &number);
	peer_say_text(client, get);
	close(w->steward);
	bench_settle(&w->rig->bench);
	assert_true(channel_pair(ends));
	w->steward = ends[0];
	proxy_set_steward(w->rig->proxy, ends[1]);
	UNTIL(w->rig, hear(w, &record, &size));
	say(w, record.number, OCSP_RESULT_GOOD);
	serve(w, client, "X-CERT-VERIFY: SUCCESS");
}

static void who_shows_no_certificate_is_not_asked_about(void **state)
{
	struct world *w = *state;
	const struct tls_show none = {.leaf = NULL};
	struct peer *client;

	start(w, "optional", "");
	client = proxy_rig_client(w->rig, &none);
	peer_say_text(client, get);
	serve(w, client, "X-CERT-VERIFY: NONE");
	assert_int_equal(metric(w, METRIC_OCSP_QUESTIONS), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_request_is_read_before_the_answer),
		TEST(a_revoked_client_is_closed_R14),
		TEST(without_an_answer_the_configuration_decides),
		TEST(by_default_no_answer_is_a_refusal),
		TEST(the_origin_is_told_where_everybody_passes_R14),
		TEST(a_403_says_so_where_configured),
		TEST(a_question_has_its_time),
		TEST(a_client_may_leave_while_it_waits),
		TEST(a_client_may_end_its_side_while_it_waits),
		TEST(draining_lets_it_wait),
		TEST(without_patience_it_ends),
		TEST(a_connection_does_not_outlive_its_answer_R13),
		TEST(a_new_steward_is_asked_anew),
		TEST(who_shows_no_certificate_is_not_asked_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
