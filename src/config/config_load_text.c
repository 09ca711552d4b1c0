/* Texts and paths: ${VAR}, relative paths. */
#include "config_load_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "config/config_value.h"

bool config_text_read(struct config_loader *loader, struct config_spot spot,
	const char *expected, struct config_text *text)
{
	if (!config_want_text(loader, spot, expected))
		return false;
	if (!utf8_printable(spot.node->text)) {
		config_complain(loader, spot,
			"holds a character that cannot be printed");
		return false;
	}
	text->text = spot.node->text.ptr;
	text->mark = spot.node->mark;
	return true;
}

static bool is_name_byte(char c, bool first)
{
	char low = slice_lower(c);

	return (low >= 'a' && low <= 'z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

static bool is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!is_name_byte(name.ptr[i], !i))
			return false;
	}
	return name.len > 0;
}

/* The value of the variable; complains when it is of no use. */
static const char *variable(struct config_loader *loader,
	struct config_spot spot, struct slice name)
{
	char *copy;
	const char *value;
	struct slice text;

	if (!is_name(name)) {
		config_complain(loader, spot,
			"\"${%.*s}\" is not a variable; write ${NAME} with "
			"letters, digits and _",
			SLICE_FMT(slice_head(name, 64)));
		return NULL;
	}
	copy = arena_printf(loader->arena, "%.*s", SLICE_FMT(name));
	if (!copy)
		return config_no_memory(loader);
	value = getenv(copy);
	text = slice_str(value);
	if (!value)
		config_complain(loader, spot,
			"the environment variable %s is not set", copy);
	else if (!utf8_printable(text) || strstr(value, "${"))
		config_complain(loader, spot,
			"the environment variable %s holds \"${\" or a "
			"character that cannot be printed",
			copy);
	else
		return value;
	return NULL;
}

/* Appends the text up to the next "${NAME}", and its value. */
static bool expand_next(struct config_loader *loader, struct config_spot spot,
	struct slice *rest, struct buf *out)
{
	const char *hit = memmem(rest->ptr, rest->len, "${", 2);
	size_t before = hit ? (size_t)(hit - rest->ptr) : rest->len;
	struct slice name;
	const char *value = "";

	if (hit) {
		name = slice_from(*rest, before + 2);
		if (slice_find(name, '}') == name.len) {
			config_complain(
				loader, spot, "\"${\" without \"}\" behind it");
			return false;
		}
		name = slice_head(name, slice_find(name, '}'));
		value = variable(loader, spot, name);
		if (!value)
			return false;
	}
	if (!buf_append(out, slice_head(*rest, before)) ||
		!buf_append(out, slice_str(value))) {
		config_no_memory(loader);
		return false;
	}
	*rest = slice_from(*rest, hit ? before + name.len + 3 : before);
	return true;
}

bool config_text_expand(struct config_loader *loader, struct config_spot spot,
	const char *expected, struct config_text *text)
{
	struct buf out = {0};
	struct slice rest, copy;
	bool ok = true;

	if (!config_text_read(loader, spot, expected, text))
		return false;
	rest = spot.node->text;
	while (ok && rest.len)
		ok = expand_next(loader, spot, &rest, &out);
	if (ok && !out.len) {
		config_complain(loader, spot, "is empty");
		ok = false;
	}
	if (ok && !arena_dup(loader->arena, buf_bytes(&out), &copy)) {
		config_no_memory(loader);
		ok = false;
	}
	buf_fini(&out);
	if (ok)
		text->text = copy.ptr;
	return ok;
}

static const char *absolute(struct config_loader *loader, const char *path)
{
	const char *joined;

	if (*path == '/')
		return path;
	if (!strncmp(path, "./", 2))
		path += 2;
	joined = arena_printf(loader->arena, "%s%s%s", loader->dir,
		strcmp(loader->dir, "/") ? "/" : "", path);
	return joined ? joined : config_no_memory(loader);
}

bool config_text_path(struct config_loader *loader, struct config_spot spot,
	struct config_text *text)
{
	if (!config_text_expand(loader, spot, "a path", text))
		return false;
	text->text = absolute(loader, text->text);
	return text->text != NULL;
}

const char *config_text_unix(struct config_loader *loader, const char *text)
{
	const char *path;

	if (strncmp(text, "unix:", 5) != 0 || !text[5] || text[5] == '/')
		return text;
	path = absolute(loader, text + 5);
	if (!path)
		return NULL;
	text = arena_printf(loader->arena, "unix:%s", path);
	return text ? text : config_no_memory(loader);
}
