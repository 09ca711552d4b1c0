/* forwarded: memory that runs out while lists are joined (R23). */
#include "policy/forwarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "fake/alloc_fail.h"
#include "http/header.h"

enum { LONG = 60000 };

/* Longer than any room that the arena has left. */
static void a_list_that_does_not_fit_is_told(void **state)
{
	static char value[LONG];
	struct arena *arena = arena_new(NULL);
	struct header_block fields = {0};
	struct slice name = SLICE("X-Forwarded-For");
	struct slice out = {NULL, 0};
	bool ok;

	(void)state;
	memset(value, '1', sizeof(value));
	assert_true(header_add(
		&fields, arena, name, slice_of(value, sizeof(value))));
	alloc_fail_arm(1, true);
	alloc_fail_begin();
	ok = forwarded_join(&fields, name, SLICE("192.0.2.7"), arena, &out);
	alloc_fail_end();
	assert_true(alloc_fail_disarm());
	assert_false(ok);
	assert_true(forwarded_join(&fields, name, SLICE("::1"), arena, &out));
	assert_int_equal(out.len, LONG + 5);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_that_does_not_fit_is_told),
	};

	alloc_fail_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
