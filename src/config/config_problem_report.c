/* The list of problems in its two printed forms; see config_problem.h. */
#include "config/config_problem.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/utf8.h"
#include "config_problem_priv.h"

enum { SHOWN_COLUMNS = 120, SHOWN_BEFORE = 60 };

/* ---- the source line and the caret ---- */

static const struct config_source *source_of(
	const struct config_problems *list, const char *file)
{
	for (const struct config_source *s = list->sources; s; s = s->next) {
		if (!strcmp(s->file, file))
			return s;
	}
	return NULL;
}

/* Line number `line` (from 1) without its end; false when there is none. */
static bool line_of(struct slice text, unsigned line, struct slice *out)
{
	while (--line && text.len)
		text = slice_from(text, slice_find(text, '\n') + 1);
	if (line || !text.len)
		return false;
	*out = slice_head(text, slice_find(text, '\n'));
	if (slice_ends(*out, SLICE("\r")))
		out->len--;
	return true;
}

/* Bytes of the first n characters. */
static size_t bytes_of(struct slice s, size_t n)
{
	size_t at = 0;

	while (at < s.len && (n || ((unsigned char)s.ptr[at] & 0xC0) == 0x80)) {
		n -= ((unsigned char)s.ptr[at] & 0xC0) != 0x80;
		at++;
	}
	return at;
}

/*
 * What cannot be shown as '?', so that a file cannot move the cursor (R19);
 * with a blank: one for each character, tabs stay tabs.
 */
static bool put_clean(struct buf *out, struct slice s, const char *blank)
{
	while (s.len) {
		uint32_t code;
		struct slice shown = slice_head(s, utf8_next(s, &code));

		s = slice_from(s, shown.len);
		if (code != '\t' && blank)
			shown = slice_str(blank);
		else if (code != '\t' && !utf8_printable(shown))
			shown = SLICE("?");
		if (!buf_append(out, shown))
			return false;
	}
	return true;
}

static bool put_carets(struct buf *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!buf_append(out, SLICE("^")))
			return false;
	}
	return true;
}

/* A long line is shown from somewhat before the place on. */
static bool put_excerpt(struct buf *out, const struct config_problem_entry *e,
	struct slice line)
{
	size_t column = e->mark.column ? e->mark.column - 1 : 0;
	size_t skip = column > SHOWN_COLUMNS ? column - SHOWN_BEFORE : 0;
	struct slice shown = slice_from(line, bytes_of(line, skip));
	struct slice before = slice_head(shown, bytes_of(shown, column - skip));
	const char *mark = skip ? "..." : "";

	shown = slice_head(shown, bytes_of(shown, SHOWN_COLUMNS));
	return buf_printf(out, "%5u | %s", e->mark.line, mark) &&
	       put_clean(out, shown, NULL) &&
	       buf_printf(out, "\n      | %*s", (int)strlen(mark), "") &&
	       put_clean(out, before, " ") &&
	       put_carets(out, e->caret_len < SHOWN_BEFORE ? e->caret_len
							   : SHOWN_BEFORE) &&
	       buf_printf(out, " %s\n", e->hint);
}

static bool put_hint(struct buf *out, const struct config_problems *list,
	const struct config_problem_entry *e)
{
	const struct config_source *source = source_of(list, e->mark.file);
	struct slice line;

	if (!e->hint)
		return true;
	if (!source || !e->mark.line ||
		!line_of(source->text, e->mark.line, &line))
		return buf_printf(out, "   hint: %s\n", e->hint);
	return put_excerpt(out, e, line);
}

/* ---- text ---- */

static bool put_place(struct buf *out, const struct config_mark *mark)
{
	if (!mark->line)
		return !*mark->file || buf_printf(out, "%s: ", mark->file);
	return buf_printf(
		out, "%s:%u:%u: ", mark->file, mark->line, mark->column);
}

static bool put_notes(struct buf *out, const char *note)
{
	struct slice rest = slice_str(note), line;

	while (slice_next(&rest, '\n', &line)) {
		if (!buf_printf(out, "   note: %.*s\n", SLICE_FMT(line)))
			return false;
	}
	return true;
}

static bool put_entry(struct buf *out, const struct config_problems *list,
	const struct config_problem_entry *e)
{
	return put_place(out, &e->mark) &&
	       buf_printf(out, "%s%s\n",
		       e->severity == CONFIG_WARNING ? "warning: " : "",
		       e->message) &&
	       put_hint(out, list, e) && put_notes(out, e->note);
}

static size_t count_files(const struct config_problems *list)
{
	size_t files = 0;

	for (size_t i = 0; i < list->count; i++)
		files += !i || strcmp(list->entries[i].mark.file,
				       list->entries[i - 1].mark.file) != 0;
	return files;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static bool put_summary(struct buf *out, const struct config_problems *list)
{
	size_t errors = config_problems_errors(list);
	size_t files = count_files(list);
	bool ok = true;

	if (list->no_memory)
		ok = ok && buf_printf(out, "out of memory\n");
	if (list->errors + list->warnings > list->count && !list->no_memory)
		ok = ok &&
		     buf_printf(out, "... and %zu more that are not shown\n",
			     list->errors + list->warnings - list->count);
	if (errors)
		ok = ok &&
		     buf_printf(out, "%zu error%s", errors, plural(errors));
	if (errors && list->warnings)
		ok = ok && buf_printf(out, ", ");
	if (list->warnings)
		ok = ok && buf_printf(out, "%zu warning%s", list->warnings,
				   plural(list->warnings));
	return ok && buf_printf(out, " in %zu file%s%s\n", files, plural(files),
			     errors ? "; configuration not loaded" : "");
}

bool config_problems_print(struct config_problems *list, struct buf *out)
{
	config_problems_sort(list);
	for (size_t i = 0; i < list->count; i++) {
		if (!put_entry(out, list, &list->entries[i]))
			return false;
	}
	if (!config_problems_errors(list) && !list->warnings)
		return true;
	return put_summary(out, list);
}

/* ---- JSON ---- */

static void json_key_text(struct json *json, const char *key, const char *text)
{
	json_key(json, key);
	if (text)
		json_str(json, slice_str(text));
	else
		json_null(json);
}

static void json_entry(
	struct json *json, const struct config_problem_entry *entry)
{
	json_object(json);
	json_key_text(json, "file", entry->mark.file);
	json_key_u64(json, "line", entry->mark.line);
	json_key_u64(json, "column", entry->mark.column);
	json_key_text(json, "severity",
		entry->severity == CONFIG_ERROR ? "error" : "warning");
	json_key_text(json, "message", entry->message);
	json_key_text(json, "hint", entry->hint);
	json_key_text(json, "note", entry->note);
	json_end(json);
}

bool config_problems_json(struct config_problems *list, struct buf *out)
{
	struct json json;

	config_problems_sort(list);
	json_init(&json, out);
	json_object(&json);
	json_key(&json, "problems");
	json_array(&json);
	for (size_t i = 0; i < list->count; i++)
		json_entry(&json, &list->entries[i]);
	json_end(&json);
	json_key_u64(&json, "errors", config_problems_errors(list));
	json_key_u64(&json, "warnings", list->warnings);
	json_end(&json);
	return json_ok(&json) && buf_append(out, SLICE("\n"));
}
