#include "config/http_url.h"

enum { HTTP_PORT = 80, NAME_BYTES_MAX = 253, PORT_DIGITS = 5 };

static const struct slice scheme = {"http://", 7};

static bool is_clean(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < 0x21 || text.ptr[i] > 0x7E ||
			text.ptr[i] == '#')
			return false;
	}
	return true;
}

static bool is_host_byte(char c)
{
	char low = slice_lower(c);

	return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_';
}

static bool is_address_byte(char c)
{
	char low = slice_lower(c);

	return (low >= 'a' && low <= 'f') || (c >= '0' && c <= '9') ||
	       c == ':' || c == '.';
}

static bool is_host(struct slice host, bool (*allowed)(char))
{
	for (size_t i = 0; i < host.len; i++) {
		if (!allowed(host.ptr[i]))
			return false;
	}
	return host.len > 0 && host.len <= NAME_BYTES_MAX;
}

/* Takes the host off the front of *rest. */
static bool take_host(struct slice *rest, struct http_url *url)
{
	size_t end;

	url->bracketed = rest->len && rest->ptr[0] == '[';
	if (!url->bracketed) {
		end = slice_find(*rest, ':');
		url->host = slice_head(*rest, end);
		*rest = slice_from(*rest, end);
		return is_host(url->host, is_host_byte) &&
		       url->host.ptr[0] != '.' && url->host.ptr[0] != '-';
	}
	end = slice_find(*rest, ']');
	if (end == rest->len)
		return false;
	url->host = slice_of(rest->ptr + 1, end - 1);
	*rest = slice_from(*rest, end + 1);
	return is_host(url->host, is_address_byte);
}

static bool take_port(struct slice rest, struct http_url *url)
{
	uint64_t port = HTTP_PORT;

	if (rest.len &&
		(rest.ptr[0] != ':' || rest.len > PORT_DIGITS + 1 ||
			!slice_to_u64(slice_from(rest, 1), UINT16_MAX, &port)))
		return false;
	url->port = (uint16_t)port;
	return port > 0;
}

/* Where path or query begin. */
static size_t authority_end(struct slice text)
{
	size_t slash = slice_find(text, '/');
	size_t query = slice_find(text, '?');

	return slash < query ? slash : query;
}

bool http_url_parse(struct slice text, struct http_url *url)
{
	struct slice rest;

	*url = (struct http_url){0};
	if (text.len > HTTP_URL_MAX || text.len < scheme.len ||
		!slice_eq_nocase(slice_head(text, scheme.len), scheme) ||
		!is_clean(text))
		return false;
	rest = slice_from(text, scheme.len);
	url->authority = slice_head(rest, authority_end(rest));
	url->path = slice_from(rest, url->authority.len);
	if (!url->path.len)
		url->path = SLICE("/");
	else if (url->path.ptr[0] != '/')
		return false; /* "http://host?query" */
	rest = url->authority;
	return take_host(&rest, url) && take_port(rest, url);
}
