/*
 * R15: a server name selects certificates of the listener and nothing else;
 * what is wrong with names is said when they are read (R11).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "config/config_problem.h"
#include "fake/cert_mint.h"
#include "fake/problems_text.h"
#include "fake/tls_files.h"
#include "fake/tls_pair.h"
#include "tls/client_auth.h"
#include "tls/tls_context.h"
#include "tls/tls_sni.h"

enum { CERTIFICATES = 12, NAMES = 4, NO_ALERT = -1 };

/* A listener whose certificates a test puts together. */
static struct rig {
	struct tls_files files;
	struct mint *client;
	struct config_listener listener;
	struct config_certificate certificates[CERTIFICATES];
	struct config_text names[CERTIFICATES][NAMES];
	struct tls_context *context;
} rig;
static char paths[CERTIFICATES][2][160];

static struct mint *mint_named(const char *cn, const char *san, int key)
{
	return mint_new(&(struct mint_spec){.cn = cn,
		.issuer = rig.files.ca,
		.eku = "serverAuth",
		.san = san,
		.key = (enum mint_key)key});
}

/* One more certificate; the marks are of a line of its own. */
static struct config_certificate *add(
	const char *cn, const char *san, enum mint_key key)
{
	size_t i = rig.listener.tls.certificate_count++;
	struct config_certificate *c = &rig.certificates[i];
	struct mint *mint = mint_named(cn, san, key);
	unsigned line = 10 + (unsigned)i;
	char name[32];

	snprintf(name, sizeof(name), "c%zu.pem", i);
	mint_write(rig.files.directory, name, "");
	mint_write_cert(rig.files.directory, name, mint);
	snprintf(paths[i][0], 160, "%s/%s", rig.files.directory, name);
	snprintf(name, sizeof(name), "c%zu.key", i);
	mint_write(rig.files.directory, name, "");
	mint_write_key(rig.files.directory, name, mint);
	snprintf(paths[i][1], 160, "%s/%s", rig.files.directory, name);
	mint_free(mint);
	*c = (struct config_certificate){
		.cert = {paths[i][0], {"t.yaml", line, 5}},
		.key = {paths[i][1], {"t.yaml", line, 15}},
		.server_names = {rig.names[i], 0},
		.mark = {"t.yaml", line, 3}};
	rig.listener.tls.certificates = rig.certificates;
	return c;
}

static void say_name(struct config_certificate *c, const char *name)
{
	size_t i = c->server_names.count++;

	c->server_names.items[i] = (struct config_text){
		name, {"t.yaml", c->mark.line, 25 + (unsigned)i}};
}

/* default, www with two kinds of key, a wildcard, an address. */
static void add_usual(void)
{
	add("default", "DNS:default.example", MINT_P256);
	add("www", "DNS:www.example.org,DNS:example.org", MINT_RSA2048);
	add("www", "DNS:example.org,DNS:WWW.example.org", MINT_P256);
	add("wild", "DNS:*.example.org", MINT_P256);
	add("address", "IP:192.0.2.1,IP:2001:db8::1", MINT_P256);
}

static int start(void **state)
{
	(void)state;
	tls_files_init(&rig.files);
	rig.client = mint_client("client-1", rig.files.ca);
	rig.listener = rig.files.listener;
	rig.listener.tls.cert.text = NULL;
	rig.listener.tls.key.text = NULL;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	tls_context_free(rig.context);
	mint_free(rig.client);
	tls_files_fini(&rig.files);
	memset(&rig, 0, sizeof(rig));
	return 0;
}

static void load(void)
{
	struct config_problems *problems = config_problems_new();
	const struct tls_context_setup setup = {.listener = &rig.listener};

	rig.context = tls_context_new(&setup, problems);
	expect_problems(problems, "");
	assert_non_null(rig.context);
	config_problems_free(problems);
}

/* ---- which certificate is shown ---- */

struct wish {
	const char *name; /* NULL: none is sent */
	int version;
	const char *sigalgs; /* NULL: all */
	const char *groups;
	bool bare; /* without a client certificate */
};

struct outcome {
	char cn[64]; /* of the server's certificate; empty: no handshake */
	int kind;
	int alert;
	size_t group;
	uint32_t identity;
	enum client_auth_state state;
	bool acknowledged;
};

static void look(struct outcome *out, struct tls_pair *pair)
{
	X509 *cert = SSL_get0_peer_certificate(pair->client);

	out->alert = pair->alert;
	out->group = tls_sni_group(pair->server);
	out->identity = tls_sni_identity(pair->server);
	if (!pair->server_done || !cert)
		return;
	X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName,
		out->cn, sizeof(out->cn));
	out->kind = EVP_PKEY_get_base_id(X509_get0_pubkey(cert));
}

static void on_extension(SSL *ssl, int client, int type,
	const unsigned char *data, int len, void *arg)
{
	struct outcome *out = arg;

	(void)ssl;
	(void)data;
	(void)len;
	/* what the client receives */
	if (client && type == TLSEXT_TYPE_server_name)
		out->acknowledged = true;
}

static struct outcome shake(const struct wish *wish)
{
	struct tls_show show = {.leaf = wish->bare ? NULL : rig.client};
	SSL_CTX *ctx = tls_client_new(
		wish->version ? wish->version : TLS1_3_VERSION, &show);
	struct client_auth auth;
	struct ssl_st *ssl = tls_context_accept(rig.context, &auth);
	struct outcome out = {.alert = NO_ALERT};
	struct tls_pair pair;

	if (wish->sigalgs)
		assert_int_equal(
			SSL_CTX_set1_sigalgs_list(ctx, wish->sigalgs), 1);
	if (wish->groups)
		assert_int_equal(
			SSL_CTX_set1_groups_list(ctx, wish->groups), 1);
	tls_pair_init(&pair, &ssl, ctx);
	SSL_set_tlsext_debug_callback(pair.client, on_extension);
	SSL_set_tlsext_debug_arg(pair.client, &out);
	if (wish->name)
		assert_int_equal(
			SSL_set_tlsext_host_name(pair.client, wish->name), 1);
	tls_pair_run(&pair);
	client_auth_finish(&auth, pair.server);
	look(&out, &pair);
	out.state = auth.state;
	tls_pair_fini(&pair);
	SSL_CTX_free(ctx);
	return out;
}

static const struct {
	const char *name;
	const char *cn;
	size_t group;
	bool known;
} selections[] = {
	{NULL, "default", 0, false},
	{"default.example", "default", 0, true},
	{"unknown.example", "default", 0, false},
	{"www.example.org", "www", 1, true},
	{"WWW.EXAMPLE.ORG", "www", 1, true},
	{"example.org.", "www", 1, true},
	{"api.example.org", "wild", 2, true},
	{"a.b.example.org", "default", 0, false},
	{"192.0.2.1", "address", 3, true},
	{"192.0.2.2", "default", 0, false},
};

static void a_name_selects_its_group_R15(void **state)
{
	(void)state;
	add_usual();
	load();
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION;
		version++) {
		for (size_t i = 0; i < sizeof(selections) / sizeof(*selections);
			i++) {
			struct outcome got =
				shake(&(struct wish){.name = selections[i].name,
					.version = version});

			assert_string_equal(got.cn, selections[i].cn);
			assert_int_equal(got.group, selections[i].group);
			assert_int_equal(got.acknowledged, selections[i].known);
			assert_int_equal(got.state, CLIENT_AUTH_OK);
		}
	}
}

/* What explains a name decides as the hello does. */
static void choosing_is_the_same_without_a_handshake(void **state)
{
	static const char *const refused[] = {
		"a b.example.org", "*.example.org", ""};
	const struct tls_sni *sni;
	size_t group;

	(void)state;
	add_usual();
	load();
	sni = tls_context_sni(rig.context);
	for (size_t i = 0; i < sizeof(selections) / sizeof(*selections); i++) {
		const char *name = selections[i].name;
		enum tls_sni_choice choice = tls_sni_choose(sni,
			name ? slice_str(name) : slice_of(NULL, 0), &group);

		assert_int_equal(choice,
			selections[i].known ? TLS_SNI_NAMED : TLS_SNI_DEFAULT);
		assert_int_equal(group, selections[i].group);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		assert_int_equal(
			tls_sni_choose(sni, slice_str(refused[i]), &group),
			TLS_SNI_NO_NAME);
	/* the second certificate of "www" is in the group of the first */
	assert_int_equal(tls_sni_first(sni, 1), 1);
	assert_int_equal(tls_sni_first(sni, 2), 3);
}

static void choosing_refuses_what_the_hello_refuses(void **state)
{
	const struct tls_sni *sni;
	size_t group;

	(void)state;
	add_usual();
	rig.listener.tls.unknown_server_name = UNKNOWN_SERVER_NAME_REJECT;
	load();
	sni = tls_context_sni(rig.context);
	assert_int_equal(
		tls_sni_choose(sni, slice_str("unknown.example"), &group),
		TLS_SNI_UNKNOWN);
	assert_int_equal(shake(&(struct wish){.name = "unknown.example"}).alert,
		TLS_SNI_ALERT);
	assert_int_equal(tls_sni_choose(sni, slice_of(NULL, 0), &group),
		TLS_SNI_DEFAULT);
}

static void the_client_chooses_the_kind_of_key(void **state)
{
	static const struct {
		const char *sigalgs;
		int kind;
	} rows[] = {
		{"ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256:rsa_pkcs1_sha256",
			EVP_PKEY_EC},
		{"rsa_pss_rsae_sha256:rsa_pkcs1_sha256:ecdsa_secp256r1_sha256",
			EVP_PKEY_EC}, /* ours is faster, and first */
		{"ecdsa_secp256r1_sha256", EVP_PKEY_EC},
		{"rsa_pss_rsae_sha256:rsa_pkcs1_sha256", EVP_PKEY_RSA},
	};

	(void)state;
	add_usual();
	rig.listener.client_auth.mode = CLIENT_AUTH_OPTIONAL;
	load();
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION;
		version++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
			struct outcome got =
				shake(&(struct wish){.name = "www.example.org",
					.version = version,
					.bare = true,
					.sigalgs = rows[i].sigalgs});

			assert_int_equal(got.group, 1);
			assert_int_equal(got.kind, rows[i].kind);
		}
	}
}

/* Rather no handshake than another group's certificate. */
static void a_group_lends_no_key_of_another_R15(void **state)
{
	struct outcome got;

	(void)state;
	add("default", "DNS:default.example", MINT_RSA2048);
	add("default", "DNS:default.example", MINT_P256);
	add("wild", "DNS:*.example.org", MINT_P256);
	rig.listener.client_auth.mode = CLIENT_AUTH_OPTIONAL;
	load();
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION;
		version++) {
		struct wish wish = {.version = version,
			.bare = true,
			.sigalgs = "rsa_pss_rsae_sha256:rsa_pkcs1_sha256"};

		assert_string_equal(shake(&wish).cn, "default");
		wish.name = "www.example.org";
		got = shake(&wish);
		assert_string_equal(got.cn, "");
		assert_int_equal(got.alert, 40);
	}
}

/* A retried hello is read again. */
static void a_hello_retry_shows_the_same_group(void **state)
{
	(void)state;
	add_usual();
	rig.listener.tls.groups.text = "X25519";
	load();
	assert_string_equal(shake(&(struct wish){.name = "www.example.org",
					  .groups = "P-521:X25519"})
				    .cn,
		"www");
	assert_string_equal(
		shake(&(struct wish){.groups = "P-521:X25519"}).cn, "default");
}

/* RFC 8446 section 4.1.2 forbids it; what is shown and what requests are held
 * against stay one. */
static void a_name_changed_in_the_second_hello_counts_R15(void **state)
{
	static const struct {
		const char *first, *second, *cn;
		size_t group;
	} rows[] = {
		{"www.example.org", "default.example", "default", 0},
		{"default.example", "www.example.org", "www", 1},
		{"www.example.org", "api.example.org", "wild", 2},
	};

	(void)state;
	add_usual();
	rig.listener.tls.groups.text = "X25519";
	load();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct tls_show show = {.leaf = rig.client};
		SSL_CTX *ctx = tls_client_new(TLS1_3_VERSION, &show);
		struct client_auth auth;
		struct ssl_st *ssl = tls_context_accept(rig.context, &auth);
		struct outcome out = {.alert = NO_ALERT};
		struct tls_pair pair;

		assert_int_equal(
			SSL_CTX_set1_groups_list(ctx, "P-521:X25519"), 1);
		tls_pair_init(&pair, &ssl, ctx);
		SSL_set_tlsext_host_name(pair.client, rows[i].first);
		assert_int_equal(SSL_do_handshake(pair.client), -1);
		assert_int_equal(SSL_do_handshake(pair.server), -1);
		SSL_set_tlsext_host_name(pair.client, rows[i].second);
		tls_pair_run(&pair);
		look(&out, &pair);
		assert_string_equal(out.cn, rows[i].cn);
		assert_int_equal(out.group, rows[i].group);
		tls_pair_fini(&pair);
		SSL_CTX_free(ctx);
	}
}

static void an_unknown_name_is_refused_where_that_is_asked_for_R15(void **state)
{
	struct outcome got;

	(void)state;
	add_usual();
	rig.listener.tls.unknown_server_name = UNKNOWN_SERVER_NAME_REJECT;
	load();
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION;
		version++) {
		got = shake(&(struct wish){
			.name = "unknown.example", .version = version});
		assert_int_equal(got.alert, 112);
		assert_string_equal(got.cn, "");
		/* no name is no unknown name */
		got = shake(&(struct wish){.version = version});
		assert_string_equal(got.cn, "default");
		got = shake(&(struct wish){
			.name = "x.example.org", .version = version});
		assert_string_equal(got.cn, "wild");
	}
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const names[] = {"a b.example.org", "a..example.org",
		"*.example.org", "a:443", "[::1]x", "\xC3\xBC.example.org"};

	(void)state;
	add_usual();
	load();
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct outcome got = shake(&(struct wish){.name = names[i]});

		assert_int_equal(got.alert, 112);
		assert_string_equal(got.cn, "");
	}
}

/* Nothing of the listener but its certificate depends on a name. */
static void verify_settings_stay_the_listeners_own_R15(void **state)
{
	static const char *const names[] = {
		NULL, "www.example.org", "api.example.org", "unknown.example"};

	(void)state;
	add_usual();
	load();
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct outcome got;

		got = shake(&(struct wish){.name = names[i], .bare = true});
		assert_int_equal(got.alert, 116); /* certificate_required */
		got = shake(&(struct wish){.name = names[i],
			.bare = true,
			.version = TLS1_2_VERSION});
		assert_int_equal(got.alert, 40);
		got = shake(&(struct wish){.name = names[i]});
		assert_int_equal(got.state, CLIENT_AUTH_OK);
	}
}

static void the_identity_of_a_group_outlives_its_index(void **state)
{
	uint32_t www, wild;

	(void)state;
	add_usual();
	load();
	www = shake(&(struct wish){.name = "www.example.org"}).identity;
	wild = shake(&(struct wish){.name = "x.example.org"}).identity;
	assert_true(www != wild);
	tls_context_free(rig.context);
	/* the same names at another place, a new certificate */
	rig.listener.tls.certificate_count = 0;
	add("wild", "DNS:*.example.org", MINT_P256);
	add("www", "DNS:example.org,DNS:www.example.org", MINT_P256);
	load();
	assert_true(
		shake(&(struct wish){.name = "example.org"}).identity == www);
	assert_true(shake(&(struct wish){.name = "x.example.org"}).identity ==
		    wild);
}

static void one_certificate_is_for_all_names(void **state)
{
	struct outcome got;

	(void)state;
	add("only", "DNS:only.example", MINT_P256);
	load();
	assert_null(tls_context_sni(rig.context));
	got = shake(&(struct wish){.name = "unknown.example"});
	assert_string_equal(got.cn, "only");
	/* nothing reads the name, so nothing is wrong with it */
	got = shake(&(struct wish){.name = "a b"});
	assert_string_equal(got.cn, "only");
}

/* ---- which request may come ---- */

static const struct {
	size_t group;
	const char *host;
	bool lenient; /* with default_certificate */
	bool strict;  /* with reject */
} requests[] = {
	{0, "default.example", true, true},
	{0, "DEFAULT.Example.", true, true},
	{0, "www.example.org", false, false},
	{0, "api.example.org", false, false},
	{0, "unknown.example", true, false},
	{0, "", true, false},
	{0, "192.0.2.1", false, false},
	{1, "www.example.org", true, true},
	{1, "EXAMPLE.org", true, true},
	{1, "api.example.org", false, false},
	{1, "default.example", false, false},
	{1, "unknown.example", true, false},
	{2, "api.example.org", true, true},
	{2, "other.example.org.", true, true},
	{2, "www.example.org", false, false},
	{2, "a.b.example.org", true, false},
	{3, "192.0.2.1", true, true},
	{3, "[2001:DB8::1]", true, true},
	{3, "[2001:db8:0:0::1]", true, true},
	{3, "[2001:db8::2]", true, false},
	{3, "www.example.org", false, false},
};

static void a_request_for_another_group_is_not_served_R15(void **state)
{
	(void)state;
	add_usual();
	for (int strict = 0; strict < 2; strict++) {
		const struct tls_sni *sni;

		rig.listener.tls.unknown_server_name =
			strict ? UNKNOWN_SERVER_NAME_REJECT
			       : UNKNOWN_SERVER_NAME_DEFAULT;
		load();
		sni = tls_context_sni(rig.context);
		assert_non_null(sni);
		assert_int_equal(tls_sni_groups(sni), 4);
		for (size_t i = 0; i < sizeof(requests) / sizeof(*requests);
			i++) {
			bool got = tls_sni_serves(sni, requests[i].group,
				slice_str(requests[i].host));

			if (got != (strict ? requests[i].strict
					   : requests[i].lenient))
				fail_msg("row %zu, strict %d", i, strict);
		}
		tls_context_free(rig.context);
		rig.context = NULL;
	}
}

/* ---- what is wrong with names ---- */

/* The list as printed, without the directory and the summary. */
static void expect_refused(const char *want)
{
	struct config_problems *problems = config_problems_new();
	const struct tls_context_setup setup = {.listener = &rig.listener};
	struct tls_context *context = tls_context_new(&setup, problems);
	char *text = problems_text(problems), *at;
	size_t dir = strlen(rig.files.directory);

	while ((at = strstr(text, rig.files.directory)))
		memmove(at, at + dir + 1, strlen(at + dir + 1) + 1);
	at = strstr(text, " error");
	while (at && at > text && at[-1] != '\n')
		at--;
	if (at)
		*at = '\0';
	assert_string_equal(text, want);
	free(text);
	assert_null(context);
	config_problems_free(problems);
}

static void two_of_one_name_and_kind_are_refused_R11(void **state)
{
	(void)state;
	add("a", "DNS:a.example,DNS:b.example", MINT_P256);
	add("b", "DNS:B.example,DNS:a.example", MINT_P384);
	expect_refused(
		"t.yaml:11:5: tls.certificates[1]: a.example is the name of "
		"tls.certificates[0] (line 10), too, with a key of the same "
		"kind\n"
		"   note: of both the key is EC P-384; server_names says which "
		"of the two is shown for a name\n");
}

static void a_name_in_two_groups_is_refused_R11(void **state)
{
	struct config_certificate *c;

	(void)state;
	add("a", "DNS:a.example,DNS:b.example", MINT_P256);
	add("b", "DNS:b.example", MINT_RSA2048);
	c = add("c", "DNS:c.example,DNS:a.example", MINT_P256);
	say_name(c, "c.example");
	say_name(c, "A.example");
	expect_refused(
		"t.yaml:11:5: tls.certificates[1]: b.example is the name of "
		"tls.certificates[0] (line 10), too\n"
		"   note: keys of different kinds stand side by side when all "
		"names are the same; give both the same server_names\n"
		"t.yaml:12:26: tls.certificates[2]: a.example is the name of "
		"tls.certificates[0] (line 10), too, with a key of the same "
		"kind\n"
		"   note: of both the key is EC P-256; server_names says which "
		"of the two is shown for a name\n");
}

static void what_is_no_server_name_is_refused_R11(void **state)
{
	struct config_certificate *c = add("a", "DNS:a.example", MINT_P256);

	(void)state;
	say_name(c, "m\xC3\xBCnchen.example");
	say_name(c, "https://a.example");
	say_name(c, "*");
	say_name(c, "a_b..c");
	expect_refused(
		"t.yaml:10:25: tls.certificates[0].server_names: "
		"\"m\xC3\xBCnchen.example\" is no server name\n"
		"   note: write it as clients send it, with A-labels "
		"(xn--...)\n"
		"t.yaml:10:26: tls.certificates[0].server_names: "
		"\"https://a.example\" is no server name\n"
		"   note: a name stands here without a port or scheme\n"
		"t.yaml:10:27: tls.certificates[0].server_names: \"*\" is no "
		"server name\n"
		"   note: a wildcard is *.example.org, for exactly one label; "
		"the first certificate is for all other names\n"
		"t.yaml:10:28: tls.certificates[0].server_names: \"a_b..c\" is "
		"no server name\n");
}

static void a_certificate_without_names_is_refused_but_first(void **state)
{
	(void)state;
	add("first", NULL, MINT_P256);
	add("beside", NULL, MINT_RSA2048);
	add("named", "DNS:a.example", MINT_P256);
	load();
	assert_int_equal(tls_sni_groups(tls_context_sni(rig.context)), 2);
	tls_context_free(rig.context);
	rig.context = NULL;
	rig.listener.tls.certificate_count = 0;
	add("named", "DNS:a.example", MINT_P256);
	add("last", "email:a@example.org", MINT_P256);
	expect_refused("t.yaml:11:5: tls.certificates[1]: c1.pem holds no name "
		       "that a client can ask for, so it is never shown; write "
		       "its server_names\n");
}

static void a_name_outside_of_the_certificate_is_a_warning(void **state)
{
	struct config_problems *problems = config_problems_new();
	const struct tls_context_setup setup = {.listener = &rig.listener};
	struct config_certificate *c;
	char *text;

	(void)state;
	c = add("a", "DNS:*.example", MINT_P256);
	say_name(c, "a.example"); /* covered by the wildcard */
	say_name(c, "*.example");
	say_name(c, "a.b.example"); /* is not */
	add("b", "DNS:b.example.org", MINT_P256);
	rig.context = tls_context_new(&setup, problems);
	assert_non_null(rig.context);
	assert_int_equal(config_problems_warnings(problems), 1);
	text = problems_text(problems);
	assert_non_null(
		strstr(text, "t.yaml:10:27: warning: "
			     "tls.certificates[0].server_names: a.b.example "
			     "is not in the certificate"));
	free(text);
	config_problems_free(problems);
}

static void names_that_select_nothing_are_a_warning(void **state)
{
	struct config_problems *problems = config_problems_new();
	const struct tls_context_setup setup = {.listener = &rig.listener};
	char *text;

	(void)state;
	say_name(add("a", "DNS:a.example", MINT_P256), "a.example");
	rig.context = tls_context_new(&setup, problems);
	assert_non_null(rig.context);
	assert_int_equal(config_problems_warnings(problems), 1);
	text = problems_text(problems);
	assert_non_null(strstr(text, "server_names: without effect"));
	free(text);
	config_problems_free(problems);
	tls_context_free(rig.context);
	rig.listener.tls.unknown_server_name = UNKNOWN_SERVER_NAME_REJECT;
	load(); /* without a warning */
}

static void the_errors_of_all_certificates_show_in_one_run_R11(void **state)
{
	struct config_certificate *c;

	(void)state;
	add("a", "DNS:a.example", MINT_P256);
	c = add("b", "DNS:b.example", MINT_P256);
	c->key.text = paths[0][1];
	c = add("c", "DNS:c.example", MINT_P256);
	c->cert.text = "/nonexistent/c.pem";
	expect_refused(
		"t.yaml:11:15: tls.certificates[1].key: c0.key is not the key "
		"of c1.pem\n"
		"   note: certificate CN=b has public key EC P-256, the key "
		"file is EC P-256, but another one\n"
		"t.yaml:12:5: tls.certificates[2].cert: /nonexistent/c.pem "
		"cannot be read: No such file or directory\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
		TEST(a_name_selects_its_group_R15),
		TEST(choosing_is_the_same_without_a_handshake),
		TEST(choosing_refuses_what_the_hello_refuses),
		TEST(the_client_chooses_the_kind_of_key),
		TEST(a_group_lends_no_key_of_another_R15),
		TEST(a_hello_retry_shows_the_same_group),
		TEST(a_name_changed_in_the_second_hello_counts_R15),
		TEST(an_unknown_name_is_refused_where_that_is_asked_for_R15),
		TEST(what_is_no_name_is_refused),
		TEST(verify_settings_stay_the_listeners_own_R15),
		TEST(the_identity_of_a_group_outlives_its_index),
		TEST(one_certificate_is_for_all_names),
		TEST(a_request_for_another_group_is_not_served_R15),
		TEST(two_of_one_name_and_kind_are_refused_R11),
		TEST(a_name_in_two_groups_is_refused_R11),
		TEST(what_is_no_server_name_is_refused_R11),
		TEST(a_certificate_without_names_is_refused_but_first),
		TEST(a_name_outside_of_the_certificate_is_a_warning),
		TEST(names_that_select_nothing_are_a_warning),
		TEST(the_errors_of_all_certificates_show_in_one_run_R11),
	};

	if (!tls_library_init(NULL))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
