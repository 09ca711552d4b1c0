/*
 * config_value_priv: what config_value.c and its numbers with a unit
 * (config_value_quantity.c) share.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_VALUE_PRIV_H
#define MTLSGATE_CONFIG_CONFIG_VALUE_PRIV_H

#include "config/config_value.h"

/* Fills what: the text in quotes, a blank, the words. Returns false. */
bool config_value_complain(struct config_complaint *c, struct slice text,
	const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Complains of a value out of range; value: 0 or anything else. */
bool config_value_range(const struct config_key *key, struct slice text,
	uint64_t value, struct config_complaint *c);
/* false: complained. */
bool config_value_in_range(const struct config_key *key, struct slice text,
	uint64_t value, struct config_complaint *c);
/* How many digits text begins with. */
size_t config_value_digits(struct slice text);

/* Has the value of this key a unit? */
bool config_quantity_is(const struct config_key *key);
bool config_quantity_parse(const struct config_key *key, struct slice text,
	uint64_t *value, struct config_complaint *c);
void config_quantity_format(const struct config_key *key, uint64_t value,
	char out[CONFIG_VALUE_TEXT]);

#endif
