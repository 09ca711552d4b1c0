#include "config/config_schema_guess.h"

#include <string.h>

#include "config/config_schema.h"

/* What other programs call it. */
static const struct {
	const char *word;
	const char *path;
} foreign[] = {
	{"ssl_verify_client", "client_auth.mode"},
	{"verify", "client_auth.mode"},
	{"verify_client", "client_auth.mode"},
	{"verify_mode", "client_auth.mode"},
	{"verify_peer", "client_auth.mode"},
	{"client_auth_type", "client_auth.mode"},
	{"ssl_client_certificate", "client_auth.ca"},
	{"ssl_trusted_certificate", "client_auth.ca"},
	{"ca_file", "client_auth.ca"},
	{"ca_path", "client_auth.ca"},
	{"ca_files", "client_auth.ca"},
	{"cafile", "client_auth.ca"},
	{"client_ca", "client_auth.ca"},
	{"cacert", "client_auth.ca"},
	{"trusted_ca", "client_auth.ca"},
	{"ssl_verify_depth", "client_auth.max_depth"},
	{"verify_depth", "client_auth.max_depth"},
	{"upstream", "origin"},
	{"upstreams", "origins"},
	{"backend", "origin"},
	{"backends", "origins"},
	{"proxy_pass", "origin"},
	{"target", "origin"},
	{"server", "origin"},
	{"bind", "listen"},
	{"frontend", "listeners"},
	{"ssl_certificate", "tls.cert"},
	{"certificate", "tls.cert"},
	{"cert_file", "tls.cert"},
	{"crt", "tls.cert"},
	{"ssl_certificate_key", "tls.key"},
	{"private_key", "tls.key"},
	{"key_file", "tls.key"},
	{"ssl_protocols", "tls.min_version"},
	{"ssl_min_ver", "tls.min_version"},
	{"ssl_ciphers", "tls.ciphers_tls12"},
	{"ciphers", "tls.ciphers_tls12"},
	{"ssl_conf_command", "tls.ciphersuites_tls13"},
	{"ciphersuites", "tls.ciphersuites_tls13"},
	{"ssl_ecdh_curve", "tls.groups"},
	{"curves", "tls.groups"},
	{"worker_processes", "process.workers"},
	{"nbproc", "process.workers"},
	{"worker_rlimit_nofile", "process.max_open_files"},
	{"worker_connections", "limits.connections"},
	{"maxconn", "limits.connections"},
	{"client_max_body_size", "limits.body"},
	{"client_body_timeout", "timeouts.request_body"},
	{"client_header_timeout", "timeouts.request_header"},
	{"keepalive_timeout", "timeouts.keepalive"},
	{"proxy_connect_timeout", "timeouts.origin_connect"},
	{"proxy_read_timeout", "timeouts.origin_idle"},
	{"access_log", "logging.access"},
	{"error_log", "logging"},
	{"log", "logging"},
	{"log_level", "logging.level"},
};

enum { WORD_MAX = 40, NEAR_MAX = 2 };

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/*
 * Edit distance with neighbours swapped as one step, by rows; words are at
 * most WORD_MAX long.
 */
static size_t distance(struct slice a, struct slice b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *two_up = rows[0], *up = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b.len; j++)
		up[j] = two_up[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *spare = two_up;

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			char x = slice_lower(a.ptr[i - 1]);
			char y = slice_lower(b.ptr[j - 1]);

			row[j] = min3(up[j] + 1, row[j - 1] + 1,
				up[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == slice_lower(b.ptr[j - 2]) &&
				y == slice_lower(a.ptr[i - 2]) &&
				two_up[j - 2] + 1 < row[j])
				row[j] = two_up[j - 2] + 1;
		}
		two_up = up;
		up = row;
		row = spare;
	}
	return up[b.len];
}

size_t config_near(struct slice text, struct slice word)
{
	size_t steps;

	if (!text.len || text.len > WORD_MAX || word.len > WORD_MAX)
		return SIZE_MAX;
	steps = distance(text, word);
	return steps <= NEAR_MAX && steps * 2 <= word.len ? steps : SIZE_MAX;
}

static const struct config_key *nearest(const char *prefix, struct slice name)
{
	const struct config_key *best = NULL;
	size_t least = SIZE_MAX;

	for (const struct config_key *key = config_schema_next(NULL); key;
		key = config_schema_next(key)) {
		struct slice word = config_schema_name(prefix, key->path);
		size_t steps = word.len ? config_near(name, word) : SIZE_MAX;

		if (steps < least) {
			least = steps;
			best = key;
		}
	}
	return best;
}

/* The last word of a path. */
static const char *last_name(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

static bool same_section(const char *a, const char *b)
{
	size_t len = strcspn(a, ".");

	return !strncmp(a, b, len) && b[len] == '.';
}

static size_t depth_of(const char *path)
{
	size_t depth = 0;

	for (; *path; path++)
		depth += *path == '.';
	return depth;
}

/* The path of the key that has this name, the least deep one; in one section
 * the first is meant. NULL: there is none, or one in each of two sections. */
static const char *elsewhere(struct slice name)
{
	const char *path = NULL;
	size_t least = SIZE_MAX;
	bool unique = false;

	for (const struct config_key *key = config_schema_next(NULL); key;
		key = config_schema_next(key)) {
		size_t depth = depth_of(key->path);

		if (depth > least ||
			!slice_eq(slice_str(last_name(key->path)), name))
			continue;
		if (!path || depth < least) {
			least = depth;
			path = key->path;
			unique = true;
		} else if (!same_section(path, key->path)) {
			unique = false;
		}
	}
	return unique ? path : NULL;
}

static const char *foreign_path(struct slice name)
{
	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
		if (slice_eq_nocase(name, slice_str(foreign[i].word)))
			return foreign[i].path;
	}
	return NULL;
}

enum config_guess config_schema_guess(
	const char *prefix, struct slice name, const char **meant)
{
	const struct config_key *near = nearest(prefix, name);

	if (near) {
		*meant = last_name(near->path);
		return CONFIG_GUESS_NEAR;
	}
	*meant = elsewhere(name);
	if (*meant)
		return CONFIG_GUESS_PLACE;
	*meant = foreign_path(name);
	return *meant ? CONFIG_GUESS_FOREIGN : CONFIG_GUESS_NONE;
}
