/*
 * text_set: a set of byte strings, filled once, then only asked.
 *
 * Comparison is by length and bytes; NUL is a byte like any other. Asking
 * costs the same for one text and for ten thousand. Lives in an arena.
 */
#ifndef MTLSGATE_POLICY_TEXT_SET_H
#define MTLSGATE_POLICY_TEXT_SET_H

#include "base/slice.h"

struct arena;

struct text_set {            /* zeroed: an empty set */
	struct slice *slots; /* ptr NULL: free */
	uint32_t *numbers;   /* of the same slots */
	size_t mask;         /* slots - 1; 0: none yet */
	size_t count;
};

/* Room for count texts. false: memory. */
bool text_set_init(struct text_set *set, struct arena *arena, size_t count)
	__attribute__((warn_unused_result));
/*
 * Adds a text (lent) with a number; at most as many as there is room for. A
 * text that is there keeps its number. Returns the number that it has now.
 */
uint32_t text_set_add(struct text_set *set, struct slice text, uint32_t number);
bool text_set_has(const struct text_set *set, struct slice text);
/* false: not there. */
bool text_set_find(
	const struct text_set *set, struct slice text, uint32_t *number);

#endif
