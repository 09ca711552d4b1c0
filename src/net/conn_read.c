#include "conn_io_priv.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* Bytes that may still be read in this turn. */
static size_t share_left(struct conn *conn)
{
	uint64_t turn = loop_turn(conn->io->loop);

	if (conn->turn != turn) {
		conn->turn = turn;
		conn->turn_bytes = 0;
	}
	return conn->turn_bytes < CONN_TURN ? CONN_TURN - conn->turn_bytes : 0;
}

/*
 * A short read means drained, which spares the read that says EAGAIN. Not so
 * behind a FIN: data and FIN that came in one segment give no further edge.
 */
size_t conn_recv(struct conn *conn, char *to, size_t size)
{
	size_t share = share_left(conn);
	ssize_t n;

	if (!conn->readable || conn->eof || !share)
		return 0;
	do {
		n = recv(conn->fd, to, size, 0);
	} while (n < 0 && errno == EINTR);
	if (n > 0) {
		conn->turn_bytes += (uint32_t)n;
		conn->read_ms = conn_now(conn);
		conn->readable = (size_t)n == size || conn->fin_seen ||
				 conn->state == CONN_HANDSHAKE;
		conn->guessed = !conn->readable;
		return (size_t)n;
	}
	conn->readable = conn->guessed = false;
	if (n == 0)
		conn->eof = true;
	else if (errno != EAGAIN)
		conn->recv_errno = errno;
	return 0;
}

void conn_put_off(struct conn *conn)
{
	if (!conn->readable || share_left(conn))
		return;
	conn->due |= CONN_DUE_READ;
	loop_next_turn(conn->io->loop, &conn->task);
}

bool conn_reading(const struct conn *conn)
{
	return conn->state == CONN_OPEN && !conn->paused && !conn->eof_told;
}

static enum conn_fill plain_fill(struct conn *conn, char *to, size_t *len)
{
	*len = conn_recv(conn, to, CONN_READ);
	return *len && conn->readable ? CONN_FILL_MORE : CONN_FILL_DRY;
}

/* Lends io->in to the owner and keeps what he leaves. */
static void deliver(struct conn *conn, size_t len)
{
	char *in = conn->io->in;
	size_t used;

	conn->expects = false;
	used = conn->events->on_data(conn->owner, slice_of(in, len));
	assert(used <= len);
	if (conn->state != CONN_OPEN)
		return;
	if (!buf_append(&conn->in, slice_of(in + used, len - used)))
		conn_fail_memory(conn);
}

/* So much was left unused that a read would not fit behind it. */
static bool is_full(const struct conn *conn)
{
	return conn->in.len > CONN_KEEP;
}

/*
 * libevent does not tell a reset that came with the bytes (EPOLLERR shows as
 * readable and writable, without EV_CLOSED), and there is no further edge.
 * Where the peer still owes something, no write of ours would meet the reset
 * either: then the socket is asked again.
 */
static bool ask_again(struct conn *conn, size_t len)
{
	const bool owed = !len || conn->in.len || conn->expects;

	if (!conn->guessed || !owed || !conn_reading(conn))
		return false;
	conn->guessed = false;
	conn->readable = true;
	return true;
}

/*
 * One read and one delivery. The new bytes are read behind the room that the
 * kept ones need, so that both lie in one piece.
 */
static enum conn_fill read_once(struct conn *conn)
{
	struct slice kept = buf_bytes(&conn->in);
	enum conn_fill fill;
	char *in = conn->io->in;
	size_t len = 0;

	assert(kept.len <= CONN_IN);
	if (is_full(conn))
		fill = CONN_FILL_FULL;
	else if (conn->ssl)
		fill = conn_tls_fill(conn, in + kept.len, CONN_TLS_READ, &len);
	else
		fill = plain_fill(conn, in + kept.len, &len);
	if (!len && !(kept.len && conn->show))
		return fill == CONN_FILL_DRY && ask_again(conn, len)
			       ? CONN_FILL_MORE
			       : fill;
	conn->show = false;
	if (kept.len)
		memcpy(in, kept.ptr, kept.len);
	buf_fini(&conn->in);
	deliver(conn, kept.len + len);
	if (fill == CONN_FILL_FULL && !is_full(conn))
		return CONN_FILL_MORE;
	if (fill == CONN_FILL_DRY && ask_again(conn, len))
		return CONN_FILL_MORE;
	return fill;
}

static void told_eof(struct conn *conn)
{
	conn->eof_told = true;
	conn->events->on_eof(conn->owner);
}

/* Nothing more can be read now: why? */
static void conclude(struct conn *conn, enum conn_fill fill)
{
	if (conn->state != CONN_OPEN)
		return;
	if (conn->recv_errno) {
		conn_fail_errno(conn, CONN_FAIL_RESET, conn->recv_errno);
		return;
	}
	if (!conn_reading(conn) || fill == CONN_FILL_FULL)
		return;
	if (fill == CONN_FILL_CLOSED || (conn->eof && !conn->ssl)) {
		told_eof(conn);
	} else if (conn->eof) {
		conn_fail(conn, CONN_FAIL_TRUNCATED,
			"closed without close_notify");
	} else {
		conn_put_off(conn);
	}
}

static void read_open(struct conn *conn)
{
	enum conn_fill fill = CONN_FILL_MORE;

	while (fill == CONN_FILL_MORE && conn_reading(conn))
		fill = read_once(conn);
	conclude(conn, fill);
}

/* Ciphertext that nobody took: kept when the owner may come back to it. */
static void keep_raw(struct conn *conn)
{
	struct conn_io *io = conn->io;
	size_t left = io->raw_len - io->raw_pos;

	if (!left || conn->state != CONN_OPEN || conn->eof_told)
		return;
	assert(!conn->raw.len);
	if (!buf_append(&conn->raw, slice_of(io->raw + io->raw_pos, left)))
		conn_fail_memory(conn);
}

void conn_read(struct conn *conn)
{
	struct conn_io *io = conn->io;

	if (conn->state != CONN_HANDSHAKE && !conn_reading(conn))
		return;
	assert(!io->reader);
	io->reader = conn;
	io->raw_pos = io->raw_len = 0;
	if (conn->state == CONN_HANDSHAKE && conn_tls_handshake(conn))
		conn_opened(conn);
	if (conn->state == CONN_OPEN)
		read_open(conn);
	else if (conn->state == CONN_HANDSHAKE)
		conn_put_off(conn);
	keep_raw(conn);
	io->reader = NULL;
	/* What OpenSSL wrote while another connection was the writer. */
	if (conn->out.len && io->writer != conn)
		conn_flush(conn);
}
