#include "net/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { UNIX_MODE = 0660 };

static int sock_open(const struct addr *addr)
{
	return socket(addr->sa.any.sa_family,
		SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void close_keeping_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

static bool set_flag(int fd, int level, int option, int value)
{
	return !setsockopt(fd, level, option, &value, sizeof(value));
}

/*
 * Linux hands the options of a listening socket on to what it accepts. How
 * much the kernel keeps for a peer that does not read is bounded: its own
 * limit, 4 MiB each, lets two thousand of them fill the host's TCP memory.
 */
static bool set_tcp(int fd, const struct addr *addr)
{
	return addr_is_unix(addr) ||
	       (set_flag(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
		       set_flag(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT,
			       SOCK_UNSENT_MAX));
}

/* "[::]" means IPv6 and IPv4, whatever net.ipv6.bindv6only says. */
static bool set_dual(int fd, const struct addr *addr)
{
	return addr->sa.any.sa_family != AF_INET6 ||
	       set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
}

/* Words for errno `number` about addr. Always false. */
static bool explain(
	struct err *err, const struct addr *addr, const char *verb, int number)
{
	char text[ADDR_TEXT];
	bool denied = number == EACCES || number == EPERM;
	const char *hint = "";

	if (number == EADDRINUSE && addr->sa.any.sa_family == AF_INET6 &&
		IN6_IS_ADDR_UNSPECIFIED(&addr->sa.v6.sin6_addr))
		hint = " ([::] includes IPv4)";
	else if (number == EACCES && !addr_is_unix(addr))
		hint = " (ports below 1024 need CAP_NET_BIND_SERVICE)";
	addr_print(addr, text);
	err_set(err, denied ? EXIT_CODE_PERMISSION : EXIT_CODE_UNAVAILABLE,
		"cannot %s %s: %s%s", verb, text, strerror(number), hint);
	return false;
}

/* Removes the socket at addr's path if nobody listens behind it. */
static bool remove_stale(const struct addr *addr, struct err *err)
{
	const char *path = addr->sa.local.sun_path;
	struct stat st;
	int fd, rc;

	if (lstat(path, &st))
		return errno == ENOENT || explain(err, addr, "look at", errno);
	if (!S_ISSOCK(st.st_mode)) {
		err_set(err, EXIT_CODE_UNAVAILABLE,
			"cannot bind unix:%s: the file there is no socket",
			path);
		return false;
	}
	fd = sock_open(addr);
	if (fd < 0)
		return explain(err, addr, "open a socket for", errno);
	rc = connect(fd, &addr->sa.any, addr->len);
	close_keeping_errno(fd);
	if (rc && errno == ECONNREFUSED)
		return !unlink(path) || errno == ENOENT ||
		       explain(err, addr, "remove the stale", errno);
	/* Connected, or its backlog is full: somebody lives there. */
	return explain(
		err, addr, "bind", !rc || errno == EAGAIN ? EADDRINUSE : errno);
}

/*
 * fchmod before bind bounds the mode from the first moment on; chmod gives
 * what the umask took. Nobody can connect before listen.
 */
static bool bind_unix(
	int fd, const struct addr *addr, unsigned mode, struct err *err)
{
	const char *path = addr->sa.local.sun_path;

	if (!mode)
		mode = UNIX_MODE;
	if (!remove_stale(addr, err))
		return false;
	if (fchmod(fd, mode) || bind(fd, &addr->sa.any, addr->len))
		return explain(err, addr, "bind", errno);
	if (chmod(path, mode)) {
		explain(err, addr, "set the mode of", errno);
		unlink(path);
		return false;
	}
	return true;
}

static bool bind_inet(int fd, const struct addr *addr,
	const struct sock_listen *how, struct err *err)
{
	if (!set_dual(fd, addr) || !set_tcp(fd, addr))
		return explain(err, addr, "prepare", errno);
	if (how->reuse_addr && !set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 1))
		return explain(err, addr, "prepare", errno);
	if (how->reuse_port && !set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return explain(err, addr, "prepare", errno);
	if (bind(fd, &addr->sa.any, addr->len))
		return explain(err, addr, "bind", errno);
	return true;
}

static bool bind_and_listen(int fd, const struct addr *addr,
	const struct sock_listen *how, struct addr *bound, struct err *err)
{
	bool local = addr_is_unix(addr);

	if (!(local ? bind_unix(fd, addr, how->unix_mode, err)
		    : bind_inet(fd, addr, how, err)))
		return false;
	if (listen(fd, how->backlog) == 0) {
		if (!bound)
			return true;
		*bound = *addr;
		bound->len = sizeof(bound->sa);
		if (getsockname(fd, &bound->sa.any, &bound->len) == 0)
			return true;
	}
	explain(err, addr, "listen on", errno);
	if (local)
		unlink(addr->sa.local.sun_path);
	return false;
}

int sock_listen(const struct addr *addr, const struct sock_listen *how,
	struct addr *bound, struct err *err)
{
	int fd = sock_open(addr);

	if (fd < 0) {
		explain(err, addr, "open a socket for", errno);
		return -1;
	}
	if (!bind_and_listen(fd, addr, how, bound, err)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* SO_REUSEADDR alone passes over TIME_WAIT, never over a listening socket. */
bool sock_probe_free(const struct addr *addr, struct err *err)
{
	const struct sock_listen how = {.reuse_addr = true};
	bool is_free;
	int fd;

	if (addr_is_unix(addr))
		return remove_stale(addr, err);
	fd = sock_open(addr);
	if (fd < 0)
		return explain(err, addr, "open a socket for", errno);
	is_free = bind_inet(fd, addr, &how, err);
	close(fd);
	return is_free;
}

bool sock_adopt(int fd)
{
	struct addr addr = {.len = sizeof(addr.sa)};
	int listening = 0, flags;
	socklen_t len = sizeof(listening);

	if (getsockname(fd, &addr.sa.any, &addr.len) ||
		getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len))
		return false;
	if (!listening || fcntl(fd, F_SETFD, FD_CLOEXEC))
		return false;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK))
		return false;
	return set_tcp(fd, &addr);
}

enum sock_accept sock_accept(int listener, int *fd, struct addr *peer)
{
	memset(peer, 0, sizeof(*peer));
	peer->len = sizeof(peer->sa);
	*fd = accept4(listener, &peer->sa.any, &peer->len,
		SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (*fd >= 0) {
		if (peer->len > sizeof(peer->sa))
			peer->len = sizeof(peer->sa);
		return SOCK_ACCEPTED;
	}
	switch (errno) {
	case EAGAIN:
		return SOCK_NONE;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return SOCK_EXHAUSTED;
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
	case EOPNOTSUPP:
	case EFAULT:
		return SOCK_BROKEN;
	default: /* Linux hands errors of the waiting connection out here */
		return SOCK_AGAIN;
	}
}

int sock_connect(const struct addr *addr)
{
	int fd = sock_open(addr);

	if (fd < 0)
		return -1;
	if (set_tcp(fd, addr) &&
		(!connect(fd, &addr->sa.any, addr->len) ||
			errno == EINPROGRESS || errno == EINTR))
		return fd;
	close_keeping_errno(fd);
	return -1;
}

int sock_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
		return errno;
	return error;
}

void sock_reset_on_close(int fd)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};

	/* Where it fails (unix sockets) a plain close is all there is. */
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}
