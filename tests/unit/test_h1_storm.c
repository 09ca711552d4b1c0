/*
 * h1_server and h1_client in a storm: peers, owners, sockets and clocks that
 * do whatever they may in any order. The recorder asserts the contract of
 * http/stream.h, the sanitizers that nothing is touched after its death.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake/fake_conn.h"
#include "fake/fake_loop.h"
#include "fake/record_owner.h"
#include "http/h1_client.h"
#include "http/h1_server.h"

enum { STORMS = 3000, STEPS = 400 };
/* Of the words below. */
enum { GOOD_REQUESTS = 7, GOOD_RESPONSES = 8 };

struct storm {
	struct loop *loop;
	struct conn *conn;
	struct record r;
	uint64_t seed;
	const char *const *words; /* what the peer may say */
	size_t word_count;
	size_t good_count; /* of them, the first are no reason to end */
	struct slice rest; /* of what it is saying */
	bool is_client;
	bool fin;
	bool dead;
	bool idle; /* the client may be lent */
	/* what the owner did with the open stream */
	bool head_sent;
	bool end_sent;
	enum body_kind body;
	size_t body_sent;
	unsigned ends; /* on_finished, on_over */
};

static const struct http_limits limits = {
	.header_bytes = 300,
	.header_count = 5,
	.request_line = 100,
	.body = 40,
	.body_min_rate = 2,
	.trailer_bytes = 30,
	.pipelined = 3,
	.requests = 20,
	.header_ms = 1000,
	.body_ms = 2000,
	.write_ms = 3000,
	.keepalive_ms = 4000,
	.first_ms = 500,
};

#define FRONT " HTTP/1.1\r\nHost: a\r\n"

static const char *const requests[] = {
	"GET /" FRONT "\r\n",
	"HEAD /" FRONT "\r\n",
	"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	"\r\nGET /" FRONT "\r\n",
	"POST /" FRONT "Content-Length: 5\r\n\r\nhello",
	"POST /" FRONT "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
	("POST /" FRONT "Transfer-Encoding: chunked\r\n\r\n"
	 "5\r\nhello\r\n0\r\n\r\n"),
	("POST /" FRONT "Transfer-Encoding: chunked\r\n\r\n"
	 "5\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n"),
	("POST /" FRONT "Transfer-Encoding: chunked\r\n\r\n"
	 "29\r\n0123456789"),
	"GET /" FRONT "A: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\n\r\n",
	"GET / HTTP/1.0\r\n\r\n",
	"GET /" FRONT "Connection: close\r\n\r\n",
	"POST /" FRONT "Content-Length: 41\r\n\r\n",
	"bad\r\n\r\n",
};

static const char *const responses[] = {
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 204 No Content\r\n\r\n",
	"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
	"HTTP/1.1 100 Continue\r\n\r\n",
	"HTTP/1.1 103 Early Hints\r\n\r\n",
	("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	 "5\r\nhello\r\n0\r\nA: b\r\n\r\n"),
	"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\n\r\nto the end",
	"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 101 Switching Protocols\r\n\r\n",
	"garbage\r\n",
};

static size_t roll(struct storm *s, size_t sides)
{
	s->seed = s->seed * 6364136223846793005u + 1442695040888963407u;
	return (size_t)(s->seed >> 33) % sides;
}

/* ---- what an owner may do ---- */

static void act_head(struct storm *s)
{
	static const unsigned finals[] = {200, 204, 304, 404};
	struct record *r = &s->r;
	const enum body_kind body = (enum body_kind)roll(s, 3);

	s->body = body;
	s->body_sent = 0;
	if (s->is_client) {
		record_ask(r, roll(s, 4) ? METHOD_GET : METHOD_HEAD, "GET",
			body, 5);
	} else if (!roll(s, 4)) {
		record_answer_head(r, roll(s, 2) ? 100 : 103, BODY_NONE, 0);
		return;
	} else {
		record_answer_head(r, finals[roll(s, 4)], body,
			body == BODY_LENGTH ? 5 : 0);
	}
	s->head_sent = true;
}

static void act_body(struct storm *s)
{
	static const char bytes[70000];
	static const size_t lens[] = {0, 1, 5, 5, 5, 1000, 70000};

	size_t len = lens[roll(s, 7)];

	if (s->body == BODY_LENGTH && roll(s, 20))
		len = s->body_sent ? 0 : 5;
	(void)record_send_body(&s->r, bytes, len);
	s->body_sent += len;
}

static void act_send(struct storm *s)
{
	const bool body_due = s->body == BODY_LENGTH && !s->body_sent;

	/* Mostly an answer follows its question, and the end the body. */
	if (!s->r.heard_end && s->head_sent == s->is_client && roll(s, 8))
		return;
	if (!s->head_sent) {
		act_head(s);
	} else if (!s->end_sent && (body_due || roll(s, 2))) {
		act_body(s);
	} else if (!s->end_sent) {
		record_send_end(&s->r, NULL);
		s->end_sent = true;
	} else if (s->r.heard_end || !roll(s, 20)) {
		record_close(&s->r, STREAM_DONE);
	}
}

/* Where a 101 may be: behind a request, in front of an answer. */
static void act_tunnel(struct storm *s)
{
	if (s->is_client || s->head_sent || !s->r.heard_end || s->r.heard_fail)
		return;
	record_answer_head(&s->r, 101, BODY_NONE, 0);
	record_tunnel(&s->r);
	s->head_sent = true;
	s->body = BODY_UNKNOWN;
}

static void act(struct storm *s)
{
	struct record *r = &s->r;

	if (!r->stream)
		return;
	switch (roll(s, 12)) {
	case 0:
		record_pause(r);
		break;
	case 1:
	case 2:
		record_resume(r);
		break;
	case 3:
		if (!roll(s, 40))
			record_close(
				r, roll(s, 2) ? STREAM_DONE : STREAM_ABORT);
		break;
	case 4:
		if (!roll(s, 30))
			act_tunnel(s);
		break;
	default:
		act_send(s);
	}
}

/* Gives the session or client away, as its owner may at any time. */
static void act_destroy(struct storm *s)
{
	struct record *r = &s->r;
	struct session *session = r->session;
	struct h1_client *client = r->client;

	r->session = NULL;
	r->client = NULL;
	if (session)
		session->ops->destroy(session);
	h1_client_free(client);
	if (r->stream)
		record_close(r, STREAM_ABORT);
	conn_abort(&r->conn);
}

static void react(struct record *r, enum record_event event)
{
	struct storm *s = r->arg;

	if (event == RECORD_FINISHED || event == RECORD_OVER) {
		s->ends++;
		return;
	}
	if (event == RECORD_IDLE)
		s->idle = true;
	if (event == RECORD_STREAM)
		s->head_sent = s->end_sent = false;
	if (!r->session && !r->client)
		return;
	if (event == RECORD_FAIL && r->heard_gone && roll(s, 2)) {
		record_close(r, STREAM_ABORT);
		return;
	}
	for (size_t n = roll(s, 4); n; n--)
		act(s);
	if (!roll(s, 300))
		act_destroy(s);
}

/* ---- what the world may do ---- */

static bool alive(const struct storm *s)
{
	return s->r.session || s->r.client;
}

static void say(struct storm *s)
{
	struct slice piece;

	if (s->fin)
		return;
	/* An origin that speaks unasked is soon left. */
	if (s->is_client && (!s->r.stream || !s->head_sent) && roll(s, 50))
		return;
	if (!s->rest.len)
		s->rest = slice_str(s->words[roll(
			s, roll(s, 20) ? s->good_count : s->word_count)]);
	piece = slice_head(s->rest, 1 + roll(s, 40));
	s->rest = slice_from(s->rest, piece.len);
	if (roll(s, 400)) {
		fake_conn_give(s->conn, piece);
	} else {
		const char noise = (char)roll(s, 256);

		fake_conn_give(s->conn, slice_of(&noise, 1));
	}
}

static void lend(struct storm *s)
{
	struct record *r = &s->r;

	if (!r->client || !s->idle)
		return;
	s->idle = s->head_sent = s->end_sent = false;
	record_bind(r, h1_client_lend(r->client));
	if (roll(s, 10))
		act_head(s);
}

static void happen(struct storm *s)
{
	struct record *r = &s->r;

	switch (roll(s, 16)) {
	case 0:
		fake_loop_advance(s->loop, (int64_t)roll(s, 300));
		break;
	case 1:
		if (!roll(s, 10))
			fake_loop_advance(s->loop, (int64_t)roll(s, 5000));
		break;
	case 2:
		if (!roll(s, 4))
			fake_conn_take(s->conn, roll(s, 100000));
		break;
	case 3:
		fake_conn_take(s->conn, SIZE_MAX);
		break;
	case 4:
		fake_conn_out_of_memory(s->conn, !roll(s, 50));
		break;
	case 5:
		if (!roll(s, 60) && !s->fin) {
			s->fin = true;
			fake_conn_fin(s->conn);
		}
		break;
	case 6:
		if (!roll(s, 100) && alive(s) && !s->dead) {
			s->dead = true;
			fake_conn_die(s->conn, CONN_FAIL_RESET);
		}
		break;
	case 7:
		if (r->session && !roll(s, 30))
			r->session->ops->drain(
				r->session, roll(s, 2) ? 300 : 0);
		fake_loop_turn(s->loop);
		break;
	case 8:
	case 9:
	case 10:
		say(s);
		break;
	case 11:
		lend(s);
		break;
	default:
		act(s);
		fake_loop_turn(s->loop);
	}
}

/* With nothing held back any more, everything comes to its end. */
static void calm_down(struct storm *s)
{
	struct record *r = &s->r;

	r->react = NULL;
	fake_conn_out_of_memory(s->conn, false);
	if (alive(s) && r->stream) {
		record_close(r, STREAM_ABORT);
		fake_loop_turn(s->loop);
		if (r->client) /* lent and not used: it goes on */
			act_destroy(s);
		assert_false(alive(s));
	} else if (alive(s)) {
		fake_loop_advance(s->loop, 100000);
		if (r->client)
			act_destroy(s);
		assert_false(alive(s));
	}
	if (r->stream)
		record_close(r, STREAM_ABORT);
	fake_loop_turn(s->loop);
	assert_true(s->ends <= 1);
	assert_int_equal(fake_conn_depth(s->conn) > 1, 0);
	record_fini(r);
	fake_conn_free(s->conn);
	loop_free(s->loop);
}

static void begin(struct storm *s, uint64_t seed, bool is_client)
{
	*s = (struct storm){.seed = seed * 2654435761u + 1,
		.is_client = is_client,
		.idle = is_client,
		.words = is_client ? responses : requests};
	s->word_count = is_client ? sizeof(responses) / sizeof(*responses)
				  : sizeof(requests) / sizeof(*requests);
	s->good_count = is_client ? GOOD_RESPONSES : GOOD_REQUESTS;
	s->loop = loop_new();
	s->conn = fake_conn_new(s->loop);
	s->r = (struct record){
		.conn = s->conn, .react = react, .arg = s, .quiet = true};
	if (is_client)
		s->r.client = h1_client_new(s->loop, s->conn, &limits,
			&record_client_events, &s->r);
	else
		s->r.session = h1_server_new(s->loop, s->conn, &limits,
			&record_session_events, &s->r);
	assert_true(alive(s));
	fake_loop_turn(s->loop);
}

static void run_storm(uint64_t seed, bool is_client)
{
	struct storm s;

	begin(&s, seed, is_client);
	for (size_t i = 0; i < STEPS && alive(&s); i++) {
		s.r.refuses = !roll(&s, 100);
		happen(&s);
	}
	calm_down(&s);
}

static void no_order_of_events_breaks_a_session(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < STORMS; seed++)
		run_storm(seed, false);
}

static void no_order_of_events_breaks_a_client(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < STORMS; seed++)
		run_storm(seed, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_order_of_events_breaks_a_session),
		cmocka_unit_test(no_order_of_events_breaks_a_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
