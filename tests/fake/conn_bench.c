#include "fake/conn_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/sock.h"

enum { PATIENCE_MS = 20000 };

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- ear ---- */

static void heard(struct ear *ear, enum ear_event event)
{
	size_t len = strlen(ear->order);

	assert_false(ear->in_verb);
	assert_false(ear->over);
	if (len + 1 < sizeof(ear->order) &&
		!(event == EAR_DATA && len && ear->order[len - 1] == EAR_DATA))
		ear->order[len] = (char)event;
}

static void then(struct ear *ear, enum ear_event event)
{
	if (ear->then)
		ear->then(ear, event);
}

static void on_open(void *owner)
{
	struct ear *ear = owner;

	heard(ear, EAR_OPEN);
	assert_int_equal(ear->opens++, 0);
	then(ear, EAR_OPEN);
}

static size_t on_data(void *owner, struct slice bytes)
{
	struct ear *ear = owner;
	size_t used = bytes.len < ear->use ? bytes.len : ear->use;

	heard(ear, EAR_DATA);
	assert_true(bytes.len > 0);
	assert_int_equal(ear->opens, 1);
	assert_int_equal(ear->eofs, 0);
	assert_false(conn_paused(ear->conn));
	ear->datas++;
	ear->last = bytes.len;
	ear->discard += used;
	if (!ear->discarding)
		assert_true(buf_append(&ear->data, slice_head(bytes, used)));
	then(ear, EAR_DATA);
	return used;
}

static void on_eof(void *owner)
{
	struct ear *ear = owner;

	heard(ear, EAR_EOF);
	assert_int_equal(ear->eofs++, 0);
	assert_int_equal(ear->opens, 1);
	assert_false(conn_paused(ear->conn));
	then(ear, EAR_EOF);
}

static void on_room(void *owner)
{
	struct ear *ear = owner;

	heard(ear, EAR_ROOM);
	assert_true(conn_outstanding(ear->conn) <= CONN_LOW);
	ear->rooms++;
	then(ear, EAR_ROOM);
}

static void on_fail(void *owner, enum conn_fail why)
{
	struct ear *ear = owner;

	heard(ear, EAR_FAIL);
	assert_int_equal(ear->fails++, 0);
	ear->why = why;
	snprintf(ear->error, sizeof(ear->error), "%s", conn_error(ear->conn));
	ear->over = true;
	then(ear, EAR_FAIL);
}

const struct conn_events ear_events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_eof = on_eof,
	.on_room = on_room,
	.on_fail = on_fail,
};

void ear_init(struct ear *ear)
{
	*ear = (struct ear){.use = SIZE_MAX};
}

void ear_finish(struct ear *ear)
{
	ear->over = true;
	if (ear->conn)
		EAR(ear, conn_finish(&ear->conn));
}

void ear_abort(struct ear *ear)
{
	ear->over = true;
	if (ear->conn)
		EAR(ear, conn_abort(&ear->conn));
}

void ear_fini(struct ear *ear)
{
	ear_abort(ear);
	buf_fini(&ear->data);
}

/* ---- peer ---- */

void peer_init(struct peer *peer, int fd)
{
	*peer = (struct peer){
		.fd = fd, .reading = true, .alert = -1, .read_max = 1 << 20};
}

static void peer_info(const SSL *ssl, int where, int alert)
{
	struct peer *peer = SSL_get_app_data(ssl);

	if (where == SSL_CB_READ_ALERT && alert >> 8 == SSL3_AL_FATAL)
		peer->alert = alert & 0xff;
}

void peer_tls(struct peer *peer, struct ssl_ctx_st *ctx)
{
	peer->ssl = SSL_new(ctx);
	assert_non_null(peer->ssl);
	SSL_set_app_data(peer->ssl, (char *)peer);
	SSL_set_info_callback(peer->ssl, peer_info);
	assert_int_equal(SSL_set_fd(peer->ssl, peer->fd), 1);
	SSL_set_connect_state(peer->ssl);
	SSL_set_mode(peer->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
					SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

void peer_say(struct peer *peer, struct slice bytes)
{
	assert_true(buf_append(&peer->out, bytes));
}

/* What an SSL call without success means. */
static void judge(struct peer *peer, int rc)
{
	int saved = errno;

	switch (SSL_get_error(peer->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		break;
	case SSL_ERROR_ZERO_RETURN:
		peer->eof = true;
		break;
	case SSL_ERROR_SYSCALL:
		peer->error = saved ? saved : EIO;
		break;
	default:
		peer->error = EPROTO;
	}
	ERR_clear_error();
}

static bool peer_send(struct peer *peer)
{
	struct slice bytes = buf_bytes(&peer->out);
	ssize_t n;

	if (!bytes.len)
		return false;
	if (peer->ssl) {
		n = SSL_write(peer->ssl, bytes.ptr, (int)bytes.len);
		if (n <= 0)
			judge(peer, (int)n);
	} else {
		n = send(peer->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			peer->error = errno;
	}
	if (n > 0)
		buf_consume(&peer->out, (size_t)n);
	return n > 0;
}

static bool peer_recv(struct peer *peer, size_t *left)
{
	char bytes[16384];
	size_t want = *left < sizeof(bytes) ? *left : sizeof(bytes);
	ssize_t n;

	if (!peer->reading || peer->eof || peer->error || !want)
		return false;
	if (peer->ssl) {
		n = SSL_read(peer->ssl, bytes, (int)want);
		if (n <= 0)
			judge(peer, (int)n);
	} else {
		n = recv(peer->fd, bytes, want, 0);
		peer->eof = peer->fin = n == 0;
		if (n < 0 && errno != EAGAIN)
			peer->error = errno;
	}
	if (n <= 0)
		return false;
	peer->got += (size_t)n;
	if (!peer->counting)
		assert_true(buf_append(&peer->in, slice_of(bytes, (size_t)n)));
	*left -= (size_t)n;
	return true;
}

void peer_pump(struct peer *peer)
{
	size_t left = peer->read_max;

	if (peer->fd < 0)
		return;
	if (peer->ssl && !peer->shaken && !peer->error) {
		int rc = SSL_do_handshake(peer->ssl);

		if (rc == 1)
			peer->shaken = true;
		else
			judge(peer, rc);
	}
	if (peer->ssl && !peer->shaken)
		return;
	while (!peer->error && peer_send(peer))
		;
	while (peer_recv(peer, &left))
		;
}

void peer_close(struct peer *peer)
{
	SSL_free(peer->ssl);
	peer->ssl = NULL;
	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = -1;
	buf_fini(&peer->in);
	buf_fini(&peer->out);
}

void peer_reset(struct peer *peer)
{
	sock_reset_on_close(peer->fd);
	peer_close(peer);
}

bool peer_heard(const struct peer *peer, const char *text)
{
	return slice_eq(buf_bytes(&peer->in), slice_str(text));
}

/* ---- bench ---- */

static void stop_cb(void *arg)
{
	struct bench *bench = arg;

	loop_stop(bench->loop);
}

void bench_init(struct bench *bench)
{
	*bench = (struct bench){.stop = {.cb = stop_cb, .arg = bench}};
	bench->loop = loop_new();
	assert_non_null(bench->loop);
	bench->io = conn_io_new(bench->loop);
	assert_non_null(bench->io);
}

void bench_fini(struct bench *bench)
{
	for (size_t i = 0; i < bench->peer_count; i++)
		peer_close(bench->peers[i]);
	conn_io_free(bench->io);
	loop_free(bench->loop);
}

void bench_add(struct bench *bench, struct peer *peer)
{
	assert_true(bench->peer_count < BENCH_PEERS);
	bench->peers[bench->peer_count++] = peer;
}

void bench_turn(struct bench *bench)
{
	loop_next_turn(bench->loop, &bench->stop);
	assert_true(loop_run(bench->loop));
	for (size_t i = 0; i < bench->peer_count; i++)
		peer_pump(bench->peers[i]);
}

void bench_settle(struct bench *bench)
{
	for (int i = 0; i < 20; i++)
		bench_turn(bench);
}

void bench_late(const struct bench *bench, const char *what)
{
	struct bench *b = (struct bench *)(uintptr_t)bench;

	if (!what)
		b->deadline_ms = now_ms() + PATIENCE_MS;
	else if (now_ms() > b->deadline_ms)
		fail_msg("waited in vain: %s", what);
}

void bench_unix_pair(int fds[2])
{
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0, fds),
		0);
}

void bench_tcp_pair(int fds[2])
{
	const struct sock_listen how = {.backlog = 4};
	struct addr addr, peer;
	struct err err;
	struct pollfd wait;
	int listener;

	assert_true(addr_parse(SLICE("127.0.0.1:0"), &addr));
	listener = sock_listen(&addr, &how, &addr, &err);
	assert_true(listener >= 0);
	fds[1] = sock_connect(&addr);
	assert_true(fds[1] >= 0);
	wait = (struct pollfd){.fd = listener, .events = POLLIN};
	assert_int_equal(poll(&wait, 1, 5000), 1);
	assert_int_equal(sock_accept(listener, &fds[0], &peer), SOCK_ACCEPTED);
	close(listener);
}

void bench_connect(struct bench *bench, struct ear *ear, struct peer *peer,
	bool tcp, struct ssl_st **ssl)
{
	int fds[2];

	if (tcp)
		bench_tcp_pair(fds);
	else
		bench_unix_pair(fds);
	ear_init(ear);
	peer_init(peer, fds[1]);
	bench_add(bench, peer);
	EAR(ear, ear->conn =
			 conn_accept(bench->io, fds[0], ssl, &ear_events, ear));
	assert_non_null(ear->conn);
	if (ssl)
		assert_null(*ssl);
}

char bench_byte(size_t i)
{
	return (char)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

void bench_fill(char *bytes, size_t len, size_t from)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = bench_byte(from + i);
}

bool bench_is(struct slice bytes, size_t from)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.ptr[i] != bench_byte(from + i))
			return false;
	}
	return true;
}
