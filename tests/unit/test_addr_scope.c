/* Where an address leads. */
#include "net/addr_scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct scope_case {
	const char *ip;
	enum addr_scope scope;
};

static void each_address_has_its_scope(void **state)
{
	static const struct scope_case cases[] = {
		{"192.0.2.1", ADDR_SCOPE_OUT},
		{"10.0.0.1", ADDR_SCOPE_OUT},
		{"192.168.1.1", ADDR_SCOPE_OUT},
		{"126.255.255.255", ADDR_SCOPE_OUT},
		{"128.0.0.0", ADDR_SCOPE_OUT},
		{"223.255.255.255", ADDR_SCOPE_OUT},
		{"127.0.0.1", ADDR_SCOPE_LOOPBACK},
		{"127.255.255.255", ADDR_SCOPE_LOOPBACK},
		{"169.254.169.254", ADDR_SCOPE_LINK},
		{"169.253.255.255", ADDR_SCOPE_OUT},
		{"0.0.0.0", ADDR_SCOPE_NOBODY},
		{"0.1.2.3", ADDR_SCOPE_NOBODY},
		{"224.0.0.1", ADDR_SCOPE_NOBODY},
		{"240.0.0.1", ADDR_SCOPE_NOBODY},
		{"255.255.255.255", ADDR_SCOPE_NOBODY},
		{"2001:db8::1", ADDR_SCOPE_OUT},
		{"fd00::1", ADDR_SCOPE_OUT},
		{"::1", ADDR_SCOPE_LOOPBACK},
		{"::", ADDR_SCOPE_NOBODY},
		{"::127.0.0.1", ADDR_SCOPE_NOBODY},
		{"fe80::1", ADDR_SCOPE_LINK},
		{"febf::1", ADDR_SCOPE_LINK},
		{"fec0::1", ADDR_SCOPE_OUT},
		{"ff02::1", ADDR_SCOPE_NOBODY},
		{"::ffff:127.0.0.1", ADDR_SCOPE_LOOPBACK},
		{"::ffff:192.0.2.1", ADDR_SCOPE_OUT},
		{"::ffff:169.254.169.254", ADDR_SCOPE_LINK},
		{"64:ff9b::127.0.0.1", ADDR_SCOPE_LOOPBACK},
		{"64:ff9b::192.0.2.1", ADDR_SCOPE_OUT},
		{"2002:7f00:1::1", ADDR_SCOPE_LOOPBACK},
		{"2002:c000:201::1", ADDR_SCOPE_OUT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct addr addr;

		assert_true(addr_parse_ip(slice_str(cases[i].ip), 80, &addr));
		if (addr_scope(&addr) != cases[i].scope)
			fail_msg("%s: %d", cases[i].ip, addr_scope(&addr));
	}
}

static void what_is_no_address_reaches_nobody(void **state)
{
	struct addr addr = {0};

	(void)state;
	assert_int_equal(addr_scope(&addr), ADDR_SCOPE_NOBODY);
	assert_true(addr_parse(SLICE("unix:/run/x"), &addr));
	assert_int_equal(addr_scope(&addr), ADDR_SCOPE_NOBODY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_address_has_its_scope),
		cmocka_unit_test(what_is_no_address_reaches_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
