#include "tls/ticket_ring.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/err.h"

enum { RING_MAGIC = 0x746b7267, READ_TRIES = 1000 };

enum slot { SLOT_CURRENT, SLOT_PREVIOUS, SLOT_NEXT, SLOT_COUNT };

enum { KEY_WORDS = TICKET_KEY_LONG / sizeof(uint64_t) };

_Static_assert(TICKET_KEY_LONG % sizeof(uint64_t) == 0 &&
		       (int)SLOT_COUNT <= (int)TICKET_KEYS_MAX,
	"a key is whole words, and all fit into struct ticket_keys");

/* What all processes see. Words, since readers may meet a writer. */
struct page {
	_Atomic uint64_t moves; /* odd while keys change */
	_Atomic uint64_t keys[SLOT_COUNT][KEY_WORDS];
};

struct ticket_ring {
	unsigned magic;
	bool locked;
	struct page *own;          /* the master's; NULL in a child */
	const struct page *shared; /* every child's */
};

/* ---- the mapping ---- */

/* What the seal does not know (an old kernel) is no reason not to start: the
 * mapping of the children stays read-only all the same. */
static void seal(int fd)
{
	enum { FUTURE_WRITE = 0x10 };

	(void)!fcntl(
		fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | FUTURE_WRITE);
	(void)!fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL);
}

static bool map(struct ticket_ring *ring, int fd)
{
	void *own, *shared;

	if (ftruncate(fd, sizeof(struct page)) != 0)
		return false;
	own = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE,
		MAP_SHARED, fd, 0);
	if (own == MAP_FAILED)
		return false;
	ring->own = own;
	seal(fd);
	shared = mmap(NULL, sizeof(struct page), PROT_READ, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		return false;
	ring->shared = shared;
	if (madvise(own, sizeof(struct page), MADV_DONTFORK) != 0 ||
		madvise(own, sizeof(struct page), MADV_DONTDUMP) != 0 ||
		madvise(shared, sizeof(struct page), MADV_DONTDUMP) != 0)
		return false;
	ring->locked = mlock(own, sizeof(struct page)) == 0;
	return true;
}

static void unmap(struct ticket_ring *ring)
{
	union {
		const struct page *read_only;
		void *address;
	} shared = {.read_only = ring->shared};

	if (ring->own)
		munmap(ring->own, sizeof(struct page));
	if (ring->shared)
		munmap(shared.address, sizeof(struct page));
}

/* ---- writing ---- */

static bool make_key(uint64_t key[KEY_WORDS])
{
	ssize_t n;

	do
		n = getrandom(key, TICKET_KEY_LONG, 0);
	while (n < 0 && errno == EINTR);
	return n == TICKET_KEY_LONG;
}

static void move(struct page *page, enum slot to, enum slot from)
{
	for (size_t i = 0; i < KEY_WORDS; i++)
		page->keys[to][i] = page->keys[from][i];
}

static void put(struct page *page, enum slot to, const uint64_t key[KEY_WORDS])
{
	for (size_t i = 0; i < KEY_WORDS; i++)
		page->keys[to][i] = key[i];
}

static void write_begin(struct page *page)
{
	page->moves++;
	atomic_thread_fence(memory_order_release);
}

static void write_end(struct page *page)
{
	page->moves++;
}

bool ticket_ring_rotate(struct ticket_ring *ring)
{
	uint64_t key[KEY_WORDS];

	assert(ring->magic == RING_MAGIC && ring->own);
	if (!make_key(key))
		return false;
	write_begin(ring->own);
	move(ring->own, SLOT_PREVIOUS, SLOT_CURRENT);
	move(ring->own, SLOT_CURRENT, SLOT_NEXT);
	put(ring->own, SLOT_NEXT, key);
	write_end(ring->own);
	OPENSSL_cleanse(key, sizeof(key));
	return true;
}

static bool fill(struct ticket_ring *ring)
{
	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		if (!ticket_ring_rotate(ring))
			return false;
	}
	return true;
}

/* ---- life ---- */

struct ticket_ring *ticket_ring_new(struct err *err)
{
	struct ticket_ring *ring = calloc(1, sizeof(*ring));
	int fd = memfd_create(
		"mtlsgate-ticket-keys", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	bool ok = ring && fd >= 0;

	if (ok) {
		ring->magic = RING_MAGIC;
		ok = map(ring, fd) && fill(ring);
	}
	if (!ok)
		err_set(err, EXIT_CODE_INTERNAL,
			"cannot make the memory of the ticket keys: %m");
	if (fd >= 0)
		close(fd);
	if (ok)
		return ring;
	ticket_ring_free(ring);
	return NULL;
}

void ticket_ring_free(struct ticket_ring *ring)
{
	if (!ring)
		return;
	ring->magic = 0;
	if (ring->own) {
		static const uint64_t nothing[KEY_WORDS] = {0};

		write_begin(ring->own);
		for (unsigned i = 0; i < SLOT_COUNT; i++)
			put(ring->own, (enum slot)i, nothing);
		/* Stays odd: nobody takes zeroes for keys. */
	}
	unmap(ring);
	free(ring);
}

void ticket_ring_inherit(struct ticket_ring *ring)
{
	if (ring)
		ring->own = NULL; /* nothing lies there in a child */
}

bool ticket_ring_locked(const struct ticket_ring *ring)
{
	return ring->locked;
}

/* ---- reading ---- */

static void take(struct ticket_key *key, const struct page *page, size_t slot)
{
	uint64_t words[KEY_WORDS];
	uint8_t octets[sizeof(words)];

	for (size_t i = 0; i < KEY_WORDS; i++)
		words[i] = atomic_load_explicit(
			&page->keys[slot][i], memory_order_relaxed);
	memcpy(octets, words, sizeof(octets));
	key->secret = TICKET_KEY_SECRET;
	memcpy(key->name, octets, TICKET_KEY_NAME);
	memcpy(key->mac, octets + TICKET_KEY_NAME, TICKET_KEY_SECRET);
	memcpy(key->cipher, octets + TICKET_KEY_NAME + TICKET_KEY_SECRET,
		TICKET_KEY_SECRET);
	OPENSSL_cleanse(words, sizeof(words));
	OPENSSL_cleanse(octets, sizeof(octets));
}

/* A sequence lock: what was read between two equal, even counts is whole. */
bool ticket_ring_read(const struct ticket_ring *ring, struct ticket_keys *out)
{
	const struct page *page = ring->shared;

	assert(ring->magic == RING_MAGIC);
	for (unsigned i = 0; i < READ_TRIES; i++) {
		uint64_t before = page->moves;

		if (before % 2 == 0) {
			out->count = SLOT_COUNT;
			for (size_t slot = 0; slot < SLOT_COUNT; slot++)
				take(&out->items[slot], page, slot);
			atomic_thread_fence(memory_order_acquire);
			if (page->moves == before)
				return true;
		}
		sched_yield();
	}
	ticket_keys_wipe(out);
	return false;
}
