/*
 * R12, whole handshakes in memory: who gets a ticket, who comes in with one,
 * and that all else ends in a full handshake, never in a failed one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/ssl.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/config_problem.h"
#include "fake/cert_mint.h"
#include "fake/tls_files.h"
#include "fake/tls_pair.h"
#include "tls/cert_info.h"
#include "tls/client_auth.h"
#include "tls/ticket_ring.h"
#include "tls/tls_context.h"

static struct tls_files files;
static struct mint *client, *stranger;

/* A server with its keys; what differs is put into `listener` before. */
struct server {
	struct config_listener listener;
	struct ticket_ring *ring;
	struct tls_context *context;
};

static void server_begin(struct server *server)
{
	struct err err;

	server->listener = files.listener;
	server->ring = ticket_ring_new(&err);
	assert_non_null(server->ring);
	server->context = NULL;
}

/* Anew, as a reload does: the ring outlives it. */
static void server_load(struct server *server, bool chain_needed)
{
	struct config_problems *problems = config_problems_new();

	tls_context_free(server->context);
	server->context = tls_context_new(
		&(struct tls_context_setup){.listener = &server->listener,
			.chain_needed = chain_needed,
			.ring = server->ring},
		problems);
	assert_int_equal(config_problems_errors(problems), 0);
	assert_non_null(server->context);
	config_problems_free(problems);
}

static void server_start(struct server *server)
{
	server_begin(server);
	server_load(server, false);
}

static void server_end(struct server *server)
{
	tls_context_free(server->context);
	ticket_ring_free(server->ring);
}

/* ---- a client that keeps its session ---- */

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	SSL_SESSION **kept = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	SSL_SESSION_free(*kept);
	*kept = session;
	return 1;
}

struct visitor {
	SSL_CTX *ctx;
	SSL_SESSION *session; /* the newest; NULL: none was given */
	const char *name;     /* asked for; NULL: none */
};

static void visitor_init(
	struct visitor *visitor, int version, const struct mint *leaf)
{
	const struct tls_show show = {.leaf = leaf};

	*visitor = (struct visitor){
		.ctx = tls_client_new(version, &show), .name = "one.example"};
	SSL_CTX_set_session_cache_mode(visitor->ctx,
		SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(visitor->ctx, keep_session);
}

static void visitor_fini(struct visitor *visitor)
{
	SSL_SESSION_free(visitor->session);
	SSL_CTX_free(visitor->ctx);
}

/* What one handshake came to. */
struct visit {
	struct tls_pair pair;
	struct client_auth auth;
	int tickets;
	bool done; /* on both sides */
	bool resumed;
};

/* Up to client_auth_finish, which is the caller's. */
static void shake(
	struct server *server, struct visitor *visitor, struct visit *visit)
{
	struct ssl_st *ssl = tls_context_accept(server->context, &visit->auth);

	assert_non_null(ssl);
	tls_pair_init(&visit->pair, &ssl, visitor->ctx);
	SSL_CTX_set_app_data(visitor->ctx, &visitor->session);
	if (visitor->name)
		SSL_set_tlsext_host_name(visit->pair.client, visitor->name);
	if (visitor->session)
		assert_int_equal(
			SSL_set_session(visit->pair.client, visitor->session),
			1);
	tls_pair_run(&visit->pair);
	visit->tickets = visit->pair.tickets;
	visit->done = visit->pair.server_done && visit->pair.client_done;
	visit->resumed = SSL_session_reused(visit->pair.server);
	assert_int_equal(
		visit->resumed, SSL_session_reused(visit->pair.client));
}

static void leave(struct visit *visit)
{
	/* else the client's library throws the session away */
	SSL_set_shutdown(
		visit->pair.client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	tls_pair_fini(&visit->pair);
}

static struct visit visit(struct server *server, struct visitor *visitor)
{
	struct visit visit;

	shake(server, visitor, &visit);
	client_auth_finish(&visit.auth, visit.pair.server);
	if (visit.done)
		assert_true(tls_pair_echo(&visit.pair));
	leave(&visit);
	return visit;
}

static void expect_full(struct server *server, struct visitor *visitor,
	enum resumption_reason reason)
{
	struct visit v = visit(server, visitor);

	if (v.resumed || v.auth.resumption.resumed ||
		v.auth.resumption.reason != reason || !v.done ||
		v.auth.state != CLIENT_AUTH_OK)
		fail_msg("resumed %d, reason \"%s\", state %d", v.resumed,
			resumption_word(v.auth.resumption.reason),
			v.auth.state);
}

static void expect_resumed(struct server *server, struct visitor *visitor)
{
	struct visit v = visit(server, visitor);

	if (!v.resumed || !v.auth.resumption.resumed ||
		v.auth.state != CLIENT_AUTH_OK || v.auth.refused)
		fail_msg("resumed %d, reason \"%s\", state %d", v.resumed,
			resumption_word(v.auth.resumption.reason),
			v.auth.state);
}

#define FOR_VERSIONS(v) for (int v = TLS1_2_VERSION; v <= TLS1_3_VERSION; v++)

/* ---- it works ---- */

static void a_good_client_gets_one_ticket_and_comes_in_with_it(void **state)
{
	struct server server;

	(void)state;
	server_start(&server);
	FOR_VERSIONS(version)
	{
		struct visitor visitor;
		struct visit first, second;

		visitor_init(&visitor, version, client);
		first = visit(&server, &visitor);
		assert_int_equal(first.tickets, RESUMPTION_TICKETS);
		assert_false(first.resumed);
		assert_int_equal(
			first.auth.resumption.reason, RESUMPTION_NOT_ASKED);
		second = visit(&server, &visitor);
		assert_true(second.resumed);
		/* TLS 1.2 keeps the old one */
		assert_int_equal(
			second.tickets, version == TLS1_3_VERSION ? 1 : 0);
		assert_int_equal(second.auth.state, CLIENT_AUTH_OK);
		assert_int_equal(second.auth.sent, first.auth.sent);
		assert_int_equal(second.auth.expires, first.auth.expires);
		assert_int_equal(second.auth.crl_until, first.auth.crl_until);
		assert_memory_equal(second.auth.sha256, first.auth.sha256, 32);
		visitor_fini(&visitor);
	}
	server_end(&server);
}

/* What headers are made of. */
static void remember(struct visit *visit, struct arena *arena,
	struct client_auth_issuer *issuer, struct cert_info **leaf)
{
	client_auth_finish(&visit->auth, visit->pair.server);
	*leaf = client_auth_leaf(&visit->auth, visit->pair.server, arena);
	assert_non_null(*leaf);
	assert_true(client_auth_issuer(
		&visit->auth, visit->pair.server, arena, issuer));
	assert_true(issuer->known);
	leave(visit);
}

static void the_same_facts_stand_as_before(void **state)
{
	struct server server;

	(void)state;
	server_start(&server);
	FOR_VERSIONS(version)
	{
		struct client_auth_issuer full, again;
		struct cert_info *leaf, *leaf_again;
		struct arena *arena = arena_new(NULL);
		struct visitor visitor;
		struct visit v;

		visitor_init(&visitor, version, client);
		shake(&server, &visitor, &v);
		remember(&v, arena, &full, &leaf);
		shake(&server, &visitor, &v);
		assert_true(v.resumed);
		remember(&v, arena, &again, &leaf_again);
		assert_memory_equal(leaf->sha1, leaf_again->sha1, 20);
		assert_true(full.serial.len > 0);
		assert_true(slice_eq(full.serial, again.serial));
		assert_true(slice_eq(full.key_id, again.key_id));
		assert_int_equal(full.serial_negative, again.serial_negative);
		visitor_fini(&visitor);
		arena_free(arena);
	}
	server_end(&server);
}

static void five_in_a_row_count_from_the_first(void **state)
{
	struct server server;

	(void)state;
	server_start(&server);
	FOR_VERSIONS(version)
	{
		struct visitor visitor;
		long hint = 0;

		visitor_init(&visitor, version, client);
		visit(&server, &visitor);
		for (int i = 0; i < 5; i++) {
			long now = (long)SSL_SESSION_get_ticket_lifetime_hint(
				visitor.session);

			/* never more than what was left before */
			assert_in_range(now, 1, RESUMPTION_LIFETIME_S);
			assert_true(!hint || now <= hint);
			hint = now;
			expect_resumed(&server, &visitor);
		}
		visitor_fini(&visitor);
	}
	server_end(&server);
}

static void a_ticket_lives_no_longer_than_its_certificate(void **state)
{
	struct mint *brief = mint_new(&(struct mint_spec){.issuer = files.ca,
		.cn = "brief",
		.eku = "clientAuth",
		.from_s = -10,
		.until_s = 100});
	struct server server;

	(void)state;
	server_start(&server);
	FOR_VERSIONS(version)
	{
		struct visitor visitor;

		visitor_init(&visitor, version, brief);
		for (int i = 0; i < 3; i++) {
			visit(&server, &visitor);
			assert_in_range(SSL_SESSION_get_ticket_lifetime_hint(
						visitor.session),
				1, 100);
		}
		visitor_fini(&visitor);
	}
	mint_free(brief);
	server_end(&server);
}

/* ---- who gets none ---- */

static void no_certificate_and_a_bad_one_get_no_ticket(void **state)
{
	static const struct {
		enum client_auth_mode mode;
		bool bad;
		enum client_auth_state state;
	} cases[] = {
		{CLIENT_AUTH_OPTIONAL, false, CLIENT_AUTH_NONE},
		{CLIENT_AUTH_REQUEST_ANY, false, CLIENT_AUTH_NONE},
		{CLIENT_AUTH_REQUEST_ANY, true, CLIENT_AUTH_FAILED},
		{CLIENT_AUTH_DISABLED, true, CLIENT_AUTH_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct server server;

		server_begin(&server);
		server.listener.client_auth.mode = cases[i].mode;
		server_load(&server, false);
		FOR_VERSIONS(version)
		{
			struct visitor visitor;
			struct visit v;

			visitor_init(&visitor, version,
				cases[i].bad ? stranger : NULL);
			v = visit(&server, &visitor);
			assert_int_equal(v.auth.state, cases[i].state);
			/* TLS 1.2 has promised one: it is empty */
			if (version == TLS1_3_VERSION)
				assert_int_equal(v.tickets, 0);
			assert_false(visitor.session &&
				     SSL_SESSION_has_ticket(visitor.session));
			visitor_fini(&visitor);
		}
		server_end(&server);
	}
}

static void where_the_chain_is_needed_there_are_none(void **state)
{
	struct server server;

	(void)state;
	server_start(&server);
	FOR_VERSIONS(version)
	{
		struct visitor visitor;
		struct visit v;

		visitor_init(&visitor, version, client);
		server_load(&server, false);
		visit(&server, &visitor);
		expect_resumed(&server, &visitor);
		server_load(&server, true);
		expect_full(&server, &visitor, RESUMPTION_CHAIN_NEEDED);
		SSL_SESSION_free(visitor.session);
		visitor.session = NULL;
		v = visit(&server, &visitor);
		assert_int_equal(v.tickets, 0);
		visitor_fini(&visitor);
	}
	server_end(&server);
}

/* Its answer comes behind the handshake, and asks for the issuer. */
static void where_a_responder_is_asked_there_are_none(void **state)
{
	struct server server;

	(void)state;
	server_start(&server);
	FOR_VERSIONS(version)
	{
		struct visitor visitor;
		struct visit v;

		visitor_init(&visitor, version, client);
		server.listener.client_auth.ocsp.mode = OCSP_MODE_DISABLED;
		server_load(&server, false);
		visit(&server, &visitor);
		server.listener.client_auth.ocsp.mode = OCSP_MODE_LEAF;
		server_load(&server, false);
		expect_full(&server, &visitor, RESUMPTION_CHAIN_NEEDED);
		v = visit(&server, &visitor);
		assert_int_equal(v.tickets, 0);
		visitor_fini(&visitor);
	}
	server_end(&server);
}

/* ---- since then ---- */

static void a_reload_that_changes_nothing_keeps_tickets(void **state)
{
	struct server server;

	(void)state;
	server_start(&server);
	FOR_VERSIONS(version)
	{
		struct visitor visitor;

		visitor_init(&visitor, version, client);
		visit(&server, &visitor);
		server_load(&server, false);
		expect_resumed(&server, &visitor);
		visitor_fini(&visitor);
	}
	server_end(&server);
}

static void tighten(struct config_listener *listener)
{
	listener->client_auth.mode = CLIENT_AUTH_REQUIRE;
}

static void rename_it(struct config_listener *listener)
{
	listener->name = "another";
}

static void shorten(struct config_listener *listener)
{
	listener->client_auth.max_depth = 1;
}

static void narrow(struct config_listener *listener)
{
	listener->client_auth.require_eku = REQUIRE_EKU_PRESENT;
}

static void other_rules_end_in_a_full_handshake(void **state)
{
	static void (*const changes[])(struct config_listener *) = {
		tighten, rename_it, shorten, narrow};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct server server;

		server_begin(&server);
		server.listener.name = "one";
		server.listener.client_auth.mode = CLIENT_AUTH_REQUEST_ANY;
		server.listener.client_auth.max_depth = 4;
		FOR_VERSIONS(version)
		{
			const struct config_listener before = server.listener;
			struct visitor visitor;

			server_load(&server, false);
			visitor_init(&visitor, version, client);
			visit(&server, &visitor);
			changes[i](&server.listener);
			server_load(&server, false);
			expect_full(
				&server, &visitor, RESUMPTION_TRUST_CHANGED);
			/* and the new one is good again */
			expect_resumed(&server, &visitor);
			server.listener = before;
			visitor_fini(&visitor);
		}
		server_end(&server);
	}
}

static void another_name_ends_in_a_full_handshake(void **state)
{
	static const char *const names[] = {"two.example", "one.exampl", NULL};
	struct server server;

	(void)state;
	server_start(&server);
	FOR_VERSIONS(version)
	{
		struct visitor visitor;

		for (size_t i = 0; i < 3; i++) {
			visitor_init(&visitor, version, client);
			visit(&server, &visitor);
			visitor.name = names[i];
			expect_full(&server, &visitor, RESUMPTION_SERVER_NAME);
			visitor_fini(&visitor);
		}
		/* the same one in other letters */
		visitor_init(&visitor, version, client);
		visit(&server, &visitor);
		visitor.name = "ONE.example";
		expect_resumed(&server, &visitor);
		visitor_fini(&visitor);
	}
	server_end(&server);
}

/* ---- keys ---- */

static void keys_change_while_clients_come_and_go(void **state)
{
	struct server server;

	(void)state;
	server_start(&server);
	FOR_VERSIONS(version)
	{
		struct visitor visitor;

		visitor_init(&visitor, version, client);
		visit(&server, &visitor);
		/* TLS 1.3 gets a new ticket at each visit, TLS 1.2 has one */
		for (int i = 0; i < 5; i++) {
			if (version == TLS1_3_VERSION || i == 0)
				assert_true(ticket_ring_rotate(server.ring));
			expect_resumed(&server, &visitor);
		}
		assert_true(ticket_ring_rotate(server.ring));
		assert_true(ticket_ring_rotate(server.ring));
		expect_full(&server, &visitor, RESUMPTION_UNKNOWN_KEY);
		expect_resumed(&server, &visitor);
		visitor_fini(&visitor);
	}
	server_end(&server);
}

static void a_ticket_of_another_host_is_no_failure(void **state)
{
	struct server here, there;

	(void)state;
	server_start(&here);
	server_start(&there);
	FOR_VERSIONS(version)
	{
		struct visitor visitor;

		visitor_init(&visitor, version, client);
		visit(&here, &visitor);
		expect_full(&there, &visitor, RESUMPTION_UNKNOWN_KEY);
		visitor_fini(&visitor);
	}
	server_end(&here);
	server_end(&there);
}

/* Nobody rotates any more: the keys of a master that is gone. */
static void without_keys_there_are_full_handshakes(void **state)
{
	struct server server;

	(void)state;
	FOR_VERSIONS(version)
	{
		struct visitor visitor;
		struct visit v;

		server_start(&server);
		visitor_init(&visitor, version, client);
		visit(&server, &visitor);
		server.listener.tls.session_resumption =
			SESSION_RESUMPTION_DISABLED;
		server_load(&server, false);
		v = visit(&server, &visitor);
		assert_false(v.resumed);
		assert_int_equal(v.tickets, 0);
		assert_int_equal(v.auth.state, CLIENT_AUTH_OK);
		visitor_fini(&visitor);
		server_end(&server);
	}
}

/* ---- no other way in ---- */

/* The library resumed, but it was not our callback that said so. */
static void a_session_that_was_not_accepted_is_failed(void **state)
{
	struct server server;

	(void)state;
	server_start(&server);
	FOR_VERSIONS(version)
	{
		struct visitor visitor;
		struct visit v;

		visitor_init(&visitor, version, client);
		visit(&server, &visitor);
		shake(&server, &visitor, &v);
		assert_true(v.resumed);
		v.auth.resumption.reason = RESUMPTION_NOT_ASKED;
		client_auth_finish(&v.auth, v.pair.server);
		assert_int_equal(v.auth.state, CLIENT_AUTH_FAILED);
		assert_true(v.auth.refused);
		assert_false(v.auth.resumption.resumed);
		leave(&v);
		visitor_fini(&visitor);
	}
	server_end(&server);
}

/* The facts stay readable, but are those of another trust. */
static void exchange_trust(SSL_SESSION *session)
{
	uint8_t octets[TICKET_DATA_MAX];
	struct ticket_data data;
	void *facts = NULL;
	size_t len = 0;

	assert_int_equal(
		SSL_SESSION_get0_ticket_appdata(session, &facts, &len), 1);
	assert_true(ticket_data_read(&data, slice_of(facts, len)));
	data.trust[0]++;
	assert_int_equal(SSL_SESSION_set1_ticket_appdata(session, octets,
				 ticket_data_write(&data, octets)),
		1);
}

/* Accepted, but this is another session than the one that was. */
static void a_session_with_other_facts_is_failed(void **state)
{
	struct server server;

	(void)state;
	server_start(&server);
	FOR_VERSIONS(version)
	{
		struct visitor visitor;
		struct visit v;

		visitor_init(&visitor, version, client);
		visit(&server, &visitor);
		shake(&server, &visitor, &v);
		exchange_trust(SSL_get_session(v.pair.server));
		client_auth_finish(&v.auth, v.pair.server);
		assert_int_equal(v.auth.state, CLIENT_AUTH_FAILED);
		leave(&v);
		visitor_fini(&visitor);
	}
	server_end(&server);
}

/* TLS 1.3 binds a ticket to the hash of its suite. */
static void a_ticket_that_the_library_cannot_take_is_counted(void **state)
{
	struct server server;
	struct visitor visitor;

	(void)state;
	server_start(&server);
	visitor_init(&visitor, TLS1_3_VERSION, client);
	SSL_CTX_set_ciphersuites(visitor.ctx, "TLS_AES_256_GCM_SHA384");
	visit(&server, &visitor);
	SSL_CTX_set_ciphersuites(
		visitor.ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384");
	expect_full(&server, &visitor, RESUMPTION_NOT_TAKEN);
	visitor_fini(&visitor);
	server_end(&server);
}

/* The same, by one who then shows nothing: no verdict, so no ticket. */
static void a_ticket_that_falls_away_leaves_nothing_behind(void **state)
{
	struct server server;
	struct visitor visitor, bare;
	struct visit v;

	(void)state;
	server_begin(&server);
	server.listener.client_auth.mode = CLIENT_AUTH_OPTIONAL;
	server_load(&server, false);
	visitor_init(&visitor, TLS1_3_VERSION, client);
	SSL_CTX_set_ciphersuites(visitor.ctx, "TLS_AES_256_GCM_SHA384");
	visit(&server, &visitor);
	visitor_init(&bare, TLS1_3_VERSION, NULL);
	bare.session = visitor.session;
	visitor.session = NULL;
	SSL_CTX_set_ciphersuites(
		bare.ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384");
	v = visit(&server, &bare);
	assert_false(v.resumed);
	assert_int_equal(v.auth.state, CLIENT_AUTH_NONE);
	assert_int_equal(v.auth.sent, 0);
	assert_int_equal(v.tickets, 0);
	visitor_fini(&visitor);
	visitor_fini(&bare);
	server_end(&server);
}

static int begin(void **state)
{
	(void)state;
	tls_files_init(&files);
	client = mint_client("client", files.ca);
	stranger = mint_client("stranger", NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	mint_free(client);
	mint_free(stranger);
	tls_files_fini(&files);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_good_client_gets_one_ticket_and_comes_in_with_it),
		cmocka_unit_test(the_same_facts_stand_as_before),
		cmocka_unit_test(five_in_a_row_count_from_the_first),
		cmocka_unit_test(a_ticket_lives_no_longer_than_its_certificate),
		cmocka_unit_test(no_certificate_and_a_bad_one_get_no_ticket),
		cmocka_unit_test(where_the_chain_is_needed_there_are_none),
		cmocka_unit_test(where_a_responder_is_asked_there_are_none),
		cmocka_unit_test(a_reload_that_changes_nothing_keeps_tickets),
		cmocka_unit_test(other_rules_end_in_a_full_handshake),
		cmocka_unit_test(another_name_ends_in_a_full_handshake),
		cmocka_unit_test(keys_change_while_clients_come_and_go),
		cmocka_unit_test(a_ticket_of_another_host_is_no_failure),
		cmocka_unit_test(without_keys_there_are_full_handshakes),
		cmocka_unit_test(a_session_that_was_not_accepted_is_failed),
		cmocka_unit_test(a_session_with_other_facts_is_failed),
		cmocka_unit_test(
			a_ticket_that_the_library_cannot_take_is_counted),
		cmocka_unit_test(
			a_ticket_that_falls_away_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
