#include "proxy/admission.h"

#include <assert.h>
#include <stdatomic.h>

#include "config/config.h"
#include "net/addr.h"

enum {
	CACHE_LINE = 64,
	WINDOW = 16, /* entries looked at for one address */
};

/* An address and its connections, in the table of one slot. A free entry has
 * count 0. Only the slot's worker writes; others read what they meet: a count
 * that is one too old admits or refuses one connection more or less. */
struct peer {
	_Atomic uint64_t hash;
	_Atomic uint64_t count;
};

struct slot {
	_Alignas(CACHE_LINE) _Atomic uint64_t connections;
	_Atomic uint64_t handshakes;
	_Atomic uint64_t others; /* whom the table had no room for: one peer */
};

/* All slots, then the tables of all: whoever sums over the slots reads few
 * pages, and a slot that was never used takes none for its table. */
struct admission {
	unsigned slots;
	size_t peers;
	struct slot slot[];
};

const char *admission_word(enum admission_verdict verdict)
{
	static const char *const words[] = {
		[ADMISSION_OK] = "memory",
		[ADMISSION_CONNECTIONS] = "limits.connections",
		[ADMISSION_PER_IP] = "limits.connections_per_ip",
		[ADMISSION_HANDSHAKES] = "limits.handshakes_pending",
	};

	assert(verdict <= ADMISSION_HANDSHAKES);
	return words[verdict];
}

static size_t table_size(size_t peers)
{
	size_t size = peers * sizeof(struct peer);

	return (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

size_t admission_size(unsigned slots, size_t peers)
{
	return sizeof(struct admission) +
	       slots * (sizeof(struct slot) + table_size(peers));
}

static struct slot *slot_at(const struct admission *a, unsigned index)
{
	assert(index < a->slots);
	return (struct slot *)(uintptr_t)&a->slot[index];
}

static struct peer *peers_of(const struct admission *a, const struct slot *slot)
{
	size_t index = (size_t)(slot - a->slot);
	char *tables = (char *)(uintptr_t)&a->slot[a->slots];

	return (struct peer *)(void *)(tables + index * table_size(a->peers));
}

static uint64_t get(const _Atomic uint64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static void set(_Atomic uint64_t *value, uint64_t to)
{
	atomic_store_explicit(value, to, memory_order_relaxed);
}

struct admission *admission_init(void *memory, unsigned slots, size_t peers)
{
	struct admission *a = memory;

	assert((uintptr_t)memory % CACHE_LINE == 0);
	a->slots = slots;
	a->peers = peers;
	return a;
}

void admission_clear_slot(struct admission *a, unsigned index)
{
	struct slot *slot = slot_at(a, index);
	struct peer *peers = peers_of(a, slot);

	set(&slot->connections, 0);
	set(&slot->handshakes, 0);
	set(&slot->others, 0);
	for (size_t i = 0; i < a->peers; i++) {
		set(&peers[i].count, 0);
		set(&peers[i].hash, 0);
	}
}

/* The entry that counts this address, else NULL and *vacant a free one (NULL:
 * the window is full). */
static struct peer *find(const struct admission *a, struct slot *slot,
	uint64_t hash, struct peer **vacant)
{
	struct peer *peers = peers_of(a, slot);

	*vacant = NULL;
	for (size_t i = 0; i < WINDOW && i < a->peers; i++) {
		struct peer *peer = &peers[(hash + i) % a->peers];
		bool used = get(&peer->count) > 0;

		if (used && get(&peer->hash) == hash)
			return peer;
		if (!used && !*vacant)
			*vacant = peer;
	}
	return NULL;
}

/* Connections of the address in all slots; where a table is full, whoever is
 * not in it may be among the others. */
static uint64_t count_of(const struct admission *a, uint64_t hash)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < a->slots; i++) {
		struct slot *slot = slot_at(a, i);
		struct peer *vacant;
		const struct peer *peer;

		if (!get(&slot->connections)) /* its table stays untouched */
			continue;
		peer = find(a, slot, hash, &vacant);
		if (peer)
			sum += get(&peer->count);
		else if (!vacant)
			sum += get(&slot->others);
	}
	return sum;
}

static bool has_address(const struct addr *peer)
{
	return peer->len && !addr_is_unix(peer);
}

static void peer_add(
	const struct admission *a, struct slot *slot, const struct addr *addr)
{
	uint64_t hash = addr_hash_ip(addr);
	struct peer *vacant;
	struct peer *peer = find(a, slot, hash, &vacant);

	if (!peer && vacant) {
		set(&vacant->hash, hash);
		peer = vacant;
	}
	if (peer)
		set(&peer->count, get(&peer->count) + 1);
	else
		set(&slot->others, get(&slot->others) + 1);
}

static void peer_remove(
	const struct admission *a, struct slot *slot, const struct addr *addr)
{
	struct peer *vacant;
	struct peer *peer = find(a, slot, addr_hash_ip(addr), &vacant);

	if (peer)
		set(&peer->count, get(&peer->count) - 1);
	else if (get(&slot->others))
		set(&slot->others, get(&slot->others) - 1);
}

static uint64_t handshakes(const struct admission *a)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < a->slots; i++)
		sum += get(&slot_at(a, i)->handshakes);
	return sum;
}

uint64_t admission_connections(const struct admission *a)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < a->slots; i++)
		sum += get(&slot_at(a, i)->connections);
	return sum;
}

static bool is_crowded(const struct admission *a,
	const struct config_limits *limits, const struct addr *peer)
{
	return limits->connections_per_ip && has_address(peer) &&
	       count_of(a, addr_hash_ip(peer)) >= limits->connections_per_ip;
}

enum admission_verdict admission_announce(struct admission *a, unsigned index,
	const struct config_limits *limits, const struct addr *peer)
{
	if (is_crowded(a, limits, peer))
		return ADMISSION_PER_IP;
	if (has_address(peer))
		peer_add(a, slot_at(a, index), peer);
	return ADMISSION_OK;
}

enum admission_verdict admission_enter(struct admission *a, unsigned index,
	const struct config_limits *limits, const struct addr *peer)
{
	struct slot *slot = slot_at(a, index);

	if (admission_connections(a) >= limits->connections)
		return ADMISSION_CONNECTIONS;
	if (handshakes(a) >= limits->handshakes_pending)
		return ADMISSION_HANDSHAKES;
	if (is_crowded(a, limits, peer))
		return ADMISSION_PER_IP;
	set(&slot->connections, get(&slot->connections) + 1);
	set(&slot->handshakes, get(&slot->handshakes) + 1);
	if (has_address(peer))
		peer_add(a, slot, peer);
	return ADMISSION_OK;
}

void admission_handshake_done(struct admission *a, unsigned index)
{
	struct slot *slot = slot_at(a, index);

	assert(get(&slot->handshakes) > 0);
	set(&slot->handshakes, get(&slot->handshakes) - 1);
}

void admission_leave(
	struct admission *a, unsigned index, const struct addr *peer)
{
	struct slot *slot = slot_at(a, index);

	assert(get(&slot->connections) > 0);
	set(&slot->connections, get(&slot->connections) - 1);
	if (has_address(peer))
		peer_remove(a, slot, peer);
}
