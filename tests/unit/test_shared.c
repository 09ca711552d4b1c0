#include "daemon/shared.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"
#include "proxy/admission.h"

static struct shared *make(unsigned workers)
{
	struct err err;
	struct shared *shared = shared_new(workers, 4, &err);

	if (!shared)
		fail_msg("%s", err.text);
	return shared;
}

static uint64_t summed(const struct shared *shared, enum metric metric)
{
	struct metrics sum;

	assert_true(shared_sum(shared, &sum));
	return sum.value[metric];
}

static unsigned take(struct shared *shared)
{
	int slot = shared_take_slot(shared);

	assert_true(slot >= 0);
	return (unsigned)slot;
}

static void there_is_a_slot_for_each_worker_of_ten_generations(void **state)
{
	static const struct {
		unsigned workers, slots;
	} cases[] = {{1, 64}, {6, 64}, {7, 70}, {64, 640}, {409, 4096},
		{1024, 4096}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct shared *shared = make(cases[i].workers);

		assert_int_equal(shared_slots(shared), cases[i].slots);
		assert_int_equal(shared_free_slots(shared), cases[i].slots);
		for (unsigned s = 0; s < cases[i].slots; s++)
			assert_int_equal(take(shared), s);
		assert_int_equal(shared_take_slot(shared), SHARED_NO_SLOT);
		assert_int_equal(shared_free_slots(shared), 0);
		shared_free(shared);
	}
}

static void a_child_counts_where_its_parent_sees_it(void **state)
{
	struct shared *shared = make(2);
	unsigned slot = take(shared);
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (!pid) {
		struct metrics *m = shared_metrics(shared, slot);

		metrics_add(&m->value[METRIC_REQUESTS], 7);
		shared_beat(shared, slot, 1000);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(summed(shared, METRIC_REQUESTS), 7);
	assert_int_equal(shared_beat_age(shared, slot, 1500), 500);
	shared_free(shared);
}

static void counters_of_the_dead_stay_and_their_gauges_go(void **state)
{
	struct shared *shared = make(2);
	unsigned slots[2] = {take(shared), take(shared)};

	(void)state;
	for (unsigned round = 1; round <= 3; round++) {
		for (size_t i = 0; i < 2; i++) {
			struct metrics *m = shared_metrics(shared, slots[i]);

			metrics_add(&m->value[METRIC_REQUESTS], 5);
			metrics_add(&m->value[METRIC_GAUGE_CONNECTIONS], 3);
		}
		assert_int_equal(summed(shared, METRIC_REQUESTS), 10 * round);
		assert_int_equal(summed(shared, METRIC_GAUGE_CONNECTIONS),
			3 * (round + 1));
		assert_int_equal(shared_retire_slot(shared, slots[0]), 3);
		assert_int_equal(summed(shared, METRIC_REQUESTS), 10 * round);
		assert_int_equal(
			summed(shared, METRIC_GAUGE_CONNECTIONS), 3 * round);
		assert_int_equal(take(shared), slots[0]);
	}
	shared_free(shared);
}

static void a_slot_is_clean_when_it_is_taken_again(void **state)
{
	const struct config_limits limits = {
		.connections = 2, .handshakes_pending = 2};
	struct shared *shared = make(1);
	unsigned slot = take(shared);
	struct addr peer = {0};

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(admission_enter(shared_admission(shared), slot,
					 &limits, &peer),
			ADMISSION_OK);
	assert_int_equal(
		admission_enter(shared_admission(shared), slot, &limits, &peer),
		ADMISSION_CONNECTIONS);
	shared_beat(shared, slot, 77);
	shared_retire_slot(shared, slot);
	assert_int_equal(take(shared), slot);
	assert_int_equal(shared_beat_age(shared, slot, 1000), 0);
	assert_int_equal(admission_connections(shared_admission(shared)), 0);
	assert_int_equal(
		shared_metrics(shared, slot)->value[METRIC_REQUESTS], 0);
	shared_free(shared);
}

/* One process retires and takes while this one sums. */
static void a_sum_never_goes_backwards_while_slots_move(void **state)
{
	enum { ROUNDS = 1000 };
	struct shared *shared = make(1);
	uint64_t last = 0;
	struct metrics sum;
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	for (unsigned i = 0; !pid && i < ROUNDS; i++) {
		int slot = shared_take_slot(shared);

		metrics_add(&shared_metrics(shared, (unsigned)slot)
				     ->value[METRIC_REQUESTS],
			1);
		shared_retire_slot(shared, (unsigned)slot);
		sched_yield();
	}
	if (!pid)
		_exit(0);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (!shared_sum(shared, &sum))
			continue; /* it moves all the time */
		assert_true(sum.value[METRIC_REQUESTS] >= last);
		last = sum.value[METRIC_REQUESTS];
	}
	assert_int_equal(status, 0);
	assert_true(last > 0);
	assert_int_equal(summed(shared, METRIC_REQUESTS), ROUNDS);
	shared_free(shared);
}

static void what_the_master_tells_is_printed(void **state)
{
	static const char *const lines[] = {
		"mtlsgate_generation 3\n",
		"mtlsgate_workers 2\n",
		"mtlsgate_workers_draining 0\n",
		"mtlsgate_reloads_total 2\n",
		"mtlsgate_reloads_failed_total 0\n",
		"mtlsgate_reload_retries_total 0\n",
		"mtlsgate_reload_pending 1\n",
		"mtlsgate_uptime_seconds 50\n",
		"mtlsgate_start_time_seconds 1000\n",
		"mtlsgate_worker_heartbeat_age_seconds 4\n",
		"mtlsgate_requests_total 9\n",
		"# TYPE mtlsgate_worker_deaths_total counter\n",
		"mtlsgate_build_info{version=\"",
	};
	struct shared *shared = make(2);
	struct buf out = {0};
	unsigned slot = take(shared);

	(void)state;
	shared_set(shared, SHARED_GENERATION, 3);
	shared_set(shared, SHARED_WORKERS, 2);
	shared_set(shared, SHARED_RELOAD_PENDING, 1);
	shared_set(shared, SHARED_STARTED_S, 1000);
	shared_add(shared, SHARED_RELOADS_OK, 1);
	shared_add(shared, SHARED_RELOADS_OK, 1);
	metrics_add(&shared_metrics(shared, slot)->value[METRIC_REQUESTS], 9);
	shared_beat(shared, slot, 5000);
	assert_true(shared_print(shared, 9500, 1050999, &out));
	assert_true(buf_append(&out, slice_of("", 1)));
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		if (!strstr(buf_bytes(&out).ptr, lines[i]))
			fail_msg("missing: %s", lines[i]);
	}
	buf_fini(&out);
	shared_free(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			there_is_a_slot_for_each_worker_of_ten_generations),
		cmocka_unit_test(a_child_counts_where_its_parent_sees_it),
		cmocka_unit_test(counters_of_the_dead_stay_and_their_gauges_go),
		cmocka_unit_test(a_slot_is_clean_when_it_is_taken_again),
		cmocka_unit_test(a_sum_never_goes_backwards_while_slots_move),
		cmocka_unit_test(what_the_master_tells_is_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
