/*
 * config_fold: field names of the configuration, compared as an origin may
 * read them (R1): without case, and every byte that is not a letter or digit
 * counts as '-'. http/header folds what comes from the network the same way.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_FOLD_H
#define MTLSGATE_CONFIG_CONFIG_FOLD_H

#include "base/slice.h"

char config_fold_byte(char c);
bool config_fold_equal(struct slice a, struct slice b);
bool config_fold_starts(struct slice name, struct slice prefix);
/* token, RFC 9110 section 5.6.2 */
bool config_fold_is_name(struct slice name);

#endif
