/* What holds between the keys of origins (R22). */
#include "config_load_check_priv.h"

#include <string.h>

#include "config/config_value.h"

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
		size_t end = server->first + server->count;

		for (size_t j = server->first; j < end && !server->tls; j++) {
			if (!addr_is_loopback(&origin->addresses[j]))
				return &origin->addresses[j];
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

/* As it goes into a request line; the query may be part of it. */
static bool is_path(const char *text)
{
	if (*text != '/')
		return false;
	for (; *text; text++) {
		if (*text <= 0x20 || *text >= 0x7f ||
			strchr("#\"<>\\^`{|}", *text))
			return false;
	}
	return true;
}

/* What is printed holds defaults of questions that nobody asks. */
static bool has_default_health(const struct config_origin *origin)
{
	static const char *const keys[] = {"origins.*.health.interval",
		"origins.*.health.timeout", "origins.*.health.unhealthy_after",
		"origins.*.health.healthy_after"};
	char text[CONFIG_VALUE_TEXT];

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const struct config_key *key = config_schema_find(keys[i]);

		config_value_format(key, config_value_load(key, origin), text);
		if (strcmp(text, key->fallback) != 0)
			return false;
	}
	return true;
}

static void check_health(
	struct config_loader *loader, const struct config_origin *origin)
{
	const struct config_health *health = &origin->health;
	const struct yaml_node *given = origin_key(loader, origin, "health");
	char shown[CONFIG_SHOWN];

	if (!given || (!health->path.text && has_default_health(origin)))
		return;
	if (!health->path.text)
		config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			given->mark,
			"origins.%s.health.path: is missing; write what is "
			"asked for, like /healthz",
			origin->name);
	else if (!is_path(health->path.text))
		config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			health->path.mark,
			"origins.%s.health.path: %s is not a path like "
			"/healthz",
			origin->name,
			config_shown(slice_str(health->path.text), shown));
	else if (health->timeout_ms > health->interval_ms)
		config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			given->mark,
			"origins.%s.health.timeout: is more than the interval; "
			"one question ends before the next begins",
			origin->name);
}

void config_check_origins(struct config_loader *loader)
{
	struct config *config = loader->config;

	check_only_origin(loader);
	for (size_t i = 0; i < config->origin_count; i++) {
		check_origin(loader, &config->origins[i]);
		check_places(loader, &config->origins[i]);
		check_tls(loader, &config->origins[i]);
		check_health(loader, &config->origins[i]);
	}
}
