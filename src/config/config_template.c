#include "config/config_template.h"

#include "base/arena.h"
#include "config/config_field.h"

struct compiler {
	struct slice text;
	size_t at;
	struct arena *arena;
	struct config_template *out;
	struct config_template_error *error;
};

static bool fail(struct compiler *c, enum config_template_fault fault,
	size_t at, struct slice name)
{
	*c->error = (struct config_template_error){fault, at, name};
	return false;
}

static bool add(struct compiler *c, struct config_template_piece piece)
{
	if (c->out->count == CONFIG_TEMPLATE_PIECES)
		return fail(
			c, CONFIG_TEMPLATE_TOO_LONG, c->at, slice_of(NULL, 0));
	if (!arena_dup(c->arena, piece.text, &piece.text))
		return fail(
			c, CONFIG_TEMPLATE_NO_MEMORY, c->at, slice_of(NULL, 0));
	if (piece.field)
		c->out->needs |= piece.field->needs;
	c->out->pieces[c->out->count++] = piece;
	return true;
}

static bool is_open(const struct compiler *c)
{
	return c->at < c->text.len && c->text.ptr[c->at] == '{';
}

/* Up to the next brace; of a doubled one the first is part of it. */
static bool add_literal(struct compiler *c)
{
	size_t begin = c->at, end;

	while (c->at < c->text.len && !is_open(c)) {
		char byte = c->text.ptr[c->at];

		if (byte < 0x20 || byte > 0x7E)
			return fail(c, CONFIG_TEMPLATE_BYTE, c->at,
				slice_of(NULL, 0));
		c->at++;
	}
	end = c->at;
	if (c->at + 1 < c->text.len && c->text.ptr[c->at + 1] == '{') {
		end++;
		c->at += 2;
	}
	if (end == begin)
		return true;
	return add(
		c, (struct config_template_piece){
			   .text = slice_of(c->text.ptr + begin, end - begin)});
}

static bool add_field(struct compiler *c)
{
	struct slice rest = slice_from(c->text, c->at + 1);
	struct slice name = slice_head(rest, slice_find(rest, '}'));
	struct config_template_piece piece;

	if (name.len == rest.len)
		return fail(c, CONFIG_TEMPLATE_UNCLOSED, c->at, name);
	piece.field = config_field_find(name, &piece.text);
	if (!piece.field)
		return fail(c, CONFIG_TEMPLATE_UNKNOWN, c->at, name);
	c->at += name.len + 2;
	return add(c, piece);
}

/* Each brace begins a field or a literal, and may end a literal. */
static size_t most_pieces(struct slice text)
{
	size_t most = 1;

	for (size_t i = 0; i < text.len; i++)
		most += text.ptr[i] == '{' ? 2 : 0;
	return most < CONFIG_TEMPLATE_PIECES ? most : CONFIG_TEMPLATE_PIECES;
}

bool config_template_compile(struct slice text, struct arena *arena,
	struct config_template *out, struct config_template_error *error)
{
	struct compiler c = {
		.text = text, .arena = arena, .out = out, .error = error};

	*out = (struct config_template){.count = 0};
	*error = (struct config_template_error){CONFIG_TEMPLATE_OK, 0, {0}};
	if (text.len > CONFIG_TEMPLATE_MAX)
		return fail(&c, CONFIG_TEMPLATE_TOO_LONG, CONFIG_TEMPLATE_MAX,
			slice_of(NULL, 0));
	out->pieces =
		arena_alloc(arena, most_pieces(text) * sizeof(*out->pieces));
	if (!out->pieces)
		return fail(
			&c, CONFIG_TEMPLATE_NO_MEMORY, 0, slice_of(NULL, 0));
	while (c.at < text.len) {
		bool doubled = is_open(&c) && c.at + 1 < text.len &&
			       text.ptr[c.at + 1] == '{';

		if (is_open(&c) && !doubled ? !add_field(&c) : !add_literal(&c))
			return false;
	}
	return true;
}
