/* ids: unique, well-formed names. */
#include "proxy/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { COUNT = 20000 };

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void request_ids_differ_and_sort_by_time(void **state)
{
	static char ids_text[COUNT][IDS_REQUEST];
	struct ids ids;
	char later[IDS_REQUEST];

	(void)state;
	assert_true(ids_init(&ids, 3));
	for (unsigned i = 0; i < COUNT; i++) {
		ids_request(&ids, 1700000000000, ids_text[i]);
		assert_int_equal(strlen(ids_text[i]), 32);
		assert_int_equal(strspn(ids_text[i], "0123456789abcdef"), 32);
	}
	ids_request(&ids, 1700000000001, later);
	qsort(ids_text, COUNT, IDS_REQUEST, compare);
	for (unsigned i = 1; i < COUNT; i++)
		assert_string_not_equal(ids_text[i - 1], ids_text[i]);
	assert_true(strcmp(ids_text[COUNT - 1], later) < 0);
}

static void two_workers_give_different_ids(void **state)
{
	struct ids a, b;
	char of_a[IDS_REQUEST], of_b[IDS_REQUEST];
	char conn_a[IDS_CONNECTION], conn_b[IDS_CONNECTION];

	(void)state;
	assert_true(ids_init(&a, 0));
	assert_true(ids_init(&b, 0)); /* the same number, started again */
	ids_request(&a, 1, of_a);
	ids_request(&b, 1, of_b);
	assert_string_not_equal(of_a, of_b);
	ids_connection(&a, conn_a);
	ids_connection(&b, conn_b);
	assert_string_not_equal(conn_a, conn_b);
	ids_connection(&a, conn_b);
	assert_string_not_equal(conn_a, conn_b);
}

static void the_longest_connection_id_fits(void **state)
{
	struct ids ids;
	char text[IDS_CONNECTION];

	(void)state;
	assert_true(ids_init(&ids, 65535));
	ids.salt = UINT32_MAX;
	ids.connections = 0xfffffffffffeu;
	ids_connection(&ids, text);
	assert_string_equal(text, "ffffffff-ffff-ffffffffffff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_ids_differ_and_sort_by_time),
		cmocka_unit_test(two_workers_give_different_ids),
		cmocka_unit_test(the_longest_connection_id_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
