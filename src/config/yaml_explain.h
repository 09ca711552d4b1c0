/*
 * yaml_explain: what libyaml refuses, in words a person can act on.
 */
#ifndef MTLSGATE_CONFIG_YAML_EXPLAIN_H
#define MTLSGATE_CONFIG_YAML_EXPLAIN_H

#include "base/slice.h"

/*
 * theirs: libyaml's text; here: the source from the place on. NULL: nothing
 * better than theirs is known.
 */
const char *yaml_explain(const char *theirs, struct slice here);

#endif
