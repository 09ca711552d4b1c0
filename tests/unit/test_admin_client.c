/* admin_client: an answer is taken whole, or it is told why not. */
#include "cli/admin_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/addr.h"
#include "net/sock.h"

static struct addr loopback(void)
{
	struct addr addr;

	assert_true(addr_parse(SLICE("127.0.0.1:0"), &addr));
	return addr;
}

/* A process that takes one connection, reads a head and says that. */
static pid_t serve(const char *says, struct addr *bound)
{
	const struct sock_listen how = {.backlog = 1};
	struct addr any = loopback();
	struct err err;
	int fd = sock_listen(&any, &how, bound, &err);
	pid_t pid;

	assert_true(fd >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		char head[1024];
		int peer = -1;

		while (peer < 0)
			peer = accept(fd, NULL, NULL);
		if (recv(peer, head, sizeof(head), 0) > 0)
			(void)!write(peer, says, strlen(says));
		_exit(0);
	}
	close(fd);
	return pid;
}

static bool ask(const char *says, struct buf *body, struct err *err)
{
	struct addr addr;
	pid_t pid = serve(says, &addr);
	bool ok = admin_client_get(&addr, "/refusals?last=1", body, err);

	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return ok;
}

static void a_whole_answer_is_taken(void **state)
{
	struct buf body = {0};
	struct err err;

	(void)state;
	assert_true(ask("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
			"content-length: 5\r\nConnection: close\r\n"
			"\r\nhello",
		&body, &err));
	assert_true(slice_eq(buf_bytes(&body), SLICE("hello")));
	buf_fini(&body);
	assert_true(ask(
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &body, &err));
	assert_int_equal(body.len, 0);
}

static void anything_else_is_told(void **state)
{
	static const struct {
		const char *says, *why;
	} rows[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
			"was cut off"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhello",
			"was cut off"},
		{"HTTP/1.1 200 OK\r\n\r\nhello", "was cut off"},
		{"HTTP/1.1 200 OK\r\nContent-Le", "speaks no HTTP"},
		{"", "speaks no HTTP"},
		{"220 mail.example ESMTP\r\n\r\n", "speaks no HTTP: 220 mail"},
		{"HTTP/1.1 404 Not Found\r\nContent-Length: 14\r\n\r\n"
		 "404 Not Found\n",
			"answers: 404 Not Found"},
		/* R19 */
		{"HTTP/1.1 400 Bad\r\nContent-Length: 6\r\n\r\n\x1b[31m\n",
			"answers: ?[31m"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf body = {0};
		struct err err;

		assert_false(ask(rows[i].says, &body, &err));
		if (!strstr(err.text, rows[i].why))
			fail_msg("%zu: %s", i, err.text);
		assert_int_equal(body.len, 0);
	}
}

static void where_nobody_listens_it_says_so(void **state)
{
	struct buf body = {0};
	struct addr addr;
	struct err err;

	(void)state;
	assert_true(addr_parse(SLICE("unix:/nonexistent/admin.sock"), &addr));
	assert_false(admin_client_get(&addr, "/", &body, &err));
	assert_int_equal(err.code, EXIT_CODE_UNAVAILABLE);
	assert_non_null(strstr(err.text, "unix:/nonexistent/admin.sock"));
	assert_non_null(strstr(err.text, "is the program running"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_answer_is_taken),
		cmocka_unit_test(anything_else_is_told),
		cmocka_unit_test(where_nobody_listens_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
