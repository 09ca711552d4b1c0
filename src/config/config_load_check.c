/* What holds between keys; files are the business of config_load_files. */
#include "config_load_check_priv.h"

#include <inttypes.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "config/config_value.h"

/* Descriptors of a process besides connections: logs, sockets, the loop. */
enum { FILES_RESERVED = 64 };

const struct yaml_node *config_given(
	const struct config_loader *loader, const char *path)
{
	return yaml_tree_find_path(loader->root, path);
}

const struct yaml_node *config_listener_node(
	const struct config_loader *loader, size_t i)
{
	const struct yaml_node *list =
		yaml_tree_find(loader->root, "listeners");
	const struct yaml_node *e = list ? list->first : NULL;

	while (e && i--)
		e = e->next;
	return e;
}

struct config_spot config_listener_spot(
	struct config_loader *loader, size_t i, const char *path)
{
	struct config_spot spot = {.path = path};

	spot.node = yaml_tree_find_path(config_listener_node(loader, i), path);
	if (!spot.node) {
		spot.node = config_given(loader, path);
		return spot;
	}
	spot.path = arena_printf(loader->arena, "listeners[%zu].%s", i, path);
	if (!spot.path) {
		config_no_memory(loader);
		spot.path = path;
	}
	return spot;
}

static struct config_mark spot_mark(
	const struct config_loader *loader, struct config_spot spot)
{
	return spot.node ? spot.node->mark : config_nowhere(loader);
}

/* ---- what must be there ---- */

/* Points at the map it belongs to, when that is there. */
static void missing(struct config_loader *loader, const char *map,
	const char *path, const char *what)
{
	const struct yaml_node *node = map ? config_given(loader, map) : NULL;

	config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
		node ? yaml_tree_key_mark(node) : config_nowhere(loader),
		"%s: is missing; %s", path, what);
}

/* tls.cert or tls.key; their long form holds both. */
static bool lacks(struct config_loader *loader, const char *path)
{
	for (size_t i = 0; i < loader->config->listener_count; i++) {
		if (!config_listener_spot(loader, i, "tls.certificates").node &&
			!config_listener_spot(loader, i, path).node)
			return true;
	}
	return false;
}

static bool lacks_ca(struct config_loader *loader)
{
	const struct config *config = loader->config;

	for (size_t i = 0; i < config->listener_count; i++) {
		if (config->listeners[i].client_auth.mode !=
				CLIENT_AUTH_DISABLED &&
			!config_listener_spot(loader, i, "client_auth.ca").node)
			return true;
	}
	return false;
}

static void check_present(struct config_loader *loader)
{
	if (!config_given(loader, "listen") &&
		!config_given(loader, "listeners"))
		missing(loader, NULL, "listen",
			"write where clients come in, like listen: "
			"0.0.0.0:8443");
	if (lacks(loader, "tls.cert"))
		missing(loader, "tls", "tls.cert",
			"write the file of the server certificate (PEM, leaf "
			"first)");
	if (lacks(loader, "tls.key"))
		missing(loader, "tls", "tls.key",
			"write the file of the server's private key (PEM)");
	if (lacks_ca(loader))
		missing(loader, "client_auth", "client_auth.ca",
			"write the file of the CA that signs client "
			"certificates, or client_auth: {mode: disabled}");
	if (!config_given(loader, "origin") && !config_given(loader, "origins"))
		missing(loader, NULL, "origin",
			"write where requests go, like origin: "
			"http://127.0.0.1:8080");
}

/* ---- numbers that depend on each other ---- */

struct relation {
	const char *less;
	const char *more;
	const char *why;
};

/* less <= more. A default of less gives way to what more is given as. */
static const struct relation relations[] = {
	{"limits.request_line", "limits.header_bytes",
		"the request line is a part of the head"},
	{"limits.connections_per_ip", "limits.connections",
		"one address cannot have more than all"},
	{"limits.handshakes_pending", "limits.connections",
		"each handshake is a connection"},
	{"timeouts.drain_idle", "timeouts.shutdown",
		"draining ends at shutdown"},
};

static void check_relation(
	struct config_loader *loader, const struct relation *relation)
{
	const struct config_key *less = config_schema_find(relation->less);
	const struct config_key *more = config_schema_find(relation->more);
	struct config_spot spot = {
		config_given(loader, relation->less), less->path};
	uint64_t a = config_value_load(less, loader->config);
	uint64_t b = config_value_load(more, loader->config);
	char a_text[CONFIG_VALUE_TEXT], b_text[CONFIG_VALUE_TEXT];

	if (a <= b)
		return;
	if (!spot.node) {
		config_value_store(less, loader->config, b);
		return;
	}
	config_value_format(less, a, a_text);
	config_value_format(more, b, b_text);
	config_complain(loader, spot, "%s is more than %s, which is %s; %s",
		a_text, more->path, b_text, relation->why);
}

static void check_files_limit(struct config_loader *loader)
{
	const struct config *config = loader->config;
	const struct yaml_node *node =
		config_given(loader, "process.max_open_files");
	uint64_t workers = config->process.workers;
	uint64_t each = (config->limits.connections + workers - 1) / workers;
	uint64_t need = 2 * each + FILES_RESERVED;

	for (size_t i = 0; i < config->origin_count; i++)
		need += config->origins[i].keepalive_connections;
	if (!config->process.max_open_files ||
		config->process.max_open_files >= need || !node)
		return;
	config_complain(loader,
		(struct config_spot){node, "process.max_open_files"},
		"%" PRIu64 " is too few; limits.connections: %" PRIu64
		" needs %" PRIu64 " in each of %" PRIu64 " workers",
		config->process.max_open_files, config->limits.connections,
		need, workers);
	config_problem_note(loader->problems,
		"a request holds a client's and an origin's connection; %d "
		"are kept for the process itself",
		FILES_RESERVED);
}

static void check_numbers(struct config_loader *loader)
{
	for (size_t i = 0; i < sizeof(relations) / sizeof(*relations); i++)
		check_relation(loader, &relations[i]);
	check_files_limit(loader);
}

/* ---- defaults made weaker: one warning each ---- */

static void warn(
	struct config_loader *loader, struct config_spot spot, const char *text)
{
	config_problem(loader->problems, CONFIG_WARNING, EXIT_CODE_CONFIG,
		spot_mark(loader, spot), "%s: %s", spot.path, text);
}

static const char *why_request_any(const struct config_headers *headers)
{
	if (!config_headers_tell_verdict(headers))
		return "request_any lets every client in, and no header tells "
		       "the origin which are verified";
	if (headers->presets & 1U << PRESET_X_CERT)
		return "request_any lets every client in; the origin must "
		       "read X-CERT-VERIFY and accept SUCCESS only";
	return "request_any lets every client in; the origin must look at the "
	       "header that says whether the certificate was verified";
}

static void warn_request_any(struct config_loader *loader)
{
	const struct config *config = loader->config;

	for (size_t i = 0; i < config->listener_count; i++) {
		if (config->listeners[i].client_auth.mode !=
			CLIENT_AUTH_REQUEST_ANY)
			continue;
		warn(loader,
			config_listener_spot(loader, i, "client_auth.mode"),
			why_request_any(&config->headers));
		return;
	}
}

static void check_weakened(struct config_loader *loader)
{
	const struct config *config = loader->config;
	const struct config_admin *admin = &config->admin;

	warn_request_any(loader);
	if (config->headers.alias_headers == ALIAS_PASS)
		warn(loader,
			(struct config_spot){
				config_given(loader, "headers.alias_headers"),
				"headers.alias_headers"},
			"pass lets names through that an origin may read as "
			"another name (x_user for X-User)");
	if (admin->enabled && !addr_is_loopback(&admin->address))
		warn(loader,
			(struct config_spot){
				config_given(loader, "admin.address"),
				"admin.address"},
			"anyone who reaches this address reads status and "
			"metrics");
}

/* ---- users ---- */

static void check_user(struct config_loader *loader)
{
	const struct config_process *process = &loader->config->process;
	char shown[CONFIG_SHOWN];

	/* used only when started as root (config.md, process.user) */
	if (loader->flags & CONFIG_LOAD_OFFLINE || geteuid())
		return;
	if (process->user.text && !getpwnam(process->user.text))
		config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			process->user.mark, "process.user: there is no user %s",
			config_shown(slice_str(process->user.text), shown));
	if (process->group.text && !getgrnam(process->group.text))
		config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			process->group.mark,
			"process.group: there is no group %s",
			config_shown(slice_str(process->group.text), shown));
}

/* ---- tunnels (R10) ---- */

static bool is_protocol(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = slice_lower(text.ptr[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
			!strchr("!#$%&'*+-.^_`|~/", c))
			return false;
	}
	return text.len > 0;
}

static void check_protocol(
	struct config_loader *loader, const struct config_text *text)
{
	struct slice protocol = slice_str(text->text);
	char shown[CONFIG_SHOWN];

	if (!is_protocol(protocol))
		config_complain_as(loader, text->mark, EXIT_CODE_CONFIG,
			"limits.upgrade", "%s is not the name of a protocol",
			config_shown(protocol, shown));
	else if (slice_eq_nocase(slice_head(protocol, 3), SLICE("h2c")))
		config_complain_as(loader, text->mark, EXIT_CODE_CONFIG,
			"limits.upgrade",
			"h2c would open a way to the origin past every rule; "
			"it never passes");
}

static void check_upgrade(struct config_loader *loader)
{
	static const struct config_text websocket = {.text = "websocket"};
	struct config_texts *all = &loader->config->upgrade;

	for (size_t i = 0; i < all->count; i++)
		check_protocol(loader, &all->items[i]);
	if (config_given(loader, "limits.upgrade"))
		return;
	all->items = arena_alloc(loader->arena, sizeof(websocket));
	if (!all->items) {
		config_no_memory(loader);
		return;
	}
	all->items[0] = websocket;
	all->count = 1;
}

void config_check(struct config_loader *loader)
{
	check_present(loader);
	config_check_listeners(loader);
	config_check_revocation(loader);
	config_check_ocsp(loader);
	check_numbers(loader);
	check_upgrade(loader);
	config_check_rates(loader);
	config_check_origins(loader);
	config_check_headers(loader);
	check_weakened(loader);
	check_user(loader);
}
