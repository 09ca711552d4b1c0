/*
 * Mode x certificate x TLS version, each handshake in memory: what was noted,
 * who was refused, and with which alert (fields.md sections 4 and 5).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "config/config_problem.h"
#include "fake/cert_mint.h"
#include "fake/der.h"
#include "fake/tls_files.h"
#include "fake/tls_pair.h"
#include "tls/cert_info.h"
#include "tls/client_auth.h"
#include "tls/tls_context.h"

static struct tls_files files;
static struct mint *intermediate, *stranger;
static char long_text[9000];

enum { NO_ALERT = -1, DAY = 86400 };

struct row {
	const char *what;
	struct mint_spec leaf;
	/* 0: the trusted CA, 1: its intermediate, 2: another CA, 3: itself */
	int issuer;
	int sends; /* intermediate: 1; the other CA: 2; 3: twenty of it */
	enum client_auth_state state;
	int code;
	int depth;
	int alert;
	enum require_eku eku;
};

#define GOOD CLIENT_AUTH_OK, X509_V_OK, 0, NO_ALERT
#define BAD(code, alert) CLIENT_AUTH_FAILED, X509_V_ERR_##code, 0, alert
#define OWN(code, alert) CLIENT_AUTH_FAILED, CLIENT_AUTH_CODE_##code, 0, alert
#define CLIENT .eku = "clientAuth"

static const struct row rows[] = {
	{"a good one", {.cn = "good", CLIENT}, 0, 0, GOOD, 0},
	{"P-384", {.cn = "p", .key = MINT_P384, CLIENT}, 0, 0, GOOD, 0},
	{"P-521", {.cn = "p", .key = MINT_P521, CLIENT}, 0, 0, GOOD, 0},
	{"Ed25519", {.cn = "ed", .key = MINT_ED25519, CLIENT}, 0, 0, GOOD, 0},
	{"RSA", {.cn = "rsa", .key = MINT_RSA2048, CLIENT}, 0, 0, GOOD, 0},
	{"no extended key usage (RFC 5280)", {.cn = "x"}, 0, 0, GOOD, 0},
	{"no extended key usage where it must be there", {.cn = "x"}, 0, 0,
		OWN(EKU_ABSENT, 43), REQUIRE_EKU_PRESENT},
	{"clientAuth where it must be there", {.cn = "x", CLIENT}, 0, 0, GOOD,
		REQUIRE_EKU_PRESENT},
	{"server only", {.cn = "s", .eku = "serverAuth"}, 0, 0,
		BAD(INVALID_PURPOSE, 43), 0},
	{"server only where nobody asks", {.cn = "s", .eku = "serverAuth"}, 0,
		0, GOOD, REQUIRE_EKU_ANY},
	{"anyExtendedKeyUsage alone", {.cn = "a", .eku = "anyExtendedKeyUsage"},
		0, 0, BAD(INVALID_PURPOSE, 43), 0},
	{"both purposes", {.cn = "b", .eku = "serverAuth,clientAuth"}, 0, 0,
		GOOD, 0},
	{"expired", {.cn = "e", CLIENT, .from_s = -2 * DAY, .until_s = -DAY}, 0,
		0, BAD(CERT_HAS_EXPIRED, 45), 0},
	{"not yet valid",
		{.cn = "n", CLIENT, .from_s = DAY, .until_s = 2 * DAY}, 0, 0,
		BAD(CERT_NOT_YET_VALID, 42), 0},
	{"self-signed", {.cn = "self", CLIENT}, 3, 0,
		BAD(DEPTH_ZERO_SELF_SIGNED_CERT, 48), 0},
	{"from another CA", {.cn = "stranger", CLIENT}, 2, 0,
		BAD(UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 48), 0},
	{"from another CA that is sent, too", {.cn = "stranger", CLIENT}, 2, 2,
		CLIENT_AUTH_FAILED, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, 1, 48,
		0},
	{"below an intermediate", {.cn = "deep", CLIENT}, 1, 1, GOOD, 0},
	{"below an intermediate that is not sent", {.cn = "deep", CLIENT}, 1, 0,
		BAD(UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 48), 0},
	{"a broken signature", {.cn = "b", CLIENT, .bad_signature = true}, 0, 0,
		BAD(CERT_SIGNATURE_FAILURE, 51), 0},
	{"a weak key", {.cn = "w", .key = MINT_RSA1024, CLIENT}, 0, 0,
		BAD(EE_KEY_TOO_SMALL, 42), 0},
	{"a weak digest", {.cn = "w", .sha1 = true, CLIENT}, 0, 0,
		BAD(CA_MD_TOO_WEAK, 42), 0},
	{"an extension that nobody knows and is critical",
		{.cn = "c", .unknown_critical = true, CLIENT}, 0, 0,
		BAD(UNHANDLED_CRITICAL_EXTENSION, 46), 0},
	{"a start that is no date",
		{.cn = "d",
			.not_before = {DER_UTC_TIME, {"yesterday", 9}},
			CLIENT},
		0, 0, BAD(ERROR_IN_CERT_NOT_BEFORE_FIELD, 42), 0},
	{"an end that is no date",
		{.cn = "d",
			.not_after = {DER_UTC_TIME, {"tomorrow", 8}},
			CLIENT},
		0, 0, BAD(ERROR_IN_CERT_NOT_AFTER_FIELD, 42), 0},
	{"a fraction in a date",
		{.cn = "d",
			.not_before = {DER_GENERALIZED_TIME,
				{"20200101000000.5Z", 17}},
			CLIENT},
		0, 0, BAD(ERROR_IN_CERT_NOT_BEFORE_FIELD, 42), 0},
	{"a serial of 65 octets",
		{.cn = "s", .serial = {long_text, 65}, CLIENT}, 0, 0,
		OWN(SERIAL, 42), 0},
	{"a serial of 64 octets",
		{.cn = "s", .serial = {long_text, 64}, CLIENT}, 0, 0, GOOD, 0},
	{"a name too long for a header", {.cn = long_text, CLIENT}, 0, 0,
		OWN(HEADERS, 46), 0},
	{"twenty certificates", {.cn = "many", CLIENT}, 0, 3,
		OWN(CHAIN_SIZE, 46), 0},
	{"an empty subject", {CLIENT}, 0, 0, GOOD, 0},
};

/* One connection; the caller reads its fields and ends it. */
struct
try {
	struct tls_pair pair;
	struct client_auth auth;
	struct mint *leaf;
	struct tls_context *context;
	struct ssl_ctx_st *client;
};

static void show_of(
	const struct row *row, struct try *try, struct tls_show *show)
{
	const struct mint *issuers[] = {files.ca, intermediate, stranger, NULL};
	struct mint_spec spec = row->leaf;

	spec.issuer = issuers[row->issuer];
	try->leaf = mint_new(&spec);
	*show = (struct tls_show){.leaf = try->leaf};
	if (row->sends == 1)
		show->chain[0] = intermediate;
	if (row->sends == 2)
		show->chain[0] = stranger;
	for (int i = 0; row->sends == 3 && i < 20; i++)
		show->chain[i] = intermediate;
}

static void try_begin(struct try *try, const struct config_listener *listener,
	int version, const struct tls_show *show)
{
	struct config_problems *problems = config_problems_new();
	struct ssl_st *ssl;

	try->context = tls_context_new(
		&(struct tls_context_setup){.listener = listener}, problems);
	assert_int_equal(config_problems_errors(problems), 0);
	config_problems_free(problems);
	assert_non_null(try->context);
	try->client = tls_client_new(version, show);
	memset(&try->auth, 0xAA, sizeof(try->auth)); /* must be reset */
	ssl = tls_context_accept(try->context, &try->auth);
	tls_pair_init(&try->pair, &ssl, try->client);
	tls_pair_run(&try->pair);
	client_auth_finish(&try->auth, try->pair.server);
}

static void try_end(struct try *try)
{
	tls_pair_fini(&try->pair);
	SSL_CTX_free(try->client);
	tls_context_free(try->context);
	mint_free(try->leaf);
}

static const char *mode_name(enum client_auth_mode mode)
{
	static const char *const names[] = {
		"require", "optional", "request_any", "disabled"};

	return names[mode];
}

static void say(const struct row *row, enum client_auth_mode mode, int version,
	const struct try *try)
{
	print_error("%s, mode %s, TLS %x: state %d code %d depth %d refused "
		    "%d alert %d done %d\n",
		row->what, mode_name(mode), (unsigned)version, try->auth.state,
		try->auth.code, try->auth.depth, try->auth.refused,
		try->pair.alert, try->pair.server_done);
}

static bool leaf_is(struct try *try, const struct mint *leaf)
{
	struct arena *arena = arena_new(NULL);
	struct cert_info *info =
		client_auth_leaf(&try->auth, try->pair.server, arena);
	unsigned char digest[32];
	bool same;

	X509_digest(leaf->cert, EVP_sha256(), digest, NULL);
	same = info && !memcmp(info->sha256, digest, sizeof(digest)) &&
	       !memcmp(try->auth.sha256, digest, sizeof(digest));
	arena_free(arena);
	return same;
}

static bool as_expected(
	const struct row *row, enum client_auth_mode mode, struct try *try)
{
	bool passes =
		mode == CLIENT_AUTH_REQUEST_ANY || row->state == CLIENT_AUTH_OK;

	if (try->auth.state != row->state || try->auth.code != row->code ||
		try->auth.depth != row->depth || !leaf_is(try, try->leaf))
		return false;
	if (try->auth.refused == passes ||
		client_auth_allowed(&try->auth) != passes ||
		try->pair.server_done != passes)
		return false;
	if (row->state != CLIENT_AUTH_OK && try->auth.expires != INT64_MAX)
		return false;
	if (passes)
		return try->pair.alert == NO_ALERT && tls_pair_echo(&try->pair);
	return try->pair.alert == row->alert;
}

static void every_certificate_gets_its_verdict_in_every_mode(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int m = CLIENT_AUTH_REQUIRE; m < CLIENT_AUTH_DISABLED;
			m++) {
			for (int v = 0; v < 2; v++) {
				struct config_listener listener =
					files.listener;
				struct try try = {0};
				struct tls_show show;

				listener.client_auth.mode = m;
				listener.client_auth.require_eku = rows[i].eku;
				show_of(&rows[i], &try, &show);
				try_begin(&try, &listener, versions[v], &show);
				if (!as_expected(&rows[i], m, &try)) {
					say(&rows[i], m, versions[v], &try);
					failed++;
				}
				try_end(&try);
			}
		}
	}
	assert_int_equal(failed, 0);
}

static void no_certificate_is_none_and_refused_by_require_only(void **state)
{
	static const struct {
		enum client_auth_mode mode;
		int version;
		int alert;
	} cases[] = {
		{CLIENT_AUTH_REQUIRE, TLS1_2_VERSION, 40},
		{CLIENT_AUTH_REQUIRE, TLS1_3_VERSION, 116},
		{CLIENT_AUTH_OPTIONAL, TLS1_2_VERSION, NO_ALERT},
		{CLIENT_AUTH_OPTIONAL, TLS1_3_VERSION, NO_ALERT},
		{CLIENT_AUTH_REQUEST_ANY, TLS1_2_VERSION, NO_ALERT},
		{CLIENT_AUTH_REQUEST_ANY, TLS1_3_VERSION, NO_ALERT},
		{CLIENT_AUTH_DISABLED, TLS1_2_VERSION, NO_ALERT},
		{CLIENT_AUTH_DISABLED, TLS1_3_VERSION, NO_ALERT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config_listener listener = files.listener;
		bool refused = cases[i].alert != NO_ALERT;
		struct try try = {0};

		listener.client_auth.mode = cases[i].mode;
		try_begin(&try, &listener, cases[i].version, NULL);
		assert_int_equal(try.auth.state, CLIENT_AUTH_NONE);
		assert_int_equal(
			try.auth.code, refused ? CLIENT_AUTH_CODE_NO_CERT : 0);
		assert_int_equal(try.auth.refused, refused);
		assert_int_equal(client_auth_allowed(&try.auth), !refused);
		assert_int_equal(try.pair.server_done, !refused);
		assert_int_equal(try.pair.alert, cases[i].alert);
		assert_null(client_auth_leaf(&try.auth, try.pair.server, NULL));
		try_end(&try);
	}
}

static void disabled_asks_for_no_certificate(void **state)
{
	struct tls_show show = {.leaf = files.server};

	(void)state;
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION;
		version++) {
		struct config_listener listener = files.listener;
		struct try try = {0};

		listener.client_auth.mode = CLIENT_AUTH_DISABLED;
		try_begin(&try, &listener, version, &show);
		assert_true(try.pair.server_done);
		assert_int_equal(try.auth.state, CLIENT_AUTH_NONE);
		assert_int_equal(try.auth.sent, 0);
		assert_true(client_auth_allowed(&try.auth));
		try_end(&try);
	}
}

/* Leaf below `depth` intermediates, all of them sent. */
static void try_depth(struct try *try, unsigned depth, unsigned max_depth,
	const char *path_len)
{
	static const char *const names[] = {
		"Sub 1", "Sub 2", "Sub 3", "Sub 4", "Sub 5"};
	struct config_listener listener = files.listener;
	struct mint *cas[8] = {NULL};
	struct mint *above = files.ca;
	struct tls_show show = {0};

	listener.client_auth.max_depth = max_depth;
	for (unsigned i = 0; i < depth; i++) {
		cas[i] = mint_new(&(struct mint_spec){.cn = names[i],
			.issuer = above,
			.ca = true,
			.path_len = i ? NULL : path_len});
		show.chain[depth - 1 - i] = cas[i];
		above = cas[i];
	}
	try->leaf = mint_client("deep", above);
	show.leaf = try->leaf;
	try_begin(try, &listener, TLS1_3_VERSION, &show);
	for (unsigned i = 0; i < depth; i++)
		mint_free(cas[i]);
}

static void max_depth_counts_the_cas_between_leaf_and_anchor(void **state)
{
	static const struct {
		unsigned depth, max_depth;
		int code;
	} cases[] = {
		{0, 0, X509_V_OK},
		{1, 0, X509_V_ERR_CERT_CHAIN_TOO_LONG},
		{1, 1, X509_V_OK},
		{2, 1, X509_V_ERR_CERT_CHAIN_TOO_LONG},
		{4, 4, X509_V_OK},
		{5, 4, X509_V_ERR_CERT_CHAIN_TOO_LONG},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct try try = {0};

		try_depth(&try, cases[i].depth, cases[i].max_depth, NULL);
		assert_int_equal(try.auth.code, cases[i].code);
		assert_int_equal(try.pair.alert, cases[i].code ? 48 : NO_ALERT);
		try_end(&try);
	}
}

static void a_path_length_is_held(void **state)
{
	struct try try = {0};

	(void)state;
	try_depth(&try, 2, 4, "0");
	assert_int_equal(try.auth.code, X509_V_ERR_PATH_LENGTH_EXCEEDED);
	assert_int_equal(try.pair.alert, 48);
	try_end(&try);
}

static void an_issuer_that_is_no_ca_is_refused(void **state)
{
	struct mint *middle = mint_client("middle", files.ca);
	struct mint *leaf = mint_client("leaf", middle);
	struct tls_show show = {.leaf = leaf, .chain = {middle}};
	struct try try = {0};

	(void)state;
	try_begin(&try, &files.listener, TLS1_3_VERSION, &show);
	assert_int_equal(try.auth.code, X509_V_ERR_INVALID_CA);
	assert_int_equal(try.auth.depth, 1);
	assert_int_equal(try.pair.alert, 48);
	try_end(&try);
	mint_free(middle);
	mint_free(leaf);
}

static void name_constraints_are_held(void **state)
{
	struct mint *ca = mint_new(&(struct mint_spec){.cn = "Limited CA",
		.issuer = files.ca,
		.ca = true,
		.name_constraints = "critical,permitted;DNS:example.org"});
	struct mint *leaf = mint_new(&(struct mint_spec){.cn = "other",
		.issuer = ca,
		.eku = "clientAuth",
		.san = "DNS:example.net"});
	struct tls_show show = {.leaf = leaf, .chain = {ca}};
	struct try try = {0};

	(void)state;
	try_begin(&try, &files.listener, TLS1_3_VERSION, &show);
	assert_int_equal(try.auth.code, X509_V_ERR_PERMITTED_VIOLATION);
	assert_int_equal(try.pair.alert, 46);
	try_end(&try);
	mint_free(leaf);
	mint_free(ca);
}

static bool issuer_is(
	const struct client_auth_issuer *issuer, const struct mint *mint)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(mint->cert);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(mint->cert);

	return slice_eq(issuer->serial,
		       slice_of(ASN1_STRING_get0_data(serial),
			       (size_t)ASN1_STRING_length(serial))) &&
	       slice_eq(
		       issuer->key_id, slice_of(ASN1_STRING_get0_data(id),
					       (size_t)ASN1_STRING_length(id)));
}

/* 2.5.29.14: an OCTET STRING of two octets */
static const char key_id[] = "\x30\x0B\x06\x03\x55\x1D\x0E"
			     "\x04\x04\x04\x02\xAB\x00";

static void the_issuer_is_that_of_a_chain_that_verified(void **state)
{
	struct mint *ca = mint_new(&(struct mint_spec){.cn = "Issuing CA",
		.issuer = files.ca,
		.ca = true,
		.extensions = {key_id, sizeof(key_id) - 1}});
	struct mint *leaves[] = {mint_client("good", ca),
		mint_new(&(struct mint_spec){
			.cn = "bad", .issuer = ca, .bad_signature = true})};

	(void)state;
	for (int bad = 0; bad < 2; bad++) {
		struct tls_show show = {.leaf = leaves[bad], .chain = {ca}};
		struct config_listener listener = files.listener;
		struct arena *arena = arena_new(NULL);
		struct client_auth_issuer issuer;
		struct cert_info *leaf;
		struct try try = {0};

		listener.client_auth.mode = CLIENT_AUTH_REQUEST_ANY;
		try_begin(&try, &listener, TLS1_3_VERSION, &show);
		assert_true(client_auth_issuer(
			&try.auth, try.pair.server, arena, &issuer));
		assert_int_equal(issuer.known, !bad);
		assert_int_equal(issuer_is(&issuer, ca), !bad);
		leaf = client_auth_leaf_extended(
			&try.auth, try.pair.server, arena);
		assert_true(leaf && leaf->extensions);
		arena_free(arena);
		try_end(&try);
	}
	mint_free(leaves[0]);
	mint_free(leaves[1]);
	mint_free(ca);
}

/* R13 */
static void a_connection_ends_with_the_first_of_its_chain(void **state)
{
	struct mint *ca = mint_new(&(struct mint_spec){.cn = "Short CA",
		.issuer = files.ca,
		.ca = true,
		.from_s = -DAY,
		.until_s = DAY});
	struct mint *leaf = mint_client("leaf", ca);
	struct tls_show show = {.leaf = leaf, .chain = {ca}};
	struct try try = {0};
	int64_t left;

	(void)state;
	try_begin(&try, &files.listener, TLS1_3_VERSION, &show);
	assert_int_equal(try.auth.state, CLIENT_AUTH_OK);
	left = try.auth.expires - time(NULL);
	assert_true(left > DAY - 60 && left <= DAY);
	assert_int_equal(try.auth.sent, 2);
	try_end(&try);
	mint_free(leaf);
	mint_free(ca);
}

static void an_intermediate_may_be_the_anchor(void **state)
{
	struct config_listener listener = files.listener;
	struct mint *leaf = mint_client("leaf", intermediate);
	struct tls_show show = {.leaf = leaf};
	struct mint *outside = mint_client("outside", files.ca);
	struct try try = {0};
	char path[128];
	struct config_text text = {path, {"test.yaml", 6, 20}};

	(void)state;
	snprintf(path, sizeof(path), "%s/intermediate.pem", files.directory);
	mint_write_cert(files.directory, "intermediate.pem", intermediate);
	listener.client_auth.ca = (struct config_texts){&text, 1};
	try_begin(&try, &listener, TLS1_3_VERSION, &show);
	assert_int_equal(try.auth.state, CLIENT_AUTH_OK);
	try_end(&try);
	/* and its root is not trusted for that */
	show.leaf = outside;
	try_begin(&try, &listener, TLS1_3_VERSION, &show);
	assert_int_equal(
		try.auth.code, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
	try_end(&try);
	mint_free(leaf);
	mint_free(outside);
}

/* The public half of one key with the private half of another. */
static EVP_PKEY *forged_key(EVP_PKEY *public, EVP_PKEY *private)
{
	unsigned char point[256];
	size_t len = 0;
	BIGNUM *secret = NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	assert_true(EVP_PKEY_get_octet_string_param(
		public, "pub", point, sizeof(point), &len));
	assert_true(EVP_PKEY_get_bn_param(private, "priv", &secret));
	OSSL_PARAM_BLD_push_utf8_string(build, "group", "P-256", 0);
	OSSL_PARAM_BLD_push_octet_string(build, "pub", point, len);
	OSSL_PARAM_BLD_push_BN(build, "priv", secret);
	params = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	BN_free(secret);
	return key;
}

/* A certificate alone proves nothing: its key must sign the handshake. */
static void a_certificate_without_its_key_passes_in_no_mode(void **state)
{
	struct mint *victim = mint_client("victim", files.ca);
	struct mint *thief = mint_client("thief", files.ca);
	struct mint stolen = {.cert = victim->cert,
		.key = forged_key(victim->key, thief->key)};
	struct tls_show show = {.leaf = &stolen};

	(void)state;
	for (int mode = CLIENT_AUTH_REQUIRE; mode < CLIENT_AUTH_DISABLED;
		mode++) {
		for (int v = TLS1_2_VERSION; v <= TLS1_3_VERSION; v++) {
			struct config_listener listener = files.listener;
			struct try try = {0};

			listener.client_auth.mode = mode;
			try_begin(&try, &listener, v, &show);
			assert_false(try.pair.server_done);
			assert_int_equal(try.pair.alert, 51);
			assert_int_equal(try.auth.state, CLIENT_AUTH_NONE);
			try_end(&try);
		}
	}
	EVP_PKEY_free(stolen.key);
	mint_free(victim);
	mint_free(thief);
}

static void the_verdict_of_a_zeroed_struct_is_none(void **state)
{
	struct client_auth auth = {0};
	char text[CLIENT_AUTH_VERDICT];

	(void)state;
	client_auth_verdict(&auth, text);
	assert_string_equal(text, "NONE");
	assert_false(client_auth_allowed(&auth));
}

static void verdicts_have_the_documented_spelling(void **state)
{
	static const struct {
		enum client_auth_state state;
		int code;
		const char *text;
		const char *word;
	} cases[] = {
		{CLIENT_AUTH_OK, 0, "SUCCESS", "ok"},
		{CLIENT_AUTH_FAILED, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
			"FAILED:self signed certificate", "self_signed"},
		{CLIENT_AUTH_FAILED, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
			"FAILED:self signed certificate in certificate chain",
			"unknown_ca"},
		{CLIENT_AUTH_FAILED,
			X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
			"FAILED:unable to get local issuer certificate",
			"unknown_ca"},
		{CLIENT_AUTH_FAILED, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
			"FAILED:unable to verify the first certificate",
			"unknown_ca"},
		{CLIENT_AUTH_FAILED, X509_V_ERR_CERT_HAS_EXPIRED,
			"FAILED:certificate has expired", "expired"},
		{CLIENT_AUTH_FAILED, X509_V_ERR_CERT_NOT_YET_VALID,
			"FAILED:certificate is not yet valid", "not_yet_valid"},
		{CLIENT_AUTH_FAILED, X509_V_ERR_INVALID_PURPOSE,
			"FAILED:unsupported certificate purpose", "purpose"},
		{CLIENT_AUTH_FAILED, X509_V_ERR_CERT_SIGNATURE_FAILURE,
			"FAILED:certificate signature failure", "signature"},
		{CLIENT_AUTH_FAILED, X509_V_ERR_CERT_CHAIN_TOO_LONG,
			"FAILED:certificate chain too long", "chain_too_long"},
		{CLIENT_AUTH_REVOKED, X509_V_ERR_CERT_REVOKED,
			"FAILED:certificate revoked", "revoked"},
		{CLIENT_AUTH_FAILED, X509_V_ERR_CRL_HAS_EXPIRED,
			"FAILED:CRL has expired", "crl"},
		{CLIENT_AUTH_FAILED, X509_V_ERR_UNABLE_TO_GET_CRL,
			"FAILED:unable to get certificate CRL", "crl"},
		{CLIENT_AUTH_FAILED, 77777,
			"FAILED:certificate verification failed", "other"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct client_auth auth = {
			.state = cases[i].state, .code = cases[i].code};
		char text[CLIENT_AUTH_VERDICT];

		client_auth_verdict(&auth, text);
		assert_string_equal(text, cases[i].text);
		assert_string_equal(
			client_auth_word(cases[i].code), cases[i].word);
	}
}

static int set_up(void **state)
{
	(void)state;
	memset(long_text, 'a', sizeof(long_text) - 1);
	tls_files_init(&files);
	intermediate = mint_ca("Intermediate CA", files.ca);
	stranger = mint_ca("Stranger CA", NULL);
	return tls_library_init(NULL) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	mint_free(intermediate);
	mint_free(stranger);
	tls_files_fini(&files);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_certificate_gets_its_verdict_in_every_mode),
		cmocka_unit_test(
			no_certificate_is_none_and_refused_by_require_only),
		cmocka_unit_test(disabled_asks_for_no_certificate),
		cmocka_unit_test(
			max_depth_counts_the_cas_between_leaf_and_anchor),
		cmocka_unit_test(a_path_length_is_held),
		cmocka_unit_test(an_issuer_that_is_no_ca_is_refused),
		cmocka_unit_test(name_constraints_are_held),
		cmocka_unit_test(the_issuer_is_that_of_a_chain_that_verified),
		cmocka_unit_test(a_connection_ends_with_the_first_of_its_chain),
		cmocka_unit_test(an_intermediate_may_be_the_anchor),
		cmocka_unit_test(
			a_certificate_without_its_key_passes_in_no_mode),
		cmocka_unit_test(the_verdict_of_a_zeroed_struct_is_none),
		cmocka_unit_test(verdicts_have_the_documented_spelling),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
