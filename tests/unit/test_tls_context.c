/*
 * R11, R12, R16, R23: what a listener's context takes from its files, what it
 * negotiates, and that it resumes nothing.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/config_problem.h"
#include "fake/cert_mint.h"
#include "fake/heap_scan.h"
#include "fake/tls_files.h"
#include "fake/tls_pair.h"
#include "tls/client_auth.h"
#include "tls/ticket_ring.h"
#include "tls/tls_context.h"

static struct tls_files files;
static struct mint *client;

enum { NO_ALERT = -1, DAY = 86400 };

static struct tls_context *context_of(const struct config_listener *listener)
{
	struct config_problems *problems = config_problems_new();
	struct tls_context *context = tls_context_new(
		&(struct tls_context_setup){.listener = listener}, problems);
	struct buf text = {0};

	assert_true(config_problems_print(problems, &text));
	if (!context)
		fail_msg("%.*s", SLICE_FMT(buf_bytes(&text)));
	buf_fini(&text);
	config_problems_free(problems);
	return context;
}

/* One handshake of `client_ctx` (lent) with `context`. */
static void shake(struct tls_context *context, SSL_CTX *client_ctx,
	SSL_SESSION *session, struct tls_pair *pair, struct client_auth *auth)
{
	struct ssl_st *ssl = tls_context_accept(context, auth);

	assert_non_null(ssl);
	tls_pair_init(pair, &ssl, client_ctx);
	if (session)
		assert_int_equal(SSL_set_session(pair->client, session), 1);
	tls_pair_run(pair);
	client_auth_finish(auth, pair->server);
}

static SSL_CTX *good_client(int version)
{
	struct tls_show show = {.leaf = client};

	return tls_client_new(version, &show);
}

/* ---- R12: session_resumption: disabled, though there are keys ---- */

static struct tls_context *disabled(struct ticket_ring **ring)
{
	struct config_problems *problems = config_problems_new();
	static struct config_listener listener;
	struct tls_context *context;
	struct err err;

	*ring = ticket_ring_new(&err);
	assert_non_null(*ring);
	listener = files.listener;
	listener.tls.session_resumption = SESSION_RESUMPTION_DISABLED;
	context = tls_context_new(
		&(struct tls_context_setup){
			.listener = &listener, .ring = *ring},
		problems);
	assert_non_null(context);
	config_problems_free(problems);
	return context;
}

static void no_ticket_and_no_session_id_is_given(void **state)
{
	struct ticket_ring *ring;
	struct tls_context *context = disabled(&ring);

	(void)state;
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION;
		version++) {
		SSL_CTX *ctx = good_client(version);
		struct client_auth auth;
		struct tls_pair pair;

		shake(context, ctx, NULL, &pair, &auth);
		assert_true(pair.server_done && pair.client_done);
		assert_true(tls_pair_echo(&pair));
		assert_int_equal(pair.tickets, 0);
		assert_false(SSL_SESSION_is_resumable(
			SSL_get0_session(pair.client)));
		assert_false(
			SSL_SESSION_has_ticket(SSL_get0_session(pair.client)));
		tls_pair_fini(&pair);
		SSL_CTX_free(ctx);
	}
	tls_context_free(context);
	ticket_ring_free(ring);
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	SSL_SESSION **kept = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	SSL_SESSION_free(*kept);
	*kept = session;
	return 1;
}

/*
 * A server that resumes gladly, with the ticket keys of `context`: what it
 * gives out decrypts there.
 */
static SSL_CTX *generous_server(struct tls_context *context, bool tickets)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	struct client_auth auth;
	struct ssl_st *ssl = tls_context_accept(context, &auth);
	unsigned char keys[80];

	assert_int_equal(SSL_CTX_get_tlsext_ticket_keys(
				 SSL_get_SSL_CTX(ssl), keys, sizeof(keys)),
		1);
	assert_int_equal(
		SSL_CTX_set_tlsext_ticket_keys(ctx, keys, sizeof(keys)), 1);
	SSL_free(ssl);
	SSL_CTX_use_certificate(ctx, files.server->cert);
	SSL_CTX_use_PrivateKey(ctx, files.server->key);
	SSL_CTX_set_session_id_context(
		ctx, (const unsigned char *)"mtlsgate", 8);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	if (!tickets)
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	return ctx;
}

static void accept_with(SSL_CTX *server, SSL_CTX *client_ctx,
	SSL_SESSION *session, struct tls_pair *pair)
{
	struct ssl_st *ssl = SSL_new(server);

	SSL_set_accept_state(ssl);
	tls_pair_init(pair, &ssl, client_ctx);
	if (session)
		assert_int_equal(SSL_set_session(pair->client, session), 1);
	tls_pair_run(pair);
	assert_true(pair->server_done && pair->client_done);
	assert_true(tls_pair_echo(pair));
	SSL_shutdown(pair->server);
	SSL_shutdown(pair->client);
}

/* The old session is shown to our context: a full handshake must follow. */
static void show_old_session(
	struct tls_context *context, SSL_CTX *ctx, SSL_SESSION *session)
{
	struct client_auth auth;
	struct tls_pair pair;

	shake(context, ctx, session, &pair, &auth);
	assert_true(pair.server_done && pair.client_done);
	assert_false(SSL_session_reused(pair.server));
	assert_false(SSL_session_reused(pair.client));
	assert_int_equal(auth.state, CLIENT_AUTH_OK);
	assert_int_equal(auth.sent, 1);
	assert_int_equal(pair.tickets, 0);
	assert_true(tls_pair_echo(&pair));
	tls_pair_fini(&pair);
}

static void resumption_is_refused(int version, bool tickets)
{
	struct ticket_ring *ring;
	struct tls_context *context = disabled(&ring);
	SSL_CTX *server = generous_server(context, tickets);
	SSL_CTX *ctx = good_client(version);
	SSL_SESSION *session = NULL, *copy;
	struct client_auth auth;
	struct ssl_st *ssl = tls_context_accept(context, &auth);
	struct tls_pair pair;

	SSL_CTX_set_session_cache_mode(
		ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_set_app_data(ctx, &session);
	SSL_CTX_sess_set_new_cb(ctx, keep_session);
	accept_with(server, ctx, NULL, &pair);
	assert_non_null(session);
	/* even if it lay in our cache (a copy: a session knows one cache) */
	copy = SSL_SESSION_dup(SSL_get0_session(pair.server));
	SSL_CTX_add_session(SSL_get_SSL_CTX(ssl), copy);
	SSL_SESSION_free(copy);
	SSL_free(ssl);
	tls_pair_fini(&pair);
	/* it is a good session: where it was made, it resumes */
	SSL_CTX_sess_set_new_cb(ctx, NULL);
	show_old_session(context, ctx, session);
	accept_with(server, ctx, session, &pair);
	assert_true(SSL_session_reused(pair.server));
	tls_pair_fini(&pair);
	SSL_SESSION_free(session);
	SSL_CTX_free(ctx);
	SSL_CTX_free(server);
	tls_context_free(context);
	ticket_ring_free(ring);
}

static void an_old_ticket_is_not_taken_in_tls_1_2(void **state)
{
	(void)state;
	resumption_is_refused(TLS1_2_VERSION, true);
}

static void an_old_ticket_is_not_taken_in_tls_1_3(void **state)
{
	(void)state;
	resumption_is_refused(TLS1_3_VERSION, true);
}

static void an_old_session_id_is_not_taken_in_tls_1_2(void **state)
{
	(void)state;
	resumption_is_refused(TLS1_2_VERSION, false);
}

static void a_stateful_ticket_is_not_taken_in_tls_1_3(void **state)
{
	(void)state;
	resumption_is_refused(TLS1_3_VERSION, false);
}

/* ---- R16 ---- */

static void the_fast_algorithms_come_first(void **state)
{
	static const struct {
		int version;
		const char *suites; /* as the client orders them */
		const char *chosen;
	} cases[] = {
		{TLS1_3_VERSION,
			"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
			"TLS_AES_128_GCM_SHA256",
			"TLS_AES_128_GCM_SHA256"},
		{TLS1_2_VERSION,
			"ECDHE-ECDSA-AES256-GCM-SHA384:"
			"ECDHE-ECDSA-AES128-GCM-SHA256",
			"ECDHE-ECDSA-AES128-GCM-SHA256"},
	};
	struct tls_context *context = context_of(&files.listener);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		SSL_CTX *ctx = good_client(cases[i].version);
		struct client_auth auth;
		struct tls_pair pair;

		if (cases[i].version == TLS1_3_VERSION)
			SSL_CTX_set_ciphersuites(ctx, cases[i].suites);
		else
			SSL_CTX_set_cipher_list(ctx, cases[i].suites);
		SSL_CTX_set1_groups_list(ctx, "P-521:P-384:P-256:X25519");
		shake(context, ctx, NULL, &pair, &auth);
		assert_true(pair.server_done);
		assert_string_equal(
			SSL_get_cipher(pair.server), cases[i].chosen);
		if (cases[i].version == TLS1_2_VERSION)
			assert_int_equal(SSL_get_shared_group(pair.server, 0),
				NID_X25519);
		tls_pair_fini(&pair);
		SSL_CTX_free(ctx);
	}
	tls_context_free(context);
}

/* What an old or careless client might offer; nothing of it is taken. */
static const struct {
	const char *what;
	int version;
	const char *ciphers;
	const char *sigalgs;
	const char *groups;
	int alert;
} weak[] = {
	{"TLS 1.1", TLS1_1_VERSION, NULL, NULL, NULL, 70},
	{"no forward secrecy", TLS1_2_VERSION, "AES128-GCM-SHA256", NULL, NULL,
		40},
	{"CBC", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", NULL, NULL, 40},
	{"anonymous", TLS1_2_VERSION, "AECDH-AES128-SHA", NULL, NULL, 40},
	{"SHA-1 signatures, 1.2", TLS1_2_VERSION, NULL, "ECDSA+SHA1", NULL, 40},
	{"SHA-224 signatures, 1.2", TLS1_2_VERSION, NULL, "ECDSA+SHA224", NULL,
		40},
	{"finite field groups", TLS1_3_VERSION, NULL, NULL, "ffdhe2048", 40},
};

static void weak_offers_are_refused(void **state)
{
	struct tls_context *context = context_of(&files.listener);

	(void)state;
	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
		SSL_CTX *ctx = good_client(weak[i].version);
		struct client_auth auth;
		struct tls_pair pair;

		if (weak[i].ciphers)
			assert_int_equal(
				SSL_CTX_set_cipher_list(ctx, weak[i].ciphers),
				1);
		if (weak[i].sigalgs)
			assert_int_equal(
				SSL_CTX_set1_sigalgs_list(ctx, weak[i].sigalgs),
				1);
		if (weak[i].groups)
			assert_int_equal(
				SSL_CTX_set1_groups_list(ctx, weak[i].groups),
				1);
		shake(context, ctx, NULL, &pair, &auth);
		if (pair.server_done || pair.alert != weak[i].alert)
			fail_msg("%s: done %d alert %d", weak[i].what,
				pair.server_done, pair.alert);
		tls_pair_fini(&pair);
		SSL_CTX_free(ctx);
	}
	tls_context_free(context);
}

static void min_version_is_held(void **state)
{
	struct config_listener listener = files.listener;
	SSL_CTX *ctx = good_client(TLS1_2_VERSION);
	struct tls_context *context;
	struct client_auth auth;
	struct tls_pair pair;

	(void)state;
	listener.tls.min_version = TLS1_3_VERSION;
	context = context_of(&listener);
	shake(context, ctx, NULL, &pair, &auth);
	assert_false(pair.server_done);
	assert_int_equal(pair.alert, 70);
	tls_pair_fini(&pair);
	SSL_CTX_free(ctx);
	tls_context_free(context);
}

static void renegotiation_is_refused(void **state)
{
	struct tls_context *context = context_of(&files.listener);
	SSL_CTX *ctx = good_client(TLS1_2_VERSION);
	struct client_auth auth;
	struct tls_pair pair;

	(void)state;
	shake(context, ctx, NULL, &pair, &auth);
	assert_true(pair.server_done);
	assert_int_equal(SSL_renegotiate(pair.client), 1);
	pair.client_done = false;
	tls_pair_run(&pair);
	assert_false(pair.client_done);
	assert_int_equal(pair.alert, 100); /* no_renegotiation */
	tls_pair_fini(&pair);
	SSL_CTX_free(ctx);
	tls_context_free(context);
}

static void clients_on_p384_and_p521_pass_in_tls_1_2(void **state)
{
	static const enum mint_key kinds[] = {MINT_P384, MINT_P521};
	struct tls_context *context = context_of(&files.listener);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct mint *leaf = mint_new(&(struct mint_spec){.cn = "curve",
			.issuer = files.ca,
			.eku = "clientAuth",
			.key = kinds[i]});
		struct tls_show show = {.leaf = leaf};
		SSL_CTX *ctx = tls_client_new(TLS1_2_VERSION, &show);
		struct client_auth auth;
		struct tls_pair pair;

		shake(context, ctx, NULL, &pair, &auth);
		assert_int_equal(auth.state, CLIENT_AUTH_OK);
		tls_pair_fini(&pair);
		SSL_CTX_free(ctx);
		mint_free(leaf);
	}
	tls_context_free(context);
}

static void the_system_configuration_is_not_read(void **state)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	(void)state;
	/* OPENSSL_CONF names a file that asks for TLS 1.3 (see main) */
	assert_int_equal(SSL_CTX_get_min_proto_version(ctx), 0);
	SSL_CTX_free(ctx);
}

/* This program again, in a fresh process: see main. */
static int run_self(const char *openssl_config)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		execl("/proc/self/exe", "self", openssl_config, (char *)NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_named_configuration_is_read_and_must_be_there(void **state)
{
	char path[160];

	(void)state;
	snprintf(path, sizeof(path), "%s/openssl.cnf", files.directory);
	assert_int_equal(run_self(path), 3); /* TLS 1.3 is the least */
	snprintf(path, sizeof(path), "%s/missing.cnf", files.directory);
	assert_int_equal(run_self(path), 1);
}

/* ---- ALPN ---- */

static void alpn_knows_http_1_1_and_nothing_else(void **state)
{
	static const struct {
		struct slice offer; /* wire form; empty: no extension */
		int alert;
		const char *chosen;
	} cases[] = {
		{{"", 0}, NO_ALERT, ""},
		{{"\x08http/1.1", 9}, NO_ALERT, "http/1.1"},
		{{"\x02h2\x08http/1.1", 12}, NO_ALERT, "http/1.1"},
		{{"\x02h2", 3}, 120, ""},
		{{"\x08http/1.0", 9}, 120, ""},
		{{"\x09http/1.1x", 10}, 120, ""},
		{{"\x01\x08\x07ttp/1.1", 10}, 120, ""},
	};
	struct tls_context *context = context_of(&files.listener);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SSL_CTX *ctx = good_client(TLS1_3_VERSION);
		const unsigned char *chosen = NULL;
		struct client_auth auth;
		struct tls_pair pair;
		unsigned len = 0;

		if (cases[i].offer.len)
			SSL_CTX_set_alpn_protos(ctx,
				(const unsigned char *)cases[i].offer.ptr,
				(unsigned)cases[i].offer.len);
		shake(context, ctx, NULL, &pair, &auth);
		assert_int_equal(pair.alert, cases[i].alert);
		SSL_get0_alpn_selected(pair.server, &chosen, &len);
		assert_true(slice_eq(
			slice_of(chosen, len), slice_str(cases[i].chosen)));
		assert_int_equal(pair.server_done, cases[i].alert == NO_ALERT);
		tls_pair_fini(&pair);
		SSL_CTX_free(ctx);
	}
	tls_context_free(context);
}

/* ---- certificate and key ---- */

static void path_of(char path[160], const char *name)
{
	snprintf(path, 160, "%s/%s", files.directory, name);
}

static void every_kind_of_server_key_shakes_hands(void **state)
{
	static const enum mint_key kinds[] = {
		MINT_P256, MINT_P384, MINT_ED25519, MINT_RSA2048};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct mint *server =
			mint_new(&(struct mint_spec){.cn = "localhost",
				.issuer = files.ca,
				.eku = "serverAuth",
				.key = kinds[i]});
		struct config_listener listener = files.listener;
		struct tls_context *context;
		char cert[160], key[160];

		path_of(cert, "kind.pem");
		path_of(key, "kind.key");
		mint_write(files.directory, "kind.pem", "");
		mint_write(files.directory, "kind.key", "");
		mint_write_cert(files.directory, "kind.pem", server);
		mint_write_key(files.directory, "kind.key", server);
		listener.tls.cert.text = cert;
		listener.tls.key.text = key;
		context = context_of(&listener);
		for (int v = TLS1_2_VERSION; v <= TLS1_3_VERSION; v++) {
			SSL_CTX *ctx = good_client(v);
			struct client_auth auth;
			struct tls_pair pair;

			shake(context, ctx, NULL, &pair, &auth);
			assert_int_equal(auth.state, CLIENT_AUTH_OK);
			assert_true(tls_pair_echo(&pair));
			tls_pair_fini(&pair);
			SSL_CTX_free(ctx);
		}
		tls_context_free(context);
		mint_free(server);
	}
}

static void the_chain_is_what_the_file_holds_and_no_more(void **state)
{
	struct mint *middle = mint_ca("Server CA", files.ca);
	struct mint *server = mint_server("localhost", middle);
	struct config_listener listener = files.listener;
	char cert[160], key[160];

	(void)state;
	path_of(cert, "chain.pem");
	path_of(key, "chain.key");
	mint_write_cert(files.directory, "chain.pem", server);
	mint_write_key(files.directory, "chain.key", server);
	listener.tls.cert.text = cert;
	listener.tls.key.text = key;
	for (int count = 1; count <= 2; count++) {
		struct tls_context *context = context_of(&listener);
		SSL_CTX *ctx = good_client(TLS1_3_VERSION);
		struct client_auth auth;
		struct tls_pair pair;

		shake(context, ctx, NULL, &pair, &auth);
		assert_int_equal(
			sk_X509_num(SSL_get_peer_cert_chain(pair.client)),
			count);
		tls_pair_fini(&pair);
		SSL_CTX_free(ctx);
		tls_context_free(context);
		mint_write_cert(files.directory, "chain.pem", middle);
	}
	mint_free(server);
	mint_free(middle);
}

static void ca_names_reach_the_client(void **state)
{
	struct tls_context *context = context_of(&files.listener);
	SSL_CTX *ctx = good_client(TLS1_3_VERSION);
	struct client_auth auth;
	struct tls_pair pair;

	(void)state;
	shake(context, ctx, NULL, &pair, &auth);
	assert_int_equal(
		sk_X509_NAME_num(SSL_get0_peer_CA_list(pair.client)), 1);
	tls_pair_fini(&pair);
	SSL_CTX_free(ctx);
	tls_context_free(context);
}

/* Files made by write_files. */
static const struct {
	const char *cert;
	const char *key;
	bool works;
	enum exit_code code;
	const char *says[3];
} pairs[] = {
	{"server.pem", "other.key", false, EXIT_CODE_CONFIG,
		{"other.key is not the key of ",
			"certificate CN=localhost has "
			"public key EC P-256",
			"the key file is RSA 2048"}},
	{"server.pem", "other-ec.key", false, EXIT_CODE_CONFIG,
		{"is not the key of", "EC P-256, but another one"}},
	{"reversed.pem", "server.key", false, EXIT_CODE_CONFIG,
		{"is not the key of", "certificate 2 in that file",
			"must come first"}},
	{"missing.pem", "server.key", false, EXIT_CODE_NO_INPUT,
		{"tls.cert: ", "missing.pem cannot be read: No such file"}},
	{"server.pem", "missing.key", false, EXIT_CODE_NO_INPUT,
		{"tls.key: ", "missing.key cannot be read: No such file"}},
	{"server.key", "server.key", false, EXIT_CODE_CONFIG,
		{"tls.cert", "holds no certificate"}},
	{"server.pem", "server.pem", false, EXIT_CODE_CONFIG,
		{"tls.key", "holds no private key"}},
	{"server.pem", "pkcs8-encrypted.key", false, EXIT_CODE_CONFIG,
		{"is encrypted; a passphrase is never asked for"}},
	{"server.pem", "old-encrypted.key", false, EXIT_CODE_CONFIG,
		{"is encrypted; a passphrase is never asked for"}},
	{"server.pem", "two.key", false, EXIT_CODE_CONFIG,
		{"a second private key"}},
	{"server.pem", "garbage.key", false, EXIT_CODE_CONFIG,
		{"no private key of a supported kind"}},
	{"server.pem", "cut.key", false, EXIT_CODE_CONFIG,
		{"a block does not end"}},
	{"cut.pem", "server.key", false, EXIT_CODE_CONFIG,
		{"a block does not end"}},
	{"weak.pem", "weak.key", false, EXIT_CODE_CONFIG,
		{"too weak (RSA 1024)"}},
	{"rsa.pem", "damaged.key", false, EXIT_CODE_CONFIG,
		{"damaged.key is damaged: its signatures do not verify"}},
	{"pss.pem", "pss.key", true, EXIT_CODE_OK, {NULL}},
	{"both.pem", "both.pem", true, EXIT_CODE_OK, {NULL}},
	{"server.pem", "sec1.key", true, EXIT_CODE_OK, {NULL}},
	{"expired.pem", "server.key", true, EXIT_CODE_OK, {"expired on "}},
	{"early.pem", "server.key", true, EXIT_CODE_OK,
		{"is not valid before "}},
	{"clientonly.pem", "server.key", true, EXIT_CODE_OK,
		{"not made for a server"}},
	{"unrelated.pem", "server.key", true, EXIT_CODE_OK,
		{"certificate 2 in ", "did not issue the one before it"}},
};

static void every_wrong_pair_of_files_is_told_in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct config_problems *problems = config_problems_new();
		struct config_listener listener = files.listener;
		struct tls_context *context;
		struct buf text = {0};
		char cert[160], key[160];
		struct slice told;

		path_of(cert, pairs[i].cert);
		path_of(key, pairs[i].key);
		listener.tls.cert.text = cert;
		listener.tls.key.text = key;
		context = tls_context_new(
			&(struct tls_context_setup){.listener = &listener},
			problems);
		assert_true(config_problems_print(problems, &text));
		told = buf_bytes(&text);
		if (!context != !pairs[i].works ||
			config_problems_exit(problems) != pairs[i].code)
			fail_msg("%s %s: %.*s", pairs[i].cert, pairs[i].key,
				SLICE_FMT(told));
		for (int j = 0; j < 3 && pairs[i].says[j]; j++) {
			if (!memmem(told.ptr, told.len, pairs[i].says[j],
				    strlen(pairs[i].says[j])))
				fail_msg("%s %s: no \"%s\" in %.*s",
					pairs[i].cert, pairs[i].key,
					pairs[i].says[j], SLICE_FMT(told));
		}
		tls_context_free(context);
		buf_fini(&text);
		config_problems_free(problems);
	}
}

static void algorithms_that_nobody_knows_are_refused(void **state)
{
	static const struct {
		const char *ciphers, *suites, *groups;
		size_t errors;
	} cases[] = {
		{"ECDHE-RSA-AES256-GCM-SHA384", "TLS_AES_256_GCM_SHA384",
			"P-384", 0},
		{"default", "default", "default", 0},
		{"HIGH:!aNULL", NULL, NULL, 0},
		{"ECDHE-ECDSA-AES128-GCM-SHA256:TYPO", NULL, NULL, 1},
		{"ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=0", NULL, NULL, 1},
		{"ECDHE-ECDSA-AES128-GCM-SHA256@SECLEVEL=0", NULL, NULL, 1},
		{"", NULL, NULL, 1},
		{NULL, "TLS_AES_128_GCM_SHA256:TLS_TYPO", NULL, 1},
		{NULL, NULL, "X25519:P-257", 1},
		{"TYPO", "TYPO", "TYPO", 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config_problems *problems = config_problems_new();
		struct config_listener listener = files.listener;
		struct tls_context *context;

		listener.tls.ciphers_tls12.text = cases[i].ciphers;
		listener.tls.ciphersuites_tls13.text = cases[i].suites;
		listener.tls.groups.text = cases[i].groups;
		context = tls_context_new(
			&(struct tls_context_setup){.listener = &listener},
			problems);
		if (config_problems_errors(problems) != cases[i].errors ||
			!context != (cases[i].errors > 0))
			fail_msg("case %zu: %zu errors", i,
				config_problems_errors(problems));
		tls_context_free(context);
		config_problems_free(problems);
	}
}

static void a_problem_of_two_listeners_is_told_once(void **state)
{
	struct config_problems *problems = config_problems_new();
	struct config_listener listeners[2] = {files.listener, files.listener};
	struct config config = {.listeners = listeners, .listener_count = 2};
	char key[160];

	(void)state;
	path_of(key, "missing.key");
	listeners[0].tls.key.text = key;
	listeners[1].tls.key.text = key;
	tls_context_check(&config, problems);
	assert_int_equal(config_problems_errors(problems), 1);
	listeners[1].tls.key.mark.line++;
	tls_context_check(&config, problems);
	assert_int_equal(config_problems_errors(problems), 3);
	config_problems_free(problems);
}

static void days_left_are_whole_days(void **state)
{
	struct tls_context *context = context_of(&files.listener);
	int64_t now = time(NULL);

	(void)state;
	assert_in_range(tls_context_days_left(context, now), 364, 365);
	assert_int_equal(
		tls_context_days_left(context, now + 366 * DAY + 60), -2);
	tls_context_free(context);
}

/* ---- R23 ---- */

static const enum mint_key kept[] = {MINT_P256, MINT_RSA2048, MINT_ED25519};

/* In another process: making a key leaves traces of its own. */
static void mint_elsewhere(enum mint_key kind)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		struct mint *server = mint_new(
			&(struct mint_spec){.cn = "wiped", .key = kind});

		mint_write(files.directory, "wiped.pem", "");
		mint_write(files.directory, "wiped.key", "");
		mint_write_cert(files.directory, "wiped.pem", server);
		mint_write_key(files.directory, "wiped.key", server);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* A key file, read without touching the heap; and part of its secret. */
struct secret {
	char text[4096];
	unsigned char der[3072];
	unsigned char part[32];
	unsigned char number[32]; /* as a BIGNUM has it in memory */
};

static void read_secret(struct secret *secret, const char *path)
{
	static const unsigned char mark[] = {0x02, 0x01, 0x01, 0x04, 0x20};
	int fd = open(path, O_RDONLY);
	ssize_t len = read(fd, secret->text, sizeof(secret->text) - 1);
	char *out = secret->text;
	unsigned char *at;

	assert_true(fd >= 0 && len > 0);
	close(fd);
	secret->text[len] = '\0';
	for (char *in = strchr(secret->text, '\n'); *in && *in != '-'; in++) {
		if (*in != '\n')
			*out++ = *in;
	}
	*out = '\0';
	len = EVP_DecodeBlock(secret->der, (unsigned char *)secret->text,
		(int)(out - secret->text));
	while (out[-1] == '=') {
		out--;
		len--;
	}
	/* EC: the number; RSA and Ed25519 end in what is secret */
	at = memmem(secret->der, (size_t)len, mark, sizeof(mark));
	at = at ? at + sizeof(mark) : secret->der + len - 32;
	memcpy(secret->part, at, 32);
	for (int i = 0; i < 32; i++)
		secret->number[i] = secret->part[31 - i];
}

static void a_freed_context_leaves_no_key_in_memory(void **state)
{
	static struct secret secret;
	char cert[160], key[160];

	(void)state;
	if (!heap_scan_works())
		skip();
	path_of(cert, "wiped.pem");
	path_of(key, "wiped.key");
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		struct config_listener listener = files.listener;
		struct tls_context *context;

		mint_elsewhere(kept[i]);
		read_secret(&secret, key);
		listener.tls.cert.text = cert;
		listener.tls.key.text = key;
		context = context_of(&listener);
		/* the search does find it while it is there */
		assert_true(heap_scan_holds(secret.number, 32) ||
			    heap_scan_holds(secret.part, 32));
		tls_context_free(context);
		assert_false(heap_scan_holds(secret.number, 32));
		assert_false(heap_scan_holds(secret.part, 32));
		/* base64 of the middle, which is secret in all of them */
		assert_false(heap_scan_holds(secret.text + 48, 16));
	}
}

/* ---- files ---- */

static void write_key_form(
	const char *name, EVP_PKEY *key, bool traditional, const char *password)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const EVP_CIPHER *cipher = password ? EVP_aes_128_cbc() : NULL;
	int ok = traditional ? PEM_write_bio_PrivateKey_traditional(bio, key,
				       cipher, (const unsigned char *)password,
				       password ? (int)strlen(password) : 0,
				       NULL, NULL)
			     : PEM_write_bio_PKCS8PrivateKey(bio, key, cipher,
				       password,
				       password ? (int)strlen(password) : 0,
				       NULL, NULL);
	char *data;
	long len;

	assert_int_equal(ok, 1);
	BIO_write(bio, "", 1);
	len = BIO_get_mem_data(bio, &data);
	assert_true(len > 1);
	mint_write(files.directory, name, data);
	BIO_free(bio);
}

static void write_cert_of(const char *name, struct mint_spec spec)
{
	struct mint *cert;

	spec.cn = "localhost";
	spec.issuer = files.ca;
	spec.same_key = files.server;
	cert = mint_new(&spec);
	mint_write_cert(files.directory, name, cert);
	mint_free(cert);
}

/* The modulus is right, what is behind it is not. */
static void write_damaged(const struct mint *rsa)
{
	unsigned char *der = NULL;
	int len = i2d_PrivateKey(rsa->key, &der);
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;

	assert_true(len > 600);
	der[400] ^= 1; /* the exponent, and */
	der[700] ^= 1; /* a prime: the library makes do with either */
	PEM_write_bio(bio, "RSA PRIVATE KEY", "", der, len);
	BIO_write(bio, "", 1);
	BIO_get_mem_data(bio, &data);
	mint_write(files.directory, "damaged.key", data);
	BIO_free(bio);
	OPENSSL_free(der);
}

/* RSA-PSS whose key names SHA-384 and takes no other (RFC 4055, 3.1). */
static void write_pss(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
	struct mint pss = {.key = NULL};
	char path[160];
	FILE *file;

	assert_true(
		ctx && EVP_PKEY_keygen_init(ctx) == 1 &&
		EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_keygen_md(ctx, EVP_sha384()) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md(ctx, EVP_sha384()) ==
			1 &&
		EVP_PKEY_keygen(ctx, &pss.key) == 1);
	pss.cert = X509_dup(files.server->cert);
	assert_true(pss.cert && X509_set_pubkey(pss.cert, pss.key) == 1 &&
		    X509_sign(pss.cert, pss.key, EVP_sha384()) > 0);
	path_of(path, "pss.pem");
	file = fopen(path, "we");
	assert_true(file && PEM_write_X509(file, pss.cert) == 1);
	assert_int_equal(fclose(file), 0);
	mint_write_key(files.directory, "pss.key", &pss);
	X509_free(pss.cert);
	EVP_PKEY_free(pss.key);
	EVP_PKEY_CTX_free(ctx);
}

static void write_files(void)
{
	const char *dir = files.directory;
	struct mint *rsa =
		mint_new(&(struct mint_spec){.cn = "rsa", .key = MINT_RSA2048});
	struct mint *weak_one = mint_new(
		&(struct mint_spec){.cn = "weak", .key = MINT_RSA1024});
	char *pem = mint_key_pem(files.server), *cert;

	mint_write_key(dir, "other.key", rsa);
	mint_write_cert(dir, "rsa.pem", rsa);
	write_damaged(rsa);
	write_pss();
	mint_write_key(dir, "other-ec.key", client);
	mint_write_cert(dir, "reversed.pem", files.ca);
	mint_write_cert(dir, "reversed.pem", files.server);
	write_key_form("pkcs8-encrypted.key", files.server->key, false, "pw");
	write_key_form("old-encrypted.key", files.server->key, true, "pw");
	write_key_form("sec1.key", files.server->key, true, NULL);
	mint_write_key(dir, "two.key", files.server);
	mint_write_key(dir, "two.key", client);
	mint_write(dir, "garbage.key",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n"
		"-----END PRIVATE KEY-----\n");
	pem[strlen(pem) / 2] = '\0';
	mint_write(dir, "cut.key", pem);
	free(pem);
	cert = mint_cert_pem(files.server);
	cert[strlen(cert) / 2] = '\0';
	mint_write(dir, "cut.pem", cert);
	free(cert);
	mint_write_cert(dir, "weak.pem", weak_one);
	mint_write_key(dir, "weak.key", weak_one);
	mint_write_key(dir, "both.pem", files.server);
	mint_write_cert(dir, "both.pem", files.server);
	write_cert_of("expired.pem",
		(struct mint_spec){.from_s = -9 * DAY, .until_s = -DAY});
	write_cert_of("early.pem",
		(struct mint_spec){.from_s = DAY, .until_s = 2 * DAY});
	write_cert_of(
		"clientonly.pem", (struct mint_spec){.eku = "clientAuth"});
	mint_write_cert(dir, "unrelated.pem", files.server);
	mint_write_cert(dir, "unrelated.pem", rsa);
	mint_free(rsa);
	mint_free(weak_one);
}

static const char system_configuration[] =
	"openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\n"
	"system_default = all\n[all]\nMinProtocol = TLSv1.3\n";

static int set_up(void **state)
{
	char path[160];

	(void)state;
	tls_files_init(&files);
	client = mint_client("client-1", files.ca);
	mint_write(files.directory, "openssl.cnf", system_configuration);
	path_of(path, "openssl.cnf");
	write_files();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mint_free(client);
	tls_files_fini(&files);
	return 0;
}

/* With an argument: is that configuration read? 1: refused, 3: in force. */
static int try_configuration(const char *path)
{
	SSL_CTX *ctx;
	int result = 2;

	if (!tls_library_init(path))
		return 1;
	ctx = SSL_CTX_new(TLS_server_method());
	if (ctx && SSL_CTX_get_min_proto_version(ctx) == TLS1_3_VERSION)
		result = 3;
	SSL_CTX_free(ctx);
	return result;
}

/* OPENSSL_CONF must be in place before the library first looks. */
static void point_openssl_at(const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file || fputs(system_configuration, file) < 0 ||
		fclose(file) != 0 || setenv("OPENSSL_CONF", path, 1) != 0)
		abort();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_ticket_and_no_session_id_is_given),
		cmocka_unit_test(an_old_ticket_is_not_taken_in_tls_1_2),
		cmocka_unit_test(an_old_ticket_is_not_taken_in_tls_1_3),
		cmocka_unit_test(an_old_session_id_is_not_taken_in_tls_1_2),
		cmocka_unit_test(a_stateful_ticket_is_not_taken_in_tls_1_3),
		cmocka_unit_test(the_fast_algorithms_come_first),
		cmocka_unit_test(weak_offers_are_refused),
		cmocka_unit_test(min_version_is_held),
		cmocka_unit_test(renegotiation_is_refused),
		cmocka_unit_test(clients_on_p384_and_p521_pass_in_tls_1_2),
		cmocka_unit_test(the_system_configuration_is_not_read),
		cmocka_unit_test(
			a_named_configuration_is_read_and_must_be_there),
		cmocka_unit_test(alpn_knows_http_1_1_and_nothing_else),
		cmocka_unit_test(every_kind_of_server_key_shakes_hands),
		cmocka_unit_test(the_chain_is_what_the_file_holds_and_no_more),
		cmocka_unit_test(ca_names_reach_the_client),
		cmocka_unit_test(every_wrong_pair_of_files_is_told_in_words),
		cmocka_unit_test(algorithms_that_nobody_knows_are_refused),
		cmocka_unit_test(a_problem_of_two_listeners_is_told_once),
		cmocka_unit_test(days_left_are_whole_days),
		cmocka_unit_test(a_freed_context_leaves_no_key_in_memory),
	};
	char path[] = "/tmp/mtlsgate-openssl-XXXXXX";
	int fd, result;

	if (argc > 1)
		return try_configuration(argv[1]);
	fd = mkstemp(path);
	if (fd < 0 || close(fd) != 0)
		return 1;
	point_openssl_at(path);
	result = tls_library_init(NULL)
			 ? cmocka_run_group_tests(tests, set_up, tear_down)
			 : 1;
	unlink(path);
	return result;
}
