#include "fake/conn_bench.h"

#include <errno.h>
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

enum { RECORD_13 = 22 }; /* TLS 1.3, AES-GCM: bytes around a record's text */

struct pki {
	struct mint *ca, *server, *client;
};

static struct pki pki;

static int pki_init(void **state)
{
	(void)state;
	/* OpenSSL's own socket BIO, which the peers use, knows no flags. */
	signal(SIGPIPE, SIG_IGN);
	pki.ca = mint_ca("ca", NULL);
	pki.server = mint_server("server", pki.ca);
	pki.client = mint_client("client", pki.ca);
	return 0;
}

static int pki_fini(void **state)
{
	(void)state;
	mint_free(pki.ca);
	mint_free(pki.server);
	mint_free(pki.client);
	return 0;
}

static int choose_alpn(SSL *ssl, const unsigned char **out,
	unsigned char *out_len, const unsigned char *in, unsigned in_len,
	void *arg)
{
	(void)ssl;
	(void)arg;
	(void)in_len;
	*out = in + 1;
	*out_len = in[0];
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *server_ctx(int version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	assert_non_null(ctx);
	SSL_CTX_set_min_proto_version(ctx, version);
	SSL_CTX_set_max_proto_version(ctx, version);
	assert_int_equal(SSL_CTX_use_certificate(ctx, pki.server->cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, pki.server->key), 1);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), pki.ca->cert);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return ctx;
}

static SSL_CTX *client_ctx(bool with_cert)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	assert_non_null(ctx);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), pki.ca->cert);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_security_level(ctx, 0);
	assert_int_equal(
		SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256"), 1);
	if (with_cert) {
		SSL_CTX_use_certificate(ctx, pki.client->cert);
		SSL_CTX_use_PrivateKey(ctx, pki.client->key);
	}
	return ctx;
}

/* One accepted TLS connection and its peer. */
struct one {
	struct bench bench;
	struct ear ear;
	struct peer peer;
	SSL_CTX *server;
	SSL_CTX *client;
	SSL *ssl; /* the server's, until the connection takes it */
};

static void one_ctx(struct one *one, int version)
{
	one->server = server_ctx(version);
	one->client = client_ctx(true);
	one->ssl = SSL_new(one->server);
	assert_non_null(one->ssl);
	bench_init(&one->bench);
}

static void one_connect(struct one *one, bool tcp)
{
	bench_connect(&one->bench, &one->ear, &one->peer, tcp, &one->ssl);
	peer_tls(&one->peer, one->client);
}

static void one_open(struct one *one, int version, bool tcp)
{
	one_ctx(one, version);
	one_connect(one, tcp);
	BENCH_UNTIL(&one->bench, one->ear.opens && one->peer.shaken);
	bench_settle(&one->bench);
}

static void one_fini(struct one *one)
{
	ear_fini(&one->ear);
	bench_fini(&one->bench);
	SSL_CTX_free(one->server);
	SSL_CTX_free(one->client);
	assert_int_equal(ERR_peek_error(), 0);
}

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static bool used(const struct ear *ear, const char *text)
{
	return slice_eq(buf_bytes(&ear->data), slice_str(text));
}

static void write_text(struct ear *ear, const char *text)
{
	EAR(ear, conn_write(ear->conn, slice_str(text)));
}

/* ---- handshake ---- */

static void text_goes_both_ways_and_the_facts_are_told(void **state)
{
	static const char *const names[] = {"TLSv1.2", "TLSv1.3"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct conn_tls_info info;
		struct one one;

		one_ctx(&one, versions[i]);
		one_connect(&one, i);
		SSL_set_tlsext_host_name(one.peer.ssl, "www.example");
		SSL_set_alpn_protos(one.peer.ssl,
			(const unsigned char *)"\x08http/1.1\x02h2", 12);
		peer_say(&one.peer, SLICE("hello"));
		BENCH_UNTIL(&one.bench, used(&one.ear, "hello"));
		write_text(&one.ear, "and hello");
		BENCH_UNTIL(&one.bench, peer_heard(&one.peer, "and hello"));
		assert_string_equal(one.ear.order, "od");
		conn_tls_info(one.ear.conn, &info);
		assert_string_equal(info.version, names[i]);
		assert_non_null(strstr(info.cipher, "AES"));
		assert_string_equal(info.sni, "www.example");
		assert_true(slice_eq(info.alpn, SLICE("http/1.1")));
		assert_non_null(conn_ssl(one.ear.conn));
		assert_string_equal(conn_error(one.ear.conn), "");
		one_fini(&one);
	}
}

static void no_name_and_no_protocol_are_told_as_none(void **state)
{
	struct conn_tls_info info;
	struct one one;

	(void)state;
	one_open(&one, TLS1_3_VERSION, true);
	conn_tls_info(one.ear.conn, &info);
	assert_null(info.sni);
	assert_int_equal(info.alpn.len, 0);
	one_fini(&one);
}

/* Moves one byte each way. */
static void drip(int a, int b)
{
	char byte;

	if (recv(a, &byte, 1, 0) == 1)
		assert_int_equal(send(b, &byte, 1, 0), 1);
	if (recv(b, &byte, 1, 0) == 1)
		assert_int_equal(send(a, &byte, 1, 0), 1);
}

static void a_handshake_byte_by_byte_succeeds(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct one one;
		int near[2], far[2];

		one_ctx(&one, versions[i]);
		bench_unix_pair(near);
		bench_unix_pair(far);
		ear_init(&one.ear);
		peer_init(&one.peer, far[1]);
		bench_add(&one.bench, &one.peer);
		peer_tls(&one.peer, one.client);
		peer_say(&one.peer, SLICE("hello"));
		EAR(&one.ear, one.ear.conn = conn_accept(one.bench.io, near[0],
				      &one.ssl, &ear_events, &one.ear));
		bench_late(&one.bench, NULL);
		while (!used(&one.ear, "hello")) {
			bench_late(&one.bench, "byte by byte");
			bench_turn(&one.bench);
			drip(near[1], far[0]);
		}
		assert_string_equal(one.ear.order, "od");
		close(near[1]);
		close(far[0]);
		one_fini(&one);
	}
}

static void what_was_written_before_on_open_waits(void **state)
{
	struct one one;

	(void)state;
	one_ctx(&one, TLS1_3_VERSION);
	one_connect(&one, true);
	write_text(&one.ear, "early ");
	write_text(&one.ear, "bird");
	assert_int_equal(conn_outstanding(one.ear.conn), 10);
	BENCH_UNTIL(&one.bench, peer_heard(&one.peer, "early bird"));
	one_fini(&one);
}

static void plain_http_is_named(void **state)
{
	static const struct {
		const char *text;
		bool http;
	} table[] = {
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
		{"DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n", true},
		{"PROPFIND /x HTTP/1.1\r\nHost: a\r\n\r\n", true},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", true},
		{"GETTING", false},
		{"EHLO", false},
		{"\x80\x2e\x01\x03\x01 old times old times", false},
		{"complete nonsense", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct one one;

		one_ctx(&one, TLS1_3_VERSION);
		bench_connect(&one.bench, &one.ear, &one.peer, true, &one.ssl);
		peer_say(&one.peer, slice_str(table[i].text));
		bench_settle(&one.bench);
		assert_int_equal(shutdown(one.peer.fd, SHUT_WR), 0);
		BENCH_UNTIL(&one.bench, one.ear.fails);
		assert_int_equal(one.ear.why, CONN_FAIL_HANDSHAKE);
		if (table[i].http)
			assert_string_equal(one.ear.error, "http request");
		else
			assert_string_not_equal(one.ear.error, "http request");
		assert_true(one.ear.error[0]);
		one_fini(&one);
	}
}

static void a_peer_that_leaves_in_the_handshake_is_told(void **state)
{
	(void)state;
	for (int reset = 0; reset < 2; reset++) {
		struct one one;

		one_ctx(&one, TLS1_3_VERSION);
		bench_connect(&one.bench, &one.ear, &one.peer, true, &one.ssl);
		peer_say(&one.peer, SLICE("\x16\x03\x01\x01"));
		bench_settle(&one.bench);
		if (reset)
			peer_reset(&one.peer);
		else
			peer_close(&one.peer);
		BENCH_UNTIL(&one.bench, one.ear.fails);
		assert_string_equal(one.ear.order, "f");
		assert_int_equal(one.ear.why,
			reset ? CONN_FAIL_RESET : CONN_FAIL_HANDSHAKE);
		assert_string_equal(
			one.ear.error, reset ? "Connection reset by peer"
					     : "closed during the handshake");
		one_fini(&one);
	}
}

static void the_peers_alert_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct one one;

		one_ctx(&one, versions[i]);
		/* A client that trusts nobody. */
		SSL_CTX_free(one.client);
		one.client = SSL_CTX_new(TLS_client_method());
		SSL_CTX_set_verify(one.client, SSL_VERIFY_PEER, NULL);
		one_connect(&one, true);
		BENCH_UNTIL(&one.bench, one.ear.fails);
		assert_int_equal(one.ear.why, CONN_FAIL_HANDSHAKE);
		assert_string_equal(one.ear.error, "tlsv1 alert unknown ca");
		one_fini(&one);
	}
}

static void finish_on_fail(struct ear *ear, enum ear_event event)
{
	if (event == EAR_FAIL)
		ear_finish(ear);
}

/*
 * In TLS 1.3 the client is done before the server judges its certificate, and
 * its first request lies unread in the socket when the alert is written: a
 * close would reset the connection, and the alert would be lost.
 */
static void the_alert_of_a_refusal_arrives_every_time(void **state)
{
	static char bytes[60000];
	unsigned lost = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct one one;

		one_ctx(&one, versions[i & 1]);
		SSL_CTX_free(one.client);
		one.client = client_ctx(false);
		SSL_set_verify(one.ssl,
			SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			NULL);
		one_connect(&one, true);
		one.ear.then = finish_on_fail;
		peer_say(&one.peer,
			slice_of(bytes, (size_t)(i % 3) * 20000 + 1));
		BENCH_UNTIL(&one.bench, one.peer.error);
		assert_int_equal(one.ear.why, CONN_FAIL_HANDSHAKE);
		assert_string_equal(
			one.ear.error, "peer did not return a certificate");
		lost += one.peer.alert < 0;
		one_fini(&one);
	}
	assert_int_equal(lost, 0);
}

/* ---- end of data ---- */

static void shut_tls(struct peer *peer)
{
	SSL_shutdown(peer->ssl);
}

static void close_notify_is_a_clean_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct one one;

		one_open(&one, versions[i], true);
		peer_say(&one.peer, SLICE("last words"));
		BENCH_UNTIL(&one.bench, !one.peer.out.len);
		shut_tls(&one.peer);
		shutdown(one.peer.fd, SHUT_WR);
		BENCH_UNTIL(&one.bench, one.ear.eofs);
		assert_true(used(&one.ear, "last words"));
		write_text(&one.ear, "mine");
		BENCH_UNTIL(&one.bench, peer_heard(&one.peer, "mine"));
		bench_settle(&one.bench);
		assert_string_equal(one.ear.order, "ode");
		one_fini(&one);
	}
}

static void a_fin_without_close_notify_is_a_truncation(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct one one;

		one_open(&one, versions[i], true);
		assert_int_equal(SSL_write(one.peer.ssl, "half a", 6), 6);
		shutdown(one.peer.fd, SHUT_WR);
		BENCH_UNTIL(&one.bench, one.ear.fails);
		assert_true(used(&one.ear, "half a"));
		assert_int_equal(one.ear.why, CONN_FAIL_TRUNCATED);
		assert_string_equal(one.ear.order, "odf");
		one_fini(&one);
	}
}

static void a_fin_in_the_middle_of_a_record_is_a_truncation(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, TLS1_3_VERSION, true);
	assert_int_equal(send(one.peer.fd,
				 "\x17\x03\x03\x00\x30"
				 "abc",
				 8, 0),
		8);
	shutdown(one.peer.fd, SHUT_WR);
	BENCH_UNTIL(&one.bench, one.ear.fails);
	assert_int_equal(one.ear.why, CONN_FAIL_TRUNCATED);
	assert_string_equal(one.ear.order, "of");
	one_fini(&one);
}

static void an_end_while_paused_is_told_after_resume(void **state)
{
	(void)state;
	for (int clean = 0; clean < 2; clean++) {
		struct one one;

		one_open(&one, TLS1_3_VERSION, true);
		EAR(&one.ear, conn_pause(one.ear.conn));
		assert_int_equal(SSL_write(one.peer.ssl, "abc", 3), 3);
		if (clean)
			shut_tls(&one.peer);
		shutdown(one.peer.fd, SHUT_WR);
		BENCH_UNTIL(&one.bench, conn_peer_closed(one.ear.conn));
		bench_settle(&one.bench);
		assert_string_equal(one.ear.order, "o");
		EAR(&one.ear, conn_resume(one.ear.conn));
		BENCH_UNTIL(&one.bench, one.ear.fails || one.ear.eofs);
		assert_string_equal(one.ear.order, clean ? "ode" : "odf");
		assert_true(used(&one.ear, "abc"));
		one_fini(&one);
	}
}

static void end_says_close_notify_and_reading_goes_on(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct one one;
		char byte;

		one_open(&one, versions[i], true);
		write_text(&one.ear, "last words");
		EAR(&one.ear, conn_end(one.ear.conn));
		BENCH_UNTIL(&one.bench, one.peer.eof); /* close_notify */
		assert_true(peer_heard(&one.peer, "last words"));
		assert_int_equal(recv(one.peer.fd, &byte, 1, 0), 0);
		peer_say(&one.peer, SLICE("I still speak"));
		BENCH_UNTIL(&one.bench, used(&one.ear, "I still speak"));
		write_text(&one.ear, "dropped");
		bench_settle(&one.bench);
		assert_int_equal(one.ear.fails, 0);
		shut_tls(&one.peer);
		BENCH_UNTIL(&one.bench, one.ear.eofs);
		one_fini(&one);
	}
}

static void finish_says_everything_then_close_notify(void **state)
{
	static char bytes[16 << 20];
	struct one one;

	(void)state;
	one_open(&one, TLS1_3_VERSION, true);
	one.peer.counting = true;
	EAR(&one.ear, conn_write(one.ear.conn, slice_of(bytes, sizeof(bytes))));
	write_text(&one.ear, "x");
	ear_finish(&one.ear);
	BENCH_UNTIL(&one.bench, one.peer.eof);
	assert_int_equal(one.peer.error, 0);
	assert_int_equal(one.peer.got, sizeof(bytes) + 1);
	assert_int_equal(conn_io_lingering(one.bench.io), 1);
	peer_close(&one.peer);
	BENCH_UNTIL(&one.bench, !conn_io_lingering(one.bench.io));
	one_fini(&one);
}

static void abort_says_nothing_and_resets(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, TLS1_3_VERSION, true);
	write_text(&one.ear, "never sent");
	ear_abort(&one.ear);
	BENCH_UNTIL(&one.bench, one.peer.error);
	assert_int_equal(one.peer.error, ECONNRESET);
	assert_false(one.peer.eof);
	assert_int_equal(one.peer.got, 0);
	one_fini(&one);
}

static void a_reset_is_told_also_while_paused(void **state)
{
	(void)state;
	for (int paused = 0; paused < 2; paused++) {
		struct one one;

		one_open(&one, TLS1_3_VERSION, true);
		if (paused)
			EAR(&one.ear, conn_pause(one.ear.conn));
		peer_reset(&one.peer);
		BENCH_UNTIL(&one.bench, one.ear.fails);
		assert_int_equal(one.ear.why, CONN_FAIL_RESET);
		one_fini(&one);
	}
}

/* ---- records ---- */

static void a_broken_record_is_answered_with_an_alert(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, TLS1_3_VERSION, true);
	one.ear.then = finish_on_fail;
	assert_int_equal(send(one.peer.fd,
				 "\x17\x03\x03\x00\x20"
				 "0123456789abcdef0123456789abcdef",
				 37, 0),
		37);
	BENCH_UNTIL(&one.bench, one.peer.alert >= 0);
	assert_int_equal(one.ear.why, CONN_FAIL_TLS);
	assert_int_equal(one.peer.alert, SSL_AD_BAD_RECORD_MAC);
	assert_true(one.ear.error[0]);
	one_fini(&one);
}

static void small_writes_become_one_record(void **state)
{
	struct one one;
	uint64_t before;

	(void)state;
	one_open(&one, TLS1_3_VERSION, true);
	before = conn_sent(one.ear.conn);
	write_text(&one.ear, "one ");
	write_text(&one.ear, "two ");
	write_text(&one.ear, "three");
	assert_int_equal(conn_outstanding(one.ear.conn), 13);
	BENCH_UNTIL(&one.bench, peer_heard(&one.peer, "one two three"));
	assert_int_equal(conn_sent(one.ear.conn) - before, 13 + RECORD_13);
	one_fini(&one);
}

static void records_are_full(void **state)
{
	static char bytes[65536];
	static const size_t pieces[] = {65536, 16384, 20000, 5000, 4095, 100};

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		size_t total = 0;
		struct one one;
		uint64_t before;

		one_open(&one, TLS1_3_VERSION, true);
		one.peer.counting = true;
		before = conn_sent(one.ear.conn);
		write_text(&one.ear, "HTTP/1.1 200 OK"); /* a head */
		total += 15;
		while (total < 65551) {
			EAR(&one.ear, conn_write(one.ear.conn,
					      slice_of(bytes, pieces[i])));
			total += pieces[i];
		}
		BENCH_UNTIL(&one.bench, one.peer.got == total);
		print_message("pieces of %zu: %llu records for %zu bytes\n",
			pieces[i],
			(unsigned long long)(conn_sent(one.ear.conn) - before -
					     total) /
				RECORD_13,
			total);
		assert_true(conn_sent(one.ear.conn) - before - total <=
			    (total / 16384 + 2) * RECORD_13);
		one_fini(&one);
	}
}

static void several_records_are_shown_in_one_piece(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, TLS1_3_VERSION, false);
	for (int i = 0; i < 20; i++)
		assert_int_equal(SSL_write(one.peer.ssl, "0123456789", 10), 10);
	BENCH_UNTIL(&one.bench, one.ear.data.len == 200);
	assert_int_equal(one.ear.datas, 1);
	one_fini(&one);
}

static void pause_in_on_data(struct ear *ear, enum ear_event event)
{
	if (event == EAR_DATA)
		EAR(ear, conn_pause(ear->conn));
}

static void ciphertext_left_at_a_pause_is_kept_in_bounds(void **state)
{
	static char bytes[200000];
	struct one one;
	size_t idle, peak = 0;

	(void)state;
	bench_fill(bytes, sizeof(bytes), 0);
	one_open(&one, TLS1_3_VERSION, true);
	idle = conn_memory(one.ear.conn);
	one.ear.then = pause_in_on_data;
	one.ear.use = 100;
	peer_say(&one.peer, slice_of(bytes, sizeof(bytes)));
	bench_settle(&one.bench);
	shut_tls(&one.peer);
	shutdown(one.peer.fd, SHUT_WR);
	BENCH_UNTIL(&one.bench, one.ear.datas);
	while (!one.ear.eofs) {
		bench_late(&one.bench, "eof");
		assert_true(bench_is(buf_bytes(&one.ear.data), 0));
		peak = conn_memory(one.ear.conn) > peak
			       ? conn_memory(one.ear.conn)
			       : peak;
		one.ear.use = one.ear.use * 2;
		EAR(&one.ear, conn_resume(one.ear.conn));
		bench_turn(&one.bench);
	}
	assert_int_equal(one.ear.data.len, sizeof(bytes));
	assert_true(peak < 300000);
	assert_int_equal(conn_memory(one.ear.conn), idle);
	one_fini(&one);
}

static void pause_in_on_open(struct ear *ear, enum ear_event event)
{
	if (event == EAR_OPEN)
		EAR(ear, conn_pause(ear->conn));
}

static void a_pause_in_on_open_keeps_what_came_with_the_handshake(void **state)
{
	struct one one;

	(void)state;
	one_ctx(&one, TLS1_3_VERSION);
	one_connect(&one, true);
	one.ear.then = pause_in_on_open;
	peer_say(&one.peer, SLICE("request"));
	BENCH_UNTIL(&one.bench, one.ear.opens);
	bench_settle(&one.bench);
	assert_string_equal(one.ear.order, "o");
	EAR(&one.ear, conn_resume(one.ear.conn));
	BENCH_UNTIL(&one.bench, used(&one.ear, "request"));
	one_fini(&one);
}

static void ciphertext_and_fin_in_one_segment_both_count(void **state)
{
	static char bytes[60000];

	(void)state;
	bench_fill(bytes, sizeof(bytes), 0);
	for (int clean = 0; clean < 2; clean++) {
		struct one one;

		one_open(&one, TLS1_3_VERSION, false);
		for (size_t at = 0; at < sizeof(bytes); at += 10000)
			assert_int_equal(
				SSL_write(one.peer.ssl, bytes + at, 10000),
				10000);
		if (clean)
			shut_tls(&one.peer);
		shutdown(one.peer.fd, SHUT_WR);
		BENCH_UNTIL(&one.bench, one.ear.eofs || one.ear.fails);
		assert_string_equal(one.ear.order, clean ? "ode" : "odf");
		assert_int_equal(one.ear.data.len, sizeof(bytes));
		assert_true(bench_is(buf_bytes(&one.ear.data), 0));
		one_fini(&one);
	}
}

/* ---- streams ---- */

static void check_stream(int version, bool tcp, bool in_place)
{
	static char bytes[CONN_GATHER / 4];
	const size_t total = 3 << 20;
	size_t at = 0, checked = 0;
	unsigned seed = 5;
	struct one one;

	one_open(&one, version, tcp);
	one.peer.read_max = 300000;
	while (checked < total) {
		size_t n;

		while (at < total && conn_outstanding(one.ear.conn) < 500000) {
			size_t room;
			char *to = bytes;

			seed = seed * 1103515245 + 12345;
			n = seed >> 16;
			n %= seed & 0x100 ? 100 : sizeof(bytes);
			n = n < total - at ? n : total - at;
			room = n + n / 2 < sizeof(bytes) ? n + n / 2
							 : sizeof(bytes);
			if (in_place)
				to = conn_reserve(one.ear.conn, room);
			assert_non_null(to);
			bench_fill(to, n, at);
			if (in_place)
				EAR(&one.ear, conn_commit(one.ear.conn, n));
			else
				EAR(&one.ear, conn_write(one.ear.conn,
						      slice_of(to, n)));
			at += n;
			if (!(seed & 0xe00))
				break; /* the event ends here */
		}
		bench_turn(&one.bench);
		assert_int_equal(one.peer.error, 0);
		n = one.peer.in.len;
		assert_true(bench_is(buf_bytes(&one.peer.in), checked));
		buf_consume(&one.peer.in, n);
		checked += n;
	}
	assert_int_equal(conn_outstanding(one.ear.conn), 0);
	one_fini(&one);
}

static void pieces_of_all_sizes_arrive_in_order(void **state)
{
	(void)state;
	for (int way = 0; way < 8; way++)
		check_stream(versions[way & 1], way & 2, way & 4);
}

enum { LONG = 16 << 20 };

struct source {
	size_t at;
	size_t peak;
};

/* Writes the stream until told that it is full. */
static void pour(struct ear *ear, enum ear_event event)
{
	static char bytes[50000];
	struct source *source = ear->arg;
	bool ok = true;

	if (event != EAR_OPEN && event != EAR_ROOM)
		return;
	while (ok && source->at < LONG) {
		size_t n = LONG - source->at;
		size_t held;

		n = n < sizeof(bytes) ? n : sizeof(bytes);
		bench_fill(bytes, n, source->at);
		EAR(ear, ok = conn_write(ear->conn, slice_of(bytes, n)));
		source->at += n;
		held = conn_outstanding(ear->conn);
		source->peak = held > source->peak ? held : source->peak;
	}
}

static void long_streams_to_a_slow_reader_stay_bounded(void **state)
{
	size_t checked = 0, memory = 0;
	struct source source = {0};
	struct one one;

	(void)state;
	one_ctx(&one, TLS1_3_VERSION);
	one_connect(&one, true);
	one.ear.then = pour;
	one.ear.arg = &source;
	one.peer.read_max = 70000;
	bench_late(&one.bench, NULL);
	while (checked < LONG) {
		size_t n;

		bench_late(&one.bench, "the stream");
		bench_turn(&one.bench);
		n = one.peer.in.len;
		assert_true(bench_is(buf_bytes(&one.peer.in), checked));
		buf_consume(&one.peer.in, n);
		checked += n;
		n = conn_memory(one.ear.conn);
		memory = n > memory ? n : memory;
	}
	assert_true(source.peak < CONN_HIGH + 51000);
	assert_true(memory < 300000);
	bench_settle(&one.bench);
	assert_true(conn_memory(one.ear.conn) < 1000);
	one_fini(&one);
}

static void long_streams_from_a_fast_peer_stay_bounded(void **state)
{
	static char bytes[100000];
	size_t said = 0, checked = 0, memory = 0, turns = 0;
	struct one one;

	(void)state;
	one_open(&one, TLS1_3_VERSION, true);
	one.ear.then = pause_in_on_data;
	bench_late(&one.bench, NULL);
	while (checked < LONG) {
		size_t n = LONG - said;

		bench_late(&one.bench, "the stream");
		if (!one.peer.out.len && n) {
			n = n < sizeof(bytes) ? n : sizeof(bytes);
			bench_fill(bytes, n, said);
			peer_say(&one.peer, slice_of(bytes, n));
			said += n;
		}
		one.ear.use = 1 + ++turns * 7919 % 90000;
		bench_turn(&one.bench);
		n = one.ear.data.len;
		assert_true(bench_is(buf_bytes(&one.ear.data), checked));
		buf_consume(&one.ear.data, n);
		checked += n;
		n = conn_memory(one.ear.conn);
		memory = n > memory ? n : memory;
		EAR(&one.ear, conn_resume(one.ear.conn));
	}
	assert_true(memory < 450000);
	one_fini(&one);
}

static void the_gather_buffer_goes_to_who_writes(void **state)
{
	struct one one;
	struct ear plain;
	struct peer other;

	(void)state;
	one_open(&one, TLS1_3_VERSION, true);
	bench_connect(&one.bench, &plain, &other, false, NULL);
	BENCH_UNTIL(&one.bench, plain.opens);
	for (int i = 0; i < 3; i++) {
		write_text(&one.ear, "a1");
		write_text(&one.ear, "a2");
		write_text(&plain, "b1"); /* flushes the first */
		assert_int_equal(conn_outstanding(one.ear.conn), 0);
		write_text(&one.ear, "a3"); /* flushes the second */
		assert_int_equal(conn_outstanding(plain.conn), 0);
		write_text(&plain, "b2");
	}
	BENCH_UNTIL(&one.bench, peer_heard(&one.peer, "a1a2a3a1a2a3a1a2a3"));
	BENCH_UNTIL(&one.bench, peer_heard(&other, "b1b2b1b2b1b2"));
	ear_fini(&plain);
	one_fini(&one);
}

/* ---- KeyUpdate, renegotiation ---- */

static void key_updates_of_the_peer_are_followed(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, TLS1_3_VERSION, true);
	for (int i = 1; i <= 10; i++) {
		assert_int_equal(SSL_key_update(one.peer.ssl,
					 i & 1 ? SSL_KEY_UPDATE_REQUESTED
					       : SSL_KEY_UPDATE_NOT_REQUESTED),
			1);
		peer_say(&one.peer, SLICE("ping"));
		BENCH_UNTIL(&one.bench, one.ear.data.len == 4 * (size_t)i);
		write_text(&one.ear, "pong");
		BENCH_UNTIL(&one.bench, one.peer.got == 4 * (size_t)i);
	}
	assert_int_equal(one.ear.fails, 0);
	assert_int_equal(one.peer.error, 0);
	one_fini(&one);
}

static void answers_to_key_updates_keep_the_order(void **state)
{
	static char bytes[100000];
	struct one one;
	struct ear plain;
	struct peer other;

	(void)state;
	bench_fill(bytes, sizeof(bytes), 0);
	one_open(&one, TLS1_3_VERSION, true);
	bench_connect(&one.bench, &plain, &other, false, NULL);
	BENCH_UNTIL(&one.bench, plain.opens);
	for (int i = 0; i < 10; i++) {
		/* Another connection owns the buffers when the answer is due */
		assert_int_equal(
			SSL_key_update(one.peer.ssl, SSL_KEY_UPDATE_REQUESTED),
			1);
		assert_int_equal(SSL_do_handshake(one.peer.ssl), 1);
		write_text(&plain, "b");
		EAR(&one.ear, conn_resume(one.ear.conn));
		bench_turn(&one.bench);
		EAR(&one.ear, conn_write(one.ear.conn,
				      slice_of(bytes + i * 10000, 10000)));
	}
	BENCH_UNTIL(&one.bench, one.peer.got == sizeof(bytes));
	assert_true(bench_is(buf_bytes(&one.peer.in), 0));
	ear_fini(&plain);
	one_fini(&one);
}

static void a_flood_of_key_updates_ends_the_connection(void **state)
{
	(void)state;
	for (int requested = 0; requested < 2; requested++) {
		struct one one;
		size_t peak = 0;

		one_open(&one, TLS1_3_VERSION, true);
		one.peer.reading = false;
		bench_late(&one.bench, NULL);
		for (int i = 0; !one.ear.fails; i++) {
			bench_late(&one.bench, "the end of the flood");
			assert_true(i < 100);
			if (SSL_key_update(one.peer.ssl, requested) == 1)
				SSL_do_handshake(one.peer.ssl);
			ERR_clear_error();
			/* A byte of data does not wash it away. */
			SSL_write(one.peer.ssl, "x", 1);
			bench_turn(&one.bench);
			if (conn_memory(one.ear.conn) > peak)
				peak = conn_memory(one.ear.conn);
		}
		assert_int_equal(one.ear.why, CONN_FAIL_TLS);
		assert_string_equal(
			one.ear.error, "too many records without data");
		assert_true(peak < 10000);
		one_fini(&one);
	}
}

static void renegotiation_is_refused_and_its_flood_ends(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, TLS1_2_VERSION, true);
	for (int i = 0; i < 100 && !one.ear.fails && !one.peer.error; i++) {
		SSL_renegotiate(one.peer.ssl);
		SSL_do_handshake(one.peer.ssl);
		ERR_clear_error();
		bench_turn(&one.bench);
	}
	assert_int_equal(one.ear.eofs, 0);
	assert_true(one.ear.fails || one.peer.error);
	one_fini(&one);
}

/* ---- ends inside of events ---- */

static void end_in_event(struct ear *ear, enum ear_event event)
{
	const char *when = ear->arg;

	if (event != (enum ear_event)when[0])
		return;
	if (when[1] == 'a')
		ear_abort(ear);
	else
		ear_finish(ear);
}

static void finish_and_abort_are_allowed_in_every_event(void **state)
{
	static const char *const table[] = {
		"oa", "of", "da", "df", "ea", "ef", "ra", "rf", "fa", "ff"};
	static char bytes[16 << 20];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct one one;

		one_ctx(&one, versions[i & 1]);
		one_connect(&one, true);
		one.ear.then = end_in_event;
		one.ear.arg = (void *)(uintptr_t)table[i];
		one.peer.counting = true;
		if (table[i][0] != 'o')
			BENCH_UNTIL(
				&one.bench, one.ear.opens && one.peer.shaken);
		if (table[i][0] == 'r')
			EAR(&one.ear, conn_write(one.ear.conn,
					      slice_of(bytes, sizeof(bytes))));
		if (table[i][0] == 'f')
			peer_close(&one.peer);
		else
			peer_say(&one.peer, SLICE("abc"));
		if (table[i][0] == 'e') {
			bench_settle(&one.bench);
			shut_tls(&one.peer);
		}
		BENCH_UNTIL(&one.bench, one.ear.over);
		bench_settle(&one.bench);
		assert_null(one.ear.conn);
		one_fini(&one);
	}
}

static void finish_and_abort_are_allowed_in_the_handshake(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct one one;

		one_ctx(&one, TLS1_3_VERSION);
		one_connect(&one, true);
		write_text(&one.ear, "early");
		if (i & 1) {
			bench_turn(&one.bench);
			bench_turn(&one.bench);
		}
		if (i & 2)
			ear_finish(&one.ear);
		else
			ear_abort(&one.ear);
		bench_settle(&one.bench);
		assert_int_equal(one.ear.fails, 0);
		one_fini(&one);
	}
}

static void an_idle_connection_holds_no_buffer(void **state)
{
	struct one one;

	(void)state;
	one_open(&one, TLS1_3_VERSION, true);
	peer_say(&one.peer, SLICE("request"));
	BENCH_UNTIL(&one.bench, one.ear.datas);
	write_text(&one.ear, "answer");
	BENCH_UNTIL(&one.bench, one.peer.got);
	assert_true(conn_memory(one.ear.conn) <= 400);
	one_fini(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_goes_both_ways_and_the_facts_are_told),
		cmocka_unit_test(no_name_and_no_protocol_are_told_as_none),
		cmocka_unit_test(a_handshake_byte_by_byte_succeeds),
		cmocka_unit_test(what_was_written_before_on_open_waits),
		cmocka_unit_test(plain_http_is_named),
		cmocka_unit_test(a_peer_that_leaves_in_the_handshake_is_told),
		cmocka_unit_test(the_peers_alert_is_named),
		cmocka_unit_test(the_alert_of_a_refusal_arrives_every_time),
		cmocka_unit_test(close_notify_is_a_clean_end),
		cmocka_unit_test(a_fin_without_close_notify_is_a_truncation),
		cmocka_unit_test(
			a_fin_in_the_middle_of_a_record_is_a_truncation),
		cmocka_unit_test(an_end_while_paused_is_told_after_resume),
		cmocka_unit_test(end_says_close_notify_and_reading_goes_on),
		cmocka_unit_test(finish_says_everything_then_close_notify),
		cmocka_unit_test(abort_says_nothing_and_resets),
		cmocka_unit_test(a_reset_is_told_also_while_paused),
		cmocka_unit_test(a_broken_record_is_answered_with_an_alert),
		cmocka_unit_test(small_writes_become_one_record),
		cmocka_unit_test(records_are_full),
		cmocka_unit_test(several_records_are_shown_in_one_piece),
		cmocka_unit_test(ciphertext_left_at_a_pause_is_kept_in_bounds),
		cmocka_unit_test(
			a_pause_in_on_open_keeps_what_came_with_the_handshake),
		cmocka_unit_test(ciphertext_and_fin_in_one_segment_both_count),
		cmocka_unit_test(pieces_of_all_sizes_arrive_in_order),
		cmocka_unit_test(long_streams_to_a_slow_reader_stay_bounded),
		cmocka_unit_test(long_streams_from_a_fast_peer_stay_bounded),
		cmocka_unit_test(the_gather_buffer_goes_to_who_writes),
		cmocka_unit_test(key_updates_of_the_peer_are_followed),
		cmocka_unit_test(answers_to_key_updates_keep_the_order),
		cmocka_unit_test(a_flood_of_key_updates_ends_the_connection),
		cmocka_unit_test(renegotiation_is_refused_and_its_flood_ends),
		cmocka_unit_test(finish_and_abort_are_allowed_in_every_event),
		cmocka_unit_test(finish_and_abort_are_allowed_in_the_handshake),
		cmocka_unit_test(an_idle_connection_holds_no_buffer),
	};

	return cmocka_run_group_tests(tests, pki_init, pki_fini);
}
