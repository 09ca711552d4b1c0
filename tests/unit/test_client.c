/* client: admission, handshake, refusals, R13, and what an idle one weighs. */
#include "proxy/client.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/crypto.h>

#include "fake/proxy_rig.h"
#include "http/message.h"
#include "proxy/admission.h"
#include "tls/client_auth.h"

#define UNTIL(rig, condition) BENCH_UNTIL(&(rig)->bench, condition)

static const char get[] = "GET / HTTP/1.1\r\nHost: www.example\r\n\r\n";
static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/* ---- what the daemon's log says ---- */

static int log_pipe[2];
static char lines[65536];

static int hear_log(void **state)
{
	(void)state;
	assert_int_equal(pipe(log_pipe), 0);
	log_setup(log_pipe[1], LOG_FORMAT_TEXT, LOG_LEVEL_INFO, "");
	return 0;
}

static int leave_log(void **state)
{
	(void)state;
	log_setup(2, LOG_FORMAT_TEXT, LOG_LEVEL_INFO, "");
	close(log_pipe[0]);
	close(log_pipe[1]);
	return 0;
}

static const char *logged(void)
{
	ssize_t len;

	assert_int_equal(write(log_pipe[1], "\n", 1), 1);
	len = read(log_pipe[0], lines, sizeof(lines) - 1);
	assert_true(len > 0);
	lines[len] = '\0';
	return lines;
}

static unsigned occurrences(const char *text, const char *of)
{
	unsigned n = 0;

	while ((text = strstr(text, of))) {
		text += strlen(of);
		n++;
	}
	return n;
}

static void a_refused_certificate_is_explained_in_one_line(void **state)
{
	static const char *const parts[] = {"certificate_refused",
		"conn=", "client=192.0.2.7", "port=4711", "listener=default",
		"reason=", "depth=0", "sent=1",
		"sha256=", "serial=", "not_before=", "not_after=", "stranger",
		"issuer="};
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct mint *other_ca = mint_ca("Other CA", NULL);
	struct mint *stranger = mint_client("stranger", other_ca);
	const struct tls_show show = {.leaf = stranger};
	struct peer *client = proxy_rig_client(rig, &show);
	const char *text;

	(void)state;
	UNTIL(rig, client->alert >= 0);
	assert_int_equal(client->alert, 48); /* unknown_ca */
	UNTIL(rig, rig->refused);
	text = logged();
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!strstr(text, parts[i]))
			fail_msg("%s in %s", parts[i], text);
	}
	assert_int_equal(occurrences(text, "certificate_refused"), 1);
	assert_string_equal(rig->subject, "CN=stranger");
	assert_int_equal(proxy_rig_metric(rig, METRIC_HANDSHAKES_FAILED), 1);
	assert_int_equal(proxy_rig_metric(rig, METRIC_HANDSHAKES_OK), 0);
	assert_int_equal(rig->metrics.auth[client_auth_word_index(20)], 1);
	assert_int_equal(rig->finished, 0);
	proxy_rig_free(rig);
	mint_free(stranger);
	mint_free(other_ca);
}

static void a_missing_certificate_is_refused_too(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	const struct tls_show none = {.leaf = NULL};
	struct peer *client = proxy_rig_client(rig, &none);

	(void)state;
	UNTIL(rig, client->alert >= 0);
	assert_int_equal(client->alert, 116); /* certificate_required */
	UNTIL(rig, rig->refused);
	assert_non_null(strstr(logged(), "certificate_refused"));
	proxy_rig_free(rig);
}

/* R19: what a certificate says cannot break a line. */
static void a_certificate_cannot_break_the_log(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct mint *ca = mint_ca("a\nb=c \"d", NULL);
	struct mint *evil = mint_client("x\r\nerror fake=1\x1b[31m", ca);
	const struct tls_show show = {.leaf = evil};
	const char *text;

	(void)state;
	(void)proxy_rig_client(rig, &show);
	UNTIL(rig, rig->refused);
	text = logged();
	assert_null(strstr(text, "\nerror"));
	assert_null(strchr(text, '\r'));
	assert_null(strchr(text, '\x1b'));
	proxy_rig_free(rig);
	mint_free(evil);
	mint_free(ca);
}

static void many_refusals_are_not_many_lines(void **state)
{
	struct proxy_rig *rig =
		proxy_rig_new("logging: {rejections: {rate: 1/s, burst: 2}}\n");
	const struct tls_show none = {.leaf = NULL};
	const char *text;

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		(void)proxy_rig_client(rig, &none);
	UNTIL(rig, rig->refused == 5);
	text = logged();
	assert_in_range(occurrences(text, "certificate_refused"), 2, 3);
	assert_int_equal(proxy_rig_metric(rig, METRIC_HANDSHAKES_FAILED), 5);
	proxy_rig_free(rig);
}

static void plain_http_is_told_apart_from_a_bad_certificate(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *client = proxy_rig_plain(rig);
	const char *text;

	(void)state;
	peer_say_text(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	UNTIL(rig, proxy_rig_metric(rig, METRIC_HANDSHAKES_FAILED) == 1);
	text = logged();
	assert_non_null(strstr(text, "info handshake_failed"));
	assert_non_null(strstr(text, "http request"));
	assert_int_equal(rig->refused, 0);
	proxy_rig_free(rig);
}

/* R18 */
static void a_handshake_that_does_not_move_is_ended(void **state)
{
	struct proxy_rig *rig = proxy_rig_new("timeouts: {handshake: 50ms}\n");
	struct peer *client = proxy_rig_plain(rig);

	(void)state;
	UNTIL(rig, client->error || client->eof);
	assert_int_equal(proxy_rig_metric(rig, METRIC_HANDSHAKES_TIMED_OUT), 1);
	assert_non_null(strstr(logged(), "took too long"));
	proxy_rig_free(rig);
}

/* R17 */
static void over_a_limit_a_connection_is_closed_at_once(void **state)
{
	struct proxy_rig *rig = proxy_rig_new("limits: {connections: 2}\n");
	struct peer *third;

	(void)state;
	(void)proxy_rig_client(rig, NULL);
	(void)proxy_rig_client(rig, NULL);
	UNTIL(rig, proxy_rig_metric(rig, METRIC_HANDSHAKES_OK) == 2);
	third = proxy_rig_plain(rig);
	UNTIL(rig, third->eof);
	assert_int_equal(rig->metrics.refused[ADMISSION_CONNECTIONS], 1);
	assert_non_null(strstr(logged(), "limit=limits.connections"));
	peer_close(&rig->clients[0]);
	UNTIL(rig, proxy_clients(rig->proxy) == 1);
	(void)proxy_rig_client(rig, NULL);
	UNTIL(rig, proxy_rig_metric(rig, METRIC_HANDSHAKES_OK) == 3);
	proxy_rig_free(rig);
}

static void request_any_tells_the_origin_what_failed(void **state)
{
	struct proxy_rig *rig;
	struct mint *ca = mint_ca("Other CA", NULL);
	struct mint *stranger = mint_client("stranger", ca);
	const struct tls_show show = {.leaf = stranger};
	struct peer *client, *origin;
	struct tls_files files;
	char more[512];

	(void)state;
	tls_files_init(&files);
	snprintf(more, sizeof(more),
		"client_auth: {ca: %s, mode: request_any}\n", files.ca_path);
	rig = proxy_rig_new(more);
	client = proxy_rig_client(rig, &show);
	peer_say_text(client, get);
	origin = proxy_rig_origin(rig);
	UNTIL(rig, peer_has(origin, "\r\n\r\n"));
	assert_true(peer_has(origin, "X-CERT-VERIFY: FAILED:"));
	assert_true(peer_has(origin, "X-CERT-SUBJECT-DN: CN=stranger\r\n"));
	peer_say_text(origin, ok);
	UNTIL(rig, peer_has(client, "hi"));
	proxy_rig_free(rig);
	tls_files_fini(&files);
	mint_free(stranger);
	mint_free(ca);
}

static struct mint *short_lived(const struct proxy_rig *rig, long seconds)
{
	const struct mint_spec spec = {.issuer = rig->files.ca,
		.cn = "brief",
		.from_s = -60,
		.until_s = seconds,
		.eku = "clientAuth"};

	return mint_new(&spec);
}

/* R13 */
static void an_idle_connection_ends_with_its_certificate(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct mint *brief = short_lived(rig, 2);
	const struct tls_show show = {.leaf = brief};
	struct peer *client = proxy_rig_client(rig, &show);

	(void)state;
	UNTIL(rig, proxy_rig_metric(rig, METRIC_HANDSHAKES_OK) == 1);
	assert_false(client->eof);
	UNTIL(rig, client->eof);
	assert_int_equal(
		proxy_rig_metric(rig, METRIC_CERTIFICATE_EXPIRED_CLOSES), 1);
	proxy_rig_free(rig);
	mint_free(brief);
}

/* R13: what runs may end, but nothing new begins. */
static void a_running_exchange_outlives_the_certificate(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct mint *brief = short_lived(rig, 2);
	const struct tls_show show = {.leaf = brief};
	struct peer *client = proxy_rig_client(rig, &show);
	struct peer *origin;

	(void)state;
	peer_say_text(client, get);
	peer_say_text(client, "GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
	origin = proxy_rig_origin(rig);
	UNTIL(rig, peer_has(origin, "\r\n\r\n"));
	UNTIL(rig, proxy_rig_metric(rig, METRIC_CERTIFICATE_EXPIRED_CLOSES));
	peer_say_text(origin, ok);
	UNTIL(rig, client->eof);
	assert_true(peer_has(client, "hi"));
	assert_true(peer_has(client, "Connection: close"));
	assert_false(peer_has(origin, "/second"));
	assert_int_equal(rig->finished, 1);
	proxy_rig_free(rig);
	mint_free(brief);
}

static void a_handshake_under_drain_is_ended_or_served_once(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *client = proxy_rig_client(rig, NULL);
	struct peer *origin;

	(void)state;
	proxy_drain(rig->proxy, 60000, NULL, NULL);
	peer_say_text(client, get);
	origin = proxy_rig_origin(rig);
	UNTIL(rig, peer_has(origin, "\r\n\r\n"));
	peer_say_text(origin, ok);
	UNTIL(rig, client->eof);
	assert_true(peer_has(client, "Connection: close"));
	client = proxy_rig_plain(rig);
	bench_settle(&rig->bench);
	proxy_drain(rig->proxy, 0, NULL, NULL);
	UNTIL(rig, client->eof || client->error);
	proxy_rig_free(rig);
}

static void a_client_that_leaves_is_forgotten(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *client = proxy_rig_client(rig, NULL);
	struct peer *origin;

	(void)state;
	peer_say_text(client, get);
	origin = proxy_rig_origin(rig);
	UNTIL(rig, peer_has(origin, "\r\n\r\n"));
	peer_reset(client);
	UNTIL(rig, rig->finished);
	assert_int_equal(rig->record.failure, FAILURE_CLIENT_GONE);
	UNTIL(rig, origin->error || origin->eof);
	UNTIL(rig, proxy_clients(rig->proxy) == 0);
	proxy_rig_free(rig);
}

/* ---- what an idle connection weighs ---- */

static size_t openssl_bytes;

static void *count_malloc(size_t size, const char *file, int line)
{
	void *memory = malloc(size);

	(void)file;
	(void)line;
	openssl_bytes += malloc_usable_size(memory) + sizeof(size_t);
	return memory;
}

static void count_free(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	if (memory)
		openssl_bytes -= malloc_usable_size(memory) + sizeof(size_t);
	free(memory);
}

static void *count_realloc(
	void *memory, size_t size, const char *file, int line)
{
	if (memory)
		openssl_bytes -= malloc_usable_size(memory) + sizeof(size_t);
	memory = realloc(memory, size);
	(void)file;
	(void)line;
	if (memory)
		openssl_bytes += malloc_usable_size(memory) + sizeof(size_t);
	return memory;
}

/*
 * What a thread of glibc keeps for its next malloc counts as in use, although
 * OpenSSL gave it back: several kilobytes, as the addresses fall. So this
 * program runs without; it has to be said before it starts.
 */
static void without_thread_cache(char **argv)
{
	static const char name[] = "GLIBC_TUNABLES";

	if (getenv(name))
		return;
	if (!setenv(name, "glibc.malloc.tcache_count=0", 1))
		execv("/proc/self/exe", argv);
	perror("/proc/self/exe");
	exit(1);
}

static size_t own_bytes(void)
{
	return mallinfo2().uordblks - openssl_bytes;
}

static void serve_one(struct proxy_rig *rig, struct peer **origin)
{
	struct peer *client = proxy_rig_client(rig, NULL);

	peer_say_text(client, get);
	if (!*origin)
		*origin = proxy_rig_origin(rig);
	UNTIL(rig, peer_has(*origin, "\r\n\r\n"));
	peer_forget(*origin);
	peer_say_text(*origin, ok);
	UNTIL(rig, peer_has(client, "hi"));
	peer_forget(client);
	bench_settle(&rig->bench);
}

/* The goal of the performance page is about 1 KB beyond OpenSSL's own. */
static void an_idle_connection_holds_little(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);
	struct peer *origin = NULL;
	size_t before, each;

	(void)state;
	serve_one(rig, &origin);
	before = own_bytes();
	for (unsigned i = 1; i < RIG_ENDS; i++)
		serve_one(rig, &origin);
	each = (own_bytes() - before) / (RIG_ENDS - 1);
	print_message("an idle connection: %zu bytes of ours, of these %zu "
		      "struct client\n",
		each, client_size());
	assert_true(client_size() <= 384);
	if (mallinfo2().uordblks) /* the sanitizer's malloc tells nothing */
		assert_in_range(each, client_size(), 3072);
	proxy_rig_free(rig);
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_refused_certificate_is_explained_in_one_line),
		cmocka_unit_test(a_missing_certificate_is_refused_too),
		cmocka_unit_test(a_certificate_cannot_break_the_log),
		cmocka_unit_test(many_refusals_are_not_many_lines),
		cmocka_unit_test(
			plain_http_is_told_apart_from_a_bad_certificate),
		cmocka_unit_test(a_handshake_that_does_not_move_is_ended),
		cmocka_unit_test(over_a_limit_a_connection_is_closed_at_once),
		cmocka_unit_test(request_any_tells_the_origin_what_failed),
		cmocka_unit_test(an_idle_connection_ends_with_its_certificate),
		cmocka_unit_test(a_running_exchange_outlives_the_certificate),
		cmocka_unit_test(
			a_handshake_under_drain_is_ended_or_served_once),
		cmocka_unit_test(a_client_that_leaves_is_forgotten),
		cmocka_unit_test(an_idle_connection_holds_little),
	};

	(void)argc;
	without_thread_cache(argv);
	if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) !=
		1)
		return 1;
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tests[i].setup_func = hear_log;
		tests[i].teardown_func = leave_log;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
