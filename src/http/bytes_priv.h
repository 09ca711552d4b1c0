/*
 * bytes: classes of bytes, one table for the whole layer; and words of eight
 * bytes looked at at once.
 */
#ifndef MTLSGATE_HTTP_BYTES_PRIV_H
#define MTLSGATE_HTTP_BYTES_PRIV_H

#include "base/slice.h"

#include <string.h>

enum byte_class {
	BYTE_TOKEN = 1,   /* tchar, RFC 9110 section 5.6.2 */
	BYTE_VALUE = 2,   /* HTAB, 0x20-0x7E, 0x80-0xFF: section 5.5 */
	BYTE_PATH = 4,    /* pchar and '/', without '%': RFC 3986 3.3 */
	BYTE_QUERY = 8,   /* the same with '?', '[' and ']' */
	BYTE_HOST = 16,   /* letter, digit, '-', '.', '_' */
	BYTE_ALNUM = 32,  /* letter, digit */
	BYTE_HEX = 64,    /* either case */
	BYTE_QDTEXT = 128 /* inside a quoted-string: section 5.6.4 */
};

extern const uint8_t bytes_class[256];

static inline bool byte_is(char c, enum byte_class class)
{
	return bytes_class[(unsigned char)c] & class;
}

/* Offset of the first byte at or after `at` not of that class, or end. */
static inline size_t bytes_span(
        const char *bytes, size_t at, size_t end, enum byte_class class)
{
	while (at < end && byte_is(bytes[at], class))
		at++;
	return at;
}

static inline bool bytes_all(struct slice s, enum byte_class class)
{
	return bytes_span(s.ptr, 0, s.len, class) == s.len;
}

static inline uint64_t bytes_load(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/*
 * Not zero when one of the eight bytes is below 0x20 or DEL. Bytes from 0x80
 * on never count.
 */
static inline uint64_t bytes_control(uint64_t word)
{
	const uint64_t ones = UINT64_MAX / 255;
	uint64_t del = word ^ ones * 0x7F;

	return ((word - ones * 0x20) | (del - ones)) & ~word & ones * 0x80;
}

/* bytes_span for BYTE_VALUE, in steps of eight. */
static inline size_t bytes_value_span(const char *bytes, size_t at, size_t end)
{
	for (;;) {
		while (end - at >= 8 && !bytes_control(bytes_load(bytes + at)))
			at += 8;
		while (at < end && byte_is(bytes[at], BYTE_VALUE) &&
		        bytes[at] != '\t')
			at++;
		if (at == end || bytes[at] != '\t')
			return at;
		at++;
	}
}

#endif
