/* admin: what the operator's door answers. R17, R18: bounded in all ways. */
#include "daemon/admin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/slice.h"
#include "daemon/shared.h"
#include "net/conn.h"

enum { ANSWER = 65536, DEADLINE_MS = 20000 };

struct world {
	struct loop *loop;
	struct shared *shared;
	struct conn_io *io;
	struct admin *admin;
	struct loop_timer deadline;
	struct loop_watch watch;
	int fd; /* the client's end */
	char answer[ANSWER];
	size_t len;
	bool late;
	size_t lingering; /* as many are waited for */
};

static void on_deadline(void *arg)
{
	struct world *w = arg;

	w->late = true;
	loop_stop(w->loop);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct admin_setup how;
	struct err err;

	*state = w;
	w->loop = loop_new();
	assert_non_null(w->loop);
	w->shared = shared_new(1, 4, &err);
	assert_non_null(w->shared);
	w->io = conn_io_new(w->loop);
	assert_non_null(w->io);
	loop_timer_init(w->loop, &w->deadline, on_deadline, w);
	how = (struct admin_setup){w->loop, w->io, w->shared};
	w->admin = admin_new(&how);
	assert_non_null(w->admin);
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	loop_timer_fini(&w->deadline);
	admin_free(w->admin);
	conn_io_free(w->io);
	loop_free(w->loop);
	shared_free(w->shared);
	free(w);
	return 0;
}

static int connect_client(struct world *w)
{
	int ends[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0, ends),
		0);
	admin_accept(w->admin, ends[0]);
	return ends[1];
}

static void on_answer(void *arg, unsigned ready)
{
	struct world *w = arg;
	ssize_t n = read(w->fd, w->answer + w->len, ANSWER - 1 - w->len);

	(void)ready;
	if (n > 0) {
		w->len += (size_t)n;
		return;
	}
	loop_unwatch(&w->watch);
	close(w->fd);
	loop_stop(w->loop);
}

/* Until the door closes the connection. */
static void hear(struct world *w, int fd)
{
	w->fd = fd;
	w->len = 0;
	assert_true(loop_watch_read(w->loop, &w->watch, fd, on_answer, w));
	assert_true(loop_timer_set(&w->deadline, DEADLINE_MS));
	assert_true(loop_run(w->loop));
	assert_false(w->late);
	w->answer[w->len] = '\0';
}

static void ask(struct world *w, struct slice request)
{
	int fd = connect_client(w);

	assert_int_equal(
		write(fd, request.ptr, request.len), (ssize_t)request.len);
	hear(w, fd);
}

static void each_request_has_its_answer(void **state)
{
	static const struct {
		const char *request, *status, *says;
	} cases[] = {
		{"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 200 OK\r\n", "\r\n\r\nok\n"},
		{"GET /livez?x=1 HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 200 OK\r\n", "\r\n\r\nok\n"},
		{"GET /livez HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n",
			"\r\n\r\nok\n"},
		{"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 200 OK\r\n", "\nmtlsgate_build_info{"},
		{"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 200 OK\r\n", "text/plain; version=0.0.4"},
		{"GET /refusals HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 200 OK\r\n", "\r\nContent-Length: 0\r\n"},
		{"GET /refusals.json?last=3 HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 200 OK\r\n",
			"{\"total\":0,\"kept\":4,\"refusals\":[]}\n"},
		{"GET /refusals.json HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 200 OK\r\n",
			"\r\nContent-Type: application/json\r\n"},
		{"GET /refusals.json?last=x HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 400 Bad Request\r\n", "last is a number"},
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 404 Not Found\r\n", ""},
		{"GET /livez/ HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 404 Not Found\r\n", ""},
		{"GET /metricsx HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 404 Not Found\r\n", ""},
		{"POST /metrics HTTP/1.1\r\nHost: a\r\n"
		 "Content-Length: 0\r\n\r\n",
			"HTTP/1.1 405 Method Not Allowed\r\n",
			"\r\nAllow: GET, HEAD\r\n"},
		{"GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
			"HTTP/1.1 400 Bad Request\r\n", ""},
		{"GET /livez HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n",
			""},
		{"GET /livez HTTP/1.1\nHost: a\n\n",
			"HTTP/1.1 400 Bad Request\r\n", ""},
		{"GET /livez HTTP/2.0\r\nHost: a\r\n\r\n", "HTTP/1.1 505 ", ""},
		{"\x16\x03\x01 hello\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n",
			""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct world *w = *state;

		ask(w, slice_str(cases[i].request));
		if (strncmp(w->answer, cases[i].status,
			    strlen(cases[i].status)) ||
			!strstr(w->answer, cases[i].says) ||
			!strstr(w->answer, "\r\nConnection: close\r\n"))
			fail_msg("case %zu was answered:\n%s", i, w->answer);
		assert_int_equal(admin_clients(w->admin), 0);
	}
}

static void head_has_the_length_and_no_body(void **state)
{
	struct world *w = *state;

	ask(w, SLICE("HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n"));
	assert_non_null(strstr(w->answer, "\r\nContent-Length: 3\r\n"));
	assert_true(slice_ends(slice_of(w->answer, w->len), SLICE("\r\n\r\n")));
}

static void a_head_may_come_byte_by_byte(void **state)
{
	static const char request[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
	struct world *w = *state;
	int fd = connect_client(w);

	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		assert_int_equal(write(fd, request + i, 1), 1);
		assert_true(loop_timer_set(&w->deadline, 0));
		assert_true(loop_run(w->loop));
		w->late = false;
	}
	hear(w, fd);
	assert_non_null(strstr(w->answer, "\r\n\r\nok\n"));
}

static void a_head_without_end_is_refused(void **state)
{
	struct world *w = *state;
	int fd = connect_client(w);
	char bytes[ADMIN_HEAD * 2];
	int used = snprintf(
		bytes, sizeof(bytes), "GET /livez HTTP/1.1\r\nHost: a\r\nX: ");

	memset(bytes + used, 'x', sizeof(bytes) - (size_t)used);
	assert_int_equal(
		write(fd, bytes, sizeof(bytes)), (ssize_t)sizeof(bytes));
	hear(w, fd);
	assert_non_null(strstr(w->answer, "HTTP/1.1 431 "));
}

static void a_client_that_leaves_early_is_forgotten(void **state)
{
	struct world *w = *state;
	int fd = connect_client(w);

	assert_int_equal(admin_clients(w->admin), 1);
	assert_int_equal(write(fd, "GET /li", 7), 7);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	hear(w, fd);
	assert_int_equal(w->len, 0);
	assert_int_equal(admin_clients(w->admin), 0);
}

/* The others are served when there is room again. */
static void more_clients_than_allowed_are_turned_away(void **state)
{
	struct world *w = *state;
	int fds[ADMIN_CLIENTS];

	for (size_t i = 0; i < ADMIN_CLIENTS; i++)
		fds[i] = connect_client(w);
	assert_int_equal(admin_clients(w->admin), ADMIN_CLIENTS);
	hear(w, connect_client(w));
	assert_int_equal(w->len, 0);
	assert_int_equal(admin_clients(w->admin), ADMIN_CLIENTS);
	assert_int_equal(write(fds[0], "x", 1), 1);
	assert_int_equal(shutdown(fds[0], SHUT_WR), 0);
	hear(w, fds[0]);
	ask(w, SLICE("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"));
	assert_non_null(strstr(w->answer, "\r\n\r\nok\n"));
	for (size_t i = 1; i < ADMIN_CLIENTS; i++)
		close(fds[i]);
}

/* Its answers do not fit into the socket. */
static int connect_narrow(struct world *w)
{
	const int size = 1;
	int ends[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0, ends),
		0);
	assert_int_equal(
		setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)),
		0);
	admin_accept(w->admin, ends[0]);
	return ends[1];
}

static void on_event_end(void *arg)
{
	struct world *w = arg;

	if (conn_io_lingering(w->io) == w->lingering)
		loop_stop(w->loop);
}

/* Until so many were answered and have not gone. */
static void wait_for(struct world *w, size_t lingering)
{
	w->lingering = lingering;
	loop_on_event_end(w->loop, on_event_end, w);
	assert_true(loop_timer_set(&w->deadline, DEADLINE_MS));
	assert_true(loop_run(w->loop));
	loop_off_event_end(w->loop, on_event_end, w);
	assert_false(w->late);
}

/* R18: an answer that nobody reads is memory that is not given back. */
static void those_who_do_not_read_are_counted(void **state)
{
	static const char question[] =
		"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
	struct world *w = *state;
	int fds[ADMIN_CLIENTS], turned_away;

	for (size_t i = 0; i < ADMIN_CLIENTS; i++) {
		fds[i] = connect_narrow(w);
		assert_true(write(fds[i], question, sizeof(question) - 1) > 0);
	}
	wait_for(w, ADMIN_CLIENTS);
	turned_away = connect_client(w);
	assert_int_equal(admin_clients(w->admin), 0);
	hear(w, turned_away);
	assert_int_equal(w->len, 0);
	hear(w, fds[0]); /* reads, and makes room */
	assert_non_null(strstr(w->answer, "HTTP/1.1 200 "));
	wait_for(w, ADMIN_CLIENTS - 1);
	ask(w, SLICE("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"));
	assert_non_null(strstr(w->answer, "\r\n\r\nok\n"));
	for (size_t i = 1; i < ADMIN_CLIENTS; i++)
		close(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			each_request_has_its_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(
			head_has_the_length_and_no_body, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_head_may_come_byte_by_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_head_without_end_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_client_that_leaves_early_is_forgotten, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			those_who_do_not_read_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(
			more_clients_than_allowed_are_turned_away, setup,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
