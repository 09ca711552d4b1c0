#include "proxy/deadline.h"

#include <assert.h>
#include <stdlib.h>

#include "base/loop.h"

struct deadline {
	struct deadline_pool *pool;
	struct deadline *next; /* among the spare ones */
	struct loop_timer timer;
	struct loop_corpse corpse;
};

struct deadline_pool {
	struct loop *loop;
	struct deadline *spare;
	size_t spare_count;
	size_t spare_max;
	size_t taken;
};

struct deadline_pool *deadline_pool_new(struct loop *loop, size_t spare)
{
	struct deadline_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->loop = loop;
	pool->spare_max = spare;
	return pool;
}

static void deadline_free(void *object)
{
	struct deadline *deadline = object;

	loop_timer_fini(&deadline->timer);
	free(deadline);
}

void deadline_pool_free(struct deadline_pool *pool)
{
	if (!pool)
		return;
	assert(!pool->taken);
	while (pool->spare) {
		struct deadline *deadline = pool->spare;

		pool->spare = deadline->next;
		deadline_free(deadline);
	}
	free(pool);
}

struct deadline *deadline_take(
	struct deadline_pool *pool, void (*cb)(void *arg), void *arg)
{
	struct deadline *deadline = pool->spare;

	if (deadline) {
		pool->spare = deadline->next;
		pool->spare_count--;
		deadline->timer.cb = cb;
		deadline->timer.arg = arg;
	} else {
		deadline = calloc(1, sizeof(*deadline));
		if (!deadline)
			return NULL;
		deadline->pool = pool;
		loop_timer_init(pool->loop, &deadline->timer, cb, arg);
	}
	pool->taken++;
	return deadline;
}

bool deadline_set(struct deadline *deadline, int64_t after_ms)
{
	return loop_timer_set(&deadline->timer, after_ms);
}

void deadline_give(struct deadline **given)
{
	struct deadline *deadline = *given;
	struct deadline_pool *pool;

	if (!deadline)
		return;
	*given = NULL;
	pool = deadline->pool;
	pool->taken--;
	loop_timer_clear(&deadline->timer);
	if (pool->spare_count >= pool->spare_max) {
		loop_free_later(
			pool->loop, &deadline->corpse, deadline_free, deadline);
		return;
	}
	deadline->next = pool->spare;
	pool->spare = deadline;
	pool->spare_count++;
}
