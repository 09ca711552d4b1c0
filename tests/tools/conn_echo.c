/*
 * conn_echo: connections at work, for strace and perf.
 *
 *   conn_echo echo  plain|tls COUNT   answers COUNT requests of 100 bytes with
 *                                     as many bytes, one after the other
 *   conn_echo relay plain|tls MIB     passes MIB of body from a plain origin
 *                                     on to a client that reads
 *
 * Prints what it cost. The peers are child processes: strace without -f
 * traces our side alone.
 */
#include "base/loop.h"
#include "fake/cert_mint.h"
#include "net/conn.h"
#include "net/sock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ssl.h>

enum { REQUEST = 100, PIECE = 65536 };

struct side {
	struct conn *conn;
	struct side *other; /* echo: itself */
	struct loop *loop;
	bool ended;
};

static void die(const char *what)
{
	fprintf(stderr, "conn_echo: %s\n", what);
	exit(70);
}

/* ---- our side ---- */

static void on_open(void *owner)
{
	struct side *side = owner;

	conn_resume(side->other->conn);
}

static size_t on_data(void *owner, struct slice bytes)
{
	struct side *side = owner;

	if (!conn_write(side->other->conn, bytes) && side->other != side)
		conn_pause(side->conn);
	return bytes.len;
}

static void on_room(void *owner)
{
	struct side *side = owner;

	if (side->other != side)
		conn_resume(side->other->conn);
}

static void on_eof(void *owner)
{
	struct side *side = owner;

	side->ended = true;
	conn_end(side->other->conn);
	if (side->other->ended)
		loop_stop(side->loop);
}

static void on_fail(void *owner, enum conn_fail why)
{
	struct side *side = owner;

	if (why != CONN_FAIL_RESET && why != CONN_FAIL_TRUNCATED)
		die(conn_error(side->conn));
	loop_stop(side->loop);
}

static const struct conn_events events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_room = on_room,
	.on_eof = on_eof,
	.on_fail = on_fail,
};

/* ---- the children: blocking, and as simple as can be ---- */

struct pipe_end {
	int fd;
	SSL *ssl;
};

static size_t get(struct pipe_end *end, char *bytes, size_t len)
{
	ssize_t n = end->ssl ? SSL_read(end->ssl, bytes, (int)len)
			     : recv(end->fd, bytes, len, 0);

	return n > 0 ? (size_t)n : 0;
}

static void put(struct pipe_end *end, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = end->ssl ? SSL_write(end->ssl, bytes, (int)len)
				     : send(end->fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			exit(1);
		bytes += n;
		len -= (size_t)n;
	}
}

static struct pipe_end reach(const struct addr *addr, bool tls)
{
	struct pipe_end end = {.fd = -1};

	end.fd = socket(addr->sa.any.sa_family, SOCK_STREAM, 0);
	if (end.fd < 0 || connect(end.fd, &addr->sa.any, addr->len))
		exit(1);
	if (tls) {
		end.ssl = SSL_new(SSL_CTX_new(TLS_client_method()));
		if (!end.ssl || !SSL_set_fd(end.ssl, end.fd) ||
			SSL_connect(end.ssl) != 1)
			exit(1);
	}
	return end;
}

static void ask(const struct addr *addr, bool tls, size_t count)
{
	struct pipe_end end = reach(addr, tls);
	char bytes[REQUEST] = {0};

	for (size_t i = 0; i < count; i++) {
		size_t got = 0;

		put(&end, bytes, sizeof(bytes));
		while (got < sizeof(bytes)) {
			size_t n = get(&end, bytes, sizeof(bytes) - got);

			if (!n)
				exit(1);
			got += n;
		}
	}
	exit(0);
}

static void drink(const struct addr *addr, bool tls, size_t len)
{
	static char bytes[PIECE];
	struct pipe_end end = reach(addr, tls);

	while (len) {
		size_t n = get(&end, bytes, sizeof(bytes));

		if (!n || n > len)
			exit(1);
		len -= n;
	}
	exit(0);
}

static void pour(int listener, size_t len)
{
	static char bytes[PIECE];
	struct pipe_end end = {0};

	/* the listener does not block; the one who comes may take his time */
	if (fcntl(listener, F_SETFL, 0))
		exit(1);
	end.fd = accept(listener, NULL, NULL);
	if (end.fd < 0)
		exit(1);
	for (; len; len -= sizeof(bytes))
		put(&end, bytes, sizeof(bytes));
	exit(0);
}

/* ---- putting it together ---- */

static void print_cost(void)
{
	struct rusage use;

	if (getrusage(RUSAGE_SELF, &use))
		return;
	printf("user_ms=%ld system_ms=%ld\n",
		use.ru_utime.tv_sec * 1000 + use.ru_utime.tv_usec / 1000,
		use.ru_stime.tv_sec * 1000 + use.ru_stime.tv_usec / 1000);
}

static int listen_somewhere(struct addr *addr)
{
	const struct sock_listen how = {.backlog = 4};
	struct err err;
	int fd;

	if (!addr_parse(SLICE("127.0.0.1:0"), addr))
		die("no address");
	fd = sock_listen(addr, &how, addr, &err);
	if (fd < 0)
		die(err.text);
	return fd;
}

static SSL *server_ssl(void)
{
	struct mint *ca = mint_ca("ca", NULL);
	struct mint *leaf = mint_server("localhost", ca);
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (!ctx || SSL_CTX_use_certificate(ctx, leaf->cert) != 1 ||
		SSL_CTX_use_PrivateKey(ctx, leaf->key) != 1)
		die("no TLS context");
	SSL_CTX_set_num_tickets(ctx, 0);
	mint_free(leaf);
	mint_free(ca);
	return SSL_new(ctx);
}

static int take(int listener)
{
	struct addr peer;
	int fd;

	for (;;) {
		switch (sock_accept(listener, &fd, &peer)) {
		case SOCK_ACCEPTED:
			return fd;
		case SOCK_NONE:
		case SOCK_AGAIN:
			break; /* a tool may spin until its child is here */
		default:
			die("accept");
		}
	}
}

int main(int argc, char **argv)
{
	struct side client = {0}, origin = {0};
	struct addr front, back;
	bool relay, tls;
	size_t count;
	struct conn_io *io;
	struct loop *loop;
	SSL *ssl = NULL;
	int listener, behind, fd;

	if (argc != 4)
		die("usage: conn_echo echo|relay plain|tls COUNT");
	signal(SIGPIPE, SIG_IGN);
	relay = !strcmp(argv[1], "relay");
	tls = !strcmp(argv[2], "tls");
	count = strtoul(argv[3], NULL, 10);
	if (relay)
		count <<= 20;
	listener = listen_somewhere(&front);
	behind = listen_somewhere(&back);
	if (tls)
		ssl = server_ssl();
	if (relay && !fork())
		pour(behind, count);
	if (!fork()) {
		if (relay)
			drink(&front, tls, count);
		ask(&front, tls, count);
	}
	fd = take(listener);
	loop = loop_new();
	io = loop ? conn_io_new(loop) : NULL;
	if (!io)
		die("no memory");
	client.loop = origin.loop = loop;
	client.other = relay ? &origin : &client;
	origin.other = &client;
	client.conn = conn_accept(io, fd, &ssl, &events, &client);
	if (relay)
		origin.conn = conn_connect(io, &back, NULL, &events, &origin);
	if (!client.conn || (relay && !origin.conn))
		die("no connection");
	if (relay)
		conn_pause(origin.conn); /* until the client is there */
	loop_run(loop);
	print_cost();
	conn_abort(&client.conn);
	if (relay)
		conn_abort(&origin.conn);
	conn_io_free(io);
	loop_free(loop);
	while (wait(NULL) > 0)
		;
	return 0;
}
