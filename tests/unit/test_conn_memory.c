/*
 * Every allocation of a scene fails once (R23): whatever is missing, nothing
 * crashes, nothing leaks, and each owner hears of the end at most once.
 */
#include "fake/conn_bench.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "fake/cert_mint.h"
#include "net/sock.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Allocations until the one that fails; 0: none does. */
static size_t countdown;
static bool struck;
static bool armed;  /* inside the code under test */
static long living; /* allocations */

#if !SANITIZED
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *memory);

static bool strikes(void)
{
	if (!armed || !countdown || --countdown)
		return false;
	struck = true;
	return true;
}

static void *counted(void *memory)
{
	living += memory != NULL;
	return memory;
}

void *malloc(size_t size)
{
	return strikes() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return strikes() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
	void *memory;

	if (strikes())
		return NULL;
	memory = __libc_realloc(old, size);
	living += memory && !old;
	return memory;
}

void free(void *memory)
{
	living -= memory != NULL;
	__libc_free(memory);
}
#endif

static struct mint *ca, *leaf;
static SSL_CTX *server, *client;

static int setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	ca = mint_ca("ca", NULL);
	leaf = mint_server("server", ca);
	server = SSL_CTX_new(TLS_server_method());
	client = SSL_CTX_new(TLS_client_method());
	SSL_CTX_use_certificate(server, leaf->cert);
	SSL_CTX_use_PrivateKey(server, leaf->key);
	SSL_CTX_set_num_tickets(server, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	mint_free(leaf);
	mint_free(ca);
	return 0;
}

/*
 * An owner that makes the connection do all it can; the checks of the bench
 * (nothing after the end, nothing inside a verb) would themselves allocate.
 */
struct owner {
	struct conn *conn;
	size_t got;
	unsigned opens, eofs, fails, datas;
	bool over;
};

static void on_open(void *arg)
{
	struct owner *o = arg;

	o->opens++;
	conn_write(o->conn, SLICE("hello"));
}

static size_t on_data(void *arg, struct slice bytes)
{
	static char answer[300000];
	struct owner *o = arg;
	size_t used = ++o->datas % 3 ? bytes.len : bytes.len / 2;
	char *place;

	o->got += used;
	conn_write(o->conn, slice_of(answer, bytes.len % 40000));
	if (o->datas == 2)
		conn_write(o->conn, slice_of(answer, sizeof(answer)));
	place = conn_reserve(o->conn, 1000);
	if (place) {
		memset(place, 'x', 1000);
		conn_commit(o->conn, 1000);
	}
	conn_pause(o->conn);
	return used;
}

static void on_eof(void *arg)
{
	struct owner *o = arg;

	o->eofs++;
	conn_end(o->conn);
}

static void on_room(void *arg)
{
	struct owner *o = arg;

	conn_write(o->conn, SLICE("room"));
}

static void on_fail(void *arg, enum conn_fail why)
{
	struct owner *o = arg;

	(void)why;
	o->fails++;
	o->over = true;
}

static const struct conn_events events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_eof = on_eof,
	.on_room = on_room,
	.on_fail = on_fail,
};

static void turn(struct bench *bench)
{
	armed = true;
	loop_next_turn(bench->loop, &bench->stop);
	loop_run(bench->loop);
	armed = false;
	for (size_t i = 0; i < bench->peer_count; i++)
		peer_pump(bench->peers[i]);
}

/* Opens, talks both ways, half-closes, ends. */
static void scene(bool tls)
{
	static char bytes[200000];
	struct owner owner = {0};
	struct bench bench;
	struct peer peer;
	SSL *ssl = NULL;
	int fds[2];

	bench_init(&bench);
	bench_unix_pair(fds);
	peer_init(&peer, fds[1]);
	bench_add(&bench, &peer);
	peer.read_max = 50000;
	peer.counting = true;
	if (tls) {
		ssl = SSL_new(server);
		peer_tls(&peer, client);
	}
	peer_say(&peer, slice_of(bytes, sizeof(bytes)));
	armed = true;
	owner.conn = conn_accept(bench.io, fds[0], &ssl, &events, &owner);
	if (owner.conn)
		conn_write(owner.conn, SLICE("early"));
	armed = false;
	assert_null(ssl);
	for (int i = 0; i < 60 && owner.conn && !owner.over; i++) {
		turn(&bench);
		armed = true;
		conn_resume(owner.conn);
		armed = false;
		if (i == 40 && peer.ssl && peer.shaken && !peer.error)
			SSL_shutdown(peer.ssl);
		if (i == 40 && peer.fd >= 0)
			shutdown(peer.fd, SHUT_WR);
	}
	ERR_clear_error();
	if (!struck) {
		assert_int_equal(owner.fails, 0);
		assert_int_equal(owner.eofs, 1);
		assert_int_equal(owner.got, sizeof(bytes));
	}
	assert_true(owner.fails <= 1);
	assert_true(owner.opens <= 1);
	armed = true;
	if (owner.conn)
		conn_finish(&owner.conn);
	armed = false;
	for (int i = 0; i < 5; i++)
		turn(&bench);
	bench_fini(&bench);
	ERR_clear_error();
}

/* The scene with its n-th allocation failing; how many more live after it. */
static long growth(bool tls, size_t n)
{
	long before = living;

	countdown = n;
	struck = false;
	scene(tls);
	return living - before;
}

static void check(bool tls)
{
	size_t n = 0;

	/* The libraries keep what they make at first; a leak grows again. */
	growth(tls, 0);
	do {
		if (growth(tls, ++n))
			assert_int_equal(growth(tls, n), 0);
	} while (struck);
	print_message("%zu allocations failed in turn\n", n - 1);
	assert_true(n > 5);
}

static void a_plain_connection_survives_every_failure(void **state)
{
	(void)state;
	check(false);
}

static void a_tls_connection_survives_every_failure(void **state)
{
	(void)state;
	check(true);
}

/* The descriptor that the next open would get: a leak moves it. */
static int next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void what_cannot_be_made_leaves_nothing_behind(void **state)
{
	const struct sock_listen how = {.backlog = 16};
	struct owner owner = {0};
	struct conn *conn = NULL;
	struct bench bench;
	struct addr addr;
	struct err err;
	int listener, before;

	(void)state;
	assert_true(addr_parse(SLICE("127.0.0.1:0"), &addr));
	listener = sock_listen(&addr, &how, &addr, &err);
	bench_init(&bench);
	before = next_fd();
	for (size_t n = 1; !conn; n++) {
		assert_int_equal(next_fd(), before);
		countdown = n;
		armed = true;
		conn = conn_connect(bench.io, &addr, NULL, &events, &owner);
		armed = false;
	}
	armed = true;
	conn_abort(&conn);
	armed = false;
	turn(&bench);
	assert_int_equal(next_fd(), before);
	bench_fini(&bench);
	close(listener);
}

static void a_worker_without_memory_for_buffers_says_so(void **state)
{
	struct loop *loop = loop_new();
	struct conn_io *io = NULL;

	(void)state;
	for (size_t n = 1; !io; n++) {
		countdown = n;
		armed = true;
		io = conn_io_new(loop);
		armed = false;
	}
	conn_io_free(io);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_connection_survives_every_failure),
		cmocka_unit_test(a_tls_connection_survives_every_failure),
		cmocka_unit_test(what_cannot_be_made_leaves_nothing_behind),
		cmocka_unit_test(a_worker_without_memory_for_buffers_says_so),
	};

	if (SANITIZED) /* it brings its own malloc */
		return 0;
	return cmocka_run_group_tests(tests, setup, teardown);
}
