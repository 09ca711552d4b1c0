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

/* ---- origins (R22) ---- */

static void check_only_origin(struct config_loader *loader)
{
	const struct config *config = loader->config;

	if (config->origin_count > 1 && !config->route_count)
		config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			config->origins[1].mark,
			"origins: found %zu origins, and no routes that tell "
			"which request goes where",
			config->origin_count);
}

/* Of a server that is spoken to in plain. */
static const struct addr *remote_address(const struct config_origin *origin)
{
	for (size_t i = 0; i < origin->server_count; i++) {
		const struct config_server *server = &origin->servers[i];
		const struct addr *addr = &origin->addresses[server->first];

		for (size_t j = 0; j < server->count && !server->tls; j++) {
			if (!addr_is_loopback(&addr[j]))
				return &addr[j];
		}
	}
	return NULL;
}

static void check_origin(
	struct config_loader *loader, const struct config_origin *origin)
{
	const struct addr *remote = remote_address(origin);
	bool shorthand = config_given(loader, "origin") != NULL;
	struct config_mark mark = origin->url.mark;
	char text[ADDR_TEXT];

	if (!remote)
		return;
	addr_print(remote, text);
	if (origin->allow_plaintext_remote) {
		config_problem(loader->problems, CONFIG_WARNING,
			EXIT_CODE_CONFIG, mark,
			"origins.%s: %s is on another host; requests and "
			"certificate headers travel there unprotected "
			"(allow_plaintext_remote)",
			origin->name, text);
		return;
	}
	config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_CONFIG, mark,
		"%s%s: %s is on another host, and http:// protects nothing on "
		"the way; allowed are loopback addresses, unix:/path and "
		"https://",
		shorthand ? "origin" : "origins.",
		shorthand ? "" : origin->name, text);
	if (shorthand)
		config_problem_note(loader->problems,
			"if the way is safe, write origins: {web: {servers: "
			"[%s], allow_plaintext_remote: true}}",
			origin->url.text);
	else
		config_problem_note(loader->problems,
			"if the way is safe, add allow_plaintext_remote: true "
			"to origins.%s",
			origin->name);
}

static const struct yaml_node *origin_key(const struct config_loader *loader,
	const struct config_origin *origin, const char *path)
{
	const struct yaml_node *all = config_given(loader, "origins");
	const struct yaml_node *one =
		all ? yaml_tree_find(all, origin->name) : NULL;

	return one ? yaml_tree_find_path(one, path) : NULL;
}

static void check_places(
	struct config_loader *loader, const struct config_origin *origin)
{
	unsigned workers = loader->config->process.workers;
	const struct yaml_node *places =
		origin_key(loader, origin, "max_connections");
	const struct yaml_node *queue = origin_key(loader, origin, "queue");

	if (places && origin->max_connections &&
		origin->max_connections < workers)
		config_problem(loader->problems, CONFIG_WARNING,
			EXIT_CODE_CONFIG, places->mark,
			"origins.%s.max_connections: %u is less than "
			"process.workers, which is %u; each worker has one "
			"place at least",
			origin->name, origin->max_connections, workers);
	if (queue && !places)
		config_problem(loader->problems, CONFIG_WARNING,
			EXIT_CODE_CONFIG, queue->mark,
			"origins.%s.queue: nothing waits where "
			"max_connections is not given",
			origin->name);
}

static const struct config_server *first_https(
	const struct config_origin *origin)
{
	for (size_t i = 0; i < origin->server_count; i++) {
		if (origin->servers[i].tls)
			return &origin->servers[i];
	}
	return NULL;
}

static void lacks_ca_of(struct config_loader *loader,
	const struct config_origin *origin, const struct config_server *https)
{
	bool shorthand = config_given(loader, "origin") != NULL;

	config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
		https->url.mark,
		"%s%s%s: the CA that signs the certificate of %s is missing",
		shorthand ? "origin" : "origins.",
		shorthand ? "" : origin->name, shorthand ? "" : ".tls.ca",
		https->url.text);
	if (shorthand)
		config_problem_note(loader->problems,
			"write origins: {web: {servers: [%s], tls: {ca: "
			"FILE}}}",
			https->url.text);
	else
		config_problem_note(loader->problems,
			"add tls: {ca: FILE} (PEM) to origins.%s",
			origin->name);
}

static void check_tls(
	struct config_loader *loader, const struct config_origin *origin)
{
	const struct config_origin_tls *tls = &origin->tls;
	const struct config_server *https = first_https(origin);
	const struct yaml_node *given = origin_key(loader, origin, "tls");
	const char *text = NULL;

	if (https && !tls->ca.count)
		lacks_ca_of(loader, origin, https);
	else if (given && !https)
		text = "no server of it is https://";
	else if (!tls->cert.text != !tls->key.text)
		text = "cert and key belong together; one of them is missing";
	if (text && given)
		config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			given->mark, "origins.%s.tls: %s", origin->name, text);
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

void config_check(struct config_loader *loader)
{
	check_present(loader);
	config_check_listeners(loader);
	config_check_revocation(loader);
	config_check_ocsp(loader);
	check_numbers(loader);
	config_check_rates(loader);
	check_only_origin(loader);
	for (size_t i = 0; i < loader->config->origin_count; i++) {
		check_origin(loader, &loader->config->origins[i]);
		check_places(loader, &loader->config->origins[i]);
		check_tls(loader, &loader->config->origins[i]);
	}
	config_check_headers(loader);
	check_weakened(loader);
	check_user(loader);
}
