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

/* The next part up to a separator outside of quotes, trimmed. */
static bool cut(struct slice *rest, char separator, struct slice *part)
{
	bool quoted = false;
	size_t at = 0;

	if (!rest->len)
		return false;
	while (at < rest->len && (quoted || rest->ptr[at] != separator)) {
		if (rest->ptr[at] == '"')
			quoted = !quoted;
		else if (rest->ptr[at] == '\\' && quoted)
			at++; /* whatever comes is no end of the text */
		at++;
	}
	*part = slice_trim(slice_head(*rest, at));
	*rest = slice_from(*rest, at + 1);
	return true;
}

/* for= of an element of Forwarded, without its quotes; RFC 7239 section 4. */
static struct slice for_of(struct slice element)
{
	struct slice found = {NULL, 0};
	struct slice pair;

	while (cut(&element, ';', &pair)) {
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

struct walk {
	const struct config_headers *settings;
	struct addr client; /* len 0: nobody yet */
};

static void take(struct walk *walk, struct slice element)
{
	bool is_list = walk->settings->forwarded == FORWARDED_RFC7239;
	struct addr addr;

	if (!read_node(is_list ? for_of(element) : element, &addr)) {
		walk->client.len = 0;
		return;
	}
	if (!walk->client.len || !forwarded_trusts(walk->settings, &addr))
		walk->client = addr;
}

bool forwarded_client(const struct config_headers *settings,
	const struct header_block *fields, struct arena *arena,
	struct slice *client)
{
	struct slice name = forwarded_field(settings);
	struct walk walk = {.settings = settings};
	char text[ADDR_TEXT];

	for (size_t i = 0; name.len && i < fields->count; i++) {
		struct slice rest = fields->fields[i].value;
		struct slice element;

		if (!slice_eq_nocase(fields->fields[i].name, name))
			continue;
		while (cut(&rest, ',', &element))
			take(&walk, element);
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
