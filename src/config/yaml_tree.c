#include "config/yaml_tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/arena.h"
#include "config/config_problem.h"
#include "yaml_tree_priv.h"

/* A map or list that is still open. */
struct frame {
	struct yaml_node *node;
	struct yaml_node *last; /* of its values */
	struct yaml_node *key;  /* read, its value is not */
};

struct builder {
	struct arena *arena;
	struct config_problems *problems;
	const char *file;
	struct slice text;
	struct yaml_node *root;
	struct frame stack[YAML_TREE_DEPTH];
	size_t depth;
	size_t nodes;
	bool done;
};

static struct config_mark mark_of(
	const struct builder *b, const yaml_mark_t *mark)
{
	return (struct config_mark){
		.file = b->file,
		.line = (unsigned)mark->line + 1,
		.column = (unsigned)mark->column + 1,
	};
}

static bool refuse(struct builder *b, struct config_mark mark, const char *why)
{
	config_problem(
		b->problems, CONFIG_ERROR, EXIT_CODE_CONFIG, mark, "%s", why);
	return false;
}

static bool no_memory(struct builder *b)
{
	config_problem(b->problems, CONFIG_ERROR, EXIT_CODE_INTERNAL,
		(struct config_mark){.file = b->file},
		"out of memory while reading");
	return false;
}

/* ---- what libyaml refuses ---- */

/* libyaml's columns are characters, its reader's offsets are bytes. */
static bool is_lead(char c)
{
	return ((unsigned char)c & 0xC0) != 0x80;
}

static struct slice text_at(struct slice text, const yaml_mark_t *mark)
{
	size_t line = mark->line, column = mark->column, at = 0;

	while (line && at < text.len)
		line -= text.ptr[at++] == '\n';
	while (column && at < text.len) {
		at++;
		if (at == text.len || is_lead(text.ptr[at]))
			column--;
	}
	return slice_from(text, at);
}

static yaml_mark_t mark_at(struct slice text, size_t offset)
{
	yaml_mark_t mark = {0};

	for (size_t i = 0; i < offset && i < text.len; i++) {
		if (text.ptr[i] == '\n') {
			mark.line++;
			mark.column = 0;
		} else if (is_lead(text.ptr[i])) {
			mark.column++;
		}
	}
	return mark;
}

static bool refuse_syntax(struct builder *b, const yaml_parser_t *parser)
{
	const char *theirs = parser->problem ? parser->problem : "unknown";
	bool bytes = parser->error == YAML_READER_ERROR;
	yaml_mark_t at = parser->problem_mark, start = {0};
	struct slice line;
	const char *ours;

	if (parser->error == YAML_MEMORY_ERROR)
		return no_memory(b);
	if (bytes)
		at = mark_at(b->text, parser->problem_offset);
	start.line = at.line;
	line = text_at(b->text, &start);
	line = slice_head(line, slice_find(line, '\n'));
	ours = yaml_tree_explain(theirs, text_at(b->text, &at), line);
	config_problem(b->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
		mark_of(b, &at), "not valid YAML: %s", ours ? ours : theirs);
	if (parser->context && !bytes && parser->context_mark.line != at.line)
		config_problem_note(b->problems,
			"what is read here began in line %zu, column %zu",
			parser->context_mark.line + 1,
			parser->context_mark.column + 1);
	return false;
}

/* ---- events to nodes ---- */

static bool refuse_extras(struct builder *b, const yaml_event_t *event,
	const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct config_mark mark = mark_of(b, &event->start_mark);

	if (anchor)
		return refuse(b, mark,
			"anchors (&name) are not accepted; repeat the value");
	if (tag)
		return refuse(b, mark,
			"tags (!name) are not accepted; put a value that "
			"begins with \"!\" in quotes");
	return true;
}

static struct yaml_node *node_new(
	struct builder *b, const yaml_event_t *event, enum yaml_kind kind)
{
	struct yaml_node *node = arena_zalloc(b->arena, sizeof(*node));

	if (!node) {
		no_memory(b);
		return NULL;
	}
	node->kind = kind;
	node->mark = mark_of(b, &event->start_mark);
	if (event->end_mark.line == event->start_mark.line)
		node->width = event->end_mark.column - event->start_mark.column;
	if (++b->nodes > YAML_TREE_NODES) {
		refuse(b, node->mark,
			"the file holds more than 65536 keys and values");
		return NULL;
	}
	return node;
}

static bool take_key(
	struct builder *b, struct frame *frame, struct yaml_node *node)
{
	if (node->kind != YAML_KIND_TEXT)
		return refuse(b, node->mark,
			"a key must be a word, not a list or a map");
	if (!node->quoted && slice_eq(node->text, SLICE("<<")))
		return refuse(b, node->mark,
			"merge keys (<<) are not accepted; repeat the keys");
	frame->key = node;
	return true;
}

/* Puts the node where the open map or list expects one. */
static bool attach(struct builder *b, struct yaml_node *node)
{
	struct frame *frame;

	if (!b->depth) {
		b->root = node;
		return true;
	}
	frame = &b->stack[b->depth - 1];
	if (frame->node->kind == YAML_KIND_MAP && !frame->key)
		return take_key(b, frame, node);
	node->key = frame->key;
	frame->key = NULL;
	if (frame->last)
		frame->last->next = node;
	else
		frame->node->first = node;
	frame->last = node;
	frame->node->count++;
	return true;
}

static bool take_text(struct builder *b, const yaml_event_t *event)
{
	struct slice text =
		slice_of(event->data.scalar.value, event->data.scalar.length);
	struct yaml_node *node;

	if (!refuse_extras(b, event, event->data.scalar.anchor,
		    event->data.scalar.tag))
		return false;
	node = node_new(b, event, YAML_KIND_TEXT);
	if (!node)
		return false;
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (!arena_dup(b->arena, text, &node->text))
		return no_memory(b);
	return attach(b, node);
}

static bool open_node(
	struct builder *b, const yaml_event_t *event, enum yaml_kind kind)
{
	bool map = kind == YAML_KIND_MAP;
	const yaml_char_t *anchor = map ? event->data.mapping_start.anchor
					: event->data.sequence_start.anchor;
	const yaml_char_t *tag = map ? event->data.mapping_start.tag
				     : event->data.sequence_start.tag;
	struct yaml_node *node;

	if (!refuse_extras(b, event, anchor, tag))
		return false;
	if (b->depth == YAML_TREE_DEPTH)
		return refuse(b, mark_of(b, &event->start_mark),
			"maps and lists are nested more than 32 levels deep");
	node = node_new(b, event, kind);
	if (!node || !attach(b, node))
		return false;
	b->stack[b->depth++] = (struct frame){.node = node};
	return true;
}

static int by_key(const void *a, const void *b)
{
	const struct yaml_node *x = *(struct yaml_node *const *)a;
	const struct yaml_node *y = *(struct yaml_node *const *)b;
	struct slice p = x->key->text, q = y->key->text;
	size_t least = p.len < q.len ? p.len : q.len;
	int order = least ? memcmp(p.ptr, q.ptr, least) : 0;

	if (order)
		return order;
	if (p.len != q.len)
		return p.len < q.len ? -1 : 1;
	if (x->key->mark.line != y->key->mark.line)
		return x->key->mark.line < y->key->mark.line ? -1 : 1;
	return x->key->mark.column < y->key->mark.column ? -1 : 1;
}

static void refuse_twice(struct builder *b, struct yaml_node *again,
	const struct yaml_node *first)
{
	again->twice = true;
	config_problem(b->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
		again->key->mark, "key \"%.*s\" is given twice",
		SLICE_FMT(slice_head(again->key->text, 64)));
	config_problem_note(b->problems,
		"it is first given in line %u, column %u",
		first->key->mark.line, first->key->mark.column);
}

static void unlink_twice(struct yaml_node *map)
{
	struct yaml_node **link = &map->first;

	while (*link) {
		if (!(*link)->twice) {
			link = &(*link)->next;
			continue;
		}
		*link = (*link)->next;
		map->count--;
	}
}

/* Keys given twice are found by sorting: a large map costs no square. */
static bool check_twice(struct builder *b, struct yaml_node *map)
{
	struct yaml_node **sorted;
	size_t n = 0, first = 0;

	if (map->count < 2)
		return true;
	sorted = arena_alloc(b->arena, map->count * sizeof(struct yaml_node *));
	if (!sorted)
		return no_memory(b);
	for (struct yaml_node *e = map->first; e; e = e->next)
		sorted[n++] = e;
	qsort(sorted, n, sizeof(struct yaml_node *), by_key);
	for (size_t i = 1; i < n; i++) {
		if (slice_eq(sorted[i]->key->text, sorted[first]->key->text))
			refuse_twice(b, sorted[i], sorted[first]);
		else
			first = i;
	}
	unlink_twice(map);
	return true;
}

static bool close_node(struct builder *b)
{
	struct yaml_node *node;

	assert(b->depth); /* libyaml's events are balanced */
	node = b->stack[--b->depth].node;
	assert(node);
	return node->kind != YAML_KIND_MAP || check_twice(b, node);
}

static bool take_event(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return take_text(b, event);
	case YAML_SEQUENCE_START_EVENT:
		return open_node(b, event, YAML_KIND_LIST);
	case YAML_MAPPING_START_EVENT:
		return open_node(b, event, YAML_KIND_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_node(b);
	case YAML_ALIAS_EVENT:
		return refuse(b, mark_of(b, &event->start_mark),
			"aliases (*name) are not accepted; put a value that "
			"begins with \"*\" in quotes");
	case YAML_DOCUMENT_START_EVENT:
		return !b->root ||
		       refuse(b, mark_of(b, &event->start_mark),
			       "a second document begins here; a file holds "
			       "one");
	case YAML_STREAM_END_EVENT:
		b->done = true;
		return true;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return true;
}

static bool run_parser(struct builder *b, yaml_parser_t *parser)
{
	while (!b->done) {
		yaml_event_t event;
		bool ok;

		if (!yaml_parser_parse(parser, &event))
			return refuse_syntax(b, parser);
		ok = take_event(b, &event);
		yaml_event_delete(&event);
		if (!ok)
			return false;
	}
	return true;
}

/* ---- before libyaml sees a byte (R17) ---- */

/* libyaml compares each %TAG with all before it, within a single event. */
static bool refuse_directives(struct builder *b)
{
	struct config_mark mark = {.file = b->file, .column = 1};
	struct slice rest = b->text;

	while (rest.len) {
		mark.line++;
		if (rest.ptr[0] == '%')
			return refuse(b, mark,
				"a line that begins with \"%\" is a YAML "
				"directive, which is not accepted");
		rest = slice_from(rest, slice_find(rest, '\n') + 1);
	}
	return true;
}

static bool check_text(struct builder *b)
{
	if (b->text.len > YAML_TREE_SIZE)
		return refuse(b, (struct config_mark){.file = b->file},
			"the file is larger than 1 MiB");
	return refuse_directives(b);
}

const struct yaml_node *yaml_tree_parse(struct arena *arena, struct slice text,
	const char *file, struct config_problems *problems)
{
	struct builder b = {
		.arena = arena,
		.problems = problems,
		.file = file,
		.text = text,
	};
	yaml_parser_t parser;
	bool ok;

	if (!check_text(&b))
		return NULL;
	if (!yaml_parser_initialize(&parser)) {
		no_memory(&b);
		return NULL;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser,
		(const unsigned char *)(text.ptr ? text.ptr : ""), text.len);
	ok = run_parser(&b, &parser);
	yaml_parser_delete(&parser);
	if (ok && !b.root)
		refuse(&b, (struct config_mark){.file = file},
			"the file is empty");
	return ok ? b.root : NULL;
}

/* ---- looking things up ---- */

static const struct yaml_node *find(
	const struct yaml_node *map, struct slice key)
{
	if (!map || map->kind != YAML_KIND_MAP)
		return NULL;
	for (const struct yaml_node *e = map->first; e; e = e->next) {
		if (slice_eq(e->key->text, key))
			return e;
	}
	return NULL;
}

const struct yaml_node *yaml_tree_find(
	const struct yaml_node *map, const char *key)
{
	return find(map, slice_str(key));
}

const struct yaml_node *yaml_tree_find_path(
	const struct yaml_node *map, const char *path)
{
	struct slice rest = slice_str(path), key;

	while (map && slice_next(&rest, '.', &key))
		map = find(map, key);
	return map;
}

struct config_mark yaml_tree_key_mark(const struct yaml_node *node)
{
	return node->key ? node->key->mark : node->mark;
}
