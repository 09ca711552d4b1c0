/*
 * cert_headers: the request headers of a header_plan, rendered: the fresh
 * ones, each exactly once, written last (R1-R3, R6), and which incoming names
 * may never pass.
 *
 * Headers that last as long as the connection are rendered once and lent to
 * all exchanges (message->lent); those that differ from request to request, or
 * hold a certificate, are made for each request in its arena.
 */
#ifndef MTLSGATE_POLICY_CERT_HEADERS_H
#define MTLSGATE_POLICY_CERT_HEADERS_H

#include "config/config.h"
#include "http/header.h"
#include "policy/header_value.h"

struct cert_headers; /* one heap block: fields, texts and HTTP/1 bytes */
struct header_plan;

/* Limits of fields.md section 5; tls/cert_format.h has the same. */
enum { CERT_HEADERS_MAX = 16384, CERT_HEADER_VALUE_MAX = 8192 };

enum cert_headers_fault {
	CERT_HEADERS_OK,
	CERT_HEADERS_NO_MEMORY,
	CERT_HEADERS_BYTE,      /* a value failed the check of R6 */
	CERT_HEADERS_TOO_LARGE, /* all of them, or one value */
};

struct cert_headers_problem {
	enum cert_headers_fault fault;
	const char *name; /* of the header; as long as the plan; or NULL */
};

/*
 * facts->leaf: NULL when no certificate was shown; it is used only where auth
 * says that one was, and one that is missing although auth knows of it counts
 * as memory. facts->fits is looked for here, unless facts->oversized says that
 * it cannot be. scratch: memory for the work, nothing of the result lies in
 * it.
 *
 * NULL: *problem says why. Of CERT_HEADERS_BYTE: every exchange ends with 500
 * and an error line. Of CERT_HEADERS_TOO_LARGE: the certificate counts as
 * failed (client_auth_oversized), then facts->oversized makes headers whose
 * names, serials and lists are empty.
 */
struct cert_headers *cert_headers_new(const struct header_plan *plan,
	const struct header_facts *facts, struct arena *scratch,
	struct cert_headers_problem *problem)
	__attribute__((warn_unused_result));
void cert_headers_free(struct cert_headers *headers); /* NULL is ignored */
const struct header_block *cert_headers_block(const struct cert_headers *h);
/* Bytes of the heap block, for the memory budget of an idle connection. */
size_t cert_headers_size(const struct cert_headers *headers);

/* Adds the headers of one request; texts lie in the arena. */
enum cert_headers_fault cert_headers_add(const struct header_plan *plan,
	const struct cert_headers *headers,
	const struct header_request *request, struct arena *arena,
	struct header_block *fields) __attribute__((warn_unused_result));

/*
 * Would the names of this leaf pass the size limits (fields.md 5)? Nobody
 * has to ask: the handshake does, by the same measure (cert_format_fits), and
 * calls a certificate that is too large FAILED (CLIENT_AUTH_CODE_HEADERS), so
 * that mode `require` refuses it there.
 */
bool cert_headers_fit(const struct cert_info *leaf, struct arena *scratch);

/*
 * Does a header of a listener of that mode hold the chain that the client
 * sent? It is not there after a resumption, so then no session may be resumed
 * (R12).
 */
bool cert_headers_need_chain(
	const struct config_headers *settings, enum client_auth_mode mode);

/*
 * Must an incoming field of that name be removed (R1, R2: protected prefixes
 * and names, after folding)? Holds for requests and trailers alike, and for
 * every preset, `none` included; names that a configuration sets besides are
 * known to header_plan_protects.
 */
bool cert_headers_protects(struct slice name);

#endif
