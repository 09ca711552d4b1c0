/*
 * A file of PEM blocks. Promises: a block ends before the file does, its bytes
 * are no more than its base64 can carry, and a second reading gives the same.
 * What it holds is taken for a private key, too.
 */
#include "tls/pem_priv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "tls/private_key_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool kept)
{
	if (!kept)
		abort();
}

/* As pem_open leaves it. */
static void open_bytes(struct pem_file *file, const uint8_t *data, size_t size)
{
	*file = (struct pem_file){.line = 1, .len = size};
	file->text = malloc(size + 1);
	must(file->text != NULL);
	if (size)
		memcpy(file->text, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pem_file file, again;
	enum pem_result result;

	open_bytes(&file, data, size);
	open_bytes(&again, data, size);
	do {
		struct pem_block block, other;
		const char *why = NULL, *same = NULL;
		unsigned line = 0, same_line = 0;

		result = pem_next(&file, &block, &why, &line);
		must(pem_next(&again, &other, &same, &same_line) == result);
		must(file.at <= file.len && file.at == again.at);
		must(line == same_line && why == same);
		if (result == PEM_BROKEN)
			must(why && line >= 1 && line <= file.line);
		if (result == PEM_OK) {
			must(block.der.len > 0 &&
				block.der.len <= size / 4 * 3);
			must(block.label.len > 0);
			must(slice_eq(block.der, other.der));
			EVP_PKEY_free(private_key_read(block.label, block.der));
		}
	} while (result == PEM_OK);
	(void)pem_looks_like_der(&file);
	pem_close(&file);
	pem_close(&again);
	return 0;
}
