/* The worker's side: never waits, survives its steward. */
#include "proxy/ocsp_asker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/channel.h"
#include "fake/conn_bench.h"
#include "proxy/ocsp_record.h"

enum { MANY = 200 };

struct asked {
	struct ocsp_ask *ask;
	unsigned count;
	struct ocsp_told told;
};

struct world {
	struct bench bench;
	struct ocsp_asker *asker;
	int steward; /* its end; -1: none */
	struct asked asked[MANY];
};

static void on_told(void *owner, const struct ocsp_told *told)
{
	struct asked *asked = owner;

	asked->ask = NULL;
	asked->count++;
	asked->told = *told;
}

static void attach(struct world *w)
{
	int ends[2];

	if (w->steward >= 0)
		close(w->steward);
	assert_true(channel_pair(ends));
	w->steward = ends[0];
	ocsp_asker_attach(w->asker, ends[1]);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	*state = w;
	assert_non_null(w);
	bench_init(&w->bench);
	w->steward = -1;
	w->asker = ocsp_asker_new(w->bench.loop);
	assert_non_null(w->asker);
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < MANY; i++) {
		if (w->asked[i].ask)
			ocsp_ask_cancel(w->asked[i].ask);
	}
	ocsp_asker_free(w->asker);
	if (w->steward >= 0)
		close(w->steward);
	bench_fini(&w->bench);
	free(w);
	return 0;
}

static struct ocsp_ask *try_ask(struct world *w, size_t i)
{
	const struct ocsp_question question = {
		SLICE("issuer"), SLICE("42"), SLICE("http://a/")};

	return ocsp_ask_new(w->asker, i, &question, on_told, &w->asked[i]);
}

static void ask(struct world *w, size_t i)
{
	w->asked[i].ask = try_ask(w, i);
	assert_non_null(w->asked[i].ask);
}

/* The next question at the steward's end; 0: none. Listeners tell them
 * apart. */
static uint64_t heard(struct world *w, size_t *listener)
{
	struct ocsp_ask_record record;
	struct ocsp_question question;
	ssize_t n = recv(w->steward, &record, sizeof(record), MSG_DONTWAIT);

	if (n < 0)
		return 0;
	assert_true(ocsp_ask_record_read(&record, (size_t)n, &question));
	assert_true(slice_eq(question.url, SLICE("http://a/")));
	*listener = record.listener;
	return record.number;
}

static void say(struct world *w, uint64_t number, enum ocsp_result result)
{
	const struct ocsp_reply_record record = {.number = number,
		.until = 99,
		.result = (uint16_t)result,
		.flags = OCSP_REPLY_FETCHED};

	assert_int_equal(
		send(w->steward, &record, sizeof(record), 0), sizeof(record));
}

static void an_answer_finds_who_asked(void **state)
{
	struct world *w = *state;
	size_t listener;
	uint64_t first, second;

	attach(w);
	ask(w, 0);
	ask(w, 1);
	first = heard(w, &listener);
	assert_int_equal(listener, 0);
	second = heard(w, &listener);
	assert_int_equal(listener, 1);
	say(w, second, OCSP_RESULT_REVOKED);
	BENCH_UNTIL(&w->bench, w->asked[1].count);
	assert_int_equal(w->asked[1].told.result, OCSP_RESULT_REVOKED);
	assert_int_equal(w->asked[1].told.until, 99);
	assert_true(w->asked[1].told.fetched);
	assert_false(w->asked[1].told.cached);
	assert_int_equal(w->asked[0].count, 0);
	say(w, first, OCSP_RESULT_GOOD);
	BENCH_UNTIL(&w->bench, w->asked[0].count);
	/* an answer that nobody waits for is none */
	say(w, first, OCSP_RESULT_REVOKED);
	say(w, 4711, OCSP_RESULT_REVOKED);
	bench_settle(&w->bench);
	assert_int_equal(w->asked[0].count, 1);
	assert_int_equal(w->asked[1].count, 1);
}

static void a_cancelled_one_is_not_told(void **state)
{
	struct world *w = *state;
	size_t listener;
	uint64_t number;

	attach(w);
	ask(w, 0);
	number = heard(w, &listener);
	ocsp_ask_cancel(w->asked[0].ask);
	w->asked[0].ask = NULL;
	say(w, number, OCSP_RESULT_GOOD);
	bench_settle(&w->bench);
	assert_int_equal(w->asked[0].count, 0);
}

static void who_asks_before_there_is_a_steward_waits(void **state)
{
	struct world *w = *state;
	size_t listener;
	uint64_t number;

	ask(w, 3);
	bench_settle(&w->bench);
	attach(w);
	number = heard(w, &listener);
	assert_int_equal(listener, 3);
	say(w, number, OCSP_RESULT_GOOD);
	BENCH_UNTIL(&w->bench, w->asked[3].count);
}

static void another_steward_is_asked_anew(void **state)
{
	struct world *w = *state;
	size_t listener;
	uint64_t number;

	attach(w);
	ask(w, 0);
	assert_true(heard(w, &listener));
	close(w->steward);
	w->steward = -1;
	BENCH_UNTIL(&w->bench, !ocsp_asker_attached(w->asker));
	assert_int_equal(w->asked[0].count, 0);
	ask(w, 1);
	attach(w);
	number = heard(w, &listener);
	assert_int_equal(listener, 0);
	say(w, number, OCSP_RESULT_GOOD);
	say(w, heard(w, &listener), OCSP_RESULT_UNKNOWN);
	BENCH_UNTIL(&w->bench, w->asked[0].count && w->asked[1].count);
	assert_int_equal(w->asked[1].told.result, OCSP_RESULT_UNKNOWN);
}

/* The socket holds a few dozen; the rest waits for its edge. */
static void a_slow_steward_gets_all_of_them(void **state)
{
	struct world *w = *state;
	size_t listener, count = 0;

	attach(w);
	for (size_t i = 0; i < MANY; i++)
		ask(w, i);
	while (count < MANY) {
		uint64_t number = heard(w, &listener);

		if (!number) {
			bench_turn(&w->bench);
			continue;
		}
		assert_int_equal(listener, count);
		say(w, number, OCSP_RESULT_GOOD);
		count++;
	}
	for (size_t i = 0; i < MANY; i++) {
		BENCH_UNTIL(&w->bench, w->asked[i].count);
		assert_int_equal(w->asked[i].count, 1);
	}
}

static void a_steward_that_talks_nonsense_is_left(void **state)
{
	struct world *w = *state;

	attach(w);
	ask(w, 0);
	assert_int_equal(send(w->steward, "x", 1, 0), 1);
	BENCH_UNTIL(&w->bench, !ocsp_asker_attached(w->asker));
	attach(w);
	assert_true(ocsp_asker_attached(w->asker));
	say(w, 1, OCSP_RESULT_COUNT);
	BENCH_UNTIL(&w->bench, !ocsp_asker_attached(w->asker));
	assert_int_equal(w->asked[0].count, 0);
}

static void what_the_last_steward_leaves_is_told_at_once(void **state)
{
	struct world *w = *state;
	size_t listener;

	attach(w);
	ask(w, 0);
	ask(w, 1);
	assert_true(heard(w, &listener));
	ocsp_asker_finish(w->asker);
	ocsp_asker_finish(w->asker);
	bench_turn(&w->bench);
	assert_int_equal(w->asked[0].count, 0); /* it is there */
	close(w->steward);
	w->steward = -1;
	BENCH_UNTIL(&w->bench, w->asked[0].count && w->asked[1].count);
	assert_int_equal(w->asked[0].told.result, OCSP_RESULT_INTERNAL);
	assert_int_equal(w->asked[1].told.result, OCSP_RESULT_INTERNAL);
	assert_null(try_ask(w, 2));
}

static void a_steward_that_is_gone_already_is_not_awaited_either(void **state)
{
	struct world *w = *state;

	ask(w, 0);
	ocsp_asker_finish(w->asker);
	assert_int_equal(w->asked[0].count, 0); /* later, never within */
	BENCH_UNTIL(&w->bench, w->asked[0].count);
	assert_int_equal(w->asked[0].told.result, OCSP_RESULT_INTERNAL);
}

static void the_last_steward_still_answers(void **state)
{
	struct world *w = *state;
	size_t listener;

	attach(w);
	ocsp_asker_finish(w->asker);
	ask(w, 0);
	say(w, heard(w, &listener), OCSP_RESULT_GOOD);
	BENCH_UNTIL(&w->bench, w->asked[0].count);
	assert_int_equal(w->asked[0].told.result, OCSP_RESULT_GOOD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_finds_who_asked),
		TEST(a_cancelled_one_is_not_told),
		TEST(who_asks_before_there_is_a_steward_waits),
		TEST(another_steward_is_asked_anew),
		TEST(a_slow_steward_gets_all_of_them),
		TEST(a_steward_that_talks_nonsense_is_left),
		TEST(what_the_last_steward_leaves_is_told_at_once),
		TEST(a_steward_that_is_gone_already_is_not_awaited_either),
		TEST(the_last_steward_still_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
