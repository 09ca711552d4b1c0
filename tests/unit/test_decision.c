/* decision: what the rules make of a request, in which order (R13, R15). */
#include "proxy/decision.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "config/config.h"
#include "fake/alloc_fail.h"
#include "fake/rules_rig.h"
#include "http/message.h"
#include "tls/client_auth.h"

static const char yaml[] =
	"listeners: [{address: 127.0.0.1:1}]\n"
	"client_auth: {ca: a, mode: optional}\n"
	"policies: {staff: {all: [{subject_cn: ann}]}}\n"
	"origins: {web: {servers: [unix:/w]}}\n"
	"routes:\n"
	"  - {name: ping, match: {path: /ping}, certificate: not_needed,\n"
	"     respond: {status: 204}}\n"
	"  - {name: staff, match: {path: /staff/**, methods: [GET]},\n"
	"     policy: staff, origin: web}\n"
	"  - {name: web, match: {host: localhost, path: /open/**},\n"
	"     certificate: not_needed, origin: web}\n"
	"  - {name: any, match: {path: /open/**}, certificate: not_needed,\n"
	"     origin: web}\n";

static struct rules_rig rig;

enum who { ANN, NOBODY, REFUSED, DISTRUSTED, UNKNOWN };

static const uint64_t all_granted[1] = {UINT64_MAX};

static void decide(enum who who, const char *method, const char *host,
	const char *path, struct decision *out)
{
	const struct client_auth auth = {
		.state = who == ANN ? CLIENT_AUTH_OK : CLIENT_AUTH_NONE,
		.refused = who == REFUSED,
		.settings = &rig.config->listeners[0].client_auth};
	const struct decision_rules rules = {rig.config, rig.rules};
	const struct decision_client client = {
		.auth = who == UNKNOWN ? NULL : &auth,
		.granted = who == ANN ? all_granted : NULL,
		.distrusted = who == DISTRUSTED};
	const struct message head = {.method = method_of(slice_str(method)),
		.method_text = slice_str(method),
		.authority = slice_str(host),
		.path = slice_str(path)};

	decision_make(&rules, &client, &head, rig.arena, out);
}

static const struct {
	enum who who;
	const char *method, *host, *path;
	enum failure failure;
	enum http_rule rule;
	const char *route; /* NULL: none */
	const char *forwarded;
} rows[] = {
	{ANN, "GET", "x", "/staff/a", FAILURE_NONE, 0, "staff", "/staff/a"},
	{ANN, "GET", "x", "/staff//b/../a?q=//", FAILURE_NONE, 0, "staff",
		"/staff/a?q=//"},
	{NOBODY, "GET", "x", "/staff/a", FAILURE_CERTIFICATE, 0, "staff",
		"/staff/a"},
	{ANN, "PUT", "x", "/staff/a", FAILURE_NO_ROUTE, 0, NULL, "/staff/a"},
	{NOBODY, "GET", "x", "/ping", FAILURE_NONE, 0, "ping", "/ping"},
	{ANN, "GET", "x", "/staff/%2fa", FAILURE_BAD_REQUEST,
		HTTP_RULE_PATH_AMBIGUOUS, NULL, "/staff/%2fa"},
	/* with its parameter it is not /ping */
	{ANN, "GET", "x", "/ping;a", FAILURE_BAD_REQUEST,
		HTTP_RULE_PATH_AMBIGUOUS, NULL, "/ping;a"},
	/* HTTP/1.0: under the origin's own name it leads elsewhere */
	{ANN, "GET", "", "/open/a", FAILURE_BAD_REQUEST, HTTP_RULE_HOST_MISSING,
		NULL, "/open/a"},
	{ANN, "GET", "", "/staff/a", FAILURE_NONE, 0, "staff", "/staff/a"},
	{ANN, "GET", "", "/ping", FAILURE_NONE, 0, "ping", "/ping"},
	/* what comes first counts */
	{REFUSED, "GET", "x", "/staff/%2fa", FAILURE_CERT_REFUSED, 0, NULL,
		"/staff/%2fa"},
	{DISTRUSTED, "GET", "x", "/ping", FAILURE_TRUST_CHANGED, 0, NULL,
		"/ping"},
	/* who is not let in is not told what is wrong elsewhere */
	{UNKNOWN, "GET", "x", "/staff/%2fa", FAILURE_CERTIFICATE, 0, NULL,
		"/staff/%2fa"},
	{UNKNOWN, "GET", "x", "/ping", FAILURE_CERTIFICATE, 0, "ping", "/ping"},
};

static void each_request_is_decided_by_the_first_that_applies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct decision got;

		decide(rows[i].who, rows[i].method, rows[i].host, rows[i].path,
			&got);
		if (got.failure != rows[i].failure || got.rule != rows[i].rule)
			print_error("row %zu: %d, %d\n", i, (int)got.failure,
				(int)got.rule);
		assert_int_equal(got.failure, rows[i].failure);
		assert_int_equal(got.rule, rows[i].rule);
		assert_string_equal(got.route ? got.route->name : "",
			rows[i].route ? rows[i].route : "");
		assert_true(slice_eq(got.path, slice_str(rows[i].forwarded)));
	}
}

/* A path that no block of the arena holds beside another (R23). */
static void without_memory_nothing_is_allowed(void **state)
{
	static char path[20000];
	bool failed = true;
	int failures = 0;

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	memcpy(path, "/staff//", 8);
	while (failed) {
		struct arena *whole = rig.arena;
		struct decision got;

		rig.arena = arena_new(NULL);
		assert_non_null(rig.arena);
		alloc_fail_arm((size_t)failures + 1, false);
		alloc_fail_begin();
		decide(ANN, "GET", "x", path, &got);
		alloc_fail_end();
		failed = alloc_fail_disarm();
		assert_int_equal(
			got.failure, failed ? FAILURE_MEMORY : FAILURE_NONE);
		assert_true(!got.route == failed);
		failures += failed;
		arena_free(rig.arena);
		rig.arena = whole;
	}
	assert_true(failures > 0);
}

static void the_operator_is_told_which_policy(void **state)
{
	(void)state;
	assert_string_equal(decision_reason(FAILURE_POLICY, HTTP_RULE_NONE,
				    "staff", "web", rig.arena),
		"policy staff of route web does not hold");
	assert_string_equal(decision_reason(FAILURE_MISDIRECTED, HTTP_RULE_NONE,
				    NULL, NULL, rig.arena),
		failure_info(FAILURE_MISDIRECTED)->sentence);
	assert_string_equal(
		decision_reason(FAILURE_BAD_REQUEST, HTTP_RULE_PATH_AMBIGUOUS,
			NULL, NULL, rig.arena),
		http_rule_info(HTTP_RULE_PATH_AMBIGUOUS)->sentence);
}

static int set_up(void **state)
{
	(void)state;
	rules_init(&rig, yaml);
	if (!rig.rules)
		print_error("%s", rig.problems);
	return rig.rules ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	rules_fini(&rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			each_request_is_decided_by_the_first_that_applies),
		cmocka_unit_test(without_memory_nothing_is_allowed),
		cmocka_unit_test(the_operator_is_told_which_policy),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
