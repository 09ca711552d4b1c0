/* forwarded: the rightmost address that is no trusted proxy. */
#include "policy/forwarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/arena.h"
#include "http/header.h"
#include "net/addr_net.h"

static struct addr_net nets[2];
static struct config_headers settings = {
	.trusted_proxies = {NULL, 2}, .trusted_nets = nets};

static int start(void **state)
{
	(void)state;
	return addr_net_parse(SLICE("10.0.0.0/8"), &nets[0]) != ADDR_NET_OK ||
	       addr_net_parse(SLICE("2001:db8::/32"), &nets[1]) != ADDR_NET_OK;
}

struct told_case {
	const char *first;
	const char *second; /* of a second field; NULL: none */
	const char *client; /* "peer": nobody is told */
};

static void judge(const char *name, const struct told_case *c)
{
	struct arena *arena = arena_new(NULL);
	struct header_block fields = {0};
	struct slice client = SLICE("peer");

	assert_true(header_add(
		&fields, arena, slice_str(name), slice_str(c->first)));
	if (c->second)
		assert_true(header_add(
			&fields, arena, slice_str(name), slice_str(c->second)));
	assert_true(forwarded_client(&settings, &fields, arena, &client));
	if (!slice_eq(client, slice_str(c->client)))
		fail_msg("%s: %.*s", c->first, SLICE_FMT(client));
	arena_free(arena);
}

static void the_rightmost_untrusted_address_is_the_client(void **state)
{
	static const struct told_case cases[] = {
		{"192.0.2.1", NULL, "192.0.2.1"},
		{"192.0.2.1, 10.0.0.1", NULL, "192.0.2.1"},
		{"203.0.113.9, 192.0.2.1", NULL, "192.0.2.1"},
		{"203.0.113.9, 192.0.2.1, 10.0.0.1,10.0.0.2", NULL,
			"192.0.2.1"},
		{"203.0.113.9", "192.0.2.1", "192.0.2.1"},
		{"192.0.2.1", "10.0.0.1", "192.0.2.1"},
		{"10.0.0.3, 10.0.0.1", NULL, "10.0.0.3"},
		{"192.0.2.1:4711, 10.0.0.1", NULL, "192.0.2.1"},
		{"[2001:dead::1]:4711", NULL, "2001:dead::1"},
		{"[2001:dead::1]", NULL, "2001:dead::1"},
		{"2001:DEAD::1, 2001:db8::1", NULL, "2001:dead::1"},
		{"192.0.2.1, evil, 10.0.0.1", NULL, "10.0.0.1"},
		{"192.0.2.1, evil", NULL, "peer"},
		{"\"", "192.0.2.1", "192.0.2.1"},
		{"\", 192.0.2.1", NULL, "192.0.2.1"},
		{"\"203.0.113.9, 192.0.2.1, 10.0.0.1", NULL, "192.0.2.1"},
		{"203.0.113.9\\, 192.0.2.1", NULL, "192.0.2.1"},
		{"192.0.2.1,,10.0.0.1", NULL, "192.0.2.1"},
		{"192.0.2.1,", NULL, "192.0.2.1"},
		{"unix:/x", NULL, "peer"},
		{"", NULL, "peer"},
	};

	(void)state;
	settings.forwarded = FORWARDED_X;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		judge("x-Forwarded-FOR", &cases[i]);
}

static void the_same_holds_for_rfc7239(void **state)
{
	static const struct told_case cases[] = {
		{"for=192.0.2.1", NULL, "192.0.2.1"},
		{"For=\"192.0.2.1:80\";proto=https", NULL, "192.0.2.1"},
		{"for=\"[2001:dead::1]\", for=10.0.0.1", NULL, "2001:dead::1"},
		{"by=1.2.3.4;for=192.0.2.1;host=\"a,b;for=6.6.6.6\"", NULL,
			"192.0.2.1"},
		{"for=203.0.113.9", "for=192.0.2.1", "192.0.2.1"},
		{"for=192.0.2.1, for=unknown, for=10.0.0.1", NULL, "10.0.0.1"},
		{"for=192.0.2.1, for=_hidden", NULL, "peer"},
		{"for=192.0.2.1, proto=https", NULL, "peer"},
		{"for=192.0.2.1;for=192.0.2.2", NULL, "peer"},
		{"host=\"x\\\", for=6.6.6.6", NULL, "6.6.6.6"},
		{"for=\"x, for=192.0.2.1", NULL, "192.0.2.1"},
		{"for=x\\, for=\"192.0.2.1\"", NULL, "192.0.2.1"},
		{"for=\", for=192.0.2.1;host=\"a,b\", for=10.0.0.1", NULL,
			"192.0.2.1"},
		{"for=192.0.2.1;host=\"a\\\",b\"", NULL, "192.0.2.1"},
	};

	(void)state;
	settings.forwarded = FORWARDED_RFC7239;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		judge("Forwarded", &cases[i]);
}

static void only_the_field_in_use_is_read(void **state)
{
	static const struct told_case hidden = {"192.0.2.1", NULL, "peer"};

	(void)state;
	settings.forwarded = FORWARDED_RFC7239;
	judge("X-Forwarded-For", &hidden);
	settings.forwarded = FORWARDED_X;
	judge("X_Forwarded_For", &hidden);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rightmost_untrusted_address_is_the_client),
		cmocka_unit_test(the_same_holds_for_rfc7239),
		cmocka_unit_test(only_the_field_in_use_is_read),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
