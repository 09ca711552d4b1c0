/*
 * explain_options: what was typed behind `mtlsgate explain`.
 */
#ifndef MTLSGATE_CLI_EXPLAIN_OPTIONS_H
#define MTLSGATE_CLI_EXPLAIN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* What was typed; NULL where it was not. */
struct explain_options {
	const char *config;
	const char *cert; /* PEM: leaf first, then what the client sends */
	bool no_cert;     /* the client shows none */
	const char *host; /* Host of the request */
	bool no_host;     /* it has none */
	const char *http; /* its version, "1.0" or "1.1"; 1.1 without */
	const char *path;
	const char *method;
	const char *sni;      /* server name of the handshake; "": none */
	const char *listener; /* its name; the first one without */
	int64_t at;           /* seconds since 1970, or CHAIN_NOW */
	unsigned last;        /* so many real refusals; 0: not asked */
	const char *id;       /* of a connection or a request */
	const char *admin;    /* address to ask for them */
	bool json;
};

#endif
