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

/* ---- eight bytes at once; every mask has 0x80 exactly where it is true ---- */

#define BYTES_ONES (UINT64_MAX / 255) /* 0x0101... */
#define BYTES_HIGH (BYTES_ONES * 0x80)
#define BYTES_LOW (BYTES_ONES * 0x7F)

static inline uint64_t bytes_load(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* Which byte of the eight the first mark of a mask (not 0) stands for. */
static inline size_t bytes_first(uint64_t mask)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (size_t)__builtin_ctzll(mask) / 8;
#else
	return (size_t)__builtin_clzll(mask) / 8;
#endif
}

/* Bytes below 0x20, and DEL. */
static inline uint64_t bytes_control(uint64_t word)
{
	uint64_t low = word & BYTES_LOW;
	uint64_t visible = low + BYTES_ONES * 0x60; /* 0x20 and more */
	uint64_t del = low + BYTES_ONES;

	return (~visible | del) & ~word & BYTES_HIGH;
}

/* Not 0 when one of the bytes may be outside 0x20-0x7E; no exact mask, but
 * cheaper. */
static inline uint64_t bytes_not_plain(uint64_t word)
{
	return ((word - BYTES_ONES * 0x20) | (word + BYTES_ONES) | word) &
	       BYTES_HIGH;
}

/* Bytes that are neither letter nor '-': most names have none of them. */
static inline uint64_t bytes_not_name(uint64_t word)
{
	uint64_t low = (word | BYTES_ONES * 0x20) & BYTES_LOW;
	uint64_t letter = (low + BYTES_ONES * (0x80 - 'a')) &
			  ~(low + BYTES_ONES * (0x7F - 'z'));
	uint64_t other = ((word ^ BYTES_ONES * '-') & BYTES_LOW) + BYTES_LOW;

	return ((~letter & other) | word) & BYTES_HIGH;
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
	while (end - at >= 8) {
		uint64_t word = bytes_load(bytes + at);
		uint64_t stops;

		if (!bytes_not_plain(word)) {
			at += 8;
			continue;
		}
		stops = bytes_control(word);
		if (!stops) {
			at += 8;
			continue;
		}
		at += bytes_first(stops);
		if (bytes[at] != '\t')
			return at;
		at++;
	}
	return bytes_span(bytes, at, end, BYTE_VALUE);
}

/* BYTE_TOKEN */
static inline size_t bytes_token_span(const char *bytes, size_t at, size_t end)
{
	while (end - at >= 8) {
		uint64_t stops = bytes_not_name(bytes_load(bytes + at));

		if (!stops) {
			at += 8;
			continue;
		}
		at += bytes_first(stops);
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
	const uint64_t fold = BYTES_ONES * 0x20;
	size_t at = 0;

	if (s.len < 8) {
		while (at < s.len && (s.ptr[at] | 0x20) == lower[at])
			at++;
		return at == s.len;
	}
	for (; s.len - at >= 8; at += 8) {
		if ((bytes_load(s.ptr + at) | fold) != bytes_load(lower + at))
			return false;
	}
	at = s.len - 8; /* the rest, with bytes already seen */
	return (bytes_load(s.ptr + at) | fold) == bytes_load(lower + at);
}

#endif
