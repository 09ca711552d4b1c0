/*
 * addr: a socket address as a value: IPv4, IPv6, or a unix path.
 */
#ifndef MTLSGATE_NET_ADDR_H
#define MTLSGATE_NET_ADDR_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/slice.h"

struct addr {
	socklen_t len; /* of the member in use; 0: no address */
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un local;
	} sa;
};

enum { ADDR_TEXT = 128 }; /* room for any printed address and its NUL */

/*
 * "1.2.3.4:80", "[::1]:80", "[::]:80", "unix:/path" (absolute or relative,
 * at most 107 bytes). No names, no missing port; port 0 is allowed (any free
 * port when bound). false: not one of these.
 */
bool addr_parse(struct slice text, struct addr *addr)
	__attribute__((warn_unused_result));
/* An address without port, "1.2.3.4" or "::1", and a port. */
bool addr_parse_ip(struct slice text, uint16_t port, struct addr *addr)
	__attribute__((warn_unused_result));

/* "1.2.3.4:80", "[::1]:80", "unix:/path"; IPv4-mapped IPv6 as IPv4. */
void addr_print(const struct addr *addr, char out[ADDR_TEXT]);
/* Without the port: "1.2.3.4", "::1", "unix". */
void addr_print_ip(const struct addr *addr, char out[ADDR_TEXT]);

/* In all that follows an IPv4-mapped IPv6 address counts as IPv4. */
uint16_t addr_port(const struct addr *addr); /* host order; unix: 0 */
void addr_set_port(struct addr *addr, uint16_t port);
bool addr_eq(const struct addr *a, const struct addr *b);
bool addr_is_unix(const struct addr *addr);
/* 127.0.0.0/8, ::1, or a unix path (R22). */
bool addr_is_loopback(const struct addr *addr);
/*
 * A hash of the address without port, and whether two count as the same:
 * IPv6 by its /64, all unix sockets as one.
 */
uint64_t addr_hash_ip(const struct addr *addr);
bool addr_same_ip(const struct addr *a, const struct addr *b);

#endif
