#include "conn_io_priv.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

size_t conn_outstanding(const struct conn *conn)
{
	const struct conn_io *io = conn->io;
	size_t sum = conn->out.len + conn->early.len;

	if (io->writer == conn)
		sum += io->plain_len + io->out_len;
	return sum;
}

/* ---- towards the socket ---- */

/*
 * The send side broke. The state stays: what the peer said before is still to
 * be read, then on_fail follows from the task.
 */
static void send_failed(struct conn *conn, int number)
{
	const char *words = strerrordesc_np(number);

	conn->broken = true;
	if (!conn->error)
		conn->error = words ? words : "unknown error";
	buf_fini(&conn->out);
	if (conn->state == CONN_LINGER)
		conn_close(conn);
	else if (conn->state != CONN_FAILED)
		conn_schedule(conn, CONN_DUE_FAIL);
}

/*
 * Writes first and waits only when the socket refuses: a refusal, and a short
 * write too, promises an edge. Returns the bytes taken.
 */
static size_t send_some(struct conn *conn, struct iovec *iov, size_t n)
{
	const struct msghdr msg = {.msg_iov = iov, .msg_iovlen = n};
	size_t wanted = iov[0].iov_len + (n > 1 ? iov[1].iov_len : 0);
	ssize_t sent;

	do {
		sent = n > 1 ? sendmsg(conn->fd, &msg, MSG_NOSIGNAL)
			     : send(conn->fd, iov[0].iov_base, wanted,
				       MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno != EAGAIN) {
		send_failed(conn, errno);
		return 0;
	}
	conn->blocked = sent < 0 || (size_t)sent < wanted;
	if (sent <= 0)
		return 0;
	conn->sent += (uint64_t)sent;
	conn->sent_ms = conn_now(conn);
	return (size_t)sent;
}

/* The part of two pieces behind the first `taken` bytes is queued. */
static void queue_rest(
	struct conn *conn, const struct iovec *iov, size_t n, size_t taken)
{
	for (size_t i = 0; i < n && !conn->broken; i++) {
		size_t skip = taken < iov[i].iov_len ? taken : iov[i].iov_len;
		struct slice all = slice_of(iov[i].iov_base, iov[i].iov_len);

		taken -= skip;
		if (!buf_append(&conn->out, slice_from(all, skip)))
			conn_fail_memory(conn);
	}
}

/* What is gathered for the writer leaves, and `more` (may be empty) with it. */
static void send_gathered(struct conn *conn, struct slice more)
{
	struct conn_io *io = conn->io;
	struct iovec iov[2];
	size_t n = 0;

	assert(io->writer == conn && !conn->out.len);
	if (io->out_len)
		iov[n++] = (struct iovec){io->out, io->out_len};
	if (more.len)
		iov[n++] =
			(struct iovec){(void *)(uintptr_t)more.ptr, more.len};
	io->out_len = 0;
	if (n && !conn->broken)
		queue_rest(conn, iov, n,
			conn->blocked ? 0 : send_some(conn, iov, n));
}

static void send_queued(struct conn *conn)
{
	struct slice bytes = buf_bytes(&conn->out);
	struct iovec iov = {(void *)(uintptr_t)bytes.ptr, bytes.len};
	size_t taken;

	if (!bytes.len || conn->blocked || conn->broken)
		return;
	taken = send_some(conn, &iov, 1);
	if (taken)
		buf_consume(&conn->out, taken);
}

/* ---- the gather buffers ---- */

void conn_own(struct conn *conn)
{
	struct conn_io *io = conn->io;

	assert(!io->reserved);
	if (io->writer == conn)
		return;
	conn_io_flush(io);
	assert(!io->writer && !io->plain_len && !io->out_len);
	io->writer = conn;
}

void conn_disown(struct conn *conn)
{
	struct conn_io *io = conn->io;

	if (io->writer != conn)
		return;
	io->writer = NULL;
	io->plain_len = io->out_len = 0;
	io->reserved = false;
}

/*
 * OpenSSL may write while another connection owns the buffers (an alert, a
 * KeyUpdate): then the bytes are queued, since flushing the owner here would
 * mix the error queues of two SSLs.
 */
bool conn_put(struct conn *conn, struct slice bytes)
{
	struct conn_io *io = conn->io;

	if (conn->broken)
		return true;
	if (conn->out.len || io->writer != conn)
		return buf_append(&conn->out, bytes);
	if (bytes.len > CONN_GATHER - io->out_len)
		send_gathered(conn, slice_of(NULL, 0));
	if (conn->broken)
		return true;
	if (conn->out.len || bytes.len > CONN_GATHER)
		return buf_append(&conn->out, bytes);
	memcpy(io->out + io->out_len, bytes.ptr, bytes.len);
	io->out_len += bytes.len;
	return true;
}

/* Makes a record of the plaintext gathered. */
void conn_encrypt_gathered(struct conn *conn)
{
	struct conn_io *io = conn->io;
	size_t len = io->plain_len;

	if (io->writer != conn || !len)
		return;
	io->plain_len = 0;
	if (conn->state != CONN_OPEN || conn->broken)
		return;
	conn_tls_encrypt(conn, slice_of(io->plain, len));
}

/* FIN, behind everything written. */
static void end_if_wanted(struct conn *conn)
{
	if (conn->ending != CONN_END_NOTIFIED || conn->out.len || conn->broken)
		return;
	conn->ending = CONN_END_SENT;
	conn->linger_ms = conn_now(conn); /* a new stage of it, if any */
	if (shutdown(conn->fd, SHUT_WR))
		send_failed(conn, errno);
}

static void notify_if_wanted(struct conn *conn)
{
	if (conn->ending != CONN_END_WANTED || conn->state < CONN_OPEN)
		return;
	conn->ending = CONN_END_NOTIFIED;
	if (conn->ssl && conn->state == CONN_OPEN)
		conn_tls_notify(conn);
}

void conn_flush(struct conn *conn)
{
	conn_encrypt_gathered(conn);
	notify_if_wanted(conn);
	if (conn->io->writer == conn && conn->io->out_len)
		send_gathered(conn, slice_of(NULL, 0));
	send_queued(conn);
	end_if_wanted(conn);
	if (conn->state == CONN_LINGER)
		conn_linger_check(conn);
	else if (conn->want_room && conn->state == CONN_OPEN && !conn->broken &&
		 conn_outstanding(conn) <= CONN_LOW)
		conn_schedule(conn, CONN_DUE_ROOM);
}

void conn_io_flush(void *arg)
{
	struct conn_io *io = arg;
	struct conn *conn = io->writer;

	if (!conn)
		return;
	conn_flush(conn);
	conn_disown(conn);
}

/* ---- verbs ---- */

/* Not open, or nothing may follow (any more). */
static bool is_aside(const struct conn *conn)
{
	return conn->state != CONN_OPEN || conn->broken ||
	       conn->ending != CONN_UNENDED;
}

/* Bytes that wait for on_open, or that nobody will send. */
static void write_aside(struct conn *conn, struct slice bytes)
{
	struct buf *queue = conn->ssl ? &conn->early : &conn->out;

	if (conn->state > CONN_OPEN || conn->broken ||
		conn->ending != CONN_UNENDED)
		return;
	if (!buf_append(queue, bytes))
		conn_fail_memory(conn);
}

static void write_plain(struct conn *conn, struct slice bytes)
{
	if (conn->out.len) {
		if (!buf_append(&conn->out, bytes))
			conn_fail_memory(conn);
	} else if (bytes.len >= CONN_DIRECT) {
		send_gathered(conn, bytes);
	} else if (!conn_put(conn, bytes)) {
		conn_fail_memory(conn);
	}
}

/*
 * Records are full where they can be: gathered bytes are topped up first,
 * large pieces become records where they lie, a small rest is gathered.
 */
static void write_tls(struct conn *conn, struct slice bytes)
{
	struct conn_io *io = conn->io;

	while (bytes.len && conn->state == CONN_OPEN && !conn->broken) {
		size_t n = CONN_RECORD - io->plain_len;

		if (n > bytes.len)
			n = bytes.len;
		if (!io->plain_len && n >= CONN_TLS_DIRECT) {
			if (!conn_tls_encrypt(conn, slice_head(bytes, n)))
				return;
		} else {
			memcpy(io->plain + io->plain_len, bytes.ptr, n);
			io->plain_len += n;
			if (io->plain_len == CONN_RECORD)
				conn_encrypt_gathered(conn);
		}
		bytes = slice_from(bytes, n);
	}
}

static bool has_room(struct conn *conn)
{
	if (conn->state > CONN_OPEN || conn->broken ||
		conn_outstanding(conn) < CONN_HIGH)
		return true;
	conn->want_room = true;
	return false;
}

bool conn_write(struct conn *conn, struct slice bytes)
{
	assert(conn->magic == CONN_MAGIC);
	if (bytes.len && is_aside(conn)) {
		write_aside(conn, bytes);
	} else if (bytes.len) {
		conn_own(conn);
		if (conn->ssl)
			write_tls(conn, bytes);
		else
			write_plain(conn, bytes);
	}
	return has_room(conn);
}

/*
 * In place means: behind the plaintext gathered (TLS), behind the bytes
 * gathered (plain), or, when the bytes have to be queued anyway, in the
 * gather buffer as in a scratch pad.
 */
static char *reserve_at(struct conn *conn)
{
	struct conn_io *io = conn->io;

	return conn->ssl ? io->plain + io->plain_len : io->out + io->out_len;
}

char *conn_reserve(struct conn *conn, size_t size)
{
	struct conn_io *io = conn->io;

	assert(conn->magic == CONN_MAGIC && size <= CONN_GATHER / 4);
	conn_own(conn);
	if (conn->ssl && size > CONN_PLAIN - io->plain_len)
		conn_encrypt_gathered(conn);
	else if (!conn->ssl && size > CONN_GATHER - io->out_len)
		send_gathered(conn, slice_of(NULL, 0));
	if (io->writer != conn) /* the flush found no memory */
		return NULL;
	io->reserved = true;
	return reserve_at(conn);
}

/* Full records leave the plaintext buffer, the rest moves to its front. */
static void encrypt_full(struct conn *conn)
{
	struct conn_io *io = conn->io;
	struct slice bytes = slice_of(io->plain, io->plain_len);

	io->plain_len = 0;
	while (bytes.len >= CONN_RECORD) {
		if (!conn_tls_encrypt(conn, slice_head(bytes, CONN_RECORD)))
			return;
		bytes = slice_from(bytes, CONN_RECORD);
	}
	if (io->writer != conn) /* failed and disowned meanwhile */
		return;
	memmove(io->plain, bytes.ptr, bytes.len);
	io->plain_len = bytes.len;
}

bool conn_commit(struct conn *conn, size_t used)
{
	struct conn_io *io = conn->io;
	struct slice bytes = slice_of(reserve_at(conn), used);

	assert(io->writer == conn && io->reserved);
	io->reserved = false;
	if (!used)
		return has_room(conn);
	if (is_aside(conn)) {
		write_aside(conn, bytes);
	} else if (conn->ssl) {
		io->plain_len += used;
		if (io->plain_len >= CONN_RECORD)
			encrypt_full(conn);
	} else if (!conn->out.len) {
		io->out_len += used;
	} else if (!buf_append(&conn->out, bytes)) {
		conn_fail_memory(conn);
	}
	return has_room(conn);
}

void conn_write_early(struct conn *conn)
{
	struct slice bytes = buf_bytes(&conn->early);

	if (!bytes.len && !conn->out.len && conn->ending == CONN_UNENDED)
		return;
	conn_own(conn);
	write_tls(conn, bytes);
	buf_fini(&conn->early);
}

void conn_end(struct conn *conn)
{
	assert(conn->magic == CONN_MAGIC);
	if (conn->ending != CONN_UNENDED)
		return;
	conn->ending = CONN_END_WANTED;
	if (conn->state == CONN_OPEN)
		conn_own(conn);
}
