/* R11, R16: what a context towards an origin is made from, and what is not
 * accepted. Handshakes: tests/e2e/test_tls_origins.py. */
#include "tls/origin_context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/ssl.h>

#include "base/buf.h"
#include "config/config.h"
#include "config/config_problem.h"
#include "tls/origin_context_priv.h"
#include "fake/tls_files.h"

static struct tls_files files;

struct rig {
	struct config_server server;
	struct config_origin config;
	struct config_text pins[2];
	struct buf said;
};

static int start(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	rig->server = (struct config_server){.tls = true, .host = "a.example"};
	rig->config = (struct config_origin){.name = "web",
		.servers = &rig->server,
		.server_count = 1,
		.tls = {.ca = {&files.ca_text, 1},
			.pin_spki_sha256 = {rig->pins, 0}}};
	*state = rig;
	return 0;
}

static int stop(void **state)
{
	struct rig *rig = *state;

	buf_fini(&rig->said);
	free(rig);
	return 0;
}

static struct origin_context *make(struct rig *rig)
{
	struct config_problems *problems = config_problems_new();
	struct origin_context *context =
		origin_context_new(&rig->config, problems);

	assert_int_equal(context == NULL, config_problems_errors(problems) > 0);
	assert_true(config_problems_print(problems, &rig->said));
	config_problems_free(problems);
	return context;
}

static bool said(const struct rig *rig, const char *words)
{
	struct slice text = buf_bytes(&rig->said);

	return memmem(text.ptr, text.len, words, strlen(words));
}

static void refused_with(struct rig *rig, const char *words)
{
	assert_null(make(rig));
	assert_true(said(rig, words));
}

static void it_is_needed_by_https_servers_alone(void **state)
{
	struct rig *rig = *state;

	assert_true(origin_context_needed(&rig->config));
	rig->server.tls = false;
	assert_false(origin_context_needed(&rig->config));
	rig->config.server_count = 0;
	assert_false(origin_context_needed(&rig->config));
}

/* Verifying is not a setting; old versions, weak levels are not spoken. */
static void what_holds_for_every_connection_r16(void **state)
{
	struct rig *rig = *state;
	struct origin_context *context = make(rig);
	struct origin_peer *peer = origin_peer_new(context, "a.example");
	struct ssl_st *ssl = origin_peer_connect(peer);

	assert_non_null(ssl);
	assert_false(SSL_is_server(ssl));
	assert_int_equal(SSL_get_verify_mode(ssl), SSL_VERIFY_PEER);
	assert_int_equal(SSL_get_min_proto_version(ssl), TLS1_2_VERSION);
	assert_int_equal(SSL_get_security_level(ssl), 2);
	assert_string_equal(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name),
		"a.example");
	SSL_free(ssl);
	origin_peer_free(peer);
	origin_context_free(context);
}

static void an_address_is_not_asked_for_by_name(void **state)
{
	struct rig *rig = *state;
	struct origin_context *context = make(rig);
	struct origin_peer *peer = origin_peer_new(context, "::1");
	struct ssl_st *ssl = origin_peer_connect(peer);

	assert_non_null(ssl);
	assert_null(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
	SSL_free(ssl);
	origin_peer_free(peer);
	origin_context_free(context);
}

static void pins_have_two_spellings(void **state)
{
	static const char *const good[] = {
		"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		"sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8"
		"55",
		"E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:27:AE:41:E4:64"
		":9B:93:4C:A4:95:99:1B:78:52:B8:55"};
	static const char *const bad[] = {"", "ab", "47DEQpj8HBSa",
		"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF==",
		"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSu*U=",
		"sha1//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8"
		"5500",
		"e:3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b"
		"855"};
	struct rig *rig = *state;

	rig->config.tls.pin_spki_sha256.count = 1;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct origin_context *context;

		rig->pins[0].text = good[i];
		context = make(rig);
		assert_non_null(context);
		origin_context_free(context);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		rig->pins[0].text = bad[i];
		refused_with(rig, "is not the SHA-256 of a public key");
	}
}

static void what_cannot_be_used_is_refused_r11(void **state)
{
	struct rig *rig = *state;
	struct config_text none = {.text = "/nonexistent/ca.pem"};

	rig->config.tls.server_name.text = "a b";
	refused_with(rig, "origins.web.tls.server_name: \"a b\" is neither");
	rig->config.tls.server_name.text = NULL;
	rig->config.tls.ca.items = &none;
	refused_with(rig, "origins.web.tls.ca: /nonexistent/ca.pem");
	rig->config.tls.ca.items = &files.ca_text;
	/* the key of another certificate */
	rig->config.tls.cert.text = files.ca_path;
	rig->config.tls.key.text = files.key;
	refused_with(rig, "origins.web.tls.key: ");
}

static void our_certificate_need_not_be_a_servers(void **state)
{
	struct rig *rig = *state;
	struct origin_context *context;

	rig->config.tls.cert.text = files.cert;
	rig->config.tls.key.text = files.key;
	context = make(rig);
	assert_non_null(context);
	/* this one is: it is warned of, in the words of a client */
	assert_true(said(rig, "is not made for a client"));
	origin_context_free(context);
}

/* ---- sessions ---- */

static SSL_CTX *server_of(const struct mint *leaf, int version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	assert_non_null(ctx);
	SSL_CTX_set_max_proto_version(ctx, version);
	assert_int_equal(SSL_CTX_use_certificate(ctx, leaf->cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, leaf->key), 1);
	return ctx;
}

/* One connection, in memory; was it a resumption? */
static bool shake(struct origin_peer *peer, SSL_CTX *server)
{
	SSL *ssl = origin_peer_connect(peer), *other = SSL_new(server);
	BIO *near, *far;
	char byte;
	bool reused;

	assert_int_equal(BIO_new_bio_pair(&near, 1 << 20, &far, 1 << 20), 1);
	SSL_set_bio(ssl, near, near);
	SSL_set_bio(other, far, far);
	SSL_set_connect_state(ssl);
	SSL_set_accept_state(other);
	for (int i = 0; i < 10; i++) {
		(void)SSL_do_handshake(ssl);
		(void)SSL_do_handshake(other);
	}
	assert_true(SSL_is_init_finished(ssl));
	assert_true(SSL_is_init_finished(other));
	for (int i = 0; i < 20; i++) /* its tickets */
		assert_true(SSL_read(ssl, &byte, 1) <= 0);
	reused = SSL_session_reused(ssl);
	SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_set_shutdown(other, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(ssl);
	SSL_free(other);
	return reused;
}

/* As if the certificate of each had been verified so long ago. */
static void make_old(struct origin_peer *peer, long seconds)
{
	for (size_t i = 0; i < peer->session_count; i++) {
		SSL_SESSION *session = peer->sessions[i];
		void *data = NULL;
		int64_t at;
		size_t len;

		assert_int_equal(
			SSL_SESSION_get0_ticket_appdata(session, &data, &len),
			1);
		assert_int_equal(len, sizeof(at));
		memcpy(&at, data, sizeof(at));
		at -= seconds;
		assert_int_equal(SSL_SESSION_set1_ticket_appdata(
					 session, &at, sizeof(at)),
			1);
	}
}

static void sessions_end_an_hour_behind_the_full_handshake(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct rig *rig = *state;

	for (size_t i = 0; i < 2; i++) {
		struct origin_context *context = make(rig);
		struct origin_peer *peer =
			origin_peer_new(context, "localhost");
		SSL_CTX *server = server_of(files.server, versions[i]);

		assert_false(shake(peer, server));
		assert_true(shake(peer, server));
		make_old(peer, ORIGIN_SESSION_S / 2);
		/* what it brings is as old as what it went on with */
		assert_true(shake(peer, server));
		make_old(peer, ORIGIN_SESSION_S / 2);
		assert_false(shake(peer, server));
		assert_true(peer->session_count <= ORIGIN_SESSIONS);
		SSL_CTX_free(server);
		origin_peer_free(peer);
		origin_context_free(context);
	}
}

static void a_few_sessions_are_kept(void **state)
{
	struct rig *rig = *state;
	struct origin_context *context = make(rig);
	struct origin_peer *peer = origin_peer_new(context, "localhost");
	SSL_CTX *server = server_of(files.server, TLS1_3_VERSION);

	SSL_CTX_set_num_tickets(server, 20);
	assert_false(shake(peer, server));
	assert_int_equal(peer->session_count, ORIGIN_SESSIONS);
	SSL_CTX_free(server);
	origin_peer_free(peer);
	origin_context_free(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			it_is_needed_by_https_servers_alone, start, stop),
		cmocka_unit_test_setup_teardown(
			what_holds_for_every_connection_r16, start, stop),
		cmocka_unit_test_setup_teardown(
			an_address_is_not_asked_for_by_name, start, stop),
		cmocka_unit_test_setup_teardown(
			pins_have_two_spellings, start, stop),
		cmocka_unit_test_setup_teardown(
			what_cannot_be_used_is_refused_r11, start, stop),
		cmocka_unit_test_setup_teardown(
			our_certificate_need_not_be_a_servers, start, stop),
		cmocka_unit_test_setup_teardown(
			sessions_end_an_hour_behind_the_full_handshake, start,
			stop),
		cmocka_unit_test_setup_teardown(
			a_few_sessions_are_kept, start, stop),
	};
	int failed;

	tls_files_init(&files);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	tls_files_fini(&files);
	return failed;
}
