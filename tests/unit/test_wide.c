/* The portable half of wide_priv.h; the other one runs below test_header.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define WIDE_PORTABLE
#include "http/bytes_priv.h"

static bool in_name(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/* Every byte beside every kind of neighbour, at every place. */
static void masks_have_exactly_the_bytes_that_are_meant(void **state)
{
	static const char others[] = {
		'a', '\0', '\x1f', '\x7f', '\x80', '\xff'};
	char text[WIDE];

	(void)state;
	for (int c = 0; c < 256; c++) {
		for (size_t i = 0; i < sizeof(others) * WIDE; i++) {
			const char other = others[i / WIDE];
			const unsigned bit = 1u << i % WIDE;
			const unsigned rest = 0xFFFF & ~bit;
			unsigned control, odd;

			memset(text, other, sizeof(text));
			text[i % WIDE] = (char)c;
			control = wide_control(wide_load(text));
			odd = wide_not_name(wide_load(text));
			assert_int_equal(
				control & bit, c < 0x20 || c == 0x7F ? bit : 0);
			assert_int_equal(control & rest,
				byte_is(other, BYTE_VALUE) ? 0 : rest);
			assert_int_equal(odd & bit, in_name(c) ? 0 : bit);
			assert_int_equal(odd & rest,
				in_name((unsigned char)other) ? 0 : rest);
		}
	}
}

static void the_first_mark_is_the_first_byte(void **state)
{
	char text[] = "abcdefghijk\nmn\np";

	(void)state;
	assert_int_equal(wide_first(wide_control(wide_load(text))), 11);
	assert_int_equal(bytes_value_span(text, 0, 16), 11);
	assert_int_equal(bytes_token_span(text, 0, 16), 11);
}

static void what_is_loaded_is_stored(void **state)
{
	const char text[] = "0123456789abcdef";
	char copy[WIDE];

	(void)state;
	wide_store(copy, wide_load(text));
	assert_memory_equal(copy, text, WIDE);
	wide_store(copy, wide_of(wide_word(text), wide_word(text + 8)));
	assert_memory_equal(copy, text, WIDE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_have_exactly_the_bytes_that_are_meant),
		cmocka_unit_test(the_first_mark_is_the_first_byte),
		cmocka_unit_test(what_is_loaded_is_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
