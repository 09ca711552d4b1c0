/*
 * header: a block of ordered fields.
 *
 * Names and values are slices of memory that outlives the block (the arena of
 * the exchange, or a connection's own header bytes). Lookup is linear: heads
 * are short. Names compare as RFC 9110 section 5.1 says, without case.
 */
#ifndef MTLSGATE_HTTP_HEADER_H
#define MTLSGATE_HTTP_HEADER_H

#include "base/slice.h"

struct arena;

struct header_field {
	struct slice name;
	struct slice value;
};

struct header_block {
	struct header_field *fields;
	size_t count;
	size_t cap;
	/*
	 * The HTTP/1 bytes of all fields when rendered ahead, each line with
	 * its CR LF, else empty. Emptied by every change of the block.
	 */
	struct slice wire;
};

/* Adds at the end; names and values are lent. false: memory. */
bool header_add(struct header_block *block, struct arena *arena,
	struct slice name, struct slice value)
	__attribute__((warn_unused_result));
/* First field of that name; NULL when there is none. */
const struct header_field *header_find(
	const struct header_block *block, struct slice name);
/* Removes every field for which drop() is true; order stays. */
size_t header_remove_if(struct header_block *block,
	bool (*drop)(const struct header_field *field, void *arg), void *arg);
size_t header_remove(struct header_block *block, struct slice name);

/*
 * Folding (R1): lower-case, and every byte that is not a letter or digit
 * becomes '-'. "X_Cert.Verify" folds to "x-cert-verify".
 */
char header_fold_byte(char c);
/* Does name, folded, equal / start with `folded` (already folded)? */
bool header_folds_to(struct slice name, struct slice folded);
bool header_folds_to_prefix(struct slice name, struct slice folded_prefix);
/* Does the name hold a byte besides letters, digits and '-'? (R2) */
bool header_is_alias(struct slice name);

/* token, RFC 9110 section 5.6.2 */
bool header_name_valid(struct slice name);
/* field-value bytes: 0x20-0x7E, 0x80-0xFF, HTAB (RFC 9110 section 5.5). */
bool header_value_valid(struct slice value);
/* 0x20-0x7E only: what we write ourselves (R6). */
bool header_value_printable(struct slice value);

#endif
