/* PROXY headers: the examples of the specification, and every rule. */
#include "net/proxy_protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SIG "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc0\x00\x02\x07\xc6\x33\x64\x09\x12\x67\x01\xbb"
#define V6                                           \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07" \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09\x12\x67\x01\xbb"
#define X12 "............"
#define X96 X12 X12 X12 X12 X12 X12 X12 X12
#define CRC "\x03\0\x04\xc1\xb4\x16\x67"
#define NOOP         \
	"\x05\0\x03" \
	"abc"

struct header_case {
	struct slice bytes;
	enum proxy_rule rule;
	const char *client; /* printed; NULL: nobody is announced */
};

#define GOOD(bytes, client)                           \
	{                                             \
		SLICE(bytes), PROXY_RULE_NONE, client \
	}
#define BAD(bytes, rule)                              \
	{                                             \
		SLICE(bytes), PROXY_RULE_##rule, NULL \
	}

static const struct header_case cases[] = {
	/* version 1, section 2.1 */
	GOOD("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
		"255.255.255.255:65535"),
	GOOD("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
		"192.168.0.1:56324"),
	GOOD("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"),
	GOOD("PROXY TCP6 2001:db8::7 ::1 0 443\r\n", "[2001:db8::7]:0"),
	GOOD("PROXY UNKNOWN\r\n", NULL),
	GOOD("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
		NULL),
	BAD("\x16\x03\x01", SIGNATURE),
	BAD("GET / HTTP/1.1\r\n", SIGNATURE),
	BAD("PROXX", SIGNATURE),
	BAD("proxy TCP4", SIGNATURE),
	BAD("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n\r\n", V1_PORT),
	BAD("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\r\n", V1_LINE),
	BAD("PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n", V1_LINE),
	BAD("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n", V1_LINE),
	BAD("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n", V1_LINE),
	BAD("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", V1_LINE),
	BAD("PROXY \r\n", V1_LINE),
	BAD("PROXY UNKNOWN " X96, V1_LINE),
	BAD("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n", V1_FAMILY),
	BAD("PROXY UNKNOWNS\r\n", V1_FAMILY),
	BAD("PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n", V1_FAMILY),
	BAD("PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n", V1_ADDRESS),
	BAD("PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n", V1_ADDRESS),
	BAD("PROXY TCP4 1.2.3.4 example 1 2\r\n", V1_ADDRESS),
	BAD("PROXY TCP4 ::1 ::1 1 2\r\n", V1_ADDRESS),
	BAD("PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n", V1_ADDRESS),
	BAD("PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n", V1_ADDRESS),
	BAD("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n", V1_PORT),
	BAD("PROXY TCP4 1.2.3.4 1.2.3.4 1 02\r\n", V1_PORT),
	BAD("PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n", V1_PORT),
	/* version 2, section 2.2 */
	GOOD(SIG "\x21\x11\0\x0c" V4, "192.0.2.7:4711"),
	GOOD(SIG "\x21\x21\0\x24" V6, "[2001:db8::7]:4711"),
	GOOD(SIG "\x21\x31\0\xd8" X96 X96 X12 X12, "unix:"),
	GOOD(SIG "\x20\0\0\0", NULL),
	GOOD(SIG "\x20\x11\0\x0c" V4, NULL),
	GOOD(SIG "\x20\xff\0\x01?", NULL),
	GOOD(SIG "\x21\0\0\x03"
		 "any",
		NULL),
	GOOD(SIG "\x21\x11\0\x12" V4 NOOP, "192.0.2.7:4711"),
	GOOD(SIG "\x21\x11\0\x12" V4 "\x04\0\x03"
		 "\0\0\0",
		"192.0.2.7:4711"),
	GOOD(SIG "\x21\x11\0\x19" V4 CRC NOOP, "192.0.2.7:4711"),
	BAD(SIG "\x11\x11\0\x0c" V4, V2_VERSION),
	BAD(SIG "\x31\x11\0\x0c" V4, V2_VERSION),
	BAD(SIG "\x22\x11\0\x0c" V4, V2_COMMAND),
	BAD(SIG "\x21\x12\0\x0c" V4, V2_FAMILY),
	BAD(SIG "\x21\x10\0\x0c" V4, V2_FAMILY),
	BAD(SIG "\x21\x01\0\x0c" V4, V2_FAMILY),
	BAD(SIG "\x21\x41\0\x0c" V4, V2_FAMILY),
	BAD(SIG "\x21\x11\0\x0b" V4, V2_SHORT),
	BAD(SIG "\x21\x21\0\x23" V6, V2_SHORT),
	BAD(SIG "\x21\x11\x0f\xf1", V2_LONG),
	BAD(SIG "\x20\0\xff\xff", V2_LONG),
	BAD(SIG "\x21\x11\0\x0e" V4 "\x05\0", V2_TLV),
	BAD(SIG "\x21\x11\0\x12" V4 "\x05\0\x04"
		"abc",
		V2_TLV),
	BAD(SIG "\x21\x11\0\x12" V4 "\x03\0\x03"
		"abc",
		V2_TLV),
	BAD(SIG "\x21\x11\0\x1a" V4 CRC CRC, V2_TLV),
	BAD(SIG "\x21\x11\0\x19" V4 "\x03\0\x04\xc1\xb4\x16\x68" NOOP,
		V2_CHECKSUM),
	BAD(SIG "\x21\x11\0\x13" V4 "\x03\0\x04\0\0\0\0", V2_CHECKSUM),
};

enum { CASES = sizeof(cases) / sizeof(*cases) };

static void each_header_has_its_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		struct proxy_header header;
		enum proxy_rule rule =
			proxy_protocol_read(cases[i].bytes, &header);
		char text[ADDR_TEXT];

		if (rule != cases[i].rule)
			fail_msg(
				"case %zu: %s", i, proxy_rule_info(rule)->text);
		if (rule != PROXY_RULE_NONE)
			continue;
		assert_int_equal(header.len, cases[i].bytes.len);
		addr_print(&header.client, text);
		assert_int_equal(header.client.len > 0, cases[i].client != 0);
		if (cases[i].client)
			assert_string_equal(text, cases[i].client);
	}
}

static void a_beginning_asks_for_more(void **state)
{
	struct proxy_header header;

	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		if (cases[i].rule != PROXY_RULE_NONE)
			continue;
		for (size_t len = 0; len < cases[i].bytes.len; len++)
			assert_int_equal(
				proxy_protocol_read(
					slice_head(cases[i].bytes, len),
					&header),
				PROXY_RULE_MORE);
	}
}

/* The client hello that came in the same segment is not counted in. */
static void what_follows_is_left_alone(void **state)
{
	static const char hello[] = "\x16\x03\x01\r\n\r\n";
	char bytes[600];

	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		size_t len = cases[i].bytes.len;
		struct proxy_header header;

		if (cases[i].rule != PROXY_RULE_NONE)
			continue;
		memcpy(bytes, cases[i].bytes.ptr, len);
		memcpy(bytes + len, hello, sizeof(hello));
		assert_int_equal(
			proxy_protocol_read(
				slice_of(bytes, len + sizeof(hello)), &header),
			PROXY_RULE_NONE);
		assert_int_equal(header.len, len);
	}
}

/* R17 */
static void a_header_of_4096_bytes_is_the_longest(void **state)
{
	static char bytes[PROXY_PROTOCOL_MAX + 1];
	static const char head[] = SIG "\x21\x11\x0f\xf0" V4 "\x05\x0f\xe1";
	struct proxy_header header;

	(void)state;
	memcpy(bytes, head, sizeof(head) - 1);
	assert_int_equal(
		proxy_protocol_read(slice_of(bytes, sizeof(bytes)), &header),
		PROXY_RULE_NONE);
	assert_int_equal(header.len, PROXY_PROTOCOL_MAX);
	bytes[15]++;
	assert_int_equal(
		proxy_protocol_read(slice_of(bytes, sizeof(bytes)), &header),
		PROXY_RULE_V2_LONG);
}

static void every_rule_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (size_t i = PROXY_RULE_SIGNATURE; i < PROXY_RULE_COUNT; i++) {
		const struct proxy_rule_info *info =
			proxy_rule_info((enum proxy_rule)i);

		assert_true(*info->name && *info->text);
		for (size_t j = PROXY_RULE_SIGNATURE; j < i; j++)
			assert_string_not_equal(info->name,
				proxy_rule_info((enum proxy_rule)j)->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_header_has_its_verdict),
		cmocka_unit_test(a_beginning_asks_for_more),
		cmocka_unit_test(what_follows_is_left_alone),
		cmocka_unit_test(a_header_of_4096_bytes_is_the_longest),
		cmocka_unit_test(every_rule_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
