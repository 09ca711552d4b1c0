/*
 * pattern: a text with `*` and `**` in it.
 *
 * `*` stands for one or more bytes up to the next stop byte (the dots of a
 * name, the slashes of a URI), `**` for one or more bytes of any kind. All
 * other bytes stand for themselves. The time is bounded by the lengths of
 * pattern and text multiplied, whatever they hold.
 */
#ifndef MTLSGATE_POLICY_PATTERN_H
#define MTLSGATE_POLICY_PATTERN_H

#include "base/slice.h"

struct arena;

enum { PATTERN_MAX = 255, PATTERN_TEXT_MAX = 2048 };

struct pattern {
	struct slice text; /* as written, lent */
	struct slice head; /* literal bytes before the first star */
	struct slice tail; /* ... and behind the last one */
	uint16_t *tokens;  /* all of it: bytes and stars */
	size_t count;
	const char *stops; /* bytes that `*` does not stand for */
};

bool pattern_has_star(struct slice text);
/*
 * text: at most PATTERN_MAX bytes, with a star in it; stops: lent. false:
 * memory.
 */
bool pattern_init(struct pattern *pattern, struct slice text, const char *stops,
	struct arena *arena) __attribute__((warn_unused_result));
/* Never true for a text of more than PATTERN_TEXT_MAX bytes. */
bool pattern_match(const struct pattern *pattern, struct slice text);

#endif
