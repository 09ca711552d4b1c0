/*
 * yaml_tree: one YAML document as a tree of nodes that remember their place.
 *
 * A strict part of YAML: one document, maps with text keys, lists, text. No
 * anchors, aliases, tags, merge keys, directives or second document; a key
 * stands once in its map. What a text means (number, duration, word) is the
 * business of the schema. libyaml is seen by yaml_tree.c alone.
 *
 * The work is bounded before it is done (R17): size, depth and count below.
 */
#ifndef MTLSGATE_CONFIG_YAML_TREE_H
#define MTLSGATE_CONFIG_YAML_TREE_H

#include "config/config.h"

struct arena;
struct config_problems;

enum {
	YAML_TREE_SIZE = 1 << 20,  /* bytes of a file */
	YAML_TREE_DEPTH = 32,      /* maps and lists within each other */
	YAML_TREE_NODES = 1 << 16, /* keys and values of a file */
};

enum yaml_kind { YAML_KIND_TEXT, YAML_KIND_LIST, YAML_KIND_MAP };

struct yaml_node {
	enum yaml_kind kind;
	struct config_mark mark;
	size_t width;                /* columns it takes; 0: several lines */
	struct slice text;           /* of a TEXT; a NUL stands behind it */
	bool quoted;                 /* of a TEXT */
	bool twice;                  /* its key stood there before */
	const struct yaml_node *key; /* of a value in a map, else NULL */
	struct yaml_node *first;     /* of a LIST or MAP: its values */
	struct yaml_node *next;
	size_t count;
};

/*
 * Parses text. What is wrong goes to problems (lent). Nodes lie in the arena;
 * `file` is lent for as long. NULL: no tree could be made. A tree may come
 * back although a problem was added (keys given twice: the first counts).
 */
const struct yaml_node *yaml_tree_parse(struct arena *arena, struct slice text,
	const char *file, struct config_problems *problems)
	__attribute__((warn_unused_result));

/* The value of a key of a map; NULL when there is none or it is no map. */
const struct yaml_node *yaml_tree_find(
	const struct yaml_node *map, const char *key);
/* The same down a path of keys, "limits.body". */
const struct yaml_node *yaml_tree_find_path(
	const struct yaml_node *map, const char *path);
/* Where a value is best pointed at: its key, or itself when it has none. */
struct config_mark yaml_tree_key_mark(const struct yaml_node *node);

#endif
