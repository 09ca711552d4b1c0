#include "cli/probe.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/err.h"
#include "net/addr.h"

enum { PROBE_TIMEOUT_S = 10, PROBE_MAX = 1024 * 1024 };

static bool load_ca(
	SSL_CTX *context, const struct probe_request *request, struct err *err)
{
	if (!request->ca_file)
		return true;
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_load_verify_locations(context, request->ca_file, NULL) == 1)
		return true;
	err_set(err, EXIT_CODE_NO_INPUT, "cannot load the CA %s",
		request->ca_file);
	return false;
}

static bool load_cert(
	SSL_CTX *context, const struct probe_request *request, struct err *err)
{
	const char *key =
		request->key_file ? request->key_file : request->cert_file;

	if (!request->cert_file)
		return true;
	if (SSL_CTX_use_certificate_chain_file(context, request->cert_file) !=
		1)
		err_set(err, EXIT_CODE_NO_INPUT,
			"cannot load the certificate %s", request->cert_file);
	else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) !=
			 1 ||
		 SSL_CTX_check_private_key(context) != 1)
		err_set(err, EXIT_CODE_NO_INPUT,
			"cannot load the key %s, or it is not that of %s", key,
			request->cert_file);
	else
		return true;
	return false;
}

static SSL_CTX *context_new(
	const struct probe_request *request, struct err *err)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context) {
		err_set(err, EXIT_CODE_INTERNAL, "out of memory");
		return NULL;
	}
	if (load_ca(context, request, err) && load_cert(context, request, err))
		return context;
	SSL_CTX_free(context);
	return NULL;
}

static int connect_to(const struct probe_request *request, struct err *err)
{
	const struct timeval wait = {.tv_sec = PROBE_TIMEOUT_S};
	const int now = 1;
	char text[ADDR_TEXT];
	struct addr to;
	int fd = -1;

	if (request->to)
		to = *request->to;
	else if (!addr_parse_ip(SLICE("127.0.0.1"), request->port, &to))
		return -1;
	fd = socket(to.sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
		!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) &&
		!setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) &&
		!connect(fd, &to.sa.any, to.len)) {
		/* the request follows the handshake at once; a unix socket
		 * has no such option */
		(void)!setsockopt(
			fd, IPPROTO_TCP, TCP_NODELAY, &now, sizeof(now));
		return fd;
	}
	addr_print(&to, text);
	err_set(err, EXIT_CODE_UNAVAILABLE, "%s: %m", text);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The alert of the peer that stands in the error queue, or 0. */
static int queued_alert(void)
{
	unsigned long code = ERR_peek_error();
	int reason = ERR_GET_REASON(code);

	if (ERR_GET_LIB(code) != ERR_LIB_SSL || reason < SSL_AD_REASON_OFFSET ||
		reason > SSL_AD_REASON_OFFSET + 255)
		return 0;
	return reason - SSL_AD_REASON_OFFSET;
}

static bool read_all(SSL *ssl, struct probe_answer *answer, struct err *err)
{
	char piece[4096];
	int n;

	while ((n = SSL_read(ssl, piece, sizeof(piece))) > 0) {
		if (answer->text.len > PROBE_MAX ||
			!buf_append(
				&answer->text, slice_of(piece, (size_t)n))) {
			err_set(err, EXIT_CODE_FAILED,
				"the answer is too long");
			return false;
		}
	}
	answer->alert = queued_alert();
	if (SSL_get_error(ssl, n) == SSL_ERROR_WANT_READ) {
		err_set(err, EXIT_CODE_FAILED, "no answer within %d s",
			PROBE_TIMEOUT_S);
		return false;
	}
	return true;
}

static bool converse(SSL *ssl, const struct probe_request *request,
	struct probe_answer *answer, struct err *err)
{
	char why[128];
	int rc = SSL_connect(ssl);

	if (rc == 1)
		rc = SSL_write(
			ssl, request->bytes.ptr, (int)request->bytes.len);
	if (rc > 0)
		return read_all(ssl, answer, err);
	answer->alert = queued_alert();
	if (answer->alert)
		return true;
	ERR_error_string_n(ERR_peek_error(), why, sizeof(why));
	err_set(err, EXIT_CODE_FAILED, "TLS: %s", why);
	return false;
}

/* The status of the last status line in what came. */
static unsigned status_of(struct slice text)
{
	unsigned status = 0;
	uint64_t value;

	while (slice_starts(text, SLICE("HTTP/1.")) && text.len > 12) {
		if (!slice_to_u64(slice_of(text.ptr + 9, 3), 599, &value))
			break;
		status = (unsigned)value;
		if (status >= 200)
			break;
		/* behind an interim response stands the next one */
		const char *end = memmem(text.ptr, text.len, "\r\n\r\n", 4);

		if (!end)
			break;
		text = slice_from(text, (size_t)(end - text.ptr) + 4);
	}
	return status;
}

/* What the server is called, for SNI and for its certificate. */
static bool set_names(SSL *ssl, const char *host)
{
	char name[256]; /* the library's macro drops a const */

	struct addr addr;

	snprintf(name, sizeof(name), "%s", host ? host : "localhost");
	/* RFC 6066 section 3: an address is no server name */
	if (addr_parse_ip(slice_str(name), 0, &addr))
		return X509_VERIFY_PARAM_set1_ip_asc(
			       SSL_get0_param(ssl), name) == 1;
	return SSL_set_tlsext_host_name(ssl, name) == 1 &&
	       SSL_set1_host(ssl, name) == 1;
}

bool probe_run(const struct probe_request *request, struct probe_answer *answer,
	struct err *err)
{
	SSL_CTX *context;
	SSL *ssl = NULL;
	bool ok = false;
	int fd = -1;

	memset(answer, 0, sizeof(*answer));
	ERR_clear_error();
	context = context_new(request, err);
	if (context)
		fd = connect_to(request, err);
	if (fd >= 0)
		ssl = SSL_new(context);
	if (ssl && SSL_set_fd(ssl, fd) == 1 && set_names(ssl, request->host))
		ok = converse(ssl, request, answer, err);
	else if (fd >= 0)
		err_set(err, EXIT_CODE_INTERNAL, "out of memory");
	if (ok)
		answer->status = status_of(buf_bytes(&answer->text));
	else
		buf_fini(&answer->text);
	SSL_free(ssl);
	SSL_CTX_free(context);
	if (fd >= 0)
		close(fd);
	ERR_clear_error();
	return ok;
}
