/*
 * The compiler of templates. Promises: what compiles has pieces within bounds
 * whose literals are printable (R6) and whose text, put together again, is the
 * text that came; what does not compile says where.
 */
#include "config/config_template.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "config/config_field.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool kept)
{
	if (!kept)
		abort();
}

static void take(struct slice *rest, struct slice text)
{
	must(slice_starts(*rest, text));
	*rest = slice_from(*rest, text.len);
}

/* A piece as it was written; a { of a literal was doubled. */
static void check_piece(
	struct slice *rest, const struct config_template_piece *piece)
{
	struct slice name;

	if (!piece->field) {
		must(piece->text.len > 0);
		for (size_t i = 0; i < piece->text.len; i++) {
			char c = piece->text.ptr[i];

			must(c >= 0x20 && c <= 0x7E);
			take(rest, slice_of(&c, 1));
			if (c == '{')
				take(rest, SLICE("{"));
		}
		return;
	}
	take(rest, SLICE("{"));
	name = slice_head(*rest, slice_find(*rest, '}'));
	must(config_field_find(name, &(struct slice){NULL, 0}) != NULL);
	take(rest, name);
	take(rest, SLICE("}"));
}

static void check_error(
	struct slice text, const struct config_template_error *error)
{
	must(error->fault != CONFIG_TEMPLATE_OK &&
		error->fault != CONFIG_TEMPLATE_NO_MEMORY);
	must(error->at <= text.len);
	if (error->fault == CONFIG_TEMPLATE_UNKNOWN ||
		error->fault == CONFIG_TEMPLATE_UNCLOSED)
		must(text.ptr[error->at] == '{');
	if (error->fault == CONFIG_TEMPLATE_UNKNOWN)
		(void)config_field_guess(error->name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size), rest = text;
	struct arena *arena = arena_new(NULL);
	struct config_template template;
	struct config_template_error error;
	unsigned needs = 0;

	must(arena != NULL);
	if (config_template_compile(text, arena, &template, &error)) {
		must(template.count <= CONFIG_TEMPLATE_PIECES);
		for (size_t i = 0; i < template.count; i++) {
			check_piece(&rest, &template.pieces[i]);
			if (template.pieces[i].field)
				needs |= template.pieces[i].field->needs;
		}
		must(rest.len == 0 && needs == template.needs);
	} else {
		check_error(text, &error);
	}
	arena_free(arena);
	return 0;
}
