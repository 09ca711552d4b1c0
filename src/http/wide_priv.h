/*
 * wide: 16 bytes looked at at once, with SSE2 where the machine has it (each
 * x86-64 does) and as two words of eight elsewhere or with WIDE_PORTABLE.
 * A mask has bit i for byte i; 0: no byte is of the kind asked for.
 */
#ifndef MTLSGATE_HTTP_WIDE_PRIV_H
#define MTLSGATE_HTTP_WIDE_PRIV_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { WIDE = 16 };

static inline uint64_t wide_word(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

#if defined(__SSE2__) && !defined(WIDE_PORTABLE)

#include <emmintrin.h>

struct wide {
	__m128i all;
};

/* Bytes in the order of two words as wide_word gives them. */
static inline struct wide wide_of(uint64_t first, uint64_t second)
{
	return (struct wide){
		_mm_set_epi64x((long long)second, (long long)first)};
}

static inline struct wide wide_load(const char *bytes)
{
	return (struct wide){
		_mm_loadu_si128((const __m128i *)(const void *)bytes)};
}

static inline void wide_store(char *to, struct wide w)
{
	_mm_storeu_si128((__m128i *)(void *)to, w.all);
}

/* Which bytes, taken without sign, are at most `most`? */
static inline __m128i wide_at_most(__m128i bytes, char most)
{
	return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(most)), bytes);
}

/* Bytes below 0x20, and DEL. */
static inline unsigned wide_control(struct wide w)
{
	__m128i del = _mm_cmpeq_epi8(w.all, _mm_set1_epi8(0x7F));
	__m128i low = wide_at_most(w.all, 0x1F);

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, del));
}

/* Bytes that are neither letter nor '-': most names have none of them. */
static inline unsigned wide_not_name(struct wide w)
{
	__m128i lower = _mm_or_si128(w.all, _mm_set1_epi8(0x20));
	__m128i nth = _mm_sub_epi8(lower, _mm_set1_epi8('a'));
	__m128i good = _mm_or_si128(wide_at_most(nth, 'z' - 'a'),
		_mm_cmpeq_epi8(w.all, _mm_set1_epi8('-')));

	return (unsigned)_mm_movemask_epi8(good) ^ 0xFFFF;
}

#else

#define WIDE_ONES (UINT64_MAX / 255) /* 0x0101... */
#define WIDE_HIGH (WIDE_ONES * 0x80)
#define WIDE_LOW (WIDE_ONES * 0x7F)

struct wide {
	uint64_t first;
	uint64_t second;
};

static inline struct wide wide_of(uint64_t first, uint64_t second)
{
	return (struct wide){first, second};
}

static inline struct wide wide_load(const char *bytes)
{
	return wide_of(wide_word(bytes), wide_word(bytes + 8));
}

static inline void wide_store(char *to, struct wide w)
{
	memcpy(to, &w.first, 8);
	memcpy(to + 8, &w.second, 8);
}

/* The high bits of the eight bytes, byte i's as bit i. */
static inline unsigned wide_gather(uint64_t high)
{
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
	high = __builtin_bswap64(high);
#endif
	return (unsigned)((high >> 7) * 0x0102040810204080 >> 56);
}

static inline uint64_t wide_word_control(uint64_t word)
{
	uint64_t low = word & WIDE_LOW;
	uint64_t visible = low + WIDE_ONES * 0x60; /* 0x20 and more */
	uint64_t del = low + WIDE_ONES;

	return (~visible | del) & ~word & WIDE_HIGH;
}

static inline uint64_t wide_word_not_name(uint64_t word)
{
	uint64_t low = (word | WIDE_ONES * 0x20) & WIDE_LOW;
	uint64_t letter = (low + WIDE_ONES * (0x80 - 'a')) &
			  ~(low + WIDE_ONES * (0x7F - 'z'));
	uint64_t other = ((word ^ WIDE_ONES * '-') & WIDE_LOW) + WIDE_LOW;

	return ((~letter & other) | word) & WIDE_HIGH;
}

static inline unsigned wide_control(struct wide w)
{
	return wide_gather(wide_word_control(w.first)) |
	       wide_gather(wide_word_control(w.second)) << 8;
}

static inline unsigned wide_not_name(struct wide w)
{
	return wide_gather(wide_word_not_name(w.first)) |
	       wide_gather(wide_word_not_name(w.second)) << 8;
}

#endif

/* The first byte that the mask (not 0) has. */
static inline size_t wide_first(unsigned mask)
{
	return (size_t)__builtin_ctz(mask);
}

#endif
