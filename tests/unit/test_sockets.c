#include "daemon/sockets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "net/sock.h"

static struct socket_wish wish_for(const char *text, size_t count)
{
	struct socket_wish wish = {.count = count, .backlog = 16};

	assert_true(addr_parse(slice_str(text), &wish.addr));
	return wish;
}

static struct socket_group *want(
	struct sockets *sockets, const char *text, size_t count)
{
	struct socket_wish wish = wish_for(text, count);
	struct err err;
	struct socket_group *group = sockets_want(sockets, &wish, &err);

	if (!group)
		fail_msg("%s", err.text);
	return group;
}

/* Does somebody listen there? */
static bool answers(const struct addr *addr)
{
	int fd = sock_connect(addr);
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	bool ok;

	if (fd < 0)
		return false;
	ok = poll(&p, 1, 5000) == 1 && !sock_error(fd);
	close(fd);
	return ok;
}

static int setup(void **state)
{
	*state = sockets_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	sockets_free(*state);
	return 0;
}

static void each_worker_has_a_socket_on_the_same_port(void **state)
{
	struct sockets *sockets = *state;
	struct socket_group *group;

	sockets_begin(sockets);
	group = want(sockets, "127.0.0.1:0", 3);
	sockets_commit(sockets);
	assert_int_equal(socket_group_count(group), 3);
	assert_int_not_equal(addr_port(socket_group_bound(group)), 0);
	for (size_t i = 0; i < 3; i++) {
		struct addr at = {.len = sizeof(at.sa)};

		assert_int_equal(getsockname(socket_group_fd(group, i),
					 &at.sa.any, &at.len),
			0);
		assert_int_equal(
			addr_port(&at), addr_port(socket_group_bound(group)));
	}
}

static void a_socket_belongs_to_one_worker_whatever_their_number(void **state)
{
	struct sockets *sockets = *state;
	struct socket_group *group;

	sockets_begin(sockets);
	group = want(sockets, "127.0.0.1:0", 5);
	sockets_commit(sockets);
	for (unsigned workers = 1; workers <= 5; workers++) {
		for (size_t i = 0; i < 5; i++) {
			unsigned owners = 0;

			for (unsigned w = 0; w < workers; w++)
				owners += socket_group_serves(
					group, i, w, workers);
			assert_int_equal(owners, 1);
		}
	}
}

/* EADDRINUSE although both would bind with SO_REUSEPORT. */
static void an_address_in_use_is_an_error(void **state)
{
	struct sockets *other = sockets_new();
	struct socket_wish wish = wish_for("127.0.0.1:0", 2);
	struct socket_group *group;
	struct err err;

	sockets_begin(other);
	group = want(other, "127.0.0.1:0", 2);
	sockets_commit(other);
	wish.addr = *socket_group_bound(group);
	sockets_begin(*state);
	assert_null(sockets_want(*state, &wish, &err));
	assert_int_equal(err.code, EXIT_CODE_UNAVAILABLE);
	sockets_abort(*state);
	sockets_free(other);
	sockets_begin(*state);
	assert_non_null(sockets_want(*state, &wish, &err));
	sockets_commit(*state);
}

static void what_stays_wanted_stays_the_same_socket(void **state)
{
	struct sockets *sockets = *state;
	struct socket_group *group, *again;
	struct addr removed;
	int fds[2];

	sockets_begin(sockets);
	group = want(sockets, "127.0.0.1:0", 2);
	fds[0] = socket_group_fd(group, 0);
	fds[1] = socket_group_fd(group, 1);
	removed = *socket_group_bound(want(sockets, "[::1]:0", 2));
	sockets_commit(sockets);
	assert_true(answers(&removed));

	sockets_begin(sockets);
	assert_false(sockets_wanted(group));
	again = want(sockets, "127.0.0.1:0", 1); /* fewer workers */
	sockets_commit(sockets);
	assert_ptr_equal(again, group);
	assert_int_equal(socket_group_count(again), 2);
	assert_int_equal(socket_group_fd(again, 0), fds[0]);
	assert_int_equal(socket_group_fd(again, 1), fds[1]);
	assert_true(answers(socket_group_bound(again)));
	assert_false(answers(&removed));
}

static void an_aborted_change_leaves_no_trace(void **state)
{
	struct sockets *sockets = *state;
	struct socket_group *group;
	struct addr added;

	sockets_begin(sockets);
	group = want(sockets, "127.0.0.1:0", 1);
	sockets_commit(sockets);

	sockets_begin(sockets);
	added = *socket_group_bound(want(sockets, "[::1]:0", 2));
	assert_ptr_equal(want(sockets, "127.0.0.1:0", 4), group);
	assert_int_equal(socket_group_count(group), 4);
	sockets_abort(sockets);
	assert_false(answers(&added));
	assert_int_equal(socket_group_count(group), 1);
	assert_true(answers(socket_group_bound(group)));
}

static void a_unix_socket_is_shared_and_its_path_removed(void **state)
{
	struct sockets *sockets = *state;
	struct socket_group *group;
	struct socket_wish wish;
	char dir[] = "/tmp/mg_sockets_XXXXXX", path[64], text[80];
	struct err err;
	struct stat st;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(text, sizeof(text), "unix:%s", path);
	wish = wish_for(text, 4);
	wish.unix_mode = 0600;
	sockets_begin(sockets);
	group = sockets_want(sockets, &wish, &err);
	assert_non_null(group);
	sockets_commit(sockets);
	assert_int_equal(socket_group_count(group), 1);
	assert_true(socket_group_serves(group, 0, 3, 4));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	sockets_begin(sockets);
	wish.unix_mode = 0666;
	assert_ptr_equal(sockets_want(sockets, &wish, &err), group);
	sockets_commit(sockets);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
	assert_true(answers(&wish.addr));

	sockets_begin(sockets);
	sockets_commit(sockets);
	assert_int_not_equal(stat(path, &st), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* A child gives its copies back; the path belongs to the master. */
static void an_abandoned_unix_socket_keeps_its_path(void **state)
{
	struct sockets *sockets = sockets_new();
	char dir[] = "/tmp/mg_sockets_XXXXXX", path[64], text[80];
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(text, sizeof(text), "unix:%s", path);
	sockets_begin(sockets);
	want(sockets, text, 1);
	sockets_commit(sockets);
	sockets_abandon(sockets);
	assert_int_equal(stat(path, &st), 0);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			each_worker_has_a_socket_on_the_same_port, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_socket_belongs_to_one_worker_whatever_their_number,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_address_in_use_is_an_error, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_stays_wanted_stays_the_same_socket, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			an_aborted_change_leaves_no_trace, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_unix_socket_is_shared_and_its_path_removed, setup,
			teardown),
		cmocka_unit_test(an_abandoned_unix_socket_keeps_its_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
