#include "conn_io_priv.h"

#include <assert.h>

void conn_unlinger(struct conn *conn)
{
	struct conn_io *io = conn->io;

	if (conn->prev)
		conn->prev->next = conn->next;
	else
		io->lingering = conn->next;
	if (conn->next)
		conn->next->prev = conn->prev;
	else
		io->linger_last = conn->prev;
	conn->next = conn->prev = NULL;
	io->lingering_count--;
}

static void enlist(struct conn *conn)
{
	struct conn_io *io = conn->io;

	conn->prev = NULL;
	conn->next = io->lingering;
	if (conn->next)
		conn->next->prev = conn;
	else
		io->linger_last = conn;
	io->lingering = conn;
	/* Politeness must not use up the descriptors (R17). */
	if (++io->lingering_count > CONN_LINGER_MAX)
		conn_close(io->linger_last);
}

/*
 * What is gathered in plaintext has to become records now, since the SSL does
 * not outlive this turn. An SSL that failed has written its alert and must not
 * be asked for more.
 */
static void end_tls(struct conn *conn)
{
	if (!conn->ssl)
		return;
	if (conn->state == CONN_OPEN) {
		conn_encrypt_gathered(conn);
		if (conn->state == CONN_OPEN && conn->ending <= CONN_END_WANTED)
			conn_tls_notify(conn);
	}
	if (conn->ending <= CONN_END_WANTED)
		conn->ending = CONN_END_NOTIFIED;
	conn_tls_retire(conn);
}

void conn_linger(struct conn *conn)
{
	struct conn_io *io = conn->io;

	conn_own(conn);
	end_tls(conn);
	buf_fini(&conn->in);
	buf_fini(&conn->raw);
	buf_fini(&conn->early);
	loop_cancel(io->loop, &conn->task);
	if (conn->broken || (!io->lingering && !loop_timer_set(&io->tick,
						       CONN_LINGER_TICK_MS))) {
		conn_close(conn);
		return;
	}
	conn->state = CONN_LINGER;
	if (conn->ending == CONN_UNENDED)
		conn->ending = CONN_END_WANTED;
	conn->linger_ms = loop_now_ms(io->loop);
	enlist(conn);
	/* Flushed at the end of the event; what lies there is dropped then. */
	conn_schedule(conn, CONN_DUE_READ);
}

void conn_linger_check(struct conn *conn)
{
	if (conn->ending == CONN_END_SENT && (conn->eof || conn->recv_errno))
		conn_close(conn);
}

/* The gather buffer may be in use: `raw` is free, as nobody is the reader. */
void conn_drain(struct conn *conn)
{
	struct conn_io *io = conn->io;
	size_t n;

	assert(!io->reader);
	while ((n = conn_recv(conn, io->raw, CONN_RAW)) > 0)
		conn->dropped += (uint32_t)n;
	if (conn->recv_errno || conn->dropped > CONN_LINGER_BYTES) {
		conn_close(conn);
		return;
	}
	conn_linger_check(conn);
	if (conn->state == CONN_LINGER)
		conn_put_off(conn);
}

/* R18: neither a slow reader nor one who trickles holds us for long. */
static bool is_over(const struct conn *conn)
{
	bool flushing = conn->out.len;
	int64_t now = conn_now(conn);
	int64_t last = conn->linger_ms;

	if (conn->sent_ms > last)
		last = conn->sent_ms;
	/* While bytes wait to be sent, receiving is no progress. */
	if (!flushing && conn->read_ms > last)
		last = conn->read_ms;
	return now - last >= (flushing ? CONN_FLUSH_MS : CONN_LINGER_MS) ||
	       now - conn->linger_ms >=
		       (flushing ? CONN_FLUSH_TOTAL_MS : CONN_LINGER_TOTAL_MS);
}

void conn_linger_tick(void *arg)
{
	struct conn_io *io = arg;
	struct conn *conn = io->lingering;

	while (conn) {
		struct conn *next = conn->next;

		if (is_over(conn))
			conn_close(conn);
		conn = next;
	}
	if (io->lingering && loop_timer_set(&io->tick, CONN_LINGER_TICK_MS))
		return;
	while (io->lingering) /* no memory for the timer: no patience */
		conn_close(io->lingering);
}
