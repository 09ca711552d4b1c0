/*
 * tls_show PORT FILE...: for each file (PEM, certificate and key) a TLS
 * connection to 127.0.0.1:PORT that shows the certificate, whatever is wrong
 * with it, and asks GET /. One line each: the name of the file, a tab, and the
 * body of the answer in hex, or "!" and what went wrong.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

enum { ANSWER_MAX = 262144, WAIT_S = 20 };

static const char request[] =
	"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

static int dial(unsigned long port)
{
	const struct timeval wait = {WAIT_S, 0};
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0 ||
		connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A client at security level 0 that presents the file. */
static SSL_CTX *context_of(const char *path)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (!ctx)
		return NULL;
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	if (SSL_CTX_use_certificate_file(ctx, path, SSL_FILETYPE_PEM) == 1 &&
		SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) == 1)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* The whole answer; its length, or 0. */
static size_t ask(SSL *ssl, char *answer)
{
	size_t len = 0;
	int n;

	if (SSL_connect(ssl) != 1 ||
		SSL_write(ssl, request, sizeof(request) - 1) <= 0)
		return 0;
	while (len < ANSWER_MAX &&
		(n = SSL_read(ssl, answer + len, (int)(ANSWER_MAX - len))) > 0)
		len += (size_t)n;
	return len;
}

static void print(const char *path, const char *answer, size_t len)
{
	const char *base = strrchr(path, '/');
	const char *body = memmem(answer, len, "\r\n\r\n", 4);

	printf("%s\t", base ? base + 1 : path);
	if (!body) {
		unsigned long error = ERR_get_error();
		const char *reason = ERR_reason_error_string(error);

		printf("!%s\n", reason ? reason : "no answer");
		return;
	}
	for (body += 4; body < answer + len; body++)
		printf("%02x", (unsigned char)*body);
	putchar('\n');
}

static bool show(unsigned long port, const char *path, char *answer)
{
	SSL_CTX *ctx = context_of(path);
	SSL *ssl = ctx ? SSL_new(ctx) : NULL;
	int fd = ssl ? dial(port) : -1;
	size_t len = 0;

	if (fd >= 0 && SSL_set_fd(ssl, fd) == 1)
		len = ask(ssl, answer);
	print(path, answer, len);
	ERR_clear_error();
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	if (fd >= 0)
		close(fd);
	return len > 0;
}

int main(int argc, char **argv)
{
	char *answer = malloc(ANSWER_MAX);
	unsigned long port = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	bool ok = answer && port;

	for (int i = 2; ok && i < argc; i++)
		show(port, argv[i], answer);
	free(answer);
	return ok ? 0 : 64;
}
