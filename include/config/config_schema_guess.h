/*
 * config_schema_guess: what somebody meant who wrote what nobody knows.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_SCHEMA_GUESS_H
#define MTLSGATE_CONFIG_CONFIG_SCHEMA_GUESS_H

#include "base/slice.h"

/* What somebody who wrote the unknown `name` below `prefix` may have meant. */
enum config_guess {
	CONFIG_GUESS_NONE,
	CONFIG_GUESS_NEAR,  /* a typing error: `meant` is the key's name */
	CONFIG_GUESS_PLACE, /* the key exists elsewhere: `meant` is its path */
	CONFIG_GUESS_FOREIGN, /* another program's word for our path `meant` */
};
enum config_guess config_schema_guess(
	const char *prefix, struct slice name, const char **meant);

/*
 * Is `text` most likely `word`: at most two typing errors away (a missing, an
 * extra, a wrong letter, two swapped), and not more than half of the word?
 * Returns the distance, SIZE_MAX when not.
 */
size_t config_near(struct slice text, struct slice word);

#endif
