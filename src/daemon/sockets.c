#include "daemon/sockets.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "net/sock.h"

struct socket_group {
	struct socket_group *next;
	struct socket_wish wish; /* in force */
	struct socket_wish next_wish;
	struct addr bound;
	int *fds;
	size_t count;
	size_t committed; /* sockets from here on are new */
	bool wanted;
};

struct sockets {
	struct socket_group *first;
};

struct sockets *sockets_new(void)
{
	return calloc(1, sizeof(struct sockets));
}

/* ---- one group ---- */

static bool is_shared(const struct socket_group *group)
{
	return addr_is_unix(&group->wish.addr);
}

/* Closes from the end down to `keep`. */
static void shrink(struct socket_group *group, size_t keep)
{
	while (group->count > keep)
		close(group->fds[--group->count]);
}

/* unlink: the group is of no use any more, to nobody. */
static void group_free(struct socket_group *group, bool unlink_path)
{
	bool bound = group->count > 0;

	shrink(group, 0);
	if (unlink_path && bound && is_shared(group))
		unlink(group->wish.addr.sa.local.sun_path);
	free(group->fds);
	free(group);
}

static struct socket_group *group_new(const struct socket_wish *wish)
{
	struct socket_group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	group->wish = group->next_wish = *wish;
	group->bound = wish->addr;
	return group;
}

static bool open_one(struct socket_group *group, struct err *err)
{
	const struct socket_wish *wish = &group->next_wish;
	const struct sock_listen how = {
		.backlog = wish->backlog,
		.reuse_port = !is_shared(group),
		.reuse_addr = true,
		.unix_mode = wish->unix_mode,
	};
	struct addr bound;
	int fd = sock_listen(&group->bound, &how, &bound, err);

	if (fd < 0)
		return false;
	if (!is_shared(group))
		group->bound = bound; /* the others follow to its port */
	group->fds[group->count++] = fd;
	return true;
}

static bool grow(struct socket_group *group, struct err *err)
{
	size_t count = is_shared(group) ? 1 : group->next_wish.count;
	int *fds;

	if (count <= group->count)
		return true;
	fds = realloc(group->fds, count * sizeof(*fds));
	if (!fds) {
		err_set(err, EXIT_CODE_INTERNAL, "out of memory");
		return false;
	}
	group->fds = fds;
	if (!group->count && !sock_probe_free(&group->bound, err))
		return false;
	while (group->count < count) {
		if (!open_one(group, err))
			return false;
	}
	return true;
}

/* ---- all ---- */

static struct socket_group *find(
	const struct sockets *sockets, const struct addr *addr)
{
	struct socket_group *group = sockets->first;

	while (group && !addr_eq(&group->wish.addr, addr))
		group = group->next;
	return group;
}

/* Frees the groups that no socket in force stands behind, or nobody wants. */
static void drop(struct sockets *sockets,
	bool (*is_over)(const struct socket_group *group))
{
	struct socket_group **at = &sockets->first;

	while (*at) {
		struct socket_group *group = *at;

		if (!is_over(group)) {
			at = &group->next;
			continue;
		}
		*at = group->next;
		group_free(group, true);
	}
}

void sockets_begin(struct sockets *sockets)
{
	for (struct socket_group *g = sockets->first; g; g = g->next) {
		assert(g->committed == g->count);
		g->wanted = false;
	}
}

struct socket_group *sockets_want(struct sockets *sockets,
	const struct socket_wish *wish, struct err *err)
{
	struct socket_group *group = find(sockets, &wish->addr);

	if (!group) {
		group = group_new(wish);
		if (!group) {
			err_set(err, EXIT_CODE_INTERNAL, "out of memory");
			return NULL;
		}
		group->next = sockets->first;
		sockets->first = group;
	}
	group->wanted = true;
	group->next_wish = *wish;
	return grow(group, err) ? group : NULL;
}

bool sockets_wanted(const struct socket_group *group)
{
	return group->wanted;
}

/* Linux takes the length of a second listen. A mode that cannot be set stays
 * as it was: the socket works. */
static void settle(struct socket_group *group)
{
	const struct socket_wish *wish = &group->next_wish;

	for (size_t i = 0; i < group->committed; i++) {
		if (wish->backlog != group->wish.backlog)
			(void)listen(group->fds[i], wish->backlog);
	}
	if (is_shared(group) && wish->unix_mode != group->wish.unix_mode &&
		wish->unix_mode)
		(void)chmod(wish->addr.sa.local.sun_path, wish->unix_mode);
	group->wish = *wish;
	group->committed = group->count;
}

static bool is_unwanted(const struct socket_group *group)
{
	return !group->wanted;
}

void sockets_commit(struct sockets *sockets)
{
	drop(sockets, is_unwanted);
	for (struct socket_group *g = sockets->first; g; g = g->next)
		settle(g);
}

static bool is_new(const struct socket_group *group)
{
	return !group->committed;
}

void sockets_abort(struct sockets *sockets)
{
	drop(sockets, is_new);
	for (struct socket_group *g = sockets->first; g; g = g->next) {
		shrink(g, g->committed);
		g->next_wish = g->wish;
		g->wanted = true;
	}
}

static void free_all(struct sockets *sockets, bool unlink_paths)
{
	if (!sockets)
		return;
	while (sockets->first) {
		struct socket_group *group = sockets->first;

		sockets->first = group->next;
		group_free(group, unlink_paths);
	}
	free(sockets);
}

void sockets_free(struct sockets *sockets)
{
	free_all(sockets, true);
}

void sockets_abandon(struct sockets *sockets)
{
	free_all(sockets, false);
}

/* ---- facts ---- */

const struct addr *socket_group_bound(const struct socket_group *group)
{
	return &group->bound;
}

size_t socket_group_count(const struct socket_group *group)
{
	return group->count;
}

int socket_group_fd(const struct socket_group *group, size_t index)
{
	assert(index < group->count);
	return group->fds[index];
}

bool socket_group_serves(const struct socket_group *group, size_t index,
	unsigned worker, unsigned workers)
{
	return is_shared(group) || index % workers == worker;
}
