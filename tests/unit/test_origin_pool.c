/* origin_pool: opening, keeping and losing connections of one endpoint. */
#include "proxy/origin_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "config/config.h"
#include "fake/conn_bench.h"
#include "http/message.h"
#include "http/stream.h"
#include "net/sock.h"
#include "proxy/metrics.h"

enum { ENDS = 6 };

struct end { /* what an exchange would be */
	struct rig *rig;
	struct stream *stream;
	bool done;
	bool failed;
};

static const struct origin_hello anybody;

struct rig {
	struct bench bench;
	struct addr addr;
	int listener;
	struct config_origin config;
	struct config_timeouts timeouts;
	struct http_limits limits;
	struct metrics metrics;
	struct origin_pool_setup setup;
	struct origin_pool *pool;
	struct arena *arena;
	struct end ends[ENDS];
	struct peer peers[ENDS];
	unsigned opened;
	unsigned refused;
	enum failure why;
};

static int start(void **state)
{
	const struct sock_listen how = {.backlog = 16};
	struct rig *rig = calloc(1, sizeof(*rig));
	struct addr any;
	struct err err;

	assert_non_null(rig);
	bench_init(&rig->bench);
	assert_true(addr_parse(SLICE("127.0.0.1:0"), &any));
	rig->listener = sock_listen(&any, &how, &rig->addr, &err);
	assert_true(rig->listener >= 0);
	rig->config = (struct config_origin){.keepalive_connections = 4,
		.keepalive_idle_ms = 60000,
		.keepalive_requests = 100};
	rig->timeouts.origin_connect_ms = 5000;
	rig->limits = (struct http_limits){.header_bytes = 8192,
		.header_count = 50,
		.request_line = 1024,
		.body = UINT64_MAX,
		.trailer_bytes = 1024};
	rig->setup = (struct origin_pool_setup){.loop = rig->bench.loop,
		.io = rig->bench.io,
		.config = &rig->config,
		.timeouts = &rig->timeouts,
		.limits = &rig->limits,
		.metrics = &rig->metrics};
	rig->pool = origin_pool_new(&rig->setup, &rig->addr, NULL);
	assert_non_null(rig->pool);
	rig->arena = arena_new(NULL);
	*state = rig;
	return 0;
}

static uint64_t idle(const struct rig *rig)
{
	return rig->metrics.value[METRIC_GAUGE_ORIGIN_IDLE];
}

static int stop(void **state)
{
	struct rig *rig = *state;

	origin_pool_free(rig->pool);
	bench_settle(&rig->bench);
	assert_int_equal(idle(rig), 0);
	for (unsigned i = 0; i < ENDS; i++) {
		if (rig->peers[i].fd > 0)
			peer_close(&rig->peers[i]);
	}
	if (rig->listener >= 0)
		close(rig->listener);
	bench_fini(&rig->bench);
	arena_free(rig->arena);
	free(rig);
	return 0;
}

/* ---- an exchange, in short ---- */

static void on_head(void *owner, struct message *head)
{
	(void)owner;
	assert_int_equal(head->status, 200);
}

static void on_body(void *owner, struct slice bytes)
{
	(void)owner;
	(void)bytes;
}

static void on_end(void *owner, struct header_block *trailers)
{
	struct end *end = owner;

	(void)trailers;
	end->done = true;
	end->stream->ops->close(end->stream, STREAM_DONE);
	end->stream = NULL;
}

static void on_fail(void *owner, const struct stream_failure *failure)
{
	struct end *end = owner;

	(void)failure;
	end->failed = true;
	end->stream->ops->close(end->stream, STREAM_ABORT);
	end->stream = NULL;
}

static const struct stream_events stream_events = {.on_head = on_head,
	.on_body = on_body,
	.on_end = on_end,
	.on_fail = on_fail};

static void take(struct end *end, struct stream *stream)
{
	struct message head = {.kind = MESSAGE_REQUEST,
		.method = METHOD_GET,
		.method_text = SLICE("GET"),
		.path = SLICE("/"),
		.authority = SLICE("a"),
		.stated_len = -1};

	end->done = end->failed = false;
	end->stream = stream;
	stream_bind(stream, &stream_events, end, end->rig->arena);
	stream->ops->send_head(stream, &head);
	stream->ops->send_end(stream, NULL);
}

static void on_opened(void *owner, struct stream *stream)
{
	struct end *end = owner;

	end->rig->opened++;
	take(end, stream);
}

static void on_refused(void *owner, enum failure why, const char *words)
{
	struct end *end = owner;

	assert_true(*words);
	end->rig->refused++;
	end->rig->why = why;
}

static const struct origin_pool_events events = {on_opened, on_refused};

static struct origin_conn *open_one(struct rig *rig, unsigned i)
{
	struct origin_conn *oc;

	rig->ends[i].rig = rig;
	oc = origin_pool_connect(rig->pool, &anybody, &events, &rig->ends[i]);
	assert_non_null(oc);
	return oc;
}

static void accept_one(struct rig *rig, unsigned i)
{
	enum sock_accept how = SOCK_NONE;
	struct addr addr;
	int fd;

	BENCH_UNTIL(&rig->bench,
		(how = sock_accept(rig->listener, &fd, &addr)) != SOCK_NONE);
	assert_int_equal(how, SOCK_ACCEPTED);
	peer_init(&rig->peers[i], fd);
	bench_add(&rig->bench, &rig->peers[i]);
}

static void answer(struct rig *rig, unsigned i, const char *more)
{
	BENCH_UNTIL(&rig->bench, rig->peers[i].got > 0);
	peer_say(&rig->peers[i], slice_str("HTTP/1.1 200 OK\r\n"));
	peer_say(&rig->peers[i], slice_str(more));
	peer_say(&rig->peers[i], slice_str("Content-Length: 1\r\n\r\nx"));
	BENCH_UNTIL(&rig->bench, rig->ends[i].done);
	bench_settle(&rig->bench);
}

/* One after the other, so that end i speaks to peer i. */
static void serve(struct rig *rig, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		open_one(rig, i);
		accept_one(rig, i);
		BENCH_UNTIL(&rig->bench, rig->opened == i + 1);
	}
	for (unsigned i = 0; i < count; i++)
		answer(rig, i, "");
}

static void an_idle_connection_is_used_again_the_last_one_first(void **state)
{
	struct rig *rig = *state;

	serve(rig, 2);
	assert_int_equal(idle(rig), 2);
	rig->peers[0].got = rig->peers[1].got = 0;
	take(&rig->ends[1], origin_pool_reuse(rig->pool, &anybody));
	assert_int_equal(idle(rig), 1);
	answer(rig, 1, "");
	assert_int_equal(rig->peers[0].got, 0);
	assert_int_equal(rig->metrics.value[METRIC_ORIGIN_REUSES], 1);
	assert_int_equal(rig->metrics.value[METRIC_ORIGIN_CONNECTS], 2);
}

static void only_so_many_are_kept(void **state)
{
	struct rig *rig = *state;

	rig->config.keepalive_connections = 2;
	serve(rig, 4);
	assert_int_equal(idle(rig), 2);
	BENCH_UNTIL(&rig->bench, rig->peers[2].fin && rig->peers[3].fin);
}

static void a_connection_serves_only_so_many_requests(void **state)
{
	struct rig *rig = *state;

	rig->config.keepalive_requests = 2;
	serve(rig, 1);
	rig->peers[0].got = 0;
	take(&rig->ends[0], origin_pool_reuse(rig->pool, &anybody));
	answer(rig, 0, "");
	assert_int_equal(idle(rig), 0);
	BENCH_UNTIL(&rig->bench, rig->peers[0].fin);
}

static void an_answer_without_keep_alive_ends_the_connection(void **state)
{
	struct rig *rig = *state;

	open_one(rig, 0);
	accept_one(rig, 0);
	answer(rig, 0, "Connection: close\r\n");
	assert_int_equal(idle(rig), 0);
	assert_null(origin_pool_reuse(rig->pool, &anybody));
}

static void an_idle_connection_is_dropped_when_the_origin_leaves(void **state)
{
	struct rig *rig = *state;

	serve(rig, 2);
	peer_close(&rig->peers[0]);
	BENCH_UNTIL(&rig->bench, idle(rig) == 1);
	/* and when it speaks unasked */
	peer_say(&rig->peers[1], SLICE("HTTP/1.1 408 bye\r\n\r\n"));
	BENCH_UNTIL(&rig->bench, idle(rig) == 0);
	assert_null(origin_pool_reuse(rig->pool, &anybody));
}

static void run_until_idle(struct rig *rig, uint64_t count)
{
	BENCH_UNTIL(&rig->bench, idle(rig) == count);
}

static void an_idle_connection_ends_after_its_time(void **state)
{
	struct rig *rig = *state;

	rig->config.keepalive_idle_ms = 30;
	serve(rig, 3);
	run_until_idle(rig, 0);
	BENCH_UNTIL(&rig->bench, rig->peers[0].fin && rig->peers[2].fin);
}

static void a_refusal_is_told_with_words(void **state)
{
	struct rig *rig = *state;

	close(rig->listener);
	rig->listener = -1;
	open_one(rig, 0);
	assert_int_equal(rig->refused, 0); /* never from inside the call */
	BENCH_UNTIL(&rig->bench, rig->refused);
	assert_int_equal(rig->why, FAILURE_ORIGIN_CONNECT);
	assert_int_equal(rig->metrics.value[METRIC_ORIGIN_CONNECT_FAILURES], 1);
}

/* A backlog that is full: the connection hangs until its time is over. */
static void a_connection_that_hangs_is_given_up(void **state)
{
	struct rig *rig = *state;
	int fillers[4];

	assert_int_equal(listen(rig->listener, 0), 0);
	for (unsigned i = 0; i < 4; i++) {
		fillers[i] = sock_connect(&rig->addr);
		bench_settle(&rig->bench);
	}
	rig->timeouts.origin_connect_ms = 30;
	open_one(rig, 0);
	BENCH_UNTIL(&rig->bench, rig->refused);
	assert_int_equal(rig->why, FAILURE_ORIGIN_CONNECT_TIMEOUT);
	for (unsigned i = 0; i < 4; i++) {
		if (fillers[i] >= 0)
			close(fillers[i]);
	}
}

static void a_cancelled_connection_tells_nothing(void **state)
{
	struct rig *rig = *state;

	origin_pool_cancel(open_one(rig, 0));
	bench_settle(&rig->bench);
	assert_int_equal(rig->opened + rig->refused, 0);
}

static void draining_ends_what_is_idle_and_keeps_nothing_more(void **state)
{
	struct rig *rig = *state;

	serve(rig, 1);
	open_one(rig, 1);
	accept_one(rig, 1);
	origin_pool_drain(rig->pool);
	assert_int_equal(idle(rig), 0);
	BENCH_UNTIL(&rig->bench, rig->peers[0].fin);
	answer(rig, 1, "");
	assert_int_equal(idle(rig), 0);
	BENCH_UNTIL(&rig->bench, rig->peers[1].fin);
}

static void freeing_fails_what_is_lent(void **state)
{
	struct rig *rig = *state;

	open_one(rig, 0);
	BENCH_UNTIL(&rig->bench, rig->opened);
	origin_pool_free(rig->pool);
	assert_true(rig->ends[0].failed);
	rig->pool = NULL;
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_idle_connection_is_used_again_the_last_one_first),
		cmocka_unit_test(only_so_many_are_kept),
		cmocka_unit_test(a_connection_serves_only_so_many_requests),
		cmocka_unit_test(
			an_answer_without_keep_alive_ends_the_connection),
		cmocka_unit_test(
			an_idle_connection_is_dropped_when_the_origin_leaves),
		cmocka_unit_test(an_idle_connection_ends_after_its_time),
		cmocka_unit_test(a_refusal_is_told_with_words),
		cmocka_unit_test(a_connection_that_hangs_is_given_up),
		cmocka_unit_test(a_cancelled_connection_tells_nothing),
		cmocka_unit_test(
			draining_ends_what_is_idle_and_keeps_nothing_more),
		cmocka_unit_test(freeing_fails_what_is_lent),
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tests[i].setup_func = start;
		tests[i].teardown_func = stop;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
