#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/message.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *text;
	enum method method;
	bool idempotent;
} methods[] = {
	{"GET", METHOD_GET, true},
	{"HEAD", METHOD_HEAD, true},
	{"POST", METHOD_POST, false},
	{"PUT", METHOD_PUT, true},
	{"DELETE", METHOD_DELETE, true},
	{"OPTIONS", METHOD_OPTIONS, true},
	{"TRACE", METHOD_TRACE, true},
	{"CONNECT", METHOD_CONNECT, false},
	{"PATCH", METHOD_PATCH, false},
	{"get", METHOD_OTHER, false},
	{"GE", METHOD_OTHER, false},
	{"GETS", METHOD_OTHER, false},
	{"PUTT", METHOD_OTHER, false},
	{"HAED", METHOD_OTHER, false},
	{"TRACK", METHOD_OTHER, false},
	{"DELETF", METHOD_OTHER, false},
	{"OPTION5", METHOD_OTHER, false},
	{"PROPFIND", METHOD_OTHER, false},
	{"", METHOD_OTHER, false},
};

static void methods_are_known_by_their_exact_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		assert_int_equal(method_of(slice_str(methods[i].text)),
			methods[i].method);
}

static void only_idempotent_methods_may_be_repeated(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		assert_int_equal(method_idempotent(methods[i].method),
			methods[i].idempotent);
}

/* R1, R4 */
static void fields_of_one_hop_are_known_in_every_spelling(void **state)
{
	static const char *const lifted[] = {"TE", "te", "Host", "Expect",
		"expect", "Trailer", "Upgrade", "Connection", "Keep_Alive",
		"Content-Length", "content_length", "Content.Length",
		"HTTP2_Settings", "Proxy_Connection", "Transfer_Encoding",
		"transfer~encoding", "Proxy_Authenticate",
		"Proxy.Authorization", "Proxy_Authentication-Info"};
	static const char *const others[] = {"", "T", "Hosts", "Content_Type",
		"Content_Lengths", "Transfer_Encodin", "ContentLength"};

	(void)state;
	for (size_t i = 0; i < sizeof(lifted) / sizeof(*lifted); i++) {
		if (!message_lifts(slice_str(lifted[i])))
			fail_msg("%s", lifted[i]);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(message_lifts(slice_str(others[i])));
}

static void reasons_are_known_for_standard_codes_only(void **state)
{
	(void)state;
	assert_string_equal(status_reason(200), "OK");
	assert_string_equal(status_reason(421), "Misdirected Request");
	assert_string_equal(
		status_reason(431), "Request Header Fields Too Large");
	assert_string_equal(status_reason(299), "");
	assert_string_equal(status_reason(0), "");
	assert_string_equal(status_reason(600), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(methods_are_known_by_their_exact_name),
		cmocka_unit_test(only_idempotent_methods_may_be_repeated),
		cmocka_unit_test(fields_of_one_hop_are_known_in_every_spelling),
		cmocka_unit_test(reasons_are_known_for_standard_codes_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
