/*
 * header_plan: the header fields that a configuration writes and removes,
 * compiled once per worker, so that a request pays little for them.
 *
 * R1: every name that is written is protected: what comes in under it, in any
 * spelling that folds to it, is removed from requests and trailers. The names
 * of all presets are protected always (cert_headers_protects).
 */
#ifndef MTLSGATE_POLICY_HEADER_PLAN_H
#define MTLSGATE_POLICY_HEADER_PLAN_H

#include "config/config_headers.h"
#include "http/header.h"

struct arena;
struct header_plan;

/* settings are lent and outlive it. NULL: memory. */
struct header_plan *header_plan_new(const struct config_headers *settings)
	__attribute__((warn_unused_result));
void header_plan_free(struct header_plan *plan); /* NULL is ignored */
const struct config_headers *header_plan_settings(
	const struct header_plan *plan);
/* enum config_field_needs of all request headers. */
unsigned header_plan_needs(const struct header_plan *plan);

/* Must an incoming field of that name be removed since we write it? */
bool header_plan_protects(const struct header_plan *plan, struct slice name);
/* ... or since headers.remove says so? */
bool header_plan_removes(const struct header_plan *plan, struct slice name);

/* Headers that mtlsgate writes by itself, unless headers.set does. */
enum header_own {
	HEADER_OWN_REQUEST_ID,
	HEADER_OWN_FORWARDED_FOR,
	HEADER_OWN_FORWARDED_HOST,
	HEADER_OWN_FORWARDED_PROTO,
	HEADER_OWN_FORWARDED,
	HEADER_OWN_COUNT
};
bool header_plan_sets(const struct header_plan *plan, enum header_own own);

/* Does headers.response remove or set a field of that name? */
bool header_plan_edits_response(
	const struct header_plan *plan, struct slice name);
/*
 * headers.response: removes what is to be removed or is set, then adds; texts
 * lie in the arena. false: memory.
 */
bool header_plan_response(const struct header_plan *plan,
	struct header_block *fields, struct arena *arena,
	struct slice request_id) __attribute__((warn_unused_result));
/* The same names leave the origin's trailers (R5); NULL: there are none. */
void header_plan_response_trailers(
	const struct header_plan *plan, struct header_block *trailers);

#endif
