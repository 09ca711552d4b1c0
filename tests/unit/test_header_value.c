/*
 * Golden values of every field, with the certificates of RFC 9440 appendix A,
 * and of hostile names put together by hand.
 */
#include "policy/header_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "config/config_field.h"
#include "config/config_template.h"
#include "tls/cert_format.h"

enum { CERTS = 3 };

static struct arena *arena;
static struct cert_info *leaf; /* of RFC 9440 */
static struct slice ders[CERTS];
static char documented[2][4096]; /* the headers as the RFC prints them */

static const struct config_headers settings;
static const struct config_client_auth require = {.mode = CLIENT_AUTH_REQUIRE};
static const struct config_client_auth any = {.mode = CLIENT_AUTH_REQUEST_ANY};
static const struct client_auth verified = {
	.state = CLIENT_AUTH_OK, .sent = 3, .settings = &require};
static const struct client_auth failed = {.state = CLIENT_AUTH_FAILED,
	.code = CLIENT_AUTH_CODE_DATE,
	.sent = 3,
	.settings = &any};
static const struct client_auth revoked = {.state = CLIENT_AUTH_REVOKED,
	.code = 23, /* X509_V_ERR_CERT_REVOKED */
	.sent = 1,
	.settings = &any};
static const struct client_auth none = {
	.state = CLIENT_AUTH_NONE, .settings = &any};

static struct header_facts facts_of(
	const struct client_auth *auth, const struct cert_info *info)
{
	return (struct header_facts){.settings = &settings,
		.auth = auth,
		.leaf = info,
		.fits = true,
		.tls_version = "TLSv1.3",
		.tls_cipher = "TLS_AES_128_GCM_SHA256",
		.sni = "a\xFF b\x7F",
		.resumed = true,
		.client_ip = SLICE("2001:db8::1"),
		.client_port = 4711};
}

static struct config_template_piece piece_of(const char *name)
{
	struct config_template_piece piece;

	piece.field = config_field_find(slice_str(name), &piece.text);
	if (!piece.field)
		fail_msg("%s", name);
	return piece;
}

static void assert_text(const char *what, struct slice got, const char *want)
{
	if (!slice_eq(got, slice_str(want)))
		fail_msg("%s: got \"%.*s\", want \"%s\"", what, SLICE_FMT(got),
			want);
	for (size_t i = 0; i < got.len; i++) /* R6 */
		assert_true(got.ptr[i] >= 0x20 && got.ptr[i] <= 0x7E);
}

struct golden {
	const char *name;
	const char *value;
};

static void assert_values(const struct header_facts *facts,
	const struct golden *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct config_template_piece piece = piece_of(rows[i].name);
		struct slice got;

		assert_int_equal(header_value(facts, &piece, arena, &got),
			HEADER_VALUE_OK);
		assert_text(rows[i].name, got, rows[i].value);
	}
}

#define ASSERT_VALUES(facts, rows) \
	assert_values(facts, rows, sizeof(rows) / sizeof((rows)[0]))

static void every_field_of_a_verified_certificate(void **state)
{
	static const struct golden rows[] = {
		{"cert.presented", "1"},
		{"cert.verified", "SUCCESS"},
		{"cert.revoked", "0"},
		{"cert.issuer_dn",
			"CN=LA Intermediate CA,O=Let's Authenticate"},
		{"cert.subject_dn", "CN=BC"},
		{"cert.issuer_dn_legacy",
			"/O=Let's Authenticate/CN=LA Intermediate CA"},
		{"cert.subject_dn_legacy", "/CN=BC"},
		{"cert.serial", "07"},
		{"cert.issuer_serial", "16"},
		{"cert.fingerprint_sha1",
			"ca083f269fb4fc71920e94070eaacb731929e6f9"},
		{"cert.fingerprint_sha256", "bfaf1f7e070f9fa8dd62905f158da73f"
					    "84a1136624fbafcc9393c8f7287a69eb"},
		{"cert.spki_sha256",
			"yTvZJqPkG+BQJ5mvQ1IbLCgU5bxrZXhlGEHQDp3uad4="},
		{"cert.not_before", "Jan 14 22:55:33 2020 GMT"},
		{"cert.not_before.unix", "1579042533"},
		{"cert.not_before.rfc3339", "2020-01-14T22:55:33Z"},
		{"cert.not_after", "Jan 23 22:55:33 2021 GMT"},
		{"cert.not_after.unix", "1611442533"},
		{"cert.not_after.rfc3339", "2021-01-23T22:55:33Z"},
		{"cert.ski", ""},
		{"cert.issuer_ski", "66DD68CB"},
		{"cert.subject.cn", "BC"},
		{"cert.subject.ou", ""},
		{"cert.issuer.o", "Let's Authenticate"},
		{"cert.issuer.2.5.4.3", "LA Intermediate CA"},
		{"cert.san.dns", ""},
		{"cert.san.uri", ""},
		{"cert.san.email", "bdc@example.com"},
		{"cert.san.ip", ""},
		{"cert.spiffe_id", ""},
		{"tls.version", "TLSv1.3"},
		{"tls.cipher", "TLS_AES_128_GCM_SHA256"},
		{"tls.sni", "a%FF%20b%7F"},
		{"tls.resumed", "1"},
		{"client.ip", "2001:db8::1"},
		{"client.port", "4711"},
	};
	struct header_facts facts = facts_of(&verified, leaf);

	(void)state;
	facts.issuer = (struct client_auth_issuer){.known = true,
		.serial = {"\x16", 1},
		.key_id = {"\x66\xDD\x68\xCB", 4}};
	ASSERT_VALUES(&facts, rows);
}

/* fields.md section 4: filled from what was presented. */
static void an_issuer_that_nobody_verified_is_told_as_the_leaf_has_it(
	void **state)
{
	static const struct golden rows[] = {
		{"cert.verified",
			"FAILED:certificate validity dates do not parse"},
		{"cert.subject_dn", "CN=BC"},
		{"cert.issuer_serial", ""}, /* this one does not say */
		{"cert.issuer_ski", "66DD68CB6B7F256C4602BA208F72DD19692103D8"},
	};
	struct header_facts facts = facts_of(&failed, leaf);
	char verdict[CLIENT_AUTH_VERDICT];
	struct golden copy[4];

	(void)state;
	memcpy(copy, rows, sizeof(rows));
	client_auth_verdict(&failed, verdict);
	copy[0].value = verdict;
	ASSERT_VALUES(&facts, copy);
}

static void without_a_certificate_nothing_is_claimed(void **state)
{
	struct header_facts facts = facts_of(&none, NULL);
	const struct config_field *field;

	(void)state;
	for (size_t i = 0; (field = config_field_at(i)); i++) {
		struct config_template_piece piece = {
			field, slice_str(field->oid)};
		struct slice got;

		if (field->needs & FIELD_PER_REQUEST ||
			strncmp(field->name, "cert.", 5) != 0)
			continue;
		assert_int_equal(header_value(&facts, &piece, arena, &got),
			HEADER_VALUE_OK);
		if (field->id == FIELD_CERT_PRESENTED ||
			field->id == FIELD_CERT_REVOKED)
			assert_text(field->name, got, "0");
		else if (field->id == FIELD_CERT_VERIFIED)
			assert_text(field->name, got, "NONE");
		else
			assert_int_equal(got.len, 0);
	}
}

/* R14 */
static void a_revoked_one_is_failed_and_said_to_be_revoked(void **state)
{
	static const struct golden rows[] = {
		{"cert.verified", "FAILED:certificate revoked"},
		{"cert.revoked", "1"},
		{"cert.presented", "1"},
	};
	struct header_facts facts = facts_of(&revoked, leaf);

	(void)state;
	ASSERT_VALUES(&facts, rows);
}

/* ---- names put together by hand ---- */

static struct slice dns[] = {
	{"a.example", 9}, {"good.example\0.evil", 18}, {"x,DNS=admin", 11}};
static struct slice uris[] = {{"spiffe://td/a,b;c=\"d\\e f", 24}};
static struct slice emails[] = {
	{"a\r\nX-CERT-VERIFY: SUCCESS@b", 27}, {"Zo\xC3\xAB@example", 12}};
static struct slice ips[] = {{"\x7F\0\0\x01", 4},
	{"\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01", 16}};

static struct cert_attribute parts[] = {
	{.short_name = "CN",
		.oid = "2.5.4.3",
		.tag = V_ASN1_UTF8STRING,
		.raw = {"q\"b\\c,d;e\r\n", 11},
		.rdn = 0},
	{.short_name = "CN",
		.oid = "2.5.4.3",
		.tag = V_ASN1_UTF8STRING,
		.raw = {"second", 6},
		.rdn = 1},
};

static struct cert_extensions hostile_extensions = {.dns = {dns, 3},
	.uri = {uris, 1},
	.email = {emails, 2},
	.ip = {ips, 2},
	.authority_serial = {"\0\x80", 2},
	.subject_key_id = {"\0\xAB", 2}};
static struct cert_info hostile = {
	.subject = {parts, 2},
	.issuer = {parts, 1},
	.serial = {"\x05", 1},
	.serial_negative = true,
	.sha256 = {0xDE, 0xAD},
	.extensions = &hostile_extensions,
};

static void hostile_names_cannot_leave_their_place(void **state)
{
	static const struct golden rows[] = {
		{"cert.san.dns",
			"a.example,good.example%00.evil,x%2CDNS=admin"},
		{"cert.san.uri", "spiffe://td/a%2Cb;c=\"d\\e%20f"},
		{"cert.san.email", "a%0D%0AX-CERT-VERIFY:%20SUCCESS@b,"
				   "Zo%C3%AB@example"},
		{"cert.san.ip", "127.0.0.1,2001:db8::1"},
		{"cert.spiffe_id", "spiffe://td/a%2Cb;c=\"d\\e%20f"},
		{"cert.subject.cn", "q\\\"b\\\\c\\,d\\;e\\0D\\0A"},
		{"cert.serial", "-05"},
		{"cert.issuer_serial", "0080"},
		{"cert.ski", "00AB"},
	};
	struct header_facts facts = facts_of(&failed, &hostile);

	(void)state;
	ASSERT_VALUES(&facts, rows);
}

static void a_spiffe_id_is_the_only_uri_and_of_its_scheme(void **state)
{
	static struct slice two[] = {{"spiffe://td/a", 13}, {"urn:x", 5}};
	static struct slice other[] = {{"https://td/a", 12}};
	static struct slice upper[] = {{"SPIFFE://td/a", 13}};
	const struct {
		struct cert_sans sans;
		const char *value;
	} rows[] = {
		{{two, 2}, ""},
		{{two, 1}, "spiffe://td/a"},
		{{other, 1}, ""},
		{{upper, 1}, "SPIFFE://td/a"},
		{{NULL, 0}, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cert_extensions e = {.uri = rows[i].sans};
		struct cert_info info = hostile;
		struct header_facts facts = facts_of(&verified, &info);
		const struct golden row = {"cert.spiffe_id", rows[i].value};

		info.extensions = &e;
		assert_values(&facts, &row, 1);
	}
}

/* R17: a list that was not read is never told as an empty one. */
static void too_many_names_are_too_large(void **state)
{
	static const char *const names[] = {"cert.san.dns", "cert.san.uri",
		"cert.san.email", "cert.san.ip", "cert.spiffe_id"};
	struct cert_extensions e = {.sans_too_many = true};
	struct cert_info info = hostile;
	struct header_facts facts = facts_of(&verified, &info);
	struct slice got;

	(void)state;
	info.extensions = &e;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct config_template_piece piece = piece_of(names[i]);

		assert_int_equal(header_value(&facts, &piece, arena, &got),
			HEADER_VALUE_TOO_LARGE);
		/* once that was judged, there is nothing to tell */
		facts.fits = false;
		assert_int_equal(header_value(&facts, &piece, arena, &got),
			HEADER_VALUE_OK);
		assert_int_equal(got.len, 0);
		facts.fits = true;
	}
}

/* ---- X-Forwarded-Client-Cert ---- */

static void assert_xfcc(const struct header_facts *facts, const char *want)
{
	struct slice got;

	assert_true(header_value_xfcc(facts, arena, &got));
	assert_text("xfcc", got, want);
}

/* The third example of Envoy's manual, its subject in today's form. */
static void the_xfcc_of_envoys_manual(void **state)
{
	static const struct config_headers by = {
		.xfcc_by = {.text = "http://frontend.lyft.com"}};
	static struct slice names[] = {{"lyft.com", 8}, {"www.lyft.com", 12}};
	static struct slice uri[] = {{"http://testclient.lyft.com", 26}};
	static struct cert_attribute dn[] = {
		{.short_name = "C",
			.tag = V_ASN1_PRINTABLESTRING,
			.raw = {"US", 2},
			.rdn = 0},
		{.short_name = "ST",
			.tag = V_ASN1_UTF8STRING,
			.raw = {"CA", 2},
			.rdn = 1},
		{.short_name = "L",
			.tag = V_ASN1_UTF8STRING,
			.raw = {"San Francisco", 13},
			.rdn = 2},
		{.short_name = "OU",
			.tag = V_ASN1_UTF8STRING,
			.raw = {"Lyft", 4},
			.rdn = 3},
		{.short_name = "CN",
			.tag = V_ASN1_UTF8STRING,
			.raw = {"Test Client", 11},
			.rdn = 4},
	};
	static const struct cert_extensions e = {
		.dns = {names, 2}, .uri = {uri, 1}};
	struct cert_info info = {.subject = {dn, 5},
		.sha256 = {0x46, 0x8e, 0xd3, 0x3b, 0xe7, 0x4e, 0xee, 0x65, 0x56,
			0xd9, 0x0c, 0x01, 0x49, 0xc1, 0x30, 0x9e, 0x9b, 0xa6,
			0x1d, 0x64, 0x25, 0x30, 0x34, 0x43, 0xc0, 0x74, 0x8a,
			0x02, 0xdd, 0x8d, 0xe6, 0x88},
		.extensions = &e};
	struct header_facts facts = facts_of(&verified, &info);

	(void)state;
	facts.settings = &by;
	assert_xfcc(&facts,
		"By=http://frontend.lyft.com;Hash="
		"468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de6"
		"88;Subject=\"CN=Test Client,OU=Lyft,L=San Francisco,ST=CA,"
		"C=US\";URI=http://testclient.lyft.com;DNS=lyft.com;"
		"DNS=www.lyft.com");
}

static void xfcc_keeps_hostile_names_within_their_quotes(void **state)
{
	static const struct config_headers by = {
		.xfcc_by = {.text = "spiffe://td/gate;x=1"}};
	struct header_facts facts = facts_of(&verified, &hostile);

	(void)state;
	facts.settings = &by;
	assert_xfcc(&facts,
		"By=\"spiffe://td/gate;x=1\";Hash="
		"dead000000000000000000000000000000000000000000000000000000"
		"000000;Subject=\"CN=second,CN=q\\22b\\5Cc\\,d\\;e\\0D\\0A\";"
		"URI=\"spiffe://td/a,b;c=%22d%5Ce%20f\";DNS=a.example;"
		"DNS=good.example%00.evil;DNS=\"x,DNS=admin\"");
}

/* As Envoy: the keys Subject and URI stand there without a value, too. */
static void xfcc_of_a_certificate_without_names(void **state)
{
	static const struct cert_extensions e = {.other_sans = 0};
	struct cert_info info = {.sha256 = {0xAB}, .extensions = &e};
	struct header_facts facts = facts_of(&verified, &info);

	(void)state;
	assert_xfcc(&facts,
		"Hash="
		"ab00000000000000000000000000000000000000000000000000000000"
		"000000;Subject=\"\";URI=");
}

/* Its presence says that the certificate was verified. */
static void xfcc_is_told_of_verified_certificates_only(void **state)
{
	const struct client_auth *others[] = {&none, &failed, &revoked};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct header_facts facts = facts_of(others[i], &hostile);

		assert_xfcc(&facts, "");
	}
}

/* ---- certificates ---- */

static struct header_request request_of(const struct client_auth *auth)
{
	return (struct header_request){.auth = auth,
		.certs = {.leaf = ders[0],
			.chain = ders + 1,
			.chain_count = CERTS - 1},
		.id = SLICE("id-1"),
		.method = SLICE("GET"),
		.host = SLICE("www.example:8443"),
		.path = SLICE("/a%20b/\xC3\xBC?token=secret")};
}

static struct slice made(
	const struct header_request *request, enum config_field_id id)
{
	struct config_template_piece piece = {config_field_of(id), {NULL, 0}};
	struct slice got;

	assert_int_equal(header_value_request(request, &piece, arena, &got),
		HEADER_VALUE_OK);
	return got;
}

static void the_headers_of_rfc_9440_byte_for_byte(void **state)
{
	struct header_request request = request_of(&verified);

	(void)state;
	assert_text("Client-Cert", made(&request, FIELD_RFC9440_CERT),
		documented[0]);
	assert_text("Client-Cert-Chain", made(&request, FIELD_RFC9440_CHAIN),
		documented[1]);
	assert_text(
		"the field", made(&request, FIELD_CERT_RFC9440), documented[0]);
	assert_text("the field", made(&request, FIELD_CERT_CHAIN_RFC9440),
		documented[1]);
}

/* The headers claim a verified client (RFC 9440 section 2.4), a field does
 * not. */
static void rfc_9440_is_told_of_verified_certificates_only(void **state)
{
	struct header_request request = request_of(&failed);

	(void)state;
	assert_text("Client-Cert", made(&request, FIELD_RFC9440_CERT), "");
	assert_text(
		"Client-Cert-Chain", made(&request, FIELD_RFC9440_CHAIN), "");
	assert_text(
		"the field", made(&request, FIELD_CERT_RFC9440), documented[0]);
}

static void certificates_above_their_limits_are_left_out(void **state)
{
	static char octets[20000];
	struct slice big = slice_of(octets, 7680); /* 10240 characters, ":" */
	struct slice long_chain[] = {
		slice_of(octets, 6000), slice_of(octets, 6300)};
	struct header_request request = request_of(&verified);

	(void)state;
	assert_text(
		"fits", made(&request, FIELD_CERT_RFC9440_TOO_LARGE), "false");
	assert_text("fits", made(&request, FIELD_CERT_CHAIN_RFC9440_TOO_LARGE),
		"false");
	request.certs.leaf = big;
	request.certs.chain = long_chain;
	assert_text(
		"leaf", made(&request, FIELD_CERT_RFC9440_TOO_LARGE), "true");
	assert_text("chain", made(&request, FIELD_CERT_CHAIN_RFC9440_TOO_LARGE),
		"true");
	assert_int_equal(made(&request, FIELD_CERT_RFC9440).len, 0);
	assert_int_equal(made(&request, FIELD_CERT_PEM).len, 0);
	assert_int_equal(made(&request, FIELD_CERT_CHAIN_RFC9440).len, 0);
	request.certs.leaf.len -= 3;
	assert_int_equal(made(&request, FIELD_CERT_RFC9440).len,
		CERT_FORMAT_LEAF_MAX - 2);
}

static void pem_is_encoded_as_nginx_does(void **state)
{
	struct header_request request = request_of(&verified);
	struct slice pem = made(&request, FIELD_CERT_PEM);

	(void)state;
	assert_true(slice_starts(pem,
		SLICE("-----BEGIN%20CERTIFICATE-----%0A"
		      "MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJM"
		      "ZXQncyBB%0AdXRoZW50")));
	assert_true(slice_ends(
		pem, SLICE("HSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk%3D%0A"
			   "-----END%20CERTIFICATE-----%0A")));
	assert_int_equal(slice_find(pem, '+'), pem.len);
	assert_int_equal(slice_find(pem, '/'), pem.len);
	assert_int_equal(slice_find(pem, '='), pem.len);
}

/* ---- AWS ALB ---- */

static void alb_in_verify_mode(void **state)
{
	struct header_facts facts = facts_of(&verified, leaf);
	struct header_request request = request_of(&verified);
	const struct {
		enum config_field_id id;
		const char *value;
	} rows[] = {
		{FIELD_ALB_SERIAL, "07"},
		{FIELD_ALB_ISSUER,
			"CN=LA Intermediate CA,O=Let's Authenticate"},
		{FIELD_ALB_SUBJECT, "CN=BC"},
		{FIELD_ALB_VALIDITY, "NotBefore=2020-01-14T22:55:33Z;"
				     "NotAfter=2021-01-23T22:55:33Z"},
	};
	struct slice got;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config_template_piece piece = {
			config_field_of(rows[i].id), {NULL, 0}};

		assert_int_equal(header_value(&facts, &piece, arena, &got),
			HEADER_VALUE_OK);
		assert_text("ALB", got, rows[i].value);
	}
	got = made(&request, FIELD_ALB_LEAF);
	assert_true(slice_ends(got, SLICE("5XarmPk0wmuydBVoU4hBVZ1yhk=%0A"
					  "-----END%20CERTIFICATE-----%0A")));
	assert_true(slice_find(got, '/') < got.len);
	assert_int_equal(made(&request, FIELD_ALB_CHAIN).len, 0);
}

/* Nobody may take an unverified serial for a verified one. */
static void alb_in_passthrough_sends_the_chain_alone(void **state)
{
	static const enum config_field_id ids[] = {FIELD_ALB_SERIAL,
		FIELD_ALB_ISSUER, FIELD_ALB_SUBJECT, FIELD_ALB_VALIDITY};
	struct header_facts facts = facts_of(&failed, leaf);
	struct header_request request = request_of(&failed);
	struct slice got, rest;
	size_t begins = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct config_template_piece piece = {
			config_field_of(ids[i]), {NULL, 0}};

		assert_int_equal(header_value(&facts, &piece, arena, &got),
			HEADER_VALUE_OK);
		assert_int_equal(got.len, 0);
	}
	assert_int_equal(made(&request, FIELD_ALB_LEAF).len, 0);
	got = made(&request, FIELD_ALB_CHAIN);
	for (rest = got; rest.len; rest = slice_from(rest, 1))
		begins += slice_starts(rest, SLICE("-----BEGIN%20CERT"));
	assert_int_equal(begins, CERTS);
	assert_true(slice_ends(got, SLICE("-----END%20CERTIFICATE-----%0A")));
}

/* ---- Cloudflare ---- */

static void cloudflares_headers_are_true_or_false(void **state)
{
	const struct {
		const struct client_auth *auth;
		const char *presented, *verified, *revoked;
	} rows[] = {
		{&verified, "true", "true", "false"},
		{&failed, "true", "false", "false"},
		{&revoked, "true", "false", "true"},
		{&none, "false", "false", "false"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct header_facts facts = facts_of(
			rows[i].auth, rows[i].auth == &none ? NULL : leaf);
		const enum config_field_id ids[] = {FIELD_CLOUDFLARE_PRESENTED,
			FIELD_CLOUDFLARE_VERIFIED, FIELD_CLOUDFLARE_REVOKED};
		const char *const want[] = {
			rows[i].presented, rows[i].verified, rows[i].revoked};

		for (int f = 0; f < 3; f++) {
			struct config_template_piece piece = {
				config_field_of(ids[f]), {NULL, 0}};
			struct slice got;

			assert_int_equal(
				header_value(&facts, &piece, arena, &got),
				HEADER_VALUE_OK);
			assert_text("Cloudflare", got, want[f]);
		}
	}
}

/* ---- the request ---- */

static void what_a_client_chose_is_encoded_and_secrets_stay(void **state)
{
	struct header_request request = request_of(&verified);

	(void)state;
	assert_text("id", made(&request, FIELD_REQUEST_ID), "id-1");
	assert_text("method", made(&request, FIELD_REQUEST_METHOD), "GET");
	assert_text(
		"host", made(&request, FIELD_REQUEST_HOST), "www.example:8443");
	assert_text(
		"path", made(&request, FIELD_REQUEST_PATH), "/a%20b/%C3%BC");
}

/* ---- */

static int read_certs(const char *directory)
{
	char path[512];
	FILE *file;
	X509 *cert;

	snprintf(path, sizeof(path), "%s/data/rfc9440.pem", directory);
	file = fopen(path, "re");
	if (!file)
		return -1;
	for (int i = 0; i < CERTS; i++) {
		unsigned char *der = NULL;
		int len;

		cert = PEM_read_X509(file, NULL, NULL, NULL);
		len = cert ? i2d_X509(cert, &der) : -1;
		if (len <= 0 ||
			!arena_dup(arena, slice_of(der, (size_t)len), &ders[i]))
			return -1;
		OPENSSL_free(der);
		if (i == 0) {
			leaf = cert_info_read(cert, arena);
			if (!leaf ||
				!cert_info_read_extensions(leaf, cert, arena))
				return -1;
		}
		X509_free(cert);
	}
	fclose(file);
	return 0;
}

static int read_documented(const char *directory)
{
	char path[512];
	FILE *file;
	int ok;

	snprintf(path, sizeof(path), "%s/data/rfc9440.txt", directory);
	file = fopen(path, "re");
	if (!file)
		return -1;
	ok = fscanf(file,
		"Client-Cert: %4095[^\n]\nClient-Cert-Chain: %4095[^\n]",
		documented[0], documented[1]);
	fclose(file);
	return ok == 2 ? 0 : -1;
}

static int begin(void **state)
{
	(void)state;
	arena = arena_new(NULL);
	return arena && !read_certs(TEST_DATA_DIR)
		       ? read_documented(TEST_DATA_DIR)
		       : -1;
}

static int end(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_a_verified_certificate),
		cmocka_unit_test(
			an_issuer_that_nobody_verified_is_told_as_the_leaf_has_it),
		cmocka_unit_test(without_a_certificate_nothing_is_claimed),
		cmocka_unit_test(
			a_revoked_one_is_failed_and_said_to_be_revoked),
		cmocka_unit_test(hostile_names_cannot_leave_their_place),
		cmocka_unit_test(a_spiffe_id_is_the_only_uri_and_of_its_scheme),
		cmocka_unit_test(too_many_names_are_too_large),
		cmocka_unit_test(the_xfcc_of_envoys_manual),
		cmocka_unit_test(xfcc_keeps_hostile_names_within_their_quotes),
		cmocka_unit_test(xfcc_of_a_certificate_without_names),
		cmocka_unit_test(xfcc_is_told_of_verified_certificates_only),
		cmocka_unit_test(the_headers_of_rfc_9440_byte_for_byte),
		cmocka_unit_test(
			rfc_9440_is_told_of_verified_certificates_only),
		cmocka_unit_test(certificates_above_their_limits_are_left_out),
		cmocka_unit_test(pem_is_encoded_as_nginx_does),
		cmocka_unit_test(alb_in_verify_mode),
		cmocka_unit_test(alb_in_passthrough_sends_the_chain_alone),
		cmocka_unit_test(cloudflares_headers_are_true_or_false),
		cmocka_unit_test(
			what_a_client_chose_is_encoded_and_secrets_stay),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
