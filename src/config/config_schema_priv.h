/*
 * config_schema_priv: the lists of words that the table (config_schema.c)
 * names; each ends with NULL. They lie in config_schema_words.c.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_SCHEMA_PRIV_H
#define MTLSGATE_CONFIG_CONFIG_SCHEMA_PRIV_H

#include "config/config_schema.h"

extern const struct config_word config_words_mode[];
extern const struct config_word config_words_auto[];
extern const struct config_word config_words_eku[];
extern const struct config_word config_words_version[];
extern const struct config_word config_words_preset[];
extern const struct config_word config_words_empty[];
extern const struct config_word config_words_alias[];
extern const struct config_word config_words_host[];
extern const struct config_word config_words_forwarded[];
extern const struct config_word config_words_level[];
extern const struct config_word config_words_format[];

#endif
