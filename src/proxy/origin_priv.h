/*
 * origin: what its rooms share. origin.c: leases, places, connections;
 * origin_endpoints.c: addresses; origin_servers.c: which server is asked;
 * origin_probe.c: whether it is well.
 */
#ifndef MTLSGATE_PROXY_ORIGIN_PRIV_H
#define MTLSGATE_PROXY_ORIGIN_PRIV_H

#include "base/log.h"
#include "net/addr.h"
#include "proxy/balance.h"
#include "proxy/origin.h"
#include "proxy/origin_pool.h"
#include "proxy/retry_budget.h"
#include "proxy/server_health.h"

struct endpoint {
	struct origin_pool *pool;
	struct endpoint *next; /* of those that are no more asked */
	struct addr addr;
	char text[ADDR_TEXT];
};

struct server {
	const char *url;
	struct endpoint **endpoints; /* one per address */
	size_t count;
	size_t current;          /* that worked last */
	struct origin_peer *tls; /* NULL: plain */
	struct server_health health;
	int64_t back_ms;     /* when it came back; 0: it was never away */
	struct probe *probe; /* NULL: it is not asked for its health */
};

struct origin {
	struct origin_pool_setup setup;
	struct endpoint *retired; /* of names that have other addresses now */
	struct server *servers;
	struct balance_server *balance; /* of each of them */
	size_t server_count;
	struct log_bucket bucket;
	struct retry_budget budget;
	struct origin_queue queue; /* while busy_max are in use */
	struct loop_task wake;
};

/*
 * origin_endpoints: the addresses of a server, each with its pool. Those that
 * it has already stay as they are; what runs on others runs to its end. Their
 * number is unchanged where false is returned: out of memory.
 */
bool origin_endpoints_set(struct origin *origin, struct server *server,
	const struct addr *addrs, size_t count)
	__attribute__((warn_unused_result));
void origin_endpoints_drain(const struct server *server);
/* Hard. */
void origin_endpoints_free(struct server *server);
/* Frees the retired ones that nobody uses any more, or all. */
void origin_endpoints_sweep(struct origin *origin, bool all);
/* Connections in use, of all servers and of the retired. */
unsigned origin_endpoints_busy(const struct origin *origin);

/* Fills in servers, balance and server_count. */
bool origin_servers_make(struct origin *origin)
	__attribute__((warn_unused_result));
/* Is there nothing to choose? Then it is never down. */
bool origin_servers_alone(const struct origin *origin);
/* One that this lease has not tried, into lease->server; false: none. */
bool origin_servers_choose(struct origin *origin, struct lease *lease)
	__attribute__((warn_unused_result));
/* Would origin_servers_choose find another? */
bool origin_servers_left(
	const struct origin *origin, const struct lease *lease);
/* Could a connection be had? why: told when the server goes down. */
void origin_servers_note(
	struct origin *origin, size_t index, bool ok, const char *why);

/* origin_probe: asks each server for its health, where that is configured. */
bool origin_probes_start(struct origin *origin)
	__attribute__((warn_unused_result));
/* Twice is allowed. */
void origin_probes_stop(struct origin *origin);

#endif
