/*
 * ocsp_staple: an OCSP response about a certificate of our own, from a file,
 * for clients that ask for it (RFC 6066 section 8, RFC 8446 section 4.4.2.1).
 *
 * Checked when it is read: it parses, is successful, speaks of this
 * certificate, and its signature verifies where the issuer is in the chain
 * file. One that is stale or not yet valid is a warning, and whether it is sent
 * is asked anew each time.
 */
#ifndef MTLSGATE_TLS_OCSP_STAPLE_PRIV_H
#define MTLSGATE_TLS_OCSP_STAPLE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct config_problems;
struct config_text;
struct key_pair;

enum { OCSP_STAPLE_MAX = 64 * 1024 };

struct ocsp_staple {
	unsigned char *der; /* NULL: none */
	size_t len;
	int64_t from;  /* thisUpdate, seconds since 1970 */
	int64_t until; /* nextUpdate; not sent from then on */
};

/*
 * file->text NULL: none. `key`: what the configuration calls the file. false:
 * a problem that is an error was added; the staple is then empty.
 */
bool ocsp_staple_load(struct ocsp_staple *staple,
	const struct config_text *file, const char *key,
	const struct key_pair *pair, struct config_problems *problems)
	__attribute__((warn_unused_result));
void ocsp_staple_fini(struct ocsp_staple *staple);

/* The response, or empty when there is none that is fresh now. */
struct slice ocsp_staple_at(const struct ocsp_staple *staple, int64_t now);

#endif
