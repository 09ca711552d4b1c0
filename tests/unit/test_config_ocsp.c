/* client_auth.ocsp: what is taken, warned of and refused. */
#include "config/config_ocsp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "config/config.h"
#include "config/config_load_priv.h"
#include "config/config_problem.h"

struct loaded {
	struct config *config;
	struct buf said;
	size_t errors;
	size_t warnings;
};

/* ocsp: what stands in client_auth.ocsp; more: behind all else. */
static struct loaded load(const char *ocsp, const char *more)
{
	struct config_problems *problems = config_problems_new();
	struct loaded out = {0};
	char text[1024];

	assert_non_null(problems);
	snprintf(text, sizeof(text),
		"listen: 0.0.0.0:8443\ntls: {cert: c, key: k}\n"
		"client_auth: {ca: a, ocsp: {%s}}\norigin: unix:/o\n%s",
		ocsp, more);
	out.config = config_load_with(slice_str(text), "/etc/m/m.yaml",
		problems, CONFIG_LOAD_OFFLINE);
	out.errors = config_problems_errors(problems);
	out.warnings = config_problems_warnings(problems);
	assert_true(config_problems_print(problems, &out.said));
	config_problems_free(problems);
	return out;
}

static void drop(struct loaded *loaded)
{
	config_free(loaded->config);
	buf_fini(&loaded->said);
}

static bool says(const struct loaded *loaded, const char *what)
{
	struct slice text = buf_bytes(&loaded->said);

	return text.len && memmem(text.ptr, text.len, what, strlen(what));
}

static void it_is_off_by_default(void **state)
{
	struct loaded l = load("", "");
	const struct config_ocsp *ocsp =
		&l.config->listeners[0].client_auth.ocsp;

	(void)state;
	assert_int_equal(ocsp->mode, OCSP_MODE_DISABLED);
	assert_int_equal(ocsp->on_failure, OCSP_FAILURE_REJECT);
	assert_int_equal(ocsp->timeout_ms, 2000);
	assert_null(config_ocsp_responder(ocsp));
	assert_false(config_asks_ocsp(l.config));
	drop(&l);
}

static void all_keys_are_read(void **state)
{
	struct loaded l = load("mode: leaf, responder: 'http://r:8080/x', "
			       "timeout: 500ms, allow_local: "
			       "['127.0.0.1:1', '[fe80::1]:2']",
		"");
	const struct config_ocsp *ocsp =
		&l.config->listeners[0].client_auth.ocsp;

	(void)state;
	assert_int_equal(l.warnings, 0);
	assert_true(config_asks_ocsp(l.config));
	assert_string_equal(config_ocsp_responder(ocsp), "http://r:8080/x");
	assert_int_equal(ocsp->timeout_ms, 500);
	assert_int_equal(ocsp->allow_local.count, 2);
	assert_true(addr_is_loopback(&ocsp->local[0]));
	assert_int_equal(addr_port(&ocsp->local[1]), 2);
	drop(&l);
}

static void letting_in_without_an_answer_warns(void **state)
{
	struct loaded l = load("mode: leaf, on_failure: allow", "");

	(void)state;
	assert_int_equal(l.warnings, 1);
	assert_true(says(&l, "client_auth.ocsp.on_failure: allow lets"));
	drop(&l);
	/* what is off weakens nothing */
	l = load("on_failure: allow", "");
	assert_int_equal(l.warnings, 0);
	drop(&l);
}

struct bad_case {
	const char *ocsp;
	const char *says;
};

static void nonsense_is_refused(void **state)
{
	static const struct bad_case cases[] = {
		{"mode: chain", "client_auth.ocsp.mode"},
		{"mode: leaf, responder: 'https://r/'", "write http://"},
		{"mode: leaf, responder: r.example",
			"is not a URL that can be asked"},
		{"mode: leaf, responder: 'http://u@r/'",
			"is not a URL that can be asked"},
		{"mode: leaf, allow_local: [127.0.0.1]", "with its port"},
		{"mode: leaf, allow_local: ['localhost:80']", "with its port"},
		{"mode: leaf, allow_local: ['unix:/x']", "with its port"},
		{"mode: leaf, allow_local: ['127.0.0.1:0']", "with its port"},
		{"mode: leaf, timeout: 0s", "timeout"},
		{"mode: leaf, timeout: 1h", "timeout"},
		{"mode: leaf, nonce: true", "nonce"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct loaded l = load(cases[i].ocsp, "");

		assert_null(l.config);
		if (l.errors != 1 || !says(&l, cases[i].says))
			fail_msg("%s: %.*s", cases[i].ocsp,
				SLICE_FMT(buf_bytes(&l.said)));
		drop(&l);
	}
}

static struct loaded load_two(const char *first, const char *second)
{
	struct config_problems *problems = config_problems_new();
	struct loaded out = {0};
	char text[1024];

	snprintf(text, sizeof(text),
		"tls: {cert: c, key: k}\norigin: unix:/o\n"
		"client_auth: {ca: a, ocsp: {mode: leaf, on_failure: allow, "
		"allow_local: '127.0.0.1:1'}}\n"
		"listeners:\n"
		"- {name: a, address: '0.0.0.0:1'%s}\n"
		"- {name: b, address: '0.0.0.0:2'%s}\n",
		first, second);
	out.config = config_load_with(slice_str(text), "/etc/m/m.yaml",
		problems, CONFIG_LOAD_OFFLINE);
	out.errors = config_problems_errors(problems);
	out.warnings = config_problems_warnings(problems);
	assert_true(config_problems_print(problems, &out.said));
	config_problems_free(problems);
	return out;
}

static void listeners_inherit_it(void **state)
{
	struct loaded l = load_two("", "");

	(void)state;
	assert_non_null(l.config);
	assert_int_equal(l.warnings, 1); /* told once */
	for (size_t i = 0; i < 2; i++) {
		const struct config_ocsp *ocsp =
			&l.config->listeners[i].client_auth.ocsp;

		assert_int_equal(ocsp->mode, OCSP_MODE_LEAF);
		assert_int_equal(addr_port(&ocsp->local[0]), 1);
	}
	drop(&l);
	l = load_two(", client_auth: {ocsp: {mode: disabled}}",
		", client_auth: {ocsp: {allow_local: '127.0.0.1:2'}}");
	assert_non_null(l.config);
	assert_int_equal(l.config->listeners[0].client_auth.ocsp.mode,
		OCSP_MODE_DISABLED);
	assert_int_equal(
		addr_port(&l.config->listeners[1].client_auth.ocsp.local[0]),
		2);
	assert_true(config_asks_ocsp(l.config));
	drop(&l);
}

static void where_no_certificate_is_asked_for_it_can_never_apply(void **state)
{
	struct loaded l = load_two(
		", client_auth: {mode: disabled, ocsp: {mode: leaf}}", "");

	(void)state;
	assert_null(l.config);
	assert_true(says(&l, "can never apply"));
	drop(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_off_by_default),
		cmocka_unit_test(all_keys_are_read),
		cmocka_unit_test(letting_in_without_an_answer_warns),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(listeners_inherit_it),
		cmocka_unit_test(
			where_no_certificate_is_asked_for_it_can_never_apply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
