/* explain_last: real refusals as checklists, whatever their bytes are. */
#include "cli/explain_last.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static const char handshake[] =
	"time: 2026-11-25T19:00:00.123Z\nstage: handshake\ncode: expired\n"
	"reason: certificate has expired\nconnection_id: 5f-1-1\n"
	"client_ip: 192.0.2.7\nlistener: default\nsni: www.example\n"
	"tls: TLSv1.3\nalert: 45 certificate_expired\n"
	"verify: FAILED:certificate has expired\nsubject: CN=a\\, b\n"
	"not_before: Nov  1 00:00:00 2026 GMT\n"
	"not_after: Nov  2 00:00:00 2026 GMT\nclient_port: 4711\n"
	"certificates_sent: 2\ndepth: 0\n\n";
static const char request[] =
	"time: 2026-11-25T19:00:01.000Z\nstage: request\ncode: certificate\n"
	"reason: The client certificate does not allow this request.\n"
	"request_id: ab01\nclient_ip: 192.0.2.8\nverify: SUCCESS\n"
	"subject: CN=good\nmethod: GET\nhost: api.example\npath: /pay\n"
	"client_port: 1\ncertificates_sent: 1\ndepth: 0\nstatus: 403\n\n";

static char *rendered(struct slice page, bool json, unsigned want)
{
	struct buf out = {0};
	unsigned count;
	char *text;

	assert_true(explain_last_render(page, json, &out, &count));
	assert_int_equal(count, want);
	text = strndup(out.len ? buf_bytes(&out).ptr : "", out.len);
	assert_non_null(text);
	buf_fini(&out);
	return text;
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no %s in:\n%s", part, text);
}

static void a_refused_handshake_has_its_failing_step_and_a_remedy(void **state)
{
	char *text = rendered(slice_str(handshake), false, 1);

	(void)state;
	has(text, "time: 2026-11-25T19:00:00.123Z\n");
	has(text, "client: 192.0.2.7 port 4711\n");
	has(text, "connection_id: 5f-1-1\n");
	has(text, "subject: CN=a\\, b\n");
	has(text, "validity: Nov  1 00:00:00 2026 GMT to Nov  2 ");
	has(text, "  pass  certificate  2 sent, CN=a\\, b\n");
	has(text, "  FAIL  dates        certificate has expired (depth 0)\n");
	has(text, "  skip  policy       not reached\n");
	has(text, "the client sees: alert 45 certificate_expired\n");
	has(text, "code: expired\n");
	has(text, "what to do: Renew it;");
	free(text);
}

static void a_refused_request_passed_the_steps_before_its_own(void **state)
{
	char *text = rendered(slice_str(request), false, 1);

	(void)state;
	has(text, "request: GET https://api.example/pay\n");
	has(text, "  pass  chain        \n");
	has(text, "  pass  route        \n");
	has(text, "  FAIL  policy       The client certificate does not");
	has(text, "refused: the request was answered 403\n");
	has(text, "the client sees: status 403\n");
	assert_null(strstr(text, "alert"));
	/* no certificate is at fault */
	assert_null(strstr(text, "(depth"));
	has(text, "  pass  server_name  none was sent\n");
	free(text);
}

/* request_any let it in, whatever was wrong with it. */
static void a_certificate_that_failed_is_told_at_its_step(void **state)
{
	static const char page[] =
		"time: 2026-11-25T19:00:01.000Z\nstage: request\n"
		"code: certificate\nreason: No.\nsni: a.example\n"
		"verify: FAILED:certificate revoked\nstatus: 403\n\n";
	char *text = rendered(slice_str(page), false, 1);

	(void)state;
	has(text, "  pass  server_name  a.example\n");
	has(text, "  FAIL  revocation   FAILED:certificate revoked\n");
	has(text, "  skip  chain        not told: the first failure decides\n");
	has(text, "  FAIL  policy       No.\n");
	free(text);
}

static void several_are_told_one_after_the_other(void **state)
{
	char page[2048];
	char *text;

	(void)state;
	snprintf(page, sizeof(page), "%s%s", handshake, request);
	text = rendered(slice_str(page), false, 2);
	has(text, "\n----\n\ntime: 2026-11-25T19:00:01.000Z\n");
	free(text);
	text = rendered(slice_str(page), true, 2);
	assert_int_equal(text[0], '{');
	has(text, "}\n{");
	has(text, "\"subject\":\"CN=a\\\\, b\"");
	free(text);
}

static void no_refusal_is_no_text(void **state)
{
	(void)state;
	free(rendered(SLICE(""), false, 0));
	free(rendered(SLICE("\n\n\n"), false, 0));
}

/* R19: whoever answers at the admin address cannot drive a terminal. */
static void hostile_bytes_reach_no_terminal(void **state)
{
	static const char *const rows[] = {
		"time: \x1b]0;title\x07\ncode: \x1b[2J\nreason: \x9b\n"
		"subject: \r\x08\xff\xc3\x28\nalert: 999 x\ndepth: -\n\n",
		"time: t\ncode\nalert: 45\ndepth: 99999999999999999999\n"
		"status: %s%n\nverify: \x01\nstage\n\n",
		"time: t\nunknown: \x1b[0m\n: \x1b\n::\x1b\nsubject:\n\n",
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = rendered(slice_str(rows[i / 2]), i % 2, 1);

		for (const char *c = text; *c; c++)
			assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_refused_handshake_has_its_failing_step_and_a_remedy),
		cmocka_unit_test(
			a_refused_request_passed_the_steps_before_its_own),
		cmocka_unit_test(a_certificate_that_failed_is_told_at_its_step),
		cmocka_unit_test(several_are_told_one_after_the_other),
		cmocka_unit_test(no_refusal_is_no_text),
		cmocka_unit_test(hostile_bytes_reach_no_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
