#include "proxy/rate_table.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/siphash.h"

/* Free while `full_ns` is not in the future. */
struct rate_entry {
	_Atomic uint64_t key;
	_Atomic uint64_t full_ns; /* when its bucket is full again */
};

/* Two cache lines, which the processor fetches together. */
struct set {
	_Alignas(RATE_ALIGN) struct rate_entry entries[RATE_WAYS];
	struct rate_entry others; /* of all who have none of these */
};

struct rate_table {
	struct siphash_key secret;
	size_t sets;
	struct set set[];
};

_Static_assert(sizeof(struct set) == RATE_ALIGN, "a set is two lines");

size_t rate_table_size(size_t sets)
{
	return sizeof(struct rate_table) + sets * sizeof(struct set);
}

struct rate_table *rate_table_init(void *memory, size_t sets)
{
	struct rate_table *table = memory;

	assert((uintptr_t)memory % RATE_ALIGN == 0);
	assert(sets && !(sets & (sets - 1)));
	table->sets = sets;
	return siphash_key_new(&table->secret) ? table : NULL;
}

uint64_t rate_table_hash(
	const struct rate_table *table, const void *bytes, size_t len)
{
	return siphash(&table->secret, bytes, len);
}

static uint64_t get(const _Atomic uint64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

/* The entry of this key, else a free one, else that of the others. */
static struct rate_entry *find(struct set *set, uint64_t key, uint64_t now_ns)
{
	struct rate_entry *vacant = NULL;

	for (size_t i = 0; i < RATE_WAYS; i++) {
		struct rate_entry *entry = &set->entries[i];

		if (get(&entry->key) == key)
			return entry;
		if (!vacant && get(&entry->full_ns) <= now_ns)
			vacant = entry;
	}
	return vacant ? vacant : &set->others;
}

/*
 * Whoever moves full_ns has taken the entry; the key follows. In between it
 * still bears the old key, which was free, and whoever asks for that one is
 * counted here: at most a request too many on either.
 */
struct rate_taken rate_table_take(struct rate_table *table, uint64_t key,
	const struct rate_speed *speed, uint64_t now_ns)
{
	struct set *set = &table->set[key & (table->sets - 1)];

	for (;;) {
		struct rate_entry *entry = find(set, key, now_ns);
		bool others = entry == &set->others;
		bool mine = others || get(&entry->key) == key;
		uint64_t seen = get(&entry->full_ns);
		uint64_t from = seen > now_ns ? seen : now_ns;
		uint64_t after = from - now_ns + speed->interval_ns;

		if (!mine && seen > now_ns)
			continue; /* somebody was faster */
		if (after > speed->depth_ns)
			return (struct rate_taken){
				.wait_ns = after - speed->depth_ns,
				.shared = others};
		if (!atomic_compare_exchange_weak(
			    &entry->full_ns, &seen, from + speed->interval_ns))
			continue;
		if (!mine)
			atomic_store_explicit(
				&entry->key, key, memory_order_relaxed);
		return (struct rate_taken){.entry = entry, .shared = others};
	}
}

void rate_table_give_back(
	const struct rate_taken *taken, const struct rate_speed *speed)
{
	atomic_fetch_sub(&taken->entry->full_ns, speed->interval_ns);
}
