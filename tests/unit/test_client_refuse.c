/* client: one that is refused is remembered, and hears why if it may. */
#include "proxy/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/proxy_rig.h"
#include "http/message.h"
#include "tls/client_auth.h"

#define UNTIL(rig, condition) BENCH_UNTIL(&(rig)->bench, condition)

static const char get[] = "GET /a/b?secret=1 HTTP/1.1\r\n"
			  "Host: www.example\r\n\r\n";

static bool remembered(
	const struct refusal *record, enum refusal_text which, const char *text)
{
	return slice_eq(refusal_get(record, which), slice_str(text));
}

/* The only refusal there is. */
static struct refusal the_refusal(struct proxy_rig *rig)
{
	struct refusal record;

	assert_int_equal(refusals_total(rig->refusals), 1);
	assert_true(refusals_read(rig->refusals, 0, &record));
	return record;
}

static struct proxy_rig *rig_with(const char *mode, struct tls_files *files)
{
	char more[512];

	tls_files_init(files);
	snprintf(more, sizeof(more),
		"client_auth: {ca: %s, mode: %s, reject_with: http}\n",
		files->ca_path, mode);
	return proxy_rig_new(more);
}

static void a_refused_handshake_is_remembered(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct mint *ca = mint_ca("Other CA", NULL);
	struct mint *stranger = mint_client("stranger", ca);
	const struct tls_show show = {.leaf = stranger};
	struct peer *client = proxy_rig_client(rig, &show);
	struct refusal record;

	(void)state;
	UNTIL(rig, client->alert >= 0);
	UNTIL(rig, rig->refused);
	record = the_refusal(rig);
	assert_true(remembered(&record, REFUSAL_CODE, "unknown_ca"));
	assert_true(remembered(&record, REFUSAL_REASON,
		"unable to get local issuer certificate"));
	assert_true(remembered(&record, REFUSAL_CLIENT_IP, "192.0.2.7"));
	assert_true(remembered(&record, REFUSAL_LISTENER, "default"));
	assert_true(remembered(&record, REFUSAL_SUBJECT, "CN=stranger"));
	assert_true(remembered(&record, REFUSAL_ISSUER, "CN=Other CA"));
	assert_true(remembered(&record, REFUSAL_REQUEST, ""));
	assert_int_equal(refusal_get(&record, REFUSAL_SHA256).len, 64);
	assert_int_equal(refusal_get(&record, REFUSAL_NOT_AFTER).len, 24);
	assert_true(refusal_get(&record, REFUSAL_CONNECTION).len > 10);
	assert_int_equal(record.port, 4711);
	assert_int_equal(record.sent, 1);
	assert_int_equal(record.status, 0);
	assert_int_equal(record.cut, 0);
	proxy_rig_free(rig);
	mint_free(stranger);
	mint_free(ca);
}

static void none_that_is_let_in_is_remembered(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *client = proxy_rig_client(rig, NULL);

	(void)state;
	peer_say_text(client, get);
	(void)proxy_rig_origin(rig);
	assert_int_equal(refusals_total(rig->refusals), 0);
	proxy_rig_free(rig);
}

/* Tells what every answer of reject_with: http has to be. */
static void hears_403(struct proxy_rig *rig, const struct tls_show *show,
	const char *word, const char *text)
{
	struct peer *client = proxy_rig_client(rig, show);
	struct refusal record;
	char says[160];

	peer_say_text(client, get);
	UNTIL(rig, client->eof);
	snprintf(says, sizeof(says), "reason: %s\n", word);
	assert_true(peer_has(client, "HTTP/1.1 403 Forbidden\r\n"));
	assert_true(peer_has(client, "\r\nConnection: close\r\n"));
	assert_true(peer_has(client, says));
	snprintf(says, sizeof(says), "was refused: %s.\n", text);
	assert_true(peer_has(client, says));
	assert_true(peer_has(client, "\nrequest id: "));
	assert_true(peer_has(client, "\nconnection id: "));
	assert_int_equal(rig->finished, 1);
	assert_int_equal(rig->record.status, 403);
	assert_int_equal(rig->record.failure, FAILURE_CERT_REFUSED);
	/* counted as a refusal, and nobody asked the origin */
	assert_int_equal(rig->refused, 1);
	assert_int_equal(proxy_rig_metric(rig, METRIC_ORIGIN_CONNECTS), 0);
	record = the_refusal(rig);
	assert_int_equal(record.status, 403);
	assert_true(remembered(&record, REFUSAL_CODE, word));
	assert_true(remembered(&record, REFUSAL_METHOD, "GET"));
	assert_true(remembered(&record, REFUSAL_HOST, "www.example"));
	assert_true(remembered(&record, REFUSAL_PATH, "/a/b"));
	assert_int_equal(refusal_get(&record, REFUSAL_REQUEST).len, 32);
}

static void without_a_certificate_one_hears_403_where_told(void **state)
{
	const struct tls_show none = {.leaf = NULL};
	struct tls_files files;
	struct proxy_rig *rig = rig_with("require", &files);

	(void)state;
	hears_403(rig, &none, "no_certificate", "no certificate was sent");
	proxy_rig_free(rig);
	tls_files_fini(&files);
}

static void with_a_bad_certificate_one_hears_403_in_each_mode(void **state)
{
	static const char *const modes[] = {"require", "optional"};
	struct mint *ca = mint_ca("Other CA", NULL);
	struct mint *stranger = mint_client("stranger", ca);
	const struct tls_show show = {.leaf = stranger};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct tls_files files;
		struct proxy_rig *rig = rig_with(modes[i], &files);

		hears_403(rig, &show, "unknown_ca",
			"unable to get local issuer certificate");
		proxy_rig_free(rig);
		tls_files_fini(&files);
	}
	mint_free(stranger);
	mint_free(ca);
}

static void a_refused_one_is_heard_once(void **state)
{
	const struct tls_show none = {.leaf = NULL};
	struct tls_files files;
	struct proxy_rig *rig = rig_with("require", &files);
	struct peer *client = proxy_rig_client(rig, &none);

	(void)state;
	peer_say_text(client, get);
	peer_say_text(client, get);
	UNTIL(rig, client->eof);
	assert_int_equal(rig->finished, 1);
	proxy_rig_free(rig);
	tls_files_fini(&files);
}

static void one_that_leaves_without_a_request_is_remembered(void **state)
{
	const struct tls_show none = {.leaf = NULL};
	struct tls_files files;
	struct proxy_rig *rig = rig_with("require", &files);
	struct peer *client = proxy_rig_client(rig, &none);
	struct refusal record;

	(void)state;
	UNTIL(rig, rig->refused);
	assert_int_equal(refusals_total(rig->refusals), 0);
	peer_close(client);
	UNTIL(rig, !proxy_clients(rig->proxy));
	record = the_refusal(rig);
	assert_true(remembered(&record, REFUSAL_CODE, "no_certificate"));
	assert_int_equal(record.status, 0);
	proxy_rig_free(rig);
	tls_files_fini(&files);
}

static void a_good_certificate_is_let_in_as_ever(void **state)
{
	char more[512];
	struct tls_files files;
	struct proxy_rig *rig;
	struct mint *good;
	struct tls_show show = {.leaf = NULL};
	struct peer *client, *origin;

	(void)state;
	tls_files_init(&files);
	snprintf(more, sizeof(more),
		"client_auth: {ca: %s, reject_with: http}\n", files.ca_path);
	rig = proxy_rig_new(more);
	good = mint_client("bob", files.ca);
	show.leaf = good;
	client = proxy_rig_client(rig, &show);
	peer_say_text(client, get);
	origin = proxy_rig_origin(rig);
	UNTIL(rig, peer_has(origin, "\r\n\r\n"));
	assert_true(peer_has(origin, "X-CERT-VERIFY: SUCCESS\r\n"));
	assert_int_equal(rig->refused, 0);
	proxy_rig_free(rig);
	mint_free(good);
	tls_files_fini(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_handshake_is_remembered),
		cmocka_unit_test(none_that_is_let_in_is_remembered),
		cmocka_unit_test(
			without_a_certificate_one_hears_403_where_told),
		cmocka_unit_test(
			with_a_bad_certificate_one_hears_403_in_each_mode),
		cmocka_unit_test(a_refused_one_is_heard_once),
		cmocka_unit_test(
			one_that_leaves_without_a_request_is_remembered),
		cmocka_unit_test(a_good_certificate_is_let_in_as_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
