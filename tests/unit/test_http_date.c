/* http_date: IMF-fixdate of RFC 9110 section 5.6.7. */
#include "proxy/http_date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void dates_are_written_as_the_rfc_shows(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{784111777000, "Sun, 06 Nov 1994 08:49:37 GMT"},
		{784111777999, "Sun, 06 Nov 1994 08:49:37 GMT"},
		{784111778000, "Sun, 06 Nov 1994 08:49:38 GMT"},
		{0, "Thu, 01 Jan 1970 00:00:00 GMT"},
		{1709164800000, "Thu, 29 Feb 2024 00:00:00 GMT"},
		{253402300799000, "Fri, 31 Dec 9999 23:59:59 GMT"},
		{253402300800000, ""}, /* no such date */
		{784111777000, "Sun, 06 Nov 1994 08:49:37 GMT"},
	};
	struct http_date date = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice text = http_date_text(&date, rows[i].ms);

		assert_int_equal(text.len, strlen(rows[i].text));
		assert_memory_equal(text.ptr, rows[i].text, text.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_are_written_as_the_rfc_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
