/*
 * forwarded: who the client of a request is when those in front of us tell it
 * in X-Forwarded-For, or in Forwarded (RFC 7239). Pure.
 *
 * Each proxy appends whom it spoke with; so the list is believed from the
 * right, as long as the one who wrote an entry is trusted: the client is the
 * rightmost address that is no trusted proxy. Where an entry is no address
 * (unknown, _hidden, malformed), nothing to its left is believed; an empty one
 * is none (RFC 9110 section 5.6.1). Quotes, too, are read from the right: one
 * that a client left open hides nothing of what a proxy appended.
 */
#ifndef MTLSGATE_POLICY_FORWARDED_H
#define MTLSGATE_POLICY_FORWARDED_H

#include "base/slice.h"
#include "config/config_headers.h"

struct addr;
struct arena;
struct header_block;

/* Is this address one of headers.trusted_proxies? */
bool forwarded_trusts(
	const struct config_headers *settings, const struct addr *addr);
/*
 * fields: of a request that a trusted proxy sent, as they came. *client: the
 * address without port, printed anew in the arena; left alone when the fields
 * tell nobody. false: memory.
 */
bool forwarded_client(const struct config_headers *settings,
	const struct header_block *fields, struct arena *arena,
	struct slice *client) __attribute__((warn_unused_result));
/* The field in which they tell it, as headers.forwarded says; empty: none. */
struct slice forwarded_field(const struct config_headers *settings);
/* All values of that name in one list, with `own` (may be empty) at its end.
 * false: memory. */
bool forwarded_join(const struct header_block *fields, struct slice name,
	struct slice own, struct arena *arena, struct slice *out)
	__attribute__((warn_unused_result));

#endif
