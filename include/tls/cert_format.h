/*
 * cert_format: certificate values as header-safe text, by our own encoders,
 * so that no OpenSSL upgrade changes a header byte. fields.md section 3 is the
 * specification; every byte written is within 0x20-0x7E (R6).
 *
 * All fill *out with text in the arena; false when memory is out.
 */
#ifndef MTLSGATE_TLS_CERT_FORMAT_H
#define MTLSGATE_TLS_CERT_FORMAT_H

#include "tls/cert_info.h"

/* RFC 2253 form: RDNs reversed, escaped, unknown OIDs as #hex. */
bool cert_format_rfc2253(const struct cert_name *name, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));
/* Slash one-line form; display only, never compared (R7). */
bool cert_format_legacy(const struct cert_name *name, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));
/* Upper-case hex, two digits an octet, '-' before a negative one. */
bool cert_format_serial(const struct cert_info *info, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));
/* Lower-case hex without colons. */
bool cert_format_hex(const uint8_t *octets, size_t count, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));
/* "Jan  3 04:05:06 2024 GMT"; empty for a time that did not parse. */
bool cert_format_time(const struct cert_time *time, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));

#endif
