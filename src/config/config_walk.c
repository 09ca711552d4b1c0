/* The schema applied: defaults, then every key of the tree. */
#include "config_load_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "config/config_value.h"

/* ---- complaints ---- */

void config_complain(struct config_loader *loader, struct config_spot spot,
	const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
		spot.node->mark, "%s%s%s", spot.path, *spot.path ? ": " : "",
		text);
}

void config_hint(struct config_loader *loader, struct config_spot spot,
	const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	config_problem_hint(loader->problems, spot.node->width, "%s", text);
}

struct config_mark config_nowhere(const struct config_loader *loader)
{
	return (struct config_mark){.file = loader->file};
}

void *config_no_memory(struct config_loader *loader)
{
	config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_INTERNAL,
		config_nowhere(loader), "out of memory");
	return NULL;
}

static const char *kind_name(const struct yaml_node *node)
{
	static const char *const names[] = {"a text", "a list", "a map"};

	return names[node->kind];
}

static bool is_nothing(const struct yaml_node *node)
{
	return node->kind == YAML_KIND_TEXT && !node->quoted &&
	       (!node->text.len || slice_eq(node->text, SLICE("~")) ||
		       slice_eq(node->text, SLICE("null")));
}

bool config_want_text(struct config_loader *loader, struct config_spot spot,
	const char *expected)
{
	if (is_nothing(spot.node))
		config_complain(loader, spot, "has no value");
	else if (spot.node->kind != YAML_KIND_TEXT)
		config_complain(loader, spot, "found %s, expected %s",
			kind_name(spot.node), expected);
	else if (!spot.node->text.len)
		config_complain(loader, spot, "is empty");
	else
		return true;
	return false;
}

/* "a.b", or "b" at the top */
static struct config_spot below(struct config_loader *loader,
	struct config_spot parent, const struct yaml_node *node)
{
	struct config_spot spot = {.node = node};

	spot.path = arena_printf(loader->arena, "%s%s%.*s", parent.path,
		*parent.path ? "." : "",
		SLICE_FMT(slice_head(node->key->text, 64)));
	if (!spot.path) {
		config_no_memory(loader);
		spot.path = "";
	}
	return spot;
}

static struct config_spot item(struct config_loader *loader,
	struct config_spot parent, const struct yaml_node *node, size_t index)
{
	struct config_spot spot = {.node = node};

	spot.path = arena_printf(loader->arena, "%s[%zu]", parent.path, index);
	if (!spot.path) {
		config_no_memory(loader);
		spot.path = "";
	}
	return spot;
}

/* ---- keys that nobody knows ---- */

static void note_keys(struct config_loader *loader, const char *prefix)
{
	char text[512] = "";
	size_t len = 0;

	for (const struct config_key *key = config_schema(); key->path; key++) {
		const char *dot = strrchr(key->path, '.');
		int n;

		if (!config_schema_is_child(prefix, key))
			continue;
		n = snprintf(text + len, sizeof(text) - len, "%s%s",
			len ? ", " : "", dot ? dot + 1 : key->path);
		len += n > 0 ? (size_t)n : 0;
		if (len >= sizeof(text))
			return;
	}
	config_problem_note(loader->problems, "the keys here are %s", text);
}

static void unknown_key(struct config_loader *loader, const char *prefix,
	struct config_spot parent, const struct yaml_node *key)
{
	const char *meant;
	char shown[CONFIG_SHOWN];
	struct config_spot spot = {.node = key, .path = ""};

	config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
		key->mark, "unknown key %s%s%s", config_shown(key->text, shown),
		*parent.path ? " in " : "", parent.path);
	switch (config_schema_guess(prefix, key->text, &meant)) {
	case CONFIG_GUESS_NEAR:
	case CONFIG_GUESS_FOREIGN:
		config_hint(loader, spot, "did you mean \"%s\"?", meant);
		break;
	case CONFIG_GUESS_PLACE:
		config_hint(loader, spot, "its place is \"%s\"", meant);
		break;
	case CONFIG_GUESS_NONE:
		note_keys(loader, prefix);
		break;
	}
}

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
	read_number(loader, item(loader, spot, spot.node->first, 0), key, home);
}

static void read_default_text(struct config_loader *loader,
	struct config_spot spot, struct config_text *text)
{
	struct config_text read = {0};

	if (!config_text_read(loader, spot, &read))
		return;
	*text = read;
	if (!strcmp(text->text, "default"))
		text->text = NULL;
}

static void read_name(struct config_loader *loader, struct config_spot spot,
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

/* One path, or a list of paths. */
static void read_paths(struct config_loader *loader, struct config_spot spot,
	struct config_texts *texts)
{
	const struct yaml_node *node = spot.node;
	bool list = node->kind == YAML_KIND_LIST;
	size_t count = list ? node->count : 1, index = 0;

	*texts = (struct config_texts){0};
	if (!count) {
		config_complain(loader, spot, "the list is empty");
		return;
	}
	texts->items =
		arena_zalloc(loader->arena, count * sizeof(*texts->items));
	if (!texts->items) {
		config_no_memory(loader);
		return;
	}
	texts->count = count;
	if (!list) {
		(void)!config_text_path(loader, spot, texts->items);
		return;
	}
	for (node = node->first; node; node = node->next, index++)
		(void)!config_text_path(loader, item(loader, spot, node, index),
			&texts->items[index]);
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

static void read_servers(struct config_loader *loader, struct config_spot spot,
	struct config_origin *origin)
{
	const struct yaml_node *node = spot.node;

	origin->url.text = ""; /* given, if only wrongly */
	if (node->kind != YAML_KIND_LIST)
		config_complain(loader, spot,
			"expected a list of one URL, like "
			"[http://127.0.0.1:8080]");
	else if (node->count != 1)
		config_complain(loader, spot,
			"found %zu servers, exactly one is accepted today",
			node->count);
	else
		config_origin_url(
			loader, item(loader, spot, node->first, 0), origin);
}

static void read_map(struct config_loader *loader, struct config_spot spot,
	const char *prefix);

static void read_value(struct config_loader *loader, struct config_spot spot,
	const struct config_key *key)
{
	void *home = loader->home[key->home];
	void *place = home ? (char *)home + key->offset : NULL;

	switch (key->type) {
	case CONFIG_TYPE_WORD_LIST:
		read_word_list(loader, spot, key, home);
		break;
	case CONFIG_TYPE_TEXT:
		(void)!config_text_read(loader, spot, place);
		break;
	case CONFIG_TYPE_TEXT_DEFAULT:
		read_default_text(loader, spot, place);
		break;
	case CONFIG_TYPE_PATH:
		(void)!config_text_path(loader, spot, place);
		break;
	case CONFIG_TYPE_NAME:
		read_name(loader, spot, place);
		break;
	case CONFIG_TYPE_PATHS:
		read_paths(loader, spot, place);
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
		read_servers(loader, spot, home);
		break;
	case CONFIG_TYPE_MAP:
		read_map(loader, spot, key->same_as ? key->same_as : key->path);
		break;
	case CONFIG_TYPE_LISTEN:
	case CONFIG_TYPE_URL:
	case CONFIG_TYPE_LISTENERS:
	case CONFIG_TYPE_ORIGINS:
		break; /* read last, by config_walk */
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
	if (is_nothing(spot.node))
		config_complain(loader, spot, "has no keys in it");
	else if (spot.node->kind == YAML_KIND_TEXT)
		config_complain(loader, spot, "found %s, expected a map",
			config_shown(spot.node->text, shown));
	else
		config_complain(loader, spot, "found a list, expected a map");
	note_keys(loader, prefix);
	return false;
}

/* As deep as the schema is, whatever the input. */
static void read_map(struct config_loader *loader, struct config_spot spot,
	const char *prefix)
{
	if (!want_map(loader, spot, prefix))
		return;
	for (const struct yaml_node *e = spot.node->first; e; e = e->next) {
		const struct config_key *key =
			config_schema_child(prefix, e->key->text);

		if (key)
			read_value(loader, below(loader, spot, e), key);
		else
			unknown_key(loader, prefix, spot, e->key);
	}
}

/* ---- defaults ---- */

/* Each row of this home gets its fallback. */
static void set_defaults(struct config_loader *loader, enum config_home home)
{
	for (const struct config_key *key = config_schema(); key->path; key++) {
		struct yaml_node node = {
			.mark = config_nowhere(loader),
			.text = slice_str(key->fallback),
		};

		if (key->home == home && key->fallback)
			read_value(loader,
				(struct config_spot){&node, key->path}, key);
	}
}

/* ---- listeners ---- */

static struct config_listener *new_listeners(
	struct config_loader *loader, size_t count)
{
	struct config_listener *all =
		arena_zalloc(loader->arena, count * sizeof(*all));

	if (!all)
		return config_no_memory(loader);
	for (size_t i = 0; i < count; i++)
		all[i] = loader->base;
	loader->config->listeners = all;
	loader->config->listener_count = count;
	return all;
}

static void name_listener(struct config_loader *loader,
	struct config_listener *listener, size_t index)
{
	if (!listener->name)
		listener->name =
			arena_printf(loader->arena, "listener%zu", index + 1);
	if (!listener->name)
		config_no_memory(loader);
}

static void read_listeners(
	struct config_loader *loader, struct config_spot spot)
{
	struct config_listener *all;
	size_t index = 0;

	if (spot.node->kind != YAML_KIND_LIST || !spot.node->count) {
		config_complain(loader, spot,
			"expected a list of maps, like - {address: "
			"0.0.0.0:8443}");
		return;
	}
	all = new_listeners(loader, spot.node->count);
	if (!all)
		return;
	for (const struct yaml_node *e = spot.node->first; e; e = e->next) {
		struct config_spot one = item(loader, spot, e, index);
		const struct yaml_node *auth = yaml_tree_find(e, "client_auth");

		loader->home[CONFIG_HOME_LISTENER] = &all[index];
		read_map(loader, one, "listeners[]");
		if (auth)
			all[index].client_auth.mark = auth->key->mark;
		if (e->kind == YAML_KIND_MAP && !yaml_tree_find(e, "address"))
			config_complain(loader, one, "has no address");
		name_listener(loader, &all[index], index);
		index++;
	}
}

static void read_listen(struct config_loader *loader, struct config_spot spot)
{
	struct config_listener *one = new_listeners(loader, 1);

	if (!one)
		return;
	one->name = "default";
	config_address_read(loader, spot, one);
}

/* ---- origins ---- */

static struct config_origin *new_origin(
	struct config_loader *loader, const char *name, struct config_mark mark)
{
	struct config_origin *origin =
		arena_zalloc(loader->arena, sizeof(*origin));

	if (!origin)
		return config_no_memory(loader);
	loader->home[CONFIG_HOME_ORIGIN] = origin;
	set_defaults(loader, CONFIG_HOME_ORIGIN);
	origin->name = name;
	origin->url.mark = mark;
	loader->config->origins = origin;
	loader->config->origin_count = 1;
	return origin;
}

static void read_origins(struct config_loader *loader, struct config_spot spot)
{
	const struct yaml_node *first = spot.node->first;
	struct config_spot one, name;
	struct config_origin *origin;

	if (spot.node->kind != YAML_KIND_MAP || !spot.node->count) {
		config_complain(loader, spot,
			"expected a map of names, like web: {servers: "
			"[http://127.0.0.1:8080]}");
		return;
	}
	if (spot.node->count > 1)
		config_complain(loader,
			(struct config_spot){first->next->key, spot.path},
			"found %zu origins, exactly one is accepted today",
			spot.node->count);
	one = below(loader, spot, first);
	name = (struct config_spot){first->key, one.path};
	origin = new_origin(loader, "", first->key->mark);
	if (!origin)
		return;
	read_name(loader, name, &origin->name);
	read_map(loader, one, "origins.*");
	if (first->kind == YAML_KIND_MAP && !yaml_tree_find(first, "servers"))
		config_complain(loader, name, "has no servers");
}

/* ---- the whole ---- */

/* A short form and its long form exclude each other. */
static bool both_forms(struct config_loader *loader, const char *short_form,
	const char *long_form)
{
	const struct yaml_node *a = yaml_tree_find(loader->root, short_form);
	const struct yaml_node *b = yaml_tree_find(loader->root, long_form);

	if (!a || !b)
		return false;
	config_complain(loader, (struct config_spot){b->key, long_form},
		"cannot stand beside %s (line %u), its short form; keep one "
		"of the two",
		short_form, a->key->mark.line);
	return true;
}

static void read_ends(struct config_loader *loader)
{
	const struct yaml_node *root = loader->root;
	const struct yaml_node *listen = yaml_tree_find(root, "listen");
	const struct yaml_node *listeners = yaml_tree_find(root, "listeners");
	const struct yaml_node *origin = yaml_tree_find(root, "origin");
	const struct yaml_node *origins = yaml_tree_find(root, "origins");

	both_forms(loader, "listen", "listeners");
	both_forms(loader, "origin", "origins");
	if (listeners)
		read_listeners(
			loader, (struct config_spot){listeners, "listeners"});
	else if (listen)
		read_listen(loader, (struct config_spot){listen, "listen"});
	if (origins)
		read_origins(loader, (struct config_spot){origins, "origins"});
	else if (origin && new_origin(loader, "default", origin->mark))
		config_origin_url(loader,
			(struct config_spot){origin, "origin"},
			loader->config->origins);
}

void config_walk(struct config_loader *loader)
{
	const struct yaml_node *auth =
		yaml_tree_find(loader->root, "client_auth");

	set_defaults(loader, CONFIG_HOME_CONFIG);
	set_defaults(loader, CONFIG_HOME_LISTENER);
	loader->base.client_auth.mark =
		auth ? auth->key->mark : config_nowhere(loader);
	read_map(loader, (struct config_spot){loader->root, ""}, "");
	/* listeners begin with what tls and client_auth say at the top */
	if (loader->root->kind == YAML_KIND_MAP)
		read_ends(loader);
}
