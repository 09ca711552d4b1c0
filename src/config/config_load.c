#include "config_load_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "config/config_files.h"

bool config_asks_ocsp(const struct config *config)
{
	for (size_t i = 0; i < config->listener_count; i++) {
		if (config->listeners[i].client_auth.ocsp.mode ==
			OCSP_MODE_LEAF)
			return true;
	}
	return false;
}

void config_free(struct config *config)
{
	if (config)
		arena_free(config->arena);
}

/* ---- the file ---- */

static struct config_mark mark_file(const char *path)
{
	return (struct config_mark){.file = path};
}

static void refuse_file(
	struct config_problems *problems, const char *path, int error)
{
	enum exit_code code =
		error == ENOENT || error == ENOTDIR ? EXIT_CODE_NO_INPUT
		: error == EACCES || error == EPERM ? EXIT_CODE_PERMISSION
						    : EXIT_CODE_CONFIG;

	config_problem(problems, CONFIG_ERROR, code, mark_file(path),
		"cannot read the configuration: %s", strerror(error));
}

/* At most one byte more than is accepted, so that the cap is seen. */
static bool read_all(int fd, struct buf *text)
{
	char piece[16384];

	while (text->len <= YAML_TREE_SIZE) {
		ssize_t n = read(fd, piece, sizeof(piece));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (!n)
			return true;
		if (!buf_append(text, slice_of(piece, (size_t)n))) {
			errno = ENOMEM;
			return false;
		}
	}
	return true;
}

static bool read_file(
	const char *path, struct buf *text, struct config_problems *problems)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0) {
		refuse_file(problems, path, errno);
		return false;
	}
	ok = read_all(fd, text);
	if (!ok)
		refuse_file(problems, path, errno);
	close(fd);
	return ok;
}

static struct config *load(
	struct config_loader *loader, struct slice text, const char *path);

struct config *config_load_named(const char *path,
	struct config_problems *problems,
	bool (*named)(void *arg, const char *path), void *arg)
{
	struct config_loader loader = {
		.problems = problems, .named = named, .named_arg = arg};
	struct config *config = NULL;
	struct buf text = {0};

	if (read_file(path, &text, problems))
		config = load(&loader, buf_bytes(&text), path);
	buf_fini(&text);
	return config;
}

struct config *config_load(const char *path, struct config_problems *problems)
{
	return config_load_named(path, problems, NULL, NULL);
}

struct config *config_load_text(
	struct slice text, const char *path, struct config_problems *problems)
{
	return config_load_with(text, path, problems, 0);
}

/* ---- the loader's own state ---- */

/* The directory of the file, absolute unless it cannot be found. */
static const char *find_dir(struct config_loader *loader, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct slice name =
		slash ? slice_of(path, (size_t)(slash - path)) : SLICE(".");
	char full[PATH_MAX];
	struct slice dir;

	if (slash == path)
		return "/";
	if (!arena_dup(loader->arena, name, &dir))
		return NULL;
	if (loader->flags & CONFIG_LOAD_OFFLINE || !realpath(dir.ptr, full))
		return dir.ptr;
	return arena_strdup(loader->arena, full);
}

static const char *find_path(struct config_loader *loader, const char *path)
{
	const char *slash = strrchr(path, '/');

	return arena_printf(loader->arena, "%s%s%s", loader->dir,
		strcmp(loader->dir, "/") ? "/" : "", slash ? slash + 1 : path);
}

static struct config *config_new(void)
{
	struct arena *arena = arena_new(NULL);
	struct config *config = NULL;

	if (arena)
		config = arena_zalloc(arena, sizeof(*config));
	if (config)
		config->arena = arena;
	else
		arena_free(arena);
	return config;
}

/* One of each kind of item; also the home of its defaults. */
static bool make_prototypes(struct config_loader *loader)
{
	const struct config_key *key = NULL;

	loader->prototype[CONFIG_HOME_NONE] = loader->config;
	loader->prototype[CONFIG_HOME_CONFIG] = loader->config;
	while ((key = config_schema_next(key))) {
		if (!key->item_size || loader->prototype[key->item])
			continue;
		loader->prototype[key->item] =
			arena_zalloc(loader->arena, key->item_size);
		if (!loader->prototype[key->item])
			return false;
	}
	memcpy(loader->home, loader->prototype, sizeof(loader->home));
	return true;
}

static bool loader_init(struct config_loader *loader, const char *path)
{
	loader->config = config_new();
	if (!loader->config)
		return false;
	loader->arena = loader->config->arena;
	loader->file = arena_strdup(loader->arena, path);
	if (!loader->file)
		return false;
	loader->dir = find_dir(loader, path);
	if (!loader->dir)
		return false;
	loader->config->path = find_path(loader, path);
	return loader->config->path != NULL && make_prototypes(loader);
}

/* ---- all parts together ---- */

/* With errors it is the file itself that has to change. */
static void name_files(struct config_loader *loader)
{
	if (loader->named && !config_problems_errors(loader->problems) &&
		!config_files_each(
			loader->config, loader->named, loader->named_arg))
		config_no_memory(loader);
}

static void run(struct config_loader *loader, struct slice text)
{
	config_problems_source(loader->problems, loader->file, text);
	loader->root = yaml_tree_parse(
		loader->arena, text, loader->file, loader->problems);
	if (!loader->root)
		return;
	config_walk(loader);
	if (loader->root->kind != YAML_KIND_MAP)
		return;
	config_check(loader);
	name_files(loader);
	if (!(loader->flags & CONFIG_LOAD_OFFLINE))
		config_check_files(loader);
}

static struct config *load(
	struct config_loader *loader, struct slice text, const char *path)
{
	size_t before = config_problems_errors(loader->problems);

	if (!loader_init(loader, path))
		config_problem(loader->problems, CONFIG_ERROR,
			EXIT_CODE_INTERNAL, mark_file(path), "out of memory");
	else
		run(loader, text);
	if (config_problems_errors(loader->problems) == before)
		return loader->config;
	config_free(loader->config);
	return NULL;
}

struct config *config_load_with(struct slice text, const char *path,
	struct config_problems *problems, unsigned flags)
{
	struct config_loader loader = {.problems = problems, .flags = flags};

	return load(&loader, text, path);
}
