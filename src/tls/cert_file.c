#include "tls/cert_file.h"

#include <errno.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "base/err.h"
#include "pem_priv.h"
#include "tls/cert_info.h"

/* The first CERTIFICATE of the file; NULL: there is none that parses. */
static X509 *first_of(struct pem_file *file)
{
	struct pem_block block;
	const char *why;
	unsigned line;

	while (pem_next(file, &block, &why, &line) == PEM_OK) {
		const unsigned char *der =
			(const unsigned char *)(const void *)block.der.ptr;

		if (slice_eq(block.label, SLICE("CERTIFICATE")))
			return d2i_X509(NULL, &der, (long)block.der.len);
	}
	return NULL;
}

struct cert_info *cert_file_leaf(
	const char *path, struct arena *arena, struct err *err)
{
	struct cert_info *info = NULL;
	struct pem_file file;
	X509 *leaf;

	if (!pem_open(&file, path)) {
		err_set(err,
			errno == EACCES ? EXIT_CODE_PERMISSION
					: EXIT_CODE_NO_INPUT,
			"%s cannot be read: %m", path);
		return NULL;
	}
	leaf = first_of(&file);
	pem_close(&file);
	if (leaf)
		info = cert_info_read(leaf, arena);
	if (!leaf)
		err_set(err, EXIT_CODE_NO_INPUT,
			"%s holds no certificate in PEM form", path);
	else if (!info || !cert_info_read_extensions(info, leaf, arena)) {
		err_set(err, EXIT_CODE_INTERNAL, "out of memory");
		info = NULL;
	}
	X509_free(leaf);
	ERR_clear_error();
	return info;
}
