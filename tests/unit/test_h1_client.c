#include "http/h1_client.h"

#include "base/arena.h"
#include "fake/fake_conn.h"
#include "fake/fake_loop.h"
#include "fake/record_owner.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* An origin, the connection to it, and an owner that writes down. */
struct client {
	struct loop *loop;
	struct conn *conn;
	struct record r;
	struct http_limits limits;
};

static const struct http_limits usual_limits = {
	.header_bytes = 1024,
	.header_count = 8,
	.trailer_bytes = 256,
	.write_ms = 20000,
};

/* Done when it ends, gone when it fails. */
static void close_at_end(struct record *r, enum record_event event)
{
	if (event == RECORD_END)
		record_close(r, STREAM_DONE);
	if (event == RECORD_FAIL)
		record_close(r, STREAM_ABORT);
}

static void give_up(struct record *r, enum record_event event)
{
	if (event == RECORD_FAIL)
		record_close(r, STREAM_ABORT);
}

static void start(struct client *c,
	void (*react)(struct record *r, enum record_event event))
{
	if (!c->limits.header_bytes)
		c->limits = usual_limits;
	c->loop = loop_new();
	c->conn = fake_conn_new(c->loop);
	c->r = (struct record){.conn = c->conn, .react = react};
	c->r.client = h1_client_new(
		c->loop, c->conn, &c->limits, &record_client_events, &c->r);
	assert_non_null(c->r.client);
	fake_loop_turn(c->loop);
}

static void lend(struct client *c)
{
	record_bind(&c->r, h1_client_lend(c->r.client));
}

static void ask(struct client *c, enum method method, const char *name)
{
	lend(c);
	record_ask(&c->r, method, name, BODY_NONE, 0);
	record_send_end(&c->r, NULL);
	fake_loop_turn(c->loop);
	fake_conn_forget(c->conn);
}

static void stop(struct client *c)
{
	if (c->r.client) {
		if (c->r.stream)
			c->r.react = give_up;
		h1_client_free(c->r.client);
		conn_abort(&c->r.conn);
	}
	fake_loop_turn(c->loop);
	assert_int_equal(fake_conn_depth(c->conn) > 1, 0);
	record_fini(&c->r);
	fake_conn_free(c->conn);
	loop_free(c->loop);
}

static void give(struct client *c, const char *text)
{
	fake_conn_give(c->conn, slice_str(text));
}

static void assert_sent(struct client *c, const char *expected)
{
	struct slice sent = fake_conn_sent(c->conn);
	char text[4096];

	assert_true(sent.len < sizeof(text));
	if (sent.len)
		memcpy(text, sent.ptr, sent.len);
	text[sent.len] = '\0';
	assert_string_equal(text, expected);
}

#define assert_told(c, expected) \
	assert_string_equal(record_told(&(c)->r), (expected))

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

struct wire_case {
	const char *name;
	enum method method;
	const char *bytes;
	bool fin; /* the origin ends its side behind them */
	const char *told;
};

static const struct wire_case wire_cases[] = {
	{"a known length", METHOD_GET, OK, false,
		"head 200 length 2; body ok; end; idle"},
	{"a length of 0", METHOD_GET,
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false,
		"head 200 length 0; end; idle"},
	{"chunked", METHOD_GET, CHUNKED "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
		false, "head 200 unknown; body hello!; end; idle"},
	{"trailers", METHOD_GET, CHUNKED "1\r\nx\r\n0\r\nA: b\r\n\r\n", false,
		"head 200 unknown; body x; end A=b; idle"},
	{"up to the end of the connection", METHOD_GET,
		"HTTP/1.1 200 OK\r\n\r\nhello", true,
		"head 200 unknown; body hello; end; over done"},
	{"HTTP/1.0", METHOD_GET,
		"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false,
		"head 200 length 2; body ok; end; over done"},
	{"HTTP/1.0 with keep-alive", METHOD_GET,
		"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
		"Content-Length: 2\r\n\r\nok",
		false, "head 200 length 2; body ok; end; idle"},
	{"Connection: close", METHOD_GET,
		"HTTP/1.1 200 OK\r\nConnection: close\r\n"
		"Content-Length: 2\r\n\r\nok",
		false, "head 200 length 2; body ok; end; over done"},
	{"the end behind an answer", METHOD_GET, OK, true,
		"head 200 length 2; body ok; end; over done"},
	{"HEAD", METHOD_HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
		false, "head 200 none of 7; end; idle"},
	{"204", METHOD_GET, "HTTP/1.1 204 No Content\r\n\r\n", false,
		"head 204 none; end; idle"},
	{"304", METHOD_GET,
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", false,
		"head 304 none of 7; end; idle"},
	{"interim heads", METHOD_GET,
		CONTINUE "HTTP/1.1 102 Processing\r\n\r\n"
			 "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK,
		false,
		"head 100 none; head 102 none; head 103 none; "
		"head 200 length 2; body ok; end; idle"},
	{"sixteen of them", METHOD_GET,
		CONTINUE CONTINUE CONTINUE CONTINUE CONTINUE CONTINUE CONTINUE
			CONTINUE CONTINUE CONTINUE CONTINUE CONTINUE CONTINUE
				CONTINUE CONTINUE CONTINUE CONTINUE,
		false,
		"head 100 none; head 100 none; head 100 none; head 100 none; "
		"head 100 none; head 100 none; head 100 none; head 100 none; "
		"head 100 none; head 100 none; head 100 none; head 100 none; "
		"head 100 none; head 100 none; head 100 none; head 100 none; "
		"fail bad status-code; over abort"},
	{"101 that nobody asked for", METHOD_GET,
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
		"Upgrade: websocket\r\n\r\n",
		false, "fail bad upgrade; over abort"},
	{"bytes behind the answer", METHOD_GET, OK "x", false,
		"head 200 length 2; body ok; end; over abort"},
	{"a second answer", METHOD_GET, OK OK, false,
		"head 200 length 2; body ok; end; over abort"},
	{"garbage", METHOD_GET, "SSH-2.0-OpenSSH_9.2\r\n", false,
		"fail bad status-line; over abort"},
	{"both lengths", METHOD_GET,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		"Transfer-Encoding: chunked\r\n\r\n",
		false, "fail bad length-conflict; over abort"},
	{"a bad chunk", METHOD_GET, CHUNKED "1\r\nxy", false,
		"head 200 unknown; body x; fail bad chunk-end; over abort"},
	{"too many fields", METHOD_GET,
		"HTTP/1.1 200 OK\r\nA: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\n"
		"A: 6\r\nA: 7\r\nA: 8\r\nA: 9\r\n\r\n",
		false, "fail large header-too-many; over abort"},
	{"the end before any byte", METHOD_GET, "", true,
		"fail gone head-cut; over abort"},
	{"the end in the head", METHOD_GET, "HTTP/1.1 200", true,
		"fail gone head-cut; over abort"},
	{"the end behind an interim head", METHOD_GET, CONTINUE, true,
		"head 100 none; fail gone head-cut; over abort"},
	{"the end in a body of known length", METHOD_GET,
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", true,
		"head 200 length 5; body he; fail gone body-cut; over abort"},
	{"the end in a chunked body", METHOD_GET, CHUNKED "1\r\nx\r\n", true,
		"head 200 unknown; body x; fail gone body-cut; over abort"},
	{"the end before the last line of the trailers", METHOD_GET,
		CHUNKED "0\r\n", true,
		"head 200 unknown; fail gone body-cut; over abort"},
};

/* The connection may be idle for a moment before its end is seen. */
static void leave_out_idle(const char *told, char *out, size_t size)
{
	const char *idle = strstr(told, "idle; ");

	if (idle)
		snprintf(out, size, "%.*s%s", (int)(idle - told), told,
			idle + strlen("idle; "));
	else
		snprintf(out, size, "%s", told);
}

static void run_wire_case(const struct wire_case *w, size_t first, size_t piece)
{
	struct client c = {0};
	struct slice rest = slice_str(w->bytes);
	size_t len = first;
	char told[1024];

	start(&c, close_at_end);
	ask(&c, w->method, w->method == METHOD_HEAD ? "HEAD" : "GET");
	while (rest.len && c.r.client) {
		fake_conn_give(c.conn, slice_head(rest, len));
		rest = slice_from(rest, len);
		len = piece;
	}
	if (w->fin && c.r.client)
		fake_conn_fin(c.conn);
	leave_out_idle(record_told(&c.r), told, sizeof(told));
	if (strcmp(told, w->told))
		print_error("%s, cut at %zu\n", w->name, first);
	assert_string_equal(told, w->told);
	stop(&c);
}

/* R8, R17: whatever the pieces in which an answer comes. */
static void an_answer_cut_anywhere_tells_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wire_cases) / sizeof(*wire_cases); i++) {
		const struct wire_case *w = &wire_cases[i];
		const size_t len = strlen(w->bytes);

		for (size_t cut = 0; cut <= len; cut++)
			run_wire_case(w, cut ? cut : len, len + 1);
		run_wire_case(w, 1, 1);
	}
}

/* ---- the contract of a stream (http/stream.h) ---- */

struct closing {
	enum record_event event;
	enum stream_close how;
};

static void close_in(struct record *r, enum record_event event)
{
	const struct closing *closing = r->arg;

	if (event == closing->event)
		record_close(r, closing->how);
}

/* 1, 5: the recorder fails the test when anything is told after close. */
static void nothing_is_told_after_a_close_in_any_event(void **state)
{
	static const struct {
		enum record_event event;
		enum stream_close how;
		const char *told;
	} cases[] = {
		{RECORD_HEAD, STREAM_DONE, "head 200 unknown; over abort"},
		{RECORD_HEAD, STREAM_ABORT, "head 200 unknown; over abort"},
		{RECORD_BODY, STREAM_DONE,
			"head 200 unknown; body a; over abort"},
		{RECORD_BODY, STREAM_ABORT,
			"head 200 unknown; body a; over abort"},
		{RECORD_END, STREAM_DONE,
			"head 200 unknown; body ab; end; idle"},
		{RECORD_END, STREAM_ABORT,
			"head 200 unknown; body ab; end; over abort"},
		{RECORD_FAIL, STREAM_DONE,
			"head 200 unknown; body ab; fail bad chunk-size; "
			"over abort"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct closing closing = {cases[i].event, cases[i].how};
		struct client c = {0};

		start(&c, close_in);
		c.r.arg = &closing;
		ask(&c, METHOD_GET, "GET");
		give(&c, CHUNKED "1\r\na\r\n1\r\nb\r\n");
		if (c.r.client)
			give(&c, closing.event == RECORD_FAIL ? "x"
							      : "0\r\n\r\n");
		assert_told(&c, cases[i].told);
		stop(&c);
	}
}

static void pause_in(struct record *r, enum record_event event)
{
	const enum record_event *when = r->arg;

	if (event == *when && !r->paused)
		record_pause(r);
	give_up(r, event);
}

/* 2, 4 */
static void a_paused_owner_hears_nothing_until_it_resumes(void **state)
{
	static const struct {
		enum record_event event;
		const char *bytes;
		bool fin;
		const char *before;
		const char *after;
	} cases[] = {
		{RECORD_HEAD, CONTINUE OK, false, "head 100 none",
			"; head 200 length 2; body ok; end"},
		{RECORD_HEAD, OK, true, "head 200 length 2", "; body ok; end"},
		{RECORD_BODY, OK, false, "head 200 length 2; body ok", "; end"},
		{RECORD_BODY, CHUNKED "1\r\na\r\n1\r\nb\r\n0\r\n\r\n", false,
			"head 200 unknown; body a", "b; end"},
		{RECORD_BODY, "HTTP/1.1 200 OK\r\n\r\nhello", true,
			"head 200 unknown; body hello", "; end"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		enum record_event event = cases[i].event;
		struct client c = {0};
		char told[200];

		start(&c, pause_in);
		c.r.arg = &event;
		ask(&c, METHOD_GET, "GET");
		give(&c, cases[i].bytes);
		if (cases[i].fin)
			fake_conn_fin(c.conn);
		assert_told(&c, cases[i].before);
		event = RECORD_OVER; /* never */
		record_resume(&c.r);
		fake_loop_turn(c.loop);
		snprintf(told, sizeof(told), "%s%s", cases[i].before,
			cases[i].after);
		assert_told(&c, told);
		stop(&c);
	}
}

static void an_end_told_by_resume_leaves_one_idle_connection(void **state)
{
	enum record_event event = RECORD_BODY;
	struct client c = {0};

	(void)state;
	start(&c, pause_in);
	c.r.arg = &event;
	ask(&c, METHOD_GET, "GET");
	give(&c, OK);
	c.r.react = close_at_end;
	record_resume(&c.r);
	fake_loop_turn(c.loop);
	assert_told(&c, "head 200 length 2; body ok; end; idle");
	stop(&c);
}

/* 2 */
static void the_loss_of_the_connection_is_told_while_paused(void **state)
{
	enum record_event event = RECORD_HEAD;
	struct client c = {0};

	(void)state;
	start(&c, pause_in);
	c.r.arg = &event;
	ask(&c, METHOD_GET, "GET");
	give(&c, CHUNKED);
	fake_conn_die(c.conn, CONN_FAIL_RESET);
	assert_told(&c, "head 200 unknown; fail gone body-cut; over abort");
	stop(&c);
}

static char megabyte[1 << 20];

/* 3 */
static void one_on_room_follows_when_the_queue_is_low_again(void **state)
{
	struct client c = {0};

	(void)state;
	start(&c, give_up);
	fake_conn_take(c.conn, 0);
	lend(&c);
	record_ask(&c.r, METHOD_POST, "POST", BODY_UNKNOWN, 0);
	assert_true(record_send_body(&c.r, megabyte, 60000));
	assert_false(record_send_body(&c.r, megabyte, 10000));
	assert_false(record_send_body(&c.r, megabyte, 1000));
	fake_conn_take(c.conn, 71000 - STREAM_LOW);
	assert_told(&c, "");
	fake_conn_take(c.conn, 1000);
	assert_told(&c, "room");
	fake_conn_take(c.conn, SIZE_MAX);
	assert_told(&c, "room");
	assert_int_equal(c.r.stream->bytes_out, 71000);
	stop(&c);
}

/* R10: without having been asked for, whatever it says. */
static void an_unasked_101_is_refused(void **state)
{
	struct client c = {0};

	(void)state;
	start(&c, give_up);
	ask(&c, METHOD_GET, "GET");
	give(&c, "HTTP/1.1 101 Switching Protocols\r\n"
		 "Connection: upgrade\r\nUpgrade: x\r\n\r\n");
	assert_told(&c, "fail bad upgrade; over abort");
	stop(&c);
}

/* ---- what is written ---- */

static void a_request_is_framed_by_what_is_known(void **state)
{
	static const struct {
		enum body_kind body;
		uint64_t len;
		const char *content;
		const char *sent;
	} cases[] = {
		{BODY_NONE, 0, "", "\r\n"},
		{BODY_LENGTH, 0, "", "Content-Length: 0\r\n\r\n"},
		{BODY_LENGTH, 5, "hello", "Content-Length: 5\r\n\r\nhello"},
		{BODY_UNKNOWN, 0, "hello",
			"Transfer-Encoding: chunked\r\n\r\n"
			"5\r\nhello\r\n0\r\n\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct client c = {0};
		char sent[200];

		start(&c, close_at_end);
		lend(&c);
		record_ask(
			&c.r, METHOD_PUT, "PUT", cases[i].body, cases[i].len);
		record_send_body(
			&c.r, cases[i].content, strlen(cases[i].content));
		record_send_end(&c.r, NULL);
		fake_loop_turn(c.loop);
		snprintf(sent, sizeof(sent),
			"PUT / HTTP/1.1\r\nHost: origin.test\r\n%s",
			cases[i].sent);
		assert_sent(&c, sent);
		give(&c, OK);
		assert_told(&c, "head 200 length 2; body ok; end; idle");
		stop(&c);
	}
}

/* R9, R23 */
static void a_request_that_cannot_be_written_fails(void **state)
{
	static const struct {
		bool out_of_memory;
		const char *told;
	} cases[] = {
		{false, "fail bad field-value untouched; over abort"},
		{true, "fail large no-memory untouched; over abort"},
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct client c = {0};

		start(&c, give_up);
		fake_conn_out_of_memory(c.conn, cases[i].out_of_memory);
		lend(&c);
		record_ask(&c.r, METHOD_OTHER, "GE T", BODY_UNKNOWN, 0);
		assert_true(record_send_body(&c.r, "x", 1));
		record_send_end(&c.r, NULL);
		fake_loop_turn(c.loop);
		assert_told(&c, cases[i].told);
		assert_sent(&c, "");
		stop(&c);
	}
}

/* ---- one exchange after the other ---- */

static void many_exchanges_use_one_connection(void **state)
{
	struct client c = {0};

	(void)state;
	start(&c, close_at_end);
	for (size_t i = 0; i < 100; i++) {
		ask(&c, METHOD_GET, "GET");
		record_forget(&c.r);
		give(&c, i % 2 ? OK : CHUNKED "2\r\nok\r\n0\r\n\r\n");
		assert_int_equal(h1_client_served(c.r.client), i + 1);
	}
	assert_told(&c, "head 200 length 2; body ok; end; idle");
	assert_int_equal(fake_loop_timer_work(c.loop), 0);
	stop(&c);
}

/* What comes or ends before the owner closes: not used again. */
static void a_connection_in_doubt_is_over(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct client c = {0};

		start(&c, NULL);
		ask(&c, METHOD_GET, "GET");
		give(&c, OK);
		if (i)
			fake_conn_fin(c.conn);
		else
			give(&c, "x");
		assert_told(&c, "head 200 length 2; body ok; end");
		record_close(&c.r, STREAM_DONE);
		fake_loop_turn(c.loop);
		assert_told(&c, "head 200 length 2; body ok; end; over done");
		stop(&c);
	}
}

static void interim_heads_are_counted_for_each_exchange(void **state)
{
	struct client c = {0};

	(void)state;
	start(&c, close_at_end);
	for (size_t i = 0; i < 2; i++) {
		ask(&c, METHOD_GET, "GET");
		for (size_t n = 0; n < 16; n++)
			give(&c, CONTINUE);
		record_forget(&c.r);
		give(&c, OK);
		assert_told(&c, "head 200 length 2; body ok; end; idle");
	}
	stop(&c);
}

static void lend_again(struct record *r, enum record_event event)
{
	struct client *c = r->arg;

	close_at_end(r, event);
	if (event == RECORD_IDLE && h1_client_served(r->client) < 3) {
		lend(c);
		record_ask(r, METHOD_GET, "GET", BODY_NONE, 0);
		record_send_end(r, NULL);
	}
}

static void a_connection_may_be_lent_inside_on_idle(void **state)
{
	struct client c = {0};

	(void)state;
	start(&c, lend_again);
	c.r.arg = &c;
	ask(&c, METHOD_GET, "GET");
	give(&c, OK);
	give(&c, OK);
	give(&c, OK);
	assert_int_equal(h1_client_served(c.r.client), 3);
	stop(&c);
}

static void an_idle_connection_that_speaks_or_ends_is_over(void **state)
{
	struct client a = {0}, b = {0}, d = {0};

	(void)state;
	start(&a, close_at_end);
	give(&a, "HTTP/1.1 408 Request Timeout\r\n\r\n");
	assert_told(&a, "over abort");
	stop(&a);
	start(&b, close_at_end);
	fake_conn_fin(b.conn);
	assert_told(&b, "over done");
	assert_int_equal(fake_conn_end(b.conn), FAKE_CONN_FINISHED);
	stop(&b);
	start(&d, close_at_end);
	fake_conn_die(d.conn, CONN_FAIL_RESET);
	assert_told(&d, "over abort");
	assert_int_equal(fake_conn_end(d.conn), FAKE_CONN_ABORTED);
	stop(&d);
}

static void a_stream_given_back_unused_changes_nothing(void **state)
{
	static const enum stream_close how[] = {STREAM_DONE, STREAM_ABORT};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct client c = {0};

		start(&c, close_at_end);
		lend(&c);
		record_pause(&c.r);
		record_close(&c.r, how[i]);
		fake_loop_turn(c.loop);
		assert_told(&c, "idle");
		assert_int_equal(h1_client_served(c.r.client), 0);
		ask(&c, METHOD_GET, "GET");
		give(&c, OK);
		assert_told(&c, "idle; head 200 length 2; body ok; end; idle");
		stop(&c);
	}
}

static void the_end_is_told_once_though_its_owner_waits(void **state)
{
	struct client c = {0};

	(void)state;
	start(&c, close_at_end);
	c.r.keeps = true;
	fake_conn_fin(c.conn);
	fake_loop_turn(c.loop);
	assert_told(&c, "over done");
	stop(&c);
}

/* An answer that came before its request is none (response splitting). */
static void bytes_before_the_request_are_no_answer(void **state)
{
	struct client c = {0};

	(void)state;
	start(&c, give_up);
	lend(&c);
	give(&c, OK);
	assert_told(&c, "fail gone unexpected-bytes untouched; over abort");
	stop(&c);
}

/* The same when they were held back by a paused owner. */
static void bytes_behind_a_paused_answer_are_no_answer(void **state)
{
	enum record_event event = RECORD_BODY;
	struct client c = {0};

	(void)state;
	start(&c, pause_in);
	c.r.arg = &event;
	ask(&c, METHOD_GET, "GET");
	give(&c, OK OK);
	assert_told(&c, "head 200 length 2; body ok");
	record_close(&c.r, STREAM_DONE);
	fake_loop_turn(c.loop);
	assert_told(&c, "head 200 length 2; body ok; over abort");
	stop(&c);
}

/* ---- what a failure says about a repetition ---- */

static void a_loss_before_the_answer_tells_what_was_touched(void **state)
{
	static const struct {
		bool reused;
		size_t taken;
		bool fin;
		const char *told;
	} cases[] = {
		{false, 0, false, "fail gone head-cut untouched; over abort"},
		{false, 1, false, "fail gone head-cut; over abort"},
		{true, 0, false,
			"fail gone head-cut untouched reused; over abort"},
		{true, 1, false, "fail gone head-cut reused; over abort"},
		{true, 0, true,
			"fail gone head-cut untouched reused; over abort"},
		{true, 1, true, "fail gone head-cut reused; over abort"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct client c = {0};

		start(&c, close_at_end);
		if (cases[i].reused) {
			ask(&c, METHOD_GET, "GET");
			give(&c, OK);
			record_forget(&c.r);
		}
		fake_conn_take(c.conn, cases[i].taken);
		ask(&c, METHOD_GET, "GET");
		if (cases[i].fin)
			fake_conn_fin(c.conn);
		else
			fake_conn_die(c.conn, CONN_FAIL_RESET);
		assert_told(&c, cases[i].told);
		stop(&c);
	}
}

static void an_answer_that_began_was_touched(void **state)
{
	struct client c = {0};

	(void)state;
	start(&c, close_at_end);
	fake_conn_take(c.conn, 0);
	ask(&c, METHOD_GET, "GET");
	give(&c, "HTTP/1.1 4");
	fake_conn_fin(c.conn);
	assert_told(&c, "fail gone head-cut; over abort");
	stop(&c);
}

/* ---- an answer before the end of the request ---- */

static void an_early_answer_is_told_while_the_request_goes_on(void **state)
{
	struct client c = {0};

	(void)state;
	start(&c, give_up);
	lend(&c);
	record_ask(&c.r, METHOD_POST, "POST", BODY_LENGTH, 10);
	record_send_body(&c.r, "hello", 5);
	give(&c, OK);
	assert_told(&c, "head 200 length 2; body ok; end");
	record_send_body(&c.r, "world", 5);
	record_send_end(&c.r, NULL);
	record_close(&c.r, STREAM_DONE);
	fake_loop_turn(c.loop);
	assert_told(&c, "head 200 length 2; body ok; end; idle");
	stop(&c);
}

static void a_request_given_up_leaves_no_connection(void **state)
{
	static const enum body_kind bodies[] = {BODY_LENGTH, BODY_UNKNOWN};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct client c = {0};

		start(&c, close_at_end);
		lend(&c);
		record_ask(&c.r, METHOD_POST, "POST", bodies[i], 10);
		record_send_body(&c.r, "hello", 5);
		give(&c, OK);
		assert_told(&c, "head 200 length 2; body ok; end; over abort");
		assert_int_equal(fake_conn_end(c.conn), FAKE_CONN_ABORTED);
		stop(&c);
	}
}

static void an_origin_that_answers_and_goes_fails_the_upload(void **state)
{
	struct client c = {0};

	(void)state;
	start(&c, give_up);
	lend(&c);
	record_ask(&c.r, METHOD_POST, "POST", BODY_LENGTH, 10);
	give(&c, OK);
	fake_conn_die(c.conn, CONN_FAIL_RESET);
	assert_told(&c,
		"head 200 length 2; body ok; end; fail gone none; over abort");
	stop(&c);
}

static void a_complete_exchange_does_not_mind_the_loss(void **state)
{
	struct client c = {0};

	(void)state;
	start(&c, NULL);
	ask(&c, METHOD_GET, "GET");
	give(&c, OK);
	fake_conn_die(c.conn, CONN_FAIL_RESET);
	assert_told(&c, "head 200 length 2; body ok; end");
	record_close(&c.r, STREAM_DONE);
	fake_loop_turn(c.loop);
	assert_told(&c, "head 200 length 2; body ok; end; over done");
	stop(&c);
}

/* ---- time (R18) ---- */

static void an_origin_that_does_not_read_is_given_up(void **state)
{
	struct client c = {0};

	(void)state;
	start(&c, give_up);
	fake_conn_take(c.conn, 0);
	lend(&c);
	record_ask(&c.r, METHOD_POST, "POST", BODY_UNKNOWN, 0);
	assert_false(record_send_body(&c.r, megabyte, 70000));
	fake_loop_advance(c.loop, 19999);
	fake_conn_take(c.conn, 1);
	fake_loop_advance(c.loop, 19999);
	assert_told(&c, "");
	fake_loop_advance(c.loop, 1);
	assert_told(&c, "fail gone write-timeout; over abort");
	stop(&c);
}

/* R23 */
static void without_memory_for_a_timer_the_exchange_fails(void **state)
{
	struct client c = {0};

	(void)state;
	start(&c, give_up);
	fake_conn_take(c.conn, 0);
	fake_loop_fail_timers(c.loop, 1);
	lend(&c);
	record_ask(&c.r, METHOD_POST, "POST", BODY_UNKNOWN, 0);
	assert_false(record_send_body(&c.r, megabyte, 70000));
	fake_loop_turn(c.loop);
	assert_told(&c, "fail large no-memory untouched; over abort");
	stop(&c);
}

/* ---- life and death ---- */

static void free_in(struct record *r, enum record_event event)
{
	const enum record_event *when = r->arg;
	struct h1_client *client = r->client;

	if (event != *when || !client) {
		give_up(r, event);
		return;
	}
	r->client = NULL;
	h1_client_free(client);
	conn_abort(&r->conn);
}

static void a_client_may_be_freed_in_any_event(void **state)
{
	static const enum record_event events[] = {
		RECORD_HEAD, RECORD_BODY, RECORD_END};

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		enum record_event event = events[i];
		struct client c = {0};
		const char *told;

		start(&c, free_in);
		c.r.arg = &event;
		ask(&c, METHOD_GET, "GET");
		give(&c, CONTINUE OK);
		told = record_told(&c.r);
		assert_string_equal(told + strlen(told) - 14, "fail gone none");
		stop(&c);
	}
}

static void a_client_may_be_freed_at_any_time(void **state)
{
	static const char *const bytes[] = {
		"", "H", CONTINUE, CHUNKED "1\r\nx", OK};

	(void)state;
	for (size_t i = 0; i < sizeof(bytes) / sizeof(*bytes); i++) {
		struct client c = {0};

		start(&c, give_up);
		ask(&c, METHOD_GET, "GET");
		give(&c, bytes[i]);
		stop(&c);
	}
	h1_client_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_cut_anywhere_tells_the_same),
		cmocka_unit_test(nothing_is_told_after_a_close_in_any_event),
		cmocka_unit_test(a_paused_owner_hears_nothing_until_it_resumes),
		cmocka_unit_test(
			an_end_told_by_resume_leaves_one_idle_connection),
		cmocka_unit_test(
			the_loss_of_the_connection_is_told_while_paused),
		cmocka_unit_test(
			one_on_room_follows_when_the_queue_is_low_again),
		cmocka_unit_test(an_unasked_101_is_refused),
		cmocka_unit_test(a_request_is_framed_by_what_is_known),
		cmocka_unit_test(a_request_that_cannot_be_written_fails),
		cmocka_unit_test(many_exchanges_use_one_connection),
		cmocka_unit_test(a_connection_in_doubt_is_over),
		cmocka_unit_test(interim_heads_are_counted_for_each_exchange),
		cmocka_unit_test(a_connection_may_be_lent_inside_on_idle),
		cmocka_unit_test(
			an_idle_connection_that_speaks_or_ends_is_over),
		cmocka_unit_test(a_stream_given_back_unused_changes_nothing),
		cmocka_unit_test(the_end_is_told_once_though_its_owner_waits),
		cmocka_unit_test(bytes_before_the_request_are_no_answer),
		cmocka_unit_test(bytes_behind_a_paused_answer_are_no_answer),
		cmocka_unit_test(
			a_loss_before_the_answer_tells_what_was_touched),
		cmocka_unit_test(an_answer_that_began_was_touched),
		cmocka_unit_test(
			an_early_answer_is_told_while_the_request_goes_on),
		cmocka_unit_test(a_request_given_up_leaves_no_connection),
		cmocka_unit_test(
			an_origin_that_answers_and_goes_fails_the_upload),
		cmocka_unit_test(a_complete_exchange_does_not_mind_the_loss),
		cmocka_unit_test(an_origin_that_does_not_read_is_given_up),
		cmocka_unit_test(without_memory_for_a_timer_the_exchange_fails),
		cmocka_unit_test(a_client_may_be_freed_in_any_event),
		cmocka_unit_test(a_client_may_be_freed_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
