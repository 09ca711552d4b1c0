/*
 * explain_request: what becomes of a request once the handshake is over. It is
 * written as a client would, read by the codec and judged by proxy/decision,
 * as those of the running program are; here the outcome is told.
 */
#ifndef MTLSGATE_CLI_EXPLAIN_REQUEST_H
#define MTLSGATE_CLI_EXPLAIN_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct cert_info;
struct client_auth;
struct config;
struct explain_list;
struct explain_options;
struct rulebook;
struct tls_sni;

struct explain_request {
	const struct explain_options *options; /* lent, asks for a request */
	const struct config *config;
	size_t listener; /* its index */
	const struct client_auth *auth;
	const struct cert_info *leaf; /* with extensions; NULL: none shown */
	/* Of the listener; NULL: every name is served by one group. */
	const struct tls_sni *sni;
	size_t group; /* of sni: whose certificate the handshake showed */
	struct arena *arena; /* for all texts */
};

/*
 * Fills the steps request, name, route and policy of the list, and its verdict
 * where one of them refuses; the list of a client that was refused over HTTP
 * changes only where the request is none. rules: of the same configuration.
 * false: memory.
 */
bool explain_request(const struct explain_request *request,
	const struct rulebook *rules, struct explain_list *list)
	__attribute__((warn_unused_result));

#endif
