#include "base/utf8.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static size_t encode(uint32_t code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xC0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xE0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3F));
		out[2] = (char)(0x80 | (code & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3F));
	out[2] = (char)(0x80 | (code >> 6 & 0x3F));
	out[3] = (char)(0x80 | (code & 0x3F));
	return 4;
}

static void every_character_is_read_back(void **state)
{
	(void)state;
	for (uint32_t code = 0; code < 0x111000; code++) {
		bool real = code <= 0x10FFFF && (code & ~0x7FFu) != 0xD800;
		char bytes[4];
		size_t len = encode(code, bytes);
		uint32_t got;
		size_t taken = utf8_next(slice_of(bytes, len), &got);

		assert_int_equal(taken, real ? len : 1);
		assert_int_equal(got, real ? code : UTF8_BAD);
		if (len == 1)
			continue;
		/* cut short, it is no character */
		assert_int_equal(utf8_next(slice_of(bytes, len - 1), &got), 1);
		assert_int_equal(got, UTF8_BAD);
	}
}

static const struct {
	struct slice text;
	bool printable;
} texts[] = {
	{{"", 0}, true},
	{{"plain ~", 7}, true},
	{{"Zo\xC3\xAB \xE6\x97\xA5 \xF0\x9F\x94\x91", 13}, true},
	{{"\xEF\xBF\xBD", 3}, true}, /* U+FFFD itself */
	{{"a\tb", 3}, false},
	{{"a\nb", 3}, false},
	{{"a\0b", 3}, false},
	{{"\x7F", 1}, false},
	{{"\xC2\x9B"
	  "1m",
		 4},
		false},                   /* CSI */
	{{"\xE2\x80\xA8", 3}, false},     /* line separator */
	{{"\xEF\xBB\xBF", 3}, false},     /* byte order mark */
	{{"\xEF\xBF\xBE", 3}, false},     /* not a character */
	{{"\xF4\x8F\xBF\xBF", 4}, false}, /* nor is U+10FFFF */
	{{"\xFF", 1}, false},
	{{"\xC3", 1}, false},
};

static void a_printable_text_holds_nothing_that_moves_a_cursor(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(
			utf8_printable(texts[i].text), texts[i].printable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_is_read_back),
		cmocka_unit_test(
			a_printable_text_holds_nothing_that_moves_a_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
