#include "net/addr_scope.h"

#include <string.h>

struct v4_range {
	uint32_t first;
	unsigned bits;
	enum addr_scope scope;
};

static const struct v4_range v4_ranges[] = {
	{0x00000000, 8, ADDR_SCOPE_NOBODY}, /* "this network" */
	{0x7F000000, 8, ADDR_SCOPE_LOOPBACK}, {0xA9FE0000, 16, ADDR_SCOPE_LINK},
	{0xE0000000, 4, ADDR_SCOPE_NOBODY}, /* multicast */
	{0xF0000000, 4, ADDR_SCOPE_NOBODY}, /* reserved, broadcast */
};

static enum addr_scope scope_v4(uint32_t ip)
{
	for (size_t i = 0; i < sizeof(v4_ranges) / sizeof(*v4_ranges); i++) {
		const struct v4_range *range = &v4_ranges[i];

		if ((ip ^ range->first) >> (32 - range->bits) == 0)
			return range->scope;
	}
	return ADDR_SCOPE_OUT;
}

static uint32_t v4_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool starts(const uint8_t *ip, const void *prefix, size_t len)
{
	return memcmp(ip, prefix, len) == 0;
}

static enum addr_scope scope_v6(const uint8_t ip[16])
{
	static const uint8_t zero[12] = {0};
	static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
	static const uint8_t nat64[12] = {0x00, 0x64, 0xFF, 0x9B};
	static const uint8_t six_to_four[2] = {0x20, 0x02};

	if (starts(ip, zero, sizeof(zero)))
		/* ::, ::1 and IPv4-compatible ones, which are gone */
		return v4_at(ip + 12) == 1 ? ADDR_SCOPE_LOOPBACK
					   : ADDR_SCOPE_NOBODY;
	if (starts(ip, mapped, sizeof(mapped)) ||
		starts(ip, nat64, sizeof(nat64)))
		return scope_v4(v4_at(ip + 12));
	if (starts(ip, six_to_four, sizeof(six_to_four)))
		return scope_v4(v4_at(ip + 2));
	if (ip[0] == 0xFE && (ip[1] & 0xC0) == 0x80)
		return ADDR_SCOPE_LINK;
	return ip[0] == 0xFF ? ADDR_SCOPE_NOBODY : ADDR_SCOPE_OUT;
}

enum addr_scope addr_scope(const struct addr *addr)
{
	if (!addr->len)
		return ADDR_SCOPE_NOBODY;
	if (addr->sa.any.sa_family == AF_INET)
		return scope_v4(ntohl(addr->sa.v4.sin_addr.s_addr));
	if (addr->sa.any.sa_family == AF_INET6)
		return scope_v6(addr->sa.v6.sin6_addr.s6_addr);
	return ADDR_SCOPE_NOBODY;
}
