/* Where clients come in and where requests go: listeners and origins. */
#include "config_load_priv.h"

#include <string.h>

#include "base/arena.h"

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
		struct config_spot one =
			config_spot_item(loader, spot, e, index);
		const struct yaml_node *auth = yaml_tree_find(e, "client_auth");

		loader->home[CONFIG_HOME_LISTENER] = &all[index];
		config_read_map(loader, one, "listeners[]");
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
	config_set_defaults(loader, CONFIG_HOME_ORIGIN);
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
	one = config_spot_below(loader, spot, first);
	name = (struct config_spot){first->key, one.path};
	origin = new_origin(loader, "", first->key->mark);
	if (!origin)
		return;
	config_read_name(loader, name, &origin->name);
	config_read_map(loader, one, "origins.*");
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

void config_read_ends(struct config_loader *loader)
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
