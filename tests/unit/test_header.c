#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/header.h"

#include "base/arena.h"
#include "http/bytes_priv.h"

#include <string.h>

static int with_arena(void **state)
{
	*state = arena_new(NULL);
	return *state ? 0 : -1;
}

static int without_arena(void **state)
{
	arena_free(*state);
	return 0;
}

static void add(struct header_block *block, struct arena *arena,
	const char *name, const char *value)
{
	assert_true(
		header_add(block, arena, slice_str(name), slice_str(value)));
}

static void fields_stay_in_order_as_the_block_grows(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g"};
	struct header_block block = {0};

	for (size_t i = 0; i < 700; i++)
		add(&block, *state, names[i % 7], names[i / 100]);
	assert_int_equal(block.count, 700);
	for (size_t i = 0; i < 700; i++) {
		assert_true(slice_eq(
			block.fields[i].name, slice_str(names[i % 7])));
		assert_true(slice_eq(
			block.fields[i].value, slice_str(names[i / 100])));
	}
}

static void the_first_field_of_a_name_is_found_without_case(void **state)
{
	struct header_block block = {0};

	assert_null(header_find(&block, SLICE("x")));
	add(&block, *state, "X-One", "1");
	add(&block, *state, "x-two", "2");
	add(&block, *state, "X-TWO", "3");
	assert_ptr_equal(header_find(&block, SLICE("X-Two")), &block.fields[1]);
	assert_null(header_find(&block, SLICE("X-Tw")));
	assert_null(header_find(&block, SLICE("X-Two-")));
}

static void every_field_of_a_name_is_removed_and_the_rest_stays(void **state)
{
	struct header_block block = {0};

	add(&block, *state, "A", "1");
	add(&block, *state, "B", "2");
	add(&block, *state, "a", "3");
	add(&block, *state, "C", "4");
	assert_int_equal(header_remove(&block, SLICE("a")), 2);
	assert_int_equal(block.count, 2);
	assert_true(slice_eq(block.fields[0].value, SLICE("2")));
	assert_true(slice_eq(block.fields[1].value, SLICE("4")));
	assert_int_equal(header_remove(&block, SLICE("a")), 0);
}

static void a_block_that_changes_forgets_its_rendered_bytes(void **state)
{
	struct header_block block = {0};

	add(&block, *state, "A", "1");
	block.wire = SLICE("A: 1\r\n");
	assert_int_equal(header_remove(&block, SLICE("b")), 0);
	assert_int_equal(block.wire.len, 6);
	add(&block, *state, "B", "2");
	assert_int_equal(block.wire.len, 0);
	block.wire = SLICE("A: 1\r\nB: 2\r\n");
	assert_int_equal(header_remove(&block, SLICE("a")), 1);
	assert_int_equal(block.wire.len, 0);
}

/* R1: spellings that gateways behind us take for the same name. */
static void names_fold_to_one_spelling(void **state)
{
	static const char *const same[] = {"x-cert-verify", "X-CERT-VERIFY",
		"X_Cert_Verify", "x.cert.verify", "X-Cert_Verify",
		"x!cert#verify", "X|Cert~Verify", "x+cert'verify"};
	static const char *const other[] = {"x-cert-verif", "x-cert-verify2",
		"x-cert-verifx", "xx-cert-verify", "x--cert-verify",
		"xcertverify", ""};
	const struct slice folded = SLICE("x-cert-verify");

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		assert_true(header_folds_to(slice_str(same[i]), folded));
	for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++)
		assert_false(header_folds_to(slice_str(other[i]), folded));
}

static void a_prefix_is_compared_after_folding(void **state)
{
	const struct slice prefix = SLICE("x-cert-");

	(void)state;
	assert_true(header_folds_to_prefix(SLICE("X_CERT.FOO"), prefix));
	assert_true(header_folds_to_prefix(SLICE("x-cert-"), prefix));
	assert_false(header_folds_to_prefix(SLICE("x-cert"), prefix));
	assert_false(header_folds_to_prefix(SLICE("y-cert-foo"), prefix));
	assert_true(header_folds_to_prefix(SLICE("y"), SLICE("")));
}

static void folding_keeps_letters_and_digits_only(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		char folded = header_fold_byte((char)c);

		if (c >= 'A' && c <= 'Z')
			assert_int_equal(folded, c + 32);
		else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			assert_int_equal(folded, c);
		else
			assert_int_equal(folded, '-');
		/* folding twice changes nothing more */
		assert_int_equal(header_fold_byte(folded), folded);
	}
}

/* R2 */
static void an_alias_holds_another_byte(void **state)
{
	(void)state;
	assert_false(header_is_alias(SLICE("X-Cert-Verify9")));
	assert_true(header_is_alias(SLICE("X_Cert-Verify")));
	assert_true(header_is_alias(SLICE("grpc.name")));
	assert_true(header_is_alias(SLICE("a'")));
	assert_false(header_is_alias(SLICE("")));
}

static bool one_of(int c, const char *set)
{
	return c && strchr(set, c);
}

static bool alnum(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* The table against the grammar of the standards, byte by byte. */
static void the_table_of_bytes_is_the_grammar(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		bool obs = c >= 0x80;
		bool text = c == '\t' || (c >= 0x20 && c <= 0x7E) || obs;
		bool pchar = alnum(c) || one_of(c, "-._~!$&'()*+,;=:@");
		unsigned expected = 0;

		if (alnum(c) || one_of(c, "!#$%&'*+-.^_`|~"))
			expected |= BYTE_TOKEN;
		if (text)
			expected |= BYTE_VALUE;
		if (pchar || c == '/')
			expected |= BYTE_PATH;
		if (pchar || one_of(c, "/?[]"))
			expected |= BYTE_QUERY;
		if (alnum(c) || one_of(c, "-_"))
			expected |= BYTE_HOST;
		if (alnum(c))
			expected |= BYTE_ALNUM;
		if (one_of(c, "0123456789abcdefABCDEF"))
			expected |= BYTE_HEX;
		if (text && c != '"' && c != '\\')
			expected |= BYTE_QDTEXT;
		assert_int_equal(bytes_class[c], expected);
	}
}

/* Looking at eight bytes at once finds what looking at one finds. */
static void words_of_eight_agree_with_the_table(void **state)
{
	char text[20];

	(void)state;
	for (int c = 0; c < 256; c++) {
		for (size_t at = 0; at < sizeof(text); at++) {
			struct slice s = slice_of(text, sizeof(text));
			size_t rest = at + 1;
			size_t span;

			memset(text, 'a', sizeof(text));
			text[at] = (char)c;
			text[(at + 3) % sizeof(text)] = (char)(c ^ 0x80);
			span = bytes_span(text, 0, s.len, BYTE_VALUE);
			assert_int_equal(
				bytes_value_span(text, 0, s.len), span);
			assert_int_equal(header_value_valid(s), span == s.len);
			span = bytes_span(text, 0, s.len, BYTE_TOKEN);
			assert_int_equal(
				bytes_token_span(text, 0, s.len), span);
			assert_int_equal(header_name_valid(s), span == s.len);
			span = bytes_span(text, rest, s.len, BYTE_TOKEN);
			assert_int_equal(
				bytes_token_span(text, rest, s.len), span);
		}
	}
}

static void a_name_is_a_token_of_one_byte_at_least(void **state)
{
	(void)state;
	assert_true(header_name_valid(SLICE("a")));
	assert_true(header_name_valid(SLICE("Content-MD5")));
	assert_false(header_name_valid(SLICE("")));
	assert_false(header_name_valid(SLICE("a b")));
	assert_false(header_name_valid(SLICE("a:")));
	assert_false(header_name_valid(SLICE("a\0")));
}

/* R6 */
static void only_plain_ascii_is_printable(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		char text[3] = {'a', (char)c, 'b'};

		assert_int_equal(header_value_printable(slice_of(text, 3)),
			c >= 0x20 && c <= 0x7E);
	}
	for (size_t at = 0; at < 19; at++) {
		char long_text[] = " ~mtlsgate~ ~gate~ ";

		for (int c = 0; c < 256; c++) {
			long_text[at] = (char)c;
			assert_int_equal(
				header_value_printable(slice_of(long_text, 19)),
				c >= 0x20 && c <= 0x7E);
		}
	}
	assert_true(header_value_printable(SLICE("")));
}

#define WITH_ARENA(test) \
	cmocka_unit_test_setup_teardown(test, with_arena, without_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ARENA(fields_stay_in_order_as_the_block_grows),
		WITH_ARENA(the_first_field_of_a_name_is_found_without_case),
		WITH_ARENA(every_field_of_a_name_is_removed_and_the_rest_stays),
		WITH_ARENA(a_block_that_changes_forgets_its_rendered_bytes),
		cmocka_unit_test(names_fold_to_one_spelling),
		cmocka_unit_test(a_prefix_is_compared_after_folding),
		cmocka_unit_test(folding_keeps_letters_and_digits_only),
		cmocka_unit_test(an_alias_holds_another_byte),
		cmocka_unit_test(the_table_of_bytes_is_the_grammar),
		cmocka_unit_test(words_of_eight_agree_with_the_table),
		cmocka_unit_test(a_name_is_a_token_of_one_byte_at_least),
		cmocka_unit_test(only_plain_ascii_is_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
