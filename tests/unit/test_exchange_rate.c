/* exchange: requests that come faster than rate_limits allow. */
#include "proxy/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config_rate.h"
#include "fake/alloc_fail.h"
#include "fake/exchange_rig.h"
#include "proxy/rate_limits.h"
#include "proxy/rate_table.h"
#include "proxy/refusals.h"

enum { SETS = 64, KEEP = 4 };

struct bench {
	struct exchange_rig *rig;
	struct config_rate_limit limit;
	struct rate_table *table;
	struct rate_limits *limits;
	struct refusals *refusals;
	struct log_bucket bucket;
};

static void *zeroed(size_t size)
{
	size_t whole = (size + RATE_ALIGN - 1) / RATE_ALIGN * RATE_ALIGN;
	void *memory = aligned_alloc(RATE_ALIGN, whole);

	assert_non_null(memory);
	return memset(memory, 0, whole);
}

static void describe(void *owner, struct arena *arena, struct refusal *record)
{
	(void)owner;
	(void)arena;
	(void)record;
}

static void set_limit(struct bench *bench, enum config_rate_key key)
{
	bench->limit.key = key;
	rate_limits_free(bench->limits);
	bench->limits = rate_limits_new(&bench->rig->config, bench->table);
	assert_non_null(bench->limits);
	bench->rig->env.rates = bench->limits;
}

/* One request an hour of each certificate. */
static int start(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->rig = rig_new();
	bench->limit = (struct config_rate_limit){.per_hour = 1, .burst = 1};
	bench->rig->config.rate_limits = &bench->limit;
	bench->rig->config.rate_limit_count = 1;
	bench->table = rate_table_init(zeroed(rate_table_size(SETS)), SETS);
	assert_non_null(bench->table);
	set_limit(bench, RATE_CERTIFICATE);
	bench->refusals = refusals_init(zeroed(refusals_size(KEEP)), KEEP);
	bench->rig->env.refusals = bench->refusals;
	bench->rig->client.describe = describe;
	log_bucket_init(&bench->bucket, 1, 1);
	bench->rig->env.rate_bucket = &bench->bucket;
	memset(bench->rig->auth.sha256, 7, 32);
	*state = bench;
	return 0;
}

static int stop(void **state)
{
	struct bench *bench = *state;

	rig_free(bench->rig);
	rate_limits_free(bench->limits);
	free(bench->table);
	free(bench->refusals);
	free(bench);
	return 0;
}

static void pass(struct exchange_rig *rig)
{
	rig_get(rig, "GET");
	rig_answer(rig, 204, NULL);
	fake_stream_end(&rig->origin_end, NULL);
	rig_turn(rig);
	assert_int_equal(rig->record.status, 204);
	assert_null(rig->record.rate_limit);
}

static void refuse(struct exchange_rig *rig)
{
	unsigned leases = rig->leases;

	rig_request(rig, "GET", "/x?secret", NULL);
	rig_turn(rig);
	assert_int_equal(rig->record.status, 429);
	assert_int_equal(rig->record.failure, FAILURE_RATE_LIMITED);
	assert_int_equal(rig->leases, leases); /* no origin was asked */
}

static void too_fast_is_429_and_when_to_come_again(void **state)
{
	struct bench *bench = *state;
	struct exchange_rig *rig = bench->rig;

	pass(rig);
	refuse(rig);
	assert_true(fake_stream_saw(&rig->client_end, "head(429 "));
	assert_true(fake_stream_saw(&rig->client_end, "Retry-After: 3600;"));
	assert_true(fake_stream_saw(&rig->client_end, "reason: rate-limited"));
	assert_true(fake_stream_saw(&rig->client_end, "end done"));
	assert_string_equal(rig->record.rate_limit, "certificate");
	assert_int_equal(rig->metrics.rate[RATE_CERTIFICATE], 1);
	assert_int_equal(rig->metrics.failure[FAILURE_RATE_LIMITED], 1);
	assert_int_equal(rig->metrics.status[4], 1);
	memset(rig->auth.sha256, 8, 32); /* somebody else */
	pass(rig);
}

/* Other answers of ours tell no such thing. */
static void only_a_429_has_retry_after(void **state)
{
	struct bench *bench = *state;
	struct exchange_rig *rig = bench->rig;

	rig_request(rig, "GET", "/", NULL);
	rig_refuse(rig, FAILURE_ORIGIN_CONNECT);
	assert_int_equal(rig->record.status, 502);
	assert_false(fake_stream_saw(&rig->client_end, "Retry-After"));
}

static void without_a_certificate_the_address_counts(void **state)
{
	struct bench *bench = *state;
	struct exchange_rig *rig = bench->rig;

	rig->auth_settings.mode = CLIENT_AUTH_OPTIONAL;
	rig->auth.state = CLIENT_AUTH_NONE;
	pass(rig);
	memset(rig->auth.sha256, 9, 32); /* of nothing that verifies */
	refuse(rig);
	rig->client.ip = SLICE("192.0.2.8");
	pass(rig);
}

static void a_route_that_answers_itself_counts_too(void **state)
{
	struct config_route route = {
		.name = "a", .respond_status = 204, .body = 1};
	struct config_listener listener = {.name = "default"};
	struct bench *bench = *state;
	struct exchange_rig *rig = bench->rig;

	rig->config.listeners = &listener;
	rig->config.listener_count = 1;
	rig->config.routes = &route;
	rig->config.route_count = 1;
	rig_rules(rig);
	set_limit(bench, RATE_ROUTE);
	rig_request(rig, "GET", "/", NULL);
	assert_int_equal(rig->record.status, 204);
	refuse(rig);
	assert_string_equal(rig->record.rate_limit, "route");
	assert_string_equal(rig->record.route, "a");
}

/* R13: of a connection that ends anyway nothing is hidden. */
static void who_must_connect_again_is_told_so(void **state)
{
	struct bench *bench = *state;
	struct exchange_rig *rig = bench->rig;
	const bool yes = true;

	pass(rig);
	rig->client.distrusted = &yes;
	rig_request(rig, "GET", "/", NULL);
	assert_int_equal(rig->record.status, 421);
	assert_int_equal(rig->record.failure, FAILURE_TRUST_CHANGED);
	assert_int_equal(rig->metrics.rate[RATE_CERTIFICATE], 0);
}

/* What is refused by the rules counts, and is slowed down like the rest. */
static void refused_requests_count(void **state)
{
	struct bench *bench = *state;
	struct exchange_rig *rig = bench->rig;

	rig->auth_settings.mode = CLIENT_AUTH_REQUIRE;
	rig->auth.state = CLIENT_AUTH_NONE;
	set_limit(bench, RATE_ADDRESS);
	rig_request(rig, "GET", "/", NULL);
	assert_int_equal(rig->record.status, 403);
	refuse(rig);
	assert_int_equal(rig->record.rule, HTTP_RULE_NONE);
}

/* A flood of 429 leaves the other refusals where they are. */
static void a_flood_is_remembered_once(void **state)
{
	struct bench *bench = *state;
	struct exchange_rig *rig = bench->rig;
	struct refusal record;

	pass(rig);
	for (unsigned i = 0; i < 10; i++)
		refuse(rig);
	assert_int_equal(refusals_total(bench->refusals), 1);
	assert_true(refusals_read(bench->refusals, 0, &record));
	assert_int_equal(record.status, 429);
	assert_true(slice_eq(
		refusal_get(&record, REFUSAL_CODE), SLICE("rate-limited")));
	assert_true(slice_eq(refusal_get(&record, REFUSAL_REASON),
		SLICE("faster than rate_limits allow this certificate; "
		      "it is to wait 3600 s")));
	assert_true(slice_eq(refusal_get(&record, REFUSAL_PATH), SLICE("/x")));
	assert_int_equal(rig->metrics.rate[RATE_CERTIFICATE], 10);
}

/* What the fake end writes down must not be what fails. */
static void give_room(struct buf *verbs)
{
	static char room[4096];

	memset(room, ' ', sizeof(room));
	assert_true(buf_append(verbs, slice_of(room, sizeof(room))));
	buf_consume(verbs, sizeof(room) - 1);
}

/* R23: where memory fails there is no half answer, and nothing passes. */
static void without_memory_the_exchange_ends(void **state)
{
	struct bench *bench = *state;
	struct exchange_rig *rig = bench->rig;
	bool failed;
	size_t n = 0;

	pass(rig);
	do {
		struct message *head;
		unsigned leases = rig->leases;

		rig_start(rig);
		head = fake_request(&rig->client_end, "GET", "/", NULL);
		give_room(&rig->client_end.verbs);
		alloc_fail_arm(++n, true);
		alloc_fail_begin();
		fake_stream_head(&rig->client_end, head);
		alloc_fail_end();
		failed = alloc_fail_disarm();
		rig_turn(rig);
		assert_int_equal(rig->record.failure, FAILURE_RATE_LIMITED);
		assert_int_equal(rig->record.status, failed ? 0 : 429);
		assert_int_equal(rig->leases, leases);
	} while (failed);
	assert_int_equal(rig->over, rig->finished);
}

static void where_it_is_off_nobody_waits(void **state)
{
	struct bench *bench = *state;

	bench->rig->env.rates = NULL;
	for (unsigned i = 0; i < 10; i++)
		pass(bench->rig);
}

#define RATE_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RATE_TEST(too_fast_is_429_and_when_to_come_again),
		RATE_TEST(only_a_429_has_retry_after),
		RATE_TEST(without_a_certificate_the_address_counts),
		RATE_TEST(a_route_that_answers_itself_counts_too),
		RATE_TEST(who_must_connect_again_is_told_so),
		RATE_TEST(refused_requests_count),
		RATE_TEST(a_flood_is_remembered_once),
		RATE_TEST(without_memory_the_exchange_ends),
		RATE_TEST(where_it_is_off_nobody_waits),
	};

	alloc_fail_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
