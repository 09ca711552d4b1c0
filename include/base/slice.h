/*
 * slice: bytes that somebody else owns (pointer and length).
 *
 * A slice is a value; it is never NUL-terminated by promise and may hold NUL.
 * An empty slice may have ptr NULL. All comparisons are by explicit length.
 */
#ifndef MTLSGATE_BASE_SLICE_H
#define MTLSGATE_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
	const char *ptr;
	size_t len;
};

/* A slice of a string literal, usable in initialisers. */
#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})
/* For printf's "%.*s". */
#define SLICE_FMT(s) (int)(s).len, (s).ptr ? (s).ptr : ""

static inline struct slice slice_of(const void *ptr, size_t len)
{
	return (struct slice){(const char *)ptr, len};
}

/* A NUL-terminated string; NULL is the empty slice. */
struct slice slice_str(const char *text);

bool slice_eq(struct slice a, struct slice b);
/* ASCII case folded, RFC 9110 section 5.1. */
bool slice_eq_nocase(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);

/* The part from `from` on (empty when past the end). */
struct slice slice_from(struct slice s, size_t from);
/* At most `len` bytes from the front. */
struct slice slice_head(struct slice s, size_t len);
/* Offset of the first `byte`, or s.len. */
size_t slice_find(struct slice s, char byte);
/* Without SP and HTAB at both ends (OWS, RFC 9110 section 5.6.3). */
struct slice slice_trim(struct slice s);

/*
 * Takes the next element of a list cut at `separator` from *rest, trimmed.
 * Returns false when *rest is used up. Empty elements are returned.
 */
bool slice_next(struct slice *rest, char separator, struct slice *element);

/*
 * Decimal digits only, at least one, value at most `max`; no sign, no blank.
 * Returns false (and leaves *value) otherwise.
 */
bool slice_to_u64(struct slice s, uint64_t max, uint64_t *value)
	__attribute__((warn_unused_result));
/* The same for hexadecimal digits of either case. */
bool slice_hex_to_u64(struct slice s, uint64_t max, uint64_t *value)
	__attribute__((warn_unused_result));

/* FNV-1a from a seed, or from SLICE_HASH; not for keys that a peer chooses. */
#define SLICE_HASH UINT64_C(14695981039346656037)
uint64_t slice_hash(struct slice s, uint64_t seed);

/* ASCII only, whatever the locale. */
static inline char slice_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

#endif
