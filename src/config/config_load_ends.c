/* What is read last: the lists at the top of the file, and short forms. */
#include "config_load_priv.h"

#include <string.h>

#include "config/config_value.h"

/* ---- short forms ---- */

static void read_listen(struct config_loader *loader, struct config_spot spot)
{
	struct config_listener *one =
		config_new_items(loader, config_schema_find("listeners"), 1);

	if (!one)
		return;
	one->name = "default";
	one->mark = spot.node->mark;
	config_address_read(loader, spot, one);
}

static void read_origin(struct config_loader *loader, struct config_spot spot)
{
	struct config_origin *one =
		config_new_items(loader, config_schema_find("origins"), 1);

	if (!one)
		return;
	one->name = "default";
	one->mark = one->url.mark = spot.node->mark;
	config_origin_url(loader, spot, one);
}

static const struct {
	const char *short_form;
	const char *long_form;
	void (*read)(struct config_loader *loader, struct config_spot spot);
} forms[] = {
	{"listen", "listeners", read_listen},
	{"origin", "origins", read_origin},
};

/* A short form and its long form exclude each other. */
static void read_form(struct config_loader *loader, size_t i)
{
	const struct yaml_node *a =
		yaml_tree_find(loader->root, forms[i].short_form);
	const struct yaml_node *b =
		yaml_tree_find(loader->root, forms[i].long_form);

	if (a && b)
		config_complain(loader,
			(struct config_spot){b->key, forms[i].long_form},
			"cannot stand beside %s (line %u), its short form; "
			"keep one of the two",
			forms[i].short_form, a->key->mark.line);
	else if (a)
		forms[i].read(
			loader, (struct config_spot){a, forms[i].short_form});
}

/* ---- lists ---- */

/* Numbers of items whose default is another key's value. */
static void set_same(struct config_loader *loader)
{
	const struct config_key *key = NULL;

	while ((key = config_schema_next(key))) {
		const struct config_key *same;

		if (!key->same_as || !config_value_is_number(key))
			continue;
		same = config_schema_find(key->same_as);
		config_value_store(key, loader->prototype[key->home],
			config_value_load(same, loader->config));
	}
}

/* A listener's own certificates stand instead of the top's, in either form. */
static void settle_certificates(
	struct config_tls *tls, const struct yaml_node *own)
{
	bool list = yaml_tree_find(own, "certificates");
	bool pair = yaml_tree_find(own, "cert") || yaml_tree_find(own, "key");

	if (list && !pair) {
		tls->cert = tls->key = (struct config_text){0};
	} else if (pair && !list) {
		tls->certificates = NULL;
		tls->certificate_count = 0;
	}
}

/* What a listener says itself, and where its own client_auth stands. */
static void settle_listeners(struct config_loader *loader)
{
	const struct yaml_node *list =
		yaml_tree_find(loader->root, "listeners");
	const struct yaml_node *e = list ? list->first : NULL;

	for (size_t i = 0; e && i < loader->config->listener_count; i++) {
		const struct yaml_node *auth = yaml_tree_find(e, "client_auth");
		struct config_listener *one = &loader->config->listeners[i];

		settle_certificates(&one->tls, yaml_tree_find(e, "tls"));
		if (auth)
			one->client_auth.mark = auth->key->mark;
		e = e->next;
	}
}

void config_read_ends(struct config_loader *loader)
{
	const struct config_key *key = NULL;

	set_same(loader);
	while ((key = config_schema_next(key))) {
		const struct yaml_node *node = NULL;

		if (config_is_end(key))
			node = yaml_tree_find(loader->root, key->path);
		if (node)
			config_read_items(loader,
				(struct config_spot){node, key->path}, key);
	}
	settle_listeners(loader);
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		read_form(loader, i);
}
