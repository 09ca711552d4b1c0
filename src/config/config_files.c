#include "config/config_files.h"

#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "config/config_schema.h"

enum { PREFIX_MAX = 128 };

struct visitor {
	bool (*visit)(void *arg, const char *path);
	void *arg;
	const void *home[CONFIG_HOME_COUNT];
};

static bool visit_map(struct visitor *v, const char *prefix);

static bool visit_text(struct visitor *v, const struct config_text *text)
{
	return !text->text || v->visit(v->arg, text->text);
}

static bool visit_texts(struct visitor *v, const struct config_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++) {
		if (!visit_text(v, &texts->items[i]))
			return false;
	}
	return true;
}

static bool visit_items(struct visitor *v, const struct config_key *key)
{
	const char *home = v->home[key->home], *items;
	const void *before = v->home[key->item];
	char prefix[PREFIX_MAX];
	size_t count;
	bool ok = true;

	memcpy(&items, home + key->offset, sizeof(items));
	memcpy(&count, home + key->count_offset, sizeof(count));
	snprintf(prefix, sizeof(prefix), "%s%s",
		key->same_as ? key->same_as : key->path,
		key->type == CONFIG_TYPE_NAMED ? ".*" : "[]");
	for (size_t i = 0; ok && i < count; i++) {
		v->home[key->item] = items + i * key->item_size;
		ok = visit_map(v, prefix);
	}
	v->home[key->item] = before;
	return ok;
}

static bool visit_key(struct visitor *v, const struct config_key *key)
{
	const void *place = (const char *)v->home[key->home] + key->offset;

	switch (key->type) {
	case CONFIG_TYPE_PATH:
	case CONFIG_TYPE_PATH_AUTO:
		return visit_text(v, place);
	case CONFIG_TYPE_PATHS:
		return visit_texts(v, place);
	case CONFIG_TYPE_LIST:
	case CONFIG_TYPE_NAMED:
		return visit_items(v, key);
	case CONFIG_TYPE_MAP:
		return visit_map(v, key->same_as ? key->same_as : key->path);
	default:
		return true;
	}
}

/* As deep as the schema is. What listeners have from the top is theirs. */
static bool visit_map(struct visitor *v, const char *prefix)
{
	const struct config_key *key = NULL;

	while ((key = config_schema_next(key))) {
		bool at_the_top = key->shorthand && !*prefix;

		if (config_schema_is_child(prefix, key) && !at_the_top &&
			!visit_key(v, key))
			return false;
	}
	return true;
}

bool config_files_each(const struct config *config,
	bool (*visit)(void *arg, const char *path), void *arg)
{
	struct visitor v = {.visit = visit,
		.arg = arg,
		.home[CONFIG_HOME_NONE] = config,
		.home[CONFIG_HOME_CONFIG] = config};

	return visit_map(&v, "");
}
