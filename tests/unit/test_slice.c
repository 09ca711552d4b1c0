#include "base/slice.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

static const struct {
	const char *a, *b;
	bool eq, eq_nocase, starts, ends;
} pairs[] = {
	{"", "", true, true, true, true},
	{"a", "", false, false, true, true},
	{"", "a", false, false, false, false},
	{"Host", "host", false, true, false, false},
	{"Host", "Host", true, true, true, true},
	{"Host", "Ho", false, false, true, false},
	{"Host", "st", false, false, false, true},
	{"[", "{", false, false, false, false}, /* not letters: not folded */
	{"@", "`", false, false, false, false},
};

static void slices_compare_by_length_and_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct slice a = slice_str(pairs[i].a);
		struct slice b = slice_str(pairs[i].b);

		assert_int_equal(slice_eq(a, b), pairs[i].eq);
		assert_int_equal(slice_eq_nocase(a, b), pairs[i].eq_nocase);
		assert_int_equal(slice_starts(a, b), pairs[i].starts);
		assert_int_equal(slice_ends(a, b), pairs[i].ends);
	}
	assert_false(slice_eq(SLICE("a\0b"), SLICE("a\0c")));
	assert_true(slice_eq(slice_str(NULL), SLICE("")));
}

static void parts_never_leave_the_slice(void **state)
{
	struct slice s = SLICE("abc");

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct slice head = slice_head(s, i);
		struct slice tail = slice_from(s, i);

		assert_int_equal(head.len + tail.len, 3);
		assert_true(i > 3 || head.ptr + head.len == tail.ptr);
		assert_true(tail.ptr + tail.len == s.ptr + s.len);
	}
	assert_int_equal(slice_from(slice_str(NULL), 3).len, 0);
	assert_int_equal(slice_find(s, 'c'), 2);
	assert_int_equal(slice_find(s, 'd'), 3);
	assert_int_equal(slice_find(slice_str(NULL), 'd'), 0);
}

static void trimming_takes_blanks_and_tabs_only(void **state)
{
	(void)state;
	assert_true(slice_eq(slice_trim(SLICE(" \t a b\t ")), SLICE("a b")));
	assert_int_equal(slice_trim(SLICE(" \t ")).len, 0);
	assert_int_equal(slice_trim(slice_str(NULL)).len, 0);
	assert_int_equal(slice_trim(SLICE("\n")).len, 1);
}

static void a_list_gives_every_element_also_the_empty_ones(void **state)
{
	struct slice rest = SLICE("a, b ,,\t"), e;

	(void)state;
	assert_true(slice_next(&rest, ',', &e));
	assert_true(slice_eq(e, SLICE("a")));
	assert_true(slice_next(&rest, ',', &e));
	assert_true(slice_eq(e, SLICE("b")));
	assert_true(slice_next(&rest, ',', &e));
	assert_int_equal(e.len, 0);
	assert_true(slice_next(&rest, ',', &e));
	assert_int_equal(e.len, 0);
	assert_false(slice_next(&rest, ',', &e));
	rest = slice_str(NULL);
	assert_false(slice_next(&rest, ',', &e));
}

static const struct {
	const char *text;
	uint64_t max;
	bool dec, hex;
	uint64_t dec_value, hex_value;
} numbers[] = {
	{"0", 0, true, true, 0, 0},
	{"1", 0, false, false, 0, 0},
	{"9", 8, false, false, 0, 0},
	{"10", 16, true, true, 10, 16},
	{"10", 15, true, false, 10, 0},
	{"00010", 10, true, false, 10, 0},
	{"255", 255, true, false, 255, 0},
	{"256", 255, false, false, 0, 0},
	{"fF", 255, false, true, 0, 255},
	{"18446744073709551615", UINT64_MAX, true, false, UINT64_MAX, 0},
	{"18446744073709551616", UINT64_MAX, false, false, 0, 0},
	{"99999999999999999999999999", UINT64_MAX, false, false, 0, 0},
	{"ffffffffffffffff", UINT64_MAX, false, true, 0, UINT64_MAX},
	{"10000000000000000", UINT64_MAX, true, false,
		UINT64_C(10000000000000000), 0},
	{"", 9, false, false, 0, 0},
	{"+1", 9, false, false, 0, 0},
	{"-1", 9, false, false, 0, 0},
	{" 1", 9, false, false, 0, 0},
	{"1 ", 9, false, false, 0, 0},
	{"0x1", 9, false, false, 0, 0},
	{"g", 99, false, false, 0, 0},
};

static void numbers_are_digits_within_a_limit(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		struct slice s = slice_str(numbers[i].text);
		uint64_t dec = 77, hex = 77;

		assert_int_equal(
			slice_to_u64(s, numbers[i].max, &dec), numbers[i].dec);
		assert_true(
			dec == (numbers[i].dec ? numbers[i].dec_value : 77));
		assert_int_equal(slice_hex_to_u64(s, numbers[i].max, &hex),
			numbers[i].hex);
		assert_true(
			hex == (numbers[i].hex ? numbers[i].hex_value : 77));
	}
}

/* The published values of FNV-1a, 64 bits. */
static void a_hash_is_fnv_1a_and_goes_on_from_its_seed(void **state)
{
	(void)state;
	assert_true(slice_hash(SLICE(""), SLICE_HASH) ==
		    UINT64_C(0xcbf29ce484222325));
	assert_true(slice_hash(SLICE("a"), SLICE_HASH) ==
		    UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(slice_hash(SLICE("foobar"), SLICE_HASH) ==
		    UINT64_C(0x85944171f73967e8));
	assert_true(slice_hash(SLICE("bar"),
			    slice_hash(SLICE("foo"), SLICE_HASH)) ==
		    slice_hash(SLICE("foobar"), SLICE_HASH));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_compare_by_length_and_bytes),
		cmocka_unit_test(parts_never_leave_the_slice),
		cmocka_unit_test(trimming_takes_blanks_and_tabs_only),
		cmocka_unit_test(
			a_list_gives_every_element_also_the_empty_ones),
		cmocka_unit_test(numbers_are_digits_within_a_limit),
		cmocka_unit_test(a_hash_is_fnv_1a_and_goes_on_from_its_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
