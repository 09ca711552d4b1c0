#include "http/h1_server.h"

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

/* A client, its session, and an owner that writes down what is told. */
struct server {
	struct loop *loop;
	struct conn *conn;
	struct record r;
	struct http_limits limits;
};

enum { TUNNEL_GRACE_MS = 700 };

static const struct http_limits usual_limits = {
	.header_bytes = 1024,
	.header_count = 16,
	.request_line = 256,
	.body = 100000,
	.body_min_rate = 0,
	.trailer_bytes = 256,
	.pipelined = 16,
	.requests = 1000,
	.header_ms = 10000,
	.body_ms = 30000,
	.write_ms = 20000,
	.keepalive_ms = 60000,
	.first_ms = 5000,
	.tunnel_grace_ms = TUNNEL_GRACE_MS,
};

/* Answers what can be answered, gives up what cannot. */
static void serve(struct record *r, enum record_event event)
{
	unsigned status = r->failure.status;

	if (event == RECORD_END)
		record_answer(r, 200, "ok");
	if (event != RECORD_FAIL)
		return;
	if (!status)
		status = http_rule_info(r->failure.rule)->status;
	if (stream_answerable(&r->failure))
		record_answer(r, status, "");
	else
		record_close(r, STREAM_ABORT);
}

/* Closes when there is no hope, and leaves the rest to the test. */
static void give_up(struct record *r, enum record_event event)
{
	if (event == RECORD_FAIL)
		record_close(r, STREAM_ABORT);
}

static void start(struct server *s,
	void (*react)(struct record *r, enum record_event event))
{
	if (!s->limits.header_bytes)
		s->limits = usual_limits;
	s->loop = loop_new();
	s->conn = fake_conn_new(s->loop);
	s->r = (struct record){.conn = s->conn, .react = react};
	s->r.session = h1_server_new(
		s->loop, s->conn, &s->limits, &record_session_events, &s->r);
	assert_non_null(s->r.session);
	fake_loop_turn(s->loop);
}

static void stop(struct server *s)
{
	if (s->r.session) {
		if (s->r.stream)
			s->r.react = give_up;
		s->r.session->ops->destroy(s->r.session);
		conn_abort(&s->r.conn);
	}
	fake_loop_turn(s->loop);
	assert_int_equal(fake_conn_depth(s->conn) > 1, 0);
	record_fini(&s->r);
	fake_conn_free(s->conn);
	loop_free(s->loop);
}

static void give(struct server *s, const char *text)
{
	fake_conn_give(s->conn, slice_str(text));
}

static void assert_sent(struct server *s, const char *expected)
{
	struct slice sent = fake_conn_sent(s->conn);
	char text[4096];

	assert_true(sent.len < sizeof(text));
	if (sent.len)
		memcpy(text, sent.ptr, sent.len);
	text[sent.len] = '\0';
	assert_string_equal(text, expected);
}

#define assert_told(s, expected) \
	assert_string_equal(record_told(&(s)->r), (expected))

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define OK_CLOSE                                   \
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" \
	"Connection: close\r\n\r\nok"
#define REFUSED(line)                                \
	"HTTP/1.1 " line "\r\nContent-Length: 0\r\n" \
	"Connection: close\r\n\r\n"
#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

struct wire_case {
	const char *name;
	const char *bytes;
	bool fin; /* the client ends its side behind them */
	const char *told;
	const char *sent;
};

static const struct wire_case wire_cases[] = {
	{"one request", GET, false, "stream; head GET / none; end", OK},
	{"an empty line before it", "\r\n" GET, false,
		"stream; head GET / none; end", OK},
	{"a body of known length",
		"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
		false, "stream; head POST /x length 5; body hello; end", OK},
	{"a body of length 0",
		"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
		false, "stream; head POST /x length 0; end", OK},
	{"a chunked body",
		"POST /x HTTP/1.1\r\nHost: a\r\n"
		"Transfer-Encoding: chunked\r\n\r\n"
		"5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n",
		false, "stream; head POST /x unknown; body hello!; end", OK},
	{"trailers",
		"POST /x HTTP/1.1\r\nHost: a\r\n"
		"Transfer-Encoding: chunked\r\n\r\n"
		"5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n",
		false, "stream; head POST /x unknown; body hello; end A=b C=d",
		OK},
	{"Connection: close",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false,
		"stream; head GET / none; end; finished done none", OK_CLOSE},
	{"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", false,
		"stream; head GET / none; end; finished done none", OK_CLOSE},
	{"HTTP/1.0 with keep-alive",
		"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false,
		"stream; head GET / none; end",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		"Connection: keep-alive\r\n\r\nok"},
	{"pipelined requests in their order",
		"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
		"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
		"GET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
		false,
		"stream; head GET /1 none; end; "
		"stream; head POST /2 length 2; body ab; end; "
		"stream; head GET /3 none; end",
		OK OK OK},
	{"a client that ends its side behind a request is answered", GET, true,
		"stream; head GET / none; end; finished done none", OK},
	{"the end without a request", "", true, "finished done none", ""},
	{"the end behind an empty line", "\r\n", true, "finished done none",
		""},
	{"the end in a head", "GET / HTTP/1.1\r\nHo", true,
		"stream; fail bad head-cut; finished done head-cut",
		REFUSED("400 Bad Request")},
	{"the end in a body of known length",
		"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe",
		true,
		"stream; head POST /x length 5; body he; fail bad body-cut; "
		"finished done body-cut",
		REFUSED("400 Bad Request")},
	{"the end in a chunked body",
		"POST /x HTTP/1.1\r\nHost: a\r\n"
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
		true,
		"stream; head POST /x unknown; body hello; "
		"fail bad body-cut; finished done body-cut",
		REFUSED("400 Bad Request")},
	{"a bad head, and what follows is not looked at",
		"GET / HTTP/1.1\r\nHost : a\r\n\r\n" GET, false,
		"stream; fail bad field-colon; finished done field-colon",
		REFUSED("400 Bad Request")},
	{"a request without Host", "GET / HTTP/1.1\r\n\r\n", false,
		"stream; fail bad host-missing; finished done host-missing",
		REFUSED("400 Bad Request")},
	{"a Content-Length over the limit, before its head is told",
		"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n"
		"\r\n",
		false,
		"stream; fail large body-too-large; "
		"finished done body-too-large",
		REFUSED("413 Content Too Large")},
	{"a chunk over the limit, as soon as its size is known",
		"POST /x HTTP/1.1\r\nHost: a\r\n"
		"Transfer-Encoding: chunked\r\n\r\n"
		"5\r\nhello\r\n1869c\r\n",
		false,
		"stream; head POST /x unknown; body hello; "
		"fail large body-too-large; finished done body-too-large",
		REFUSED("413 Content Too Large")},
	{"a bad chunk size",
		"POST /x HTTP/1.1\r\nHost: a\r\n"
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n",
		false,
		"stream; head POST /x unknown; body hello; "
		"fail bad chunk-size; finished done chunk-size",
		REFUSED("400 Bad Request")},
	{"a framing field among the trailers",
		"POST /x HTTP/1.1\r\nHost: a\r\n"
		"Transfer-Encoding: chunked\r\n\r\n"
		"0\r\nContent-Length: 5\r\n\r\n",
		false,
		"stream; head POST /x unknown; fail bad trailer; "
		"finished done trailer",
		REFUSED("400 Bad Request")},
};

static void run_wire_case(const struct wire_case *c, size_t first, size_t piece)
{
	struct server s = {0};
	struct slice rest = slice_str(c->bytes);
	size_t len = first;

	start(&s, serve);
	while (rest.len && s.r.session) {
		fake_conn_give(s.conn, slice_head(rest, len));
		rest = slice_from(rest, len);
		len = piece;
	}
	if (c->fin && s.r.session)
		fake_conn_fin(s.conn);
	if (strcmp(record_told(&s.r), c->told))
		print_error("%s, cut at %zu\n", c->name, first);
	assert_told(&s, c->told);
	assert_sent(&s, c->sent);
	stop(&s);
}

/*
 * R8, R17: whatever the pieces in which a message comes, the same is told
 * and the same is answered.
 */
static void a_message_cut_anywhere_tells_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wire_cases) / sizeof(*wire_cases); i++) {
		const struct wire_case *c = &wire_cases[i];
		const size_t len = strlen(c->bytes);

		for (size_t cut = 0; cut <= len; cut++)
			run_wire_case(c, cut ? cut : len, len + 1);
		run_wire_case(c, 1, 1);
	}
}

/* ---- the contract of a stream (http/stream.h) ---- */

#define POST5 "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
#define CHUNKED                          \
	"POST / HTTP/1.1\r\nHost: a\r\n" \
	"Transfer-Encoding: chunked\r\n\r\n"

/* Closes in one kind of event; arg points to it. */
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
		const char *told;
	} cases[] = {
		{RECORD_STREAM, "stream; finished abort none"},
		{RECORD_HEAD,
			"stream; head POST / unknown; finished abort none"},
		{RECORD_BODY, "stream; head POST / unknown; body a; "
			      "finished abort none"},
		{RECORD_END, "stream; head POST / unknown; body ab; end; "
			     "finished abort none"},
		{RECORD_FAIL, "stream; head POST / unknown; body ab; "
			      "fail bad chunk-size; finished abort chunk-size"},
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(*cases); i++) {
		struct closing closing = {
			cases[i / 2].event, i % 2 ? STREAM_DONE : STREAM_ABORT};
		struct server s = {0};

		start(&s, close_in);
		s.r.arg = &closing;
		give(&s, CHUNKED "1\r\na\r\n1\r\nb\r\n");
		if (s.conn && s.r.session)
			give(&s, closing.event == RECORD_FAIL ? "x" GET
							      : "0\r\n\r\n");
		assert_told(&s, cases[i / 2].told);
		assert_int_equal(fake_conn_end(s.conn), FAKE_CONN_ABORTED);
		assert_sent(&s, "");
		stop(&s);
	}
}

/* Pauses in one kind of event; arg points to it. */
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
		const char *before;
		const char *after;
	} cases[] = {
		{RECORD_STREAM, GET, "stream", "; head GET / none; end"},
		{RECORD_HEAD, GET, "stream; head GET / none", "; end"},
		{RECORD_HEAD, POST5 "hello", "stream; head POST / length 5",
			"; body hello; end"},
		{RECORD_BODY, POST5 "hello",
			"stream; head POST / length 5; body hello", "; end"},
		{RECORD_BODY, CHUNKED "1\r\na\r\n1\r\nb\r\n0\r\n\r\n",
			"stream; head POST / unknown; body a", "b; end"},
	};

	(void)state;
	for (size_t n = 0; n < 2 * sizeof(cases) / sizeof(*cases); n++) {
		const size_t i = n / 2;
		const bool more = n % 2; /* the next request comes meanwhile */
		enum record_event event = cases[i].event;
		struct server s = {0};
		char told[200];

		start(&s, pause_in);
		s.r.arg = &event;
		give(&s, cases[i].bytes);
		assert_told(&s, cases[i].before);
		fake_loop_advance(s.loop, 3600000);
		if (more)
			give(&s, GET);
		assert_told(&s, cases[i].before);
		event = RECORD_OVER; /* never */
		record_resume(&s.r);
		fake_loop_turn(s.loop);
		snprintf(told, sizeof(told), "%s%s", cases[i].before,
			cases[i].after);
		fake_loop_advance(s.loop, 1);
		assert_told(&s, told);
		stop(&s);
	}
}

/* 2 */
static void the_loss_of_the_connection_is_told_while_paused(void **state)
{
	enum record_event event = RECORD_HEAD;
	struct server s = {0};

	(void)state;
	start(&s, pause_in);
	s.r.arg = &event;
	give(&s, POST5 "he");
	fake_conn_die(s.conn, CONN_FAIL_RESET);
	assert_told(&s, "stream; head POST / length 5; fail gone body-cut; "
			"finished abort body-cut");
	stop(&s);
}

static char megabyte[1 << 20];

/* 3 */
static void one_on_room_follows_when_the_queue_is_low_again(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, give_up);
	fake_conn_take(s.conn, 0);
	give(&s, GET);
	record_forget(&s.r);
	record_answer_head(&s.r, 200, BODY_LENGTH, sizeof(megabyte));
	assert_true(record_send_body(&s.r, megabyte, 60000));
	assert_false(record_send_body(&s.r, megabyte, 10000));
	assert_false(record_send_body(&s.r, megabyte, 1000));
	fake_conn_take(s.conn, 71000 - STREAM_LOW);
	assert_told(&s, "");
	fake_conn_take(s.conn, 1000);
	assert_told(&s, "room");
	assert_true(record_send_body(&s.r, megabyte, 0));
	fake_conn_take(s.conn, SIZE_MAX);
	assert_told(&s, "room");
	assert_int_equal(s.r.stream->bytes_out, 71000);
	stop(&s);
}

#define ASK_TUNNEL                                                           \
	"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n" \
	"\r\n"

#define TUNNELLED "stream; head GET / none; end"

/* 6, R10: what comes early is held, then all bytes pass as they are. */
static void a_tunnel_begins_behind_its_101(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, ASK_TUNNEL "early");
	assert_told(&s, TUNNELLED);
	assert_int_equal(fake_conn_waiting(s.conn), 5);
	record_answer_head(&s.r, 101, BODY_NONE, 0);
	record_tunnel(&s.r);
	assert_told(&s, TUNNELLED);
	fake_loop_turn(s.loop);
	assert_told(&s, TUNNELLED "; body early");
	give(&s, "GET / HTTP/1.1\r\n\r\n");
	assert_told(&s, TUNNELLED "; body earlyGET / HTTP/1.1\r\n\r\n");
	fake_conn_fin(s.conn);
	assert_told(&s, TUNNELLED "; body earlyGET / HTTP/1.1\r\n\r\n; end");
	record_send_body(&s.r, "late", 4);
	record_send_end(&s.r, NULL);
	record_close(&s.r, STREAM_DONE);
	fake_loop_turn(s.loop);
	assert_told(&s, TUNNELLED
		"; body earlyGET / HTTP/1.1\r\n\r\n; end; finished done none");
	assert_sent(&s, "HTTP/1.1 101 Switching Protocols\r\n\r\nlate");
	stop(&s);
}

/* The client ended its side before the 101 came. */
static void a_tunnel_may_begin_half_closed(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, ASK_TUNNEL);
	fake_conn_fin(s.conn);
	assert_told(&s, TUNNELLED);
	record_answer_head(&s.r, 101, BODY_NONE, 0);
	record_tunnel(&s.r);
	fake_loop_turn(s.loop);
	assert_told(&s, TUNNELLED "; end");
	record_close(&s.r, STREAM_ABORT);
	fake_loop_turn(s.loop);
	assert_told(&s, TUNNELLED "; end; finished abort none");
	stop(&s);
}

/* R13: a session that drains lets it run for tunnel_grace_ms. */
static void a_tunnel_has_a_grace_when_its_session_drains(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, ASK_TUNNEL);
	record_answer_head(&s.r, 101, BODY_NONE, 0);
	record_tunnel(&s.r);
	fake_loop_advance(s.loop, 1000000); /* no other deadline holds */
	assert_told(&s, TUNNELLED);
	s.r.session->ops->drain(s.r.session, 0);
	fake_loop_advance(s.loop, TUNNEL_GRACE_MS - 1);
	s.r.session->ops->drain(s.r.session, 0); /* no more time by that */
	give(&s, "x");
	assert_told(&s, TUNNELLED "; body x");
	fake_loop_advance(s.loop, 1);
	assert_told(&s, TUNNELLED "; body x; fail timeout none");
	record_send_end(&s.r, NULL);
	record_close(&s.r, STREAM_DONE);
	fake_loop_turn(s.loop);
	assert_told(&s,
		TUNNELLED "; body x; fail timeout none; finished done none");
	stop(&s);
}

static void an_unbound_stream_is_answered_503_and_closed(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	s.r.refuses = true;
	give(&s, GET GET);
	assert_told(&s, "stream; finished done no-memory");
	assert_sent(&s, REFUSED("503 Service Unavailable"));
	assert_int_equal(fake_conn_end(s.conn), FAKE_CONN_FINISHED);
	stop(&s);
}

/* ---- what is written ---- */

struct answer_case {
	const char *name;
	const char *request;
	unsigned status;
	enum body_kind body;
	const char *content;
	const char *sent;
	enum fake_end end;
};

#define H11 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define H10 "GET / HTTP/1.0\r\nHost: a\r\n\r\n"
#define H10K "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
#define HEAD11 "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"

static const struct answer_case answer_cases[] = {
	{"a known length", H11, 200, BODY_LENGTH, "hello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		FAKE_CONN_OPEN},
	{"no body is a length of 0", H11, 200, BODY_NONE, "",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", FAKE_CONN_OPEN},
	{"an unknown length is chunked", H11, 200, BODY_UNKNOWN, "hello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"5\r\nhello\r\n0\r\n\r\n",
		FAKE_CONN_OPEN},
	{"an unknown length of nothing", H11, 200, BODY_UNKNOWN, "",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"0\r\n\r\n",
		FAKE_CONN_OPEN},
	{"to HTTP/1.0 an unknown length ends with the connection", H10K, 200,
		BODY_UNKNOWN, "hello",
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
		FAKE_CONN_FINISHED},
	{"to HTTP/1.0 a known length may keep it", H10K, 200, BODY_LENGTH,
		"hello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
		"Connection: keep-alive\r\n\r\nhello",
		FAKE_CONN_OPEN},
	{"HTTP/1.0 alone closes", H10, 200, BODY_LENGTH, "hello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
		"Connection: close\r\n\r\nhello",
		FAKE_CONN_FINISHED},
	{"HEAD has the length and no body", HEAD11, 200, BODY_LENGTH, "hello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", FAKE_CONN_OPEN},
	{"HEAD of an unknown length", HEAD11, 200, BODY_UNKNOWN, "hello",
		"HTTP/1.1 200 OK\r\n\r\n", FAKE_CONN_OPEN},
	{"304 has the length and no body", H11, 304, BODY_LENGTH, "hello",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
		FAKE_CONN_OPEN},
	{"204 has neither", H11, 204, BODY_LENGTH, "hello",
		"HTTP/1.1 204 No Content\r\n\r\n", FAKE_CONN_OPEN},
};

static void an_answer_is_framed_for_its_client(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answer_cases) / sizeof(*answer_cases);
		i++) {
		const struct answer_case *c = &answer_cases[i];
		const size_t len = strlen(c->content);
		struct server s = {0};

		start(&s, NULL);
		give(&s, c->request);
		record_answer_head(&s.r, c->status, c->body,
			c->body == BODY_LENGTH ? len : 0);
		assert_true(record_send_body(&s.r, c->content, 0));
		assert_true(record_send_body(&s.r, c->content, len));
		record_send_end(&s.r, NULL);
		record_close(&s.r, STREAM_DONE);
		fake_loop_turn(s.loop);
		assert_sent(&s, c->sent);
		assert_int_equal(fake_conn_end(s.conn), c->end);
		stop(&s);
	}
}

static void a_length_stated_without_a_body_is_kept(void **state)
{
	struct message head = {.kind = MESSAGE_RESPONSE,
		.status = 304,
		.reason = SLICE("Not Modified"),
		.stated_len = 77};
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, GET);
	record_send_head(&s.r, &head);
	record_send_end(&s.r, NULL);
	record_close(&s.r, STREAM_DONE);
	fake_loop_turn(s.loop);
	assert_sent(
		&s, "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n");
	stop(&s);
}

static void trailers_follow_a_chunked_answer(void **state)
{
	struct header_field field = {SLICE("Digest"), SLICE("x")};
	struct header_block trailers = {.fields = &field, .count = 1};
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, GET);
	record_answer_head(&s.r, 200, BODY_UNKNOWN, 0);
	record_send_body(&s.r, "hello", 5);
	record_send_end(&s.r, &trailers);
	record_close(&s.r, STREAM_DONE);
	fake_loop_turn(s.loop);
	assert_sent(&s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			"5\r\nhello\r\n0\r\nDigest: x\r\n\r\n");
	assert_int_equal(fake_conn_end(s.conn), FAKE_CONN_OPEN);
	stop(&s);
}

/* 5: an incomplete message must be seen as such. */
static void an_answer_that_is_not_complete_aborts(void **state)
{
	static const struct {
		enum body_kind body;
		size_t len;
		bool ended;
		const char *sent;
	} cases[] = {
		{BODY_LENGTH, 5, true, "abc"},
		{BODY_LENGTH, 2, true, "ab"}, /* longer than it said */
		{BODY_UNKNOWN, 0, false, "3\r\nabc\r\n"},
		{BODY_LENGTH, 3, false, "abc"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct server s = {0};

		start(&s, NULL);
		give(&s, GET);
		record_answer_head(&s.r, 200, cases[i].body, cases[i].len);
		fake_loop_turn(s.loop);
		fake_conn_forget(s.conn);
		record_send_body(&s.r, "abc", 3);
		if (cases[i].ended)
			record_send_end(&s.r, NULL);
		fake_loop_turn(s.loop);
		assert_sent(&s, cases[i].sent);
		record_close(&s.r, STREAM_DONE);
		fake_loop_turn(s.loop);
		assert_int_equal(fake_conn_end(s.conn), FAKE_CONN_ABORTED);
		stop(&s);
	}
}

#define EXPECT                                                \
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n" \
	"Expect: 100-continue\r\n\r\n"

static void interim_answers_pass(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, EXPECT);
	assert_told(&s, "stream; head POST / length 5 expect");
	record_answer_head(&s.r, 100, BODY_NONE, 0);
	record_answer_head(&s.r, 103, BODY_NONE, 0);
	fake_loop_turn(s.loop);
	give(&s, "hello");
	record_answer(&s.r, 200, "ok");
	fake_loop_turn(s.loop);
	assert_sent(&s, "HTTP/1.1 100 Continue\r\n\r\n"
			"HTTP/1.1 103 Early Hints\r\n\r\n" OK);
	stop(&s);
}

static void interim_answers_are_hidden_from_http_1_0(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, H10);
	record_answer_head(&s.r, 100, BODY_NONE, 0);
	record_answer_head(&s.r, 103, BODY_NONE, 0);
	record_answer(&s.r, 200, "ok");
	fake_loop_turn(s.loop);
	assert_sent(&s, OK_CLOSE);
	stop(&s);
}

/* R9, R23 */
static void a_head_not_writable_can_still_be_answered(void **state)
{
	struct message head = {.kind = MESSAGE_RESPONSE,
		.status = 200,
		.reason = SLICE("O\nK"),
		.stated_len = -1};
	struct server s = {0};

	(void)state;
	start(&s, serve);
	s.r.react = NULL;
	give(&s, POST5);
	s.r.react = serve;
	record_send_head(&s.r, &head);
	assert_true(record_send_body(&s.r, "x", 1));
	record_send_end(&s.r, NULL);
	fake_loop_turn(s.loop);
	assert_told(&s, "stream; head POST / length 5; fail bad field-value; "
			"finished done field-value");
	assert_sent(&s, REFUSED("500 Internal Server Error"));
	stop(&s);
}

static void a_head_not_writable_is_a_loss_behind_the_request(void **state)
{
	struct message head = {.kind = MESSAGE_RESPONSE,
		.status = 200,
		.reason = SLICE("O\nK"),
		.stated_len = -1};
	struct server s = {0};

	(void)state;
	start(&s, give_up);
	give(&s, GET);
	record_send_head(&s.r, &head);
	fake_loop_turn(s.loop);
	assert_told(&s, "stream; head GET / none; end; fail gone field-value; "
			"finished abort field-value");
	stop(&s);
}

/* R23 */
static void without_memory_for_an_answer_all_ends(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, serve);
	fake_conn_out_of_memory(s.conn, true);
	s.r.react = NULL;
	give(&s, POST5);
	s.r.react = serve;
	record_answer_head(&s.r, 200, BODY_NONE, 0);
	fake_loop_turn(s.loop);
	assert_told(&s, "stream; head POST / length 5; fail large no-memory; "
			"finished abort no-memory");
	assert_sent(&s, "");
	stop(&s);
}

/* 1: one fail that may be answered, no more. */
static void an_answer_not_writable_is_no_second_failure(void **state)
{
	struct message head = {.kind = MESSAGE_RESPONSE,
		.status = 400,
		.reason = SLICE("O\nK"),
		.stated_len = -1};
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, "bad\r\n\r\n");
	record_send_head(&s.r, &head);
	record_send_end(&s.r, NULL);
	fake_loop_turn(s.loop);
	assert_told(&s, "stream; fail bad request-line");
	record_close(&s.r, STREAM_DONE);
	fake_loop_turn(s.loop);
	assert_told(&s,
		"stream; fail bad request-line; finished abort request-line");
	stop(&s);
}

/* ---- keep-alive ---- */

static void the_last_request_allowed_is_told_so(void **state)
{
	struct server s = {.limits = usual_limits};

	(void)state;
	s.limits.requests = 3;
	start(&s, serve);
	give(&s, GET);
	give(&s, GET);
	assert_sent(&s, OK OK);
	fake_conn_forget(s.conn);
	give(&s, GET);
	assert_sent(&s, OK_CLOSE);
	assert_int_equal(fake_conn_end(s.conn), FAKE_CONN_FINISHED);
	stop(&s);
}

/* R17: `pipelined` requests in a row that were here before their turn. */
static void too_many_pipelined_requests_close(void **state)
{
	struct server s = {.limits = usual_limits};

	(void)state;
	s.limits.pipelined = 2;
	start(&s, serve);
	give(&s, GET GET); /* one waited */
	give(&s, GET GET); /* one again: not in a row */
	assert_sent(&s, OK OK OK OK);
	fake_conn_forget(s.conn);
	give(&s, GET GET GET GET);
	assert_sent(&s, OK OK OK_CLOSE);
	assert_int_equal(fake_conn_end(s.conn), FAKE_CONN_FINISHED);
	stop(&s);
}

static void pipelined_requests_wait_for_a_later_answer(void **state)
{
	struct server s = {.limits = usual_limits};

	(void)state;
	s.limits.pipelined = 2;
	start(&s, NULL);
	give(&s, GET);
	give(&s, GET GET);
	give(&s, GET);
	assert_told(&s, "stream; head GET / none; end");
	record_forget(&s.r);
	record_answer(&s.r, 200, "ok");
	fake_loop_turn(s.loop);
	assert_told(&s, "stream; head GET / none; end");
	record_answer(&s.r, 200, "ok");
	fake_loop_turn(s.loop);
	assert_sent(&s, OK OK);
	fake_conn_forget(s.conn);
	record_answer(&s.r, 200, "ok");
	fake_loop_turn(s.loop);
	assert_sent(&s, OK_CLOSE);
	stop(&s);
}

static void many_pipelined_requests_do_not_nest(void **state)
{
	enum { MANY = 1000 };
	struct server s = {.limits = usual_limits};
	char *bytes = malloc(MANY * sizeof(GET));

	(void)state;
	assert_non_null(bytes);
	bytes[0] = '\0';
	for (size_t i = 0; i < MANY; i++)
		memcpy(bytes + i * (sizeof(GET) - 1), GET, sizeof(GET));
	s.limits.pipelined = MANY;
	s.limits.requests = MANY + 1;
	start(&s, serve);
	give(&s, bytes);
	assert_int_equal(fake_conn_sent(s.conn).len, MANY * (sizeof(OK) - 1));
	assert_int_equal(fake_conn_depth(s.conn), 1);
	free(bytes);
	stop(&s);
}

struct early_case {
	const char *name;
	const char *bytes;
	const char *rest; /* comes behind the answer */
	const char *sent;
	enum fake_end end;
};

static const struct early_case early_cases[] = {
	{"a small rest is dropped and the connection kept", POST5 "he",
		"llo" GET, OK OK, FAKE_CONN_OPEN},
	{"a rest that is here already, too", POST5 "hello" GET, "", OK OK,
		FAKE_CONN_OPEN},
	{"a large rest closes",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n",
		GET, OK_CLOSE, FAKE_CONN_FINISHED},
	{"a rest of unknown length closes", CHUNKED, "0\r\n\r\n" GET, OK_CLOSE,
		FAKE_CONN_FINISHED},
	{"a client that waits for 100 may send the rest or not", EXPECT, GET,
		OK_CLOSE, FAKE_CONN_FINISHED},
	{"... until it sends it", EXPECT "h", "ello" GET, OK OK,
		FAKE_CONN_OPEN},
};

static void answer_head(struct record *r, enum record_event event)
{
	if (event == RECORD_HEAD)
		record_answer(r, 200, "ok");
}

static void answer_body(struct record *r, enum record_event event)
{
	if (event == RECORD_BODY || event == RECORD_END)
		record_answer(r, 200, "ok");
}

static void an_answer_before_the_end_of_the_request(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(early_cases) / sizeof(*early_cases);
		i++) {
		const struct early_case *c = &early_cases[i];
		struct server s = {0};

		start(&s, strstr(c->bytes, "\r\n\r\nh") ? answer_body
							: answer_head);
		give(&s, c->bytes);
		if (s.r.session)
			give(&s, c->rest);
		if (slice_eq(fake_conn_sent(s.conn), slice_str(c->sent)) == 0)
			print_error("%s\n", c->name);
		assert_sent(&s, c->sent);
		assert_int_equal(fake_conn_end(s.conn), c->end);
		stop(&s);
	}
}

/* RFC 9112 section 9.6: no further request can come. */
static void an_answer_to_a_client_that_ended_its_side_says_close(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, GET);
	fake_conn_fin(s.conn);
	record_answer(&s.r, 200, "ok");
	fake_loop_turn(s.loop);
	assert_sent(&s, OK_CLOSE);
	assert_null(s.r.session);
	stop(&s);
}

static void a_client_that_ends_its_side_behind_the_head_is_closed(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, GET);
	record_answer_head(&s.r, 200, BODY_LENGTH, 0);
	fake_conn_fin(s.conn);
	record_send_end(&s.r, NULL);
	record_close(&s.r, STREAM_DONE);
	fake_loop_turn(s.loop);
	assert_told(&s, "stream; head GET / none; end; finished done none");
	stop(&s);
}

static void close_while_the_upload_runs_stops_reading(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, CHUNKED "5\r\nhello\r\n");
	record_answer(&s.r, 413, "no");
	give(&s, "5\r\nhello\r\n");
	assert_told(&s,
		"stream; head POST / unknown; body hello; finished done none");
	assert_int_equal(fake_conn_end(s.conn), FAKE_CONN_FINISHED);
	stop(&s);
}

/* An answer that flows while the request still does, both to their end. */
static void both_directions_may_flow_at_once(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, CHUNKED "5\r\nhello\r\n");
	record_answer_head(&s.r, 200, BODY_UNKNOWN, 0);
	record_send_body(&s.r, "hello", 5);
	give(&s, "1\r\n!\r\n0\r\n\r\n");
	record_send_body(&s.r, "!", 1);
	record_send_end(&s.r, NULL);
	record_close(&s.r, STREAM_DONE);
	fake_loop_turn(s.loop);
	assert_told(&s, "stream; head POST / unknown; body hello!; end; "
			"finished done none");
	assert_sent(&s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
			"Connection: close\r\n\r\n"
			"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n");
	stop(&s);
}

static void a_failure_behind_the_answers_head_is_not_answerable(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, give_up);
	give(&s, CHUNKED "5\r\nhello\r\n");
	record_answer_head(&s.r, 200, BODY_UNKNOWN, 0);
	give(&s, "x");
	assert_told(&s, "stream; head POST / unknown; body hello; "
			"fail gone chunk-size; finished abort chunk-size");
	stop(&s);
}

/* ---- time (R18) ---- */

struct time_case {
	const char *name;
	const char *bytes;
	int64_t before_ms; /* nothing happens up to here */
	int64_t step_ms;   /* and now it does */
	const char *told;
	const char *sent;
};

static const struct time_case time_cases[] = {
	{"no first byte", "", 4999, 1, "finished done none", ""},
	{"no byte but an empty line", "\r\n", 4999, 1, "finished done none",
		""},
	{"a head that does not end", "GET / HTTP/1.1\r\n", 9999, 1,
		"stream; fail timeout header-timeout; "
		"finished done header-timeout",
		REFUSED("408 Request Timeout")},
	{"idle behind an answer", GET, 59999, 1,
		"stream; head GET / none; end; finished done none", OK},
	{"a body that does not come", POST5, 29999, 1,
		"stream; head POST / length 5; fail timeout body-timeout; "
		"finished done body-timeout",
		REFUSED("408 Request Timeout")},
	{"a body that stops", CHUNKED "5\r\nhel", 29999, 1,
		"stream; head POST / unknown; body hel; "
		"fail timeout body-timeout; finished done body-timeout",
		REFUSED("408 Request Timeout")},
	{"trailers that stop", CHUNKED "0\r\nA: b\r\n", 29999, 1,
		"stream; head POST / unknown; "
		"fail timeout body-timeout; finished done body-timeout",
		REFUSED("408 Request Timeout")},
};

static void every_wait_for_the_client_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(time_cases) / sizeof(*time_cases); i++) {
		const struct time_case *c = &time_cases[i];
		struct server s = {0};

		start(&s, serve);
		give(&s, c->bytes);
		fake_loop_advance(s.loop, c->before_ms);
		if (!s.r.session)
			print_error("%s: too early\n", c->name);
		assert_non_null(s.r.session);
		fake_loop_advance(s.loop, c->step_ms);
		assert_told(&s, c->told);
		assert_sent(&s, c->sent);
		assert_int_equal(fake_conn_end(s.conn), FAKE_CONN_FINISHED);
		stop(&s);
	}
}

static void a_head_has_its_time_as_a_whole(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, serve);
	fake_loop_advance(s.loop, 4000);
	for (size_t i = 0; i < 9; i++) {
		fake_conn_give(s.conn, slice_of(&GET[i], 1));
		fake_loop_advance(s.loop, 1000);
	}
	assert_told(&s, "stream");
	fake_loop_advance(s.loop, 1000);
	assert_told(&s, "stream; fail timeout header-timeout; "
			"finished done header-timeout");
	stop(&s);
}

static void a_head_does_not_count_its_owners_time(void **state)
{
	enum record_event event = RECORD_STREAM;
	struct server s = {0};

	(void)state;
	start(&s, pause_in);
	s.r.arg = &event;
	give(&s, "GET / HT");
	fake_loop_advance(s.loop, 3600000);
	record_resume(&s.r);
	fake_loop_advance(s.loop, 9999);
	assert_told(&s, "stream");
	fake_loop_advance(s.loop, 1);
	assert_told(&s, "stream; fail timeout header-timeout; "
			"finished abort header-timeout");
	stop(&s);
}

static void a_body_that_moves_has_no_end_of_time(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, serve);
	give(&s, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
	s.r.quiet = true;
	for (size_t i = 0; i < 99; i++) {
		fake_loop_advance(s.loop, 29000);
		give(&s, "x");
	}
	assert_told(&s, "stream; head POST / length 100");
	give(&s, "x");
	assert_sent(&s, OK);
	stop(&s);
}

/* ... but for the least rate, which is judged on the average. */
static void a_body_below_the_least_rate_ends(void **state)
{
	struct server s = {.limits = usual_limits};
	int64_t waited_ms = 0;

	(void)state;
	s.limits.body_min_rate = 100;
	start(&s, serve);
	s.r.quiet = true;
	give(&s, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n");
	while (s.r.session) {
		fake_conn_give(s.conn, slice_of(megabyte, 50));
		fake_loop_advance(s.loop, 1000);
		waited_ms += 1000;
		assert_true(waited_ms < 60000);
	}
	/* 50 bytes/s against 100: at the end of the time of grace. */
	assert_int_equal(waited_ms, 5000);
	assert_told(&s,
		"stream; head POST / length 9999; fail timeout body-timeout; "
		"finished done body-timeout");
	stop(&s);
}

static void a_body_at_the_least_rate_passes(void **state)
{
	struct server s = {.limits = usual_limits};

	(void)state;
	s.limits.body_min_rate = 100;
	start(&s, serve);
	s.r.quiet = true;
	give(&s, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n");
	for (size_t i = 0; i < 20; i++) {
		fake_conn_give(s.conn, slice_of(megabyte, 100));
		fake_loop_advance(s.loop, 990);
	}
	assert_sent(&s, OK);
	stop(&s);
}

static void time_that_the_owner_takes_is_not_the_clients(void **state)
{
	struct server s = {.limits = usual_limits};

	(void)state;
	s.limits.body_min_rate = 100;
	start(&s, serve);
	s.r.quiet = true;
	give(&s, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n");
	record_pause(&s.r);
	fake_loop_advance(s.loop, 3600000);
	record_resume(&s.r);
	fake_loop_advance(s.loop, 4999);
	assert_told(&s, "stream; head POST / length 2000");
	fake_loop_advance(s.loop, 1);
	assert_told(&s,
		"stream; head POST / length 2000; fail timeout body-timeout; "
		"finished done body-timeout");
	stop(&s);
}

static void a_client_that_waits_for_100_is_not_slow(void **state)
{
	struct server s = {.limits = usual_limits};

	(void)state;
	s.limits.body_min_rate = 100;
	start(&s, serve);
	give(&s, EXPECT);
	fake_loop_advance(s.loop, 3600000);
	record_answer_head(&s.r, 100, BODY_NONE, 0);
	fake_loop_advance(s.loop, 4999);
	assert_told(&s, "stream; head POST / length 5 expect");
	fake_loop_advance(s.loop, 1);
	assert_told(&s,
		"stream; head POST / length 5 expect; "
		"fail timeout body-timeout; finished done body-timeout");
	stop(&s);
}

static void a_running_exchange_has_no_deadline_of_ours(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, GET);
	fake_loop_advance(s.loop, 3600000);
	record_answer(&s.r, 200, "ok");
	fake_loop_turn(s.loop);
	fake_loop_advance(s.loop, 59999);
	assert_non_null(s.r.session);
	fake_loop_advance(s.loop, 1);
	assert_null(s.r.session);
	stop(&s);
}

/* What was just answered is outstanding for a moment: no reason to wait. */
static void keep_alive_may_be_shorter_than_a_write(void **state)
{
	struct server s = {.limits = usual_limits};

	(void)state;
	s.limits.keepalive_ms = 100;
	start(&s, serve);
	give(&s, GET);
	fake_loop_advance(s.loop, 99);
	assert_non_null(s.r.session);
	fake_loop_advance(s.loop, 1);
	assert_told(&s, "stream; head GET / none; end; finished done none");
	stop(&s);
}

static void a_client_that_does_not_read_is_aborted(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, give_up);
	fake_conn_take(s.conn, 0);
	give(&s, GET);
	record_forget(&s.r);
	record_answer_head(&s.r, 200, BODY_LENGTH, sizeof(megabyte));
	assert_false(record_send_body(&s.r, megabyte, 70000));
	fake_loop_advance(s.loop, 19999);
	fake_conn_take(s.conn, 1); /* a byte is progress */
	fake_loop_advance(s.loop, 19999);
	assert_told(&s, "");
	fake_loop_advance(s.loop, 1);
	assert_told(
		&s, "fail gone write-timeout; finished abort write-timeout");
	stop(&s);
}

/* GONE is the last word, though the socket takes bytes again. */
static void a_stalled_client_is_told_of_once(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	fake_conn_take(s.conn, 0);
	give(&s, GET);
	record_forget(&s.r);
	record_answer_head(&s.r, 200, BODY_LENGTH, sizeof(megabyte));
	assert_false(record_send_body(&s.r, megabyte, 70000));
	fake_loop_advance(s.loop, 3600000);
	fake_conn_take(s.conn, SIZE_MAX);
	fake_conn_die(s.conn, CONN_FAIL_RESET);
	assert_told(&s, "fail gone write-timeout");
	record_close(&s.r, STREAM_DONE);
	fake_loop_turn(s.loop);
	stop(&s);
}

static void a_client_that_leaves_its_last_answer_is_aborted(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, serve);
	fake_conn_take(s.conn, 10);
	give(&s, GET);
	fake_loop_advance(s.loop, 19999);
	fake_conn_take(s.conn, 1);
	fake_loop_advance(s.loop, 19999);
	assert_non_null(s.r.session);
	fake_loop_advance(s.loop, 1);
	assert_told(&s,
		"stream; head GET / none; end; finished abort write-timeout");
	stop(&s);
}

/* The wait for the rest begins when the answer is complete. */
static void a_rest_has_its_own_time(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, POST5 "he");
	record_pause(&s.r);
	fake_loop_advance(s.loop, 3600000);
	record_answer(&s.r, 200, "ok");
	fake_loop_turn(s.loop);
	fake_loop_advance(s.loop, 29000);
	give(&s, "llo");
	fake_loop_advance(s.loop, 59999);
	assert_non_null(s.r.session);
	fake_loop_advance(s.loop, 1);
	assert_null(s.r.session);
	assert_sent(&s, OK);
	stop(&s);
}

static void a_rest_that_does_not_come_ends_the_connection(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, answer_head);
	give(&s, POST5 "he");
	assert_sent(&s, OK);
	fake_loop_advance(s.loop, 29999);
	assert_non_null(s.r.session);
	fake_loop_advance(s.loop, 1);
	assert_told(
		&s, "stream; head POST / length 5; finished done body-timeout");
	stop(&s);
}

/* No timer work per request (performance.md, what makes the difference). */
static void a_request_costs_no_timer(void **state)
{
	struct server s = {0};
	unsigned work;

	(void)state;
	start(&s, serve);
	give(&s, GET);
	work = fake_loop_timer_work(s.loop);
	for (size_t i = 0; i < 500; i++)
		give(&s, i % 2 ? GET : POST5 "hello");
	assert_int_equal(fake_loop_timer_work(s.loop), work);
	stop(&s);
}

/* ---- life and death ---- */

static void the_loss_of_the_connection(void **state)
{
	static const struct {
		const char *bytes;
		const char *told;
	} cases[] = {
		{"", "finished abort none"},
		{"G", "stream; fail gone head-cut; finished abort head-cut"},
		{POST5 "he", "stream; head POST / length 5; body he; "
			     "fail gone body-cut; finished abort body-cut"},
		{GET, "stream; head GET / none; end; "
		      "fail gone none; finished abort none"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct server s = {0};

		start(&s, give_up);
		give(&s, cases[i].bytes);
		/* TLS: no close_notify counts as a loss, not as an end. */
		fake_conn_die(
			s.conn, i % 2 ? CONN_FAIL_RESET : CONN_FAIL_TRUNCATED);
		assert_told(&s, cases[i].told);
		assert_int_equal(fake_conn_end(s.conn), FAKE_CONN_ABORTED);
		stop(&s);
	}
}

/* on_finished waits for close; the verbs do nothing in between. */
static void a_lost_stream_lives_until_it_is_closed(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, GET);
	fake_conn_die(s.conn, CONN_FAIL_RESET);
	assert_told(&s, "stream; head GET / none; end; fail gone none");
	record_answer_head(&s.r, 200, BODY_LENGTH, sizeof(megabyte));
	assert_true(record_send_body(&s.r, megabyte, sizeof(megabyte)));
	record_send_end(&s.r, NULL);
	record_pause(&s.r);
	record_resume(&s.r);
	record_close(&s.r, STREAM_DONE);
	fake_loop_turn(s.loop);
	assert_told(&s, "stream; head GET / none; end; fail gone none; "
			"finished abort none");
	stop(&s);
}

/* An owner that waits for room must not wait for ever. */
static void a_connection_lost_while_a_failure_is_answered(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	fake_conn_take(s.conn, 0);
	give(&s, "bad\r\n\r\n");
	assert_told(&s, "stream; fail bad request-line");
	record_answer_head(&s.r, 400, BODY_LENGTH, sizeof(megabyte));
	assert_false(record_send_body(&s.r, megabyte, 70000));
	give(&s, GET);
	assert_true(conn_paused(s.conn));
	fake_conn_die(s.conn, CONN_FAIL_RESET);
	assert_told(&s, "stream; fail bad request-line; fail gone none");
	assert_true(record_send_body(&s.r, megabyte, 70000));
	record_close(&s.r, STREAM_DONE);
	fake_loop_turn(s.loop);
	assert_told(&s, "stream; fail bad request-line; fail gone none; "
			"finished abort none");
	stop(&s);
}

static void destroy_in(struct record *r, enum record_event event)
{
	const enum record_event *when = r->arg;
	struct session *session = r->session;

	if (event != *when || !session) {
		give_up(r, event);
		return;
	}
	r->session = NULL;
	session->ops->destroy(session);
	conn_abort(&r->conn);
}

static void a_session_may_be_destroyed_in_any_event(void **state)
{
	static const enum record_event events[] = {
		RECORD_STREAM, RECORD_HEAD, RECORD_BODY, RECORD_END};

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		enum record_event event = events[i];
		struct server s = {0};
		const char *told;

		start(&s, destroy_in);
		s.r.arg = &event;
		give(&s, POST5 "hello" GET);
		told = record_told(&s.r);
		assert_string_equal(told + strlen(told) - 14, "fail gone none");
		assert_null(s.r.session);
		stop(&s);
	}
}

static void a_session_may_be_destroyed_at_any_time(void **state)
{
	static const char *const bytes[] = {"", "G", POST5, POST5 "he",
		CHUNKED "0\r\n", GET, GET GET, "bad\r\n\r\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(bytes) / sizeof(*bytes); i++) {
		struct server s = {0};

		start(&s, NULL);
		give(&s, bytes[i]);
		stop(&s);
	}
}

/* ---- drain ---- */

static void drain(struct server *s, int64_t idle_ms)
{
	s->r.verbs++;
	s->r.session->ops->drain(s->r.session, idle_ms);
	s->r.verbs--;
	fake_loop_turn(s->loop);
}

static void draining_with_no_time_ends_an_idle_connection(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, serve);
	give(&s, GET);
	drain(&s, 0);
	assert_told(&s, "stream; head GET / none; end; finished done none");
	stop(&s);
}

static void a_draining_idle_connection_serves_one_more_request(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, serve);
	drain(&s, 5000);
	fake_loop_advance(s.loop, 4999);
	give(&s, GET GET);
	assert_told(&s, "stream; head GET / none; end; finished done none");
	assert_sent(&s, OK_CLOSE);
	stop(&s);
}

static void a_draining_idle_connection_ends_after_its_time(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, serve);
	give(&s, GET);
	fake_loop_advance(s.loop, 50000);
	drain(&s, 5000);
	fake_loop_advance(s.loop, 4999);
	assert_non_null(s.r.session);
	fake_loop_advance(s.loop, 1);
	assert_null(s.r.session);
	assert_int_equal(fake_conn_end(s.conn), FAKE_CONN_FINISHED);
	stop(&s);
}

static void a_drain_at_once_may_follow_one_with_time(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, serve);
	drain(&s, 5000);
	assert_non_null(s.r.session);
	drain(&s, 0);
	assert_null(s.r.session);
	stop(&s);
}

static void a_running_exchange_ends_with_close_when_draining(void **state)
{
	static const int64_t idle_ms[] = {0, 5000};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct server s = {0};

		start(&s, NULL);
		give(&s, POST5 "he");
		drain(&s, idle_ms[i]);
		give(&s, "llo");
		assert_non_null(s.r.session);
		record_answer(&s.r, 200, "ok");
		fake_loop_turn(s.loop);
		assert_sent(&s, OK_CLOSE);
		assert_null(s.r.session);
		stop(&s);
	}
}

static void a_drain_with_no_time_behind_the_answers_head_ends(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, GET);
	record_answer_head(&s.r, 200, BODY_LENGTH, 0);
	drain(&s, 0);
	assert_non_null(s.r.session);
	record_send_end(&s.r, NULL);
	record_close(&s.r, STREAM_DONE);
	fake_loop_turn(s.loop);
	assert_null(s.r.session);
	assert_int_equal(fake_conn_end(s.conn), FAKE_CONN_FINISHED);
	stop(&s);
}

/* Its head promised to go on: one more request may be under way. */
static void a_drain_behind_the_answers_head_keeps_its_promise(void **state)
{
	struct server s = {0};

	(void)state;
	start(&s, NULL);
	give(&s, GET);
	record_answer_head(&s.r, 200, BODY_LENGTH, 2);
	drain(&s, 5000);
	record_send_body(&s.r, "ok", 2);
	record_send_end(&s.r, NULL);
	record_close(&s.r, STREAM_DONE);
	fake_loop_turn(s.loop);
	assert_non_null(s.r.session);
	give(&s, GET);
	record_answer(&s.r, 200, "ok");
	fake_loop_turn(s.loop);
	assert_sent(&s, OK OK_CLOSE);
	assert_null(s.r.session);
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_cut_anywhere_tells_the_same),
		cmocka_unit_test(nothing_is_told_after_a_close_in_any_event),
		cmocka_unit_test(a_paused_owner_hears_nothing_until_it_resumes),
		cmocka_unit_test(
			the_loss_of_the_connection_is_told_while_paused),
		cmocka_unit_test(
			one_on_room_follows_when_the_queue_is_low_again),
		cmocka_unit_test(a_tunnel_begins_behind_its_101),
		cmocka_unit_test(a_tunnel_may_begin_half_closed),
		cmocka_unit_test(a_tunnel_has_a_grace_when_its_session_drains),
		cmocka_unit_test(an_unbound_stream_is_answered_503_and_closed),
		cmocka_unit_test(an_answer_is_framed_for_its_client),
		cmocka_unit_test(a_length_stated_without_a_body_is_kept),
		cmocka_unit_test(trailers_follow_a_chunked_answer),
		cmocka_unit_test(an_answer_that_is_not_complete_aborts),
		cmocka_unit_test(interim_answers_pass),
		cmocka_unit_test(interim_answers_are_hidden_from_http_1_0),
		cmocka_unit_test(a_head_not_writable_can_still_be_answered),
		cmocka_unit_test(
			a_head_not_writable_is_a_loss_behind_the_request),
		cmocka_unit_test(without_memory_for_an_answer_all_ends),
		cmocka_unit_test(an_answer_not_writable_is_no_second_failure),
		cmocka_unit_test(the_last_request_allowed_is_told_so),
		cmocka_unit_test(too_many_pipelined_requests_close),
		cmocka_unit_test(pipelined_requests_wait_for_a_later_answer),
		cmocka_unit_test(many_pipelined_requests_do_not_nest),
		cmocka_unit_test(an_answer_before_the_end_of_the_request),
		cmocka_unit_test(
			an_answer_to_a_client_that_ended_its_side_says_close),
		cmocka_unit_test(
			a_client_that_ends_its_side_behind_the_head_is_closed),
		cmocka_unit_test(close_while_the_upload_runs_stops_reading),
		cmocka_unit_test(both_directions_may_flow_at_once),
		cmocka_unit_test(
			a_failure_behind_the_answers_head_is_not_answerable),
		cmocka_unit_test(every_wait_for_the_client_ends),
		cmocka_unit_test(a_head_has_its_time_as_a_whole),
		cmocka_unit_test(a_head_does_not_count_its_owners_time),
		cmocka_unit_test(a_body_that_moves_has_no_end_of_time),
		cmocka_unit_test(a_body_below_the_least_rate_ends),
		cmocka_unit_test(a_body_at_the_least_rate_passes),
		cmocka_unit_test(time_that_the_owner_takes_is_not_the_clients),
		cmocka_unit_test(a_client_that_waits_for_100_is_not_slow),
		cmocka_unit_test(a_running_exchange_has_no_deadline_of_ours),
		cmocka_unit_test(keep_alive_may_be_shorter_than_a_write),
		cmocka_unit_test(a_client_that_does_not_read_is_aborted),
		cmocka_unit_test(a_stalled_client_is_told_of_once),
		cmocka_unit_test(
			a_client_that_leaves_its_last_answer_is_aborted),
		cmocka_unit_test(a_rest_has_its_own_time),
		cmocka_unit_test(a_rest_that_does_not_come_ends_the_connection),
		cmocka_unit_test(a_request_costs_no_timer),
		cmocka_unit_test(the_loss_of_the_connection),
		cmocka_unit_test(a_lost_stream_lives_until_it_is_closed),
		cmocka_unit_test(a_connection_lost_while_a_failure_is_answered),
		cmocka_unit_test(a_session_may_be_destroyed_in_any_event),
		cmocka_unit_test(a_session_may_be_destroyed_at_any_time),
		cmocka_unit_test(draining_with_no_time_ends_an_idle_connection),
		cmocka_unit_test(
			a_draining_idle_connection_serves_one_more_request),
		cmocka_unit_test(
			a_draining_idle_connection_ends_after_its_time),
		cmocka_unit_test(a_drain_at_once_may_follow_one_with_time),
		cmocka_unit_test(
			a_running_exchange_ends_with_close_when_draining),
		cmocka_unit_test(
			a_drain_with_no_time_behind_the_answers_head_ends),
		cmocka_unit_test(
			a_drain_behind_the_answers_head_keeps_its_promise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
