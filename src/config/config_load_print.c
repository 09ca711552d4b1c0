/* The configuration in force, as YAML that loads to the same again. */
#include "config/config_load.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "config/config_schema.h"
#include "config/config_value.h"

struct printer {
	struct buf *out;
	const void *home[CONFIG_HOME_COUNT];
	bool dash; /* the next line begins an item of a list */
	bool failed;
};

enum { COMMENT_COLUMN = 40 };

static void put(struct printer *p, struct slice bytes)
{
	if (!p->failed && !buf_append(p->out, bytes))
		p->failed = true;
}

static void put_str(struct printer *p, const char *text)
{
	put(p, slice_str(text));
}

static void put_blanks(struct printer *p, size_t n)
{
	while (n--)
		put_str(p, " ");
}

/* In double quotes: the loader took printable text only. */
static void put_quoted(struct printer *p, const char *text)
{
	put_str(p, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			put_str(p, "\\");
		put(p, slice_of(text, 1));
	}
	put_str(p, "\"");
}

static void put_indent(struct printer *p, size_t depth)
{
	if (p->dash) {
		put_blanks(p, 2 * depth - 2);
		put_str(p, "- ");
		p->dash = false;
		return;
	}
	put_blanks(p, 2 * depth);
}

static const char *name_of(const struct config_key *key)
{
	const char *dot = strrchr(key->path, '.');

	return dot ? dot + 1 : key->path;
}

/* ---- one value ---- */

/* Where the value lies: each key that is not a map has a home. */
static const void *place_of(
	const struct printer *p, const struct config_key *key)
{
	const char *home = p->home[key->home];

	assert(home);
	return home + key->offset;
}

static const char *output_of(const struct config_logging *logging)
{
	if (logging->access_output == ACCESS_FILE)
		return logging->access_path;
	return logging->access_output == ACCESS_STDOUT ? "stdout" : "stderr";
}

static const char *admin_of(const struct config_admin *admin)
{
	return admin->enabled ? admin->address_text.text : "none";
}

/* The text of a value that is no number; NULL: not set. */
static const char *text_of(
	const struct printer *p, const struct config_key *key)
{
	const void *place = place_of(p, key);
	const char *text;

	switch (key->type) {
	case CONFIG_TYPE_NAME:
		return *(const char *const *)place;
	case CONFIG_TYPE_ADDRESS:
		return ((const struct config_listener *)place)
			->address_text.text;
	case CONFIG_TYPE_SERVERS:
		return ((const struct config_origin *)place)->url.text;
	case CONFIG_TYPE_ADMIN_ADDRESS:
		return admin_of(&((const struct config *)place)->admin);
	case CONFIG_TYPE_ACCESS_OUTPUT:
		return output_of(&((const struct config *)place)->logging);
	case CONFIG_TYPE_TEXT_DEFAULT:
		text = ((const struct config_text *)place)->text;
		return text ? text : "default";
	case CONFIG_TYPE_PATH_AUTO:
		text = ((const struct config_text *)place)->text;
		return text ? text : "auto";
	default:
		return ((const struct config_text *)place)->text;
	}
}

/* Words stay bare, what is the user's own stands in quotes. */
static void put_text(struct printer *p, const struct config_key *key)
{
	const char *text = text_of(p, key);

	if (!strcmp(text, "none") || !strcmp(text, "default") ||
		!strcmp(text, "auto") || !strcmp(text, "stdout") ||
		!strcmp(text, "stderr"))
		put_str(p, text);
	else
		put_quoted(p, text);
}

static void put_texts(struct printer *p, const struct config_texts *texts)
{
	put_str(p, "[");
	for (size_t i = 0; i < texts->count; i++) {
		if (i)
			put_str(p, ", ");
		put_quoted(p, texts->items[i].text);
	}
	put_str(p, "]");
}

static void put_servers(struct printer *p, const struct config_origin *origin)
{
	char weight[32];

	put_str(p, "[");
	for (size_t i = 0; i < origin->server_count; i++) {
		const struct config_server *one = &origin->servers[i];

		put_str(p, i ? ", " : "");
		if (one->weight == 1) {
			put_quoted(p, one->url.text);
			continue;
		}
		put_str(p, "{url: ");
		put_quoted(p, one->url.text);
		snprintf(weight, sizeof(weight), ", weight: %u}", one->weight);
		put_str(p, weight);
	}
	put_str(p, "]");
}

static uint64_t number_of(const struct printer *p, const struct config_key *key)
{
	if (!key->size)
		return key->min; /* not stored: there is only one */
	return config_value_load(key, p->home[key->home]);
}

static size_t count_of(const struct printer *p, const struct config_key *key)
{
	const char *home = p->home[key->home];
	size_t count;

	memcpy(&count, home + key->count_offset, sizeof(count));
	return count;
}

static bool is_map_set(const struct printer *p, const char *prefix);

static bool is_set(const struct printer *p, const struct config_key *key)
{
	if (config_value_is_number(key))
		return !key->optional || number_of(p, key);
	switch (key->type) {
	case CONFIG_TYPE_TEXTS:
	case CONFIG_TYPE_PATHS:
		return ((const struct config_texts *)place_of(p, key))->count;
	case CONFIG_TYPE_PAIRS:
		return ((const struct config_pairs *)place_of(p, key))->count;
	case CONFIG_TYPE_LIST:
	case CONFIG_TYPE_NAMED:
		return count_of(p, key);
	case CONFIG_TYPE_MAP:
		return is_map_set(p, key->same_as ? key->same_as : key->path);
	default:
		return text_of(p, key) != NULL;
	}
}

/* As deep as the schema is. */
static bool is_map_set(const struct printer *p, const char *prefix)
{
	const struct config_key *key = NULL;

	while ((key = config_schema_next(key))) {
		if (config_schema_is_child(prefix, key) && !key->shorthand &&
			is_set(p, key))
			return true;
	}
	return false;
}

static bool is_default(const struct printer *p, const struct config_key *key)
{
	struct config_complaint unused;
	uint64_t fallback;

	if (key->same_as && config_value_is_number(key))
		return number_of(p, key) ==
		       number_of(p, config_schema_find(key->same_as));
	if (!key->fallback)
		return !is_set(p, key);
	if (config_value_is_number(key))
		return config_value_parse(key, slice_str(key->fallback),
			       &fallback, &unused) &&
		       fallback == number_of(p, key);
	return text_of(p, key) && !strcmp(text_of(p, key), key->fallback);
}

static void put_value(struct printer *p, const struct config_key *key)
{
	char text[CONFIG_VALUE_TEXT];

	if (config_value_is_number(key)) {
		config_value_format(key, number_of(p, key), text);
		put_str(p, text);
	} else if (key->type == CONFIG_TYPE_PATHS ||
		   key->type == CONFIG_TYPE_TEXTS) {
		put_texts(p, place_of(p, key));
	} else if (key->type == CONFIG_TYPE_SERVERS) {
		put_servers(p, place_of(p, key));
	} else {
		put_text(p, key);
	}
}

static void put_line(
	struct printer *p, const struct config_key *key, size_t depth)
{
	size_t begin = p->out->len;
	bool set = is_set(p, key);

	put_indent(p, depth);
	if (!set)
		put_str(p, "# ");
	put_str(p, name_of(key));
	put_str(p, ": ");
	if (set)
		put_value(p, key);
	else
		put_str(p, "(not set)");
	if (is_default(p, key)) {
		size_t width = p->out->len - begin;

		put_blanks(
			p, width < COMMENT_COLUMN ? COMMENT_COLUMN - width : 1);
		put_str(p, "# default");
	}
	put_str(p, "\n");
}

/* ---- maps ---- */

static void put_map(struct printer *p, const char *prefix, size_t depth);

/* Names are the user's own. */
static void put_pairs(
	struct printer *p, const struct config_key *key, size_t depth)
{
	const struct config_pairs *pairs = place_of(p, key);

	for (size_t i = 0; i < pairs->count; i++) {
		put_indent(p, depth);
		put_quoted(p, pairs->items[i].name.text);
		put_str(p, ": ");
		put_quoted(p, pairs->items[i].value.text);
		put_str(p, "\n");
	}
}

static void put_items(
	struct printer *p, const struct config_key *key, size_t depth)
{
	const void *before = p->home[key->item];
	bool named = key->type == CONFIG_TYPE_NAMED;
	char prefix[128];
	const char *items;

	snprintf(prefix, sizeof(prefix), "%s%s",
		key->same_as ? key->same_as : key->path, named ? ".*" : "[]");
	memcpy(&items, place_of(p, key), sizeof(items));
	for (size_t i = 0; i < count_of(p, key); i++) {
		const char *item = items + i * key->item_size;
		const char *name;

		p->home[key->item] = item;
		p->dash = !named;
		if (named) {
			memcpy(&name, item + key->name_offset, sizeof(name));
			put_indent(p, depth);
			put_quoted(p, name);
			put_str(p, ":\n");
		}
		put_map(p, prefix, depth + 1);
	}
	p->home[key->item] = before;
}

static bool has_lines(const struct config_key *key)
{
	return key->type == CONFIG_TYPE_MAP || key->type == CONFIG_TYPE_LIST ||
	       key->type == CONFIG_TYPE_NAMED || key->type == CONFIG_TYPE_PAIRS;
}

static void put_key(
	struct printer *p, const struct config_key *key, size_t depth)
{
	if (!is_set(p, key) && key->quiet)
		return;
	if (!has_lines(key) || !is_set(p, key)) {
		put_line(p, key, depth);
		return;
	}
	put_indent(p, depth);
	put_str(p, name_of(key));
	put_str(p, ":\n");
	if (key->type == CONFIG_TYPE_MAP)
		put_map(p, key->same_as ? key->same_as : key->path, depth + 1);
	else if (key->type == CONFIG_TYPE_PAIRS)
		put_pairs(p, key, depth + 1);
	else
		put_items(p, key, depth + 1);
}

static void put_map(struct printer *p, const char *prefix, size_t depth)
{
	for (const struct config_key *key = config_schema_next(NULL); key;
		key = config_schema_next(key)) {
		if (config_schema_is_child(prefix, key) && !key->shorthand)
			put_key(p, key, depth);
	}
}

bool config_print(const struct config *config, struct buf *out)
{
	struct printer p = {
		.out = out,
		.home[CONFIG_HOME_CONFIG] = config,
		.home[CONFIG_HOME_NONE] = config,
	};

	put_map(&p, "", 0);
	return !p.failed;
}
