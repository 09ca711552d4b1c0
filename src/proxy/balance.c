#include "proxy/balance.h"

static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

uint64_t balance_hash(struct slice text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.ptr[i]) *
		       UINT64_C(0x100000001b3);
	return mix(hash);
}

/* Less loaded, per weight; without a division. */
static bool less_active(
	const struct balance_server *a, const struct balance_server *b)
{
	return a->active * b->weight < b->active * a->weight;
}

static bool as_active(
	const struct balance_server *a, const struct balance_server *b)
{
	return a->active * b->weight == b->active * a->weight;
}

/* Each gains its weight, the richest is taken and pays for all. Of `of`, when
 * given, only those as active as that one take part. */
static int take_turn(struct balance_server *servers, size_t count,
	const struct balance_server *of)
{
	struct balance_server *best = NULL;
	int64_t total = 0;

	for (size_t i = 0; i < count; i++) {
		struct balance_server *one = &servers[i];

		if (one->barred || (of && !as_active(one, of)))
			continue;
		one->credit += one->weight;
		total += one->weight;
		if (!best || one->credit > best->credit)
			best = one;
	}
	if (!best)
		return BALANCE_NONE;
	best->credit -= total;
	return (int)(best - servers);
}

static int least_active(struct balance_server *servers, size_t count)
{
	const struct balance_server *least = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!servers[i].barred &&
			(!least || less_active(&servers[i], least)))
			least = &servers[i];
	}
	return least ? take_turn(servers, count, least) : BALANCE_NONE;
}

/* A ticket for each unit of weight; the highest of all wins. */
static uint64_t best_ticket(const struct balance_server *server, uint64_t key)
{
	uint64_t best = 0;

	for (unsigned i = 0; i < server->weight; i++) {
		uint64_t ticket = mix(key ^ mix(server->hash + i));

		if (ticket > best)
			best = ticket;
	}
	return best;
}

static int by_client(
	const struct balance_server *servers, size_t count, uint64_t key)
{
	int best = BALANCE_NONE;
	uint64_t highest = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t ticket;

		if (servers[i].barred)
			continue;
		ticket = best_ticket(&servers[i], key);
		if (best == BALANCE_NONE || ticket > highest) {
			best = (int)i;
			highest = ticket;
		}
	}
	return best;
}

int balance_choose(enum config_balance how, struct balance_server *servers,
	size_t count, uint64_t key)
{
	switch (how) {
	case BALANCE_LEAST_CONNECTIONS:
		return least_active(servers, count);
	case BALANCE_CLIENT_IP:
		return by_client(servers, count, key);
	case BALANCE_ROUND_ROBIN:
		break;
	}
	return take_turn(servers, count, NULL);
}

unsigned balance_ramp(unsigned weight, int64_t elapsed_ms, int64_t over_ms)
{
	unsigned whole = weight * BALANCE_RAMP;
	unsigned part;

	if (elapsed_ms >= over_ms)
		return whole;
	part = (unsigned)((int64_t)whole * elapsed_ms / over_ms);
	return part ? part : 1;
}
