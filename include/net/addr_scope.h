/*
 * addr_scope: how far an address reaches; for addresses that somebody else
 * chose, so that nobody is sent where only this host may go.
 *
 * An IPv6 address that holds an IPv4 one (mapped, NAT64 64:ff9b::/96, 6to4)
 * counts as that one.
 */
#ifndef MTLSGATE_NET_ADDR_SCOPE_H
#define MTLSGATE_NET_ADDR_SCOPE_H

#include "net/addr.h"

enum addr_scope {
	ADDR_SCOPE_OUT,      /* unicast, private networks among it */
	ADDR_SCOPE_LOOPBACK, /* 127.0.0.0/8, ::1 */
	ADDR_SCOPE_LINK,     /* 169.254.0.0/16, fe80::/10 */
	ADDR_SCOPE_NOBODY, /* unspecified, multicast, broadcast, reserved, unix
	                    */
};

enum addr_scope addr_scope(const struct addr *addr);

#endif
