#include "conn_io_priv.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/proxy_protocol.h"

/* ---- our BIO ---- */

/* Is it the start of a request, as of a client that forgot the s in https, or
 * of the answer of an origin that knows of none? */
static bool is_http(const char *bytes, size_t len)
{
	size_t at = 0;

	if (slice_starts(slice_of(bytes, len), SLICE("HTTP/")))
		return true;
	while (at < len && bytes[at] >= 'A' && bytes[at] <= 'Z')
		at++;
	return at >= 3 && at < len && bytes[at] == ' ';
}

/* Is it a PROXY header, as of a proxy that nobody told us of? */
static bool is_proxy(const char *bytes, size_t len)
{
	return len >= 6 && proxy_protocol_is_start(slice_of(bytes, len));
}

/* Ciphertext: what was kept, what was read, what the socket has. */
static size_t raw_read(struct conn *conn, char *to, size_t size)
{
	struct conn_io *io = conn->io;
	struct slice bytes = slice_head(buf_bytes(&conn->raw), size);
	bool first = conn->state == CONN_HANDSHAKE && !conn->greeted;

	if (bytes.len) {
		memcpy(to, bytes.ptr, bytes.len);
		buf_consume(&conn->raw, bytes.len);
		return bytes.len;
	}
	if (io->reader != conn)
		return 0;
	if (io->raw_pos == io->raw_len) {
		io->raw_pos = 0;
		io->raw_len = conn_recv(conn, io->raw, CONN_RAW);
		if (first && io->raw_len) {
			conn->greeted = true;
			conn->spoke_proxy = is_proxy(io->raw, io->raw_len);
			conn->spoke_http = is_http(io->raw, io->raw_len);
		}
	}
	bytes = slice_of(io->raw + io->raw_pos, io->raw_len - io->raw_pos);
	bytes = slice_head(bytes, size);
	if (bytes.len)
		memcpy(to, bytes.ptr, bytes.len);
	io->raw_pos += bytes.len;
	return bytes.len;
}

static int bio_read(BIO *bio, char *to, int size)
{
	struct conn *conn = BIO_get_data(bio);
	size_t n = size > 0 ? raw_read(conn, to, (size_t)size) : 0;

	BIO_clear_retry_flags(bio);
	if (n)
		return (int)n; /* at most size */
	/* Never an end of file: a FIN without close_notify is our business. */
	conn->starved = true;
	BIO_set_retry_read(bio);
	return -1;
}

static int bio_write(BIO *bio, const char *from, int size)
{
	struct conn *conn = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (size < 0)
		return -1;
	if (!conn_put(conn, slice_of(from, (size_t)size))) {
		conn_fail_memory(conn);
		return -1;
	}
	return size;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

struct bio_method_st *conn_tls_bio_method(void)
{
	BIO_METHOD *method = BIO_meth_new(
		BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "conn");

	if (!method)
		return NULL;
	if (BIO_meth_set_read(method, bio_read) &&
		BIO_meth_set_write(method, bio_write) &&
		BIO_meth_set_ctrl(method, bio_ctrl))
		return method;
	BIO_meth_free(method);
	return NULL;
}

void conn_tls_bio_method_free(struct bio_method_st *method)
{
	BIO_meth_free(method);
}

bool conn_tls_init(struct conn *conn)
{
	BIO *bio = BIO_new(conn->io->bio_method);

	if (!bio)
		return false;
	BIO_set_data(bio, conn);
	BIO_set_init(bio, 1);
	SSL_set_bio(conn->ssl, bio, bio);
	/*
	 * Without AUTO_RETRY, SSL_read comes back after each record that holds
	 * no data, so that floods of them are seen.
	 */
	SSL_clear_mode(conn->ssl, SSL_MODE_AUTO_RETRY);
	SSL_set_mode(conn->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
					SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					SSL_MODE_RELEASE_BUFFERS);
	if (SSL_is_server(conn->ssl))
		SSL_set_accept_state(conn->ssl);
	else
		SSL_set_connect_state(conn->ssl);
	return true;
}

/* ---- failures ---- */

static void tls_failed(struct conn *conn, enum conn_fail why)
{
	unsigned long error = ERR_peek_error();
	const char *words = ERR_reason_error_string(error);

	if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
		why = CONN_FAIL_MEMORY;
	if (conn->spoke_http && why == CONN_FAIL_HANDSHAKE)
		words = SSL_is_server(conn->ssl) ? "http request"
						 : "http answer";
	if (conn->spoke_proxy && why == CONN_FAIL_HANDSHAKE)
		words = "a PROXY header from a peer that is not listed";
	conn_fail(conn, why, words ? words : "TLS failure");
	ERR_clear_error();
}

/* ---- handshake ---- */

static void handshake_dry(struct conn *conn)
{
	if (conn->recv_errno)
		conn_fail_errno(conn, CONN_FAIL_RESET, conn->recv_errno);
	else if (conn->eof)
		conn_fail(conn, CONN_FAIL_HANDSHAKE,
			"closed during the handshake");
}

bool conn_tls_handshake(struct conn *conn)
{
	int rc, error;

	conn_own(conn);
	do {
		ERR_clear_error();
		conn->starved = false;
		rc = SSL_do_handshake(conn->ssl);
		if (rc == 1)
			return conn->state == CONN_HANDSHAKE;
		error = SSL_get_error(conn->ssl, rc);
	} while (error == SSL_ERROR_WANT_READ && !conn->starved);
	if (error == SSL_ERROR_WANT_READ)
		handshake_dry(conn);
	else
		tls_failed(conn, CONN_FAIL_HANDSHAKE);
	return false;
}

/* ---- records ---- */

/*
 * A peer that sends KeyUpdates costs us a derivation and an answer each, so
 * there is an end to patience, also where its own reading is slow.
 */
static bool is_flood(struct conn *conn)
{
	conn->useless += CONN_USELESS;
	if (!conn->out.len)
		conn->replies = 0;
	conn->replies++;
	return conn->useless > CONN_USELESS_MAX ||
	       conn->replies > CONN_REPLIES_MAX;
}

/* No data came: is that the end? */
static enum conn_fill no_data(struct conn *conn)
{
	switch (SSL_get_error(conn->ssl, 0)) {
	case SSL_ERROR_WANT_READ:
		if (conn->starved)
			return CONN_FILL_DRY;
		if (!is_flood(conn))
			return CONN_FILL_MORE;
		conn_fail(conn, CONN_FAIL_TLS, "too many records without data");
		return CONN_FILL_BROKEN;
	case SSL_ERROR_ZERO_RETURN:
		return CONN_FILL_CLOSED;
	default:
		tls_failed(conn, CONN_FAIL_TLS);
		return CONN_FILL_BROKEN;
	}
}

enum conn_fill conn_tls_fill(
	struct conn *conn, char *to, size_t size, size_t *len)
{
	enum conn_fill fill = CONN_FILL_MORE;
	size_t n;

	ERR_clear_error();
	while (fill == CONN_FILL_MORE && size - *len >= CONN_RECORD) {
		conn->starved = false;
		if (SSL_read_ex(conn->ssl, to + *len, size - *len, &n)) {
			*len += n;
			conn->useless -=
				n < conn->useless ? (uint32_t)n : conn->useless;
		} else {
			fill = no_data(conn);
		}
	}
	return fill;
}

bool conn_tls_encrypt(struct conn *conn, struct slice bytes)
{
	size_t n;

	ERR_clear_error();
	while (bytes.len) {
		if (!SSL_write_ex(conn->ssl, bytes.ptr, bytes.len, &n)) {
			tls_failed(conn, CONN_FAIL_TLS);
			return false;
		}
		bytes = slice_from(bytes, n);
	}
	return true;
}

void conn_tls_notify(struct conn *conn)
{
	ERR_clear_error();
	if (SSL_shutdown(conn->ssl) < 0)
		ERR_clear_error(); /* nothing more can be said, then */
}

/* ---- end ---- */

void conn_tls_free(struct ssl_st *ssl)
{
	SSL_free(ssl);
}

static void free_ssl(void *object)
{
	SSL_free(object);
}

void conn_tls_retire(struct conn *conn)
{
	loop_free_later(conn->io->loop, &conn->ssl_corpse, free_ssl, conn->ssl);
	conn->ssl = NULL;
}

/* ---- facts ---- */

void conn_tls_info(const struct conn *conn, struct conn_tls_info *info)
{
	const unsigned char *alpn;
	const SSL_CIPHER *cipher;
	unsigned len = 0;

	*info = (struct conn_tls_info){.version = "", .cipher = ""};
	if (!conn->ssl)
		return;
	info->version = SSL_get_version(conn->ssl);
	cipher = SSL_get_current_cipher(conn->ssl);
	if (cipher)
		info->cipher = SSL_CIPHER_get_name(cipher);
	info->resumed = SSL_session_reused(conn->ssl) == 1;
	info->sni = SSL_get_servername(conn->ssl, TLSEXT_NAMETYPE_host_name);
	SSL_get0_alpn_selected(conn->ssl, &alpn, &len);
	info->alpn = slice_of(len ? alpn : NULL, len);
}
