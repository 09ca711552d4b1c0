#include "proxy/ocsp_asker.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "proxy/ocsp_record.h"

struct ocsp_ask {
	struct ocsp_asker *asker;
	struct ocsp_ask *next;
	struct ocsp_ask *prev;
	bool sent; /* to the steward that is there now */
	void (*told)(void *owner, const struct ocsp_told *told);
	void *owner;
	struct ocsp_ask_record record;
};

struct ocsp_asker {
	struct loop *loop;
	int fd;     /* -1: no steward */
	bool final; /* no other steward will come */
	struct loop_watch watch;
	struct loop_task lost;
	uint64_t last;          /* number given out */
	struct ocsp_ask *first; /* in the order of asking */
	struct ocsp_ask *newest;
};

/* ---- the list ---- */

static void list_add(struct ocsp_ask *ask)
{
	struct ocsp_asker *asker = ask->asker;

	ask->prev = asker->newest;
	if (ask->prev)
		ask->prev->next = ask;
	else
		asker->first = ask;
	asker->newest = ask;
}

static void list_remove(struct ocsp_ask *ask)
{
	struct ocsp_asker *asker = ask->asker;

	if (ask->prev)
		ask->prev->next = ask->next;
	else
		asker->first = ask->next;
	if (ask->next)
		ask->next->prev = ask->prev;
	else
		asker->newest = ask->prev;
}

static struct ocsp_ask *find(const struct ocsp_asker *asker, uint64_t number)
{
	struct ocsp_ask *ask = asker->first;

	while (ask && ask->record.number != number)
		ask = ask->next;
	return ask;
}

/* ---- the socket ---- */

static void detach(struct ocsp_asker *asker)
{
	loop_unwatch(&asker->watch);
	if (asker->fd >= 0)
		close(asker->fd);
	asker->fd = -1;
	/* nobody knows of them any more */
	for (struct ocsp_ask *ask = asker->first; ask; ask = ask->next)
		ask->sent = false;
}

static uint64_t count(const struct ocsp_asker *asker)
{
	uint64_t n = 0;

	for (const struct ocsp_ask *ask = asker->first; ask; ask = ask->next)
		n++;
	return n;
}

/* Of the last one: nobody will answer, and better now than at the deadline of
 * each question. */
static void lose(struct ocsp_asker *asker)
{
	detach(asker);
	if (!asker->final)
		return;
	LOG(LOG_LEVEL_ERROR, "steward_lost", LOG_U64("questions", count(asker)),
		LOG_STR("outcome", "client_auth.ocsp.on_failure decides"));
	loop_later(asker->loop, &asker->lost);
}

static bool send_one(const struct ocsp_asker *asker, struct ocsp_ask *ask)
{
	ssize_t n;

	do {
		n = send(asker->fd, &ask->record, sizeof(ask->record),
			MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	ask->sent = n == (ssize_t)sizeof(ask->record);
	return ask->sent;
}

/* What the socket refuses waits for its next edge. */
static void send_all(struct ocsp_asker *asker)
{
	struct ocsp_ask *ask = asker->first;

	while (asker->fd >= 0 && ask) {
		if (!ask->sent && !send_one(asker, ask))
			return;
		ask = ask->next;
	}
}

static void answer(struct ocsp_ask *ask, const struct ocsp_told *told)
{
	list_remove(ask);
	ask->told(ask->owner, told);
	free(ask);
}

static void tell(
	struct ocsp_asker *asker, const struct ocsp_reply_record *record)
{
	const struct ocsp_told told = {
		.result = (enum ocsp_result)record->result,
		.until = record->until,
		.cached = record->flags & OCSP_REPLY_CACHED,
		.fetched = record->flags & OCSP_REPLY_FETCHED};
	struct ocsp_ask *ask = find(asker, record->number);

	if (!ask)
		return; /* was cancelled */
	answer(ask, &told);
}

/* false: nothing more for now. */
static bool take_reply(struct ocsp_asker *asker)
{
	struct ocsp_reply_record record;
	ssize_t n = recv(
		asker->fd, &record, sizeof(record), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0 || !ocsp_reply_record_valid(&record, (size_t)n))
		lose(asker);
	else
		tell(asker, &record);
	return true;
}

static void on_ready(void *arg, unsigned ready)
{
	struct ocsp_asker *asker = arg;

	(void)ready;
	while (asker->fd >= 0 && take_reply(asker))
		;
	send_all(asker);
}

/* One a task: whoever is told may take others back. */
static void on_lost(void *arg)
{
	const struct ocsp_told told = {.result = OCSP_RESULT_INTERNAL};
	struct ocsp_asker *asker = arg;

	if (asker->fd >= 0 || !asker->first)
		return;
	if (asker->first->next)
		loop_later(asker->loop, &asker->lost);
	answer(asker->first, &told);
}

void ocsp_asker_finish(struct ocsp_asker *asker)
{
	if (asker->final)
		return;
	asker->final = true;
	if (asker->fd < 0)
		lose(asker);
}

/* ---- stewards that come ---- */

void ocsp_asker_attach(struct ocsp_asker *asker, int fd)
{
	detach(asker);
	if (!loop_watch(asker->loop, &asker->watch, fd, on_ready, asker)) {
		close(fd);
		lose(asker);
		return;
	}
	asker->fd = fd;
	send_all(asker);
}

bool ocsp_asker_attached(const struct ocsp_asker *asker)
{
	return asker->fd >= 0;
}

/* ---- asking ---- */

struct ocsp_ask *ocsp_ask_new(struct ocsp_asker *asker, size_t listener,
	const struct ocsp_question *question,
	void (*told)(void *owner, const struct ocsp_told *told), void *owner)
{
	struct ocsp_ask *ask = NULL;

	if (asker->fd >= 0 || !asker->final)
		ask = calloc(1, sizeof(*ask));
	if (!ask || !ocsp_ask_record_write(&ask->record, asker->last + 1,
			    listener, question)) {
		free(ask);
		return NULL;
	}
	asker->last++;
	ask->asker = asker;
	ask->told = told;
	ask->owner = owner;
	list_add(ask);
	send_all(asker);
	return ask;
}

void ocsp_ask_cancel(struct ocsp_ask *ask)
{
	list_remove(ask);
	free(ask);
}

struct ocsp_asker *ocsp_asker_new(struct loop *loop)
{
	struct ocsp_asker *asker = calloc(1, sizeof(*asker));

	if (!asker)
		return NULL;
	asker->loop = loop;
	asker->fd = -1;
	asker->lost = (struct loop_task){.cb = on_lost, .arg = asker};
	return asker;
}

void ocsp_asker_free(struct ocsp_asker *asker)
{
	if (!asker)
		return;
	assert(!asker->first);
	detach(asker);
	loop_cancel(asker->loop, &asker->lost);
	free(asker);
}
