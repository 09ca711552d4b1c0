#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/sock.h"

static const struct sock_listen plain = {.backlog = 16, .reuse_addr = true};

static struct addr parsed(const char *text)
{
	struct addr addr;

	assert_true(addr_parse(slice_str(text), &addr));
	return addr;
}

static int listen_on(const char *text, struct addr *bound)
{
	struct addr addr = parsed(text);
	struct err err;
	int fd = sock_listen(&addr, &plain, bound, &err);

	if (fd < 0)
		fail_msg("%s", err.text);
	return fd;
}

static void wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	assert_int_equal(poll(&p, 1, 5000), 1);
}

static int int_option(int fd, int level, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, level, option, &value, &len), 0);
	return value;
}

static void assert_our_options(int fd, bool tcp)
{
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	if (!tcp)
		return;
	assert_int_not_equal(int_option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
	assert_int_equal(int_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT),
		SOCK_UNSENT_MAX);
}

/* A directory of our own, removed with the socket in it at the end. */
struct place {
	char dir[32];
	char path[64];
	struct addr addr;
};

static void place_make(struct place *place)
{
	char text[80];

	memcpy(place->dir, "/tmp/mg_sock_XXXXXX",
		sizeof("/tmp/mg_sock_XXXXXX"));
	assert_non_null(mkdtemp(place->dir));
	snprintf(place->path, sizeof(place->path), "%s/s", place->dir);
	snprintf(text, sizeof(text), "unix:%s", place->path);
	place->addr = parsed(text);
}

static void place_drop(struct place *place)
{
	unlink(place->path);
	assert_int_equal(rmdir(place->dir), 0);
}

static void a_connection_is_accepted_with_our_options(void **state)
{
	static const char *const table[] = {"127.0.0.1:0", "[::1]:0", "[::]:0"};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct addr bound, peer, own = {.len = sizeof(own.sa)};
		int listener = listen_on(table[i], &bound);
		int client, fd;

		assert_our_options(listener, true);
		assert_int_not_equal(addr_port(&bound), 0);
		assert_int_equal(sock_accept(listener, &fd, &peer), SOCK_NONE);
		client = sock_connect(&bound);
		assert_true(client >= 0);
		assert_our_options(client, true);
		wait_for(listener, POLLIN);
		assert_int_equal(
			sock_accept(listener, &fd, &peer), SOCK_ACCEPTED);
		assert_our_options(fd, true);
		assert_int_equal(sock_error(client), 0);
		assert_int_equal(getsockname(client, &own.sa.any, &own.len), 0);
		assert_true(addr_eq(&own, &peer));
		close(fd);
		close(client);
		close(listener);
	}
}

static void the_wildcard_of_ipv6_takes_ipv4_too(void **state)
{
	struct addr bound, peer, v4 = parsed("127.0.0.1:0");
	int listener = listen_on("[::]:0", &bound);
	char text[ADDR_TEXT];
	int client, fd;

	(void)state;
	addr_set_port(&v4, addr_port(&bound));
	client = sock_connect(&v4);
	wait_for(listener, POLLIN);
	assert_int_equal(sock_accept(listener, &fd, &peer), SOCK_ACCEPTED);
	addr_print_ip(&peer, text);
	assert_string_equal(text, "127.0.0.1");
	close(fd);
	close(client);
	close(listener);
}

static void a_refused_connection_says_so(void **state)
{
	struct addr bound;
	int fd;

	(void)state;
	close(listen_on("127.0.0.1:0", &bound));
	fd = sock_connect(&bound);
	if (fd < 0) {
		assert_int_equal(errno, ECONNREFUSED);
		return;
	}
	wait_for(fd, POLLOUT);
	assert_int_equal(sock_error(fd), ECONNREFUSED);
	close(fd);
}

static void a_taken_address_is_told_as_unavailable(void **state)
{
	struct addr bound;
	int listener = listen_on("127.0.0.1:0", &bound);
	struct err err = {0};

	(void)state;
	assert_int_equal(sock_listen(&bound, &plain, NULL, &err), -1);
	assert_int_equal(err.code, EXIT_CODE_UNAVAILABLE);
	assert_non_null(strstr(err.text, "Address already in use"));
	close(listener);
}

static void an_address_that_is_not_ours_is_told(void **state)
{
	struct addr addr = parsed("192.0.2.1:0");
	struct err err = {0};

	(void)state;
	assert_int_equal(sock_listen(&addr, &plain, NULL, &err), -1);
	assert_int_equal(err.code, EXIT_CODE_UNAVAILABLE);
	assert_non_null(strstr(err.text, "192.0.2.1:0"));
	/* NULL for the words is allowed */
	assert_int_equal(sock_listen(&addr, &plain, NULL, NULL), -1);
}

static void workers_share_a_port_and_the_probe_still_sees_it(void **state)
{
	const struct sock_listen shared = {
		.backlog = 1, .reuse_addr = true, .reuse_port = true};
	struct addr addr = parsed("127.0.0.1:0"), bound;
	struct err err = {0};
	int one, two;

	(void)state;
	one = sock_listen(&addr, &shared, &bound, &err);
	assert_true(one >= 0);
	two = sock_listen(&bound, &shared, NULL, &err);
	assert_true(two >= 0);
	assert_false(sock_probe_free(&bound, &err));
	assert_int_equal(err.code, EXIT_CODE_UNAVAILABLE);
	close(one);
	assert_false(sock_probe_free(&bound, &err));
	close(two);
	assert_true(sock_probe_free(&bound, &err));
}

static void a_connection_in_time_wait_does_not_hold_the_port(void **state)
{
	struct addr bound, peer;
	struct err err;
	int listener = listen_on("127.0.0.1:0", &bound);
	int client = sock_connect(&bound);
	char byte;
	int fd;

	(void)state;
	wait_for(listener, POLLIN);
	assert_int_equal(sock_accept(listener, &fd, &peer), SOCK_ACCEPTED);
	close(fd); /* our side closes first: TIME_WAIT stays on the port */
	wait_for(client, POLLIN);
	assert_int_equal(recv(client, &byte, 1, 0), 0);
	close(client);
	close(listener);
	assert_true(sock_probe_free(&bound, &err));
	listener = sock_listen(&bound, &plain, NULL, &err);
	assert_true(listener >= 0);
	close(listener);
}

static void a_unix_socket_has_the_mode_asked_for(void **state)
{
	static const struct {
		unsigned asked, got;
	} table[] = {{0, 0660}, {0600, 0600}, {0666, 0666}};
	struct place place;
	struct stat st;

	(void)state;
	place_make(&place);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct sock_listen how = {
			.backlog = 4, .unix_mode = table[i].asked};
		struct addr bound, peer;
		struct err err;
		int fd, client;
		int listener = sock_listen(&place.addr, &how, &bound, &err);

		assert_true(listener >= 0);
		assert_true(addr_eq(&bound, &place.addr));
		assert_int_equal(lstat(place.path, &st), 0);
		assert_int_equal(st.st_mode & 07777, table[i].got);
		client = sock_connect(&place.addr);
		assert_true(client >= 0);
		assert_int_equal(
			sock_accept(listener, &fd, &peer), SOCK_ACCEPTED);
		assert_true(addr_is_unix(&peer));
		assert_our_options(fd, false);
		close(fd);
		close(client);
		close(listener); /* the path stays: the next one is stale */
	}
	place_drop(&place);
}

static void a_living_unix_socket_is_not_replaced(void **state)
{
	const struct sock_listen how = {.backlog = 0};
	struct place place;
	struct err err = {0};
	int listener, waiting[2];

	(void)state;
	place_make(&place);
	listener = sock_listen(&place.addr, &how, NULL, &err);
	assert_true(listener >= 0);
	assert_int_equal(sock_listen(&place.addr, &how, NULL, &err), -1);
	assert_int_equal(err.code, EXIT_CODE_UNAVAILABLE);
	assert_false(sock_probe_free(&place.addr, &err));
	/* not even when its backlog is full */
	waiting[0] = sock_connect(&place.addr);
	waiting[1] = sock_connect(&place.addr);
	assert_int_equal(waiting[1], -1);
	assert_int_equal(errno, EAGAIN);
	assert_false(sock_probe_free(&place.addr, &err));
	close(waiting[0]);
	close(listener);
	assert_true(sock_probe_free(&place.addr, &err));
	place_drop(&place);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
	struct place place;
	struct stat st;
	struct err err = {0};
	int fd;

	(void)state;
	place_make(&place);
	fd = open(place.path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(sock_listen(&place.addr, &plain, NULL, &err), -1);
	assert_int_equal(err.code, EXIT_CODE_UNAVAILABLE);
	assert_non_null(strstr(err.text, "no socket"));
	assert_int_equal(lstat(place.path, &st), 0);
	unlink(place.path);
	assert_int_equal(symlink("/nowhere", place.path), 0);
	assert_int_equal(sock_listen(&place.addr, &plain, NULL, &err), -1);
	assert_int_equal(lstat(place.path, &st), 0);
	place_drop(&place);
}

static void a_missing_directory_is_told(void **state)
{
	struct addr addr = parsed("unix:/nonexistent/dir/s");
	struct err err = {0};

	(void)state;
	assert_int_equal(sock_listen(&addr, &plain, NULL, &err), -1);
	assert_int_equal(err.code, EXIT_CODE_UNAVAILABLE);
	assert_int_equal(sock_connect(&addr), -1);
	assert_int_equal(errno, ENOENT);
}

static void running_out_of_descriptors_is_told_apart(void **state)
{
	struct addr bound, peer;
	int listener = listen_on("127.0.0.1:0", &bound);
	int client = sock_connect(&bound);
	struct rlimit old, low;
	int fd;

	(void)state;
	wait_for(listener, POLLIN);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(sock_accept(listener, &fd, &peer), SOCK_EXHAUSTED);
	assert_int_equal(sock_connect(&bound), -1);
	assert_int_equal(errno, EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(sock_accept(listener, &fd, &peer), SOCK_ACCEPTED);
	close(fd);
	assert_int_equal(sock_accept(client, &fd, &peer), SOCK_BROKEN);
	close(client);
	close(listener);
}

static void a_reset_arrives_as_a_reset(void **state)
{
	struct addr bound, peer;
	int listener = listen_on("127.0.0.1:0", &bound);
	int client = sock_connect(&bound);
	char byte;
	int fd;

	(void)state;
	wait_for(listener, POLLIN);
	assert_int_equal(sock_accept(listener, &fd, &peer), SOCK_ACCEPTED);
	sock_reset_on_close(fd);
	close(fd);
	wait_for(client, POLLIN);
	assert_int_equal(recv(client, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	close(client);
	close(listener);
}

static void an_inherited_listener_gets_our_options(void **state)
{
	struct addr addr = parsed("127.0.0.1:0");
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(bind(fd, &addr.sa.any, addr.len), 0);
	assert_false(sock_adopt(fd)); /* bound, not listening */
	assert_int_equal(listen(fd, 1), 0);
	assert_true(sock_adopt(fd));
	assert_our_options(fd, true);
	close(fd);
	assert_false(sock_adopt(fd));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_accepted_with_our_options),
		cmocka_unit_test(the_wildcard_of_ipv6_takes_ipv4_too),
		cmocka_unit_test(a_refused_connection_says_so),
		cmocka_unit_test(a_taken_address_is_told_as_unavailable),
		cmocka_unit_test(an_address_that_is_not_ours_is_told),
		cmocka_unit_test(
			workers_share_a_port_and_the_probe_still_sees_it),
		cmocka_unit_test(
			a_connection_in_time_wait_does_not_hold_the_port),
		cmocka_unit_test(a_unix_socket_has_the_mode_asked_for),
		cmocka_unit_test(a_living_unix_socket_is_not_replaced),
		cmocka_unit_test(a_file_that_is_no_socket_is_left_alone),
		cmocka_unit_test(a_missing_directory_is_told),
		cmocka_unit_test(running_out_of_descriptors_is_told_apart),
		cmocka_unit_test(a_reset_arrives_as_a_reset),
		cmocka_unit_test(an_inherited_listener_gets_our_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
