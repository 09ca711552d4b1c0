#include "daemon/ocsp_cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { NONE = 0 }; /* entry 0 is nobody's: links are 0 where there is none */

struct entry {
	uint8_t key[OCSP_KEY];
	struct ocsp_answer answer;
	int64_t until;
	uint32_t chain; /* the next in its bucket */
	uint32_t newer; /* in the order of use; a circle through entry 0 */
	uint32_t older;
};

struct ocsp_cache {
	uint32_t most;
	uint32_t count;
	uint32_t buckets; /* a power of two */
	uint32_t *bucket;
	struct entry *entries; /* most + 1; 0: older is the newest */
};

struct ocsp_cache *ocsp_cache_new(size_t most)
{
	struct ocsp_cache *cache = calloc(1, sizeof(*cache));

	assert(most > 0 && most < UINT32_MAX / 4);
	if (!cache)
		return NULL;
	cache->most = (uint32_t)most;
	cache->buckets = 1;
	while (cache->buckets < most)
		cache->buckets *= 2;
	cache->bucket = calloc(cache->buckets, sizeof(*cache->bucket));
	cache->entries = calloc(most + 1, sizeof(*cache->entries));
	if (cache->bucket && cache->entries)
		return cache;
	ocsp_cache_free(cache);
	return NULL;
}

void ocsp_cache_free(struct ocsp_cache *cache)
{
	if (!cache)
		return;
	free(cache->bucket);
	free(cache->entries);
	free(cache);
}

size_t ocsp_cache_count(const struct ocsp_cache *cache)
{
	return cache->count;
}

/* A key is a digest: any part of it will do. */
static uint32_t *bucket_of(struct ocsp_cache *cache, const uint8_t *key)
{
	uint32_t hash;

	memcpy(&hash, key, sizeof(hash));
	return &cache->bucket[hash & (cache->buckets - 1)];
}

/* Where the link to that entry stands; it leads to NONE when it is not there.
 */
static uint32_t *link_of(struct ocsp_cache *cache, const uint8_t *key)
{
	uint32_t *link = bucket_of(cache, key);

	while (*link != NONE &&
		memcmp(cache->entries[*link].key, key, OCSP_KEY) != 0)
		link = &cache->entries[*link].chain;
	return link;
}

static void unlink_use(struct ocsp_cache *cache, uint32_t index)
{
	const struct entry *e = &cache->entries[index];

	cache->entries[e->newer].older = e->older;
	cache->entries[e->older].newer = e->newer;
}

static void link_newest(struct ocsp_cache *cache, uint32_t index)
{
	struct entry *head = &cache->entries[NONE];
	struct entry *e = &cache->entries[index];

	e->newer = NONE;
	e->older = head->older;
	cache->entries[head->older].newer = index;
	head->older = index;
}

bool ocsp_cache_find(struct ocsp_cache *cache, const uint8_t key[OCSP_KEY],
	int64_t now, struct ocsp_answer *answer)
{
	uint32_t index = *link_of(cache, key);

	if (index == NONE || cache->entries[index].until < now)
		return false; /* the next answer takes its place */
	unlink_use(cache, index);
	link_newest(cache, index);
	*answer = cache->entries[index].answer;
	return true;
}

/* An entry for the taking; not in a bucket, not in the order of use. */
static uint32_t take(struct ocsp_cache *cache)
{
	uint32_t index = cache->entries[NONE].newer; /* the oldest */
	uint32_t *link;

	if (cache->count < cache->most)
		return ++cache->count;
	link = link_of(cache, cache->entries[index].key);
	assert(*link == index);
	*link = cache->entries[index].chain;
	unlink_use(cache, index);
	return index;
}

void ocsp_cache_put(struct ocsp_cache *cache, const uint8_t key[OCSP_KEY],
	const struct ocsp_answer *answer, int64_t until)
{
	uint32_t index = *link_of(cache, key);
	uint32_t *bucket = bucket_of(cache, key);
	struct entry *e;

	if (index != NONE) {
		unlink_use(cache, index);
		e = &cache->entries[index];
	} else {
		index = take(cache);
		e = &cache->entries[index];
		memcpy(e->key, key, OCSP_KEY);
		e->chain = *bucket;
		*bucket = index;
	}
	link_newest(cache, index);
	e->answer = *answer;
	e->until = until;
}
