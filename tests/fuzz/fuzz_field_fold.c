/*
 * Folding (R1): whatever the name, comparing after folding is the same as
 * folding and then comparing, and what is no alias folds by case alone.
 */
#include "http/header.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool kept)
{
	if (!kept)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice name = slice_of(data, size);
	char *folded = malloc(size + 1);
	struct slice text = slice_of(folded, size);

	must(folded);
	for (size_t i = 0; i < size; i++)
		folded[i] = header_fold_byte(name.ptr[i]);
	must(header_folds_to(name, text));
	must(header_folds_to_prefix(name, slice_head(text, size / 2)));
	must(header_folds_to(text, text)); /* folding twice */
	must(!header_is_alias(text));
	must(header_name_valid(text) == (size > 0));
	must(header_value_printable(text));
	if (!header_is_alias(name))
		must(slice_eq_nocase(name, text));
	if (header_value_printable(name))
		must(header_value_valid(name));
	if (header_name_valid(name))
		must(header_value_printable(name));
	folded[size] = 'x';
	must(!header_folds_to(name, slice_of(folded, size + 1)));
	if (size) {
		folded[size / 2] ^= 1;
		must(!header_folds_to(name, text));
	}
	free(folded);
	return 0;
}
