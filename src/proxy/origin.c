#include "proxy/origin.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "proxy/origin_pool.h"

enum { ORIGIN_LINES_MILLI = 1000, ORIGIN_LINES_BURST = 10 };

struct endpoint {
	struct origin_pool *pool;
	char text[ADDR_TEXT];
};

struct origin {
	struct origin_pool_setup setup;
	struct endpoint *endpoints; /* one per address */
	size_t count;
	size_t current; /* that worked last */
	struct log_bucket bucket;
};

static void endpoints_free(struct origin *origin)
{
	for (size_t i = 0; i < origin->count; i++)
		origin_pool_free(origin->endpoints[i].pool);
	free(origin->endpoints);
}

struct origin *origin_new(const struct origin_pool_setup *setup)
{
	struct origin *origin = calloc(1, sizeof(*origin));

	if (!origin)
		return NULL;
	origin->setup = *setup;
	origin->count = setup->config->address_count;
	origin->endpoints =
		calloc(origin->count + 1, sizeof(*origin->endpoints));
	log_bucket_init(
		&origin->bucket, ORIGIN_LINES_MILLI, ORIGIN_LINES_BURST);
	if (!origin->endpoints)
		goto failed;
	for (size_t i = 0; i < origin->count; i++) {
		const struct addr *addr = &setup->config->addresses[i];

		addr_print(addr, origin->endpoints[i].text);
		origin->endpoints[i].pool =
			origin_pool_new(&origin->setup, addr);
		if (!origin->endpoints[i].pool)
			goto failed;
	}
	return origin;
failed:
	if (origin->endpoints)
		endpoints_free(origin);
	free(origin);
	return NULL;
}

void origin_free(struct origin *origin)
{
	if (!origin)
		return;
	endpoints_free(origin);
	free(origin);
}

void origin_drain(struct origin *origin)
{
	for (size_t i = 0; i < origin->count; i++)
		origin_pool_drain(origin->endpoints[i].pool);
}

/* ---- leases ---- */

static size_t index_of(const struct lease *lease)
{
	const struct origin *origin = lease->origin;

	return (lease->first + lease->tried) % origin->count;
}

static void end_failed(struct lease *lease, enum failure why)
{
	lease->origin = NULL;
	lease->conn = NULL;
	lease->events->failed(lease->owner, why);
}

static void end_ready(struct lease *lease, struct stream *stream)
{
	lease->origin = NULL;
	lease->conn = NULL;
	lease->events->ready(lease->owner, stream);
}

static void connect_next(struct lease *lease, enum failure why);

static void on_opened(void *owner, struct stream *stream)
{
	struct lease *lease = owner;

	lease->origin->current = index_of(lease);
	end_ready(lease, stream);
}

static void on_refused(void *owner, enum failure why, const char *words)
{
	struct lease *lease = owner;
	struct origin *origin = lease->origin;
	uint64_t held;

	if (log_bucket_take(
		    &origin->bucket, loop_now_ms(origin->setup.loop), &held))
		LOG(LOG_LEVEL_WARN, "origin_unreachable",
			LOG_STR("origin", origin->setup.config->name),
			LOG_SLICE("address", lease->address),
			LOG_STR("error", words), LOG_U64("suppressed", held));
	lease->conn = NULL;
	lease->tried++;
	connect_next(lease, why);
}

static const struct origin_pool_events pool_events = {
	.opened = on_opened,
	.refused = on_refused,
};

/* why: what the address before this one failed with. */
static void connect_next(struct lease *lease, enum failure why)
{
	struct endpoint *endpoint;

	if (lease->tried >= lease->origin->count) {
		end_failed(lease, why);
		return;
	}
	endpoint = &lease->origin->endpoints[index_of(lease)];
	lease->address = slice_str(endpoint->text);
	lease->conn = origin_pool_connect(endpoint->pool, &pool_events, lease);
	if (!lease->conn)
		end_failed(lease, FAILURE_MEMORY);
}

static struct stream *reuse(struct lease *lease)
{
	struct origin *origin = lease->origin;

	for (size_t i = 0; i < origin->count; i++) {
		size_t at = (origin->current + i) % origin->count;
		struct stream *stream =
			origin_pool_reuse(origin->endpoints[at].pool);

		if (stream) {
			lease->address = slice_str(origin->endpoints[at].text);
			return stream;
		}
	}
	return NULL;
}

static void run(void *arg)
{
	struct lease *lease = arg;
	struct stream *stream = lease->fresh ? NULL : reuse(lease);

	lease->reused = stream;
	if (stream)
		end_ready(lease, stream);
	else
		connect_next(lease, FAILURE_ORIGIN_CONNECT);
}

void origin_request(struct origin *origin, struct lease *lease, bool fresh)
{
	assert(!lease->origin);
	lease->origin = origin;
	lease->conn = NULL;
	lease->first = origin->current;
	lease->tried = 0;
	lease->fresh = fresh;
	lease->reused = false;
	lease->address = slice_of(NULL, 0);
	lease->task = (struct loop_task){.cb = run, .arg = lease};
	loop_later(origin->setup.loop, &lease->task);
}

void lease_cancel(struct lease *lease)
{
	if (!lease->origin)
		return;
	loop_cancel(lease->origin->setup.loop, &lease->task);
	if (lease->conn)
		origin_pool_cancel(lease->conn);
	lease->origin = NULL;
	lease->conn = NULL;
}
