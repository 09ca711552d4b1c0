/* server_name: the table. Open addressing; what fills it is the configuration
 * of this machine, so no key is chosen by a peer. */
#include "tls/server_name.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { FIRST_SIZE = 16 };

struct entry {
	struct slice text; /* ptr NULL: free */
	uint64_t hash;
	int value;
};

struct server_names {
	struct arena *arena; /* the texts */
	struct entry *entries;
	size_t size; /* a power of two, at least twice count */
	size_t count;
};

struct server_names *server_names_new(void)
{
	struct server_names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->arena = arena_new(NULL);
	names->entries = calloc(FIRST_SIZE, sizeof(*names->entries));
	names->size = FIRST_SIZE;
	if (names->arena && names->entries)
		return names;
	server_names_free(names);
	return NULL;
}

void server_names_free(struct server_names *names)
{
	if (!names)
		return;
	arena_free(names->arena);
	free(names->entries);
	free(names);
}

static uint64_t hash_of(struct slice first, struct slice rest)
{
	return slice_hash(rest, slice_hash(first, SLICE_HASH));
}

/* Is it "first" and then the rest? */
static bool is(struct slice text, struct slice first, struct slice rest)
{
	return text.len == first.len + rest.len && slice_starts(text, first) &&
	       slice_ends(text, rest);
}

/* Where it stands, or the free place where it would. */
static struct entry *place(
	const struct server_names *names, struct slice first, struct slice rest)
{
	uint64_t hash = hash_of(first, rest);
	size_t at = (size_t)hash & (names->size - 1);

	while (names->entries[at].text.ptr &&
		(names->entries[at].hash != hash ||
			!is(names->entries[at].text, first, rest)))
		at = (at + 1) & (names->size - 1);
	return &names->entries[at];
}

static bool grow(struct server_names *names)
{
	struct server_names bigger = {.size = names->size * 2};

	if (2 * (names->count + 1) <= names->size)
		return true;
	bigger.entries = calloc(bigger.size, sizeof(*bigger.entries));
	if (!bigger.entries)
		return false;
	for (size_t i = 0; i < names->size; i++) {
		const struct entry *e = &names->entries[i];

		if (e->text.ptr)
			*place(&bigger, e->text, SLICE("")) = *e;
	}
	free(names->entries);
	names->entries = bigger.entries;
	names->size = bigger.size;
	return true;
}

enum server_names_result server_names_add(struct server_names *names,
	const struct server_name *pattern, int *value)
{
	struct slice text = server_name_slice(pattern);
	struct entry *e;

	if (!grow(names))
		return SERVER_NAMES_MEMORY;
	e = place(names, text, SLICE(""));
	if (e->text.ptr) {
		*value = e->value;
		return SERVER_NAMES_TAKEN;
	}
	if (!arena_dup(names->arena, text, &text))
		return SERVER_NAMES_MEMORY;
	*e = (struct entry){text, hash_of(text, SLICE("")), *value};
	names->count++;
	return SERVER_NAMES_ADDED;
}

int server_names_find(
	const struct server_names *names, const struct server_name *name)
{
	struct slice text = server_name_slice(name);
	const struct entry *e = place(names, text, SLICE(""));
	size_t dot = slice_find(text, '.');

	if (!e->text.ptr && !name->address && dot < text.len)
		e = place(names, SLICE("*"), slice_from(text, dot));
	return e->text.ptr ? e->value : SERVER_NAMES_NONE;
}

size_t server_names_count(const struct server_names *names)
{
	return names->count;
}
