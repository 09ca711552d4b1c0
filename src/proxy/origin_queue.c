#include "proxy/origin_queue.h"

#include <assert.h>

static void unlink_entry(struct origin_queue_entry *entry)
{
	struct origin_queue *queue = entry->queue;

	if (entry->prev)
		entry->prev->next = entry->next;
	else
		queue->first = entry->next;
	if (entry->next)
		entry->next->prev = entry->prev;
	else
		queue->last = entry->prev;
	queue->count--;
	entry->queue = NULL;
}

static bool is_due(const struct origin_queue *queue,
	const struct origin_queue_entry *entry)
{
	return origin_queue_waited_ms(queue, entry) >= queue->timeout_ms;
}

/* The timer is moved only when it is off: all wait equally long, so that it
 * is never too late. */
static bool watch(struct origin_queue *queue)
{
	int64_t left;

	if (queue->timer.deadline_ms || !queue->first)
		return true;
	left = queue->timeout_ms - origin_queue_waited_ms(queue, queue->first);
	return loop_timer_set(&queue->timer, left > 1 ? left : 1);
}

static void expire_first(struct origin_queue *queue)
{
	struct origin_queue_entry *entry = queue->first;

	unlink_entry(entry);
	queue->expired(entry);
}

static void on_timer(void *arg)
{
	struct origin_queue *queue = arg;

	while (queue->first && is_due(queue, queue->first))
		expire_first(queue);
	/* without a timer nobody would be told: rather now than never */
	while (!watch(queue))
		expire_first(queue);
}

void origin_queue_init(struct origin_queue *queue, struct loop *loop,
	int64_t timeout_ms, void (*expired)(struct origin_queue_entry *entry))
{
	*queue = (struct origin_queue){
		.loop = loop, .timeout_ms = timeout_ms, .expired = expired};
	loop_timer_init(loop, &queue->timer, on_timer, queue);
}

void origin_queue_fini(struct origin_queue *queue)
{
	assert(!queue->first);
	loop_timer_fini(&queue->timer);
}

bool origin_queue_push(
	struct origin_queue *queue, struct origin_queue_entry *entry)
{
	assert(!entry->queue);
	entry->queue = queue;
	entry->since_ms = loop_now_ms(queue->loop);
	entry->next = NULL;
	entry->prev = queue->last;
	if (queue->last)
		queue->last->next = entry;
	else
		queue->first = entry;
	queue->last = entry;
	queue->count++;
	if (watch(queue))
		return true;
	unlink_entry(entry);
	return false;
}

struct origin_queue_entry *origin_queue_pop(struct origin_queue *queue)
{
	struct origin_queue_entry *entry = queue->first;

	if (entry)
		unlink_entry(entry);
	return entry;
}

void origin_queue_leave(struct origin_queue_entry *entry)
{
	if (entry->queue)
		unlink_entry(entry);
}

int64_t origin_queue_waited_ms(const struct origin_queue *queue,
	const struct origin_queue_entry *entry)
{
	return loop_now_ms(queue->loop) - entry->since_ms;
}
