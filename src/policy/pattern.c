#include "policy/pattern.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"

enum { STAR = 256, ANY };

bool pattern_has_star(struct slice text)
{
	return slice_find(text, '*') < text.len;
}

bool pattern_init(struct pattern *pattern, struct slice text, const char *stops,
	struct arena *arena)
{
	size_t last = text.len, at = 0;

	assert(text.len <= PATTERN_MAX && pattern_has_star(text));
	while (text.ptr[last - 1] != '*')
		last--;
	*pattern = (struct pattern){.text = text,
		.head = slice_head(text, slice_find(text, '*')),
		.tail = slice_from(text, last),
		.stops = stops};
	pattern->tokens =
		arena_alloc(arena, text.len * sizeof(*pattern->tokens));
	if (!pattern->tokens)
		return false;
	while (at < text.len) {
		bool star = text.ptr[at] == '*';
		bool any = star && at + 1 < text.len && text.ptr[at + 1] == '*';

		pattern->tokens[pattern->count++] =
			any    ? ANY
			: star ? STAR
			       : (uint16_t)(unsigned char)text.ptr[at];
		at += any ? 2 : 1;
	}
	return true;
}

/* Which tokens may come next, after each byte of the text. */
struct states {
	bool at[PATTERN_MAX + 1];
};

static void step(const struct pattern *pattern, const struct states *now,
	struct states *next, char c)
{
	bool stop = c && strchr(pattern->stops, c);

	memset(next->at, 0, pattern->count + 1);
	for (size_t i = 0; i < pattern->count; i++) {
		uint16_t token = pattern->tokens[i];

		if (!now->at[i])
			continue;
		if (token == ANY || (token == STAR && !stop))
			next->at[i] = next->at[i + 1] = true;
		else if (token == (unsigned char)c)
			next->at[i + 1] = true;
	}
}

bool pattern_match(const struct pattern *pattern, struct slice text)
{
	struct states a, b;
	struct states *now = &a, *next = &b;

	if (text.len > PATTERN_TEXT_MAX || !slice_starts(text, pattern->head) ||
		!slice_ends(text, pattern->tail))
		return false;
	memset(now->at, 0, pattern->count + 1);
	now->at[0] = true;
	for (size_t i = 0; i < text.len; i++) {
		struct states *spare = now;

		step(pattern, now, next, text.ptr[i]);
		now = next;
		next = spare;
	}
	return now->at[pattern->count];
}
