#include "tls/server_name.h"

#include <string.h>

#include "net/addr.h"

enum { LABEL_MAX = 63, HOST_NAME_TYPE = 0 };

struct slice server_name_slice(const struct server_name *name)
{
	return slice_of(name->text, name->len);
}

/* ---- one spelling ---- */

static void set(struct server_name *name, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		name->text[i] = slice_lower(text.ptr[i]);
	name->text[text.len] = '\0';
	name->len = text.len;
}

static bool is_label_byte(char c)
{
	char low = slice_lower(c);

	return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

/* Labels between dots, none of them empty. */
static bool is_host_name(struct slice text)
{
	size_t label = 0;

	if (!text.len || text.len > SERVER_NAME_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '.' && label)
			label = 0;
		else if (!is_label_byte(text.ptr[i]) || ++label > LABEL_MAX)
			return false;
	}
	return label > 0;
}

/* The dot at the end of a name, or of an IPv4 address, says nothing here. */
static struct slice without_dot(struct slice text)
{
	if (!slice_ends(text, SLICE(".")) || slice_find(text, ':') < text.len)
		return text;
	return slice_head(text, text.len - 1);
}

static bool read_address(struct slice text, struct server_name *name)
{
	bool bracketed = slice_starts(text, SLICE("["));
	char printed[ADDR_TEXT];
	struct addr addr;

	if (bracketed) {
		if (!slice_ends(text, SLICE("]")))
			return false;
		text = slice_head(slice_from(text, 1), text.len - 2);
		if (slice_find(text, ':') == text.len)
			return false;
	}
	if (!addr_parse_ip(text, 0, &addr))
		return false;
	addr_print_ip(&addr, printed);
	set(name, slice_str(printed));
	name->address = true;
	return true;
}

bool server_name_read(struct slice text, struct server_name *name)
{
	name->address = false;
	name->wildcard = false;
	text = without_dot(text);
	if (read_address(text, name))
		return true;
	if (!is_host_name(text))
		return false;
	set(name, text);
	return true;
}

bool server_name_pattern(struct slice text, struct server_name *name)
{
	struct slice rest;

	if (!slice_starts(text, SLICE("*.")))
		return server_name_read(text, name);
	text = without_dot(text);
	rest = slice_from(text, 2);
	if (text.len > SERVER_NAME_MAX || !is_host_name(rest) ||
		read_address(rest, name))
		return false;
	set(name, text);
	name->address = false;
	name->wildcard = true;
	return true;
}

bool server_name_covers(
	const struct server_name *pattern, const struct server_name *name)
{
	struct slice host = server_name_slice(name);

	if (slice_eq(server_name_slice(pattern), host))
		return true;
	if (!pattern->wildcard || name->wildcard || name->address)
		return false;
	return slice_eq(slice_from(server_name_slice(pattern), 1),
		slice_from(host, slice_find(host, '.')));
}

/* ---- RFC 6066 ---- */

/* A number of two octets from the front. */
static bool take_length(struct slice *rest, size_t *value)
{
	const unsigned char *at = (const unsigned char *)rest->ptr;

	if (rest->len < 2)
		return false;
	*value = (size_t)at[0] << 8 | at[1];
	*rest = slice_from(*rest, 2);
	return true;
}

bool server_name_hello(struct slice extension, struct slice *host)
{
	size_t len;

	if (!take_length(&extension, &len) || len != extension.len ||
		!extension.len || extension.ptr[0] != HOST_NAME_TYPE)
		return false;
	extension = slice_from(extension, 1);
	if (!take_length(&extension, &len) || !len || len != extension.len)
		return false;
	*host = extension;
	return true;
}
