#include "cli/admin_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/addr.h"

enum { SAID = 200, TARGET = 512 };

/* ---- the connection ---- */

static int say_why(const struct addr *addr, struct err *err)
{
	char text[ADDR_TEXT];
	enum exit_code code =
		errno == EACCES ? EXIT_CODE_PERMISSION : EXIT_CODE_UNAVAILABLE;

	addr_print(addr, text);
	err_set(err, code,
		"the admin address %s does not answer: %m; is the program "
		"running, and is this its admin.address?",
		text);
	return -1;
}

static int connect_to(const struct addr *addr, struct err *err)
{
	const struct timeval wait = {.tv_sec = ADMIN_CLIENT_WAIT_S};
	int fd = socket(addr->sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return say_why(addr, err);
	if (!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) &&
		!setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) &&
		!connect(fd, &addr->sa.any, addr->len))
		return fd;
	(void)say_why(addr, err);
	close(fd);
	return -1;
}

static bool send_request(int fd, const char *target)
{
	char text[TARGET + 64];
	int len = snprintf(text, sizeof(text),
		"GET %s HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n",
		target);

	return len > 0 && (size_t)len < sizeof(text) &&
	       send(fd, text, (size_t)len, MSG_NOSIGNAL) == len;
}

static bool receive_all(int fd, struct buf *all, struct err *err)
{
	char piece[16384];
	ssize_t n;

	while ((n = recv(fd, piece, sizeof(piece), 0)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_set(err, EXIT_CODE_UNAVAILABLE,
				"the admin address does not answer: %m");
			return false;
		}
		if (all->len + (size_t)n > ADMIN_CLIENT_MAX ||
			!buf_append(all, slice_of(piece, (size_t)n))) {
			err_set(err, EXIT_CODE_INTERNAL,
				"the answer is too long");
			return false;
		}
	}
	return true;
}

/* ---- the answer ---- */

static bool fail(struct err *err, const char *what, struct slice said)
{
	char text[SAID + 1];
	size_t n = 0;

	/* R19: whoever listens there may say anything */
	for (; n < said.len && n < SAID && said.ptr[n] != '\n'; n++)
		text[n] = said.ptr[n] >= ' ' && said.ptr[n] <= '~' ? said.ptr[n]
								   : '?';
	text[n] = '\0';
	err_set(err, EXIT_CODE_FAILED, "the admin address %s: %s", what, text);
	return false;
}

/* The value of Content-Length; SIZE_MAX: none is stated. */
static uint64_t stated_len(struct slice head)
{
	struct slice line, name = SLICE("Content-Length:");
	uint64_t value;

	while (slice_next(&head, '\n', &line)) {
		line = slice_head(line, slice_find(line, '\r'));
		if (line.len > name.len &&
			slice_eq_nocase(slice_head(line, name.len), name) &&
			slice_to_u64(slice_trim(slice_from(line, name.len)),
				ADMIN_CLIENT_MAX, &value))
			return value;
	}
	return UINT64_MAX;
}

static bool take_body(struct slice all, struct buf *body, struct err *err)
{
	const char *end =
		all.len ? memmem(all.ptr, all.len, "\r\n\r\n", 4) : NULL;
	struct slice head, rest;

	if (!end || !slice_starts(all, SLICE("HTTP/1.1 ")))
		return fail(err, "speaks no HTTP", all);
	head = slice_head(all, (size_t)(end - all.ptr));
	rest = slice_from(all, head.len + 4);
	if (stated_len(head) != rest.len)
		return fail(err, "was cut off within its answer", rest);
	if (!slice_starts(all, SLICE("HTTP/1.1 200 ")))
		return fail(err, "answers", rest.len ? rest : head);
	if (buf_append(body, rest))
		return true;
	err_set(err, EXIT_CODE_INTERNAL, "out of memory");
	return false;
}

bool admin_client_get(const struct addr *addr, const char *target,
	struct buf *body, struct err *err)
{
	struct buf all = {0};
	int fd = connect_to(addr, err);
	bool ok = false;

	if (fd < 0)
		return false;
	if (!send_request(fd, target))
		(void)say_why(addr, err);
	else if (receive_all(fd, &all, err))
		ok = take_body(buf_bytes(&all), body, err);
	buf_fini(&all);
	close(fd);
	return ok;
}
