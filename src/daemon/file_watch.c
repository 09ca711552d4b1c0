#include "daemon/file_watch.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/slice.h"

enum { PATH_ROOM = 4096, PATIENCE = 5 };

struct watched {
	char *path;
	uint64_t known; /* as it was read */
	uint64_t seen;  /* at the look before */
	unsigned looks; /* that saw it differ */
};

struct file_watch {
	struct watched *items;
	size_t count;
	size_t room;
};

struct file_watch *file_watch_new(void)
{
	return calloc(1, sizeof(struct file_watch));
}

void file_watch_free(struct file_watch *watch)
{
	if (!watch)
		return;
	for (size_t i = 0; i < watch->count; i++)
		free(watch->items[i].path);
	free(watch->items);
	free(watch);
}

/* ---- what is there ---- */

static uint64_t mark_stat(const struct stat *st)
{
	const int64_t facts[] = {(int64_t)st->st_dev, (int64_t)st->st_ino,
		(int64_t)st->st_mode, (int64_t)st->st_size, st->st_mtim.tv_sec,
		st->st_mtim.tv_nsec, st->st_ctim.tv_sec, st->st_ctim.tv_nsec};

	return slice_hash(slice_of(facts, sizeof(facts)), SLICE_HASH);
}

/* What makes it unreadable is a fact, too. */
static uint64_t mark_error(int error)
{
	return slice_hash(slice_of(&error, sizeof(error)), SLICE_HASH);
}

static bool is_read(const char *name)
{
	struct slice s = slice_str(name);

	return slice_ends(s, SLICE(".pem")) || slice_ends(s, SLICE(".crt")) ||
	       slice_ends(s, SLICE(".crl"));
}

static uint64_t mark_entry(const char *directory, const char *name)
{
	char path[PATH_ROOM];
	struct stat st;
	uint64_t mark;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >=
		(int)sizeof(path))
		mark = mark_error(ENAMETOOLONG);
	else
		mark = stat(path, &st) ? mark_error(errno) : mark_stat(&st);
	return slice_hash(slice_str(name), mark);
}

/* The sum, since the order of a directory means nothing. */
static uint64_t mark_directory(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	uint64_t sum = 1;

	if (!directory)
		return mark_error(errno);
	while ((entry = readdir(directory))) {
		if (is_read(entry->d_name))
			sum += mark_entry(path, entry->d_name);
	}
	closedir(directory);
	return sum;
}

static uint64_t mark_path(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return mark_error(errno);
	return S_ISDIR(st.st_mode) ? mark_directory(path) : mark_stat(&st);
}

/* ---- the list ---- */

static bool make_room(struct file_watch *watch)
{
	size_t room = watch->room ? watch->room * 2 : 16;
	struct watched *items;

	if (watch->count < watch->room)
		return true;
	items = realloc(watch->items, room * sizeof(*items));
	if (!items)
		return false;
	watch->items = items;
	watch->room = room;
	return true;
}

bool file_watch_add(struct file_watch *watch, const char *path)
{
	struct watched item = {.known = mark_path(path)};

	item.seen = item.known;
	item.path = strdup(path);
	if (item.path && make_room(watch)) {
		watch->items[watch->count++] = item;
		return true;
	}
	free(item.path);
	return false;
}

bool file_watch_named(void *watch, const char *path)
{
	return file_watch_add(watch, path);
}

/* ---- looking ---- */

void file_watch_accept(struct file_watch *watch)
{
	for (size_t i = 0; i < watch->count; i++) {
		struct watched *item = &watch->items[i];

		item->known = item->seen = mark_path(item->path);
		item->looks = 0;
	}
}

/* A change that rests, or one that has not come to rest for long. */
static bool is_due(struct watched *item)
{
	uint64_t now = mark_path(item->path);
	bool still = now == item->seen;

	item->seen = now;
	if (now == item->known) {
		item->looks = 0;
		return false;
	}
	if (!still && ++item->looks <= PATIENCE)
		return false;
	item->known = now;
	item->looks = 0;
	return true;
}

const char *file_watch_look(struct file_watch *watch)
{
	const char *changed = NULL;

	for (size_t i = 0; i < watch->count; i++) {
		struct watched *item = &watch->items[i];

		if (is_due(item) && !changed)
			changed = item->path;
	}
	return changed;
}
