/* The steward's side: cached, collapsed, bounded, verified. */
#include "daemon/ocsp_desk.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "config/config.h"
#include "daemon/channel.h"
#include "fake/ocsp_bench.h"
#include "fake/ocsp_mint.h"
#include "proxy/ocsp_asker.h"
#include "proxy/ocsp_record.h"
#include "tls/ocsp_question.h"

enum { HOUR = 3600, ASKS = 16, WORKERS = 3 };

struct asked {
	struct ocsp_ask *ask;
	unsigned count;
	struct ocsp_told told;
};

struct world {
	struct ocsp_bench b;
	struct config config;
	struct config_listener listeners[2]; /* auto; a responder of ours */
	struct config_text local;
	struct addr local_addr;
	struct ocsp_desk *desk;
	struct ocsp_asker *workers[WORKERS];
	struct mint *issuer;
	struct mint *leaf;
	struct mint *other;
	struct arena *arena;
	struct asked asked[ASKS];
};

static struct mint *client_of(struct world *w, const char *url)
{
	char access[128];

	snprintf(access, sizeof(access), "OCSP;URI:%s", url);
	return mint_new(&(struct mint_spec){.cn = "client",
		.issuer = w->issuer,
		.eku = "clientAuth",
		.info_access = access});
}

static void set_up_config(struct world *w)
{
	struct config_ocsp *of_leaf = &w->listeners[0].client_auth.ocsp;
	struct config_ocsp *of_ours = &w->listeners[1].client_auth.ocsp;

	*of_leaf = (struct config_ocsp){
		.mode = OCSP_MODE_LEAF, .timeout_ms = 10000};
	w->local_addr = w->b.addr;
	of_leaf->allow_local = (struct config_texts){&w->local, 1};
	of_leaf->local = &w->local_addr;
	*of_ours = (struct config_ocsp){.mode = OCSP_MODE_LEAF,
		.timeout_ms = 10000,
		.responder.text = w->b.url};
	w->config.listeners = w->listeners;
	w->config.listener_count = 2;
}

static void add_worker(struct world *w, size_t i)
{
	int ends[2];

	assert_true(channel_pair(ends));
	ocsp_desk_add(w->desk, ends[0]);
	ocsp_asker_attach(w->workers[i], ends[1]);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct ocsp_desk_setup how;

	*state = w;
	assert_non_null(w);
	signal(SIGCHLD, SIG_IGN);
	ocsp_bench_init(&w->b);
	set_up_config(w);
	how = (struct ocsp_desk_setup){
		w->b.bench.loop, w->b.bench.io, &w->config};
	w->desk = ocsp_desk_new(&how);
	assert_non_null(w->desk);
	for (size_t i = 0; i < WORKERS; i++) {
		w->workers[i] = ocsp_asker_new(w->b.bench.loop);
		assert_non_null(w->workers[i]);
		add_worker(w, i);
	}
	w->issuer = mint_ca("Issuing CA", NULL);
	w->leaf = client_of(w, w->b.url);
	w->other = client_of(w, w->b.url);
	w->arena = arena_new(NULL);
	assert_non_null(w->arena);
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ASKS; i++) {
		if (w->asked[i].ask)
			ocsp_ask_cancel(w->asked[i].ask);
	}
	for (size_t i = 0; i < WORKERS; i++)
		ocsp_asker_free(w->workers[i]);
	ocsp_desk_free(w->desk);
	mint_free(w->leaf);
	mint_free(w->other);
	mint_free(w->issuer);
	arena_free(w->arena);
	ocsp_bench_fini(&w->b);
	free(w);
	return 0;
}

static void on_told(void *owner, const struct ocsp_told *told)
{
	struct asked *asked = owner;

	asked->ask = NULL;
	asked->count++;
	asked->told = *told;
}

static void ask_at(struct world *w, size_t slot, size_t worker, size_t listener,
	const struct mint *leaf)
{
	struct asked *asked = &w->asked[slot];
	struct ocsp_question question;

	assert_int_equal(ocsp_question_about(leaf->cert, w->issuer->cert,
				 w->arena, &question),
		OCSP_RESULT_GOOD);
	asked->count = 0;
	asked->ask = ocsp_ask_new(
		w->workers[worker], listener, &question, on_told, asked);
	assert_non_null(asked->ask);
	assert_int_equal(asked->count, 0);
}

static void ask(struct world *w, size_t slot, const struct mint *leaf)
{
	ask_at(w, slot, 0, 0, leaf);
}

static void answer(struct world *w, const struct ocsp_mint_spec *spec)
{
	struct slice der = ocsp_mint(spec);

	ocsp_bench_answer(ocsp_bench_request(&w->b), der);
	free((void *)der.ptr);
}

static void answer_good(struct world *w, const struct mint *leaf)
{
	const struct ocsp_mint_spec spec = {
		.issuer = w->issuer, .leaf = leaf, .next_s = HOUR};

	answer(w, &spec);
}

static void expect(struct world *w, size_t slot, enum ocsp_result result)
{
	const struct asked *asked = &w->asked[slot];

	BENCH_UNTIL(&w->b.bench, asked->count);
	assert_int_equal(asked->count, 1);
	if (asked->told.result != result)
		fail_msg("%s, not %s", ocsp_result_word(asked->told.result),
			ocsp_result_word(result));
}

/* ---- answers ---- */

static void the_responder_is_asked_once_and_remembered(void **state)
{
	struct world *w = *state;

	ask(w, 0, w->leaf);
	answer_good(w, w->leaf);
	expect(w, 0, OCSP_RESULT_GOOD);
	assert_true(w->asked[0].told.fetched);
	assert_false(w->asked[0].told.cached);
	assert_true(w->asked[0].told.until > time(NULL) + HOUR - 5);
	/* another worker is told from memory */
	ask_at(w, 1, 1, 0, w->leaf);
	expect(w, 1, OCSP_RESULT_GOOD);
	assert_true(w->asked[1].told.cached);
	assert_false(w->asked[1].told.fetched);
	assert_false(ocsp_bench_asked_again(&w->b));
	/* another certificate is another question */
	ask(w, 2, w->other);
	answer_good(w, w->other);
	expect(w, 2, OCSP_RESULT_GOOD);
	assert_int_equal(w->b.count, 2);
}

static void who_asks_at_once_shares_one_request(void **state)
{
	struct world *w = *state;
	unsigned fetched = 0;

	for (size_t i = 0; i < ASKS; i++)
		ask_at(w, i, i % WORKERS, 0, w->leaf);
	answer_good(w, w->leaf);
	for (size_t i = 0; i < ASKS; i++) {
		expect(w, i, OCSP_RESULT_GOOD);
		fetched += w->asked[i].told.fetched;
	}
	assert_int_equal(fetched, 1);
	assert_int_equal(w->b.count, 1);
	assert_int_equal(ocsp_desk_jobs(w->desk), 0);
}

static void revoked_and_unknown_are_told(void **state)
{
	struct world *w = *state;
	const struct ocsp_mint_spec revoked = {.issuer = w->issuer,
		.leaf = w->leaf,
		.status = OCSP_MINT_REVOKED,
		.next_s = HOUR};
	const struct ocsp_mint_spec unknown = {.issuer = w->issuer,
		.leaf = w->other,
		.status = OCSP_MINT_UNKNOWN,
		.next_s = HOUR};

	ask(w, 0, w->leaf);
	answer(w, &revoked);
	expect(w, 0, OCSP_RESULT_REVOKED);
	ask(w, 1, w->other);
	answer(w, &unknown);
	expect(w, 1, OCSP_RESULT_UNKNOWN);
	ask(w, 2, w->leaf);
	expect(w, 2, OCSP_RESULT_REVOKED);
}

/* Else a client that fails at one listener opens another that is soft. */
static void what_fails_for_one_listener_is_no_word_for_another(void **state)
{
	struct world *w = *state;

	w->listeners[1].client_auth.ocsp = (struct config_ocsp){
		.mode = OCSP_MODE_LEAF, .timeout_ms = 10000};
	ask_at(w, 0, 0, 1, w->leaf);
	expect(w, 0, OCSP_RESULT_FORBIDDEN);
	ask_at(w, 1, 0, 0, w->leaf);
	answer_good(w, w->leaf);
	expect(w, 1, OCSP_RESULT_GOOD);
	assert_true(w->asked[1].told.fetched);
	/* nor does the one who may not ask hear what the other was told */
	ask_at(w, 2, 0, 1, w->leaf);
	expect(w, 2, OCSP_RESULT_FORBIDDEN);
	/* those who ask alike share */
	w->listeners[1].client_auth.ocsp = w->listeners[0].client_auth.ocsp;
	ask_at(w, 3, 0, 1, w->leaf);
	expect(w, 3, OCSP_RESULT_GOOD);
	assert_true(w->asked[3].told.cached);
}

/* What the network says cannot enter the memory. */
static void a_lie_is_not_remembered_as_an_answer(void **state)
{
	struct world *w = *state;
	struct mint *liar = mint_ca("Issuing CA", NULL);
	const struct ocsp_mint_spec lie = {.issuer = w->issuer,
		.leaf = w->leaf,
		.signer = liar,
		.next_s = HOUR};

	ask(w, 0, w->leaf);
	answer(w, &lie);
	expect(w, 0, OCSP_RESULT_SIGNATURE);
	ask(w, 1, w->leaf);
	expect(w, 1, OCSP_RESULT_SIGNATURE);
	assert_true(w->asked[1].told.cached); /* for a moment */
	mint_free(liar);
}

static void garbage_is_told(void **state)
{
	struct world *w = *state;

	ask(w, 0, w->leaf);
	ocsp_bench_answer(ocsp_bench_request(&w->b), SLICE("garbage"));
	expect(w, 0, OCSP_RESULT_MALFORMED);
}

static void a_slow_responder_is_given_up(void **state)
{
	struct world *w = *state;

	w->listeners[0].client_auth.ocsp.timeout_ms = 50;
	ask(w, 0, w->leaf);
	(void)ocsp_bench_request(&w->b);
	expect(w, 0, OCSP_RESULT_TIMEOUT);
	assert_int_equal(ocsp_desk_jobs(w->desk), 0);
}

static void a_responder_that_is_down_is_told(void **state)
{
	struct world *w = *state;

	ocsp_bench_close(&w->b);
	ask(w, 0, w->leaf);
	expect(w, 0, OCSP_RESULT_UNREACHABLE);
}

/* ---- whom ---- */

static void our_own_responder_is_asked_instead(void **state)
{
	struct world *w = *state;
	struct mint *leaf = client_of(w, "http://192.0.2.1/");

	ask_at(w, 0, 0, 1, leaf);
	answer_good(w, leaf);
	expect(w, 0, OCSP_RESULT_GOOD);
	mint_free(leaf);
}

static void a_name_is_looked_up(void **state)
{
	struct world *w = *state;
	struct mint *leaf;
	char url[64];

	snprintf(url, sizeof(url), "http://localhost:%u/",
		addr_port(&w->b.addr));
	leaf = client_of(w, url);
	ask(w, 0, leaf);
	answer_good(w, leaf);
	expect(w, 0, OCSP_RESULT_GOOD);
	mint_free(leaf);
}

struct forbidden_case {
	const char *url;
	enum ocsp_result result;
};

static void a_certificate_cannot_send_us_anywhere(void **state)
{
	static const struct forbidden_case cases[] = {
		{"http://127.0.0.1:1/", OCSP_RESULT_FORBIDDEN},
		{"http://localhost:1/", OCSP_RESULT_FORBIDDEN},
		{"http://2130706433:1/", OCSP_RESULT_FORBIDDEN},
		{"http://0x7f.1:1/", OCSP_RESULT_FORBIDDEN},
		{"http://[::1]:1/", OCSP_RESULT_FORBIDDEN},
		{"http://[::ffff:127.0.0.1]:1/", OCSP_RESULT_FORBIDDEN},
		{"http://169.254.169.254/", OCSP_RESULT_FORBIDDEN},
		{"http://0.0.0.0:1/", OCSP_RESULT_FORBIDDEN},
		{"http://224.0.0.1/", OCSP_RESULT_FORBIDDEN},
		{"https://192.0.2.1/", OCSP_RESULT_NO_RESPONDER},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct mint *leaf = client_of(w, cases[i].url);

		ask(w, 0, leaf);
		BENCH_UNTIL(&w->b.bench, w->asked[0].count);
		if (w->asked[0].told.result != cases[i].result)
			fail_msg("%s: %s", cases[i].url,
				ocsp_result_word(w->asked[0].told.result));
		mint_free(leaf);
	}
}

static void only_what_is_allowed_is_local(void **state)
{
	static const struct config_ocsp none = {0};
	struct world *w = *state;
	const struct config_ocsp *some = &w->listeners[0].client_auth.ocsp;
	struct addr out, other_port = w->b.addr, nobody;

	assert_true(addr_parse(SLICE("192.0.2.1:80"), &out));
	assert_true(addr_parse(SLICE("224.0.0.1:80"), &nobody));
	addr_set_port(&other_port, 1);
	assert_true(ocsp_desk_may_ask(&none, &out, false));
	assert_false(ocsp_desk_may_ask(&none, &w->b.addr, false));
	assert_true(ocsp_desk_may_ask(some, &w->b.addr, false));
	assert_false(ocsp_desk_may_ask(some, &other_port, false));
	assert_true(ocsp_desk_may_ask(&none, &w->b.addr, true));
	assert_false(ocsp_desk_may_ask(&none, &nobody, true));
}

/* ---- workers ---- */

static void a_worker_is_not_trusted(void **state)
{
	struct world *w = *state;
	struct ocsp_ask_record record;
	const struct ocsp_question junk = {
		SLICE("junk"), SLICE("junk"), SLICE("http://192.0.2.1/")};
	int ends[2];

	/* a listener that there is not, then bytes that are no certificate */
	ask_at(w, 0, 0, 7, w->leaf);
	expect(w, 0, OCSP_RESULT_INTERNAL);
	w->asked[1].ask =
		ocsp_ask_new(w->workers[0], 0, &junk, on_told, &w->asked[1]);
	expect(w, 1, OCSP_RESULT_INTERNAL);
	w->listeners[1].client_auth.ocsp.mode = OCSP_MODE_DISABLED;
	ask_at(w, 2, 0, 1, w->leaf);
	expect(w, 2, OCSP_RESULT_INTERNAL);
	/* a record of another size is no worker of ours */
	assert_true(channel_pair(ends));
	ocsp_desk_add(w->desk, ends[0]);
	assert_int_equal(ocsp_desk_workers(w->desk), WORKERS + 1);
	assert_int_equal(send(ends[1], &record, 100, 0), 100);
	BENCH_UNTIL(&w->b.bench, ocsp_desk_workers(w->desk) == WORKERS);
	close(ends[1]);
}

static void a_worker_that_dies_hinders_nobody(void **state)
{
	struct world *w = *state;

	ask_at(w, 0, 0, 0, w->leaf);
	ask_at(w, 1, 1, 0, w->leaf);
	BENCH_UNTIL(&w->b.bench, ocsp_desk_jobs(w->desk) == 1);
	ocsp_ask_cancel(w->asked[0].ask);
	w->asked[0].ask = NULL;
	ocsp_asker_free(w->workers[0]);
	w->workers[0] = ocsp_asker_new(w->b.bench.loop);
	BENCH_UNTIL(&w->b.bench, ocsp_desk_workers(w->desk) == WORKERS - 1);
	answer_good(w, w->leaf);
	expect(w, 1, OCSP_RESULT_GOOD);
	assert_true(w->asked[1].told.fetched);
}

/* R17 */
static void more_than_so_many_are_told_that_it_is_busy(void **state)
{
	struct world *w = *state;
	const struct mint_spec spec = {.cn = "client", .issuer = w->issuer};
	struct asked *many = calloc(OCSP_DESK_JOBS + 1, sizeof(*many));
	struct mint *leaf = mint_new(&spec);
	struct ocsp_question question;
	char serial[] = "\x02\x04\x01\x00\x00\x00";

	assert_non_null(many);
	assert_int_equal(ocsp_question_about(leaf->cert, w->issuer->cert,
				 w->arena, &question),
		OCSP_RESULT_GOOD);
	/* nobody accepts there: the backlog does */
	question.url = slice_str(w->b.url);
	question.serial = slice_of(serial, 6);
	for (size_t i = 0; i <= OCSP_DESK_JOBS; i++) {
		serial[3] = (char)(i >> 8);
		serial[4] = (char)i;
		many[i].ask = ocsp_ask_new(
			w->workers[0], 0, &question, on_told, &many[i]);
		assert_non_null(many[i].ask);
	}
	BENCH_UNTIL(&w->b.bench, many[OCSP_DESK_JOBS].count);
	assert_int_equal(many[OCSP_DESK_JOBS].told.result, OCSP_RESULT_BUSY);
	assert_int_equal(ocsp_desk_jobs(w->desk), OCSP_DESK_JOBS);
	for (size_t i = 0; i < OCSP_DESK_JOBS; i++) {
		assert_int_equal(many[i].count, 0);
		ocsp_ask_cancel(many[i].ask);
	}
	mint_free(leaf);
	free(many);
}

static void a_desk_may_end_in_the_middle(void **state)
{
	struct world *w = *state;

	ask(w, 0, w->leaf);
	ask(w, 1, w->other);
	(void)ocsp_bench_request(&w->b);
	ocsp_desk_free(w->desk);
	w->desk = NULL;
	BENCH_UNTIL(&w->b.bench, !ocsp_asker_attached(w->workers[0]));
	assert_int_equal(w->asked[0].count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_responder_is_asked_once_and_remembered),
		TEST(who_asks_at_once_shares_one_request),
		TEST(revoked_and_unknown_are_told),
		TEST(what_fails_for_one_listener_is_no_word_for_another),
		TEST(a_lie_is_not_remembered_as_an_answer),
		TEST(garbage_is_told),
		TEST(a_slow_responder_is_given_up),
		TEST(a_responder_that_is_down_is_told),
		TEST(our_own_responder_is_asked_instead),
		TEST(a_name_is_looked_up),
		TEST(a_certificate_cannot_send_us_anywhere),
		TEST(only_what_is_allowed_is_local),
		TEST(a_worker_is_not_trusted),
		TEST(a_worker_that_dies_hinders_nobody),
		TEST(more_than_so_many_are_told_that_it_is_busy),
		TEST(a_desk_may_end_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
