#include "base/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
	struct chunk *next;
	size_t size; /* of the whole chunk, this head included */
};

struct arena {
	struct arena_cache *cache;
	struct chunk *chunks; /* newest first; the arena lies in the last */
	size_t used;          /* bytes of the newest chunk */
	size_t total;
};

struct arena_cache {
	struct chunk *spare;
	size_t count;
	size_t limit;
};

static size_t round_up(size_t size)
{
	const size_t unit = alignof(max_align_t);

	return (size + unit - 1) / unit * unit;
}

struct arena_cache *arena_cache_new(size_t spare)
{
	struct arena_cache *cache = calloc(1, sizeof(*cache));

	if (cache)
		cache->limit = spare;
	return cache;
}

void arena_cache_free(struct arena_cache *cache)
{
	if (!cache)
		return;
	while (cache->spare) {
		struct chunk *next = cache->spare->next;

		free(cache->spare);
		cache->spare = next;
	}
	free(cache);
}

static struct chunk *chunk_take(struct arena_cache *cache, size_t size)
{
	struct chunk *chunk;

	if (cache && cache->spare && size <= ARENA_CHUNK) {
		chunk = cache->spare;
		cache->spare = chunk->next;
		cache->count--;
		return chunk;
	}
	if (size < ARENA_CHUNK)
		size = ARENA_CHUNK;
	chunk = malloc(size);
	if (chunk)
		chunk->size = size;
	return chunk;
}

static void chunk_give(struct arena_cache *cache, struct chunk *chunk)
{
	if (!cache || chunk->size != ARENA_CHUNK ||
		cache->count >= cache->limit) {
		free(chunk);
		return;
	}
	chunk->next = cache->spare;
	cache->spare = chunk;
	cache->count++;
}

struct arena *arena_new(struct arena_cache *cache)
{
	const size_t head = round_up(sizeof(struct chunk));
	struct chunk *chunk = chunk_take(cache, ARENA_CHUNK);
	struct arena *arena;

	if (!chunk)
		return NULL;
	chunk->next = NULL;
	arena = (struct arena *)(void *)((char *)chunk + head);
	arena->cache = cache;
	arena->chunks = chunk;
	arena->used = head + round_up(sizeof(*arena));
	arena->total = chunk->size;
	return arena;
}

void arena_free(struct arena *arena)
{
	struct arena_cache *cache;
	struct chunk *chunk;

	if (!arena)
		return;
	cache = arena->cache;
	chunk = arena->chunks;
	while (chunk) {
		struct chunk *next = chunk->next;

		chunk_give(cache, chunk);
		chunk = next;
	}
}

/* A chunk for `size` bytes becomes the newest one. */
static bool arena_grow(struct arena *arena, size_t size)
{
	const size_t head = round_up(sizeof(struct chunk));
	struct chunk *chunk;

	if (size > SIZE_MAX - head)
		return false;
	chunk = chunk_take(arena->cache, size + head);
	if (!chunk)
		return false;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->used = head;
	arena->total += chunk->size;
	return true;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *bytes;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = round_up(size ? size : 1);
	if (arena->chunks->size - arena->used < size &&
		!arena_grow(arena, size))
		return NULL;
	bytes = (char *)arena->chunks + arena->used;
	arena->used += size;
	return bytes;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
	void *bytes = arena_alloc(arena, size);

	if (bytes)
		memset(bytes, 0, size);
	return bytes;
}

bool arena_dup(struct arena *arena, struct slice s, struct slice *copy)
{
	char *bytes = s.len < SIZE_MAX ? arena_alloc(arena, s.len + 1) : NULL;

	if (!bytes)
		return false;
	if (s.len)
		memcpy(bytes, s.ptr, s.len);
	bytes[s.len] = '\0';
	*copy = slice_of(bytes, s.len);
	return true;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = arena_alloc(arena, size);

	if (copy)
		memcpy(copy, text, size);
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	char *text = NULL;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	if (len >= 0)
		text = arena_alloc(arena, (size_t)len + 1);
	if (text)
		(void)vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}

size_t arena_size(const struct arena *arena)
{
	return arena->total;
}
