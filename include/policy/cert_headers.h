/*
 * cert_headers: the certificate headers of a preset: which incoming names are
 * stripped, and the fresh ones, each exactly once, written last (R1-R3, R6).
 *
 * The fresh block is rendered once per connection and lent to all exchanges
 * (message->lent).
 */
#ifndef MTLSGATE_POLICY_CERT_HEADERS_H
#define MTLSGATE_POLICY_CERT_HEADERS_H

#include "config/config.h"
#include "http/header.h"
#include "tls/cert_info.h"
#include "tls/client_auth.h"

struct cert_headers; /* one heap block: fields, texts and HTTP/1 bytes */

/* Limits of fields.md section 5; tls/cert_format.h has the same. */
enum { CERT_HEADERS_MAX = 16384, CERT_HEADER_VALUE_MAX = 8192 };

/*
 * leaf: NULL when no certificate was shown; it is used only where auth says
 * that one was. scratch: memory for the work, nothing of the result lies in
 * it. NULL: memory, or a value failed the check of R6 (*reason names the
 * header, a static string; NULL for memory): the exchange ends with 500 and an
 * error line. A leaf given as NULL although auth knows of one counts as
 * memory.
 *
 * `empty: omit` leaves out every header whose value is empty. A leaf whose
 * fields are too large (see cert_headers_fit) has empty names and serial.
 */
struct cert_headers *cert_headers_new(const struct config_headers *settings,
	const struct client_auth *auth, const struct cert_info *leaf,
	struct arena *scratch, const char **reason)
	__attribute__((warn_unused_result));
void cert_headers_free(struct cert_headers *headers); /* NULL is ignored */
const struct header_block *cert_headers_block(const struct cert_headers *h);
/* Bytes of the heap block, for the memory budget of an idle connection. */
size_t cert_headers_size(const struct cert_headers *headers);

/*
 * Would the headers of this leaf pass the size limits (fields.md 5)? Nobody
 * has to ask: the handshake does, by the same measure (cert_format_fits), and
 * calls a certificate that is too large FAILED (CLIENT_AUTH_CODE_HEADERS), so
 * that mode `require` refuses it there.
 */
bool cert_headers_fit(const struct cert_info *leaf, struct arena *scratch);

/*
 * Must an incoming field of that name be removed (R1, R2: protected prefixes
 * and names, after folding)? Holds for requests and trailers alike, and for
 * every preset, `none` included.
 */
bool cert_headers_protects(struct slice name);

#endif
