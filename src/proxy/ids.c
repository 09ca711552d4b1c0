#include "proxy/ids.h"

#include <stdio.h>
#include <sys/random.h>

bool ids_init(struct ids *ids, unsigned worker)
{
	*ids = (struct ids){.worker = (uint16_t)worker};
	if (getrandom(ids->state, sizeof(ids->state), 0) !=
			(ssize_t)sizeof(ids->state) ||
		getrandom(&ids->salt, sizeof(ids->salt), 0) !=
			(ssize_t)sizeof(ids->salt))
		return false;
	ids->state[0] |= 1; /* all zero would stay so */
	return true;
}

static uint64_t rotate(uint64_t value, unsigned by)
{
	return value << by | value >> (64 - by);
}

/* xoshiro256**, by Blackman and Vigna (public domain algorithm). */
static uint64_t next(uint64_t s[4])
{
	uint64_t result = rotate(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate(s[3], 45);
	return result;
}

void ids_connection(struct ids *ids, char out[IDS_CONNECTION])
{
	uint64_t number = ++ids->connections & 0xffffffffffffu;

	(void)snprintf(out, IDS_CONNECTION, "%08x-%x-%llx", ids->salt,
		ids->worker, (unsigned long long)number);
}

static void hex(char *out, uint64_t value, unsigned digits)
{
	static const char letters[] = "0123456789abcdef";

	while (digits--) {
		out[digits] = letters[value & 15];
		value >>= 4;
	}
}

void ids_request(struct ids *ids, int64_t wall_ms, char out[IDS_REQUEST])
{
	hex(out, (uint64_t)wall_ms, 12);
	hex(out + 12, next(ids->state), 4);
	hex(out + 16, next(ids->state), 16);
	out[32] = '\0';
}
