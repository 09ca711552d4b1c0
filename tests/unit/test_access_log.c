/* access_log: one line, never blocking (R18), every byte escaped (R19). */
#include "proxy/access_log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/metrics.h"
#include "tls/client_auth.h"

static struct metrics metrics;
static struct client_auth auth = {.state = CLIENT_AUTH_OK};

static struct access_record sample(void)
{
	return (struct access_record){.wall_ms = 1700000000000,
		.duration_us = 1234,
		.origin_us = 1000,
		.bytes_in = 5,
		.bytes_out = 7,
		.connection_id = SLICE("c-1"),
		.request_id = SLICE("r-1"),
		.client_ip = SLICE("192.0.2.1"),
		.client_port = 4711,
		.listener = "public",
		.tls_version = "TLSv1.3",
		.tls_cipher = "TLS_X",
		.method = SLICE("GET"),
		.target = SLICE("/a?secret=1"),
		.authority = SLICE("www.example"),
		.status = 200,
		.origin = SLICE("127.0.0.1:80"),
		.auth = &auth,
		.subject = SLICE("CN=alice"),
		.serial = SLICE("0A")};
}

static const char *line_of(const struct access_record *r, bool redact)
{
	static char line[ACCESS_LINE + 1];
	size_t len = access_log_line(line, LOG_FORMAT_TEXT, redact, r);

	assert_true(len > 0 && len <= ACCESS_LINE);
	assert_int_equal(line[len - 1], '\n');
	line[len] = '\0';
	assert_ptr_equal(strchr(line, '\n'), line + len - 1);
	return line;
}

static void a_line_says_who_what_and_how_it_ended(void **state)
{
	static const char *const parts[] = {"conn=c-1", "request=r-1",
		"client=192.0.2.1", "port=4711", "listener=public",
		"method=GET", "authority=www.example", "status=200",
		"bytes_in=5", "bytes_out=7", "duration_us=1234",
		"origin=127.0.0.1:80", "origin_us=1000", "tls=TLSv1.3",
		"cipher=TLS_X", "verify=SUCCESS", "serial=0A", "alice",
		"sha256=0000000000000000"};
	struct access_record r = sample();
	const char *line = line_of(&r, true);

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!strstr(line, parts[i]))
			fail_msg("%s in %s", parts[i], line);
	}
	assert_null(strstr(line, "failure"));
	assert_null(strstr(line, "stripped"));
}

static void a_resumption_is_told(void **state)
{
	struct client_auth again = auth;
	struct access_record r = sample();

	(void)state;
	assert_null(strstr(line_of(&r, true), "resumed"));
	again.resumption.resumed = true;
	r.auth = &again;
	assert_non_null(strstr(line_of(&r, true), " resumed=true "));
}

static void a_query_is_redacted_when_asked(void **state)
{
	struct access_record r = sample();

	(void)state;
	assert_null(strstr(line_of(&r, true), "secret"));
	assert_non_null(strstr(line_of(&r, true), "/a?..."));
	assert_non_null(strstr(line_of(&r, false), "/a?secret=1"));
	r.target = SLICE("/plain");
	assert_null(strstr(line_of(&r, true), "..."));
}

static void a_failure_is_named_with_rule_and_blame(void **state)
{
	struct access_record r = sample();
	const char *line;

	(void)state;
	r.failure = FAILURE_BAD_REQUEST;
	r.rule = HTTP_RULE_LINE_END;
	r.retries = 1;
	r.stripped.total = 12;
	for (unsigned i = 0; i < REWRITE_NAMES; i++)
		r.stripped.names[i] = SLICE("X_Cert");
	line = line_of(&r, true);
	assert_non_null(strstr(line, "failure=bad-request"));
	assert_non_null(strstr(line, "blame=client"));
	assert_non_null(strstr(line, "rule=line-end"));
	assert_non_null(strstr(line, "retries=1"));
	assert_non_null(strstr(line, "X_Cert,X_Cert"));
	assert_non_null(strstr(line, "stripped_count=12"));
}

/* R19 */
static void no_byte_of_a_peer_breaks_the_line(void **state)
{
	static char noise[ACCESS_LINE * 2];
	struct access_record r = sample();

	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 7);
	for (size_t len = 0; len < sizeof(noise); len += 97) {
		char line[ACCESS_LINE];

		r.target = r.authority = r.method = r.subject =
			slice_of(noise, len);
		for (enum log_format f = LOG_FORMAT_TEXT; f <= LOG_FORMAT_JSON;
			f++) {
			size_t size = access_log_line(line, f, true, &r);

			assert_true(size > 0 && size <= ACCESS_LINE);
			for (size_t i = 0; i + 1 < size; i++)
				assert_in_range(line[i], 0x20, 0x7e);
		}
	}
}

static uint64_t lost(void)
{
	return metrics.value[METRIC_ACCESS_LOG_LOST];
}

static void a_full_pipe_loses_lines_and_never_blocks(void **state)
{
	struct access_record r = sample();
	struct access_log log;
	char back[65536];
	int fds[2];
	ssize_t got = 0;

	(void)state;
	metrics_clear(&metrics);
	assert_int_equal(pipe(fds), 0);
	access_log_init(&log, fds[1], LOG_FORMAT_TEXT, true, &metrics);
	/* the descriptor that was inherited keeps its flags */
	assert_int_equal(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);
	for (unsigned i = 0; i < 1000 && !lost(); i++)
		access_log_write(&log, &r);
	assert_int_equal(lost(), 1);
	got = read(fds[0], back, sizeof(back));
	assert_true(got > 0);
	assert_int_equal(back[got - 1], '\n');
	access_log_write(&log, &r);
	assert_int_equal(lost(), 1);
	access_log_fini(&log);
	close(fds[0]);
	close(fds[1]);
}

static void a_pipe_that_cannot_be_opened_anew_is_polled(void **state)
{
	struct access_record r = sample();
	struct access_log log;
	int fds[2];

	(void)state;
	metrics_clear(&metrics);
	assert_int_equal(pipe(fds), 0);
	access_log_init(&log, fds[1], LOG_FORMAT_TEXT, true, &metrics);
	access_log_fini(&log);
	log.fd = fds[1];
	log.must_poll = true;
	for (unsigned i = 0; i < 1000 && !lost(); i++)
		access_log_write(&log, &r);
	assert_int_equal(lost(), 1);
	close(fds[0]);
	close(fds[1]);
}

static void a_socket_that_is_full_loses_lines(void **state)
{
	struct access_record r = sample();
	struct access_log log;
	int fds[2];

	(void)state;
	metrics_clear(&metrics);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	access_log_init(&log, fds[1], LOG_FORMAT_JSON, true, &metrics);
	for (unsigned i = 0; i < 20000 && !lost(); i++)
		access_log_write(&log, &r);
	assert_true(lost() > 0);
	access_log_fini(&log);
	close(fds[0]);
	close(fds[1]);
}

static void without_a_descriptor_nothing_is_written(void **state)
{
	struct access_record r = sample();
	struct access_log log;

	(void)state;
	metrics_clear(&metrics);
	access_log_init(&log, -1, LOG_FORMAT_TEXT, true, &metrics);
	assert_false(access_log_wanted(&log));
	access_log_write(&log, &r);
	assert_int_equal(lost(), 0);
	access_log_set_fd(&log, 2);
	assert_true(access_log_wanted(&log));
	access_log_fini(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_says_who_what_and_how_it_ended),
		cmocka_unit_test(a_resumption_is_told),
		cmocka_unit_test(a_query_is_redacted_when_asked),
		cmocka_unit_test(a_failure_is_named_with_rule_and_blame),
		cmocka_unit_test(no_byte_of_a_peer_breaks_the_line),
		cmocka_unit_test(a_full_pipe_loses_lines_and_never_blocks),
		cmocka_unit_test(a_pipe_that_cannot_be_opened_anew_is_polled),
		cmocka_unit_test(a_socket_that_is_full_loses_lines),
		cmocka_unit_test(without_a_descriptor_nothing_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
