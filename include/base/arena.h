/*
 * arena: memory that is given back all at once.
 *
 * One arena lives per exchange (fed by the worker's chunk cache, so that a
 * request costs no malloc) and one per configuration (no cache). Objects in it
 * have no free of their own.
 */
#ifndef MTLSGATE_BASE_ARENA_H
#define MTLSGATE_BASE_ARENA_H

#include "base/slice.h"

struct arena;
struct arena_cache; /* spare chunks of one worker; not shared by threads */

enum { ARENA_CHUNK = 8192 }; /* bytes of a cached chunk */

/* Keeps at most `spare` chunks. NULL when memory is out. */
struct arena_cache *arena_cache_new(size_t spare);
/* Every arena of it must be gone. NULL is ignored. */
void arena_cache_free(struct arena_cache *cache);

/* The arena lies in its own first chunk. cache (lent) may be NULL. */
struct arena *arena_new(struct arena_cache *cache)
	__attribute__((warn_unused_result));
void arena_free(struct arena *arena); /* NULL is ignored */

/* Aligned for any type, not cleared. NULL when memory is out. */
void *arena_alloc(struct arena *arena, size_t size)
	__attribute__((warn_unused_result));
/* The same, cleared to zero. */
void *arena_zalloc(struct arena *arena, size_t size)
	__attribute__((warn_unused_result));

/* Copies s into *copy with a NUL behind it. false when memory is out. */
bool arena_dup(struct arena *arena, struct slice s, struct slice *copy)
	__attribute__((warn_unused_result));
/* NUL-terminated copy; NULL when memory is out. */
char *arena_strdup(struct arena *arena, const char *text)
	__attribute__((warn_unused_result));
/* Formatted, NUL-terminated; NULL when memory is out. */
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/* Bytes taken from the system or the cache so far. */
size_t arena_size(const struct arena *arena);

#endif
