/*
 * tls_files: a listener's certificate, key and CA as files in a directory of
 * their own, and the configuration that names them.
 */
#ifndef MTLSGATE_TESTS_FAKE_TLS_FILES_H
#define MTLSGATE_TESTS_FAKE_TLS_FILES_H

#include "config/config.h"
#include "fake/cert_mint.h"

struct tls_files {
	char directory[64];
	struct mint *ca; /* "Test CA", trusted; also signed the server */
	struct mint *server;
	char cert[128];
	char key[128];
	char ca_path[128];
	struct config_text ca_text;
	struct config_listener listener; /* mode require, TLS 1.2 and 1.3 */
};

void tls_files_init(struct tls_files *files);
/* Removes the directory and all that is in it. */
void tls_files_fini(struct tls_files *files);

#endif
