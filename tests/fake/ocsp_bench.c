#include "fake/ocsp_bench.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "net/sock.h"

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "ocsp_bench: %s\n", what);
	abort();
}

void ocsp_bench_init(struct ocsp_bench *b)
{
	const struct sock_listen how = {.backlog = 16, .reuse_addr = true};
	struct addr any;
	struct err err;
	char text[ADDR_TEXT];

	*b = (struct ocsp_bench){0};
	bench_init(&b->bench);
	must(addr_parse(SLICE("127.0.0.1:0"), &any), "address");
	b->fd = sock_listen(&any, &how, &b->addr, &err);
	must(b->fd >= 0, "listen");
	addr_print(&b->addr, text);
	snprintf(b->url, sizeof(b->url), "http://%.40s/ocsp", text);
}

void ocsp_bench_close(struct ocsp_bench *b)
{
	if (b->fd >= 0)
		close(b->fd);
	b->fd = -1;
}

void ocsp_bench_fini(struct ocsp_bench *b)
{
	ocsp_bench_close(b);
	for (size_t i = 0; i < b->count; i++)
		peer_close(&b->ends[i]);
	bench_fini(&b->bench);
}

static bool accept_one(struct ocsp_bench *b)
{
	int fd = accept4(b->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return false;
	must(b->count < OCSP_BENCH_ENDS, "too many connections");
	peer_init(&b->ends[b->count], fd);
	bench_add(&b->bench, &b->ends[b->count]);
	b->count++;
	return true;
}

/* Complete when the length it states is there. */
static bool is_whole(const struct peer *peer)
{
	struct slice in = buf_bytes(&peer->in);
	const char *end = in.len ? memmem(in.ptr, in.len, "\r\n\r\n", 4) : NULL;
	const char *length =
		end ? memmem(in.ptr, in.len, "Content-Length: ", 16) : NULL;

	return length && in.len - (size_t)(end + 4 - in.ptr) >=
				 strtoul(length + 16, NULL, 10);
}

struct peer *ocsp_bench_request(struct ocsp_bench *b)
{
	struct peer *end;

	BENCH_UNTIL(&b->bench, accept_one(b));
	end = &b->ends[b->count - 1];
	BENCH_UNTIL(&b->bench, is_whole(end));
	return end;
}

bool ocsp_bench_came(struct ocsp_bench *b)
{
	if (!b->count)
		(void)accept_one(b);
	return b->count && is_whole(&b->ends[0]);
}

bool ocsp_bench_asked_again(struct ocsp_bench *b)
{
	struct pollfd fd = {.fd = b->fd, .events = POLLIN};

	bench_settle(&b->bench);
	return poll(&fd, 1, 0) > 0;
}

void ocsp_bench_answer(struct peer *end, struct slice body)
{
	struct buf out = {0};

	must(buf_printf(&out,
		     "HTTP/1.1 200 OK\r\nContent-Type: "
		     "application/ocsp-response\r\nContent-Length: %zu\r\n\r\n",
		     body.len) &&
			buf_append(&out, body),
		"memory");
	peer_say(end, buf_bytes(&out));
	buf_fini(&out);
}
