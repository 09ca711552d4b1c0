#include "daemon/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "config/config_load.h"
#include "config/config_problem.h"
#include "daemon/file_watch.h"
#include "daemon/sockets.h"
#include "policy/cert_headers.h"
#include "policy/rulebook.h"
#include "proxy/name_board.h"
#include "tls/origin_context.h"
#include "tls/tls_context.h"

/* ---- load ---- */

static void complain(struct config_problems *problems, struct config_mark mark,
	const struct err *err)
{
	config_problem(
		problems, CONFIG_ERROR, err->code, mark, "%s", err->text);
}

static struct config_mark nowhere(const struct generation *g)
{
	return (struct config_mark){.file = g->config->path};
}

static bool no_memory(const char *path, struct config_problems *problems)
{
	config_problem(problems, CONFIG_ERROR, EXIT_CODE_INTERNAL,
		(struct config_mark){.file = path}, "out of memory");
	return false;
}

/* Once per process: what the first generation says counts. */
static bool init_library(
	const struct generation *g, struct config_problems *problems)
{
	const struct config_text *file =
		&g->config->listeners[0].tls.openssl_config;

	if (g->number > 1 || tls_library_init(file->text))
		return true;
	config_problem(problems, CONFIG_ERROR, EXIT_CODE_CONFIG, file->mark,
		"tls.openssl_config: OpenSSL does not start with it");
	return false;
}

static void note_trust(
	struct generation_trust *trust, const struct tls_context *context)
{
	memcpy(trust->digest, tls_context_trust_digest(context),
		sizeof(trust->digest));
	memcpy(trust->content, tls_context_trust_content(context),
		sizeof(trust->content));
	trust->crl_next_update = tls_context_next_update(context);
	trust->crl_warn_at = tls_context_crl_warn_at(context);
}

static bool build_contexts(struct generation *g, const struct ticket_ring *ring,
	struct config_problems *problems)
{
	size_t count = g->config->listener_count;
	bool ok = true;

	g->contexts = calloc(count, sizeof(*g->contexts));
	g->trust = calloc(count, sizeof(*g->trust));
	if (!g->contexts || !g->trust)
		return no_memory(g->config->path, problems);
	for (size_t i = 0; i < count; i++) {
		const struct config_listener *listener =
			&g->config->listeners[i];
		const struct tls_context_setup setup = {.listener = listener,
			.chain_needed =
				cert_headers_need_chain(&g->config->headers,
					listener->client_auth.mode),
			.ring = ring};

		g->contexts[i] = tls_context_new(&setup, problems);
		if (g->contexts[i])
			note_trust(&g->trust[i], g->contexts[i]);
		ok = ok && g->contexts[i];
	}
	return ok;
}

static bool build_origin_contexts(
	struct generation *g, struct config_problems *problems)
{
	const struct config *config = g->config;
	bool ok = true;

	g->origin_contexts = calloc(
		config->origin_count + 1, sizeof(struct origin_context *));
	if (!g->origin_contexts)
		return no_memory(config->path, problems);
	for (size_t i = 0; i < config->origin_count; i++) {
		if (!origin_context_needed(&config->origins[i]))
			continue;
		g->origin_contexts[i] =
			origin_context_new(&config->origins[i], problems);
		ok = ok && g->origin_contexts[i];
	}
	return ok;
}

static bool build_names(struct generation *g, struct config_problems *problems)
{
	if (!name_board_needed(g->config))
		return true;
	g->names = name_board_new(g->config);
	return g->names || no_memory(g->config->path, problems);
}

static bool find_user(struct generation *g, struct config_problems *problems)
{
	const struct config_process *process = &g->config->process;
	struct err err;

	if (privdrop_resolve(process, &g->who, &err))
		return true;
	complain(problems, process->user.text ? process->user.mark : nowhere(g),
		&err);
	return false;
}

static bool load(struct generation *g, const char *path,
	const struct ticket_ring *ring, struct config_problems *problems)
{
	bool built;

	/* each is looked at before it is read */
	g->files = file_watch_new();
	if (!g->files || !file_watch_add(g->files, path))
		return no_memory(path, problems);
	g->config =
		config_load_named(path, problems, file_watch_named, g->files);
	if (!g->config || !init_library(g, problems))
		return false;
	/* all, so that one run finds all that is wrong */
	g->rules = rulebook_new(g->config, problems);
	built = build_contexts(g, ring, problems) && g->rules;
	built = build_origin_contexts(g, problems) && built;
	built = build_names(g, problems) && built;
	return find_user(g, problems) && built;
}

struct generation *generation_load(const char *path, unsigned number,
	const struct ticket_ring *ring, struct config_problems *problems,
	struct file_watch **tried)
{
	struct generation *g = calloc(1, sizeof(*g));

	if (!g) {
		config_problem(problems, CONFIG_ERROR, EXIT_CODE_INTERNAL,
			(struct config_mark){.file = path}, "out of memory");
		return NULL;
	}
	g->number = number;
	g->access_fd = -1;
	if (load(g, path, ring, problems) && !config_problems_errors(problems))
		return g;
	if (tried) {
		*tried = g->files;
		g->files = NULL;
	}
	generation_free(g);
	return NULL;
}

void generation_free_contexts(struct generation *g)
{
	for (size_t i = 0; g->contexts && i < g->config->listener_count; i++)
		tls_context_free(g->contexts[i]);
	free(g->contexts);
	g->contexts = NULL;
	for (size_t i = 0; g->origin_contexts && i < g->config->origin_count;
		i++)
		origin_context_free(g->origin_contexts[i]);
	free(g->origin_contexts);
	g->origin_contexts = NULL;
}

void generation_free(struct generation *g)
{
	if (!g)
		return;
	generation_free_contexts(g);
	name_board_free(g->names);
	free(g->trust);
	if (g->access_owned)
		close(g->access_fd);
	free(g->groups);
	file_watch_free(g->files);
	rulebook_free(g->rules);
	config_free(g->config);
	free(g);
}

/* ---- open ---- */

static bool want_listeners(
	struct generation *g, struct sockets *sockets, struct err *err)
{
	const struct config *config = g->config;

	g->groups =
		calloc(config->listener_count, sizeof(struct socket_group *));
	if (!g->groups) {
		err_set(err, EXIT_CODE_INTERNAL, "out of memory");
		return false;
	}
	for (size_t i = 0; i < config->listener_count; i++) {
		const struct config_listener *l = &config->listeners[i];
		const struct socket_wish wish = {.addr = l->address,
			.count = config->process.workers,
			.backlog = l->backlog};

		g->groups[i] = sockets_want(sockets, &wish, err);
		if (g->groups[i])
			continue;
		err_prefix(err, "listener %s", l->name);
		return false;
	}
	return true;
}

/* The directory of the default address is in /run, which starts empty. */
static void make_admin_dir(const struct addr *addr)
{
	const char *path = addr->sa.local.sun_path;
	const char *slash = addr_is_unix(addr) ? strrchr(path, '/') : NULL;
	char dir[sizeof(addr->sa.local.sun_path)];

	if (!slash || slash == path)
		return;
	memcpy(dir, path, (size_t)(slash - path));
	dir[slash - path] = '\0';
	/* If it cannot be made, binding says so in better words. */
	(void)mkdir(dir, S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH);
}

static bool want_admin(
	struct generation *g, struct sockets *sockets, struct err *err)
{
	enum { ADMIN_BACKLOG = 64 };
	const struct config_admin *admin = &g->config->admin;
	const struct socket_wish wish = {.addr = admin->address,
		.count = 1,
		.backlog = ADMIN_BACKLOG,
		.unix_mode = admin->mode};

	/* port 0 is another one each time */
	bool any_port = !addr_is_unix(&wish.addr) && !addr_port(&wish.addr);

	if (!admin->enabled)
		return true;
	for (size_t i = 0; i < g->config->listener_count; i++) {
		if (!addr_eq(&g->config->listeners[i].address, &wish.addr) ||
			any_port)
			continue;
		err_set(err, EXIT_CODE_CONFIG,
			"admin.address is the address of listener %s",
			g->config->listeners[i].name);
		return false;
	}
	make_admin_dir(&wish.addr);
	g->admin = sockets_want(sockets, &wish, err);
	if (!g->admin)
		err_prefix(err, "admin.address");
	return g->admin != NULL;
}

static int open_log(const char *path, struct err *err)
{
	int fd = open(path,
		O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
			O_NONBLOCK,
		S_IRUSR | S_IWUSR | S_IRGRP);

	if (fd < 0)
		err_set(err,
			errno == EACCES || errno == EPERM
				? EXIT_CODE_PERMISSION
				: EXIT_CODE_UNAVAILABLE,
			"logging.access.output: cannot open %s: %s", path,
			strerror(errno));
	return fd;
}

static bool open_access(struct generation *g, int stdout_fd, struct err *err)
{
	const struct config_logging *logging = &g->config->logging;

	if (!logging->access_enabled)
		return true;
	if (logging->access_output == ACCESS_FILE) {
		g->access_fd = open_log(logging->access_path, err);
		g->access_owned = g->access_fd >= 0;
		return g->access_owned;
	}
	g->access_fd = logging->access_output == ACCESS_STDOUT ? stdout_fd
							       : STDERR_FILENO;
	return true;
}

bool generation_open(struct generation *g, struct sockets *sockets,
	int stdout_fd, struct err *err)
{
	return want_listeners(g, sockets, err) && want_admin(g, sockets, err) &&
	       open_access(g, stdout_fd, err);
}

bool generation_reopen(struct generation *g, struct err *err)
{
	int fd;

	if (!g->access_owned)
		return true;
	fd = open_log(g->config->logging.access_path, err);
	if (fd < 0)
		return false;
	close(g->access_fd);
	g->access_fd = fd;
	return true;
}
