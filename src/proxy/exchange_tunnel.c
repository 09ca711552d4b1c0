/* exchange: from a request with Upgrade to a tunnel and its end (R10). */
#include "exchange_priv.h"

#include <assert.h>

#include "config/config.h"
#include "http/message.h"
#include "policy/rewrite.h"
#include "proxy/deadline.h"
#include "proxy/http_date.h"
#include "proxy/metrics.h"

static bool is_configured(const struct exchange *x, struct slice protocol)
{
	const struct config_texts *may = &x->env->config->upgrade;

	for (size_t i = 0; i < may->count; i++) {
		if (slice_eq_nocase(protocol, slice_str(may->items[i].text)))
			return true;
	}
	return false;
}

/* A body would leave nothing but a guess where the tunnel begins. */
bool exchange_may_upgrade(const struct exchange *x, const struct message *head)
{
	return head->upgrade.len && head->method == METHOD_GET &&
	       head->version == MESSAGE_HTTP_1_1 && head->body == BODY_NONE &&
	       !head->expect_continue && is_configured(x, head->upgrade);
}

static bool is_granted(const struct exchange *x, const struct message *head)
{
	return x->request->upgrade.len && head->version == MESSAGE_HTTP_1_1 &&
	       slice_eq_nocase(head->upgrade, x->request->upgrade);
}

static void join(struct exchange *x)
{
	x->client_end->ops->tunnel(x->client_end);
	x->origin_end->ops->tunnel(x->origin_end);
	relay_init(&x->up, x->client_end);
	relay_join(&x->up, x->origin_end);
	relay_init(&x->down, x->origin_end);
	relay_join(&x->down, x->client_end);
}

static void note_tunnel(struct exchange *x, const struct message *head)
{
	struct metrics *metrics = x->env->metrics;

	x->record.status = head->status;
	x->record.upgrade = x->request->upgrade;
	x->record.origin_us = exchange_clock_us() - x->asked_us;
	metrics_add(&metrics->value[METRIC_UPGRADES], 1);
	metrics_add(&metrics->value[METRIC_GAUGE_TUNNELS], 1);
}

bool exchange_tunnel(struct exchange *x, struct message *head)
{
	int64_t wall_ms = loop_wall_ms(x->env->loop);

	if (!is_granted(x, head))
		return false;
	assert(x->up.state == RELAY_ENDED); /* no body, and so no wait */
	if (!rewrite_response(head, x->arena, x->env->headers,
		    http_date_text(x->env->date, wall_ms),
		    x->record.request_id)) {
		exchange_reply(x, FAILURE_MEMORY, HTTP_RULE_NONE, 0);
		return true;
	}
	note_tunnel(x, head);
	exchange_enter(x, EXCHANGE_TUNNEL);
	x->client_end->ops->send_head(x->client_end, head);
	join(x);
	if (!deadline_set(x->deadline, exchange_patience_ms(x)))
		exchange_finish(x, FAILURE_MEMORY, STREAM_ABORT);
	return true;
}

void exchange_tunnel_half(struct exchange *x)
{
	if (x->up.state == RELAY_ENDED && x->down.state == RELAY_ENDED)
		exchange_finish(x, FAILURE_NONE, STREAM_DONE);
}

void exchange_tunnel_end(struct exchange *x, enum failure failure)
{
	if (x->up.state != RELAY_ENDED)
		relay_end(&x->up, NULL);
	if (x->down.state != RELAY_ENDED)
		relay_end(&x->down, NULL);
	exchange_finish(x, failure, STREAM_DONE);
}
