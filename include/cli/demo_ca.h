/*
 * demo_ca: a throw-away CA and what it issues, for `mtlsgate demo`.
 *
 * Nothing here is for production: keys are P-256, lie unencrypted beside
 * their certificates, and everything ends after a week.
 */
#ifndef MTLSGATE_CLI_DEMO_CA_H
#define MTLSGATE_CLI_DEMO_CA_H

#include <stdbool.h>

struct err;

/*
 * Writes into the directory `dir` (which exists):
 *   ca.pem ca.key          the CA that clients and the server are issued by
 *   server.pem server.key  for localhost, 127.0.0.1 and ::1
 *   good.pem expired.pem server-only.pem stranger.pem
 *                          certificate and key in one file, as curl --cert
 *                          takes them; stranger's CA is not ca.pem
 * Keys are readable by their owner alone.
 */
bool demo_ca_write(const char *dir, struct err *err)
	__attribute__((warn_unused_result));

/* The names of all files above, NULL-terminated; for removal. */
const char *const *demo_ca_files(void);

#endif
