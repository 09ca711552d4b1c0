#include "config_schema_priv.h"

#include <string.h>

static const struct config_key *const sections[] = {
	[CONFIG_SECTION_PROCESS] = config_schema_process,
	[CONFIG_SECTION_LISTEN] = config_schema_listen,
	[CONFIG_SECTION_TLS] = config_schema_tls,
	[CONFIG_SECTION_CLIENT_AUTH] = config_schema_client_auth,
	[CONFIG_SECTION_POLICIES] = config_schema_policies,
	[CONFIG_SECTION_HEADERS] = config_schema_headers,
	[CONFIG_SECTION_ROUTES] = config_schema_routes,
	[CONFIG_SECTION_ORIGINS] = config_schema_origins,
	[CONFIG_SECTION_LIMITS] = config_schema_limits,
	[CONFIG_SECTION_LOGGING] = config_schema_logging,
	[CONFIG_SECTION_ADMIN] = config_schema_admin,
};

const struct config_key *config_schema_next(const struct config_key *key)
{
	key = key ? key + 1 : sections[0];
	while (!key->path) {
		if (key->section_end == CONFIG_SECTION_COUNT)
			return NULL;
		key = sections[key->section_end];
	}
	return key;
}

const struct config_key *config_schema_find(const char *path)
{
	for (const struct config_key *key = config_schema_next(NULL); key;
		key = config_schema_next(key)) {
		if (!strcmp(key->path, path))
			return key;
	}
	return NULL;
}

struct slice config_schema_name(const char *prefix, const char *path)
{
	struct slice name = slice_str(path), head = slice_str(prefix);

	if (head.len) {
		if (!slice_starts(name, head))
			return slice_of(NULL, 0);
		name = slice_from(name, head.len);
		if (!name.len || name.ptr[0] != '.')
			return slice_of(NULL, 0);
		name = slice_from(name, 1);
	}
	if (slice_find(name, '.') != name.len || slice_ends(name, SLICE("[]")))
		return slice_of(NULL, 0);
	return slice_eq(name, SLICE("*")) ? slice_of(NULL, 0) : name;
}

bool config_schema_is_child(const char *prefix, const struct config_key *key)
{
	return config_schema_name(prefix, key->path).len > 0;
}

const struct config_key *config_schema_child(
	const char *prefix, struct slice name)
{
	if (!name.len)
		return NULL;
	for (const struct config_key *key = config_schema_next(NULL); key;
		key = config_schema_next(key)) {
		if (slice_eq(config_schema_name(prefix, key->path), name))
			return key;
	}
	return NULL;
}
