/* The URL of an origin, and what it resolves to. */
#include "config_load_priv.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "config/config_value.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443, NAME_MAX_BYTES = 253 };

struct url {
	struct slice host; /* without brackets */
	bool bracketed;
	uint16_t port;
};

/* ---- the text ---- */

static bool is_host_byte(char c)
{
	char low = slice_lower(c);

	return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_';
}

static bool is_host_name(struct slice host)
{
	for (size_t i = 0; i < host.len; i++) {
		if (!is_host_byte(host.ptr[i]))
			return false;
	}
	return host.len > 0 && host.len <= NAME_MAX_BYTES &&
	       host.ptr[0] != '.' && host.ptr[0] != '-';
}

/* "host", "host:port", "[v6]", "[v6]:port"; url->port: the default. */
static bool split_authority(struct slice text, struct url *url)
{
	uint64_t port = url->port;
	size_t end;

	url->bracketed = text.len && text.ptr[0] == '[';
	if (url->bracketed) {
		text = slice_from(text, 1);
		end = slice_find(text, ']');
		if (end == text.len)
			return false;
		url->host = slice_head(text, end);
		text = slice_from(text, end + 1);
	} else {
		end = slice_find(text, ':');
		url->host = slice_head(text, end);
		text = slice_from(text, end);
		if (!is_host_name(url->host))
			return false;
	}
	if (text.len &&
		(text.ptr[0] != ':' ||
			!slice_to_u64(slice_from(text, 1), 65535, &port)))
		return false;
	url->port = (uint16_t)port;
	return port > 0;
}

static bool refuse_scheme(struct config_loader *loader, struct config_spot spot,
	struct slice text)
{
	char shown[CONFIG_SHOWN];

	config_shown(text, shown);
	config_complain(loader, spot,
		"%s is not a URL; allowed are http://host:port, "
		"https://host:port and unix:/path",
		shown);
	if (!memmem(text.ptr, text.len, "://", 3) && text.ptr[0] != '/')
		config_hint(loader, spot, "did you mean \"http://%.*s\"?",
			SLICE_FMT(slice_head(text, 64)));
	else if (text.ptr[0] == '/')
		config_hint(loader, spot, "did you mean \"unix:%.*s\"?",
			SLICE_FMT(slice_head(text, 64)));
	return false;
}

/* scheme: "http://" or "https://" */
static bool parse_http(struct config_loader *loader, struct config_spot spot,
	const char *scheme, struct url *url, struct slice *authority)
{
	struct slice text = *authority;
	struct slice rest = slice_from(text, strlen(scheme));
	size_t end = strcspn(rest.ptr, "/?#");
	char shown[CONFIG_SHOWN];

	config_shown(text, shown);
	*authority = slice_head(rest, end);
	if (end < rest.len) {
		config_complain(loader, spot,
			"%s: nothing may stand behind the port; the client's "
			"path is passed on as it is",
			shown);
		config_hint(loader, spot, "write %s%.*s", scheme,
			SLICE_FMT(slice_head(*authority, 64)));
		return false;
	}
	if (slice_find(*authority, '@') < authority->len) {
		config_complain(
			loader, spot, "user names in URLs are not accepted");
		return false;
	}
	if (split_authority(*authority, url))
		return true;
	config_complain(loader, spot,
		"%s is not %shost:port with a port of 1 to 65535", shown,
		scheme);
	return false;
}

/* ---- addresses ---- */

/* Where the addresses of the server being read begin. */
static size_t first_of(const struct config_origin *origin)
{
	const struct config_server *last;

	if (!origin->server_count)
		return 0;
	last = &origin->servers[origin->server_count - 1];
	return last->first + last->count;
}

static bool add_address(struct config_loader *loader,
	struct config_origin *origin, const struct addr *addr)
{
	struct addr *all;

	for (size_t i = first_of(origin); i < origin->address_count; i++) {
		if (addr_eq(&origin->addresses[i], addr))
			return true;
	}
	all = arena_alloc(
		loader->arena, (origin->address_count + 1) * sizeof(*all));
	if (!all) {
		config_no_memory(loader);
		return false;
	}
	if (origin->address_count)
		memcpy(all, origin->addresses,
			origin->address_count * sizeof(*all));
	all[origin->address_count++] = *addr;
	origin->addresses = all;
	return true;
}

static bool addr_from(const struct addrinfo *info, struct addr *addr)
{
	if ((info->ai_family != AF_INET && info->ai_family != AF_INET6) ||
		info->ai_addrlen > sizeof(addr->sa))
		return false;
	*addr = (struct addr){.len = info->ai_addrlen};
	memcpy(&addr->sa, info->ai_addr, info->ai_addrlen);
	return true;
}

static void resolve(struct config_loader *loader, struct config_spot spot,
	struct config_origin *origin, const char *host, uint16_t port)
{
	const struct addrinfo wish = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	int rc = getaddrinfo(host, NULL, &wish, &list);

	if (rc) {
		config_problem(loader->problems, CONFIG_ERROR,
			EXIT_CODE_UNAVAILABLE, spot.node->mark,
			"%s: the name \"%s\" cannot be resolved: %s", spot.path,
			host, gai_strerror(rc));
		return;
	}
	for (const struct addrinfo *i = list; i; i = i->ai_next) {
		struct addr addr;

		if (!addr_from(i, &addr))
			continue;
		addr_set_port(&addr, port);
		if (!add_address(loader, origin, &addr))
			break;
	}
	freeaddrinfo(list);
}

static void resolve_name(struct config_loader *loader, struct config_spot spot,
	struct config_origin *origin, const char *host, uint16_t port)
{
	origin->next_named = true;
	origin->next_port = port;
	resolve(loader, spot, origin, host, port);
}

static void find_addresses(struct config_loader *loader,
	struct config_spot spot, struct config_origin *origin,
	const struct url *url)
{
	const char *host =
		arena_printf(loader->arena, "%.*s", SLICE_FMT(url->host));
	struct slice name = url->host;
	struct addr addr;

	if (!host) {
		config_no_memory(loader);
		return;
	}
	if (loader->flags & CONFIG_LOAD_OFFLINE && !url->bracketed &&
		!addr_parse_ip(name, url->port, &addr))
		name = SLICE("127.0.0.1");
	if (addr_parse_ip(name, url->port, &addr))
		add_address(loader, origin, &addr);
	else if (url->bracketed)
		config_complain(
			loader, spot, "\"[%s]\" is not an IPv6 address", host);
	else
		resolve_name(loader, spot, origin, host, url->port);
}

static void read_unix(struct config_loader *loader, struct config_spot spot,
	struct config_origin *origin)
{
	char shown[CONFIG_SHOWN];
	struct addr addr;

	origin->url.text = config_text_unix(loader, origin->url.text);
	origin->authority = "localhost";
	if (!origin->url.text)
		return;
	if (addr_parse(slice_str(origin->url.text), &addr))
		add_address(loader, origin, &addr);
	else
		config_complain(loader, spot,
			"%s is not a path of at most 107 bytes",
			config_shown(slice_str(origin->url.text), shown));
}

/* NULL: neither of the two. */
static const char *scheme_of(struct slice text, uint16_t *port)
{
	static const char http[] = "http://", https[] = "https://";
	bool tls = slice_starts(text, slice_str(https));

	*port = tls ? HTTPS_PORT : HTTP_PORT;
	if (tls)
		return https;
	return slice_starts(text, slice_str(http)) ? http : NULL;
}

static void read_url(struct config_loader *loader, struct config_spot spot,
	struct config_origin *origin)
{
	struct slice text, authority;
	struct url url = {0};
	const char *scheme;

	origin->next_tls = origin->next_named = false;
	origin->next_port = 0;
	origin->next_host = NULL;
	/* given, if only wrongly: not reported as missing, too */
	origin->url.text = "";
	if (!config_text_expand(loader, spot, "one URL", &origin->url))
		return;
	text = slice_str(origin->url.text);
	if (slice_starts(text, SLICE("unix:"))) {
		read_unix(loader, spot, origin);
		return;
	}
	scheme = scheme_of(text, &url.port);
	if (!scheme) {
		refuse_scheme(loader, spot, text);
		return;
	}
	origin->next_tls = !strcmp(scheme, "https://");
	authority = text;
	if (!parse_http(loader, spot, scheme, &url, &authority))
		return;
	origin->authority =
		arena_printf(loader->arena, "%.*s", SLICE_FMT(authority));
	origin->next_host =
		arena_printf(loader->arena, "%.*s", SLICE_FMT(url.host));
	if (!origin->authority || !origin->next_host)
		config_no_memory(loader);
	find_addresses(loader, spot, origin, &url);
}

/* After its URL: what was read becomes a server of its own. */
static void add_server(
	struct config_loader *loader, struct config_origin *origin)
{
	size_t count = origin->server_count, first = first_of(origin);
	struct config_server *all =
		arena_alloc(loader->arena, (count + 1) * sizeof(*all));

	if (!all) {
		config_no_memory(loader);
		return;
	}
	if (count)
		memcpy(all, origin->servers, count * sizeof(*all));
	all[count] = (struct config_server){.url = origin->url,
		.authority = origin->authority,
		.host = origin->next_host,
		.tls = origin->next_tls,
		.named = origin->next_named,
		.port = origin->next_port,
		.weight = origin->next_weight,
		.first = first,
		.count = origin->address_count - first};
	origin->servers = all;
	origin->server_count = count + 1;
	origin->url = all[0].url;
	origin->authority = all[0].authority;
}

void config_origin_url(struct config_loader *loader, struct config_spot spot,
	struct config_origin *origin)
{
	origin->next_weight = 1;
	read_url(loader, spot, origin);
	add_server(loader, origin);
}

/* {url: ..., weight: ...} */
static void read_long(struct config_loader *loader, struct config_spot spot,
	struct config_origin *origin)
{
	static const char prefix[] = "origins.*.servers[]";
	const struct yaml_node *url = yaml_tree_find(spot.node, "url");

	origin->next_weight = 1;
	config_read_map(loader, spot, prefix);
	config_check_required(loader, spot, spot.node, prefix);
	if (!url)
		return;
	read_url(loader, config_spot_below(loader, spot, url), origin);
	add_server(loader, origin);
}

void config_origin_servers(struct config_loader *loader,
	struct config_spot spot, struct config_origin *origin)
{
	const struct yaml_node *node = spot.node;
	size_t index = 0;

	origin->url.text = ""; /* given, if only wrongly */
	if (node->kind != YAML_KIND_LIST || !node->count) {
		config_complain(loader, spot,
			"expected a list of URLs, like "
			"[http://127.0.0.1:8080]");
		return;
	}
	if (node->count > CONFIG_SERVERS_MAX) {
		config_complain(loader, spot,
			"found %zu servers, at most %d are accepted",
			node->count, CONFIG_SERVERS_MAX);
		return;
	}
	for (node = node->first; node; node = node->next, index++) {
		struct config_spot one =
			config_spot_item(loader, spot, node, index);

		if (node->kind == YAML_KIND_MAP)
			read_long(loader, one, origin);
		else
			config_origin_url(loader, one, origin);
	}
}
