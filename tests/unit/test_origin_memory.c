/* origin: memory that runs out while its servers are made, or asked (R23). */
#include "proxy/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "fake/alloc_fail.h"
#include "fake/conn_bench.h"
#include "http/stream.h"
#include "proxy/metrics.h"
#include "proxy/origin_pool.h"

enum { SERVERS = 2 };

struct rig {
	struct bench bench;
	struct addr addresses[SERVERS];
	struct config_server servers[SERVERS];
	struct config_origin config;
	struct config_timeouts timeouts;
	struct http_limits limits;
	struct metrics metrics;
	struct origin_pool_setup setup;
	struct lease lease;
	unsigned ended;
	enum failure why;
};

static void rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	bench_init(&rig->bench);
	for (unsigned i = 0; i < SERVERS; i++) {
		assert_true(addr_parse(
			SLICE("unix:/nowhere/at/all"), &rig->addresses[i]));
		rig->servers[i] = (struct config_server){
			.url.text = "s", .weight = 1, .first = i, .count = 1};
	}
	rig->config = (struct config_origin){.name = "web",
		.addresses = rig->addresses,
		.address_count = SERVERS,
		.servers = rig->servers,
		.server_count = SERVERS};
	rig->timeouts.origin_connect_ms = 5000;
	rig->setup = (struct origin_pool_setup){.loop = rig->bench.loop,
		.io = rig->bench.io,
		.config = &rig->config,
		.timeouts = &rig->timeouts,
		.limits = &rig->limits,
		.metrics = &rig->metrics};
}

static void making_fails_cleanly(void **state)
{
	size_t n = 0;
	struct rig rig;
	bool failed;

	(void)state;
	rig_init(&rig);
	do {
		struct origin *origin;

		alloc_fail_arm(++n, false);
		alloc_fail_begin();
		origin = origin_new(&rig.setup);
		alloc_fail_end();
		failed = alloc_fail_disarm();
		assert_true(failed == !origin);
		origin_free(origin);
	} while (failed);
	assert_true(n > 5);
	bench_fini(&rig.bench);
}

static void on_ready(void *owner, struct stream *stream)
{
	(void)owner;
	(void)stream;
	fail();
}

static void on_failed(void *owner, enum failure why)
{
	struct rig *rig = owner;

	rig->ended++;
	rig->why = why;
}

/* No memory of ours is no fault of the servers: none goes down for it. */
static void a_lease_ends_and_blames_nobody(void **state)
{
	static const struct lease_events events = {on_ready, on_failed};
	struct origin *origin;
	struct rig rig;

	(void)state;
	rig_init(&rig);
	origin = origin_new(&rig.setup);
	assert_non_null(origin);
	alloc_fail_in_loop(true);
	for (unsigned i = 1; i <= 5; i++) {
		rig.lease.events = &events;
		rig.lease.owner = &rig;
		alloc_fail_arm(1, true);
		origin_request(origin, &rig.lease, false);
		BENCH_UNTIL(&rig.bench, rig.ended == i);
		assert_true(alloc_fail_disarm());
		assert_int_equal(rig.why, FAILURE_MEMORY);
	}
	alloc_fail_in_loop(false);
	assert_int_equal(rig.metrics.value[METRIC_ORIGIN_EJECTIONS], 0);
	origin_free(origin);
	bench_settle(&rig.bench);
	bench_fini(&rig.bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(making_fails_cleanly),
		cmocka_unit_test(a_lease_ends_and_blames_nobody),
	};

	alloc_fail_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
