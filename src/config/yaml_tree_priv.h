/*
 * yaml_tree_priv: what libyaml refuses, in words a person can act on
 * (yaml_tree_explain.c).
 */
#ifndef MTLSGATE_CONFIG_YAML_TREE_PRIV_H
#define MTLSGATE_CONFIG_YAML_TREE_PRIV_H

#include "base/slice.h"

/*
 * theirs: libyaml's text; here: the source from the place on; line: the line
 * of the place. NULL: nothing better than theirs is known.
 */
const char *yaml_tree_explain(
	const char *theirs, struct slice here, struct slice line);

#endif
