#include "base/buf.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A queue of counted bytes stays in order whatever the sizes are. */
static void bytes_come_out_in_the_order_they_went_in(void **state)
{
	struct buf buf = {0};
	unsigned char in = 0, out = 0;
	unsigned seed = 7;
	size_t held = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char piece[600];
		size_t n;
		struct slice bytes;

		seed = seed * 1103515245 + 12345;
		n = (seed >> 16) % sizeof(piece);
		for (size_t i = 0; i < n; i++)
			piece[i] = (char)in++;
		assert_true(buf_append(&buf, slice_of(piece, n)));
		held += n;
		seed = seed * 1103515245 + 12345;
		n = held ? (seed >> 16) % (held + 1) : 0;
		bytes = buf_bytes(&buf);
		assert_int_equal(bytes.len, held);
		for (size_t i = 0; i < n; i++)
			assert_int_equal((unsigned char)bytes.ptr[i], out++);
		buf_consume(&buf, n);
		held -= n;
	}
	buf_fini(&buf);
}

static void an_empty_buf_holds_no_memory(void **state)
{
	struct buf buf = {0};

	(void)state;
	assert_true(buf_append(&buf, slice_of(NULL, 0)));
	assert_true(buf_printf(&buf, "%s", ""));
	assert_null(buf.mem);
	assert_true(buf_append(&buf, SLICE("abc")));
	buf_consume(&buf, 2);
	assert_int_equal(buf_bytes(&buf).len, 1);
	buf_consume(&buf, 1);
	assert_null(buf.mem);
	assert_int_equal(buf.cap, 0);
	assert_true(buf_append(&buf, SLICE("x")));
	buf_fini(&buf);
	assert_null(buf.mem);
}

static void formatted_text_is_appended_without_its_nul(void **state)
{
	struct buf buf = {0};
	char wide[2000];

	(void)state;
	memset(wide, 'w', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	assert_true(buf_printf(&buf, "%d-%s;", 42, "x"));
	assert_true(buf_printf(&buf, "%s", wide));
	assert_int_equal(buf_bytes(&buf).len, 5 + sizeof(wide) - 1);
	assert_memory_equal(buf_bytes(&buf).ptr, "42-x;www", 8);
	buf_fini(&buf);
}

static void a_size_that_cannot_be_is_refused_and_nothing_changes(void **state)
{
	struct buf buf = {0};

	(void)state;
	assert_true(buf_append(&buf, SLICE("abc")));
	assert_false(buf_append(&buf, slice_of("x", SIZE_MAX)));
	assert_false(buf_append(&buf, slice_of("x", SIZE_MAX / 2)));
	assert_int_equal(buf_bytes(&buf).len, 3);
	assert_memory_equal(buf_bytes(&buf).ptr, "abc", 3);
	buf_fini(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_out_in_the_order_they_went_in),
		cmocka_unit_test(an_empty_buf_holds_no_memory),
		cmocka_unit_test(formatted_text_is_appended_without_its_nul),
		cmocka_unit_test(
			a_size_that_cannot_be_is_refused_and_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
