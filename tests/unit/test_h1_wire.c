/* h1_server and h1_client over real sockets, loop and clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "fake/conn_bench.h"
#include "fake/record_owner.h"
#include "http/h1_client.h"
#include "http/h1_server.h"

/* One connection: our end is a session or a client, the other a bare peer. */
struct wire {
	struct bench bench;
	struct ear ear;
	struct peer peer;
	struct record r;
	struct http_limits limits;
};

static const struct http_limits usual_limits = {
	.header_bytes = 65536,
	.header_count = 1000,
	.request_line = 65536,
	.body = UINT64_MAX,
	.trailer_bytes = 1024,
	.pipelined = 10000,
	.header_ms = 20000,
	.body_ms = 20000,
	.write_ms = 20000,
	.keepalive_ms = 20000,
	.first_ms = 20000,
};

static void connect_wire(struct wire *w,
	void (*react)(struct record *r, enum record_event event))
{
	if (!w->limits.header_bytes)
		w->limits = usual_limits;
	bench_init(&w->bench);
	bench_connect(&w->bench, &w->ear, &w->peer, true, NULL);
	BENCH_UNTIL(&w->bench, w->ear.opens);
	w->r = (struct record){.react = react, .conn = w->ear.conn};
	w->ear.conn = NULL;
}

static void start_server(struct wire *w,
	void (*react)(struct record *r, enum record_event event))
{
	connect_wire(w, react);
	w->r.session = h1_server_new(w->bench.loop, w->r.conn, &w->limits,
		&record_session_events, &w->r);
	assert_non_null(w->r.session);
}

static void start_client(struct wire *w,
	void (*react)(struct record *r, enum record_event event))
{
	connect_wire(w, react);
	w->r.client = h1_client_new(w->bench.loop, w->r.conn, &w->limits,
		&record_client_events, &w->r);
	assert_non_null(w->r.client);
}

static void give_up(struct record *r, enum record_event event)
{
	if (event == RECORD_FAIL)
		record_close(r, STREAM_ABORT);
}

static void stop(struct wire *w)
{
	if (w->r.stream)
		w->r.react = give_up;
	if (w->r.session)
		w->r.session->ops->destroy(w->r.session);
	h1_client_free(w->r.client);
	if (w->r.conn)
		conn_abort(&w->r.conn);
	record_fini(&w->r);
	ear_fini(&w->ear);
	bench_fini(&w->bench);
}

static void say(struct wire *w, const char *text)
{
	peer_say(&w->peer, slice_str(text));
}

/* The peer says no more, but listens. */
static void end_side(struct wire *w)
{
	BENCH_UNTIL(&w->bench, !w->peer.out.len);
	assert_int_equal(shutdown(w->peer.fd, SHUT_WR), 0);
}

#define assert_told(w, expected) \
	assert_string_equal(record_told(&(w)->r), (expected))
#define told(w, expected) (!strcmp(record_told(&(w)->r), (expected)))

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define REFUSED(line)                                \
	"HTTP/1.1 " line "\r\nContent-Length: 0\r\n" \
	"Connection: close\r\n\r\n"

enum { BIG = 8 << 20 };

static void serve(struct record *r, enum record_event event)
{
	if (event == RECORD_END)
		record_answer(r, 200, "ok");
	if (event != RECORD_FAIL)
		return;
	if (stream_answerable(&r->failure))
		record_answer(r, http_rule_info(r->failure.rule)->status, "");
	else
		record_close(r, STREAM_ABORT);
}

/* ---- the session ---- */

static void pipelined_requests_are_answered_in_order(void **state)
{
	enum { MANY = 5000 };
	struct wire w = {0};

	(void)state;
	start_server(&w, serve);
	w.peer.counting = true;
	for (size_t i = 0; i < MANY; i++)
		say(&w, GET);
	BENCH_UNTIL(&w.bench, w.peer.got == MANY * strlen(OK));
	stop(&w);
}

static void a_client_that_ends_its_side_is_answered(void **state)
{
	struct wire w = {0};

	(void)state;
	start_server(&w, serve);
	say(&w, GET);
	end_side(&w);
	BENCH_UNTIL(&w.bench, w.peer.eof);
	assert_true(
		peer_heard(&w.peer, OK) ||
		peer_heard(&w.peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
				    "Connection: close\r\n\r\nok"));
	assert_told(&w, "stream; head GET / none; end; finished done none");
	stop(&w);
}

/* A head as long as the conn can keep, in pieces and with one byte more. */
static void the_longest_head_is_taken_and_one_longer_is_refused(void **state)
{
	(void)state;
	for (size_t more = 0; more < 2; more++) {
		const size_t len = 65536 + more;
		char *head = malloc(len + 1);
		struct wire w = {0};

		assert_non_null(head);
		memset(head, 'a', len);
		memcpy(head, "GET / HTTP/1.1\r\nHost: a\r\nA: ", 28);
		memcpy(head + len - 4, "\r\n\r\n", 5);
		start_server(&w, serve);
		peer_say(&w.peer, slice_of(head, 30000));
		bench_settle(&w.bench);
		peer_say(&w.peer, slice_of(head + 30000, 30000));
		bench_settle(&w.bench);
		peer_say(&w.peer, slice_of(head + 60000, len - 60000));
		BENCH_UNTIL(&w.bench,
			peer_heard(&w.peer,
				more ? REFUSED("431 Request Header Fields "
					       "Too Large")
				     : OK));
		stop(&w);
		free(head);
	}
}

/* The answer reaches a client that goes on sending (lingering close). */
static void an_early_answer_reaches_a_client_that_still_sends(void **state)
{
	struct wire w = {0};
	char *bytes = calloc(1, BIG);

	(void)state;
	assert_non_null(bytes);
	w.limits = usual_limits;
	w.limits.body = 1000;
	start_server(&w, serve);
	say(&w, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
		"8388608\r\n\r\n");
	peer_say(&w.peer, slice_of(bytes, BIG));
	BENCH_UNTIL(&w.bench,
		peer_heard(&w.peer, REFUSED("413 Content Too Large")));
	assert_int_equal(w.peer.error, 0);
	stop(&w);
	free(bytes);
}

static void a_reset_is_told(void **state)
{
	struct wire w = {0};

	(void)state;
	start_server(&w, give_up);
	say(&w, GET);
	BENCH_UNTIL(&w.bench, told(&w, "stream; head GET / none; end"));
	peer_reset(&w.peer);
	BENCH_UNTIL(&w.bench, !w.r.session);
	assert_told(&w, "stream; head GET / none; end; fail gone none; "
			"finished abort none");
	stop(&w);
}

static void a_head_that_does_not_end_is_answered_408(void **state)
{
	struct wire w = {.limits = usual_limits};

	(void)state;
	w.limits.header_ms = 30;
	start_server(&w, serve);
	say(&w, "GET / HTTP/1.1\r\n");
	BENCH_UNTIL(
		&w.bench, peer_heard(&w.peer, REFUSED("408 Request Timeout")));
	stop(&w);
}

static void an_idle_connection_ends_cleanly_in_its_time(void **state)
{
	struct wire w = {.limits = usual_limits};

	(void)state;
	w.limits.keepalive_ms = 30;
	start_server(&w, serve);
	say(&w, GET);
	BENCH_UNTIL(&w.bench, w.peer.eof);
	assert_true(peer_heard(&w.peer, OK));
	assert_int_equal(w.peer.error, 0);
	stop(&w);
}

/* ---- bodies under backpressure, both ways ---- */

static void pause_often(struct record *r, enum record_event event)
{
	unsigned *seed = r->arg;

	give_up(r, event);
	if (event != RECORD_BODY)
		return;
	*seed = *seed * 1103515245 + 12345;
	if (*seed >> 16 & 1)
		record_pause(r);
}

static void receive_all(struct wire *w)
{
	BENCH_UNTIL(&w->bench, w->r.heard_head || w->r.paused);
	while (!w->r.heard_end) {
		bench_late(&w->bench, "the end");
		if (w->r.paused)
			record_resume(&w->r);
		bench_turn(&w->bench);
	}
}

/* "size CRLF data CRLF" in pieces of odd sizes. */
static void say_chunks(struct wire *w, size_t total)
{
	static char piece[20000];
	char size[20];

	for (size_t at = 0, len; at < total; at += len) {
		len = at * 7919 % sizeof(piece) + 1;
		if (len > total - at)
			len = total - at;
		bench_fill(piece, len, at);
		snprintf(size, sizeof(size), "%zx\r\n", len);
		say(w, size);
		peer_say(&w->peer, slice_of(piece, len));
		say(w, "\r\n");
	}
	say(w, "0\r\n\r\n");
}

static void an_upload_arrives_whole_whatever_its_owner_pauses(void **state)
{
	struct buf body = {0};
	struct wire w = {0};
	unsigned seed = 3;

	(void)state;
	start_server(&w, pause_often);
	w.r.arg = &seed;
	w.r.quiet = true;
	w.r.body = &body;
	say(&w, "POST / HTTP/1.1\r\nHost: a\r\n"
		"Transfer-Encoding: chunked\r\n\r\n");
	say_chunks(&w, BIG);
	receive_all(&w);
	assert_int_equal(body.len, BIG);
	assert_true(bench_is(buf_bytes(&body), 0));
	buf_fini(&body);
	stop(&w);
}

static void a_download_arrives_whole_whatever_its_owner_pauses(void **state)
{
	struct buf body = {0};
	struct wire w = {0};
	unsigned seed = 5;

	(void)state;
	start_client(&w, pause_often);
	w.r.arg = &seed;
	w.r.quiet = true;
	w.r.body = &body;
	record_bind(&w.r, h1_client_lend(w.r.client));
	record_ask(&w.r, METHOD_GET, "GET", BODY_NONE, 0);
	record_send_end(&w.r, NULL);
	bench_settle(&w.bench);
	say(&w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	say_chunks(&w, BIG);
	receive_all(&w);
	assert_int_equal(body.len, BIG);
	assert_true(bench_is(buf_bytes(&body), 0));
	buf_fini(&body);
	stop(&w);
}

/* The last byte came, its owner paused: no byte is left to wake anybody. */
static void the_end_comes_when_the_owner_resumes(void **state)
{
	struct wire w = {0};
	unsigned seed = 1;

	(void)state;
	start_client(&w, pause_often);
	w.r.arg = &seed;
	record_bind(&w.r, h1_client_lend(w.r.client));
	record_ask(&w.r, METHOD_GET, "GET", BODY_NONE, 0);
	record_send_end(&w.r, NULL);
	bench_settle(&w.bench);
	say(&w, OK);
	BENCH_UNTIL(&w.bench, w.r.body_bytes);
	if (!w.r.paused)
		record_pause(&w.r);
	bench_settle(&w.bench);
	record_resume(&w.r);
	BENCH_UNTIL(&w.bench, w.r.heard_end);
	stop(&w);
}

/* What is outstanding stays within its bound. */
static void a_slow_reader_holds_back_its_sender(void **state)
{
	static char piece[10000];
	struct wire w = {0};
	size_t sent = 0;
	bool room = true;

	(void)state;
	start_server(&w, give_up);
	w.peer.read_max = 50000;
	say(&w, GET);
	BENCH_UNTIL(&w.bench, w.r.heard_end);
	record_answer_head(&w.r, 200, BODY_LENGTH, BIG);
	while (sent < BIG) {
		size_t len =
			BIG - sent < sizeof(piece) ? BIG - sent : sizeof(piece);

		if (room) {
			bench_fill(piece, len, sent);
			room = record_send_body(&w.r, piece, len);
			sent += len;
		} else {
			assert_true(conn_outstanding(w.r.conn) <
				    STREAM_HIGH + sizeof(piece));
			bench_turn(&w.bench);
			room = !w.r.rooms_due;
		}
		bench_late(&w.bench, "room");
	}
	record_send_end(&w.r, NULL);
	record_close(&w.r, STREAM_DONE);
	BENCH_UNTIL(&w.bench,
		w.peer.got >= BIG + 10 && !conn_outstanding(w.r.conn));
	bench_settle(&w.bench);
	assert_true(bench_is(
		slice_from(buf_bytes(&w.peer.in), w.peer.in.len - BIG), 0));
	stop(&w);
}

/* ---- the client ---- */

static void close_at_end(struct record *r, enum record_event event)
{
	if (event == RECORD_END)
		record_close(r, STREAM_DONE);
	give_up(r, event);
}

static void ask(struct wire *w)
{
	record_forget(&w->r);
	record_bind(&w->r, h1_client_lend(w->r.client));
	record_ask(&w->r, METHOD_GET, "GET", BODY_NONE, 0);
	record_send_end(&w->r, NULL);
	bench_settle(&w->bench);
}

static void a_connection_serves_until_the_origin_ends_it(void **state)
{
	struct wire w = {0};

	(void)state;
	start_client(&w, close_at_end);
	for (size_t i = 0; i < 10; i++) {
		ask(&w);
		say(&w, OK);
		BENCH_UNTIL(&w.bench,
			told(&w, "head 200 length 2; body ok; end; idle"));
	}
	end_side(&w);
	BENCH_UNTIL(&w.bench, !w.r.client);
	assert_told(&w, "head 200 length 2; body ok; end; idle; over done");
	stop(&w);
}

static void an_answer_and_the_end_in_one_read(void **state)
{
	struct wire w = {0};

	(void)state;
	start_client(&w, close_at_end);
	ask(&w);
	say(&w, "HTTP/1.1 200 OK\r\n\r\nhello");
	end_side(&w);
	BENCH_UNTIL(&w.bench, !w.r.client);
	assert_told(&w, "head 200 unknown; body hello; end; over done");
	stop(&w);
}

static void an_origin_that_resets_in_a_body_is_told(void **state)
{
	struct wire w = {0};

	(void)state;
	start_client(&w, close_at_end);
	ask(&w);
	say(&w, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
	BENCH_UNTIL(&w.bench, w.r.body_bytes == 5);
	peer_reset(&w.peer);
	BENCH_UNTIL(&w.bench, !w.r.client);
	assert_told(&w, "head 200 length 9; body hello; fail gone body-cut; "
			"over abort");
	stop(&w);
}

/* The race of keep-alive: the origin closes as we send. */
static void an_origin_that_is_gone_was_reused_and_touched(void **state)
{
	struct wire w = {0};

	(void)state;
	start_client(&w, close_at_end);
	ask(&w);
	say(&w, OK);
	BENCH_UNTIL(&w.bench, !w.r.stream);
	bench_settle(&w.bench);
	ask(&w);
	peer_close(&w.peer);
	BENCH_UNTIL(&w.bench, !w.r.client);
	assert_told(&w, "fail gone head-cut reused; over abort");
	stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipelined_requests_are_answered_in_order),
		cmocka_unit_test(a_client_that_ends_its_side_is_answered),
		cmocka_unit_test(
			the_longest_head_is_taken_and_one_longer_is_refused),
		cmocka_unit_test(
			an_early_answer_reaches_a_client_that_still_sends),
		cmocka_unit_test(a_reset_is_told),
		cmocka_unit_test(a_head_that_does_not_end_is_answered_408),
		cmocka_unit_test(an_idle_connection_ends_cleanly_in_its_time),
		cmocka_unit_test(
			an_upload_arrives_whole_whatever_its_owner_pauses),
		cmocka_unit_test(
			a_download_arrives_whole_whatever_its_owner_pauses),
		cmocka_unit_test(the_end_comes_when_the_owner_resumes),
		cmocka_unit_test(a_slow_reader_holds_back_its_sender),
		cmocka_unit_test(a_connection_serves_until_the_origin_ends_it),
		cmocka_unit_test(an_answer_and_the_end_in_one_read),
		cmocka_unit_test(an_origin_that_resets_in_a_body_is_told),
		cmocka_unit_test(an_origin_that_is_gone_was_reused_and_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
