#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "net/addr.h"

static struct addr parsed(const char *text)
{
	struct addr addr;

	assert_true(addr_parse(slice_str(text), &addr));
	return addr;
}

static void an_address_prints_as_it_was_written(void **state)
{
	static const char *const table[][3] = {
		/* written, printed (NULL: the same), printed without port */
		{"1.2.3.4:80", NULL, "1.2.3.4"},
		{"0.0.0.0:0", NULL, "0.0.0.0"},
		{"255.255.255.255:65535", NULL, "255.255.255.255"},
		{"[::1]:80", NULL, "::1"},
		{"[::]:443", NULL, "::"},
		{"[2001:db8::a]:8443", NULL, "2001:db8::a"},
		{"[2001:DB8:0:0::A]:1", "[2001:db8::a]:1", "2001:db8::a"},
		{"[::ffff:1.2.3.4]:80", "1.2.3.4:80", "1.2.3.4"},
		{"1.2.3.4:00080", "1.2.3.4:80", "1.2.3.4"},
		{"unix:/run/a.sock", NULL, "unix"},
		{"unix:relative", NULL, "unix"},
	};
	char out[ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct addr a = parsed(table[i][0]);

		addr_print(&a, out);
		assert_string_equal(
			out, table[i][1] ? table[i][1] : table[i][0]);
		addr_print_ip(&a, out);
		assert_string_equal(out, table[i][2]);
	}
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const table[] = {"", ":", ":80", "1.2.3.4",
		"1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:99999999999999999999",
		"1.2.3.4:000080", "1.2.3.4:-1", "1.2.3.4:+1", "1.2.3.4: 80",
		"1.2.3.4:80 ", " 1.2.3.4:80", "1.2.3.4:0x50", "1.2.3:80",
		"1.2.3.256:80", "01.2.3.4:80", "1.2.3.4.5:80", "localhost:80",
		"*:80", "::1:80", "::1", "[::1]", "[::1]80", "[::1:80", "[]:80",
		"[1.2.3.4]:80", "[::1]:", "[::g]:80", "[fe80::1%lo]:80",
		"[[::1]]:80", "unix:", "UNIX:/a", "unix", "http://1.2.3.4:80"};
	struct addr addr;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (addr_parse(slice_str(table[i]), &addr))
			fail_msg("accepted: '%s'", table[i]);
	}
	assert_false(addr_parse(slice_of("1.2.3.4\0:80", 11), &addr));
	assert_false(addr_parse(slice_of("unix:/a\0b", 9), &addr));
}

static void a_unix_path_holds_at_most_107_bytes(void **state)
{
	char text[5 + 108];
	char out[ADDR_TEXT];
	struct addr addr;

	(void)state;
	memset(text, 'p', sizeof(text));
	memcpy(text, "unix:", 5);
	assert_false(addr_parse(slice_of(text, 5 + 108), &addr));
	assert_true(addr_parse(slice_of(text, 5 + 107), &addr));
	addr_print(&addr, out);
	assert_int_equal(strlen(out), 5 + 107);
	assert_memory_equal(out, text, 5 + 107);
}

static void the_longest_ipv6_text_is_printed_whole(void **state)
{
	const char *text = "[1111:2222:3333:4444:5555:6666:7777:8888]:65535";
	struct addr a = parsed(text);
	char out[ADDR_TEXT];

	(void)state;
	addr_print(&a, out);
	assert_string_equal(out, text);
}

static void an_address_without_port_takes_one(void **state)
{
	struct addr a;

	(void)state;
	assert_true(addr_parse_ip(SLICE("::1"), 443, &a));
	assert_int_equal(addr_port(&a), 443);
	addr_set_port(&a, 444);
	assert_int_equal(addr_port(&a), 444);
	assert_true(addr_parse_ip(SLICE("10.0.0.1"), 1, &a));
	assert_int_equal(addr_port(&a), 1);
	assert_false(addr_parse_ip(SLICE("10.0.0.1:1"), 1, &a));
	assert_false(addr_parse_ip(SLICE("[::1]"), 1, &a));
	assert_false(addr_parse_ip(SLICE(""), 1, &a));
	a = parsed("unix:/x");
	addr_set_port(&a, 1);
	assert_int_equal(addr_port(&a), 0);
}

static void no_address_has_no_facts_and_does_not_crash(void **state)
{
	struct addr none = {0}, v4 = parsed("1.2.3.4:1");
	char out[ADDR_TEXT];

	(void)state;
	addr_print(&none, out);
	assert_string_equal(out, "-");
	addr_print_ip(&none, out);
	assert_string_equal(out, "-");
	assert_false(addr_is_loopback(&none));
	assert_false(addr_is_unix(&none));
	assert_true(addr_eq(&none, &none));
	assert_false(addr_eq(&none, &v4));
	assert_false(addr_eq(&v4, &none));
	assert_int_equal(addr_port(&none), 0);
}

static void an_unnamed_unix_peer_prints(void **state)
{
	struct addr a = {.len = sizeof(sa_family_t)};
	char out[ADDR_TEXT];

	(void)state;
	a.sa.any.sa_family = AF_UNIX;
	memset(a.sa.local.sun_path, 'x', sizeof(a.sa.local.sun_path));
	addr_print(&a, out);
	assert_string_equal(out, "unix:");
}

static void loopback_is_127_1_and_unix_only(void **state)
{
	static const struct {
		const char *text;
		bool loopback;
	} table[] = {
		{"127.0.0.1:1", true},
		{"127.255.1.2:1", true},
		{"[::1]:1", true},
		{"[::ffff:127.0.0.1]:1", true},
		{"unix:/a", true},
		{"128.0.0.1:1", false},
		{"126.0.0.1:1", false},
		{"1.0.0.127:1", false},
		{"[::2]:1", false},
		{"[::]:1", false},
		{"0.0.0.0:1", false},
		{"[::127.0.0.1]:1", false},
		{"[::ffff:1.0.0.127]:1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct addr a = parsed(table[i].text);

		if (addr_is_loopback(&a) != table[i].loopback)
			fail_msg("%s", table[i].text); /* R22 */
	}
}

/* Addresses that are equal, that count as the same, or neither. */
static void equality_and_sameness(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal, same;
	} table[] = {
		{"1.2.3.4:1", "1.2.3.4:1", true, true},
		{"1.2.3.4:1", "1.2.3.4:2", false, true},
		{"1.2.3.4:1", "1.2.3.5:1", false, false},
		{"1.2.3.4:1", "[::ffff:1.2.3.4]:1", true, true},
		{"[::1]:1", "[::1]:1", true, true},
		{"[2001:db8::1]:1", "[2001:db8::2]:1", false, true},
		{"[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1", false, false},
		{"[::102:304]:1", "1.2.3.4:1", false, false},
		{"[::]:1", "0.0.0.0:1", false, false},
		{"unix:/a", "unix:/a", true, true},
		{"unix:/a", "unix:/b", false, true},
		{"unix:/a", "0.0.0.0:0", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct addr a = parsed(table[i].a), b = parsed(table[i].b);

		if (addr_eq(&a, &b) != table[i].equal ||
			addr_eq(&b, &a) != table[i].equal)
			fail_msg("eq %s %s", table[i].a, table[i].b);
		if (addr_same_ip(&a, &b) != table[i].same ||
			addr_same_ip(&b, &a) != table[i].same)
			fail_msg("same %s %s", table[i].a, table[i].b);
		if ((addr_hash_ip(&a) == addr_hash_ip(&b)) != table[i].same)
			fail_msg("hash %s %s", table[i].a, table[i].b);
	}
}

static void neighbours_spread_over_the_hash(void **state)
{
	bool taken[256] = {false};
	unsigned used = 0;

	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		struct addr a = parsed("10.0.0.0:1");
		uint8_t slot;

		a.sa.v4.sin_addr.s_addr = htonl(0x0a000000U | i);
		slot = (uint8_t)addr_hash_ip(&a);
		used += !taken[slot];
		taken[slot] = true;
	}
	assert_true(used > 128); /* 162 are expected of a random spread */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_prints_as_it_was_written),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(a_unix_path_holds_at_most_107_bytes),
		cmocka_unit_test(the_longest_ipv6_text_is_printed_whole),
		cmocka_unit_test(an_address_without_port_takes_one),
		cmocka_unit_test(no_address_has_no_facts_and_does_not_crash),
		cmocka_unit_test(an_unnamed_unix_peer_prints),
		cmocka_unit_test(loopback_is_127_1_and_unix_only),
		cmocka_unit_test(equality_and_sameness),
		cmocka_unit_test(neighbours_spread_over_the_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
