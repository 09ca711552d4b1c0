#include "fake/conn_bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/sock.h"

/* One accepted plain connection and its peer. */
struct one {
	struct bench bench;
	struct ear ear;
	struct peer peer;
};

static void one_init(struct one *one, bool tcp)
{
	bench_init(&one->bench);
	bench_connect(&one->bench, &one->ear, &one->peer, tcp, NULL);
}

static void one_open(struct one *one, bool tcp)
{
	one_init(one, tcp);
	BENCH_UNTIL(&one->bench, one->ear.opens);
}

static void one_fini(struct one *one)
{
	ear_fini(&one->ear);
	bench_fini(&one->bench);
}

static bool used(const struct ear *ear, const char *text)
{
	return slice_eq(buf_bytes(&ear->data), slice_str(text));
}

static void write_text(struct ear *ear, const char *text)
{
	EAR(ear, conn_write(ear->conn, slice_str(text)));
}

/* ---- birth ---- */

static void on_open_comes_later_and_once(void **state)
{
	struct one one;

	(void)state;
	one_init(&one, true);
	assert_int_equal(one.ear.opens, 0);
	bench_settle(&one.bench);
	assert_string_equal(one.ear.order, "o");
	one_fini(&one);
}

static void bytes_written_before_on_open_wait_and_stay_in_front(void **state)
{
	struct one one;

	(void)state;
	one_init(&one, true);
	write_text(&one.ear, "early ");
	write_text(&one.ear, "bird");
	assert_int_equal(conn_outstanding(one.ear.conn), 10);
	BENCH_UNTIL(&one.bench, peer_heard(&one.peer, "early bird"));
	one_fini(&one);
}

static void a_connection_is_made_and_refused_by_events(void **state)
{
	const struct sock_listen how = {.backlog = 4};
	struct addr addr;
	struct bench bench;
	struct ear ear;
	struct peer peer;
	struct err err;
	int listener, fd;

	(void)state;
	bench_init(&bench);
	assert_true(addr_parse(SLICE("127.0.0.1:0"), &addr));
	listener = sock_listen(&addr, &how, &addr, &err);
	ear_init(&ear);
	EAR(&ear, ear.conn = conn_connect(
			  bench.io, &addr, NULL, &ear_events, &ear));
	assert_non_null(ear.conn);
	write_text(&ear, "hello");
	BENCH_UNTIL(&bench, ear.opens);
	assert_int_equal(
		sock_accept(listener, &fd, &(struct addr){0}), SOCK_ACCEPTED);
	peer_init(&peer, fd);
	bench_add(&bench, &peer);
	BENCH_UNTIL(&bench, peer_heard(&peer, "hello"));
	ear_fini(&ear);

	close(listener);
	ear_init(&ear);
	EAR(&ear, ear.conn = conn_connect(
			  bench.io, &addr, NULL, &ear_events, &ear));
	assert_non_null(ear.conn);
	BENCH_UNTIL(&bench, ear.fails);
	assert_int_equal(ear.why, CONN_FAIL_CONNECT);
	assert_string_equal(ear.error, "Connection refused");
	assert_string_equal(ear.order, "f");
	ear_fini(&ear);
	bench_fini(&bench);
}

static void a_unix_path_without_a_socket_fails_by_event(void **state)
{
	struct bench bench;
	struct addr addr;
	struct ear ear;

	(void)state;
	bench_init(&bench);
	assert_true(addr_parse(SLICE("unix:/nonexistent/socket"), &addr));
	ear_init(&ear);
	EAR(&ear, ear.conn = conn_connect(
			  bench.io, &addr, NULL, &ear_events, &ear));
	assert_non_null(ear.conn);
	write_text(&ear, "lost");
	bench_settle(&bench);
	assert_string_equal(ear.order, "f");
	assert_int_equal(ear.why, CONN_FAIL_CONNECT);
	assert_string_equal(ear.error, "No such file or directory");
	EAR(&ear, conn_finish(&ear.conn));
	assert_int_equal(conn_io_lingering(bench.io), 0);
	bench_fini(&bench);
}

/* ---- reading ---- */

static void leftover_bytes_are_shown_again_in_front_of_new_ones(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, false);
	one.ear.use = 0;
	peer_say(&one.peer, SLICE("abc"));
	BENCH_UNTIL(&one.bench, one.ear.last == 3);
	bench_settle(&one.bench);
	assert_int_equal(one.ear.datas, 1); /* not again without reason */
	one.ear.use = 4;
	peer_say(&one.peer, SLICE("defg"));
	BENCH_UNTIL(&one.bench, one.ear.datas == 2);
	assert_int_equal(one.ear.last, 7);
	assert_true(used(&one.ear, "abcd"));
	one.ear.use = SIZE_MAX;
	EAR(&one.ear, conn_resume(one.ear.conn));
	BENCH_UNTIL(&one.bench, one.ear.datas == 3);
	assert_int_equal(one.ear.last, 3);
	assert_true(used(&one.ear, "abcdefg"));
	one_fini(&one);
}

static void resume_shows_once_even_without_new_bytes(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, false);
	one.ear.use = 0;
	peer_say(&one.peer, SLICE("abc"));
	BENCH_UNTIL(&one.bench, one.ear.datas == 1);
	EAR(&one.ear, conn_resume(one.ear.conn));
	EAR(&one.ear, conn_resume(one.ear.conn));
	bench_settle(&one.bench);
	assert_int_equal(one.ear.datas, 2);
	one_fini(&one);
}

static void resume_with_nothing_to_show_is_silent(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, false);
	EAR(&one.ear, conn_resume(one.ear.conn));
	bench_settle(&one.bench);
	assert_string_equal(one.ear.order, "o");
	one_fini(&one);
}

static void an_owner_who_uses_nothing_is_not_flooded(void **state)
{
	static char bytes[1 << 20];
	struct one one;

	(void)state;
	one_open(&one, true);
	one.ear.use = 0;
	bench_fill(bytes, sizeof(bytes), 0);
	peer_say(&one.peer, slice_of(bytes, sizeof(bytes)));
	bench_settle(&one.bench);
	assert_true(conn_memory(one.ear.conn) < 512 * 1024);
	assert_true(one.ear.last <= CONN_KEEP + CONN_READ);
	one.ear.use = SIZE_MAX;
	EAR(&one.ear, conn_resume(one.ear.conn));
	BENCH_UNTIL(&one.bench, one.ear.data.len == sizeof(bytes));
	assert_true(bench_is(buf_bytes(&one.ear.data), 0));
	one_fini(&one);
}

static void nothing_comes_while_paused(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, true);
	EAR(&one.ear, conn_pause(one.ear.conn));
	assert_true(conn_paused(one.ear.conn));
	peer_say(&one.peer, SLICE("abc"));
	bench_settle(&one.bench);
	assert_string_equal(one.ear.order, "o");
	EAR(&one.ear, conn_resume(one.ear.conn));
	assert_false(conn_paused(one.ear.conn));
	BENCH_UNTIL(&one.bench, used(&one.ear, "abc"));
	one_fini(&one);
}

static void pause_in_on_data(struct ear *ear, enum ear_event event)
{
	if (event == EAR_DATA)
		EAR(ear, conn_pause(ear->conn));
}

static void a_pause_inside_on_data_keeps_what_is_left(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, false);
	one.ear.then = pause_in_on_data;
	one.ear.use = 2;
	peer_say(&one.peer, SLICE("abcdef"));
	for (size_t i = 1; i <= 3; i++) {
		BENCH_UNTIL(&one.bench, one.ear.data.len == 2 * i);
		bench_settle(&one.bench);
		assert_int_equal(one.ear.datas, i);
		EAR(&one.ear, conn_resume(one.ear.conn));
	}
	assert_true(used(&one.ear, "abcdef"));
	one_fini(&one);
}

static void a_pause_after_a_resume_in_the_same_verb_chain_wins(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, false);
	one.ear.use = 0;
	peer_say(&one.peer, SLICE("abc"));
	BENCH_UNTIL(&one.bench, one.ear.datas == 1);
	EAR(&one.ear, conn_resume(one.ear.conn));
	EAR(&one.ear, conn_pause(one.ear.conn));
	bench_settle(&one.bench);
	assert_int_equal(one.ear.datas, 1);
	one_fini(&one);
}

static void the_kept_bytes_go_to_the_next_owner(void **state)
{
	struct one one;
	struct ear next;

	(void)state;
	one_open(&one, false);
	one.ear.use = 1;
	peer_say(&one.peer, SLICE("abc"));
	BENCH_UNTIL(&one.bench, one.ear.datas == 1);
	ear_init(&next);
	next.conn = one.ear.conn;
	next.opens = 1;
	conn_set_owner(next.conn, &ear_events, &next);
	bench_settle(&one.bench);
	assert_int_equal(next.datas, 0);
	EAR(&next, conn_resume(next.conn));
	BENCH_UNTIL(&one.bench, used(&next, "bc"));
	one.ear.conn = NULL;
	ear_fini(&next);
	one_fini(&one);
}

static void data_and_fin_in_one_segment_both_arrive(void **state)
{
	(void)state;
	for (int tcp = 0; tcp < 2; tcp++) {
		struct one one;

		one_open(&one, tcp);
		/* Both happen between two looks at the descriptor. */
		assert_int_equal(send(one.peer.fd, "bye", 3, 0), 3);
		assert_int_equal(shutdown(one.peer.fd, SHUT_WR), 0);
		BENCH_UNTIL(&one.bench, one.ear.eofs);
		assert_true(used(&one.ear, "bye"));
		assert_string_equal(one.ear.order, "ode");
		/* Half-closed: our side still speaks. */
		write_text(&one.ear, "and you");
		BENCH_UNTIL(&one.bench, peer_heard(&one.peer, "and you"));
		one_fini(&one);
	}
}

static void a_fin_while_paused_is_seen_but_not_told(void **state)
{
	(void)state;
	for (int tcp = 0; tcp < 2; tcp++) {
		struct one one;

		one_open(&one, tcp);
		EAR(&one.ear, conn_pause(one.ear.conn));
		bench_settle(&one.bench);
		assert_false(conn_peer_closed(one.ear.conn));
		assert_int_equal(send(one.peer.fd, "bye", 3, 0), 3);
		assert_int_equal(shutdown(one.peer.fd, SHUT_WR), 0);
		BENCH_UNTIL(&one.bench, conn_peer_closed(one.ear.conn));
		bench_settle(&one.bench);
		assert_string_equal(one.ear.order, "o");
		EAR(&one.ear, conn_resume(one.ear.conn));
		BENCH_UNTIL(&one.bench, one.ear.eofs);
		assert_string_equal(one.ear.order, "ode");
		assert_true(used(&one.ear, "bye"));
		one_fini(&one);
	}
}

static void what_was_left_unused_is_shown_before_the_end(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, true);
	one.ear.then = pause_in_on_data;
	one.ear.use = 1;
	assert_int_equal(send(one.peer.fd, "bye", 3, 0), 3);
	assert_int_equal(shutdown(one.peer.fd, SHUT_WR), 0);
	BENCH_UNTIL(&one.bench, one.ear.datas == 1);
	bench_settle(&one.bench);
	assert_int_equal(one.ear.eofs, 0);
	one.ear.then = NULL;
	one.ear.use = SIZE_MAX;
	EAR(&one.ear, conn_resume(one.ear.conn));
	BENCH_UNTIL(&one.bench, one.ear.eofs);
	assert_true(used(&one.ear, "bye"));
	one_fini(&one);
}

static void a_reset_is_told_also_while_paused(void **state)
{
	(void)state;
	for (int paused = 0; paused < 2; paused++) {
		struct one one;

		one_open(&one, true);
		bench_settle(&one.bench);
		if (paused)
			EAR(&one.ear, conn_pause(one.ear.conn));
		peer_reset(&one.peer);
		BENCH_UNTIL(&one.bench, one.ear.fails);
		assert_int_equal(one.ear.why, CONN_FAIL_RESET);
		assert_string_equal(one.ear.error, "Connection reset by peer");
		bench_settle(&one.bench);
		one_fini(&one);
	}
}

static void a_reset_behind_unread_bytes_is_told_while_paused(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, true);
	EAR(&one.ear, conn_pause(one.ear.conn));
	peer_say(&one.peer, SLICE("unread"));
	bench_settle(&one.bench);
	assert_int_equal(one.ear.fails, 0);
	peer_reset(&one.peer);
	BENCH_UNTIL(&one.bench, one.ear.fails);
	assert_int_equal(one.ear.why, CONN_FAIL_RESET);
	one_fini(&one);
}

static void expect_more(struct ear *ear, enum ear_event event)
{
	if (event == EAR_DATA)
		conn_expect(ear->conn);
}

/* They come together, and the short read hides the reset. */
static void a_reset_that_came_with_bytes_is_told_where_more_is_owed(
	void **state)
{
	struct one one;

	(void)state;
	one_open(&one, true);
	bench_settle(&one.bench);
	one.ear.then = expect_more;
	assert_int_equal(send(one.peer.fd, "half", 4, 0), 4);
	peer_reset(&one.peer);
	BENCH_UNTIL(&one.bench, one.ear.fails);
	assert_int_equal(one.ear.why, CONN_FAIL_RESET);
	assert_true(used(&one.ear, "half"));
	one_fini(&one);
}

static void a_reset_after_the_fin_is_told(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, true);
	assert_int_equal(shutdown(one.peer.fd, SHUT_WR), 0);
	BENCH_UNTIL(&one.bench, one.ear.eofs);
	peer_reset(&one.peer);
	BENCH_UNTIL(&one.bench, one.ear.fails);
	assert_string_equal(one.ear.order, "oef");
	one_fini(&one);
}

/* ---- failing to send ---- */

static void an_early_answer_is_read_before_the_broken_send_is_told(void **state)
{
	static char bytes[200000];
	struct one one;

	(void)state;
	one_open(&one, true);
	one.peer.reading = false;
	/* Answers, and closes with unread bytes: its kernel resets. */
	assert_int_equal(send(one.peer.fd, "413", 3, 0), 3);
	EAR(&one.ear, conn_pause(one.ear.conn));
	EAR(&one.ear, conn_write(one.ear.conn, slice_of(bytes, sizeof(bytes))));
	bench_turn(&one.bench);
	EAR(&one.ear, conn_resume(one.ear.conn));
	close(one.peer.fd);
	one.peer.fd = -1;
	EAR(&one.ear, conn_write(one.ear.conn, slice_of(bytes, sizeof(bytes))));
	BENCH_UNTIL(&one.bench, one.ear.fails);
	assert_int_equal(one.ear.why, CONN_FAIL_RESET);
	assert_true(used(&one.ear, "413"));
	one_fini(&one);
}

static void writing_to_a_closed_socket_raises_no_signal(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, false);
	EAR(&one.ear, conn_pause(one.ear.conn));
	close(one.peer.fd);
	one.peer.fd = -1;
	write_text(&one.ear, "into the void"); /* SIGPIPE would end us */
	BENCH_UNTIL(&one.bench, one.ear.fails);
	assert_int_equal(one.ear.why, CONN_FAIL_RESET);
	assert_string_equal(one.ear.error, "Broken pipe");
	/* Verbs are still allowed, and do nothing. */
	EAR(&one.ear, conn_resume(one.ear.conn));
	EAR(&one.ear, conn_end(one.ear.conn));
	assert_true(conn_write(one.ear.conn, SLICE("more")));
	assert_non_null(conn_reserve(one.ear.conn, 100));
	assert_true(conn_commit(one.ear.conn, 100));
	assert_int_equal(conn_outstanding(one.ear.conn), 0);
	bench_settle(&one.bench);
	one_fini(&one);
}

/* ---- writing ---- */

static void small_writes_leave_together_at_the_end_of_the_event(void **state)
{
	struct one one;
	char bytes[100];

	(void)state;
	one_open(&one, true);
	one.peer.reading = false;
	write_text(&one.ear, "one ");
	write_text(&one.ear, "two ");
	write_text(&one.ear, "three");
	assert_int_equal(conn_outstanding(one.ear.conn), 13);
	assert_int_equal(conn_sent(one.ear.conn), 0);
	assert_int_equal(recv(one.peer.fd, bytes, sizeof(bytes), 0), -1);
	bench_turn(&one.bench);
	assert_int_equal(conn_outstanding(one.ear.conn), 0);
	assert_int_equal(conn_sent(one.ear.conn), 13);
	assert_int_equal(recv(one.peer.fd, bytes, sizeof(bytes), 0), 13);
	assert_memory_equal(bytes, "one two three", 13);
	one_fini(&one);
}

static void the_gather_buffer_goes_to_who_writes(void **state)
{
	struct bench bench;
	struct ear a, b;
	struct peer pa, pb;

	(void)state;
	bench_init(&bench);
	bench_connect(&bench, &a, &pa, false, NULL);
	bench_connect(&bench, &b, &pb, true, NULL);
	BENCH_UNTIL(&bench, a.opens && b.opens);
	for (int i = 0; i < 3; i++) {
		write_text(&a, "a1");
		write_text(&a, "a2");
		write_text(&b, "b1"); /* flushes a */
		assert_int_equal(conn_outstanding(a.conn), 0);
		assert_int_equal(conn_outstanding(b.conn), 2);
		write_text(&a, "a3"); /* flushes b */
		assert_int_equal(conn_outstanding(b.conn), 0);
		write_text(&b, "b2");
	}
	BENCH_UNTIL(&bench, peer_heard(&pa, "a1a2a3a1a2a3a1a2a3"));
	BENCH_UNTIL(&bench, peer_heard(&pb, "b1b2b1b2b1b2"));
	ear_fini(&a);
	ear_fini(&b);
	bench_fini(&bench);
}

/* A stream of pieces of all sizes through one way of writing. */
static void check_stream(bool tcp, bool in_place)
{
	static char bytes[CONN_GATHER / 4];
	const size_t total = 4 << 20;
	size_t at = 0, checked = 0;
	unsigned seed = 3;
	struct one one;

	one_open(&one, tcp);
	one.peer.read_max = 300000;
	BENCH_UNTIL(&one.bench, one.ear.opens);
	while (checked < total) {
		size_t n;

		while (at < total && conn_outstanding(one.ear.conn) < 500000) {
			char *to = bytes;

			seed = seed * 1103515245 + 12345;
			n = seed >> 16;
			n %= seed & 0x100 ? 100 : sizeof(bytes);
			n = n < total - at ? n : total - at;
			if (in_place)
				to = conn_reserve(
					one.ear.conn, n + n / 2 < sizeof(bytes)
							      ? n + n / 2
							      : sizeof(bytes));
			assert_non_null(to);
			bench_fill(to, n, at);
			if (in_place)
				EAR(&one.ear, conn_commit(one.ear.conn, n));
			else
				EAR(&one.ear, conn_write(one.ear.conn,
						      slice_of(to, n)));
			at += n;
			if (!(seed & 0xe00))
				break; /* the event ends here */
		}
		bench_turn(&one.bench);
		n = one.peer.in.len;
		assert_true(bench_is(buf_bytes(&one.peer.in), checked));
		buf_consume(&one.peer.in, n);
		checked += n;
	}
	assert_int_equal(conn_sent(one.ear.conn), total);
	assert_int_equal(conn_outstanding(one.ear.conn), 0);
	one_fini(&one);
}

static void pieces_of_all_sizes_arrive_in_order(void **state)
{
	(void)state;
	check_stream(false, false);
	check_stream(true, false);
	check_stream(false, true);
	check_stream(true, true);
}

static void write_says_full_and_room_follows(void **state)
{
	static char bytes[40000];
	struct one one;
	bool ok;

	(void)state;
	one_open(&one, false);
	one.peer.reading = false;
	do { /* the socket has to be full first */
		EAR(&one.ear, ok = conn_write(one.ear.conn,
				      slice_of(bytes, sizeof(bytes))));
	} while (ok);
	assert_true(conn_outstanding(one.ear.conn) >= CONN_HIGH);
	bench_settle(&one.bench);
	assert_int_equal(one.ear.rooms, 0);
	one.peer.reading = true;
	BENCH_UNTIL(&one.bench, one.ear.rooms);
	bench_settle(&one.bench);
	assert_int_equal(one.ear.rooms, 1);
	/* Below the mark: neither full nor room. */
	EAR(&one.ear, ok = conn_write(one.ear.conn, SLICE("x")));
	assert_true(ok);
	bench_settle(&one.bench);
	assert_int_equal(one.ear.rooms, 1);
	one_fini(&one);
}

static void full_counts_what_is_gathered(void **state)
{
	static char bytes[8192];
	struct one one;

	(void)state;
	one_open(&one, true);
	for (size_t i = 1; i <= 8; i++) {
		bool ok;

		EAR(&one.ear, ok = conn_write(one.ear.conn,
				      slice_of(bytes, sizeof(bytes))));
		assert_int_equal(ok, i < 8);
	}
	assert_int_equal(one.ear.rooms, 0);
	BENCH_UNTIL(&one.bench, one.ear.rooms == 1);
	one_fini(&one);
}

/* ---- two directions, slow readers ---- */

enum { LONG = 16 << 20 };

struct source {
	size_t at;
	size_t peak;
};

/* Writes the stream until told that it is full. */
static void pour(struct ear *ear, enum ear_event event)
{
	static char bytes[50000];
	struct source *source = ear->arg;
	bool ok = true;

	if (event != EAR_OPEN && event != EAR_ROOM)
		return;
	while (ok && source->at < LONG) {
		size_t n = LONG - source->at;
		size_t held;

		n = n < sizeof(bytes) ? n : sizeof(bytes);
		bench_fill(bytes, n, source->at);
		EAR(ear, ok = conn_write(ear->conn, slice_of(bytes, n)));
		source->at += n;
		held = conn_outstanding(ear->conn);
		source->peak = held > source->peak ? held : source->peak;
	}
}

static void long_streams_to_a_slow_reader_stay_bounded(void **state)
{
	size_t checked = 0, memory = 0;
	struct source source = {0};
	struct one one;

	(void)state;
	one_init(&one, true);
	one.ear.then = pour;
	one.ear.arg = &source;
	one.peer.read_max = 70000;
	while (checked < LONG) {
		size_t n;

		bench_turn(&one.bench);
		n = one.peer.in.len;
		assert_true(bench_is(buf_bytes(&one.peer.in), checked));
		buf_consume(&one.peer.in, n);
		checked += n;
		n = conn_memory(one.ear.conn);
		memory = n > memory ? n : memory;
	}
	assert_true(source.peak < CONN_HIGH + 50000);
	assert_true(memory < 300000);
	bench_settle(&one.bench);
	assert_true(conn_memory(one.ear.conn) < 1000);
	one_fini(&one);
}

static void sip(struct ear *ear, enum ear_event event)
{
	if (event == EAR_DATA)
		EAR(ear, conn_pause(ear->conn));
}

static void long_streams_from_a_fast_peer_stay_bounded(void **state)
{
	static char bytes[100000];
	size_t said = 0, checked = 0, memory = 0, turns = 0;
	struct one one;

	(void)state;
	one_open(&one, true);
	one.ear.then = sip;
	while (checked < LONG) {
		size_t n = LONG - said;

		if (!one.peer.out.len && n) {
			n = n < sizeof(bytes) ? n : sizeof(bytes);
			bench_fill(bytes, n, said);
			peer_say(&one.peer, slice_of(bytes, n));
			said += n;
		}
		one.ear.use = 1 + ++turns * 7919 % 90000;
		bench_turn(&one.bench);
		n = one.ear.data.len;
		assert_true(bench_is(buf_bytes(&one.ear.data), checked));
		buf_consume(&one.ear.data, n);
		checked += n;
		n = conn_memory(one.ear.conn);
		memory = n > memory ? n : memory;
		EAR(&one.ear, conn_resume(one.ear.conn));
	}
	assert_true(memory < 300000);
	one_fini(&one);
}

struct count {
	const struct loop *loop;
	uint64_t turn;
	size_t in_turn;
	size_t peak;
};

static void count_turn(struct ear *ear, enum ear_event event)
{
	struct count *count = ear->arg;

	if (event != EAR_DATA)
		return;
	if (count->turn != loop_turn(count->loop))
		count->in_turn = 0;
	count->turn = loop_turn(count->loop);
	count->in_turn += ear->last;
	if (count->in_turn > count->peak)
		count->peak = count->in_turn;
	/* Even an owner who asks for more in every event. */
	EAR(ear, conn_resume(ear->conn));
}

static void a_fast_peer_gets_its_share_of_a_turn_only(void **state)
{
	static char bytes[1 << 20];
	struct count count = {0};
	int size = 4 << 20;
	struct one one;

	(void)state;
	one_open(&one, true);
	assert_int_equal(setsockopt(one.peer.fd, SOL_SOCKET, SO_SNDBUF, &size,
				 sizeof(size)),
		0);
	count.loop = one.bench.loop;
	one.ear.then = count_turn;
	one.ear.arg = &count;
	EAR(&one.ear, conn_pause(one.ear.conn));
	peer_say(&one.peer, slice_of(bytes, sizeof(bytes)));
	bench_settle(&one.bench);
	EAR(&one.ear, conn_resume(one.ear.conn));
	BENCH_UNTIL(&one.bench, one.ear.discard == sizeof(bytes));
	assert_true(count.peak >= CONN_READ);
	assert_true(count.peak < CONN_TURN + CONN_READ);
	one_fini(&one);
}

/* ---- ending ---- */

static void end_half_closes_behind_what_was_written(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, true);
	write_text(&one.ear, "last words");
	EAR(&one.ear, conn_end(one.ear.conn));
	EAR(&one.ear, conn_end(one.ear.conn)); /* twice is once */
	BENCH_UNTIL(&one.bench, one.peer.eof);
	assert_true(peer_heard(&one.peer, "last words"));
	peer_say(&one.peer, SLICE("I still speak"));
	BENCH_UNTIL(&one.bench, used(&one.ear, "I still speak"));
	write_text(&one.ear, "dropped");
	bench_settle(&one.bench);
	assert_string_equal(one.ear.order, "od");
	one_fini(&one);
}

static void end_before_on_open_waits_for_it(void **state)
{
	struct one one;

	(void)state;
	one_init(&one, true);
	write_text(&one.ear, "only this");
	EAR(&one.ear, conn_end(one.ear.conn));
	BENCH_UNTIL(&one.bench, one.peer.eof);
	assert_true(peer_heard(&one.peer, "only this"));
	one_fini(&one);
}

static void finish_delivers_everything_then_fin(void **state)
{
	static char bytes[16 << 20];
	struct one one;

	(void)state;
	one_open(&one, true);
	one.peer.counting = true;
	EAR(&one.ear, conn_write(one.ear.conn, slice_of(bytes, sizeof(bytes))));
	assert_true(conn_outstanding(one.ear.conn) > 0);
	ear_finish(&one.ear);
	assert_null(one.ear.conn);
	assert_int_equal(conn_io_lingering(one.bench.io), 1);
	BENCH_UNTIL(&one.bench, one.peer.fin);
	assert_int_equal(one.peer.got, sizeof(bytes));
	assert_int_equal(conn_io_lingering(one.bench.io), 1);
	peer_close(&one.peer);
	BENCH_UNTIL(&one.bench, !conn_io_lingering(one.bench.io));
	one_fini(&one);
}

static void finish_drops_what_comes_so_that_the_answer_arrives(void **state)
{
	static char bytes[2 << 20];
	struct one one;

	(void)state;
	one_open(&one, true);
	peer_say(&one.peer, slice_of(bytes, sizeof(bytes)));
	one.peer.reading = false;
	one.ear.then = pause_in_on_data;
	BENCH_UNTIL(&one.bench, one.ear.datas == 1);
	write_text(&one.ear, "413 too much");
	ear_finish(&one.ear);
	BENCH_UNTIL(&one.bench, !one.peer.out.len);
	bench_settle(&one.bench);
	one.peer.reading = true;
	BENCH_UNTIL(&one.bench, one.peer.fin);
	assert_int_equal(one.peer.error, 0);
	assert_true(peer_heard(&one.peer, "413 too much"));
	one_fini(&one);
}

static void finish_after_the_peers_fin_closes_at_once(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, true);
	assert_int_equal(shutdown(one.peer.fd, SHUT_WR), 0);
	BENCH_UNTIL(&one.bench, one.ear.eofs);
	write_text(&one.ear, "bye");
	ear_finish(&one.ear);
	bench_turn(&one.bench);
	assert_int_equal(conn_io_lingering(one.bench.io), 0);
	BENCH_UNTIL(&one.bench, one.peer.fin);
	assert_true(peer_heard(&one.peer, "bye"));
	one_fini(&one);
}

static void lingering_ends_after_its_time(void **state)
{
	int64_t began;
	struct one one;

	(void)state;
	one_open(&one, true);
	began = loop_now_ms(one.bench.loop);
	ear_finish(&one.ear);
	BENCH_UNTIL(&one.bench, !conn_io_lingering(one.bench.io));
	assert_true(loop_now_ms(one.bench.loop) - began >= CONN_LINGER_MS);
	assert_true(
		loop_now_ms(one.bench.loop) - began < CONN_LINGER_MS + 2000);
	one_fini(&one);
}

/* R17: politeness must not use up the descriptors. */
static void the_oldest_give_way_when_too_many_linger(void **state)
{
	enum { MOST = 4096, MORE = 10 };
	const rlim_t wanted = 2 * (MOST + MORE) + 64;
	static struct ear ears[MOST + MORE];
	static int far[MOST + MORE];
	struct rlimit old, high;
	struct bench bench;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	high = (struct rlimit){wanted, old.rlim_max};
	if (old.rlim_max < wanted || setrlimit(RLIMIT_NOFILE, &high))
		skip();
	bench_init(&bench);
	for (size_t i = 0; i < MOST + MORE; i++) {
		int fds[2];

		bench_unix_pair(fds);
		far[i] = fds[1];
		ear_init(&ears[i]);
		ears[i].conn = conn_accept(
			bench.io, fds[0], NULL, &ear_events, &ears[i]);
		assert_non_null(ears[i].conn);
		ear_finish(&ears[i]);
	}
	assert_int_equal(conn_io_lingering(bench.io), MOST);
	for (size_t i = 0; i < MOST + MORE; i++)
		close(far[i]);
	BENCH_UNTIL(&bench, !conn_io_lingering(bench.io));
	bench_fini(&bench);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void abort_resets(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, true);
	write_text(&one.ear, "never sent");
	ear_abort(&one.ear);
	BENCH_UNTIL(&one.bench, one.peer.error);
	assert_int_equal(one.peer.error, ECONNRESET);
	assert_int_equal(one.peer.got, 0);
	one_fini(&one);
}

static void end_in_event(struct ear *ear, enum ear_event event)
{
	const char *when = ear->arg;

	if (event != (enum ear_event)when[0])
		return;
	if (when[1] == 'a')
		ear_abort(ear);
	else
		ear_finish(ear);
}

static void finish_and_abort_are_allowed_in_every_event(void **state)
{
	static const char *const table[] = {
		"oa", "of", "da", "df", "ea", "ef", "ra", "rf", "fa", "ff"};
	static char bytes[16 << 20];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct one one;

		one_init(&one, true);
		one.ear.then = end_in_event;
		one.ear.arg = (void *)(uintptr_t)table[i];
		one.peer.counting = true;
		if (table[i][0] != 'o')
			BENCH_UNTIL(&one.bench, one.ear.opens);
		if (table[i][0] == 'r')
			EAR(&one.ear, conn_write(one.ear.conn,
					      slice_of(bytes, sizeof(bytes))));
		if (table[i][0] == 'f')
			peer_reset(&one.peer);
		else
			peer_say(&one.peer, SLICE("abc"));
		if (table[i][0] == 'e') {
			bench_settle(&one.bench);
			shutdown(one.peer.fd, SHUT_WR);
		}
		BENCH_UNTIL(&one.bench, one.ear.over);
		bench_settle(&one.bench);
		assert_null(one.ear.conn);
		one_fini(&one);
	}
}

static void finish_and_abort_are_allowed_before_on_open(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct bench bench;
		struct addr addr;
		struct ear ear;
		struct err err;
		struct one one;
		int listener;

		one_init(&one, true);
		write_text(&one.ear, "early");
		if (i & 1)
			ear_finish(&one.ear);
		else
			ear_abort(&one.ear);
		bench_settle(&one.bench);
		one_fini(&one);

		bench_init(&bench);
		assert_true(addr_parse(SLICE("127.0.0.1:0"), &addr));
		listener = sock_listen(&addr,
			&(struct sock_listen){.backlog = 1}, &addr, &err);
		if (i & 2)
			close(listener); /* its refusal must not come, too */
		ear_init(&ear);
		EAR(&ear, ear.conn = conn_connect(
				  bench.io, &addr, NULL, &ear_events, &ear));
		if (i & 1)
			ear_finish(&ear);
		else
			ear_abort(&ear);
		assert_int_equal(conn_io_lingering(bench.io), 0);
		bench_settle(&bench);
		if (!(i & 2))
			close(listener);
		bench_fini(&bench);
	}
}

static void lingering_connections_end_with_the_worker(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, true);
	write_text(&one.ear, "bye");
	ear_finish(&one.ear);
	one_fini(&one); /* a leak would show under the sanitizer */
}

/* ---- facts ---- */

static void an_idle_connection_holds_no_buffer(void **state)
{
	struct one one;
	size_t idle;

	(void)state;
	one_open(&one, true);
	idle = conn_memory(one.ear.conn);
	print_message("bytes of an idle connection: %zu\n", idle);
	assert_true(idle <= 512);
	one.ear.use = 1;
	peer_say(&one.peer, SLICE("abc"));
	BENCH_UNTIL(&one.bench, one.ear.datas == 1);
	assert_true(conn_memory(one.ear.conn) > idle);
	one.ear.use = SIZE_MAX;
	EAR(&one.ear, conn_resume(one.ear.conn));
	write_text(&one.ear, "answer");
	BENCH_UNTIL(&one.bench, peer_heard(&one.peer, "answer"));
	assert_int_equal(conn_memory(one.ear.conn), idle);
	one_fini(&one);
}

static void movement_is_stamped(void **state)
{
	int64_t read_ms, sent_ms, born;
	struct one one;

	(void)state;
	one_open(&one, true);
	born = conn_last_read_ms(one.ear.conn);
	assert_true(born > 0);
	while (loop_now_ms(one.bench.loop) <= born)
		bench_turn(&one.bench);
	assert_int_equal(conn_last_read_ms(one.ear.conn), born);
	assert_int_equal(conn_last_sent_ms(one.ear.conn), born);
	peer_say(&one.peer, SLICE("abc"));
	BENCH_UNTIL(&one.bench, one.ear.datas);
	read_ms = conn_last_read_ms(one.ear.conn);
	assert_true(read_ms > born);
	assert_int_equal(conn_last_sent_ms(one.ear.conn), born);
	write_text(&one.ear, "abc");
	BENCH_UNTIL(&one.bench, one.peer.got);
	sent_ms = conn_last_sent_ms(one.ear.conn);
	assert_true(sent_ms > born);
	assert_int_equal(conn_last_read_ms(one.ear.conn), read_ms);
	one_fini(&one);
}

static void a_plain_connection_has_no_tls_facts(void **state)
{
	struct conn_tls_info info;
	struct one one;

	(void)state;
	one_open(&one, false);
	conn_tls_info(one.ear.conn, &info);
	assert_string_equal(info.version, "");
	assert_string_equal(info.cipher, "");
	assert_null(info.sni);
	assert_int_equal(info.alpn.len, 0);
	assert_null(conn_ssl(one.ear.conn));
	assert_string_equal(conn_error(one.ear.conn), "");
	one_fini(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_open_comes_later_and_once),
		cmocka_unit_test(
			bytes_written_before_on_open_wait_and_stay_in_front),
		cmocka_unit_test(a_connection_is_made_and_refused_by_events),
		cmocka_unit_test(a_unix_path_without_a_socket_fails_by_event),
		cmocka_unit_test(
			leftover_bytes_are_shown_again_in_front_of_new_ones),
		cmocka_unit_test(resume_shows_once_even_without_new_bytes),
		cmocka_unit_test(resume_with_nothing_to_show_is_silent),
		cmocka_unit_test(an_owner_who_uses_nothing_is_not_flooded),
		cmocka_unit_test(nothing_comes_while_paused),
		cmocka_unit_test(a_pause_inside_on_data_keeps_what_is_left),
		cmocka_unit_test(
			a_pause_after_a_resume_in_the_same_verb_chain_wins),
		cmocka_unit_test(the_kept_bytes_go_to_the_next_owner),
		cmocka_unit_test(data_and_fin_in_one_segment_both_arrive),
		cmocka_unit_test(a_fin_while_paused_is_seen_but_not_told),
		cmocka_unit_test(what_was_left_unused_is_shown_before_the_end),
		cmocka_unit_test(a_reset_is_told_also_while_paused),
		cmocka_unit_test(
			a_reset_behind_unread_bytes_is_told_while_paused),
		cmocka_unit_test(
			a_reset_that_came_with_bytes_is_told_where_more_is_owed),
		cmocka_unit_test(a_reset_after_the_fin_is_told),
		cmocka_unit_test(
			an_early_answer_is_read_before_the_broken_send_is_told),
		cmocka_unit_test(writing_to_a_closed_socket_raises_no_signal),
		cmocka_unit_test(
			small_writes_leave_together_at_the_end_of_the_event),
		cmocka_unit_test(the_gather_buffer_goes_to_who_writes),
		cmocka_unit_test(pieces_of_all_sizes_arrive_in_order),
		cmocka_unit_test(write_says_full_and_room_follows),
		cmocka_unit_test(full_counts_what_is_gathered),
		cmocka_unit_test(long_streams_to_a_slow_reader_stay_bounded),
		cmocka_unit_test(long_streams_from_a_fast_peer_stay_bounded),
		cmocka_unit_test(a_fast_peer_gets_its_share_of_a_turn_only),
		cmocka_unit_test(end_half_closes_behind_what_was_written),
		cmocka_unit_test(end_before_on_open_waits_for_it),
		cmocka_unit_test(finish_delivers_everything_then_fin),
		cmocka_unit_test(
			finish_drops_what_comes_so_that_the_answer_arrives),
		cmocka_unit_test(finish_after_the_peers_fin_closes_at_once),
		cmocka_unit_test(lingering_ends_after_its_time),
		cmocka_unit_test(the_oldest_give_way_when_too_many_linger),
		cmocka_unit_test(abort_resets),
		cmocka_unit_test(finish_and_abort_are_allowed_in_every_event),
		cmocka_unit_test(finish_and_abort_are_allowed_before_on_open),
		cmocka_unit_test(lingering_connections_end_with_the_worker),
		cmocka_unit_test(an_idle_connection_holds_no_buffer),
		cmocka_unit_test(movement_is_stamped),
		cmocka_unit_test(a_plain_connection_has_no_tls_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
