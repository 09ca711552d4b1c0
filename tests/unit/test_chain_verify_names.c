/*
 * Name constraints, stricter than the library (RFC 5280 section 4.2.1.10):
 * what it lets pass is refused, and what is right stays right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509.h>

#include "config/config_problem.h"
#include "fake/cert_mint.h"
#include "fake/tls_files.h"
#include "tls/chain_verify.h"
#include "tls/client_reason.h"
#include "tls/tls_context.h"
#include "tls/trust.h"

static struct tls_files files;
static struct trust *trust;

#define PERMIT(tree) "critical,permitted;" tree
#define EXCLUDE(tree) "critical,excluded;" tree
#define LONG_LABEL \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *limits; /* of the intermediate */
	const char *san;    /* of the leaf */
	int code;
} rows[] = {
	/* right, and stays so */
	{PERMIT("DNS:example.com"), "DNS:example.com", X509_V_OK},
	{PERMIT("DNS:example.com"), "DNS:a-1.b.EXAMPLE.com", X509_V_OK},
	{PERMIT("DNS:example.com"), "DNS:_srv.example.com", X509_V_OK},
	{PERMIT("DNS:example.com"), "DNS:*.example.com", X509_V_OK},
	{PERMIT("DNS:example.com"), "email:any@where", X509_V_OK},
	{PERMIT("DNS:example.com"), NULL, X509_V_OK},
	{EXCLUDE("DNS:bar.example.com"), "DNS:*.foo.example.com", X509_V_OK},
	{EXCLUDE("DNS:bar.example.com"), "DNS:rebar.example.com", X509_V_OK},
	{EXCLUDE("DNS:bar.example.com"), "DNS:example.com", X509_V_OK},
	{PERMIT("email:example.com"), "email:a.b+c@example.com", X509_V_OK},
	{PERMIT("email:example.com"), "DNS:..odd..", X509_V_OK},
	/* the library's own */
	{PERMIT("DNS:example.com"), "DNS:example.net",
		X509_V_ERR_PERMITTED_VIOLATION},
	{EXCLUDE("DNS:example.com"), "DNS:a.example.com",
		X509_V_ERR_EXCLUDED_VIOLATION},
	/* a name that is none */
	{PERMIT("DNS:example.com"), "DNS:.example.com",
		CLIENT_AUTH_CODE_NAME_SYNTAX},
	{PERMIT("DNS:example.com"), "DNS:a..example.com",
		CLIENT_AUTH_CODE_NAME_SYNTAX},
	{PERMIT("DNS:example.com"), "DNS:-a.example.com",
		CLIENT_AUTH_CODE_NAME_SYNTAX},
	{PERMIT("DNS:example.com"), "DNS:a b.example.com",
		CLIENT_AUTH_CODE_NAME_SYNTAX},
	{PERMIT("DNS:example.com"), "DNS:a/.example.com",
		CLIENT_AUTH_CODE_NAME_SYNTAX},
	{PERMIT("DNS:example.com"), "DNS:a*.example.com",
		CLIENT_AUTH_CODE_NAME_SYNTAX},
	{PERMIT("DNS:example.com"), "DNS:a.*.example.com",
		CLIENT_AUTH_CODE_NAME_SYNTAX},
	{PERMIT("DNS:example.com"), "DNS:" LONG_LABEL ".example.com",
		CLIENT_AUTH_CODE_NAME_SYNTAX},
	{EXCLUDE("DNS:example.com"), "DNS:example.net.",
		CLIENT_AUTH_CODE_NAME_SYNTAX},
	{PERMIT("DNS:example.com"), "DNS:good.example.com,DNS:.example.com",
		CLIENT_AUTH_CODE_NAME_SYNTAX},
	{PERMIT("email:example.com"), "email:a@b@example.com",
		CLIENT_AUTH_CODE_NAME_SYNTAX},
	{PERMIT("email:example.com"), "email:a..b@example.com",
		CLIENT_AUTH_CODE_NAME_SYNTAX},
	{PERMIT("email:example.com"), "email:.a@example.com",
		CLIENT_AUTH_CODE_NAME_SYNTAX},
	{PERMIT("email:example.com"), "email:a b@example.com",
		CLIENT_AUTH_CODE_NAME_SYNTAX},
	/* a wildcard above what is excluded */
	{EXCLUDE("DNS:bar.example.com"), "DNS:*.example.com",
		CLIENT_AUTH_CODE_NAME_WILDCARD},
	{EXCLUDE("DNS:bar.EXAMPLE.com"), "DNS:*.example.COM",
		CLIENT_AUTH_CODE_NAME_WILDCARD},
	{EXCLUDE("DNS:a.bar.example.com"), "DNS:*.example.com",
		CLIENT_AUTH_CODE_NAME_WILDCARD},
	/* a leading period belongs into URI constraints */
	{PERMIT("DNS:.example.com"), "DNS:a.example.com",
		CLIENT_AUTH_CODE_NAME_LIMIT},
	{EXCLUDE("DNS:.example.com"), "DNS:example.net",
		CLIENT_AUTH_CODE_NAME_LIMIT},
	{PERMIT("DNS:.example.com"), "email:a@b", X509_V_OK},
};

static void judge(const struct mint *leaf, const struct mint *ca,
	struct chain_verdict *out)
{
	const struct chain_rules rules = {
		.settings = &files.listener.client_auth, .trust = trust};
	STACK_OF(X509) *sent = sk_X509_new_null();

	assert_true(sk_X509_push(sent, leaf->cert));
	assert_true(sk_X509_push(sent, ca->cert));
	assert_true(chain_verify_offline(&rules, sent, CHAIN_NOW, out));
	sk_X509_free(sent);
}

static void constrained_names_are_read_strictly(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mint *ca = mint_new(&(struct mint_spec){.cn = "Sub",
			.issuer = files.ca,
			.ca = true,
			.name_constraints = rows[i].limits});
		struct mint *leaf = mint_new(&(struct mint_spec){.cn = "leaf",
			.issuer = ca,
			.eku = "clientAuth",
			.san = rows[i].san});
		struct chain_verdict verdict;

		judge(leaf, ca, &verdict);
		if (verdict.code != rows[i].code ||
			verdict.good != !rows[i].code || verdict.depth) {
			print_error("%s, %s: code %d depth %d\n",
				rows[i].limits, rows[i].san, verdict.code,
				verdict.depth);
			failed++;
		}
		mint_free(leaf);
		mint_free(ca);
	}
	assert_int_equal(failed, 0);
}

static void names_without_a_constraint_are_not_read(void **state)
{
	struct mint *ca = mint_ca("Sub", files.ca);
	struct mint *leaf = mint_new(&(struct mint_spec){.cn = "leaf",
		.issuer = ca,
		.eku = "clientAuth",
		.san = "DNS:.example.com,email:a@b@c"});
	struct chain_verdict verdict;

	(void)state;
	judge(leaf, ca, &verdict);
	assert_true(verdict.good);
	mint_free(leaf);
	mint_free(ca);
}

static void a_name_of_a_ca_is_read_as_well(void **state)
{
	struct mint *top = mint_new(&(struct mint_spec){.cn = "Top",
		.issuer = files.ca,
		.ca = true,
		.name_constraints = PERMIT("DNS:example.com")});
	struct mint *ca = mint_new(&(struct mint_spec){.cn = "Sub",
		.issuer = top,
		.ca = true,
		.san = "DNS:.example.com"});
	struct mint *leaf = mint_client("leaf", ca);
	const struct chain_rules rules = {
		.settings = &files.listener.client_auth, .trust = trust};
	STACK_OF(X509) *sent = sk_X509_new_null();
	struct chain_verdict verdict;

	(void)state;
	sk_X509_push(sent, leaf->cert);
	sk_X509_push(sent, ca->cert);
	sk_X509_push(sent, top->cert);
	assert_true(chain_verify_offline(&rules, sent, CHAIN_NOW, &verdict));
	assert_int_equal(verdict.code, CLIENT_AUTH_CODE_NAME_SYNTAX);
	assert_int_equal(verdict.depth, 1);
	sk_X509_free(sent);
	mint_free(leaf);
	mint_free(ca);
	mint_free(top);
}

static void a_ca_without_a_name_is_refused(void **state)
{
	struct mint *ca = mint_new(&(struct mint_spec){
		.subject = {"\x30\x00", 2}, .issuer = files.ca, .ca = true});
	struct mint *leaf = mint_client("leaf", ca);
	struct chain_verdict verdict;

	(void)state;
	judge(leaf, ca, &verdict);
	assert_int_equal(verdict.code, X509_V_ERR_SUBJECT_NAME_EMPTY);
	assert_int_equal(verdict.depth, 1);
	mint_free(leaf);
	mint_free(ca);
}

static int set_up(void **state)
{
	struct config_problems *problems = config_problems_new();

	(void)state;
	if (!tls_library_init(NULL))
		return -1;
	tls_files_init(&files);
	trust = trust_load(&files.listener.client_auth, problems);
	config_problems_free(problems);
	return trust ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	trust_free(trust);
	tls_files_fini(&files);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(constrained_names_are_read_strictly),
		cmocka_unit_test(names_without_a_constraint_are_not_read),
		cmocka_unit_test(a_name_of_a_ca_is_read_as_well),
		cmocka_unit_test(a_ca_without_a_name_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
