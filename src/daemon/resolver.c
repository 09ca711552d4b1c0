#include "daemon/resolver.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/loop.h"

enum { NAME_BYTES = 254 };

/* What the child writes, at once. */
struct found {
	uint32_t count;
	struct addr addrs[RESOLVER_ADDRESSES];
};

_Static_assert(sizeof(struct found) <= PIPE_BUF, "written whole or not");

enum name_state {
	NAME_FREE,
	NAME_ASKED, /* a child is at work */
	NAME_KNOWN,
};

struct resolver_name {
	struct resolver *resolver;
	enum name_state state;
	char text[NAME_BYTES];
	int fd; /* of the child's pipe */
	struct loop_watch watch;
	struct found found;
	int64_t since_ms; /* known since */
	bool telling;     /* who waited is being told */
	struct resolver_ask *first;
};

struct resolver_ask {
	struct resolver_ask *next; /* of those who wait for the same name */
	struct resolver *resolver;
	struct resolver_name *name; /* NULL: it cannot be asked for */
	void (*done)(void *owner, const struct addr *addrs, size_t count);
	void *owner;
	struct loop_task task; /* when there is nothing to wait for */
};

struct resolver {
	struct loop *loop;
	int64_t keep_ms;
	struct resolver_name names[RESOLVER_NAMES];
};

/* ---- the child ---- */

static bool take_address(const struct addrinfo *info, struct addr *addr)
{
	if ((info->ai_family != AF_INET && info->ai_family != AF_INET6) ||
		info->ai_addrlen > sizeof(addr->sa))
		return false;
	*addr = (struct addr){.len = info->ai_addrlen};
	memcpy(&addr->sa, info->ai_addr, info->ai_addrlen);
	return true;
}

static void look_up(const char *name, struct found *found)
{
	const struct addrinfo wish = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *list = NULL;

	if (getaddrinfo(name, NULL, &wish, &list))
		return;
	for (const struct addrinfo *i = list;
		i && found->count < RESOLVER_ADDRESSES; i = i->ai_next)
		found->count += take_address(i, &found->addrs[found->count]);
	freeaddrinfo(list);
}

/* It shares no descriptor with its parent but the pipe; without that its end
 * would wait for whatever the parent serves. */
__attribute__((noreturn)) static void be_child(const char *name, int fd)
{
	struct found found = {0};

	signal(SIGALRM, SIG_DFL);
	alarm(RESOLVER_SECONDS);
	(void)prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0L, 0L, 0L);
	if (dup2(fd, STDIN_FILENO) < 0 ||
		close_range(STDERR_FILENO + 1, UINT_MAX, 0) < 0)
		_exit(1);
	look_up(name, &found);
	_exit(write(STDIN_FILENO, &found, sizeof(found)) ==
				(ssize_t)sizeof(found)
			? 0
			: 1);
}

/* ---- a name ---- */

/* Each may cancel others meanwhile, and ask for other names. */
static void tell_all(struct resolver_name *name)
{
	name->telling = true;
	while (name->first) {
		struct resolver_ask *ask = name->first;

		name->first = ask->next;
		ask->done(ask->owner, name->found.addrs, name->found.count);
		free(ask);
	}
	name->telling = false;
}

static void stop_asking(struct resolver_name *name)
{
	loop_unwatch(&name->watch);
	if (name->fd >= 0)
		close(name->fd);
	name->fd = -1;
}

static void on_found(void *arg, unsigned ready)
{
	struct resolver_name *name = arg;
	ssize_t n = read(name->fd, &name->found, sizeof(name->found));

	(void)ready;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (ssize_t)sizeof(name->found) ||
		name->found.count > RESOLVER_ADDRESSES)
		name->found.count = 0;
	stop_asking(name);
	name->state = NAME_KNOWN;
	name->since_ms = loop_now_ms(name->resolver->loop);
	if (!name->found.count)
		name->since_ms -=
			name->resolver->keep_ms; /* it may be there soon */
	tell_all(name);
}

static bool start_asking(struct resolver_name *name)
{
	struct resolver *resolver = name->resolver;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return false;
	name->fd = ends[0];
	pid = loop_watch_read(
		      resolver->loop, &name->watch, name->fd, on_found, name)
		      ? fork()
		      : -1;
	if (!pid)
		be_child(name->text, ends[1]);
	close(ends[1]);
	if (pid > 0)
		return true;
	stop_asking(name);
	return false;
}

static bool is_fresh(const struct resolver_name *name)
{
	return name->state == NAME_ASKED ||
	       (name->state == NAME_KNOWN &&
		       loop_now_ms(name->resolver->loop) - name->since_ms <
			       name->resolver->keep_ms);
}

/* The entry of that name, or one that it may have; NULL: all are busy. */
static struct resolver_name *find(struct resolver *resolver, struct slice name)
{
	struct resolver_name *oldest = NULL;

	for (size_t i = 0; i < RESOLVER_NAMES; i++) {
		struct resolver_name *one = &resolver->names[i];

		if (one->state != NAME_FREE &&
			slice_eq_nocase(slice_str(one->text), name))
			return one;
		if (one->state == NAME_ASKED || one->telling)
			continue;
		if (!oldest || one->state == NAME_FREE ||
			(oldest->state == NAME_KNOWN &&
				one->since_ms < oldest->since_ms))
			oldest = one;
	}
	return oldest;
}

/* An entry that has the answer or waits for it; NULL: cannot be asked for. */
static struct resolver_name *ask_for(
	struct resolver *resolver, struct slice text)
{
	struct resolver_name *name =
		text.len < NAME_BYTES ? find(resolver, text) : NULL;

	if (!name)
		return NULL;
	if (slice_eq_nocase(slice_str(name->text), text) && is_fresh(name))
		return name;
	if (name->telling)
		return NULL;
	memcpy(name->text, text.ptr, text.len);
	name->text[text.len] = '\0';
	name->found.count = 0;
	name->state = start_asking(name) ? NAME_ASKED : NAME_FREE;
	return name->state == NAME_ASKED ? name : NULL;
}

/* ---- asking ---- */

static void on_at_once(void *arg)
{
	struct resolver_ask *ask = arg;
	const struct resolver_name *name = ask->name;

	ask->done(ask->owner, name ? name->found.addrs : NULL,
		name ? name->found.count : 0);
	free(ask);
}

struct resolver_ask *resolver_ask(struct resolver *resolver, struct slice name,
	void (*done)(void *owner, const struct addr *addrs, size_t count),
	void *owner)
{
	struct resolver_ask *ask = calloc(1, sizeof(*ask));

	if (!ask)
		return NULL;
	ask->resolver = resolver;
	ask->done = done;
	ask->owner = owner;
	ask->task = (struct loop_task){.cb = on_at_once, .arg = ask};
	ask->name = ask_for(resolver, name);
	if (ask->name && ask->name->state == NAME_ASKED) {
		ask->next = ask->name->first;
		ask->name->first = ask;
	} else {
		loop_later(resolver->loop, &ask->task);
	}
	return ask;
}

void resolver_cancel(struct resolver_ask *ask)
{
	struct resolver_ask **at = ask->name ? &ask->name->first : NULL;

	loop_cancel(ask->resolver->loop, &ask->task);
	while (at && *at && *at != ask)
		at = &(*at)->next;
	if (at && *at)
		*at = ask->next;
	free(ask);
}

struct resolver *resolver_new(struct loop *loop, int64_t keep_ms)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));

	if (!resolver)
		return NULL;
	resolver->loop = loop;
	resolver->keep_ms = keep_ms;
	for (size_t i = 0; i < RESOLVER_NAMES; i++) {
		resolver->names[i].resolver = resolver;
		resolver->names[i].fd = -1;
	}
	return resolver;
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	for (size_t i = 0; i < RESOLVER_NAMES; i++) {
		assert(!resolver->names[i].first);
		stop_asking(&resolver->names[i]);
	}
	free(resolver);
}
