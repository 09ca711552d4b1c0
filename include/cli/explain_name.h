/*
 * explain_name: which certificate of ours a client gets for the server name
 * that it sends, or that its handshake ends there (tls/tls_sni decides).
 */
#ifndef MTLSGATE_CLI_EXPLAIN_NAME_H
#define MTLSGATE_CLI_EXPLAIN_NAME_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct config_tls;
struct explain_list;
struct explain_options;
struct tls_sni;

struct explain_name {
	const struct explain_options *options; /* lent */
	const struct config_tls *tls;          /* of the listener, lent */
	/* Of the listener; NULL: every name is served by one group. */
	const struct tls_sni *sni;
	struct arena *arena; /* for all texts */
};

/*
 * The name is options->sni ("": the client sends none), else the host of the
 * request as clients send it: an address, or what is no name, is not sent.
 * Fills the step server_name, and the verdict of the list where the name is
 * refused; *group: of the certificate that is shown. false: memory.
 */
bool explain_name(const struct explain_name *name, struct explain_list *list,
	size_t *group) __attribute__((warn_unused_result));

#endif
