/* What holds for client_auth.ocsp. */
#include "config_load_check_priv.h"

#include "base/arena.h"
#include "config/config_value.h"
#include "config/http_url.h"

static void check_responder(
	struct config_loader *loader, size_t i, const struct config_ocsp *ocsp)
{
	struct config_spot spot =
		config_listener_spot(loader, i, "client_auth.ocsp.responder");
	struct slice text = slice_str(config_ocsp_responder(ocsp));
	char shown[CONFIG_SHOWN];
	struct http_url url;

	if (!text.ptr || http_url_parse(text, &url))
		return;
	config_complain(loader, spot,
		"%s is not a URL that can be asked; allowed are auto and "
		"http://host:port/path",
		config_shown(text, shown));
	if (slice_starts(text, SLICE("https://")))
		config_hint(loader, spot,
			"an answer is signed by itself; write http://");
}

static void check_local(struct config_loader *loader, size_t i, size_t item,
	struct config_ocsp *ocsp)
{
	const struct config_text *text = &ocsp->allow_local.items[item];
	struct config_spot spot =
		config_listener_spot(loader, i, "client_auth.ocsp.allow_local");
	char shown[CONFIG_SHOWN];

	if (!text->text) /* was complained of */
		return;
	if (addr_parse(slice_str(text->text), &ocsp->local[item]) &&
		!addr_is_unix(&ocsp->local[item]) &&
		addr_port(&ocsp->local[item]))
		return;
	config_complain_as(loader, text->mark, EXIT_CODE_CONFIG, spot.path,
		"%s is not an address with its port, like 127.0.0.1:8888 or "
		"[::1]:8888",
		config_shown(slice_str(text->text), shown));
}

static void check_all_local(
	struct config_loader *loader, size_t i, struct config_ocsp *ocsp)
{
	size_t count = ocsp->allow_local.count;

	if (!count)
		return;
	ocsp->local = arena_zalloc(loader->arena, count * sizeof(*ocsp->local));
	if (!ocsp->local) {
		config_no_memory(loader);
		return;
	}
	for (size_t item = 0; item < count; item++)
		check_local(loader, i, item, ocsp);
}

/* A default made weaker. */
static void warn_allow(struct config_loader *loader, size_t i)
{
	struct config_spot spot =
		config_listener_spot(loader, i, "client_auth.ocsp.on_failure");

	config_problem(loader->problems, CONFIG_WARNING, EXIT_CODE_CONFIG,
		spot.node ? spot.node->mark : config_nowhere(loader),
		"%s: allow lets a revoked certificate in while its responder "
		"does not answer",
		spot.path);
}

/* What stands at the top is told once, however many listeners have it. */
static bool is_inherited_again(struct config_loader *loader, size_t i)
{
	const struct yaml_node *own = yaml_tree_find_path(
		config_listener_node(loader, i), "client_auth.ocsp");

	for (size_t j = 0; !own && j < i; j++) {
		if (!yaml_tree_find_path(config_listener_node(loader, j),
			    "client_auth.ocsp")) {
			loader->config->listeners[i].client_auth.ocsp.local =
				loader->config->listeners[j]
					.client_auth.ocsp.local;
			return true;
		}
	}
	return false;
}

void config_check_ocsp(struct config_loader *loader)
{
	for (size_t i = 0; i < loader->config->listener_count; i++) {
		struct config_client_auth *auth =
			&loader->config->listeners[i].client_auth;
		struct config_spot spot = config_listener_spot(
			loader, i, "client_auth.ocsp.mode");

		if (auth->ocsp.mode == OCSP_MODE_DISABLED)
			continue;
		if (auth->mode == CLIENT_AUTH_DISABLED && spot.node)
			config_complain(loader, spot,
				"can never apply, client_auth.mode is "
				"disabled");
		if (is_inherited_again(loader, i))
			continue;
		check_responder(loader, i, &auth->ocsp);
		check_all_local(loader, i, &auth->ocsp);
		if (auth->ocsp.on_failure == OCSP_FAILURE_ALLOW)
			warn_allow(loader, i);
	}
}
