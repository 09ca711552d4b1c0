/*
 * The one form of a path: it stays what it is, holds nothing that is refused,
 * and no segment of dots; judged is what a rule would have it.
 */
#include "policy/path.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool kept)
{
	if (!kept)
		abort();
}

static void check_segments(struct slice path)
{
	struct slice segment;

	while (path_next(&path, &segment)) {
		must(segment.len > 0 || !path.len);
		must(!slice_eq(segment, SLICE(".")));
		must(!slice_eq(segment, SLICE("..")));
		must(!slice_starts(segment, SLICE(";")));
		must(!slice_starts(segment, SLICE("..;")));
		must(!slice_starts(segment, SLICE(".;")));
	}
}

static void check(struct slice target, struct arena *arena)
{
	struct path path, again;

	if (path_read(target, arena, &path) != PATH_GOOD)
		return;
	must(path.target.len <= target.len);
	must(path.target.ptr[0] == '/');
	check_segments(slice_head(path.target, slice_find(path.target, '?')));
	check_segments(path.judged);
	check_segments(path.bare);
	must(slice_find(path.bare, ';') == path.bare.len);
	must(slice_find(path.judged, '\0') == path.judged.len);
	must(slice_find(path.judged, '\\') == path.judged.len);
	must(path_read(path.target, arena, &again) == PATH_GOOD);
	must(slice_eq(path.target, again.target));
	must(slice_eq(path.judged, again.judged));
	must(slice_eq(path.bare, again.bare));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(NULL);
	struct slice rule;

	must(arena != NULL);
	check(slice_of(data, size), arena);
	if (!path_read_rule(slice_of(data, size), arena, &rule))
		check_segments(rule);
	arena_free(arena);
	return 0;
}
