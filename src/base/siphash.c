#include "base/siphash.h"

#include <sys/random.h>

/* One hash in the making. */
struct state {
	uint64_t a, b, c, d;
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void mix(struct state *s, unsigned rounds)
{
	while (rounds--) {
		s->a += s->b;
		s->c += s->d;
		s->b = rotate(s->b, 13) ^ s->a;
		s->d = rotate(s->d, 16) ^ s->c;
		s->a = rotate(s->a, 32);
		s->c += s->b;
		s->a += s->d;
		s->b = rotate(s->b, 17) ^ s->c;
		s->d = rotate(s->d, 21) ^ s->a;
		s->c = rotate(s->c, 32);
	}
}

/* Little-endian, at most eight octets. */
static uint64_t load(const uint8_t *bytes, size_t len)
{
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++)
		word |= (uint64_t)bytes[i] << (8 * i);
	return word;
}

static void absorb(struct state *s, uint64_t word)
{
	s->d ^= word;
	mix(s, 2);
	s->a ^= word;
}

bool siphash_key_new(struct siphash_key *key)
{
	struct siphash_key fresh;

	if (getrandom(&fresh, sizeof(fresh), GRND_NONBLOCK) != sizeof(fresh))
		return false;
	*key = fresh;
	return true;
}

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint64_t last = (uint64_t)len << 56;
	/* "somepseudorandomlygeneratedbytes" */
	struct state s = {key->half[0] ^ 0x736f6d6570736575U,
		key->half[1] ^ 0x646f72616e646f6dU,
		key->half[0] ^ 0x6c7967656e657261U,
		key->half[1] ^ 0x7465646279746573U};

	for (; len >= 8; len -= 8, at += 8)
		absorb(&s, load(at, 8));
	absorb(&s, last | load(at, len));
	s.c ^= 0xff;
	mix(&s, 4);
	return s.a ^ s.b ^ s.c ^ s.d;
}
