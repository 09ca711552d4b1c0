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
	};
	int failed;

	tls_files_init(&files);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	tls_files_fini(&files);
	return failed;
}
