#include "proxy/relay.h"

#include <assert.h>

#include "http/stream.h"

void relay_init(struct relay *relay, struct stream *from)
{
	*relay = (struct relay){.from = from, .state = RELAY_OPEN};
}

void relay_hold(struct relay *relay)
{
	assert(relay->state == RELAY_OPEN && !relay->to);
	relay->from->ops->pause(relay->from);
	relay->state = RELAY_HELD;
}

void relay_join(struct relay *relay, struct stream *to)
{
	relay->to = to;
	if (relay->state == RELAY_ENDED) {
		to->ops->send_end(to, NULL);
	} else if (relay->state == RELAY_HELD) {
		relay->state = RELAY_OPEN;
		relay->from->ops->resume(relay->from);
	}
}

void relay_part(struct relay *relay)
{
	relay->to = NULL;
	if (relay->state == RELAY_OPEN)
		relay_hold(relay);
	else if (relay->state == RELAY_BLOCKED)
		relay->state = RELAY_HELD;
}

void relay_body(struct relay *relay, struct slice bytes)
{
	assert(relay->to && relay->state == RELAY_OPEN);
	if (relay->to->ops->send_body(relay->to, bytes))
		return;
	relay->from->ops->pause(relay->from);
	relay->state = RELAY_BLOCKED;
}

void relay_end(struct relay *relay, const struct header_block *trailers)
{
	relay->state = RELAY_ENDED;
	if (relay->to)
		relay->to->ops->send_end(relay->to, trailers);
}

void relay_room(struct relay *relay)
{
	if (relay->state != RELAY_BLOCKED)
		return;
	relay->state = RELAY_OPEN;
	relay->from->ops->resume(relay->from);
}
