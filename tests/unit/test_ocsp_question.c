/* What is asked about whom. */
#include "tls/ocsp_question.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "base/buf.h"
#include "fake/cert_mint.h"

static struct mint *issuer;
static struct arena *arena;

static int begin(void **state)
{
	(void)state;
	issuer = mint_ca("Issuing CA", NULL);
	arena = arena_new(NULL);
	return arena ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	mint_free(issuer);
	arena_free(arena);
	return 0;
}

static struct mint *client(const char *info_access)
{
	return mint_new(&(struct mint_spec){.cn = "client",
		.issuer = issuer,
		.eku = "clientAuth",
		.info_access = info_access});
}

static struct ocsp_question ask(const struct mint *leaf)
{
	struct ocsp_question question;

	assert_int_equal(
		ocsp_question_about(leaf->cert, issuer->cert, arena, &question),
		OCSP_RESULT_GOOD);
	return question;
}

struct url_case {
	const char *info_access;
	const char *url;
};

static void the_first_responder_that_may_be_asked_is_taken(void **state)
{
	static const struct url_case cases[] = {
		{NULL, ""},
		{"OCSP;URI:http://ocsp.example/x?y", "http://ocsp.example/x?y"},
		{"OCSP;URI:HTTP://ocsp.example:8080",
			"HTTP://ocsp.example:8080"},
		{"OCSP;URI:https://a.example/,OCSP;URI:http://b.example/",
			"http://b.example/"},
		{"caIssuers;URI:http://ca.example/ca.cer", ""},
		{"OCSP;URI:ldap://a.example/", ""},
		{"OCSP;URI:file:///etc/passwd", ""},
		{"OCSP;DNS:ocsp.example", ""},
		{"OCSP;URI:http://user@ocsp.example/", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct mint *leaf = client(cases[i].info_access);
		struct ocsp_question question = ask(leaf);

		if (!slice_eq(question.url, slice_str(cases[i].url)))
			fail_msg("%s: %.*s", cases[i].info_access,
				SLICE_FMT(question.url));
		mint_free(leaf);
	}
}

static void only_so_many_responders_are_looked_at(void **state)
{
	struct buf text = {0};
	struct mint *leaf;

	(void)state;
	for (unsigned i = 0; i < OCSP_URLS_MAX; i++)
		assert_true(
			buf_printf(&text, "OCSP;URI:https://a%u.example/,", i));
	assert_true(
		buf_append(&text, slice_of("OCSP;URI:http://b.example/", 27)));
	leaf = client(buf_bytes(&text).ptr);
	assert_int_equal(ask(leaf).url.len, 0);
	mint_free(leaf);
	buf_fini(&text);
}

static void the_request_holds_this_certificates_id(void **state)
{
	struct mint *leaf = client(NULL);
	struct ocsp_question question = ask(leaf);
	struct ocsp_subject subject;
	const unsigned char *at;
	OCSP_REQUEST *request;
	OCSP_CERTID *id;
	struct slice der;

	(void)state;
	assert_true(ocsp_subject_init(&subject, &question));
	der = ocsp_subject_request(&subject, arena);
	assert_true(der.len > 0);
	at = (const unsigned char *)der.ptr;
	request = d2i_OCSP_REQUEST(NULL, &at, (long)der.len);
	assert_non_null(request);
	assert_int_equal(OCSP_request_onereq_count(request), 1);
	id = OCSP_cert_to_id(EVP_sha1(), leaf->cert, issuer->cert);
	assert_int_equal(
		OCSP_id_cmp(id, OCSP_onereq_get0_id(
					OCSP_request_onereq_get0(request, 0))),
		0);
	OCSP_CERTID_free(id);
	OCSP_REQUEST_free(request);
	ocsp_subject_fini(&subject);
	mint_free(leaf);
}

static void what_is_too_large_is_not_asked(void **state)
{
	struct buf san = {0};
	struct ocsp_question question;
	struct mint *leaf = client(NULL), *large;

	(void)state;
	while (san.len < 2 * OCSP_ISSUER_MAX)
		assert_true(buf_append(&san, SLICE("DNS:a-name.example,")));
	assert_true(buf_append(&san, slice_of("DNS:the-last", 13)));
	large = mint_new(&(struct mint_spec){
		.cn = "Large CA", .ca = true, .san = buf_bytes(&san).ptr});
	assert_int_equal(
		ocsp_question_about(leaf->cert, large->cert, arena, &question),
		OCSP_RESULT_TOO_LONG);
	mint_free(large);
	mint_free(leaf);
	buf_fini(&san);
}

static void a_question_is_not_trusted(void **state)
{
	struct mint *leaf = client(NULL);
	const struct ocsp_question good = ask(leaf);
	struct ocsp_question odd[] = {good, good, good, good, {{0}, {0}, {0}}};
	struct ocsp_subject subject;

	(void)state;
	odd[0].issuer.len--;
	odd[1].serial.len--;
	odd[2].issuer = good.serial;
	odd[3].serial = good.issuer;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		assert_false(ocsp_subject_init(&subject, &odd[i]));
		assert_null(subject.issuer);
		assert_null(subject.id);
	}
	mint_free(leaf);
}

static void each_question_has_a_key_of_its_own(void **state)
{
	struct mint *leaf = client(NULL), *other = client(NULL);
	struct ocsp_question first = ask(leaf), second = ask(other);
	struct ocsp_question elsewhere = first, moved = first;
	uint8_t keys[5][32];

	(void)state;
	elsewhere.url = SLICE("http://other.example/");
	moved.issuer.len--;
	assert_true(ocsp_question_key(&first, keys[0]));
	assert_true(ocsp_question_key(&second, keys[1]));
	assert_true(ocsp_question_key(&elsewhere, keys[2]));
	assert_true(ocsp_question_key(&moved, keys[3]));
	assert_true(ocsp_question_key(&first, keys[4]));
	for (unsigned i = 1; i < 4; i++)
		assert_memory_not_equal(keys[0], keys[i], 32);
	assert_memory_equal(keys[0], keys[4], 32);
	mint_free(leaf);
	mint_free(other);
}

static void without_a_verified_chain_nobody_is_asked_about(void **state)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	SSL *ssl = SSL_new(ctx);
	struct ocsp_question question;

	(void)state;
	assert_int_equal(
		ocsp_question_of(ssl, arena, &question), OCSP_RESULT_NO_ISSUER);
	assert_int_equal(question.issuer.len, 0);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_first_responder_that_may_be_asked_is_taken),
		cmocka_unit_test(only_so_many_responders_are_looked_at),
		cmocka_unit_test(the_request_holds_this_certificates_id),
		cmocka_unit_test(what_is_too_large_is_not_asked),
		cmocka_unit_test(a_question_is_not_trusted),
		cmocka_unit_test(each_question_has_a_key_of_its_own),
		cmocka_unit_test(
			without_a_verified_chain_nobody_is_asked_about),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
