#include "daemon/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int setup(void **state)
{
	static int ends[2];

	*state = ends;
	return channel_pair(ends) ? 0 : -1;
}

static int teardown(void **state)
{
	int *ends = *state;

	for (size_t i = 0; i < 2; i++) {
		if (ends[i] >= 0)
			close(ends[i]);
	}
	return 0;
}

static void a_word_arrives_whole_and_once(void **state)
{
	const int *ends = *state;
	struct channel_word word;
	int fd;

	assert_true(channel_send(ends[0], CHANNEL_LAST_CALL, 513, -1));
	assert_true(channel_send(ends[0], CHANNEL_DRAIN, 0, -1));
	assert_int_equal(channel_receive(ends[1], &word, &fd), CHANNEL_WORD);
	assert_int_equal(word.verb, CHANNEL_LAST_CALL);
	assert_int_equal(word.number, 513);
	assert_int_equal(fd, -1);
	assert_int_equal(channel_receive(ends[1], &word, &fd), CHANNEL_WORD);
	assert_int_equal(word.verb, CHANNEL_DRAIN);
	assert_int_equal(channel_receive(ends[1], &word, &fd), CHANNEL_NONE);
}

static void a_descriptor_comes_along_and_is_close_on_exec(void **state)
{
	const int *ends = *state;
	struct channel_word word;
	struct stat sent, got;
	int pair[2], fd;

	assert_int_equal(pipe(pair), 0);
	assert_true(channel_send(ends[0], CHANNEL_ACCESS_LOG, 0, pair[1]));
	assert_int_equal(channel_receive(ends[1], &word, &fd), CHANNEL_WORD);
	assert_int_equal(word.verb, CHANNEL_ACCESS_LOG);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fstat(pair[1], &sent), 0);
	assert_int_equal(fstat(fd, &got), 0);
	assert_int_equal(sent.st_ino, got.st_ino);
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

static int lowest_free_fd(void)
{
	int fd = dup(0);

	assert_true(fd >= 0);
	close(fd);
	return fd;
}

/* Two take no more room than one, once it is aligned. */
static void descriptors_too_many_are_not_kept(void **state)
{
	const int *ends = *state;
	const int two[2] = {ends[0], ends[1]};
	const int before = lowest_free_fd();
	struct channel_word word = {CHANNEL_READY, 0};
	struct iovec bytes = {&word, sizeof(word)};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(two))];
	} control = {0};
	struct msghdr message = {.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	int fd;

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(two));
	memcpy(CMSG_DATA(head), two, sizeof(two));
	assert_int_equal(sendmsg(ends[0], &message, 0), sizeof(word));
	assert_int_equal(channel_receive(ends[1], &word, &fd), CHANNEL_WORD);
	assert_int_equal(fd, -1);
	assert_int_equal(lowest_free_fd(), before);
}

static void a_peer_that_is_gone_closes_the_channel(void **state)
{
	int *ends = *state;
	struct channel_word word;
	int fd;

	assert_true(channel_send(ends[0], CHANNEL_STOP, 0, -1));
	close(ends[0]);
	ends[0] = -1;
	/* what it said before counts */
	assert_int_equal(channel_receive(ends[1], &word, &fd), CHANNEL_WORD);
	assert_int_equal(channel_receive(ends[1], &word, &fd), CHANNEL_CLOSED);
	assert_false(channel_send(ends[1], CHANNEL_READY, 0, -1));
}

static void a_record_of_another_size_closes_the_channel(void **state)
{
	static const size_t sizes[] = {1, 3, 5, 8, 4096};
	const int *ends = *state;
	char bytes[4096] = {0};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct channel_word word;
		int fd;

		assert_int_equal(
			send(ends[0], bytes, sizes[i], 0), (ssize_t)sizes[i]);
		assert_int_equal(
			channel_receive(ends[1], &word, &fd), CHANNEL_CLOSED);
		assert_int_equal(fd, -1);
	}
}

static void a_peer_that_does_not_read_is_noticed(void **state)
{
	const int *ends = *state;
	unsigned sent = 0;

	while (channel_send(ends[0], CHANNEL_DRAIN, 0, -1))
		assert_true(++sent < 1000000);
	assert_true(sent > 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_word_arrives_whole_and_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_descriptor_comes_along_and_is_close_on_exec, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			descriptors_too_many_are_not_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_peer_that_is_gone_closes_the_channel, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_record_of_another_size_closes_the_channel, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_peer_that_does_not_read_is_noticed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
