#include "policy/path.h"

#include <string.h>

#include "base/arena.h"

/* ---- octets ---- */

static bool is_alnum(char c)
{
	char low = slice_lower(c);

	return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9');
}

/* RFC 3986 section 2.3 */
static bool is_unreserved(char c)
{
	return is_alnum(c) || (c && strchr("-._~", c));
}

/* pchar without ';': what may stand bare in a segment (3.3). */
static bool is_bare(char c)
{
	return is_unreserved(c) || (c && strchr("!$&'()*+,=:@", c));
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Encoded, these are one thing to us and another to some origin. */
static bool is_dangerous(char c)
{
	return is_control(c) || (c && strchr("/\\;", c));
}

static int hex_digit(char c)
{
	char low = slice_lower(c);

	if (c >= '0' && c <= '9')
		return c - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* The octet of the "%XX" at the front of text; false: it is none. */
static bool encoded(struct slice text, char *octet)
{
	int high, low;

	if (text.len < 3 || text.ptr[0] != '%')
		return false;
	high = hex_digit(text.ptr[1]);
	low = hex_digit(text.ptr[2]);
	if (high < 0 || low < 0)
		return false;
	*octet = (char)(high << 4 | low);
	return true;
}

static size_t put_encoded(char *out, char octet)
{
	static const char digits[] = "0123456789ABCDEF";

	out[0] = '%';
	out[1] = digits[(unsigned char)octet >> 4];
	out[2] = digits[octet & 15];
	return 3;
}

/* ---- percent-encoding ---- */

/* Writes at most as much as it reads. 0: refused, else what was read. */
static size_t decode_one(
	struct slice rest, bool (*decoded)(char), char *out, size_t *len)
{
	char c = rest.ptr[0];

	if (c != '%') {
		if (is_control(c) || c == '\\' || c == '#' || c == '?' ||
			(unsigned char)c >= 0x80)
			return 0;
		out[(*len)++] = c;
		return 1;
	}
	if (!encoded(rest, &c) || is_dangerous(c))
		return 0;
	if (decoded(c))
		out[(*len)++] = c;
	else
		*len += put_encoded(out + *len, c);
	return 3;
}

/* Octets of a decoded path that a second reader might decode once more. */
static bool is_doubled(struct slice rest)
{
	char c;

	if (!encoded(rest, &c) || c != '%')
		return false;
	/* "%25" and what would be behind its '%' */
	if (rest.len < 5 || hex_digit(rest.ptr[3]) < 0 ||
		hex_digit(rest.ptr[4]) < 0)
		return false;
	c = (char)(hex_digit(rest.ptr[3]) << 4 | hex_digit(rest.ptr[4]));
	return is_dangerous(c) || c == '.' || c == '%';
}

/* Two, three or four octets for what is ASCII (RFC 3629 section 10). */
static bool is_overlong(struct slice rest)
{
	char first, second;
	unsigned char a, b;

	if (!encoded(rest, &first))
		return false;
	a = (unsigned char)first;
	if (a == 0xC0 || a == 0xC1)
		return true;
	if ((a != 0xE0 && a != 0xF0) || !encoded(slice_from(rest, 3), &second))
		return false;
	b = (unsigned char)second;
	return b >= 0x80 && b < (a == 0xE0 ? 0xA0 : 0x90);
}

/* false: refused. out: room for text.len bytes. */
static bool decode(
	struct slice text, bool (*decoded)(char), char *out, size_t *len)
{
	size_t at = 0;

	*len = 0;
	while (at < text.len) {
		size_t read =
			decode_one(slice_from(text, at), decoded, out, len);

		if (!read)
			return false;
		at += read;
	}
	for (at = 0; at < *len; at++) {
		struct slice rest = slice_of(out + at, *len - at);

		if (out[at] == '%' && (is_doubled(rest) || is_overlong(rest)))
			return false;
	}
	return true;
}

/* ---- segments ---- */

bool path_next(struct slice *rest, struct slice *segment)
{
	size_t end;

	if (!rest->len)
		return false;
	*rest = slice_from(*rest, 1); /* its slash */
	end = slice_find(*rest, '/');
	*segment = slice_head(*rest, end);
	*rest = slice_from(*rest, end);
	return true;
}

static bool is_dots(struct slice segment)
{
	return slice_eq(segment, SLICE(".")) || slice_eq(segment, SLICE(".."));
}

/* "/..;x/": nothing or dots before a parameter. */
static bool is_disguised(struct slice segment)
{
	size_t end = slice_find(segment, ';');
	struct slice name = slice_head(segment, end);

	return end < segment.len && (!name.len || is_dots(name));
}

/*
 * Doubled slashes and dot segments go, in place: what is written never passes
 * what is read. false: refused.
 */
static bool reduce(char *text, size_t *len)
{
	struct slice rest = slice_of(text, *len), segment;
	size_t out = 0;
	bool open = true; /* the last one was no name: the end is a slash */

	while (path_next(&rest, &segment)) {
		open = !segment.len || is_dots(segment);
		if (is_disguised(segment))
			return false;
		if (slice_eq(segment, SLICE(".."))) {
			if (!out)
				return false;
			while (text[--out] != '/')
				;
		} else if (!open) {
			text[out++] = '/';
			memmove(text + out, segment.ptr, segment.len);
			out += segment.len;
		}
	}
	if (open)
		text[out++] = '/';
	*len = out;
	return true;
}

/* Letters, digits and slashes that nobody reads in two ways. */
static bool is_plain(struct slice path)
{
	char before = '/';

	for (size_t i = 1; i < path.len; i++) {
		char c = path.ptr[i];

		if (c == '/' ? before == '/'
			     : !is_bare(c) || (c == '.' && before == '/'))
			return false;
		before = c;
	}
	return true;
}

static struct slice without_slash(struct slice path)
{
	return slice_ends(path, SLICE("/")) ? slice_head(path, path.len - 1)
					    : path;
}

/* Cuts ";..." off each segment. false: memory. */
static bool strip(struct slice judged, struct arena *arena, struct slice *bare)
{
	struct slice rest = judged, segment;
	char *out = arena_alloc(arena, judged.len + 1);
	size_t len = 0;

	if (!out)
		return false;
	while (path_next(&rest, &segment)) {
		segment = slice_head(segment, slice_find(segment, ';'));
		out[len++] = '/';
		memcpy(out + len, segment.ptr, segment.len);
		len += segment.len;
	}
	*bare = slice_of(out, len);
	return true;
}

/* ---- the whole ---- */

enum path_verdict path_read(
	struct slice target, struct arena *arena, struct path *path)
{
	size_t query = slice_find(target, '?');
	struct slice raw = slice_head(target, query);
	size_t len, judged_len;
	char *text, *judged;

	if (!raw.len || raw.ptr[0] != '/')
		return PATH_AMBIGUOUS;
	*path = (struct path){.target = target, .judged = without_slash(raw)};
	path->bare = path->judged;
	if (is_plain(raw))
		return PATH_GOOD;
	text = arena_alloc(arena, target.len);
	judged = arena_alloc(arena, target.len);
	if (!text || !judged)
		return PATH_NO_MEMORY;
	if (!decode(raw, is_unreserved, text, &len) || !reduce(text, &len) ||
		!decode(slice_of(text, len), is_bare, judged, &judged_len))
		return PATH_AMBIGUOUS;
	path->judged = path->bare = without_slash(slice_of(judged, judged_len));
	if (slice_find(path->judged, ';') < path->judged.len &&
		!strip(path->judged, arena, &path->bare))
		return PATH_NO_MEMORY;
	if (query < target.len)
		memcpy(text + len, target.ptr + query, target.len - query);
	path->target = slice_of(text, len + (target.len - query));
	return PATH_GOOD;
}

/* Room for three times the text. */
static size_t encode(struct slice text, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (is_bare(c) || (c && strchr("/;%?#\\", c)))
			out[len++] = c;
		else
			len += put_encoded(out + len, c);
	}
	return len;
}

const char *path_read_rule(
	struct slice text, struct arena *arena, struct slice *judged)
{
	char *wide = arena_alloc(arena, 3 * text.len + 1);
	char *out = arena_alloc(arena, 3 * text.len + 1);
	size_t len, before;

	if (!wide || !out)
		return "out of memory";
	if (!text.len || text.ptr[0] != '/')
		return "is no path; it must begin with /";
	if (slice_find(text, '?') < text.len ||
		slice_find(text, '#') < text.len)
		return "holds a query or a fragment; only the path is matched";
	if (slice_find(text, ';') < text.len)
		return "holds a ;, parameters of segments are not matched";
	len = encode(text, wide);
	if (!decode(slice_of(wide, len), is_bare, out, &len))
		return "holds an encoding that is refused in requests, so it "
		       "can never match";
	before = len;
	if (!reduce(out, &len) || len != before)
		return "holds //, . or .. as a segment, which are resolved "
		       "before matching, so it can never match";
	*judged = without_slash(slice_of(out, len));
	return NULL;
}
