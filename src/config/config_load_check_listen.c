/* What holds between the keys of a listener, and between listeners. */
#include "config_load_check_priv.h"

#include <string.h>

#include "base/arena.h"
#include "config/config_value.h"
#include "net/addr_net.h"

/* told: the place that was complained of last; a common one is told once. */
static void check_versions(
	struct config_loader *loader, size_t i, const struct yaml_node **told)
{
	const struct config_tls *tls = &loader->config->listeners[i].tls;
	struct config_spot least =
		config_listener_spot(loader, i, "tls.min_version");
	struct config_spot most =
		config_listener_spot(loader, i, "tls.max_version");
	bool own = !strncmp(least.path, "listeners[", 10);
	struct config_spot at = most.node && !own ? most : least;

	if (tls->min_version <= tls->max_version || at.node == *told)
		return;
	*told = at.node;
	config_complain(loader, at,
		"no version is left between min_version and max_version");
}

static const struct config_text *ciphers_of(
	const struct config_tls *tls, bool tls13)
{
	return tls13 ? &tls->ciphersuites_tls13 : &tls->ciphers_tls12;
}

/* Ciphers of a version that is not spoken. */
static bool is_dead(const struct config_tls *tls, bool tls13)
{
	if (!ciphers_of(tls, tls13)->text)
		return false;
	return tls13 ? tls->max_version < 0x0304 : tls->min_version > 0x0303;
}

/* Common ciphers may be dead at one listener when they live at another. */
static void check_ciphers(struct config_loader *loader, size_t i, bool tls13)
{
	const struct config_listener *all = loader->config->listeners;
	const char *text = ciphers_of(&all[i].tls, tls13)->text;

	if (!is_dead(&all[i].tls, tls13))
		return;
	for (size_t j = 0; j < loader->config->listener_count; j++) {
		const char *other = ciphers_of(&all[j].tls, tls13)->text;
		bool dead = is_dead(&all[j].tls, tls13);

		if (other && !strcmp(other, text) && (!dead || j < i))
			return; /* lives there, or was told there */
	}
	config_complain(loader,
		config_listener_spot(loader, i,
			tls13 ? "tls.ciphersuites_tls13" : "tls.ciphers_tls12"),
		"can never apply, %s",
		tls13 ? "max_version is TLSv1.2" : "min_version is TLSv1.3");
}

/* tls: of a listener, or the one at the top; the short form excludes the long
 * one. */
static void check_forms(struct config_loader *loader,
	const struct yaml_node *tls, const char *path)
{
	const struct yaml_node *list = yaml_tree_find(tls, "certificates");
	const struct yaml_node *cert = yaml_tree_find(tls, "cert");

	if (!cert)
		cert = yaml_tree_find(tls, "key");
	if (list && cert)
		config_complain(loader, (struct config_spot){list->key, path},
			"cannot stand beside cert and key (line %u), their "
			"short form; keep one of the two",
			cert->key->mark.line);
}

/* A key of another certificate is sure not to fit. */
static void check_pair(struct config_loader *loader, size_t i)
{
	const struct yaml_node *tls =
		yaml_tree_find(config_listener_node(loader, i), "tls");
	const struct yaml_node *cert = yaml_tree_find(tls, "cert");
	const struct yaml_node *key = yaml_tree_find(tls, "key");

	check_forms(loader, tls,
		config_listener_spot(loader, i, "tls.certificates").path);
	if (cert && !key)
		config_complain(loader,
			config_listener_spot(loader, i, "tls.cert"),
			"stands here without its key; give both or none");
	if (key && !cert)
		config_complain(loader,
			config_listener_spot(loader, i, "tls.key"),
			"stands here without its cert; give both or none");
}

static bool same_place(
	const struct config_listener *a, const struct config_listener *b)
{
	if (!a->address.len || !addr_eq(&a->address, &b->address))
		return false;
	return addr_is_unix(&a->address) || addr_port(&a->address);
}

/* The library is set up once in a process. */
static void check_library(struct config_loader *loader, size_t i)
{
	const struct config_listener *all = loader->config->listeners;
	const char *first = all[0].tls.openssl_config.text;
	const char *here = all[i].tls.openssl_config.text;
	struct config_spot spot =
		config_listener_spot(loader, i, "tls.openssl_config");

	if (!spot.node || (first && here && !strcmp(first, here)))
		return;
	config_complain(loader, spot,
		"one file is loaded for all listeners; it belongs in tls at "
		"the top");
}

/* ---- networks, and who may send a PROXY header ---- */

static const char *const net_faults[] = {
	[ADDR_NET_SYNTAX] = "is not a network; allowed are 10.0.0.0/8, "
			    "2001:db8::/32, single addresses, and unix",
	[ADDR_NET_PREFIX] = "has a length that its family does not have",
	[ADDR_NET_HOST] = "has bits set behind its length",
};

static void check_net(struct config_loader *loader,
	const struct config_text *text, const char *path, struct addr_net *net)
{
	char shown[CONFIG_SHOWN];
	enum addr_net_fault fault;

	if (!text->text) /* was complained of */
		return;
	fault = addr_net_parse(slice_str(text->text), net);
	if (fault == ADDR_NET_OK)
		return;
	config_complain_as(loader, text->mark, EXIT_CODE_CONFIG, path, "%s %s",
		config_shown(slice_str(text->text), shown), net_faults[fault]);
}

void config_check_nets(struct config_loader *loader,
	const struct config_texts *texts, const char *path,
	struct addr_net **nets)
{
	if (!texts->count)
		return;
	*nets = arena_zalloc(loader->arena, texts->count * sizeof(**nets));
	if (!*nets) {
		config_no_memory(loader);
		return;
	}
	for (size_t item = 0; item < texts->count; item++)
		check_net(loader, &texts->items[item], path, &(*nets)[item]);
}

static void check_proxy(struct config_loader *loader, size_t i)
{
	struct config_listener *listener = &loader->config->listeners[i];
	struct config_spot spot =
		config_listener_spot(loader, i, "proxy_protocol.accept_from");

	config_check_nets(loader, &listener->proxy_from, spot.path,
		&listener->proxy_nets);
}

/* Addresses are each listener's own. */
static void check_alike(struct config_loader *loader, size_t i)
{
	const struct config_listener *all = loader->config->listeners;
	char shown[CONFIG_SHOWN];

	for (size_t j = 0; j < i; j++) {
		if (same_place(&all[i], &all[j]))
			config_problem(loader->problems, CONFIG_ERROR,
				EXIT_CODE_CONFIG, all[i].address_text.mark,
				"listeners[%zu].address: %s is the address of "
				"listeners[%zu], too",
				i,
				config_shown(
					slice_str(all[i].address_text.text),
					shown),
				j);
	}
}

void config_check_listeners(struct config_loader *loader)
{
	const struct yaml_node *told = NULL;

	check_forms(loader, config_given(loader, "tls"), "tls.certificates");
	for (size_t i = 0; i < loader->config->listener_count; i++) {
		check_versions(loader, i, &told);
		check_ciphers(loader, i, false);
		check_ciphers(loader, i, true);
		check_pair(loader, i);
		check_library(loader, i);
		check_alike(loader, i);
		check_proxy(loader, i);
	}
}
