/*
 * balance: which server of an origin is asked next. A pure choice: no clock,
 * no memory, no socket.
 */
#ifndef MTLSGATE_PROXY_BALANCE_H
#define MTLSGATE_PROXY_BALANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "config/config_server.h"

enum { BALANCE_NONE = -1, BALANCE_RAMP = 10 };

struct balance_server {
	unsigned weight; /* 1 .. BALANCE_RAMP * CONFIG_WEIGHT_MAX */
	bool barred;     /* in: must not be chosen now */
	uint64_t active; /* in: connections in use; least_connections only */
	int64_t credit;  /* of smooth weighted round robin; begins at 0 */
	uint64_t hash;   /* of its URL; client_ip only */
};

/* FNV-1a, mixed; for `hash` and for the client's key. */
uint64_t balance_hash(struct slice text);

/*
 * The index of a server that is not barred, or BALANCE_NONE. key: of the
 * client. round_robin is smooth: 2 to 1 is a b a, never a a b.
 * least_connections takes the least active per weight, in turn where equal.
 * client_ip is rendezvous hashing: a barred server's clients alone move.
 */
int balance_choose(enum config_balance how, struct balance_server *servers,
	size_t count, uint64_t key);

/*
 * The weight of a server that came back elapsed_ms ago and shall have all of it
 * after over_ms (> 0): BALANCE_RAMP times its own then, a part of that before,
 * never 0. To be used for all servers of an origin, or for none.
 */
unsigned balance_ramp(unsigned weight, int64_t elapsed_ms, int64_t over_ms);

#endif
