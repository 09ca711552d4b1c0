#include "fake/tls_files.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

void tls_files_init(struct tls_files *files)
{
	*files = (struct tls_files){.directory = "/tmp/mtlsgate-test-XXXXXX"};
	must(mkdtemp(files->directory) != NULL, "mkdtemp");
	files->ca = mint_ca("Test CA", NULL);
	files->server = mint_server("localhost", files->ca);
	mint_write_cert(files->directory, "server.pem", files->server);
	mint_write_key(files->directory, "server.key", files->server);
	mint_write_cert(files->directory, "ca.pem", files->ca);
	snprintf(files->cert, sizeof(files->cert), "%s/server.pem",
		files->directory);
	snprintf(files->key, sizeof(files->key), "%s/server.key",
		files->directory);
	snprintf(files->ca_path, sizeof(files->ca_path), "%s/ca.pem",
		files->directory);
	files->ca_text =
		(struct config_text){files->ca_path, {"test.yaml", 6, 20}};
	files->listener = (struct config_listener){.name = "test",
		.client_auth = {.mode = CLIENT_AUTH_REQUIRE,
			.ca = {&files->ca_text, 1},
			.max_depth = 4,
			.mark = {"test.yaml", 6, 1}},
		.tls = {.cert = {files->cert, {"test.yaml", 4, 9}},
			.key = {files->key, {"test.yaml", 5, 8}},
			.min_version = 0x0303,
			.max_version = 0x0304}};
}

static int remove_entry(
	const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

void tls_files_fini(struct tls_files *files)
{
	mint_free(files->ca);
	mint_free(files->server);
	must(nftw(files->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0,
		files->directory);
}
