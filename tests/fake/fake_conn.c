#include "fake/fake_conn.h"

#include "base/buf.h"
#include "fake/fake_loop.h"

#include <assert.h>
#include <stdlib.h>

struct conn {
	struct loop *loop;
	const struct conn_events *events;
	void *owner;
	struct buf in;    /* came, not used */
	struct buf queue; /* written, not taken */
	struct buf sent;  /* taken */
	char *reserved;
	size_t reserved_size;
	size_t window; /* bytes the socket takes yet */
	uint64_t sent_total;
	int64_t read_ms;
	int64_t sent_ms;
	bool paused;
	bool fin;
	bool fin_told;
	bool want_room;
	bool out_of_memory;
	bool dead; /* on_fail was told */
	bool half_closed;
	unsigned depth;
	unsigned deepest;
	enum fake_end end;
	struct loop_task delivery;
	struct loop_task room;
};

/* A verb on a dead connection does nothing; on an ended one it is a bug. */
static bool usable(const struct conn *conn)
{
	assert(conn->end == FAKE_CONN_OPEN);
	assert(!conn->reserved);
	return !conn->dead;
}

static void deliver(struct conn *conn)
{
	struct slice bytes = buf_bytes(&conn->in);
	size_t used;

	if (conn->paused || conn->dead || conn->end != FAKE_CONN_OPEN)
		return;
	/* Without a byte there is nothing to show, as in the real one. */
	if (bytes.len) {
		conn->depth++;
		if (conn->depth > conn->deepest)
			conn->deepest = conn->depth;
		used = conn->events->on_data(conn->owner, bytes);
		conn->depth--;
		assert(used <= bytes.len);
		if (used)
			buf_consume(&conn->in, used);
	}
	if (!conn->fin || conn->fin_told || conn->paused || conn->dead ||
		conn->end != FAKE_CONN_OPEN)
		return;
	conn->fin_told = true;
	conn->events->on_eof(conn->owner);
}

static void on_delivery(void *arg)
{
	deliver(arg);
}

static void on_room(void *arg)
{
	struct conn *conn = arg;

	if (conn->dead || conn->end != FAKE_CONN_OPEN)
		return;
	conn->events->on_room(conn->owner);
}

static void flush(void *arg)
{
	struct conn *conn = arg;
	struct slice bytes = slice_head(buf_bytes(&conn->queue), conn->window);

	if (bytes.len && conn->end != FAKE_CONN_ABORTED && !conn->dead) {
		bool ok = buf_append(&conn->sent, bytes);

		assert(ok);
		if (conn->window != SIZE_MAX)
			conn->window -= bytes.len;
		conn->sent_total += bytes.len;
		conn->sent_ms = loop_now_ms(conn->loop);
		buf_consume(&conn->queue, bytes.len);
	}
	if (!conn->want_room || conn->queue.len > CONN_LOW)
		return;
	conn->want_room = false;
	loop_later(conn->loop, &conn->room);
}

struct conn *fake_conn_new(struct loop *loop)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	assert(conn);
	conn->loop = loop;
	conn->window = SIZE_MAX;
	conn->paused = true;
	conn->delivery.cb = on_delivery;
	conn->delivery.arg = conn;
	conn->room.cb = on_room;
	conn->room.arg = conn;
	loop_on_event_end(loop, flush, conn);
	return conn;
}

void fake_conn_free(struct conn *conn)
{
	assert(!conn->reserved);
	loop_cancel(conn->loop, &conn->delivery);
	loop_cancel(conn->loop, &conn->room);
	buf_fini(&conn->in);
	buf_fini(&conn->queue);
	buf_fini(&conn->sent);
	loop_off_event_end(conn->loop, flush, conn);
	free(conn);
}

void fake_conn_give(struct conn *conn, struct slice bytes)
{
	bool ok = buf_append(&conn->in, bytes);

	assert(ok && !conn->fin);
	if (!conn->paused) {
		conn->read_ms = loop_now_ms(conn->loop);
		deliver(conn);
	}
	fake_loop_turn(conn->loop);
}

void fake_conn_fin(struct conn *conn)
{
	conn->fin = true;
	if (!conn->paused)
		deliver(conn);
	fake_loop_turn(conn->loop);
}

void fake_conn_die(struct conn *conn, enum conn_fail why)
{
	assert(!conn->dead && conn->end == FAKE_CONN_OPEN);
	conn->dead = true;
	conn->events->on_fail(conn->owner, why);
	fake_loop_turn(conn->loop);
}

void fake_conn_take(struct conn *conn, size_t bytes)
{
	conn->window = bytes;
	fake_loop_turn(conn->loop);
}

void fake_conn_out_of_memory(struct conn *conn, bool out)
{
	conn->out_of_memory = out;
}

struct slice fake_conn_sent(const struct conn *conn)
{
	return buf_bytes(&conn->sent);
}

void fake_conn_forget(struct conn *conn)
{
	buf_fini(&conn->sent);
}

enum fake_end fake_conn_end(const struct conn *conn)
{
	return conn->end;
}

size_t fake_conn_waiting(const struct conn *conn)
{
	return conn->in.len;
}

unsigned fake_conn_depth(const struct conn *conn)
{
	return conn->deepest;
}

/* ---- net/conn.h ---- */

void conn_set_owner(
	struct conn *conn, const struct conn_events *events, void *owner)
{
	(void)usable(conn);
	conn->events = events;
	conn->owner = owner;
}

bool conn_write(struct conn *conn, struct slice bytes)
{
	bool ok;

	if (!usable(conn))
		return true;
	assert(!conn->half_closed);
	ok = buf_append(&conn->queue, bytes);
	assert(ok);
	if (conn->queue.len < CONN_HIGH)
		return true;
	conn->want_room = true;
	return false;
}

char *conn_reserve(struct conn *conn, size_t size)
{
	(void)usable(conn);
	assert(size <= CONN_GATHER / 4);
	if (conn->out_of_memory)
		return NULL;
	/* Exactly as large as asked for: the sanitizer sees any overrun. */
	conn->reserved = malloc(size);
	conn->reserved_size = size;
	return conn->reserved;
}

bool conn_commit(struct conn *conn, size_t used)
{
	char *bytes = conn->reserved;
	bool room;

	assert(bytes && used <= conn->reserved_size);
	conn->reserved = NULL;
	room = conn_write(conn, slice_of(bytes, used));
	free(bytes);
	return room;
}

size_t conn_outstanding(const struct conn *conn)
{
	return conn->queue.len;
}

uint64_t conn_sent(const struct conn *conn)
{
	return conn->sent_total;
}

int64_t conn_last_read_ms(const struct conn *conn)
{
	return conn->read_ms;
}

int64_t conn_last_sent_ms(const struct conn *conn)
{
	return conn->sent_ms;
}

void conn_end(struct conn *conn)
{
	conn->half_closed = usable(conn);
}

void conn_pause(struct conn *conn)
{
	(void)usable(conn);
	conn->paused = true;
}

void conn_resume(struct conn *conn)
{
	conn->paused = false;
	if (!usable(conn))
		return;
	loop_later(conn->loop, &conn->delivery);
}

bool conn_paused(const struct conn *conn)
{
	return conn->paused;
}

void conn_expect(struct conn *conn)
{
	(void)conn;
}

bool conn_peer_closed(const struct conn *conn)
{
	return conn->fin;
}

void conn_finish(struct conn **conn)
{
	assert((*conn)->end == FAKE_CONN_OPEN);
	flush(*conn);
	(*conn)->end = FAKE_CONN_FINISHED;
	*conn = NULL;
}

void conn_abort(struct conn **conn)
{
	assert((*conn)->end == FAKE_CONN_OPEN);
	(*conn)->end = FAKE_CONN_ABORTED;
	*conn = NULL;
}
