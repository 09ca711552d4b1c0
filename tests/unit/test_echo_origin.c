#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/loop.h"
#include "cli/echo_origin.h"

/* A blocking client in a thread of its own; the loop runs in the test. */
struct talk {
	struct loop *loop;
	uint16_t port;
	const char *send;
	char got[4096];
	size_t len;
	int wake[2];
};

static void *client(void *arg)
{
	struct talk *talk = arg;
	struct sockaddr_in peer = {.sin_family = AF_INET,
		.sin_port = htons(talk->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ssize_t n;

	if (!connect(fd, (struct sockaddr *)&peer, sizeof(peer)) &&
		send(fd, talk->send, strlen(talk->send), MSG_NOSIGNAL) > 0) {
		while ((n = recv(fd, talk->got + talk->len,
				sizeof(talk->got) - 1 - talk->len, 0)) > 0)
			talk->len += (size_t)n;
	}
	close(fd);
	(void)!write(talk->wake[1], "x", 1);
	return NULL;
}

static void over(void *arg, unsigned ready)
{
	struct talk *talk = arg;

	(void)ready;
	loop_stop(talk->loop);
}

/* Sends and reads until the origin closes; the answer is in talk->got. */
static void converse(struct talk *talk, const char *send)
{
	struct echo_origin *origin;
	struct loop_watch watch;
	pthread_t thread;
	struct err err;

	memset(talk, 0, sizeof(*talk));
	talk->send = send;
	talk->loop = loop_new();
	assert_non_null(talk->loop);
	origin = echo_origin_new(talk->loop, NULL, &err);
	assert_non_null(origin);
	talk->port = echo_origin_port(origin);
	assert_int_equal(pipe(talk->wake), 0);
	assert_true(
		loop_watch_read(talk->loop, &watch, talk->wake[0], over, talk));
	assert_int_equal(pthread_create(&thread, NULL, client, talk), 0);
	assert_true(loop_run(talk->loop));
	pthread_join(thread, NULL);
	loop_unwatch(&watch);
	close(talk->wake[0]);
	close(talk->wake[1]);
	echo_origin_free(origin);
	loop_free(talk->loop);
}

static void a_request_comes_back_field_by_field(void **state)
{
	struct talk talk;
	const char *body;

	(void)state;
	converse(&talk,
		"POST /a?b HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nx-two:  2 \r\n"
		"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
		"3\r\nabc\r\n0\r\nX-Last: z\r\n\r\n");
	assert_ptr_equal(strstr(talk.got, "HTTP/1.1 200 OK\r\n"), talk.got);
	body = strstr(talk.got, "\r\n\r\n");
	assert_non_null(body);
	assert_string_equal(body + 4,
		"POST /a?b HTTP/1.1\nHost: h\nX-One: 1\nx-two: 2\n"
		"(a body of 3 bytes)\n(trailer) X-Last: z\n");
}

static void a_head_request_gets_no_body(void **state)
{
	struct talk talk;

	(void)state;
	converse(&talk,
		"HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	assert_non_null(strstr(talk.got, "Content-Length: 24\r\n"));
	assert_string_equal(strstr(talk.got, "\r\n\r\n"), "\r\n\r\n");
}

static void garbage_ends_the_connection_and_nothing_else(void **state)
{
	struct talk talk;

	(void)state;
	converse(&talk, "no HTTP at all\r\n\r\n");
	assert_null(strstr(talk.got, "200"));
}

static void requests_in_a_row_are_answered_in_order(void **state)
{
	struct talk talk;
	const char *one, *two;

	(void)state;
	converse(&talk,
		"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
		"GET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	one = strstr(talk.got, "GET /1 ");
	two = strstr(talk.got, "GET /2 ");
	assert_non_null(one);
	assert_non_null(two);
	assert_true(one < two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_comes_back_field_by_field),
		cmocka_unit_test(a_head_request_gets_no_body),
		cmocka_unit_test(garbage_ends_the_connection_and_nothing_else),
		cmocka_unit_test(requests_in_a_row_are_answered_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
