/* Values that are several: texts, words, pairs, lists and maps of maps. */
#include "config_load_priv.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "config/config_value.h"

enum { PREFIX_MAX = 128 };

/* ---- texts ---- */

static bool read_one(struct config_loader *loader, struct config_spot spot,
	const struct config_key *key, struct config_text *text)
{
	if (key->type == CONFIG_TYPE_PATHS)
		return config_text_path(loader, spot, text);
	return config_text_read(loader, spot, "a text", text);
}

void config_read_texts(struct config_loader *loader, struct config_spot spot,
	const struct config_key *key, struct config_texts *texts)
{
	const struct yaml_node *node = spot.node;
	bool list = node->kind == YAML_KIND_LIST;
	size_t count = list ? node->count : 1, index = 0;

	*texts = (struct config_texts){0};
	if (!count && (key->filled || key->type == CONFIG_TYPE_PATHS))
		config_complain(loader, spot, "the list is empty");
	if (!count)
		return;
	texts->items =
		arena_zalloc(loader->arena, count * sizeof(*texts->items));
	if (!texts->items) {
		config_no_memory(loader);
		return;
	}
	texts->count = count;
	if (!list) {
		(void)!read_one(loader, spot, key, texts->items);
		return;
	}
	for (node = node->first; node; node = node->next, index++)
		(void)!read_one(loader,
			config_spot_item(loader, spot, node, index), key,
			&texts->items[index]);
}

/* ---- words ---- */

static void read_word(struct config_loader *loader, struct config_spot spot,
	const struct config_key *key, uint64_t *set)
{
	struct config_complaint why;
	char shown[CONFIG_SHOWN];
	uint64_t bit;

	if (!config_want_text(loader, spot, "a word"))
		return;
	if (!config_value_parse(key, spot.node->text, &bit, &why)) {
		config_complain(loader, spot, "%s", why.what);
		if (why.hint[0])
			config_hint(loader, spot, "%s", why.hint);
	} else if (*set & bit) {
		config_complain(loader, spot, "%s stands there twice",
			config_shown(spot.node->text, shown));
	} else {
		*set |= bit;
	}
}

void config_read_words(struct config_loader *loader, struct config_spot spot,
	const struct config_key *key, void *home)
{
	const struct yaml_node *node = spot.node;
	uint64_t set = 0;
	size_t index = 0;

	if (node->kind != YAML_KIND_LIST) {
		read_word(loader, spot, key, &set);
	} else if (!node->count) {
		config_complain(loader, spot, "the list is empty");
	} else {
		for (node = node->first; node; node = node->next, index++)
			read_word(loader,
				config_spot_item(loader, spot, node, index),
				key, &set);
	}
	config_value_store(key, home, set);
}

/* ---- pairs ---- */

void config_read_pairs(struct config_loader *loader, struct config_spot spot,
	struct config_pairs *pairs)
{
	struct config_pair *pair;

	*pairs = (struct config_pairs){0};
	if (spot.node->kind != YAML_KIND_MAP) {
		config_complain(loader, spot,
			"expected a map, like {name: "
			"value}");
		return;
	}
	if (!spot.node->count)
		return;
	pair = arena_zalloc(loader->arena, spot.node->count * sizeof(*pair));
	if (!pair) {
		config_no_memory(loader);
		return;
	}
	*pairs = (struct config_pairs){pair, spot.node->count};
	for (const struct yaml_node *e = spot.node->first; e; e = e->next) {
		struct config_spot one = config_spot_below(loader, spot, e);
		struct config_spot name = {e->key, one.path};

		(void)!config_text_read(loader, name, "a name", &pair->name);
		(void)!config_text_read(loader, one, "a text", &pair->value);
		pair++;
	}
}

/* ---- maps, several ---- */

void *config_new_items(struct config_loader *loader,
	const struct config_key *key, size_t count)
{
	char *home = loader->home[key->home];
	char *items = arena_alloc(loader->arena, count * key->item_size);

	assert(home && loader->prototype[key->item]);
	if (!items)
		return config_no_memory(loader);
	for (size_t i = 0; i < count; i++)
		memcpy(items + i * key->item_size, loader->prototype[key->item],
			key->item_size);
	memcpy(home + key->offset, &items, sizeof(items));
	memcpy(home + key->count_offset, &count, sizeof(count));
	return items;
}

static bool want_items(struct config_loader *loader, struct config_spot spot,
	const struct config_key *key)
{
	bool named = key->type == CONFIG_TYPE_NAMED;
	enum yaml_kind kind = named ? YAML_KIND_MAP : YAML_KIND_LIST;

	if (spot.node->kind == kind && spot.node->count)
		return true;
	config_complain(loader, spot, "expected a %s, like %s",
		named ? "map of names" : "list of maps", key->sample);
	return false;
}

static const char **name_of(const struct config_key *key, char *item)
{
	return (const char **)(void *)(item + key->name_offset);
}

/* A name stands once in its list; that of a map is kept by the tree. */
static void check_twice(struct config_loader *loader, struct config_spot spot,
	const struct config_key *key, char *items, size_t index)
{
	const char *name = *name_of(key, items + index * key->item_size);
	char shown[CONFIG_SHOWN];

	for (size_t i = 0; i < index; i++) {
		if (strcmp(*name_of(key, items + i * key->item_size), name) !=
			0)
			continue;
		config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			spot.node->mark,
			"%s.name: %s is the name of %s[%zu], too", spot.path,
			config_shown(slice_str(name), shown), key->path, i);
		return;
	}
}

static void name_item(struct config_loader *loader, struct config_spot spot,
	const struct config_key *key, char *items, size_t index)
{
	const char **name = name_of(key, items + index * key->item_size);

	if (!*name)
		*name = arena_printf(
			loader->arena, "%s%zu", key->item_word, index + 1);
	if (!*name) {
		config_no_memory(loader);
		*name = "";
	}
	check_twice(loader, spot, key, items, index);
}

void config_check_required(struct config_loader *loader,
	struct config_spot spot, const struct yaml_node *map,
	const char *prefix)
{
	const struct config_key *key = NULL;

	if (map->kind != YAML_KIND_MAP)
		return;
	while ((key = config_schema_next(key))) {
		const char *name = strrchr(key->path, '.');

		if (key->required && config_schema_is_child(prefix, key) &&
			name && !yaml_tree_find(map, name + 1))
			config_complain(loader, spot, "has no %s", name + 1);
	}
}

/* One item; e: its node. */
static void read_item(struct config_loader *loader, struct config_spot spot,
	const struct config_key *key, const struct yaml_node *e, char *items,
	size_t index)
{
	bool named = key->type == CONFIG_TYPE_NAMED;
	struct config_spot one =
		named ? config_spot_below(loader, spot, e)
		      : config_spot_item(loader, spot, e, index);
	struct config_spot head = {named ? e->key : e, one.path};
	char *item = items + index * key->item_size;
	char prefix[PREFIX_MAX];

	snprintf(prefix, sizeof(prefix), "%s%s",
		key->same_as ? key->same_as : key->path, named ? ".*" : "[]");
	memcpy(item + key->mark_offset, &head.node->mark,
		sizeof(head.node->mark));
	loader->home[key->item] = item;
	if (named) {
		*name_of(key, item) = "";
		config_read_name(loader, head, name_of(key, item));
	}
	config_read_map(loader, one, prefix);
	config_check_required(loader, head, e, prefix);
	if (!named && key->item_word)
		name_item(loader, head, key, items, index);
}

void config_read_items(struct config_loader *loader, struct config_spot spot,
	const struct config_key *key)
{
	void *before = loader->home[key->item];
	size_t index = 0;
	char *items;

	if (!want_items(loader, spot, key))
		return;
	items = config_new_items(loader, key, spot.node->count);
	if (!items)
		return;
	for (const struct yaml_node *e = spot.node->first; e; e = e->next)
		read_item(loader, spot, key, e, items, index++);
	loader->home[key->item] = before;
}
