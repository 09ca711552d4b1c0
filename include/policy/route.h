/*
 * route: where a request goes. Pure: no sockets, no clock.
 *
 * Without a list of routes everything goes to the only origin.
 */
#ifndef MTLSGATE_POLICY_ROUTE_H
#define MTLSGATE_POLICY_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

struct config;
struct message;

struct route {
	size_t origin; /* index into config->origins */
};

/* Fills *route. false: no route matches. */
bool route_find(const struct config *config, const struct message *head,
	struct route *route) __attribute__((warn_unused_result));

#endif
