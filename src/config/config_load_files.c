/* Are the files there, and may we read them? (R11) */
#include "config_load_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"

static enum exit_code code_of(int error)
{
	if (error == ENOENT || error == ENOTDIR)
		return EXIT_CODE_NO_INPUT;
	if (error == EACCES || error == EPERM)
		return EXIT_CODE_PERMISSION;
	return EXIT_CODE_CONFIG;
}

/* "there is no file X" says more than the system's words. */
static void refuse_open(struct config_loader *loader, const char *path,
	struct config_mark mark, const char *file, int error)
{
	if (error == ENOENT)
		config_complain_as(loader, mark, EXIT_CODE_NO_INPUT, path,
			"there is no file %s", file);
	else
		config_complain_as(loader, mark, code_of(error), path,
			"%s cannot be read: %s", file, strerror(error));
}

/* fd is that of the file; its kind and its size. */
static void check_kind(struct config_loader *loader, const char *path,
	struct config_mark mark, const char *file, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		refuse_open(loader, path, mark, file, errno);
	else if (S_ISDIR(st.st_mode))
		config_complain_as(loader, mark, EXIT_CODE_CONFIG, path,
			"%s is a directory, expected a file", file);
	else if (!S_ISREG(st.st_mode))
		config_complain_as(loader, mark, EXIT_CODE_CONFIG, path,
			"%s is not a regular file", file);
	else if (!st.st_size)
		config_complain_as(loader, mark, EXIT_CODE_CONFIG, path,
			"%s is empty", file);
}

static void check_file(struct config_loader *loader, const char *path,
	struct config_mark mark, const char *file)
{
	int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		refuse_open(loader, path, mark, file, errno);
		return;
	}
	check_kind(loader, path, mark, file, fd);
	close(fd);
}

/* ---- CA directories: their *.pem and *.crt ---- */

static bool is_certificate(const char *name)
{
	struct slice s = slice_str(name);

	return name[0] != '.' &&
	       (slice_ends(s, SLICE(".pem")) || slice_ends(s, SLICE(".crt")));
}

static void check_dir(struct config_loader *loader, const char *path,
	const struct config_text *dir, DIR *stream)
{
	const struct dirent *entry;
	size_t found = 0;

	while ((entry = readdir(stream))) {
		const char *file;

		if (!is_certificate(entry->d_name))
			continue;
		found++;
		file = arena_printf(
			loader->arena, "%s/%s", dir->text, entry->d_name);
		if (!file) {
			config_no_memory(loader);
			return;
		}
		check_file(loader, path, dir->mark, file);
	}
	if (!found)
		config_complain_as(loader, dir->mark, EXIT_CODE_CONFIG, path,
			"the directory %s holds no *.pem and no *.crt file",
			dir->text);
}

static void check_ca(struct config_loader *loader, const char *path,
	const struct config_text *ca)
{
	struct stat st;
	DIR *stream;

	if (!ca->text)
		return;
	if (stat(ca->text, &st) || !S_ISDIR(st.st_mode)) {
		check_file(loader, path, ca->mark, ca->text);
		return;
	}
	stream = opendir(ca->text);
	if (!stream) {
		refuse_open(loader, path, ca->mark, ca->text, errno);
		return;
	}
	check_dir(loader, path, ca, stream);
	closedir(stream);
}

/* ---- listeners ---- */

static bool same_mark(struct config_mark a, struct config_mark b)
{
	return a.line == b.line && a.column == b.column;
}

static void check_own(struct config_loader *loader, const char *prefix,
	const char *key, const struct config_text *text,
	const struct config_text *top)
{
	char path[96];

	if (!text->text || (top && same_mark(text->mark, top->mark)))
		return;
	snprintf(path, sizeof(path), "%s%s", prefix, key);
	check_file(loader, path, text->mark, text->text);
}

static void check_certificates(struct config_loader *loader, const char *prefix,
	const struct config_tls *tls)
{
	char path[80];

	for (size_t i = 0; i < tls->certificate_count; i++) {
		const struct config_certificate *one = &tls->certificates[i];

		snprintf(path, sizeof(path), "%stls.certificates[%zu].", prefix,
			i);
		check_own(loader, path, "cert", &one->cert, NULL);
		check_own(loader, path, "key", &one->key, NULL);
		check_own(loader, path, "ocsp_file", &one->ocsp_file, NULL);
	}
}

/* What a listener has from the top (NULL: it is that) is checked there. */
static void check_listener(struct config_loader *loader, const char *prefix,
	const struct config_listener *one, const struct config_listener *top)
{
	const struct config_texts *ca = &one->client_auth.ca;
	char path[64];

	check_own(loader, prefix, "tls.cert", &one->tls.cert,
		top ? &top->tls.cert : NULL);
	check_own(loader, prefix, "tls.key", &one->tls.key,
		top ? &top->tls.key : NULL);
	check_own(loader, prefix, "tls.openssl_config",
		&one->tls.openssl_config,
		top ? &top->tls.openssl_config : NULL);
	check_own(loader, prefix, "tls.ticket_keys", &one->tls.ticket_keys,
		top ? &top->tls.ticket_keys : NULL);
	if (!top || one->tls.certificates != top->tls.certificates)
		check_certificates(loader, prefix, &one->tls);
	if (top && ca->items == top->client_auth.ca.items)
		return;
	snprintf(path, sizeof(path), "%sclient_auth.ca", prefix);
	for (size_t i = 0; i < ca->count; i++)
		check_ca(loader, path, &ca->items[i]);
}

void config_check_files(struct config_loader *loader)
{
	const struct config *config = loader->config;
	const struct config_listener *base =
		loader->prototype[CONFIG_HOME_LISTENER];

	check_listener(loader, "", base, NULL);
	for (size_t i = 0; i < config->listener_count; i++) {
		char prefix[40];

		snprintf(prefix, sizeof(prefix), "listeners[%zu].", i);
		check_listener(loader, prefix, &config->listeners[i], base);
	}
}
