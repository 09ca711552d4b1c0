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

/*
 * RFC 2253 form: RDNs reversed, escaped, unknown OIDs as #hex. The whole name
 * is empty when a value is not what its string type says (a BMPString of odd
 * length, a surrogate): so does nginx. A dotted OID shows its first 79 bytes.
 */
bool cert_format_rfc2253(const struct cert_name *name, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));
/* Slash one-line form; display only, never compared (R7). */
bool cert_format_legacy(const struct cert_name *name, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));
/* Upper-case hex, two digits an octet, '-' before a negative one. */
bool cert_format_integer(bool negative, struct slice magnitude,
	struct arena *arena, struct slice *out)
	__attribute__((warn_unused_result));
bool cert_format_serial(const struct cert_info *info, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));
/* Lower-case hex without colons. */
bool cert_format_hex(const uint8_t *octets, size_t count, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));
/* "Jan  3 04:05:06 2024 GMT"; empty for a time that did not parse. */
bool cert_format_time(const struct cert_time *time, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));

/* The same as seconds since 1970, and as "2024-01-03T04:05:06Z". */
bool cert_format_unix(const struct cert_time *time, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));
bool cert_format_rfc3339(const struct cert_time *time, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));
/*
 * The first value of that attribute, without its type, escaped as in the RFC
 * 2253 form; empty when there is none.
 */
bool cert_format_attribute(const struct cert_name *name, struct slice oid,
	struct arena *arena, struct slice *out)
	__attribute__((warn_unused_result));

/* The certificate itself: each item of certs is one in DER. */
bool cert_format_base64(struct slice octets, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));
/* ":base64:", and ", " between several (RFC 9440 section 2). */
bool cert_format_rfc9440(const struct slice *certs, size_t count,
	struct arena *arena, struct slice *out)
	__attribute__((warn_unused_result));
/* Would that text keep within `most` bytes? */
bool cert_format_rfc9440_fits(
	const struct slice *certs, size_t count, size_t most);
/*
 * PEM, one behind the other, blanks and line ends percent-encoded; also + / =
 * when `escape` says so (nginx's $ssl_client_escaped_cert does, ALB does not).
 */
bool cert_format_pem(const struct slice *certs, size_t count, bool escape,
	struct arena *arena, struct slice *out)
	__attribute__((warn_unused_result));

/* Text that a peer chose: percent-encoded outside 0x21-0x7E and in `also`. */
bool cert_format_percent(struct slice text, const char *also,
	struct arena *arena, struct slice *out)
	__attribute__((warn_unused_result));
/* Alternative names, commas between them, those within encoded. */
bool cert_format_names(const struct cert_sans *names, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));
/* The same for addresses (RFC 5952). */
bool cert_format_addresses(const struct cert_sans *names, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));

/* Limits of fields.md sections 2 and 5, in bytes. */
enum {
	CERT_FORMAT_VALUE_MAX = 8192,
	CERT_FORMAT_TOTAL_MAX = 16384,
	CERT_FORMAT_LEAF_MAX = 10240, /* as RFC 9440 writes it */
	CERT_FORMAT_CHAIN_MAX = 16384,
	/* kept free for field names, verdict and the values of fixed size */
	CERT_FORMAT_RESERVE = 1024,
};
/*
 * Do both names in both forms and the serial keep within these limits? Asked
 * in the handshake (CLIENT_AUTH_CODE_HEADERS); false also when memory is out.
 */
bool cert_format_fits(const struct cert_info *info, struct arena *arena)
	__attribute__((warn_unused_result));

#endif
