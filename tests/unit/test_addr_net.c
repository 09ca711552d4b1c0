/* Networks: how they are written, and who lies in them. */
#include "net/addr_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct written_case {
	const char *text;
	enum addr_net_fault fault;
};

static void a_network_is_written_in_one_way(void **state)
{
	static const struct written_case cases[] = {
		{"10.0.0.0/8", ADDR_NET_OK},
		{"0.0.0.0/0", ADDR_NET_OK},
		{"192.0.2.7", ADDR_NET_OK},
		{"192.0.2.7/32", ADDR_NET_OK},
		{"2001:db8::/32", ADDR_NET_OK},
		{"::/0", ADDR_NET_OK},
		{"::1", ADDR_NET_OK},
		{"unix", ADDR_NET_OK},
		{"", ADDR_NET_SYNTAX},
		{"/8", ADDR_NET_SYNTAX},
		{"10.0.0/8", ADDR_NET_SYNTAX},
		{"localhost", ADDR_NET_SYNTAX},
		{"10.0.0.1:80", ADDR_NET_SYNTAX},
		{"[::1]", ADDR_NET_SYNTAX},
		{"unix/0", ADDR_NET_SYNTAX},
		{"::ffff:10.0.0.0/104", ADDR_NET_SYNTAX},
		{"10.0.0.0/", ADDR_NET_PREFIX},
		{"10.0.0.0/33", ADDR_NET_PREFIX},
		{"10.0.0.0/08", ADDR_NET_PREFIX},
		{"10.0.0.0/-1", ADDR_NET_PREFIX},
		{"10.0.0.0/8/8", ADDR_NET_PREFIX},
		{"::/129", ADDR_NET_PREFIX},
		{"10.0.0.1/8", ADDR_NET_HOST},
		{"10.0.0.128/24", ADDR_NET_HOST},
		{"2001:db8::1/127", ADDR_NET_HOST},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct addr_net net;

		if (addr_net_parse(slice_str(cases[i].text), &net) !=
			cases[i].fault)
			fail_msg("%s", cases[i].text);
	}
}

struct member_case {
	const char *net;
	const char *ip;
	bool in;
};

static void an_address_lies_in_it_by_its_first_bits(void **state)
{
	static const struct member_case cases[] = {
		{"10.0.0.0/8", "10.255.0.1", true},
		{"10.0.0.0/8", "11.0.0.1", false},
		{"10.0.0.0/8", "::ffff:10.1.2.3", true},
		{"10.0.0.0/8", "::ffff:11.1.2.3", false},
		{"192.0.2.128/25", "192.0.2.128", true},
		{"192.0.2.128/25", "192.0.2.127", false},
		{"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7", "192.0.2.6", false},
		{"0.0.0.0/0", "203.0.113.9", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "2001:db8::1", true},
		{"::/0", "192.0.2.7", false},
		{"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false},
		{"unix", "127.0.0.1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct addr_net net;
		struct addr addr;

		assert_int_equal(addr_net_parse(slice_str(cases[i].net), &net),
			ADDR_NET_OK);
		assert_true(addr_parse_ip(slice_str(cases[i].ip), 9, &addr));
		if (addr_net_has(&net, &addr) != cases[i].in)
			fail_msg("%s %s", cases[i].net, cases[i].ip);
	}
}

static void unix_is_every_unix_socket_and_nothing_else(void **state)
{
	struct addr_net unix_net, all;
	struct addr local, none = {0};

	(void)state;
	assert_int_equal(addr_net_parse(SLICE("unix"), &unix_net), ADDR_NET_OK);
	assert_int_equal(addr_net_parse(SLICE("0.0.0.0/0"), &all), ADDR_NET_OK);
	assert_true(addr_parse(SLICE("unix:/run/x.sock"), &local));
	assert_true(addr_net_has(&unix_net, &local));
	assert_false(addr_net_has(&all, &local));
	assert_false(addr_net_has(&all, &none));
	assert_false(addr_net_has(&unix_net, &none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_is_written_in_one_way),
		cmocka_unit_test(an_address_lies_in_it_by_its_first_bits),
		cmocka_unit_test(unix_is_every_unix_socket_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
