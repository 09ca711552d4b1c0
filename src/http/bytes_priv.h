/*
 * bytes: classes of bytes, one table for the whole layer, and spans of them.
 */
#ifndef MTLSGATE_HTTP_BYTES_PRIV_H
#define MTLSGATE_HTTP_BYTES_PRIV_H

#include "base/slice.h"
#include "wide_priv.h"

enum byte_class {
	BYTE_TOKEN = 1,   /* tchar, RFC 9110 section 5.6.2 */
	BYTE_VALUE = 2,   /* HTAB, 0x20-0x7E, 0x80-0xFF: section 5.5 */
	BYTE_PATH = 4,    /* pchar and '/', without '%': RFC 3986 3.3 */
	BYTE_QUERY = 8,   /* the same with '?', '[' and ']' */
	BYTE_HOST = 16,   /* letter, digit, '-', '_' */
	BYTE_ALNUM = 32,  /* letter, digit */
	BYTE_HEX = 64,    /* either case */
	BYTE_QDTEXT = 128 /* inside a quoted-string: section 5.6.4 */
};

extern const uint8_t bytes_class[256];

static inline bool byte_is(char c, enum byte_class class)
{
	return bytes_class[(unsigned char)c] & class;
}

/* ---- spans: offset of the first byte not of the class, or end ---- */

static inline size_t bytes_span(
	const char *bytes, size_t at, size_t end, enum byte_class class)
{
	const unsigned char *b = (const unsigned char *)bytes;

	while (end - at >= 4 && (bytes_class[b[at]] & bytes_class[b[at + 1]] &
					bytes_class[b[at + 2]] &
					bytes_class[b[at + 3]] & class))
		at += 4;
	while (at < end && (bytes_class[b[at]] & class))
		at++;
	return at;
}

static inline bool bytes_all(struct slice s, enum byte_class class)
{
	return bytes_span(s.ptr, 0, s.len, class) == s.len;
}

/* BYTE_VALUE */
static inline size_t bytes_value_span(const char *bytes, size_t at, size_t end)
{
	while (end - at >= WIDE) {
		unsigned stops = wide_control(wide_load(bytes + at));

		if (!stops) {
			at += WIDE;
			continue;
		}
		at += wide_first(stops);
		if (bytes[at] != '\t')
			return at;
		at++;
	}
	return bytes_span(bytes, at, end, BYTE_VALUE);
}

/* BYTE_TOKEN */
static inline size_t bytes_token_span(const char *bytes, size_t at, size_t end)
{
	while (end - at >= WIDE) {
		unsigned stops = wide_not_name(wide_load(bytes + at));

		if (!stops) {
			at += WIDE;
			continue;
		}
		at += wide_first(stops);
		if (!byte_is(bytes[at], BYTE_TOKEN))
			return at;
		at++;
	}
	return bytes_span(bytes, at, end, BYTE_TOKEN);
}

/*
 * Is s, without case, the text `lower` of s.len letters, digits and '-'? s is
 * a token, so that setting 0x20 can not make two different bytes equal.
 */
static inline bool bytes_is_word(struct slice s, const char *lower)
{
	const uint64_t fold = UINT64_MAX / 255 * 0x20;
	size_t at = 0;

	if (s.len < 8) {
		while (at < s.len && (s.ptr[at] | 0x20) == lower[at])
			at++;
		return at == s.len;
	}
	for (; s.len - at >= 8; at += 8) {
		if ((wide_word(s.ptr + at) | fold) != wide_word(lower + at))
			return false;
	}
	at = s.len - 8; /* the rest, with bytes already seen */
	return (wide_word(s.ptr + at) | fold) == wide_word(lower + at);
}

#endif
