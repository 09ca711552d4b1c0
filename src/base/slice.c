#include "base/slice.h"

#include <string.h>

struct slice slice_str(const char *text)
{
	return slice_of(text, text ? strlen(text) : 0);
}

bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (!a.len || !memcmp(a.ptr, b.ptr, a.len));
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (slice_lower(a.ptr[i]) != slice_lower(b.ptr[i]))
			return false;
	}
	return true;
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len &&
	       slice_eq(slice_head(s, prefix.len), prefix);
}

bool slice_ends(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len &&
	       slice_eq(slice_from(s, s.len - suffix.len), suffix);
}

struct slice slice_from(struct slice s, size_t from)
{
	if (from >= s.len)
		return slice_of(s.ptr ? s.ptr + s.len : NULL, 0);
	return slice_of(s.ptr + from, s.len - from);
}

struct slice slice_head(struct slice s, size_t len)
{
	return slice_of(s.ptr, len < s.len ? len : s.len);
}

size_t slice_find(struct slice s, char byte)
{
	const char *hit = s.len ? memchr(s.ptr, byte, s.len) : NULL;

	return hit ? (size_t)(hit - s.ptr) : s.len;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct slice slice_trim(struct slice s)
{
	while (s.len && is_blank(s.ptr[0]))
		s = slice_from(s, 1);
	while (s.len && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool slice_next(struct slice *rest, char separator, struct slice *element)
{
	size_t at;

	if (!rest->ptr)
		return false;
	at = slice_find(*rest, separator);
	*element = slice_trim(slice_head(*rest, at));
	if (at == rest->len)
		*rest = slice_of(NULL, 0);
	else
		*rest = slice_of(rest->ptr + at + 1, rest->len - at - 1);
	return true;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = slice_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static bool to_u64(struct slice s, unsigned base, uint64_t max, uint64_t *value)
{
	uint64_t sum = 0;

	if (!s.len)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)digit_of(s.ptr[i]);

		if (digit >= base || digit > max || sum > (max - digit) / base)
			return false;
		sum = sum * base + digit;
	}
	*value = sum;
	return true;
}

bool slice_to_u64(struct slice s, uint64_t max, uint64_t *value)
{
	return to_u64(s, 10, max, value);
}

bool slice_hex_to_u64(struct slice s, uint64_t max, uint64_t *value)
{
	return to_u64(s, 16, max, value);
}

uint64_t slice_hash(struct slice s, uint64_t seed)
{
	for (size_t i = 0; i < s.len; i++) {
		seed ^= (unsigned char)s.ptr[i];
		seed *= UINT64_C(1099511628211);
	}
	return seed;
}
