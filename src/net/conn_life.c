#include "conn_io_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/sock.h"

/* ---- the worker's part ---- */

struct conn_io *conn_io_new(struct loop *loop)
{
	struct conn_io *io = malloc(sizeof(*io));

	if (!io)
		return NULL;
	/* The buffers are left alone: pages nobody uses cost nothing. */
	memset(io, 0, offsetof(struct conn_io, in));
	io->magic = CONN_IO_MAGIC;
	io->loop = loop;
	io->bio_method = conn_tls_bio_method();
	if (!io->bio_method) {
		free(io);
		return NULL;
	}
	loop_timer_init(loop, &io->tick, conn_linger_tick, io);
	loop_on_event_end(loop, conn_io_flush, io);
	return io;
}

static void io_free(void *object)
{
	struct conn_io *io = object;

	conn_tls_bio_method_free(io->bio_method);
	io->magic = 0;
	free(io);
}

void conn_io_free(struct conn_io *io)
{
	if (!io)
		return;
	assert(io->magic == CONN_IO_MAGIC);
	conn_io_flush(io);
	while (io->lingering)
		conn_close(io->lingering);
	assert(!io->conns);
	loop_timer_fini(&io->tick);
	loop_off_event_end(io->loop, conn_io_flush, io);
	/* Behind the connections that still wait to be freed. */
	loop_free_later(io->loop, &io->corpse, io_free, io);
}

size_t conn_io_lingering(const struct conn_io *io)
{
	return io->lingering_count;
}

/* ---- failing and closing ---- */

void conn_schedule(struct conn *conn, unsigned due)
{
	conn->due |= due;
	loop_later(conn->io->loop, &conn->task);
}

void conn_fail(struct conn *conn, enum conn_fail why, const char *words)
{
	if (conn->state == CONN_DEAD || conn->state == CONN_FAILED)
		return;
	if (words && !conn->error)
		conn->error = words;
	if (conn->state == CONN_LINGER) {
		conn_close(conn);
		return;
	}
	conn->state = CONN_FAILED;
	conn->why = why;
	conn->due = 0;
	loop_cancel(conn->io->loop, &conn->task);
	conn_schedule(conn, CONN_DUE_FAIL);
}

void conn_fail_errno(struct conn *conn, enum conn_fail why, int number)
{
	const char *words = strerrordesc_np(number);

	conn->broken = true;
	conn_disown(conn);
	buf_fini(&conn->out);
	conn_fail(conn, why, words ? words : "unknown error");
}

void conn_fail_memory(struct conn *conn)
{
	conn->broken = true;
	conn_disown(conn);
	buf_fini(&conn->out);
	conn_fail(conn, CONN_FAIL_MEMORY, "out of memory");
}

static void conn_free(void *object)
{
	struct conn *conn = object;

	conn_tls_free(conn->ssl);
	buf_fini(&conn->in);
	buf_fini(&conn->raw);
	buf_fini(&conn->out);
	buf_fini(&conn->early);
	conn->magic = 0;
	free(conn);
}

void conn_close(struct conn *conn)
{
	struct conn_io *io = conn->io;

	if (conn->state == CONN_DEAD)
		return;
	if (conn->state == CONN_LINGER)
		conn_unlinger(conn);
	conn->state = CONN_DEAD;
	conn_disown(conn);
	buf_fini(&conn->out);
	loop_unwatch(&conn->watch);
	loop_cancel(io->loop, &conn->task);
	if (conn->fd >= 0)
		close(conn->fd);
	conn->fd = -1;
	io->conns--;
	loop_free_later(io->loop, &conn->corpse, conn_free, conn);
}

/* ---- what the loop tells ---- */

void conn_opened(struct conn *conn)
{
	conn->state = CONN_OPEN;
	conn->blocked = false;
	conn_write_early(conn);
	if (conn->state == CONN_OPEN)
		conn->events->on_open(conn->owner);
}

static void connected(struct conn *conn)
{
	int error = sock_error(conn->fd);

	conn->blocked = false;
	if (!error && conn->out.len)
		conn_flush(conn); /* conn_lead */
	if (error) {
		conn_fail_errno(conn, CONN_FAIL_CONNECT, error);
	} else if (conn->broken) {
		return; /* told from the task */
	} else if (conn->ssl) {
		conn->state = CONN_HANDSHAKE;
		conn->readable = true; /* ours is the first word */
	} else {
		conn_opened(conn);
	}
}

/*
 * While nothing is read, an error of the socket shows in the events alone:
 * libevent reports EPOLLERR as reading and writing without hang-up. Data that
 * merely arrived looks the same, so the socket is asked.
 */
static void look_for_reset(struct conn *conn, unsigned ready)
{
	int error;

	if (ready != (LOOP_READ | LOOP_WRITE))
		return;
	error = sock_error(conn->fd);
	if (error)
		conn_fail_errno(conn, CONN_FAIL_RESET, error);
}

static void conn_event(void *arg, unsigned ready)
{
	struct conn *conn = arg;

	assert(conn->magic == CONN_MAGIC);
	if (ready & LOOP_CLOSED)
		conn->fin_seen = true;
	if (ready & (LOOP_READ | LOOP_CLOSED))
		conn->readable = true;
	if (conn->state == CONN_CONNECTING) {
		connected(conn);
	} else if (ready & LOOP_WRITE && conn->blocked) {
		conn->blocked = false;
		conn_flush(conn);
	}
	if (conn->state == CONN_LINGER) {
		conn_drain(conn);
		return;
	}
	if (conn->state == CONN_OPEN && !conn_reading(conn))
		look_for_reset(conn, ready);
	if (conn->readable)
		conn_read(conn);
}

/*
 * The send side broke. What the peer said before (an early answer) still lies
 * in the socket and is shown first.
 */
static void tell_broken(struct conn *conn)
{
	conn->readable = true;
	conn_read(conn);
	if (conn->state != CONN_OPEN && conn->state != CONN_HANDSHAKE)
		return;
	if (conn->task.queued) /* the turn's share is used up */
		conn->due |= CONN_DUE_FAIL;
	else
		conn_fail(conn, CONN_FAIL_RESET, NULL);
}

static void tell_fail(struct conn *conn)
{
	if (conn->state == CONN_FAILED)
		conn->events->on_fail(conn->owner, conn->why);
	else if (conn->broken)
		tell_broken(conn);
}

static void tell_room(struct conn *conn)
{
	if (conn->state != CONN_OPEN || !conn->want_room)
		return;
	if (conn_outstanding(conn) > CONN_LOW)
		return; /* grown again; the flush will tell */
	conn->want_room = false;
	conn->events->on_room(conn->owner);
}

static void conn_task(void *arg)
{
	struct conn *conn = arg;
	unsigned due = conn->due;

	assert(conn->magic == CONN_MAGIC);
	conn->due = 0;
	if (conn->state == CONN_LINGER) {
		conn_drain(conn);
		return;
	}
	if (due & CONN_DUE_OPEN && conn->state == CONN_STARTING)
		conn_opened(conn);
	if (due & CONN_DUE_ROOM)
		tell_room(conn);
	if (due & CONN_DUE_FAIL)
		tell_fail(conn);
	else if (due & CONN_DUE_READ || conn->readable)
		conn_read(conn);
}

/* ---- birth ---- */

static struct conn *conn_new(struct conn_io *io, int fd,
	const struct conn_events *events, void *owner)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->magic = CONN_MAGIC;
	conn->io = io;
	conn->fd = fd;
	conn->events = events;
	conn->owner = owner;
	conn->read_ms = conn->sent_ms = loop_now_ms(io->loop);
	conn->task.cb = conn_task;
	conn->task.arg = conn;
	if (fd >= 0 &&
		!loop_watch(io->loop, &conn->watch, fd, conn_event, conn)) {
		free(conn);
		return NULL;
	}
	io->conns++;
	return conn;
}

/* NULL: none could be made; fd and ssl are gone. */
static struct conn *conn_begin(struct conn_io *io, int fd, struct ssl_st *ssl,
	const struct conn_events *events, void *owner)
{
	struct conn *conn = conn_new(io, fd, events, owner);

	if (!conn) {
		conn_tls_free(ssl);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	conn->ssl = ssl;
	if (ssl && !conn_tls_init(conn)) {
		conn_close(conn);
		return NULL;
	}
	return conn;
}

struct conn *conn_accept(struct conn_io *io, int fd, struct ssl_st **ssl,
	const struct conn_events *events, void *owner)
{
	struct ssl_st *taken = ssl ? *ssl : NULL;
	struct conn *conn = conn_begin(io, fd, taken, events, owner);

	if (ssl)
		*ssl = NULL;
	if (!conn)
		return NULL;
	conn->state = taken ? CONN_HANDSHAKE : CONN_STARTING;
	if (!taken)
		conn_schedule(conn, CONN_DUE_OPEN);
	return conn;
}

static bool is_exhausted(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOMEM ||
	       number == ENOBUFS;
}

struct conn *conn_connect(struct conn_io *io, const struct addr *addr,
	struct ssl_st **ssl, const struct conn_events *events, void *owner)
{
	struct ssl_st *taken = ssl ? *ssl : NULL;
	int fd = sock_connect(addr);
	int number = errno;
	struct conn *conn;

	if (ssl)
		*ssl = NULL;
	if (fd < 0 && is_exhausted(number)) {
		conn_tls_free(taken);
		return NULL;
	}
	conn = conn_begin(io, fd, taken, events, owner);
	if (!conn)
		return NULL;
	conn->state = CONN_CONNECTING;
	conn->blocked = true;
	if (fd < 0)
		conn_fail_errno(conn, CONN_FAIL_CONNECT, number);
	return conn;
}

/* ---- verbs ---- */

bool conn_lead(struct conn *conn, struct slice bytes)
{
	assert(conn->state == CONN_CONNECTING || conn->state == CONN_FAILED);
	return buf_append(&conn->out, bytes);
}

bool conn_local(const struct conn *conn, struct addr *addr)
{
	*addr = (struct addr){.len = sizeof(addr->sa)};
	return conn->fd >= 0 &&
	       !getsockname(conn->fd, &addr->sa.any, &addr->len) &&
	       addr->len <= sizeof(addr->sa);
}

void conn_pause(struct conn *conn)
{
	assert(conn->magic == CONN_MAGIC);
	conn->paused = true;
	conn->show = false;
}

void conn_expect(struct conn *conn)
{
	conn->expects = true;
}

void conn_resume(struct conn *conn)
{
	assert(conn->magic == CONN_MAGIC);
	conn->paused = false;
	if (conn->state != CONN_OPEN)
		return;
	conn->show = true;
	/* A reading put off for fairness stays put off. */
	conn_schedule(conn, CONN_DUE_READ);
}

void conn_finish(struct conn **pconn)
{
	struct conn *conn = *pconn;

	assert(conn->magic == CONN_MAGIC && conn->events);
	*pconn = NULL;
	conn->events = NULL;
	conn->owner = NULL;
	if (conn->state == CONN_CONNECTING || conn->broken)
		conn_close(conn);
	else
		conn_linger(conn);
}

void conn_abort(struct conn **pconn)
{
	struct conn *conn = *pconn;

	assert(conn->magic == CONN_MAGIC && conn->events);
	*pconn = NULL;
	conn->events = NULL;
	conn->owner = NULL;
	if (conn->fd >= 0)
		sock_reset_on_close(conn->fd);
	conn_close(conn);
}
