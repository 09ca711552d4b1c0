/*
 * pem: a file of PEM blocks (RFC 7468), read strictly.
 *
 * Text between the blocks is skipped, as most tools write some; but a line
 * there that starts with five dashes, a BEGIN behind blanks or a byte order
 * mark, a block that does not end, or a byte that is not base64 makes the file
 * broken: a CA that is half there must not load as if it were whole (R11). All
 * memory is wiped when it is given back, for it may have held a key (R23).
 */
#ifndef MTLSGATE_TLS_PEM_PRIV_H
#define MTLSGATE_TLS_PEM_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum { PEM_FILE_MAX = 64 * 1024 * 1024 };

struct pem_file {
	char *text;
	size_t len;
	size_t at;          /* where the next block is looked for */
	unsigned line;      /* of `at`, from 1 */
	unsigned char *der; /* of the block read last */
	size_t der_size;    /* bytes allocated */
};

struct pem_block {
	struct slice label; /* "CERTIFICATE"; lies in the file's text */
	struct slice der;   /* until the next call */
	bool encrypted;     /* by RFC 1421 headers, or its label says so */
	unsigned line;      /* of its BEGIN */
};

enum pem_result {
	PEM_OK,
	PEM_END,    /* no further block */
	PEM_BROKEN, /* *why says what, *line where */
};

/* Reads it whole. false: errno (EFBIG above PEM_FILE_MAX, EISDIR ...). */
bool pem_open(struct pem_file *file, const char *path)
	__attribute__((warn_unused_result));
void pem_close(struct pem_file *file);

enum pem_result pem_next(struct pem_file *file, struct pem_block *block,
	const char **why, unsigned *line) __attribute__((warn_unused_result));

/* Bare DER instead of PEM, a common mistake? */
bool pem_looks_like_der(const struct pem_file *file);

#endif
