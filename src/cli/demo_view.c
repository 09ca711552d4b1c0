#include "cli/demo_view.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "http/message.h"
#include "proxy/access_log.h"
#include "proxy/proxy.h"

enum { REMEMBERED = 64 }; /* requests between received and forwarded */

/* The fields of a request as it came: "name\0value\0" for each. */
struct memory {
	char id[64];
	struct buf fields;
};

struct demo_view {
	FILE *out;
	const struct demo_style *style;
	struct proxy_observer observer;
	struct memory memories[REMEMBERED]; /* a ring */
	size_t next;
	unsigned shown;
};

static const struct demo_style plain = {"", "", "", "", "", ""};
static const struct demo_style coloured = {
	"\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[9;31m", "\033[0m"};

const struct demo_style *demo_style_for(FILE *out)
{
	const char *term = getenv("TERM");

	if (!isatty(fileno(out)) || getenv("NO_COLOR") ||
		(term && !strcmp(term, "dumb")))
		return &plain;
	return &coloured;
}

/* A peer's bytes reach the terminal escaped (R19). */
static void put_escaped(FILE *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c >= 0x20 && c <= 0x7E)
			fputc(c, out);
		else
			fprintf(out, "\\x%02X", c);
	}
}

static void put_field(struct demo_view *view, const char *colour,
	const char *mark, struct slice name, struct slice value,
	const char *why)
{
	fprintf(view->out, "  %s%s ", colour, mark);
	put_escaped(view->out, name);
	fputs(": ", view->out);
	put_escaped(view->out, value);
	fprintf(view->out, "%s%s%s%s\n", view->style->reset, view->style->dim,
		why, view->style->reset);
}

static struct slice next_text(struct slice *rest)
{
	size_t len = slice_find(*rest, '\0');
	struct slice text = slice_head(*rest, len);

	*rest = slice_from(*rest, len + 1);
	return text;
}

static bool same_field(
	const struct header_field *field, struct slice name, struct slice value)
{
	return slice_eq(field->name, name) && slice_eq(field->value, value);
}

static bool block_holds(
	const struct header_block *block, struct slice name, struct slice value)
{
	for (size_t i = 0; block && i < block->count; i++) {
		if (same_field(&block->fields[i], name, value))
			return true;
	}
	return false;
}

static bool memory_holds(
	const struct memory *memory, const struct header_field *field)
{
	struct slice rest = buf_bytes(&memory->fields);

	while (rest.len) {
		struct slice name = next_text(&rest);
		struct slice value = next_text(&rest);

		if (same_field(field, name, value))
			return true;
	}
	return false;
}

static struct memory *memory_of(struct demo_view *view, const char *id)
{
	for (size_t i = 0; i < REMEMBERED; i++) {
		if (!strcmp(view->memories[i].id, id))
			return &view->memories[i];
	}
	return NULL;
}

static void received(void *arg, const char *id, const struct message *head)
{
	struct demo_view *view = arg;
	struct memory *memory = &view->memories[view->next++ % REMEMBERED];
	bool ok = true;

	buf_fini(&memory->fields);
	snprintf(memory->id, sizeof(memory->id), "%s", id);
	for (size_t i = 0; ok && i < head->fields.count; i++) {
		const struct header_field *field = &head->fields.fields[i];

		ok = buf_printf(&memory->fields, "%.*s%c%.*s%c",
			SLICE_FMT(field->name), '\0', SLICE_FMT(field->value),
			'\0');
	}
	if (!ok)
		fputs("(out of memory: not all fields are shown)\n", view->out);
}

static void show_received(struct demo_view *view, const struct memory *memory,
	const struct message *head)
{
	struct slice rest = buf_bytes(&memory->fields);

	fprintf(view->out, " the client sent\n");
	while (rest.len) {
		struct slice name = next_text(&rest);
		struct slice value = next_text(&rest);

		if (block_holds(&head->fields, name, value))
			put_field(view, "", " ", name, value, "");
		else
			put_field(view, view->style->struck, "-", name, value,
				"   removed");
	}
}

static void show_block(struct demo_view *view, const struct memory *memory,
	const struct header_block *block)
{
	for (size_t i = 0; block && i < block->count; i++) {
		const struct header_field *field = &block->fields[i];

		if (memory_holds(memory, field))
			put_field(view, "", " ", field->name, field->value, "");
		else
			put_field(view, view->style->good, "+", field->name,
				field->value, "");
	}
}

static void forwarded(void *arg, const char *id, const struct message *head)
{
	struct demo_view *view = arg;
	const struct memory *memory = memory_of(view, id);

	if (!memory)
		return;
	fprintf(view->out, "\n%s== %u: ", view->style->bold, ++view->shown);
	put_escaped(view->out, head->method_text);
	fputc(' ', view->out);
	put_escaped(view->out, head->path);
	fprintf(view->out, "%s   request %s\n", view->style->reset, id);
	show_received(view, memory, head);
	fprintf(view->out, " the origin got\n");
	show_block(view, memory, &head->fields);
	show_block(view, memory, head->lent);
	fflush(view->out);
}

static void finished(void *arg, const struct access_record *record)
{
	struct demo_view *view = arg;

	fprintf(view->out, " answered: %u", record->status);
	if (record->rule)
		fprintf(view->out, " (%s)", http_rule_info(record->rule)->name);
	else if (record->failure)
		fprintf(view->out, " (%s)",
			failure_info(record->failure)->word);
	fprintf(view->out, ", request %.*s\n", SLICE_FMT(record->request_id));
	fflush(view->out);
}

static void refused(void *arg, const char *reason, const char *subject)
{
	struct demo_view *view = arg;

	fprintf(view->out, "\n%s== refused in the handshake: %s%s",
		view->style->bad, reason, view->style->reset);
	if (subject && *subject) {
		fputs("   subject ", view->out);
		put_escaped(view->out, slice_str(subject));
	}
	fputc('\n', view->out);
	fflush(view->out);
}

struct demo_view *demo_view_new(FILE *out, const struct demo_style *style)
{
	struct demo_view *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	view->out = out;
	view->style = style;
	view->observer = (struct proxy_observer){.received = received,
		.forwarded = forwarded,
		.finished = finished,
		.refused = refused,
		.arg = view};
	return view;
}

void demo_view_free(struct demo_view *view)
{
	if (!view)
		return;
	for (size_t i = 0; i < REMEMBERED; i++)
		buf_fini(&view->memories[i].fields);
	free(view);
}

const struct proxy_observer *demo_view_observer(struct demo_view *view)
{
	return &view->observer;
}
