/*
 * words: eight bytes looked at at once.
 *
 * A mask has 0x80 exactly in those bytes of a word that it speaks of.
 */
#ifndef MTLSGATE_HTTP_WORDS_PRIV_H
#define MTLSGATE_HTTP_WORDS_PRIV_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WORD_ONES (UINT64_MAX / 255) /* 0x0101... */
#define WORD_HIGH (WORD_ONES * 0x80)
#define WORD_LOW (WORD_ONES * 0x7F)

static inline uint64_t word_load(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* Which byte of the eight the first mark of a mask (not 0) stands for. */
static inline size_t word_first(uint64_t mask)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (size_t)__builtin_ctzll(mask) / 8;
#else
	return (size_t)__builtin_clzll(mask) / 8;
#endif
}

/* Bytes below 0x20, and DEL. */
static inline uint64_t word_control(uint64_t word)
{
	uint64_t low = word & WORD_LOW;
	uint64_t visible = low + WORD_ONES * 0x60; /* 0x20 and more */
	uint64_t del = low + WORD_ONES;

	return (~visible | del) & ~word & WORD_HIGH;
}

/* Not 0 when one of the bytes may be outside 0x20-0x7E; no exact mask, but
 * cheaper. */
static inline uint64_t word_not_plain(uint64_t word)
{
	return ((word - WORD_ONES * 0x20) | (word + WORD_ONES) | word) &
	       WORD_HIGH;
}

/* Bytes that are neither letter nor '-': most names have none of them. */
static inline uint64_t word_not_name(uint64_t word)
{
	uint64_t low = (word | WORD_ONES * 0x20) & WORD_LOW;
	uint64_t letter = (low + WORD_ONES * (0x80 - 'a')) &
			  ~(low + WORD_ONES * (0x7F - 'z'));
	uint64_t other = ((word ^ WORD_ONES * '-') & WORD_LOW) + WORD_LOW;

	return ((~letter & other) | word) & WORD_HIGH;
}

#endif
