#include "net/addr_net.h"

#include <string.h>

/* The bytes of an address, IPv4-mapped ones as IPv4; none: not of a net. */
static struct slice octets_of(const struct addr *addr)
{
	const struct in6_addr *v6 = &addr->sa.v6.sin6_addr;

	if (!addr->len)
		return slice_of(NULL, 0);
	if (addr->sa.any.sa_family == AF_INET)
		return slice_of(&addr->sa.v4.sin_addr, 4);
	if (addr->sa.any.sa_family != AF_INET6)
		return slice_of(NULL, 0);
	if (IN6_IS_ADDR_V4MAPPED(v6))
		return slice_of(v6->s6_addr + 12, 4);
	return slice_of(v6->s6_addr, 16);
}

/* The first `bits` of both are the same. */
static bool same_bits(const char *a, const char *b, unsigned bits)
{
	unsigned rest = bits % 8;

	if (bits / 8 && memcmp(a, b, bits / 8) != 0)
		return false;
	return !rest || !((a[bits / 8] ^ b[bits / 8]) & (0xff00 >> rest));
}

static bool parse_prefix(struct slice text, size_t most, unsigned *prefix)
{
	uint64_t number;

	if (text.len > 3 || (text.len > 1 && text.ptr[0] == '0') ||
		!slice_to_u64(text, most, &number))
		return false;
	*prefix = (unsigned)number;
	return true;
}

static bool is_mapped(const struct addr *addr)
{
	return addr->sa.any.sa_family == AF_INET6 &&
	       IN6_IS_ADDR_V4MAPPED(&addr->sa.v6.sin6_addr);
}

enum addr_net_fault addr_net_parse(struct slice text, struct addr_net *net)
{
	size_t slash = slice_find(text, '/');
	struct addr_net made = {0};
	struct slice octets;

	if (slice_eq(text, SLICE("unix"))) {
		made.first.len = sizeof(sa_family_t);
		made.first.sa.any.sa_family = AF_UNIX;
		*net = made;
		return ADDR_NET_OK;
	}
	if (!addr_parse_ip(slice_head(text, slash), 0, &made.first) ||
		is_mapped(&made.first))
		return ADDR_NET_SYNTAX;
	octets = octets_of(&made.first);
	made.prefix = (unsigned)octets.len * 8;
	if (slash < text.len && !parse_prefix(slice_from(text, slash + 1),
					made.prefix, &made.prefix))
		return ADDR_NET_PREFIX;
	for (size_t i = made.prefix; i < octets.len * 8; i++) {
		if (octets.ptr[i / 8] & (0x80 >> i % 8))
			return ADDR_NET_HOST;
	}
	*net = made;
	return ADDR_NET_OK;
}

bool addr_net_has(const struct addr_net *net, const struct addr *addr)
{
	struct slice a = octets_of(&net->first);
	struct slice b = octets_of(addr);

	if (addr_is_unix(&net->first))
		return addr_is_unix(addr);
	return a.len && a.len == b.len && same_bits(a.ptr, b.ptr, net->prefix);
}
