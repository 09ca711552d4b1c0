/*
 * config_value: numbers and words of the configuration, text <-> value.
 *
 * Pure functions over a row of the schema. A complaint is what stands behind
 * "path: " in an error: what was found, what is allowed.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_VALUE_H
#define MTLSGATE_CONFIG_CONFIG_VALUE_H

#include "base/slice.h"

struct config_key;

enum { CONFIG_VALUE_TEXT = 192, CONFIG_SHOWN = 96 };

struct config_complaint {
	char what[320];
	char hint[96]; /* empty: none */
};

/* Is the value of this key a number (stored with config_value_store)? */
bool config_value_is_number(const struct config_key *key);

/* false: complaint is filled. */
bool config_value_parse(const struct config_key *key, struct slice text,
	uint64_t *value, struct config_complaint *complaint)
	__attribute__((warn_unused_result));
/* The text that parses to value, in the largest unit that fits well. */
void config_value_format(const struct config_key *key, uint64_t value,
	char out[CONFIG_VALUE_TEXT]);

/* To and from key's place in its home (the struct that holds it). */
void config_value_store(
	const struct config_key *key, void *home, uint64_t value);
uint64_t config_value_load(const struct config_key *key, const void *home);

/* text in quotes for a message, cut when it is long. */
const char *config_shown(struct slice text, char out[CONFIG_SHOWN]);

#endif
