#include "daemon/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for the header and one descriptor, aligned as CMSG_* want it. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

bool channel_pair(int ends[2])
{
	return !socketpair(AF_UNIX,
		SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends);
}

static void attach(struct msghdr *message, union control *control, int fd)
{
	struct cmsghdr *head;

	memset(control, 0, sizeof(*control));
	message->msg_control = control->bytes;
	message->msg_controllen = sizeof(control->bytes);
	head = CMSG_FIRSTHDR(message);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
}

bool channel_send(int end, enum channel_verb verb, unsigned number, int fd)
{
	struct channel_word word = {(uint16_t)verb, (uint16_t)number};
	struct iovec bytes = {&word, sizeof(word)};
	struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
	union control control;
	ssize_t n;

	if (fd >= 0)
		attach(&message, &control, fd);
	do {
		n = sendmsg(end, &message, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(word);
}

/*
 * The descriptor, if exactly one came. The room is aligned, so two fit where
 * one was meant, and the peer is not trusted: what is not asked for is closed.
 */
static int detach(struct msghdr *message)
{
	const struct cmsghdr *head = CMSG_FIRSTHDR(message);
	size_t count;
	int fd = -1;

	if (!head || head->cmsg_level != SOL_SOCKET ||
		head->cmsg_type != SCM_RIGHTS)
		return -1;
	count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(fd);
	for (size_t i = 0; i < count; i++) {
		memcpy(&fd, CMSG_DATA(head) + i * sizeof(fd), sizeof(fd));
		if (count > 1)
			close(fd);
	}
	return count == 1 ? fd : -1;
}

enum channel_result channel_receive(int end, struct channel_word *word, int *fd)
{
	struct channel_word got[2]; /* a longer record shows */
	struct iovec bytes = {got, sizeof(got)};
	union control control;
	struct msghdr message = {.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	ssize_t n;

	*fd = -1;
	do {
		n = recvmsg(end, &message, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? CHANNEL_NONE : CHANNEL_CLOSED;
	*fd = detach(&message);
	if (n == (ssize_t)sizeof(*word)) {
		*word = got[0];
		return CHANNEL_WORD;
	}
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return CHANNEL_CLOSED;
}
