/* origin: which address is asked, and what becomes of a lease. */
#include "proxy/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "config/config.h"
#include "fake/conn_bench.h"
#include "http/message.h"
#include "http/stream.h"
#include "net/sock.h"
#include "proxy/metrics.h"
#include "proxy/origin_pool.h"
#include "proxy/retry_budget.h"

enum { PLACES = 3 };

struct rig {
	struct bench bench;
	struct addr addresses[PLACES];
	int listeners[PLACES];
	struct config_origin config;
	struct config_timeouts timeouts;
	struct http_limits limits;
	struct metrics metrics;
	struct origin *origin;
	struct lease lease;
	struct stream *stream;
	unsigned ready;
	unsigned failed;
	enum failure why;
	struct arena *arena;
	char directory[32];
};

static void listen_at(struct rig *rig, unsigned place, struct slice where)
{
	const struct sock_listen how = {.backlog = 4};
	struct addr addr;
	struct err err;

	assert_true(addr_parse(where, &addr));
	rig->listeners[place] =
		sock_listen(&addr, &how, &rig->addresses[place], &err);
	assert_true(rig->listeners[place] >= 0);
}

static void go_away(struct rig *rig, unsigned place)
{
	close(rig->listeners[place]);
	rig->listeners[place] = -1;
}

static int start(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	bench_init(&rig->bench);
	for (unsigned i = 0; i < PLACES; i++)
		listen_at(rig, i, SLICE("127.0.0.1:0"));
	rig->config = (struct config_origin){.name = "default",
		.addresses = rig->addresses,
		.address_count = PLACES,
		.keepalive_connections = 4,
		.keepalive_idle_ms = 60000,
		.keepalive_requests = 100};
	rig->timeouts.origin_connect_ms = 5000;
	rig->limits = (struct http_limits){.header_bytes = 8192,
		.header_count = 50,
		.request_line = 1024,
		.body = UINT64_MAX,
		.trailer_bytes = 1024};
	rig->arena = arena_new(NULL);
	*state = rig;
	return 0;
}

static void make(struct rig *rig)
{
	const struct origin_pool_setup setup = {.loop = rig->bench.loop,
		.io = rig->bench.io,
		.config = &rig->config,
		.timeouts = &rig->timeouts,
		.limits = &rig->limits,
		.metrics = &rig->metrics};

	rig->origin = origin_new(&setup);
	assert_non_null(rig->origin);
}

static int stop(void **state)
{
	struct rig *rig = *state;

	if (rig->stream)
		rig->stream->ops->close(rig->stream, STREAM_ABORT);
	bench_settle(&rig->bench);
	origin_free(rig->origin);
	bench_settle(&rig->bench);
	for (unsigned i = 0; i < PLACES; i++) {
		if (rig->listeners[i] >= 0)
			close(rig->listeners[i]);
	}
	bench_fini(&rig->bench);
	arena_free(rig->arena);
	free(rig);
	return 0;
}

static void on_fail(void *owner, const struct stream_failure *failure)
{
	struct rig *rig = owner;

	(void)failure;
	rig->stream->ops->close(rig->stream, STREAM_ABORT);
	rig->stream = NULL;
}

static const struct stream_events stream_events = {.on_fail = on_fail};

static void on_ready(void *owner, struct stream *stream)
{
	struct rig *rig = owner;

	rig->ready++;
	rig->stream = stream;
	stream_bind(stream, &stream_events, rig, rig->arena);
}

static void on_failed(void *owner, enum failure why)
{
	struct rig *rig = owner;

	rig->failed++;
	rig->why = why;
}

static const struct lease_events lease_events = {on_ready, on_failed};

static void ask(struct rig *rig)
{
	rig->lease.events = &lease_events;
	rig->lease.owner = rig;
	origin_request(rig->origin, &rig->lease, false);
}

static bool asked_at(const struct rig *rig, unsigned place)
{
	char text[ADDR_TEXT];

	addr_print(&rig->addresses[place], text);
	return slice_eq(rig->lease.address, slice_str(text));
}

static void the_first_address_is_asked_first(void **state)
{
	struct rig *rig = *state;

	make(rig);
	ask(rig);
	assert_int_equal(rig->ready, 0); /* never from inside the call */
	BENCH_UNTIL(&rig->bench, rig->ready);
	assert_true(asked_at(rig, 0));
	assert_false(rig->lease.reused);
	assert_null(rig->lease.origin);
}

static void the_next_address_is_tried_and_remembered(void **state)
{
	struct rig *rig = *state;

	go_away(rig, 0);
	go_away(rig, 1);
	make(rig);
	ask(rig);
	BENCH_UNTIL(&rig->bench, rig->ready);
	assert_true(asked_at(rig, 2));
	assert_int_equal(rig->metrics.value[METRIC_ORIGIN_CONNECT_FAILURES], 2);
	rig->stream->ops->close(rig->stream, STREAM_ABORT);
	rig->stream = NULL;
	ask(rig);
	BENCH_UNTIL(&rig->bench, rig->ready == 2);
	assert_true(asked_at(rig, 2));
	assert_int_equal(rig->metrics.value[METRIC_ORIGIN_CONNECT_FAILURES], 2);
}

static void when_none_answers_the_lease_fails(void **state)
{
	struct rig *rig = *state;

	for (unsigned i = 0; i < PLACES; i++)
		go_away(rig, i);
	make(rig);
	ask(rig);
	BENCH_UNTIL(&rig->bench, rig->failed);
	assert_int_equal(rig->why, FAILURE_ORIGIN_CONNECT);
	assert_null(rig->lease.origin);
}

static void an_origin_without_addresses_fails(void **state)
{
	struct rig *rig = *state;

	rig->config.address_count = 0;
	make(rig);
	ask(rig);
	BENCH_UNTIL(&rig->bench, rig->failed);
	assert_int_equal(rig->why, FAILURE_ORIGIN_CONNECT);
}

static void a_cancelled_lease_tells_nothing(void **state)
{
	struct rig *rig = *state;

	make(rig);
	ask(rig); /* before anything was done */
	lease_cancel(&rig->lease);
	bench_settle(&rig->bench);
	ask(rig); /* while it connects */
	loop_next_turn(rig->bench.loop, &rig->bench.stop);
	assert_true(loop_run(rig->bench.loop));
	lease_cancel(&rig->lease);
	lease_cancel(&rig->lease);
	bench_settle(&rig->bench);
	assert_int_equal(rig->failed, 0);
}

static void a_unix_socket_is_an_address_too(void **state)
{
	struct rig *rig = *state;
	char path[64];
	int len;

	memcpy(rig->directory, "/tmp/mtlsgate-XXXXXX", 21);
	assert_non_null(mkdtemp(rig->directory));
	len = snprintf(path, sizeof(path), "unix:%s/s", rig->directory);
	go_away(rig, 0);
	listen_at(rig, 0, slice_of(path, (size_t)len));
	make(rig);
	ask(rig);
	BENCH_UNTIL(&rig->bench, rig->ready);
	assert_true(asked_at(rig, 0));
	go_away(rig, 0);
	assert_int_equal(unlink(path + 5), 0);
	assert_int_equal(rmdir(rig->directory), 0);
}

struct side {
	struct rig *rig;
	struct stream *stream;
	struct lease lease;
};

static void side_fail(void *owner, const struct stream_failure *failure)
{
	struct side *side = owner;

	(void)failure;
	side->rig->failed++;
	side->stream->ops->close(side->stream, STREAM_ABORT);
}

static const struct stream_events side_events = {.on_fail = side_fail};

static void side_ready(void *owner, struct stream *stream)
{
	struct side *side = owner;

	side->rig->ready++;
	side->stream = stream;
	stream_bind(stream, &side_events, side, side->rig->arena);
}

/* Several at once, each with its own connection. */
static void many_leases_run_side_by_side(void **state)
{
	static const struct lease_events events = {side_ready, on_failed};
	struct rig *rig = *state;
	struct side sides[10] = {0};

	go_away(rig, 0);
	make(rig);
	for (unsigned i = 0; i < 10; i++) {
		sides[i].rig = rig;
		sides[i].lease.events = &events;
		sides[i].lease.owner = &sides[i];
		origin_request(rig->origin, &sides[i].lease, i % 2);
	}
	lease_cancel(&sides[3].lease);
	BENCH_UNTIL(&rig->bench, rig->ready == 9);
	assert_int_equal(rig->metrics.value[METRIC_ORIGIN_CONNECTS], 9);
	origin_free(rig->origin);
	rig->origin = NULL;
	assert_int_equal(rig->failed, 9); /* whoever has a stream hears of it */
}

/* ---- several servers ---- */

static void split(struct rig *rig)
{
	static struct config_server servers[PLACES];

	for (unsigned i = 0; i < PLACES; i++)
		servers[i] = (struct config_server){
			.url.text = "s", .weight = 1, .first = i, .count = 1};
	rig->config.servers = servers;
	rig->config.server_count = PLACES;
}

static void give_back(struct rig *rig)
{
	rig->stream->ops->close(rig->stream, STREAM_ABORT);
	rig->stream = NULL;
}

static void servers_take_turns(void **state)
{
	struct rig *rig = *state;

	split(rig);
	make(rig);
	for (unsigned i = 0; i < 2 * PLACES; i++) {
		ask(rig);
		BENCH_UNTIL(&rig->bench, rig->ready == i + 1);
		assert_true(asked_at(rig, i % PLACES));
		give_back(rig);
	}
}

static void the_least_busy_server_is_asked(void **state)
{
	struct rig *rig = *state;
	struct stream *held;

	split(rig);
	rig->config.server_count = 2;
	rig->config.balance = BALANCE_LEAST_CONNECTIONS;
	make(rig);
	ask(rig);
	BENCH_UNTIL(&rig->bench, rig->ready == 1);
	assert_true(asked_at(rig, 0));
	held = rig->stream;
	for (unsigned i = 2; i < 6; i++) {
		ask(rig);
		BENCH_UNTIL(&rig->bench, rig->ready == i);
		assert_true(asked_at(rig, 1));
		give_back(rig);
	}
	held->ops->close(held, STREAM_ABORT);
}

/* Each request finds another one; when it is known, nobody is sent there. */
static void a_server_that_fails_is_left_alone(void **state)
{
	struct rig *rig = *state;

	go_away(rig, 1);
	split(rig);
	make(rig);
	for (unsigned i = 0; i < 20; i++) {
		ask(rig);
		BENCH_UNTIL(&rig->bench, rig->ready == i + 1);
		assert_false(asked_at(rig, 1));
		give_back(rig);
	}
	assert_int_equal(rig->metrics.value[METRIC_ORIGIN_CONNECT_FAILURES], 3);
	assert_int_equal(rig->metrics.value[METRIC_ORIGIN_EJECTIONS], 1);
}

static void when_all_are_down_nobody_is_asked(void **state)
{
	struct rig *rig = *state;

	for (unsigned i = 0; i < PLACES; i++)
		go_away(rig, i);
	split(rig);
	make(rig);
	for (unsigned i = 1; i <= 4; i++) {
		ask(rig);
		BENCH_UNTIL(&rig->bench, rig->failed == i);
		assert_int_equal(rig->why, i < 4 ? FAILURE_ORIGIN_CONNECT
						 : FAILURE_ORIGIN_UNAVAILABLE);
	}
	assert_int_equal(rig->metrics.value[METRIC_ORIGIN_CONNECT_FAILURES], 9);
	assert_int_equal(rig->metrics.value[METRIC_ORIGIN_EJECTIONS], 3);
}

/* ---- once more ---- */

static void once_more_is_at_a_server_not_asked_before(void **state)
{
	struct rig *rig = *state;

	split(rig);
	rig->config.retries_max = 5;
	make(rig);
	ask(rig);
	for (unsigned i = 0; i < PLACES; i++) {
		BENCH_UNTIL(&rig->bench, rig->ready == i + 1);
		assert_true(asked_at(rig, i));
		give_back(rig);
		assert_int_equal(rig->lease.retries, i);
		if (i + 1 < PLACES)
			assert_true(
				origin_retry(rig->origin, &rig->lease, true));
	}
	assert_false(origin_retry(rig->origin, &rig->lease, true));
	/* where any will do, all are asked once more */
	assert_true(origin_retry(rig->origin, &rig->lease, false));
	BENCH_UNTIL(&rig->bench, rig->ready == PLACES + 1);
	assert_int_equal(rig->metrics.value[METRIC_RETRIES], (uint64_t)PLACES);
}

static void a_server_that_is_down_is_no_other_one(void **state)
{
	struct rig *rig = *state;

	go_away(rig, 1);
	split(rig);
	rig->config.server_count = 2;
	rig->config.retries_max = 1;
	make(rig);
	for (unsigned i = 0; i < 10; i++) { /* it goes down meanwhile */
		ask(rig);
		BENCH_UNTIL(&rig->bench, rig->ready == i + 1);
		give_back(rig);
	}
	assert_int_equal(rig->metrics.value[METRIC_ORIGIN_EJECTIONS], 1);
	assert_false(origin_retry(rig->origin, &rig->lease, true));
}

static void it_is_repeated_so_often_and_no_more(void **state)
{
	struct rig *rig = *state;

	make(rig);
	ask(rig);
	BENCH_UNTIL(&rig->bench, rig->ready == 1);
	give_back(rig);
	assert_false(origin_retry(rig->origin, &rig->lease, false));
	rig->config.retries_max = 2;
	for (unsigned i = 2; i <= 3; i++) {
		assert_true(origin_retry(rig->origin, &rig->lease, false));
		BENCH_UNTIL(&rig->bench, rig->ready == i);
		assert_false(rig->lease.reused);
		give_back(rig);
	}
	assert_false(origin_retry(rig->origin, &rig->lease, false));
	ask(rig); /* the next request begins anew */
	BENCH_UNTIL(&rig->bench, rig->ready == 4);
	give_back(rig);
	assert_true(origin_retry(rig->origin, &rig->lease, false));
	lease_cancel(&rig->lease);
}

static void the_budget_ends_it_too(void **state)
{
	struct rig *rig = *state;

	rig->config.retries_max = 1;
	make(rig);
	for (unsigned i = 0; i <= RETRY_BUDGET_FLOOR; i++) {
		ask(rig);
		BENCH_UNTIL(&rig->bench, rig->ready == i + 1);
		give_back(rig);
		assert_int_equal(origin_retry(rig->origin, &rig->lease, false),
			i < RETRY_BUDGET_FLOOR);
		lease_cancel(&rig->lease);
	}
	assert_int_equal(rig->metrics.value[METRIC_RETRIES_OVER_BUDGET], 1);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_address_is_asked_first),
		cmocka_unit_test(the_next_address_is_tried_and_remembered),
		cmocka_unit_test(when_none_answers_the_lease_fails),
		cmocka_unit_test(an_origin_without_addresses_fails),
		cmocka_unit_test(a_cancelled_lease_tells_nothing),
		cmocka_unit_test(a_unix_socket_is_an_address_too),
		cmocka_unit_test(many_leases_run_side_by_side),
		cmocka_unit_test(servers_take_turns),
		cmocka_unit_test(the_least_busy_server_is_asked),
		cmocka_unit_test(a_server_that_fails_is_left_alone),
		cmocka_unit_test(when_all_are_down_nobody_is_asked),
		cmocka_unit_test(once_more_is_at_a_server_not_asked_before),
		cmocka_unit_test(a_server_that_is_down_is_no_other_one),
		cmocka_unit_test(it_is_repeated_so_often_and_no_more),
		cmocka_unit_test(the_budget_ends_it_too),
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tests[i].setup_func = start;
		tests[i].teardown_func = stop;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
