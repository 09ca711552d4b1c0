#include "proxy/refusals.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

/* ---- a record ---- */

struct text_info {
	const char *name;
	uint16_t room;
};

static const struct text_info texts[REFUSAL_TEXTS] = {
	[REFUSAL_CODE] = {"code", 32},
	[REFUSAL_REASON] = {"reason", 168}, /* a policy and a route, too */
	[REFUSAL_CONNECTION] = {"connection_id", 32},
	[REFUSAL_REQUEST] = {"request_id", 32},
	[REFUSAL_CLIENT_IP] = {"client_ip", 48},
	[REFUSAL_LISTENER] = {"listener", 64},
	[REFUSAL_SNI] = {"sni", 128},
	[REFUSAL_TLS] = {"tls", 8},
	[REFUSAL_ALERT] = {"alert", 40},
	[REFUSAL_VERIFY] = {"verify", 112},
	[REFUSAL_SUBJECT] = {"subject", 256},
	[REFUSAL_ISSUER] = {"issuer", 256},
	[REFUSAL_SERIAL] = {"serial", 132},
	[REFUSAL_SHA256] = {"sha256", 64},
	[REFUSAL_NOT_BEFORE] = {"not_before", 24},
	[REFUSAL_NOT_AFTER] = {"not_after", 24},
	[REFUSAL_METHOD] = {"method", 24},
	[REFUSAL_HOST] = {"host", 128},
	[REFUSAL_PATH] = {"path", 256},
	[REFUSAL_ROUTE] = {"route", 64},
	[REFUSAL_POLICY] = {"policy", 64},
};

const char *refusal_name(enum refusal_text which)
{
	assert(which < REFUSAL_TEXTS);
	return texts[which].name;
}

static size_t place_of(enum refusal_text which)
{
	size_t at = 0;

	assert(which < REFUSAL_TEXTS);
	for (size_t i = 0; i < (size_t)which; i++)
		at += texts[i].room;
	assert(at + texts[which].room <= REFUSAL_ROOM);
	return at;
}

void refusal_set(
	struct refusal *record, enum refusal_text which, struct slice value)
{
	size_t at = place_of(which);
	size_t len = value.len;

	record->cut &= ~(UINT32_C(1) << which);
	if (len > texts[which].room) {
		len = texts[which].room;
		record->cut |= UINT32_C(1) << which;
	}
	if (len)
		memcpy(record->text + at, value.ptr, len);
	record->len[which] = (uint16_t)len;
}

struct slice refusal_get(const struct refusal *record, enum refusal_text which)
{
	size_t at = place_of(which);
	size_t len = record->len[which];

	/* memory that others write: believe no length */
	if (len > texts[which].room)
		len = texts[which].room;
	return slice_of(record->text + at, len);
}

/* ---- the ring ---- */

enum { LINE = 64, WORDS = (sizeof(struct refusal) + 7) / 8 };

/*
 * mark: 0: never used; 2n+1: record n is being written; 2n+2: record n is
 * whole. The words are atomic since a reader may meet a writer; what it read
 * counts only when the mark did not move and the digest fits.
 */
struct place {
	_Alignas(LINE) _Atomic uint64_t mark;
	_Atomic uint64_t digest;
	_Atomic uint64_t words[WORDS];
};

struct refusals {
	_Alignas(LINE) _Atomic uint64_t next;
	unsigned keep;
	struct place places[];
};

size_t refusals_size(unsigned keep)
{
	return sizeof(struct refusals) + keep * sizeof(struct place);
}

struct refusals *refusals_init(void *memory, unsigned keep)
{
	struct refusals *ring = memory;

	assert((uintptr_t)memory % LINE == 0 && keep <= REFUSALS_KEEP_MAX);
	ring->keep = keep;
	return ring;
}

/* FNV-1a by words; tells a torn record, guards against nobody. */
static uint64_t digest_of(const uint64_t words[WORDS], uint64_t number)
{
	uint64_t digest = UINT64_C(0xcbf29ce484222325) ^ number;

	for (size_t i = 0; i < WORDS; i++)
		digest = (digest ^ words[i]) * UINT64_C(0x100000001b3);
	return digest;
}

/* Takes the place, also from a writer of an earlier lap. false: a later lap
 * was here already. */
static bool claim(struct place *place, uint64_t number)
{
	uint64_t seen = atomic_load(&place->mark);

	do {
		if (seen > 2 * number)
			return false;
	} while (!atomic_compare_exchange_weak(
		&place->mark, &seen, 2 * number + 1));
	return true;
}

void refusals_add(struct refusals *ring, const struct refusal *record)
{
	uint64_t words[WORDS] = {0};
	struct place *place;
	uint64_t number, mark;

	if (!ring || !ring->keep)
		return;
	memcpy(words, record, sizeof(*record));
	number = atomic_fetch_add(&ring->next, 1);
	place = &ring->places[number % ring->keep];
	if (!claim(place, number))
		return;
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < WORDS; i++)
		atomic_store_explicit(
			&place->words[i], words[i], memory_order_relaxed);
	atomic_store_explicit(
		&place->digest, digest_of(words, number), memory_order_relaxed);
	mark = 2 * number + 1;
	/* taken over meanwhile: the other one marks it */
	(void)atomic_compare_exchange_strong(
		&place->mark, &mark, 2 * number + 2);
}

unsigned refusals_keep(const struct refusals *ring)
{
	return ring->keep;
}

uint64_t refusals_total(const struct refusals *ring)
{
	return atomic_load(&ring->next);
}

bool refusals_read(
	const struct refusals *ring, uint64_t number, struct refusal *out)
{
	const struct place *place;
	uint64_t words[WORDS];
	uint64_t digest;

	if (!ring->keep || number >= refusals_total(ring))
		return false;
	place = &ring->places[number % ring->keep];
	if (atomic_load(&place->mark) != 2 * number + 2)
		return false;
	for (size_t i = 0; i < WORDS; i++)
		words[i] = atomic_load_explicit(
			&place->words[i], memory_order_relaxed);
	digest = atomic_load_explicit(&place->digest, memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&place->mark, memory_order_relaxed) !=
			2 * number + 2 ||
		digest != digest_of(words, number))
		return false;
	memcpy(out, words, sizeof(*out));
	return true;
}
