#include "policy/forwarded.h"

#include <string.h>

#include "base/arena.h"
#include "http/header.h"
#include "net/addr.h"
#include "net/addr_net.h"

bool forwarded_trusts(
	const struct config_headers *settings, const struct addr *addr)
{
	for (size_t i = 0; i < settings->trusted_proxies.count; i++) {
		if (addr_net_has(&settings->trusted_nets[i], addr))
			return true;
	}
	return false;
}

struct slice forwarded_field(const struct config_headers *settings)
{
	switch (settings->forwarded) {
	case FORWARDED_X:
		return SLICE("X-Forwarded-For");
	case FORWARDED_RFC7239:
		return SLICE("Forwarded");
	case FORWARDED_NONE:
		break;
	}
	return slice_of(NULL, 0);
}

/* ---- one entry ---- */

/* "1.2.3.4", "1.2.3.4:80", "[::1]", "[::1]:80", "::1" */
static bool read_node(struct slice text, struct addr *addr)
{
	if (addr_parse_ip(text, 0, addr))
		return true;
	if (slice_starts(text, SLICE("[")) && slice_ends(text, SLICE("]")))
		return addr_parse_ip(
			slice_of(text.ptr + 1, text.len - 2), 0, addr);
	return addr_parse(text, addr) && !addr_is_unix(addr);
}

/* The next pair, up to a semicolon outside of quotes, trimmed. */
static bool cut_pair(struct slice *rest, struct slice *pair)
{
	bool quoted = false;
	size_t at = 0;

	if (!rest->len)
		return false;
	while (at < rest->len && (quoted || rest->ptr[at] != ';')) {
		if (rest->ptr[at] == '"')
			quoted = !quoted;
		else if (rest->ptr[at] == '\\' && quoted)
			at++; /* whatever comes is no end of the text */
		at++;
	}
	*pair = slice_trim(slice_head(*rest, at));
	*rest = slice_from(*rest, at + 1);
	return true;
}

/* for= of an element of Forwarded, without its quotes; RFC 7239 section 4. */
static struct slice for_of(struct slice element)
{
	struct slice found = {NULL, 0};
	struct slice pair;

	while (cut_pair(&element, &pair)) {
		size_t equals = slice_find(pair, '=');
		struct slice value = slice_from(pair, equals + 1);

		if (!slice_eq_nocase(slice_head(pair, equals), SLICE("for")))
			continue;
		if (found.len)
			return slice_of(NULL, 0); /* twice: not believed */
		if (value.len > 1 && value.ptr[0] == '"' &&
			value.ptr[value.len - 1] == '"')
			value = slice_of(value.ptr + 1, value.len - 2);
		found = value;
	}
	return found;
}

/* ---- the list ---- */

/* Is the quote at `at` text, by a backslash before it? */
static bool is_escaped(struct slice text, size_t at)
{
	size_t first = at;

	while (first > 0 && text.ptr[first - 1] == '\\')
		first--;
	return (at - first) % 2;
}

/*
 * The last element, trimmed. From the right, since there stands what those who
 * are trusted wrote: a quote that a client left open reaches none of it.
 */
static bool cut_last(struct slice *rest, bool quotes, struct slice *element)
{
	size_t at = rest->len;
	bool quoted = false;

	if (!rest->len)
		return false;
	while (at > 0 && (quoted || rest->ptr[at - 1] != ',')) {
		at--;
		if (quotes && rest->ptr[at] == '"' && !is_escaped(*rest, at))
			quoted = !quoted;
	}
	*element = slice_trim(slice_from(*rest, at));
	*rest = slice_head(*rest, at ? at - 1 : 0);
	return true;
}

struct walk {
	const struct config_headers *settings;
	struct addr client; /* len 0: nobody yet */
};

/* false: whatever stands to its left is not believed. */
static bool take(struct walk *walk, struct slice element)
{
	bool is_pairs = walk->settings->forwarded == FORWARDED_RFC7239;
	struct addr addr;

	if (!read_node(is_pairs ? for_of(element) : element, &addr))
		return false;
	walk->client = addr;
	return forwarded_trusts(walk->settings, &addr);
}

static bool take_field(struct walk *walk, struct slice rest)
{
	bool quotes = walk->settings->forwarded == FORWARDED_RFC7239;
	struct slice element;

	while (cut_last(&rest, quotes, &element)) {
		/* an empty one is none: RFC 9110 section 5.6.1 */
		if (element.len && !take(walk, element))
			return false;
	}
	return true;
}

bool forwarded_client(const struct config_headers *settings,
	const struct header_block *fields, struct arena *arena,
	struct slice *client)
{
	struct slice name = forwarded_field(settings);
	struct walk walk = {.settings = settings};
	char text[ADDR_TEXT];

	for (size_t i = name.len ? fields->count : 0; i > 0; i--) {
		const struct header_field *field = &fields->fields[i - 1];

		if (slice_eq_nocase(field->name, name) &&
			!take_field(&walk, field->value))
			break;
	}
	if (!walk.client.len)
		return true;
	addr_print_ip(&walk.client, text);
	return arena_dup(arena, slice_str(text), client);
}

static size_t put(char *out, size_t len, struct slice value)
{
	if (!value.len)
		return len;
	if (len) {
		out[len++] = ',';
		out[len++] = ' ';
	}
	memcpy(out + len, value.ptr, value.len);
	return len + value.len;
}

bool forwarded_join(const struct header_block *fields, struct slice name,
	struct slice own, struct arena *arena, struct slice *out)
{
	size_t size = own.len, len = 0;
	char *text;

	for (size_t i = 0; i < fields->count; i++) {
		if (slice_eq_nocase(fields->fields[i].name, name))
			size += fields->fields[i].value.len + 2;
	}
	text = arena_alloc(arena, size + 1);
	if (!text)
		return false;
	for (size_t i = 0; i < fields->count; i++) {
		if (slice_eq_nocase(fields->fields[i].name, name))
			len = put(text, len, fields->fields[i].value);
	}
	*out = slice_of(text, put(text, len, own));
	return true;
}
