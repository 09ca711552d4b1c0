/*
 * addr_net: a network as a value, "10.0.0.0/8", "2001:db8::/32", a single
 * address, or "unix": every peer on a unix socket.
 */
#ifndef MTLSGATE_NET_ADDR_NET_H
#define MTLSGATE_NET_ADDR_NET_H

#include "net/addr.h"

struct addr_net {
	struct addr first; /* its port is 0 */
	unsigned prefix;   /* bits that count; of unix: 0 */
};

enum addr_net_fault {
	ADDR_NET_OK,
	ADDR_NET_SYNTAX, /* not an address, or not one with /bits behind it */
	ADDR_NET_PREFIX, /* more bits than the family has, or "01" */
	ADDR_NET_HOST,   /* bits are set behind the prefix */
};

/* Fills net only when OK. An IPv4-mapped IPv6 network is ADDR_NET_SYNTAX: it
 * is written as IPv4. */
enum addr_net_fault addr_net_parse(struct slice text, struct addr_net *net)
	__attribute__((warn_unused_result));
/* Does the address lie in it? IPv4-mapped IPv6 counts as IPv4; no address (len
 * 0) lies in none. */
bool addr_net_has(const struct addr_net *net, const struct addr *addr);

#endif
