/*
 * R23: whatever allocation fails between a worker's question and its answer,
 * nothing crashes or leaks, and nobody is called good who was not.
 */
#include "fake/alloc_fail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "config/config.h"
#include "daemon/channel.h"
#include "daemon/ocsp_desk.h"
#include "fake/ocsp_bench.h"
#include "fake/ocsp_mint.h"
#include "proxy/ocsp_asker.h"
#include "tls/ocsp_question.h"

enum { MOST = 500, TURNS = 400 };

struct trial {
	struct ocsp_bench b;
	struct mint *issuer;
	struct mint *leaf;
	struct slice revoked;
	struct ocsp_desk *desk;
	struct ocsp_asker *asker;
	struct ocsp_ask *ask;
	unsigned count;
	enum ocsp_result result;
	bool answered;
};

static void on_told(void *owner, const struct ocsp_told *told)
{
	struct trial *t = owner;

	t->ask = NULL;
	t->count++;
	t->result = told->result;
}

static void open_desk(struct trial *t, const struct config *config)
{
	const struct ocsp_desk_setup how = {
		t->b.bench.loop, t->b.bench.io, config};
	int ends[2];

	assert_true(channel_pair(ends));
	alloc_fail_begin();
	t->desk = ocsp_desk_new(&how);
	t->asker = ocsp_asker_new(t->b.bench.loop);
	if (t->desk)
		ocsp_desk_add(t->desk, ends[0]);
	else
		close(ends[0]);
	if (t->asker)
		ocsp_asker_attach(t->asker, ends[1]);
	else
		close(ends[1]);
	alloc_fail_end();
}

static void ask(struct trial *t, struct arena *arena)
{
	struct ocsp_question question;

	assert_int_equal(ocsp_question_about(t->leaf->cert, t->issuer->cert,
				 arena, &question),
		OCSP_RESULT_GOOD);
	alloc_fail_begin();
	t->ask = ocsp_ask_new(t->asker, 0, &question, on_told, t);
	alloc_fail_end();
}

/* The responder answers whoever comes. */
static void answer(struct trial *t)
{
	if (t->answered || !ocsp_bench_came(&t->b))
		return;
	t->answered = true;
	ocsp_bench_answer(&t->b.ends[0], t->revoked);
}

static void once(struct trial *t)
{
	struct config_listener listener = {
		.client_auth.ocsp = {.mode = OCSP_MODE_LEAF,
			.timeout_ms = 10000,
			.responder.text = NULL}};
	struct config config = {.listeners = &listener, .listener_count = 1};
	struct arena *arena = arena_new(NULL);

	ocsp_bench_init(&t->b);
	listener.client_auth.ocsp.responder.text = t->b.url;
	t->count = 0;
	t->answered = false;
	alloc_fail_in_loop(true);
	open_desk(t, &config);
	if (t->desk && t->asker)
		ask(t, arena);
	for (unsigned i = 0; t->ask && i < TURNS; i++) {
		bench_turn(&t->b.bench);
		answer(t);
	}
	alloc_fail_in_loop(false);
	assert_in_range(t->count, 0, 1);
	if (t->count)
		assert_int_not_equal(t->result, OCSP_RESULT_GOOD);
	if (!alloc_fail_seen())
		assert_int_equal(t->result, OCSP_RESULT_REVOKED);
	if (t->ask)
		ocsp_ask_cancel(t->ask);
	t->ask = NULL;
	ocsp_asker_free(t->asker);
	ocsp_desk_free(t->desk);
	ocsp_bench_fini(&t->b);
	arena_free(arena);
}

static void each_allocation_may_fail(void **state)
{
	struct trial t = {.issuer = mint_ca("Issuing CA", NULL)};
	struct ocsp_mint_spec spec = {.issuer = t.issuer,
		.status = OCSP_MINT_REVOKED,
		.next_s = 3600};

	(void)state;
	spec.leaf = t.leaf = mint_client("client", t.issuer);
	t.revoked = ocsp_mint(&spec);
	for (unsigned lasting = 0; lasting < 2; lasting++) {
		size_t n = 0;
		bool failed;

		do {
			alloc_fail_arm(++n, lasting);
			once(&t);
			failed = alloc_fail_disarm();
			assert_true(n < MOST);
		} while (failed);
		print_message("%zu allocations\n", n - 1);
		assert_true(n > 10);
	}
	free((void *)t.revoked.ptr);
	mint_free(t.leaf);
	mint_free(t.issuer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_may_fail),
	};

	alloc_fail_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
