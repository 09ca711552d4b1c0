/* What the loader says, and how it calls the places it speaks of. */
#include "config_load_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "config/config_schema_guess.h"
#include "config/config_value.h"

/* A text too long ends in "...". */
__attribute__((format(printf, 3, 0))) static void format_text(
	char *out, size_t size, const char *format, va_list args)
{
	if (vsnprintf(out, size, format, args) >= (int)size)
		memcpy(out + size - 4, "...", 4);
}

void config_complain_as(struct config_loader *loader, struct config_mark mark,
	enum exit_code code, const char *path, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	format_text(text, sizeof(text), format, args);
	va_end(args);
	config_problem(loader->problems, CONFIG_ERROR, code, mark, "%s: %s",
		path, text);
}

void config_complain(struct config_loader *loader, struct config_spot spot,
	const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	format_text(text, sizeof(text), format, args);
	va_end(args);
	config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
		spot.node->mark, "%s%s%s", spot.path, *spot.path ? ": " : "",
		text);
}

void config_hint(struct config_loader *loader, struct config_spot spot,
	const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	format_text(text, sizeof(text), format, args);
	va_end(args);
	config_problem_hint(loader->problems, spot.node->width, "%s", text);
}

struct config_mark config_nowhere(const struct config_loader *loader)
{
	return (struct config_mark){.file = loader->file};
}

void *config_no_memory(struct config_loader *loader)
{
	config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_INTERNAL,
		config_nowhere(loader), "out of memory");
	return NULL;
}

static const char *kind_name(const struct yaml_node *node)
{
	static const char *const names[] = {"a text", "a list", "a map"};

	return names[node->kind];
}

bool config_is_nothing(const struct yaml_node *node)
{
	return node->kind == YAML_KIND_TEXT && !node->quoted &&
	       (!node->text.len || slice_eq(node->text, SLICE("~")) ||
		       slice_eq(node->text, SLICE("null")));
}

bool config_want_text(struct config_loader *loader, struct config_spot spot,
	const char *expected)
{
	if (config_is_nothing(spot.node))
		config_complain(loader, spot, "has no value");
	else if (spot.node->kind != YAML_KIND_TEXT)
		config_complain(loader, spot, "found %s, expected %s",
			kind_name(spot.node), expected);
	else if (!spot.node->text.len)
		config_complain(loader, spot, "is empty");
	else
		return true;
	return false;
}

/* "a.b", or "b" at the top */
struct config_spot config_spot_below(struct config_loader *loader,
	struct config_spot parent, const struct yaml_node *node)
{
	struct config_spot spot = {.node = node};

	spot.path = arena_printf(loader->arena, "%s%s%.*s", parent.path,
		*parent.path ? "." : "",
		SLICE_FMT(slice_head(node->key->text, 64)));
	if (!spot.path) {
		config_no_memory(loader);
		spot.path = "";
	}
	return spot;
}

struct config_spot config_spot_item(struct config_loader *loader,
	struct config_spot parent, const struct yaml_node *node, size_t index)
{
	struct config_spot spot = {.node = node};

	spot.path = arena_printf(loader->arena, "%s[%zu]", parent.path, index);
	if (!spot.path) {
		config_no_memory(loader);
		spot.path = "";
	}
	return spot;
}

/* ---- keys that nobody knows ---- */

void config_note_keys(struct config_loader *loader, const char *prefix)
{
	char text[512] = "";
	size_t len = 0;

	for (const struct config_key *key = config_schema_next(NULL); key;
		key = config_schema_next(key)) {
		const char *dot = strrchr(key->path, '.');
		int n;

		if (!config_schema_is_child(prefix, key))
			continue;
		n = snprintf(text + len, sizeof(text) - len, "%s%s",
			len ? ", " : "", dot ? dot + 1 : key->path);
		len += n > 0 ? (size_t)n : 0;
		if (len >= sizeof(text))
			return;
	}
	config_problem_note(loader->problems, "the keys here are %s", text);
}

void config_unknown_key(struct config_loader *loader, const char *prefix,
	struct config_spot parent, const struct yaml_node *key)
{
	const char *meant;
	char shown[CONFIG_SHOWN];
	struct config_spot spot = {.node = key, .path = ""};

	config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
		key->mark, "unknown key %s%s%s", config_shown(key->text, shown),
		*parent.path ? " in " : "", parent.path);
	switch (config_schema_guess(prefix, key->text, &meant)) {
	case CONFIG_GUESS_NEAR:
	case CONFIG_GUESS_FOREIGN:
		config_hint(loader, spot, "did you mean \"%s\"?", meant);
		break;
	case CONFIG_GUESS_PLACE:
		config_hint(loader, spot, "its place is \"%s\"", meant);
		break;
	case CONFIG_GUESS_NONE:
		config_note_keys(loader, prefix);
		break;
	}
}
