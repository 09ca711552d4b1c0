#include "http/target.h"

#include "bytes_priv.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum { PORT_DIGITS = 5, PORT_MAX = 65535 };

/* Where the host ends: behind the bracket, or at the first colon. */
static size_t host_len(struct slice authority)
{
	size_t close;

	if (!authority.len || authority.ptr[0] != '[')
		return slice_find(authority, ':');
	close = slice_find(authority, ']');
	return close < authority.len ? close + 1 : authority.len;
}

static bool ipv6_valid(struct slice address)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr parsed;

	if (address.len >= sizeof(text))
		return false;
	if (memchr(address.ptr, '\0', address.len))
		return false;
	memcpy(text, address.ptr, address.len);
	text[address.len] = '\0';
	return inet_pton(AF_INET6, text, &parsed) == 1;
}

/*
 * Where labels with dots between them end (one more dot may stand at the end);
 * 0 when there is none, or an empty one.
 */
static size_t name_span(struct slice s)
{
	size_t at = 0;

	for (;;) {
		size_t end = bytes_span(s.ptr, at, s.len, BYTE_HOST);

		if (end == at)
			return at && (at == s.len || s.ptr[at] == ':') ? at : 0;
		if (end == s.len || s.ptr[end] != '.')
			return end;
		at = end + 1;
	}
}

static size_t ipv6_span(struct slice s)
{
	size_t close = slice_find(s, ']');

	if (close == s.len || close < 2 ||
		!ipv6_valid(slice_of(s.ptr + 1, close - 1)))
		return 0;
	return close + 1;
}

/* Length of the host at the front, 0 when there is none. */
static size_t host_span(struct slice authority)
{
	if (authority.len && authority.ptr[0] == '[')
		return ipv6_span(authority);
	return name_span(authority);
}

/* port: digits, 0 when that is not a port. */
static unsigned port_of(struct slice port)
{
	uint64_t number;

	if (port.len > PORT_DIGITS || !port.len || port.ptr[0] == '0' ||
		!slice_to_u64(port, PORT_MAX, &number))
		return 0;
	return (unsigned)number;
}

bool target_authority_valid(struct slice authority)
{
	size_t len = host_span(authority);

	if (!len || len == authority.len)
		return len;
	return authority.ptr[len] == ':' &&
	       port_of(slice_from(authority, len + 1));
}

struct slice target_host(struct slice authority)
{
	return slice_head(authority, host_len(authority));
}

static unsigned port_or_default(struct slice authority, struct slice scheme)
{
	size_t len = host_len(authority);

	if (len < authority.len)
		return port_of(slice_from(authority, len + 1));
	return slice_eq_nocase(scheme, SLICE("http")) ? 80 : 443;
}

bool target_authority_agrees(
	struct slice a, struct slice b, struct slice scheme)
{
	return slice_eq_nocase(target_host(a), target_host(b)) &&
	       port_or_default(a, scheme) == port_or_default(b, scheme);
}

/* Offset of the first byte behind `at` that may not stand in path or query. */
static size_t path_span(struct slice path, size_t at, enum byte_class class)
{
	for (;;) {
		at = bytes_span(path.ptr, at, path.len, class);
		if (at == path.len)
			return at;
		if (path.ptr[at] == '%' && path.len - at > 2 &&
			byte_is(path.ptr[at + 1], BYTE_HEX) &&
			byte_is(path.ptr[at + 2], BYTE_HEX))
			at += 3;
		else if (path.ptr[at] == '?') /* no stop in a query */
			class = BYTE_QUERY;
		else
			return at;
	}
}

size_t target_path_span(struct slice path)
{
	if (!path.len || path.ptr[0] != '/')
		return 0;
	return path_span(path, 1, BYTE_PATH);
}

bool target_path_valid(struct slice path)
{
	return path.len && target_path_span(path) == path.len;
}

void target_split(struct slice target, struct target_parts *parts)
{
	static const struct slice marks[] = {{"http://", 7}, {"https://", 8}};
	size_t at = 0;
	size_t end;

	*parts = (struct target_parts){.path = target};
	if (target.len && target.ptr[0] == '/')
		return;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks) && !at; i++) {
		if (slice_eq_nocase(slice_head(target, marks[i].len), marks[i]))
			at = marks[i].len;
	}
	if (!at)
		return;
	end = at;
	while (end < target.len && target.ptr[end] != '/' &&
		target.ptr[end] != '?')
		end++;
	parts->scheme = at == 7 ? SLICE("http") : SLICE("https");
	parts->authority = slice_of(target.ptr + at, end - at);
	parts->path = slice_from(target, end);
}

size_t target_span(struct slice target, bool asterisk)
{
	struct target_parts parts;
	size_t at;

	if (target.len && target.ptr[0] == '/')
		return target_path_span(target);
	if (slice_eq(target, SLICE("*")))
		return asterisk ? target.len : 0;
	target_split(target, &parts);
	if (!parts.scheme.len)
		return 0;
	at = target.len - parts.path.len;
	if (!target_authority_valid(parts.authority))
		return at - parts.authority.len;
	return path_span(target, at, BYTE_PATH);
}
