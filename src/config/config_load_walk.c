/* The schema applied: defaults, then every key of the tree. */
#include "config_load_priv.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "config/config_value.h"

/* ---- values ---- */

static void read_number(struct config_loader *loader, struct config_spot spot,
	const struct config_key *key, void *home)
{
	struct config_complaint why;
	uint64_t value;

	if (!config_want_text(loader, spot, "one value"))
		return;
	if (!config_value_parse(key, spot.node->text, &value, &why)) {
		config_complain(loader, spot, "%s", why.what);
		if (why.hint[0])
			config_hint(loader, spot, "%s", why.hint);
		return;
	}
	if (key->size)
		config_value_store(key, home, value);
}

/* A word, or a list that holds one. */
static void read_word_list(struct config_loader *loader,
	struct config_spot spot, const struct config_key *key, void *home)
{
	if (spot.node->kind != YAML_KIND_LIST) {
		read_number(loader, spot, key, home);
		return;
	}
	if (spot.node->count != 1) {
		config_complain(loader, spot,
			"found %zu items, exactly one is accepted today",
			spot.node->count);
		return;
	}
	read_number(loader, config_spot_item(loader, spot, spot.node->first, 0),
		key, home);
}

static void read_default_text(struct config_loader *loader,
	struct config_spot spot, struct config_text *text)
{
	struct config_text read = {0};

	if (!config_text_read(loader, spot, "a text", &read))
		return;
	*text = read;
	if (!strcmp(text->text, "default"))
		text->text = NULL;
}

static void read_path_or_auto(struct config_loader *loader,
	struct config_spot spot, struct config_text *text)
{
	if (!slice_eq(spot.node->text, SLICE("auto")))
		(void)!config_text_path(loader, spot, text);
	else
		*text = (struct config_text){.mark = spot.node->mark};
}

void config_read_name(struct config_loader *loader, struct config_spot spot,
	const char **name)
{
	struct slice text = spot.node->text;
	char shown[CONFIG_SHOWN];

	if (!config_want_text(loader, spot, "a name"))
		return;
	for (size_t i = 0; i < text.len; i++) {
		char c = slice_lower(text.ptr[i]);

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '_')
			continue;
		config_complain(loader, spot,
			"%s is not a name; letters, digits, - and _ are "
			"allowed",
			config_shown(text, shown));
		return;
	}
	if (text.len > 64)
		config_complain(loader, spot, "%s is longer than 64 letters",
			config_shown(text, shown));
	else
		*name = text.ptr;
}

static void read_output(struct config_loader *loader, struct config_spot spot,
	struct config_logging *logging)
{
	struct config_text path = {0};
	char shown[CONFIG_SHOWN];

	if (!config_want_text(loader, spot, "a text"))
		return;
	logging->access_path = NULL;
	if (slice_eq(spot.node->text, SLICE("stdout"))) {
		logging->access_output = ACCESS_STDOUT;
	} else if (slice_eq(spot.node->text, SLICE("stderr"))) {
		logging->access_output = ACCESS_STDERR;
	} else if (slice_find(spot.node->text, '/') == spot.node->text.len) {
		config_complain(loader, spot,
			"%s is not known; allowed are stdout, stderr and a "
			"path with a / in it",
			config_shown(spot.node->text, shown));
	} else if (config_text_path(loader, spot, &path)) {
		logging->access_output = ACCESS_FILE;
		logging->access_path = path.text;
	}
}

bool config_is_end(const struct config_key *key)
{
	return (key->type == CONFIG_TYPE_LIST ||
		       key->type == CONFIG_TYPE_NAMED) &&
	       !strchr(key->path, '.');
}

static void read_inner(struct config_loader *loader, struct config_spot spot,
	const char *prefix)
{
	config_read_map(loader, spot, prefix);
	config_check_required(loader,
		(struct config_spot){spot.node->key, spot.path}, spot.node,
		prefix);
}

static void read_value(struct config_loader *loader, struct config_spot spot,
	const struct config_key *key)
{
	void *home = loader->home[key->home];
	void *place = (char *)home + key->offset;

	assert(home); /* config_load gives every home something */
	switch (key->type) {
	case CONFIG_TYPE_WORD_LIST:
		read_word_list(loader, spot, key, home);
		break;
	case CONFIG_TYPE_TEXT:
		(void)!config_text_read(loader, spot, "a text", place);
		break;
	case CONFIG_TYPE_TEXT_DEFAULT:
		read_default_text(loader, spot, place);
		break;
	case CONFIG_TYPE_PATH:
		(void)!config_text_path(loader, spot, place);
		break;
	case CONFIG_TYPE_PATH_AUTO:
		read_path_or_auto(loader, spot, place);
		break;
	case CONFIG_TYPE_NAME:
		config_read_name(loader, spot, place);
		break;
	case CONFIG_TYPE_WORD_SET:
		config_read_words(loader, spot, key, home);
		break;
	case CONFIG_TYPE_TEXTS:
	case CONFIG_TYPE_PATHS:
		config_read_texts(loader, spot, key, place);
		break;
	case CONFIG_TYPE_PAIRS:
		config_read_pairs(loader, spot, place);
		break;
	case CONFIG_TYPE_ADDRESS:
		config_address_read(loader, spot, home);
		break;
	case CONFIG_TYPE_ADMIN_ADDRESS:
		config_admin_read(loader, spot, &loader->config->admin);
		break;
	case CONFIG_TYPE_ACCESS_OUTPUT:
		read_output(loader, spot, &loader->config->logging);
		break;
	case CONFIG_TYPE_SERVERS:
		config_origin_servers(loader, spot, home);
		break;
	case CONFIG_TYPE_MAP:
		read_inner(
			loader, spot, key->same_as ? key->same_as : key->path);
		break;
	case CONFIG_TYPE_LISTEN:
	case CONFIG_TYPE_URL:
		break; /* read last, by config_walk */
	case CONFIG_TYPE_LIST:
	case CONFIG_TYPE_NAMED:
		if (!config_is_end(key))
			config_read_items(loader, spot, key);
		break;
	default:
		read_number(loader, spot, key, home);
		break;
	}
}

static bool want_map(struct config_loader *loader, struct config_spot spot,
	const char *prefix)
{
	char shown[CONFIG_SHOWN];

	if (spot.node->kind == YAML_KIND_MAP)
		return true;
	if (config_is_nothing(spot.node))
		config_complain(loader, spot, "has no keys in it");
	else if (spot.node->kind == YAML_KIND_TEXT)
		config_complain(loader, spot, "found %s, expected a map",
			config_shown(spot.node->text, shown));
	else
		config_complain(loader, spot, "found a list, expected a map");
	config_note_keys(loader, prefix);
	return false;
}

/* As deep as the schema is, whatever the input. */
void config_read_map(struct config_loader *loader, struct config_spot spot,
	const char *prefix)
{
	if (!want_map(loader, spot, prefix))
		return;
	for (const struct yaml_node *e = spot.node->first; e; e = e->next) {
		const struct config_key *key =
			config_schema_child(prefix, e->key->text);

		if (key)
			read_value(loader, config_spot_below(loader, spot, e),
				key);
		else
			config_unknown_key(loader, prefix, spot, e->key);
	}
}

/* ---- defaults ---- */

/* Each row gets its fallback. */
static void set_defaults(struct config_loader *loader)
{
	for (const struct config_key *key = config_schema_next(NULL); key;
		key = config_schema_next(key)) {
		struct yaml_node node = {
			.mark = config_nowhere(loader),
			.text = slice_str(key->fallback),
		};

		if (key->home != CONFIG_HOME_NONE && key->fallback)
			read_value(loader,
				(struct config_spot){&node, key->path}, key);
	}
}

/* ---- the whole ---- */

void config_walk(struct config_loader *loader)
{
	const struct yaml_node *auth =
		yaml_tree_find(loader->root, "client_auth");

	struct config_listener *base = loader->prototype[CONFIG_HOME_LISTENER];

	set_defaults(loader);
	base->client_auth.mark =
		auth ? auth->key->mark : config_nowhere(loader);
	config_read_map(loader, (struct config_spot){loader->root, ""}, "");
	/* listeners begin with what tls and client_auth say at the top */
	if (loader->root->kind == YAML_KIND_MAP)
		config_read_ends(loader);
}
