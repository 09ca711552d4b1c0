/*
 * cert_file: the certificate that a PEM file begins with, as plain values;
 * for whoever holds it against what was told about it.
 */
#ifndef MTLSGATE_TLS_CERT_FILE_H
#define MTLSGATE_TLS_CERT_FILE_H

struct arena;
struct cert_info;
struct err;

/* With its extensions. Lies in the arena. NULL with err filled. */
struct cert_info *cert_file_leaf(const char *path, struct arena *arena,
	struct err *err) __attribute__((warn_unused_result));

#endif
