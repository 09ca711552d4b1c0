#include "fake/alloc_fail.h"

#include <errno.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/arena.h"
#include "base/loop.h"
#include "proxy/deadline.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
bool __real_loop_run(struct loop *loop);
struct arena_cache *__real_arena_cache_new(size_t spare);
struct deadline_pool *__real_deadline_pool_new(struct loop *loop, size_t spare);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
bool __wrap_loop_run(struct loop *loop);
struct arena_cache *__wrap_arena_cache_new(size_t spare);
struct deadline_pool *__wrap_deadline_pool_new(struct loop *loop, size_t spare);

static struct {
	size_t left; /* allocations until the first failure; 0: disarmed */
	bool lasting;
	bool failed;
	bool section;
	bool in_loop;
} plan;

static bool fails(void)
{
	if (!plan.section || !plan.left)
		return false;
	if (plan.left > 1) {
		plan.left--;
		return false;
	}
	if (!plan.lasting)
		plan.left = 0;
	plan.failed = true;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fails() ? NULL : __real_realloc(memory, size);
}

bool __wrap_loop_run(struct loop *loop)
{
	bool before = plan.section;
	bool ok;

	plan.section = before || plan.in_loop;
	ok = __real_loop_run(loop);
	plan.section = before;
	return ok;
}

struct arena_cache *__wrap_arena_cache_new(size_t spare)
{
	(void)spare;
	return __real_arena_cache_new(0);
}

struct deadline_pool *__wrap_deadline_pool_new(struct loop *loop, size_t spare)
{
	(void)spare;
	return __real_deadline_pool_new(loop, 0);
}

void alloc_fail_init(void)
{
	event_set_mem_functions(__wrap_malloc, __wrap_realloc, free);
}

void alloc_fail_arm(size_t n, bool lasting)
{
	plan.left = n;
	plan.lasting = lasting;
	plan.failed = false;
}

bool alloc_fail_disarm(void)
{
	plan.left = 0;
	return plan.failed;
}

bool alloc_fail_seen(void)
{
	return plan.failed;
}

void alloc_fail_begin(void)
{
	plan.section = true;
}

void alloc_fail_end(void)
{
	plan.section = false;
}

void alloc_fail_in_loop(bool yes)
{
	plan.in_loop = yes;
}
