/* One POST to one responder (RFC 6960 appendix A.1). */
#include "daemon/ocsp_fetch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/http_url.h"
#include "fake/ocsp_bench.h"
#include "tls/ocsp_answer.h"

struct world {
	struct ocsp_bench b;
	struct http_url url;
	struct ocsp_fetch *fetch;
	unsigned told;
	enum ocsp_result result;
	struct buf body;
};

static void on_done(void *owner, enum ocsp_result result, struct slice body)
{
	struct world *w = owner;

	w->fetch = NULL;
	w->told++;
	w->result = result;
	assert_true(buf_append(&w->body, body));
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	*state = w;
	assert_non_null(w);
	ocsp_bench_init(&w->b);
	assert_true(http_url_parse(slice_str(w->b.url), &w->url));
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	if (w->fetch)
		ocsp_fetch_cancel(w->fetch);
	ocsp_bench_fini(&w->b);
	buf_fini(&w->body);
	free(w);
	return 0;
}

static void start(struct world *w, const struct addr *addrs, size_t count)
{
	const struct ocsp_fetch_setup how = {.loop = w->b.bench.loop,
		.io = w->b.bench.io,
		.url = &w->url,
		.request = SLICE("question"),
		.addrs = addrs,
		.addr_count = count,
		.done = on_done,
		.owner = w};

	w->fetch = ocsp_fetch_new(&how);
	assert_non_null(w->fetch);
	assert_int_equal(w->told, 0);
}

static void expect(struct world *w, enum ocsp_result result)
{
	BENCH_UNTIL(&w->b.bench, w->told);
	bench_settle(&w->b.bench);
	assert_int_equal(w->told, 1);
	if (w->result != result)
		fail_msg("%s, not %s", ocsp_result_word(w->result),
			ocsp_result_word(result));
}

static void expect_answer(
	struct world *w, const char *said, enum ocsp_result result)
{
	struct peer *end;

	start(w, &w->b.addr, 1);
	end = ocsp_bench_request(&w->b);
	peer_say(end, slice_str(said));
	expect(w, result);
}

static void the_question_is_posted(void **state)
{
	struct world *w = *state;
	struct slice in;
	struct peer *end;

	start(w, &w->b.addr, 1);
	end = ocsp_bench_request(&w->b);
	in = buf_bytes(&end->in);
	assert_true(slice_starts(in, SLICE("POST /ocsp HTTP/1.1\r\n")));
	assert_true(slice_ends(in, SLICE("\r\n\r\nquestion")));
	assert_non_null(memmem(in.ptr, in.len,
		"Content-Type: application/ocsp-request\r\n", 40));
	assert_non_null(memmem(in.ptr, in.len, "Host: 127.0.0.1:", 16));
	assert_non_null(memmem(in.ptr, in.len, "Content-Length: 8\r\n", 19));
	ocsp_bench_answer(end, SLICE("answer"));
	expect(w, OCSP_RESULT_GOOD);
	assert_true(slice_eq(buf_bytes(&w->body), SLICE("answer")));
	BENCH_UNTIL(&w->b.bench, end->eof || end->error);
}

static void an_answer_may_come_in_chunks(void **state)
{
	expect_answer(*state,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
		OCSP_RESULT_GOOD);
	assert_int_equal(((struct world *)*state)->body.len, 5);
}

static void no_other_status_is_an_answer(void **state)
{
	expect_answer(*state,
		"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
		OCSP_RESULT_HTTP);
}

static void a_redirect_is_not_followed(void **state)
{
	struct world *w = *state;

	expect_answer(w,
		"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n"
		"Content-Length: 0\r\n\r\n",
		OCSP_RESULT_HTTP);
	assert_false(ocsp_bench_asked_again(&w->b));
}

/* R8 */
static void sloppy_http_is_none(void **state)
{
	expect_answer(*state, "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
		OCSP_RESULT_HTTP);
}

/* R17 */
static void a_large_answer_is_refused_before_it_comes(void **state)
{
	expect_answer(*state,
		"HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n",
		OCSP_RESULT_TOO_LARGE);
}

static void one_that_grows_is_cut(void **state)
{
	struct world *w = *state;
	char piece[4096] = {0};
	struct peer *end;

	start(w, &w->b.addr, 1);
	end = ocsp_bench_request(&w->b);
	peer_say(end, SLICE("HTTP/1.1 200 OK\r\n\r\n"));
	for (size_t i = 0; i <= OCSP_ANSWER_MAX / sizeof(piece); i++)
		peer_say(end, slice_of(piece, sizeof(piece)));
	expect(w, OCSP_RESULT_TOO_LARGE);
	assert_in_range(w->body.len, 0, OCSP_ANSWER_MAX);
}

static void a_cut_answer_is_none(void **state)
{
	struct world *w = *state;
	struct peer *end;

	start(w, &w->b.addr, 1);
	end = ocsp_bench_request(&w->b);
	peer_say(end, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"));
	bench_settle(&w->b.bench);
	peer_close(end);
	BENCH_UNTIL(&w->b.bench, w->told);
	assert_false(ocsp_result_is_answer(w->result));
}

static void the_next_address_is_tried(void **state)
{
	struct world *w = *state;
	struct addr addrs[2];

	/* nobody listens at port 1 */
	assert_true(addr_parse(SLICE("127.0.0.1:1"), &addrs[0]));
	addrs[1] = w->b.addr;
	start(w, addrs, 2);
	ocsp_bench_answer(ocsp_bench_request(&w->b), SLICE("answer"));
	expect(w, OCSP_RESULT_GOOD);
}

static void nobody_there_is_told(void **state)
{
	struct world *w = *state;

	ocsp_bench_close(&w->b);
	start(w, &w->b.addr, 1);
	expect(w, OCSP_RESULT_UNREACHABLE);
}

static void a_cancelled_one_says_nothing(void **state)
{
	struct world *w = *state;
	struct peer *end;

	start(w, &w->b.addr, 1);
	ocsp_fetch_cancel(w->fetch);
	w->fetch = NULL;
	bench_settle(&w->b.bench);
	start(w, &w->b.addr, 1);
	end = ocsp_bench_request(&w->b);
	ocsp_fetch_cancel(w->fetch);
	w->fetch = NULL;
	BENCH_UNTIL(&w->b.bench, end->eof || end->error);
	assert_int_equal(w->told, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_question_is_posted),
		TEST(an_answer_may_come_in_chunks),
		TEST(no_other_status_is_an_answer),
		TEST(a_redirect_is_not_followed),
		TEST(sloppy_http_is_none),
		TEST(a_large_answer_is_refused_before_it_comes),
		TEST(one_that_grows_is_cut),
		TEST(a_cut_answer_is_none),
		TEST(the_next_address_is_tried),
		TEST(nobody_there_is_told),
		TEST(a_cancelled_one_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
