/* proxy_announce: byte for byte, and what our own reader makes of it. */
#include "net/proxy_announce.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/proxy_protocol.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

static struct addr at(const char *text)
{
	struct addr addr;

	assert_true(addr_parse(slice_str(text), &addr));
	return addr;
}

static void writes(const struct proxy_announce *a, struct slice want)
{
	char *out = malloc(proxy_announce_size(a));
	size_t len = proxy_announce_write(a, out);

	assert_true(len <= proxy_announce_size(a));
	assert_int_equal(len, want.len);
	assert_memory_equal(out, want.ptr, want.len);
	free(out);
}

static void an_ipv4_client_with_a_good_certificate(void **state)
{
	const struct proxy_announce a = {.client = at("192.0.2.1:4660"),
		.server = at("[::ffff:198.51.100.2]:443"),
		.alpn = SLICE("http/1.1"),
		.sni = SLICE("a.example"),
		.connection_id = SLICE("c1"),
		.tls_version = "TLSv1.3",
		.tls_cipher = "X",
		.presented = true,
		.verified = true,
		.cn = SLICE("ann"),
		.cert = SLICE("DER")};

	(void)state;
	writes(&a,
		SLICE(SIGNATURE "\x21\x11\0\x4a"
				"\xc0\0\x02\x01\xc6\x33\x64\x02\x12\x34\x01\xbb"
				"\x01\0\x08http/1.1"
				"\x02\0\x09"
				"a.example"
				"\x05\0\x02"
				"c1"
				"\x20\0\x1f\x07\0\0\0\0"
				"\x21\0\x07TLSv1.3"
				"\x23\0\x01X"
				"\x22\0\x03"
				"ann"
				"\x28\0\x03"
				"DER"));
}

static void an_ipv6_client_without_a_certificate(void **state)
{
	const struct proxy_announce a = {.client = at("[2001:db8::1]:1"),
		.server = at("[2001:db8::2]:2"),
		.tls_version = "V",
		.tls_cipher = "",
		.verified = true /* of nothing: it does not count */};

	(void)state;
	writes(&a, SLICE(SIGNATURE "\x21\x21\0\x30"
				   "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
				   "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
				   "\0\x01\0\x02"
				   "\x20\0\x09\x01\0\0\0\x01\x21\0\x01V"));
}

/* Presented earlier in the session, refused: bits and verify tell. */
static void a_resumed_session_and_a_bad_certificate(void **state)
{
	const struct proxy_announce a = {.tls_version = "V",
		.tls_cipher = "",
		.presented = true,
		.resumed = true};

	(void)state;
	writes(&a, SLICE(SIGNATURE "\x21\0\0\x0c"
				   "\x20\0\x09\x05\0\0\0\x01\x21\0\x01V"));
}

static void two_families_and_unix_sockets_have_no_addresses(void **state)
{
	struct proxy_announce a = {
		.client = at("192.0.2.1:1"), .server = at("[2001:db8::2]:2")};

	(void)state;
	writes(&a, SLICE(SIGNATURE "\x21\0\0\0"));
	a.client = at("unix:/s");
	writes(&a, SLICE(SIGNATURE "\x21\0\0\0"));
}

static void what_does_not_fit_is_not_cut(void **state)
{
	static char much[70000];
	struct proxy_announce a = {.tls_version = "V", .tls_cipher = ""};
	char *out = malloc(80000);

	(void)state;
	a.cert = slice_of(much, 65535);
	assert_true(proxy_announce_size(&a) < 80000);
	assert_int_equal(proxy_announce_write(&a, out), 0);
	a.cert = slice_of(much, 65536);
	assert_int_equal(proxy_announce_write(&a, out), 0);
	a.cert = slice_of(much, 65000);
	assert_int_equal(proxy_announce_write(&a, out), 16 + 65000 + 3 + 8 + 4);
	free(out);
}

static void our_own_reader_takes_it(void **state)
{
	const struct proxy_announce a = {.client = at("192.0.2.1:4660"),
		.server = at("198.51.100.2:443"),
		.connection_id = SLICE("c1"),
		.tls_version = "TLSv1.3",
		.tls_cipher = "X"};
	struct proxy_header header;
	char out[1024];
	size_t len = proxy_announce_write(&a, out);

	(void)state;
	assert_int_equal(proxy_protocol_read(slice_of(out, len), &header),
		PROXY_RULE_NONE);
	assert_int_equal(header.len, len);
	assert_true(addr_eq(&header.client, &a.client));
	assert_int_equal(proxy_protocol_read(proxy_announce_local(), &header),
		PROXY_RULE_NONE);
	assert_int_equal(header.len, 16);
	assert_int_equal(header.client.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ipv4_client_with_a_good_certificate),
		cmocka_unit_test(an_ipv6_client_without_a_certificate),
		cmocka_unit_test(a_resumed_session_and_a_bad_certificate),
		cmocka_unit_test(
			two_families_and_unix_sockets_have_no_addresses),
		cmocka_unit_test(what_does_not_fit_is_not_cut),
		cmocka_unit_test(our_own_reader_takes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
