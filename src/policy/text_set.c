#include "policy/text_set.h"

#include <assert.h>

#include "base/arena.h"

/* FNV-1a: the texts stored are the operator's own, so nobody can make them
 * collide from outside. */
static uint64_t hash(struct slice text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < text.len; i++) {
		h ^= (unsigned char)text.ptr[i];
		h *= UINT64_C(0x100000001b3);
	}
	return h ^ h >> 32;
}

bool text_set_init(struct text_set *set, struct arena *arena, size_t count)
{
	size_t slots = 4;

	while (slots < 2 * count + 1)
		slots *= 2;
	*set = (struct text_set){.mask = slots - 1};
	set->slots = arena_zalloc(arena, slots * sizeof(*set->slots));
	set->numbers = arena_zalloc(arena, slots * sizeof(*set->numbers));
	return set->slots && set->numbers;
}

/* Where text lies, or the free slot where it would. */
static size_t place_of(const struct text_set *set, struct slice text)
{
	size_t i = (size_t)hash(text) & set->mask;

	while (set->slots[i].ptr && !slice_eq(set->slots[i], text))
		i = (i + 1) & set->mask;
	return i;
}

uint32_t text_set_add(struct text_set *set, struct slice text, uint32_t number)
{
	size_t i = place_of(set, text);

	if (set->slots[i].ptr)
		return set->numbers[i];
	assert(2 * (set->count + 1) <= set->mask + 1);
	set->slots[i] = text.ptr ? text : SLICE("");
	set->numbers[i] = number;
	set->count++;
	return number;
}

bool text_set_find(
	const struct text_set *set, struct slice text, uint32_t *number)
{
	size_t i;

	if (!set->count)
		return false;
	i = place_of(set, text);
	if (!set->slots[i].ptr)
		return false;
	*number = set->numbers[i];
	return true;
}

bool text_set_has(const struct text_set *set, struct slice text)
{
	uint32_t unused;

	return text_set_find(set, text, &unused);
}
