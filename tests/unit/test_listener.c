#include "daemon/listener.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop.h"
#include "net/addr.h"
#include "net/sock.h"
#include "proxy/metrics.h"

enum { MANY = 200, DEADLINE_MS = 5000 };

struct world {
	struct loop *loop;
	struct metrics metrics;
	struct listener_set *set;
	struct addr addr[2];
	int clients[MANY];
	size_t client_count;
	/* what was accepted */
	size_t by_listener[2];
	size_t accepted;
	size_t wanted; /* the loop stops there */
	size_t turn;   /* accepted in this event */
	size_t most;   /* ... at most */
	struct loop_timer deadline;
	bool late;
};

static void on_accepted(
	void *arg, size_t listener, int fd, const struct addr *peer)
{
	struct world *w = arg;

	assert_true(listener < 2);
	assert_true(peer->len > 0);
	close(fd);
	w->by_listener[listener]++;
	w->turn++;
	if (w->turn > w->most)
		w->most = w->turn;
	if (++w->accepted == w->wanted)
		loop_stop(w->loop);
}

static void on_event_end(void *arg)
{
	((struct world *)arg)->turn = 0;
}

static void on_deadline(void *arg)
{
	struct world *w = arg;

	w->late = true;
	loop_stop(w->loop);
}

static int listen_on_loopback(struct addr *bound)
{
	const struct sock_listen how = {.backlog = MANY};
	struct addr addr;
	struct err err;
	int fd;

	assert_true(addr_parse(SLICE("127.0.0.1:0"), &addr));
	fd = sock_listen(&addr, &how, bound, &err);
	if (fd < 0)
		fail_msg("%s", err.text);
	return fd;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct listener_setup how;

	*state = w;
	w->loop = loop_new();
	assert_non_null(w->loop);
	loop_on_event_end(w->loop, on_event_end, w);
	loop_timer_init(w->loop, &w->deadline, on_deadline, w);
	how = (struct listener_setup){w->loop, &w->metrics, on_accepted, w};
	w->set = listener_set_new(&how);
	assert_non_null(w->set);
	for (size_t i = 0; i < 2; i++)
		assert_true(listener_set_add(
			w->set, i, listen_on_loopback(&w->addr[i])));
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < w->client_count; i++)
		close(w->clients[i]);
	listener_set_free(w->set);
	loop_timer_fini(&w->deadline);
	loop_free(w->loop);
	free(w);
	return 0;
}

/* A finished three-way handshake waits in the queue. */
static void connect_to(struct world *w, size_t listener)
{
	int fd = sock_connect(&w->addr[listener]);
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	assert_true(fd >= 0);
	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	assert_int_equal(sock_error(fd), 0);
	w->clients[w->client_count++] = fd;
}

static void run_until(struct world *w, size_t accepted)
{
	w->wanted = accepted;
	assert_true(loop_timer_set(&w->deadline, DEADLINE_MS));
	assert_true(loop_run(w->loop));
	assert_false(w->late);
}

static void a_connection_is_told_with_its_listener(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	connect_to(w, 0);
	connect_to(w, 1);
	assert_true(listener_set_open(w->set));
	run_until(w, 3);
	assert_int_equal(w->by_listener[0], 1);
	assert_int_equal(w->by_listener[1], 2);
}

static void nothing_is_accepted_before_it_is_opened(void **state)
{
	struct world *w = *state;

	connect_to(w, 0);
	w->wanted = SIZE_MAX;
	assert_true(loop_timer_set(&w->deadline, 0));
	assert_true(loop_run(w->loop));
	assert_int_equal(w->accepted, 0);
	w->late = false;
	assert_true(listener_set_open(w->set));
	run_until(w, 1);
}

/* R17: a flood takes turns with the connections that are open. */
static void a_flood_is_accepted_in_bursts(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < MANY; i++)
		connect_to(w, 0);
	assert_true(listener_set_open(w->set));
	run_until(w, MANY);
	assert_int_equal(w->most, LISTENER_BURST);
}

static void the_last_call_takes_the_whole_queue_and_closes(void **state)
{
	struct world *w = *state;
	int fd;

	for (size_t i = 0; i < MANY / 2; i++)
		connect_to(w, 0);
	connect_to(w, 1);
	listener_set_last_call(w->set, 0);
	assert_int_equal(w->by_listener[0], MANY / 2);
	assert_int_equal(w->by_listener[1], 0);
	assert_int_equal(listener_set_count(w->set), 1);
	fd = sock_connect(&w->addr[0]);
	if (fd >= 0) { /* refused at once, or so it turns out */
		struct pollfd p = {.fd = fd, .events = POLLOUT};

		assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
		assert_int_equal(sock_error(fd), ECONNREFUSED);
		close(fd);
	}
}

static void closing_leaves_the_queue_to_those_who_share_it(void **state)
{
	struct world *w = *state;
	struct listener_setup how = {w->loop, &w->metrics, on_accepted, w};
	struct listener_set *other = listener_set_new(&how);
	struct addr bound;
	int fd = listen_on_loopback(&bound), copy = dup(fd);

	assert_non_null(other);
	assert_true(listener_set_add(other, 1, copy));
	w->addr[1] = bound;
	assert_true(listener_set_add(w->set, 0, fd));
	assert_true(listener_set_open(w->set));
	connect_to(w, 1);
	listener_set_close(w->set);
	assert_int_equal(listener_set_count(w->set), 0);
	assert_true(listener_set_open(other));
	run_until(w, 1);
	assert_int_equal(w->by_listener[1], 1);
	listener_set_free(other);
}

/* Fills the table of descriptors; returns the first one taken. */
static int exhaust(int taken[], size_t max, size_t *count)
{
	*count = 0;
	while (*count < max) {
		int fd = dup(0);

		if (fd < 0)
			return errno;
		taken[(*count)++] = fd;
	}
	return 0;
}

static void out_of_descriptors_it_rests_and_goes_on(void **state)
{
	enum { FILES = 64 };
	struct world *w = *state;
	struct rlimit old, low;
	int taken[FILES];
	size_t count;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = FILES;
	connect_to(w, 0);
	connect_to(w, 0);
	connect_to(w, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(exhaust(taken, FILES, &count), EMFILE);
	assert_true(listener_set_open(w->set));
	/* one event: the first is turned away, then all rest */
	assert_true(loop_timer_set(&w->deadline, LISTENER_REST_MS / 2));
	w->wanted = SIZE_MAX;
	assert_true(loop_run(w->loop));
	w->late = false;
	assert_int_equal(w->accepted, 0);
	assert_int_equal(w->metrics.value[METRIC_ACCEPT_BACKOFFS], 1);
	/* descriptors are there again: the others were not lost */
	while (count)
		close(taken[--count]);
	run_until(w, 2);
	assert_int_equal(w->metrics.value[METRIC_ACCEPT_BACKOFFS], 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_connection_is_told_with_its_listener, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			nothing_is_accepted_before_it_is_opened, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_flood_is_accepted_in_bursts, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_last_call_takes_the_whole_queue_and_closes, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			closing_leaves_the_queue_to_those_who_share_it, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			out_of_descriptors_it_rests_and_goes_on, setup,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
