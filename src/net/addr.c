#include "net/addr.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { PORT_DIGITS = 5 };

static const struct slice unix_prefix = {"unix:", 5};

static bool parse_unix(struct slice path, struct addr *addr)
{
	if (!path.len || path.len >= sizeof(addr->sa.local.sun_path))
		return false;
	if (memchr(path.ptr, '\0', path.len))
		return false;
	memset(addr, 0, sizeof(*addr));
	addr->sa.local.sun_family = AF_UNIX;
	memcpy(addr->sa.local.sun_path, path.ptr, path.len);
	addr->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				path.len + 1);
	return true;
}

bool addr_parse_ip(struct slice text, uint16_t port, struct addr *addr)
{
	char copy[INET6_ADDRSTRLEN];
	struct addr a = {0};

	if (!text.len || text.len >= sizeof(copy) ||
		memchr(text.ptr, '\0', text.len))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, &a.sa.v4.sin_addr) == 1) {
		a.sa.v4.sin_family = AF_INET;
		a.len = sizeof(a.sa.v4);
	} else if (inet_pton(AF_INET6, copy, &a.sa.v6.sin6_addr) == 1) {
		a.sa.v6.sin6_family = AF_INET6;
		a.len = sizeof(a.sa.v6);
	} else {
		return false;
	}
	addr_set_port(&a, port);
	*addr = a;
	return true;
}

/* Cuts "host:port" and "[host]:port"; an IPv6 address needs its brackets. */
static bool cut_host(struct slice text, struct slice *host, struct slice *port)
{
	size_t at;

	if (text.len && text.ptr[0] == '[') {
		at = slice_find(text, ']');
		if (at + 1 >= text.len || text.ptr[at + 1] != ':')
			return false;
		*host = slice_of(text.ptr + 1, at - 1);
		*port = slice_from(text, at + 2);
		return slice_find(*host, ':') < host->len;
	}
	at = slice_find(text, ':');
	*host = slice_head(text, at);
	*port = slice_from(text, at + 1);
	return at < text.len;
}

bool addr_parse(struct slice text, struct addr *addr)
{
	struct slice host, port;
	uint64_t number;

	if (slice_starts(text, unix_prefix))
		return parse_unix(slice_from(text, unix_prefix.len), addr);
	if (!cut_host(text, &host, &port))
		return false;
	if (port.len > PORT_DIGITS || !slice_to_u64(port, UINT16_MAX, &number))
		return false;
	return addr_parse_ip(host, (uint16_t)number, addr);
}

/* The IPv4 address that `addr` is or maps (::ffff:1.2.3.4). */
static bool as_v4(const struct addr *addr, struct in_addr *v4)
{
	const struct in6_addr *v6 = &addr->sa.v6.sin6_addr;

	if (!addr->len)
		return false;
	if (addr->sa.any.sa_family == AF_INET) {
		*v4 = addr->sa.v4.sin_addr;
		return true;
	}
	if (addr->sa.any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(v6))
		return false;
	memcpy(v4, v6->s6_addr + 12, sizeof(*v4));
	return true;
}

static bool is_v6(const struct addr *addr)
{
	return addr->len && addr->sa.any.sa_family == AF_INET6;
}

bool addr_is_unix(const struct addr *addr)
{
	return addr->len && addr->sa.any.sa_family == AF_UNIX;
}

/* The bytes of the path; none for a socket without a name. */
static struct slice path_of(const struct addr *addr)
{
	const char *path = addr->sa.local.sun_path;
	size_t head = offsetof(struct sockaddr_un, sun_path);
	size_t room = addr->len > head ? addr->len - head : 0;

	if (room > sizeof(addr->sa.local.sun_path))
		room = sizeof(addr->sa.local.sun_path);
	return slice_of(path, room ? strnlen(path, room) : 0);
}

void addr_print_ip(const struct addr *addr, char out[ADDR_TEXT])
{
	struct in_addr v4;
	const char *text = NULL;

	if (as_v4(addr, &v4))
		text = inet_ntop(AF_INET, &v4, out, ADDR_TEXT);
	else if (is_v6(addr))
		text = inet_ntop(
			AF_INET6, &addr->sa.v6.sin6_addr, out, ADDR_TEXT);
	if (!text)
		snprintf(out, ADDR_TEXT, "%s",
			addr_is_unix(addr) ? "unix" : "-");
}

void addr_print(const struct addr *addr, char out[ADDR_TEXT])
{
	char ip[ADDR_TEXT];
	struct in_addr v4;

	addr_print_ip(addr, ip);
	if (addr_is_unix(addr))
		snprintf(out, ADDR_TEXT, "unix:%.*s", SLICE_FMT(path_of(addr)));
	else if (as_v4(addr, &v4))
		snprintf(out, ADDR_TEXT, "%.*s:%u", INET6_ADDRSTRLEN, ip,
			addr_port(addr));
	else if (is_v6(addr))
		snprintf(out, ADDR_TEXT, "[%.*s]:%u", INET6_ADDRSTRLEN, ip,
			addr_port(addr));
	else
		snprintf(out, ADDR_TEXT, "-");
}

uint16_t addr_port(const struct addr *addr)
{
	if (!addr->len)
		return 0;
	if (addr->sa.any.sa_family == AF_INET)
		return ntohs(addr->sa.v4.sin_port);
	if (addr->sa.any.sa_family == AF_INET6)
		return ntohs(addr->sa.v6.sin6_port);
	return 0;
}

void addr_set_port(struct addr *addr, uint16_t port)
{
	if (!addr->len)
		return;
	if (addr->sa.any.sa_family == AF_INET)
		addr->sa.v4.sin_port = htons(port);
	else if (addr->sa.any.sa_family == AF_INET6)
		addr->sa.v6.sin6_port = htons(port);
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	struct in_addr v4a, v4b;
	bool mapped = as_v4(a, &v4a);

	if (!a->len || !b->len)
		return a->len == b->len;
	if (mapped != as_v4(b, &v4b) || addr_port(a) != addr_port(b))
		return false;
	if (mapped)
		return v4a.s_addr == v4b.s_addr;
	if (a->sa.any.sa_family != b->sa.any.sa_family)
		return false;
	if (addr_is_unix(a))
		return slice_eq(path_of(a), path_of(b));
	return a->sa.v6.sin6_scope_id == b->sa.v6.sin6_scope_id &&
	       IN6_ARE_ADDR_EQUAL(&a->sa.v6.sin6_addr, &b->sa.v6.sin6_addr);
}

bool addr_is_loopback(const struct addr *addr)
{
	struct in_addr v4;

	if (as_v4(addr, &v4))
		return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
	if (is_v6(addr))
		return IN6_IS_ADDR_LOOPBACK(&addr->sa.v6.sin6_addr);
	return addr_is_unix(addr);
}

/* What an address counts as: IPv4 whole, IPv6 its /64, all unix sockets one. */
struct net_id {
	uint64_t bits;
	unsigned family;
};

static struct net_id net_id(const struct addr *addr)
{
	struct net_id id = {0, AF_UNSPEC};
	struct in_addr v4;

	if (as_v4(addr, &v4)) {
		id = (struct net_id){v4.s_addr, AF_INET};
	} else if (is_v6(addr)) {
		id.family = AF_INET6;
		memcpy(&id.bits, &addr->sa.v6.sin6_addr, sizeof(id.bits));
	} else if (addr_is_unix(addr)) {
		id.family = AF_UNIX;
	}
	return id;
}

/* Every input bit reaches every output bit (the finisher of splitmix64). */
uint64_t addr_hash_ip(const struct addr *addr)
{
	struct net_id id = net_id(addr);
	uint64_t h = id.bits + 0x9e3779b97f4a7c15U * (id.family + 1U);

	h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9U;
	h = (h ^ (h >> 27)) * 0x94d049bb133111ebU;
	return h ^ (h >> 31);
}

bool addr_same_ip(const struct addr *a, const struct addr *b)
{
	struct net_id x = net_id(a);
	struct net_id y = net_id(b);

	return x.family == y.family && x.bits == y.bits;
}
