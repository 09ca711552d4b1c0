#include "http/header.h"

#include <string.h>

#include "base/arena.h"
#include "bytes_priv.h"

static bool header_grow(struct header_block *block, struct arena *arena)
{
	size_t cap = block->cap ? block->cap * 2 : 16;
	struct header_field *fields;

	if (cap > SIZE_MAX / sizeof(*fields) / 2)
		return false;
	fields = arena_alloc(arena, cap * sizeof(*fields));
	if (!fields)
		return false;
	if (block->count)
		memcpy(fields, block->fields, block->count * sizeof(*fields));
	block->fields = fields;
	block->cap = cap;
	return true;
}

bool header_add(struct header_block *block, struct arena *arena,
	struct slice name, struct slice value)
{
	if (block->count == block->cap && !header_grow(block, arena))
		return false;
	block->fields[block->count++] = (struct header_field){name, value};
	block->wire = slice_of(NULL, 0); /* it says less than there is */
	return true;
}

const struct header_field *header_find(
	const struct header_block *block, struct slice name)
{
	for (size_t i = 0; i < block->count; i++) {
		if (slice_eq_nocase(block->fields[i].name, name))
			return &block->fields[i];
	}
	return NULL;
}

size_t header_remove_if(struct header_block *block,
	bool (*drop)(const struct header_field *field, void *arg), void *arg)
{
	size_t kept = 0;
	size_t removed;

	for (size_t i = 0; i < block->count; i++) {
		if (drop(&block->fields[i], arg))
			continue;
		if (kept != i)
			block->fields[kept] = block->fields[i];
		kept++;
	}
	removed = block->count - kept;
	block->count = kept;
	if (removed)
		block->wire = slice_of(NULL, 0); /* it says more than is left */
	return removed;
}

static bool is_named(const struct header_field *field, void *arg)
{
	const struct slice *name = arg;

	return slice_eq_nocase(field->name, *name);
}

size_t header_remove(struct header_block *block, struct slice name)
{
	return header_remove_if(block, is_named, &name);
}

char header_fold_byte(char c)
{
	return byte_is(c, BYTE_ALNUM) ? slice_lower(c) : '-';
}

bool header_folds_to_prefix(struct slice name, struct slice folded_prefix)
{
	if (name.len < folded_prefix.len)
		return false;
	for (size_t i = 0; i < folded_prefix.len; i++) {
		if (header_fold_byte(name.ptr[i]) != folded_prefix.ptr[i])
			return false;
	}
	return true;
}

bool header_folds_to(struct slice name, struct slice folded)
{
	return name.len == folded.len && header_folds_to_prefix(name, folded);
}

bool header_is_alias(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] != '-' && !byte_is(name.ptr[i], BYTE_ALNUM))
			return true;
	}
	return false;
}

bool header_name_valid(struct slice name)
{
	return name.len && bytes_token_span(name.ptr, 0, name.len) == name.len;
}

bool header_value_valid(struct slice value)
{
	return bytes_value_span(value.ptr, 0, value.len) == value.len;
}

/* Any of eight bytes outside 0x20-0x7E: negative, less than 0x20, or 0x7F. A
 * borrow or carry into a neighbour comes from a byte that is bad itself. */
static bool is_any_odd(uint64_t bytes)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);

	return (bytes | (bytes - ones * 0x20) | (bytes + ones)) & ones * 0x80;
}

bool header_value_printable(struct slice value)
{
	uint64_t word;

	for (; value.len >= sizeof(word); value.ptr += sizeof(word)) {
		memcpy(&word, value.ptr, sizeof(word));
		if (is_any_odd(word))
			return false;
		value.len -= sizeof(word);
	}
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] < 0x20 || value.ptr[i] > 0x7E)
			return false;
	}
	return true;
}
