#include "config_problem_priv.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/utf8.h"

struct config_problems *config_problems_new(void)
{
	struct config_problems *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	list->arena = arena_new(NULL);
	if (!list->arena) {
		free(list);
		return NULL;
	}
	return list;
}

void config_problems_free(struct config_problems *list)
{
	if (!list)
		return;
	arena_free(list->arena);
	free(list->entries);
	free(list);
}

void config_problems_source(
	struct config_problems *list, const char *file, struct slice text)
{
	struct config_source *source =
		arena_zalloc(list->arena, sizeof(*source));

	if (!source)
		return;
	source->file = arena_strdup(list->arena, file);
	if (!source->file || !arena_dup(list->arena, text, &source->text))
		return;
	source->next = list->sources;
	list->sources = source;
}

/*
 * What a file or a certificate holds must not move a terminal's cursor (R19):
 * what cannot be printed becomes '?'.
 */
static void clean(char *text)
{
	struct slice rest = slice_str(text);

	while (rest.len) {
		uint32_t code;
		struct slice one = slice_head(rest, utf8_next(rest, &code));

		rest = slice_from(rest, one.len);
		if (utf8_printable(one)) {
			memmove(text, one.ptr, one.len);
			text += one.len;
		} else {
			*text++ = '?';
		}
	}
	*text = '\0';
}

/* A cleaned copy in the list's arena; NULL when memory is out. */
__attribute__((format(printf, 2, 0))) static const char *keep(
	struct config_problems *list, const char *format, va_list args)
{
	char text[2048];
	char *copy;

	if (vsnprintf(text, sizeof(text), format, args) >= (int)sizeof(text))
		memcpy(text + sizeof(text) - 4, "...", 4);
	clean(text);
	copy = arena_strdup(list->arena, text);
	if (!copy)
		list->no_memory = true;
	return copy;
}

static const char *keep_file(struct config_problems *list, const char *file)
{
	const char *copy;

	if (!file)
		return "";
	if (list->count &&
		!strcmp(list->entries[list->count - 1].mark.file, file))
		return list->entries[list->count - 1].mark.file;
	copy = arena_strdup(list->arena, file);
	if (!copy)
		list->no_memory = true;
	return copy ? copy : "";
}

static bool grow(struct config_problems *list)
{
	size_t cap = list->cap ? list->cap * 2 : 16;
	struct config_problem_entry *more;

	if (list->count < list->cap)
		return true;
	more = realloc(list->entries, cap * sizeof(*more));
	if (!more)
		return false;
	list->entries = more;
	list->cap = cap;
	return true;
}

void config_problem(struct config_problems *list, enum config_severity severity,
	enum exit_code code, struct config_mark mark, const char *format, ...)
{
	struct config_problem_entry entry = {
		.severity = list->strict ? CONFIG_ERROR : severity,
		.code = code == EXIT_CODE_OK ? EXIT_CODE_CONFIG : code,
		.mark = mark,
		.order = list->count,
	};
	va_list args;

	if (entry.severity == CONFIG_ERROR)
		list->errors++;
	else
		list->warnings++;
	list->last_kept = false;
	if (list->count == CONFIG_PROBLEMS_SHOWN)
		return;
	entry.mark.file = keep_file(list, mark.file);
	va_start(args, format);
	entry.message = keep(list, format, args);
	va_end(args);
	if (!entry.message || !grow(list)) {
		list->no_memory = true;
		return;
	}
	list->entries[list->count++] = entry;
	list->last_kept = true;
}

void config_problem_hint(
	struct config_problems *list, size_t caret_len, const char *format, ...)
{
	struct config_problem_entry *last;
	va_list args;

	if (!list->last_kept)
		return;
	last = &list->entries[list->count - 1];
	last->caret_len = caret_len ? caret_len : 1;
	va_start(args, format);
	last->hint = keep(list, format, args);
	va_end(args);
}

void config_problem_note(struct config_problems *list, const char *format, ...)
{
	struct config_problem_entry *last;
	const char *text;
	va_list args;

	if (!list->last_kept)
		return;
	last = &list->entries[list->count - 1];
	va_start(args, format);
	text = keep(list, format, args);
	va_end(args);
	if (last->note && text)
		text = arena_printf(list->arena, "%s\n%s", last->note, text);
	if (text)
		last->note = text;
}

size_t config_problems_errors(const struct config_problems *list)
{
	return list->errors + list->no_memory;
}

size_t config_problems_warnings(const struct config_problems *list)
{
	return list->warnings;
}

void config_problems_strict(struct config_problems *list)
{
	list->strict = true;
	for (size_t i = 0; i < list->count; i++)
		list->entries[i].severity = CONFIG_ERROR;
	list->errors += list->warnings;
	list->warnings = 0;
}

static int by_place(const void *a, const void *b)
{
	const struct config_problem_entry *x = a, *y = b;
	int order = strcmp(x->mark.file, y->mark.file);

	if (order)
		return order;
	if (x->mark.line != y->mark.line)
		return x->mark.line < y->mark.line ? -1 : 1;
	if (x->mark.column != y->mark.column)
		return x->mark.column < y->mark.column ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void config_problems_sort(struct config_problems *list)
{
	if (list->count)
		qsort(list->entries, list->count, sizeof(*list->entries),
			by_place);
	list->last_kept = false; /* the last is not the one added last */
}

/* The least by place is looked for, not sorted for: the list is const. */
enum exit_code config_problems_exit(const struct config_problems *list)
{
	const struct config_problem_entry *first = NULL;

	for (size_t i = 0; i < list->count; i++) {
		const struct config_problem_entry *e = &list->entries[i];

		if (e->severity == CONFIG_ERROR &&
			(!first || by_place(e, first) < 0))
			first = e;
	}
	if (first)
		return first->code;
	return config_problems_errors(list) ? EXIT_CODE_INTERNAL : EXIT_CODE_OK;
}
