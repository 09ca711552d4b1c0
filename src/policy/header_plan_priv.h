/* header_plan: what cert_headers renders from. */
#ifndef MTLSGATE_POLICY_HEADER_PLAN_PRIV_H
#define MTLSGATE_POLICY_HEADER_PLAN_PRIV_H

#include "config/config_field.h"
#include "policy/header_plan.h"

/* One header to write. */
struct header_row {
	struct slice name;
	bool optional; /* left out when empty */
	struct config_template value;
};

struct header_rows {
	struct header_row *items;
	size_t count;
};

/* Folded names, found without looking at most of them. */
struct header_guard {
	uint64_t first;   /* bit: some name begins like that */
	uint64_t lengths; /* bit: some name has that length (modulo 64) */
	struct slice *names;
	size_t count;
};

struct header_plan {
	struct arena *arena; /* this lies in it */
	const struct config_headers *settings;
	struct header_rows lasting; /* the same for a whole connection */
	struct header_rows passing; /* made for each request */
	struct header_rows response;
	size_t parts;   /* pieces of `passing` that last */
	unsigned needs; /* enum config_field_needs */
	unsigned own;   /* bits 1 << enum header_own */
	struct header_guard written;
	struct header_guard removed;
	struct header_guard from_origin; /* headers.response */
};

/* Can it be rendered once per connection? */
static inline bool header_piece_lasts(const struct config_template_piece *piece)
{
	return !piece->field || !(piece->field->needs & FIELD_PER_REQUEST);
}

#endif
