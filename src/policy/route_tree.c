#include "policy/route_tree.h"

#include <assert.h>

#include "base/arena.h"
#include "policy/path.h"
#include "policy/text_set.h"

/* A route among those that end at the same place; they lie in order. */
struct entry {
	uint32_t route;
	uint32_t next; /* 0: the last */
};

struct list {
	uint32_t first; /* 0: none */
	uint32_t last;
};

struct node {
	struct list here;  /* the path ends at this node */
	struct list below; /* ... or goes on: "**" */
	uint32_t star;     /* the child of "*"; 0: none */
	uint32_t least;    /* the first route at or below this node */
};

struct edge {
	struct slice segment;
	uint32_t from;
	uint32_t to; /* 0: free */
};

/* What is kept for one host. */
struct host {
	uint32_t root;
	struct list pathless;
};

struct route_tree {
	struct node *nodes; /* 0 is none */
	struct edge *edges;
	struct entry *entries; /* 0 is none */
	struct host *hosts;    /* 0 is any */
	size_t node_count, edge_mask, entry_count, host_count;
	struct text_set exact, one, many;
	size_t labels; /* of the longest "**.x" */
};

struct route_tree *route_tree_new(
	struct arena *arena, const struct route_tree_room *room)
{
	struct route_tree *tree = arena_zalloc(arena, sizeof(*tree));
	size_t edges = 4;

	while (edges < 2 * room->segments + 1)
		edges *= 2;
	if (!tree || !text_set_init(&tree->exact, arena, room->rules) ||
		!text_set_init(&tree->one, arena, room->rules) ||
		!text_set_init(&tree->many, arena, room->rules))
		return NULL;
	tree->edge_mask = edges - 1;
	tree->nodes = arena_zalloc(arena,
		(room->segments + room->rules + 2) * sizeof(*tree->nodes));
	tree->edges = arena_zalloc(arena, edges * sizeof(*tree->edges));
	tree->entries =
		arena_zalloc(arena, (room->rules + 1) * sizeof(*tree->entries));
	tree->hosts =
		arena_zalloc(arena, (room->rules + 1) * sizeof(*tree->hosts));
	if (!tree->nodes || !tree->edges || !tree->entries || !tree->hosts)
		return NULL;
	tree->node_count = tree->entry_count = tree->host_count = 1;
	return tree;
}

/* ---- filling ---- */

static uint32_t new_node(struct route_tree *tree)
{
	tree->nodes[tree->node_count].least = ROUTE_TREE_NONE;
	return (uint32_t)tree->node_count++;
}

static void append(struct route_tree *tree, struct list *list, uint32_t route)
{
	uint32_t number = (uint32_t)tree->entry_count++;

	tree->entries[number].route = route;
	if (list->first)
		tree->entries[list->last].next = number;
	else
		list->first = number;
	list->last = number;
}

static uint64_t hash(uint32_t from, struct slice segment)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ from;

	h *= UINT64_C(0x100000001b3);
	for (size_t i = 0; i < segment.len; i++) {
		h ^= (unsigned char)segment.ptr[i];
		h *= UINT64_C(0x100000001b3);
	}
	return h ^ h >> 32;
}

static struct edge *edge_of(
	const struct route_tree *tree, uint32_t from, struct slice segment)
{
	size_t i = (size_t)hash(from, segment) & tree->edge_mask;

	while (tree->edges[i].to &&
		(tree->edges[i].from != from ||
			!slice_eq(tree->edges[i].segment, segment)))
		i = (i + 1) & tree->edge_mask;
	return &tree->edges[i];
}

static uint32_t child_of(
	struct route_tree *tree, uint32_t from, struct slice segment)
{
	struct edge *edge;

	if (slice_eq(segment, SLICE("*"))) {
		if (!tree->nodes[from].star)
			tree->nodes[from].star = new_node(tree);
		return tree->nodes[from].star;
	}
	edge = edge_of(tree, from, segment);
	if (!edge->to)
		*edge = (struct edge){segment, from, new_node(tree)};
	return edge->to;
}

static void add_path(struct route_tree *tree, uint32_t node, struct slice path,
	uint32_t route)
{
	struct slice segment;

	for (;;) {
		if (tree->nodes[node].least == ROUTE_TREE_NONE)
			tree->nodes[node].least = route;
		if (!path_next(&path, &segment))
			break;
		if (slice_eq(segment, SLICE("**"))) {
			append(tree, &tree->nodes[node].below, route);
			return;
		}
		node = child_of(tree, node, segment);
	}
	append(tree, &tree->nodes[node].here, route);
}

static size_t labels_of(struct slice name)
{
	size_t labels = 1;

	for (size_t i = 0; i < name.len; i++)
		labels += name.ptr[i] == '.';
	return labels;
}

static struct host *host_of(struct route_tree *tree, struct slice host)
{
	struct text_set *set = &tree->exact;
	uint32_t number = (uint32_t)tree->host_count;

	if (!host.len)
		return &tree->hosts[0];
	if (slice_starts(host, SLICE("**."))) {
		set = &tree->many;
		host = slice_from(host, 3);
		if (labels_of(host) > tree->labels)
			tree->labels = labels_of(host);
	} else if (slice_starts(host, SLICE("*."))) {
		set = &tree->one;
		host = slice_from(host, 2);
	}
	number = text_set_add(set, host, number);
	if (number == tree->host_count)
		tree->host_count++;
	return &tree->hosts[number];
}

void route_tree_add(struct route_tree *tree, struct slice host,
	struct slice path, uint32_t route)
{
	struct host *place = host_of(tree, host);

	if (!path.ptr) {
		append(tree, &place->pathless, route);
		return;
	}
	if (!place->root)
		place->root = new_node(tree);
	add_path(tree, place->root, path, route);
}

/* ---- asking ---- */

struct question {
	const struct route_tree *tree;
	bool (*fits)(void *arg, uint32_t route);
	void *arg;
	uint32_t best;
};

static void look_at(struct question *q, const struct list *list)
{
	const struct entry *entries = q->tree->entries;

	for (uint32_t i = list->first; i; i = entries[i].next) {
		if (entries[i].route >= q->best)
			return;
		if (!q->fits(q->arg, entries[i].route))
			continue;
		q->best = entries[i].route;
		return;
	}
}

/* As deep as the deepest rule, whatever the request. */
static void walk(struct question *q, uint32_t number, struct slice path)
{
	const struct node *node = &q->tree->nodes[number];
	struct slice segment;
	uint32_t child;

	if (!number || node->least >= q->best)
		return;
	look_at(q, &node->below);
	if (!path_next(&path, &segment)) {
		look_at(q, &node->here);
		return;
	}
	child = edge_of(q->tree, number, segment)->to;
	walk(q, child, path);
	walk(q, node->star, path);
}

static void ask(struct question *q, uint32_t host, struct slice path)
{
	const struct host *place = &q->tree->hosts[host];

	look_at(q, &place->pathless);
	if (path.ptr)
		walk(q, place->root, path);
}

static void ask_wildcards(
	struct question *q, struct slice host, struct slice path)
{
	const struct route_tree *tree = q->tree;
	size_t labels = labels_of(host);
	uint32_t number;
	bool first = true;

	while (labels-- > 1) {
		size_t dot = slice_find(host, '.');

		if (!dot) /* no label in front of it */
			return;
		host = slice_from(host, dot + 1);
		if (first && text_set_find(&tree->one, host, &number))
			ask(q, number, path);
		if (labels <= tree->labels &&
			text_set_find(&tree->many, host, &number))
			ask(q, number, path);
		first = false;
	}
}

uint32_t route_tree_find(const struct route_tree *tree, struct slice host,
	struct slice path, bool (*fits)(void *arg, uint32_t route), void *arg)
{
	struct question q = {.tree = tree,
		.fits = fits,
		.arg = arg,
		.best = ROUTE_TREE_NONE};
	uint32_t number;

	ask(&q, 0, path);
	if (!host.len)
		return q.best;
	if (text_set_find(&tree->exact, host, &number))
		ask(&q, number, path);
	if (tree->one.count || tree->many.count)
		ask_wildcards(&q, host, path);
	return q.best;
}
