/*
 * probe: a small blocking TLS client that shows a certificate, sends exact
 * bytes and tells what came back. For trials over loopback, never for a
 * server's loop.
 */
#ifndef MTLSGATE_CLI_PROBE_H
#define MTLSGATE_CLI_PROBE_H

#include <stdbool.h>

#include "base/buf.h"

struct addr;
struct err;

struct probe_request {
	const struct addr *to; /* NULL: `port` of 127.0.0.1 */
	unsigned short port;
	const char *host;      /* its name, for SNI too; NULL: localhost */
	const char *ca_file;   /* that vouches for it; NULL: not asked */
	const char *cert_file; /* NULL: none */
	const char *key_file;  /* NULL: it is in cert_file */
	struct slice bytes;    /* sent as they are */
};

struct probe_answer {
	int alert;       /* the TLS alert that ended it; 0: none */
	unsigned status; /* of the last response; 0: none came */
	struct buf text; /* everything received; buf_fini it */
};

/*
 * Connects, sends, and reads until the peer ends the connection; so the bytes
 * should ask for that (Connection: close). At most 10 s without progress.
 * false with err filled when there was no connection at all, the server's
 * certificate is not good, or nothing came in time.
 */
bool probe_run(const struct probe_request *request, struct probe_answer *answer,
	struct err *err) __attribute__((warn_unused_result));

#endif
