#include "file_walk_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/slice.h"
#include "config/config_problem.h"
#include "problem_priv.h"

static bool unreadable(
	const struct file_walk *walk, const struct config_text *entry, int why)
{
	problem_unreadable(
		walk->problems, walk->key, entry->mark, entry->text, why);
	return false;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool wanted(const struct file_walk *walk, const char *name)
{
	struct slice text = slice_str(name);

	return slice_ends(text, slice_str(walk->ends[0])) ||
	       slice_ends(text, slice_str(walk->ends[1]));
}

static bool visit(const struct file_walk *walk, const struct config_text *entry,
	const char *name)
{
	char path[4096];
	int len = snprintf(path, sizeof(path), "%s/%s", entry->text, name);

	if (len < 0 || (size_t)len >= sizeof(path))
		return unreadable(walk, entry, ENAMETOOLONG);
	walk->visit(walk->arg, path);
	return true;
}

static bool walk_directory(
	const struct file_walk *walk, const struct config_text *entry)
{
	struct dirent **entries = NULL;
	int count = scandir(entry->text, &entries, is_visible, by_name);
	bool ok = true, found = false;

	if (count < 0)
		return unreadable(walk, entry, errno);
	for (int i = 0; i < count; i++) {
		if (wanted(walk, entries[i]->d_name)) {
			found = true;
			ok = visit(walk, entry, entries[i]->d_name) && ok;
		}
		free(entries[i]);
	}
	free(entries);
	if (!found)
		config_problem(walk->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			entry->mark,
			"%s: the directory %s holds no *%s and no "
			"*%s",
			walk->key, entry->text, walk->ends[0], walk->ends[1]);
	return ok && found;
}

bool file_walk(const struct file_walk *walk, const struct config_text *entry)
{
	struct stat st;

	if (stat(entry->text, &st) != 0)
		return unreadable(walk, entry, errno);
	if (S_ISDIR(st.st_mode))
		return walk_directory(walk, entry);
	walk->visit(walk->arg, entry->text);
	return true;
}
