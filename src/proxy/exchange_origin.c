/* exchange: its origin's end: lease, answer, retry, deadline. */
#include "exchange_priv.h"

#include <assert.h>

#include "base/arena.h"
#include "config/config.h"
#include "http/message.h"
#include "policy/header_plan.h"
#include "policy/route.h"
#include "proxy/deadline.h"
#include "proxy/http_date.h"
#include "proxy/observer.h"

static void moved(struct exchange *x)
{
	x->moved_ms = loop_now_ms(x->env->loop);
}

void exchange_drop_origin(struct exchange *x, enum stream_close how)
{
	struct stream *end = x->origin_end;

	if (x->state == EXCHANGE_LEASE)
		lease_cancel(&x->lease);
	x->origin_end = NULL;
	if (!end)
		return;
	/* what was not sent to the end cannot be used again */
	if (x->up.state != RELAY_ENDED || x->down.state != RELAY_ENDED)
		how = STREAM_ABORT;
	end->ops->close(end, how);
}

/* ---- deadlines of the origin ---- */

/* Does the origin owe us something, or is it the client that keeps us
 * waiting? (Its own deadlines are kept by its session.) */
static bool origin_owes(const struct exchange *x)
{
	if (x->state == EXCHANGE_LEASE) /* connecting has its own deadline */
		return false;
	if (x->state == EXCHANGE_TUNNEL) /* both do */
		return true;
	if (x->state == EXCHANGE_RELAY)
		return x->down.state != RELAY_BLOCKED;
	return x->up.state == RELAY_ENDED || x->up.state == RELAY_BLOCKED ||
	       (x->request->expect_continue && !x->client_end->bytes_in);
}

static void watch(struct exchange *x, int64_t after_ms)
{
	if (!deadline_set(x->deadline, after_ms > 1 ? after_ms : 1))
		exchange_finish(x, FAILURE_MEMORY, STREAM_ABORT);
}

static void on_deadline(void *arg)
{
	struct exchange *x = arg;
	int64_t waited = loop_now_ms(x->env->loop) - x->moved_ms;

	assert(x->magic == EXCHANGE_MAGIC);
	if (!origin_owes(x))
		watch(x, exchange_patience_ms(x));
	else if (waited < exchange_patience_ms(x))
		watch(x, exchange_patience_ms(x) - waited);
	else if (x->state == EXCHANGE_TUNNEL)
		exchange_tunnel_end(x, FAILURE_TUNNEL_IDLE);
	else if (x->state == EXCHANGE_RELAY)
		exchange_finish(x, FAILURE_ORIGIN_STALLED, STREAM_ABORT);
	else
		exchange_reply(x, FAILURE_ORIGIN_TIMEOUT, HTTP_RULE_NONE, 0);
}

/* ---- events of the origin's end ---- */

static void refuse_answer(struct exchange *x, enum http_rule rule)
{
	uint64_t held;

	if (log_bucket_take(
		    x->env->origin_bucket, loop_now_ms(x->env->loop), &held))
		LOG(LOG_LEVEL_WARN, "origin_answer_refused",
			LOG_SLICE("request", x->record.request_id),
			LOG_SLICE("origin", x->record.origin),
			LOG_STR("rule", http_rule_info(rule)->name),
			LOG_STR("reason", http_rule_info(rule)->sentence),
			LOG_U64("suppressed", held));
	exchange_reply(x, FAILURE_ORIGIN_ANSWER, rule, 0);
}

/* 1xx heads are passed on, but not without end (R17); a 101 only with what was
 * asked for (R10). */
static void on_interim(struct exchange *x, struct message *head)
{
	if (head->status == 101) {
		if (!exchange_tunnel(x, head))
			refuse_answer(x, HTTP_RULE_UPGRADE);
	} else if (++x->interims > EXCHANGE_INTERIM_MAX) {
		refuse_answer(x, HTTP_RULE_STATUS_CODE);
	} else {
		x->client_end->ops->send_head(x->client_end, head);
	}
}

static void on_head(void *owner, struct message *head)
{
	struct exchange *x = owner;
	int64_t wall_ms = loop_wall_ms(x->env->loop);

	assert(x->magic == EXCHANGE_MAGIC && x->state == EXCHANGE_ANSWER);
	moved(x);
	if (head->status < 200) {
		on_interim(x, head);
		return;
	}
	/* a 426 says what the client should ask for, which passes or not */
	if (head->status != 426)
		head->upgrade = (struct slice){NULL, 0};
	if (!rewrite_response(head, x->arena, x->env->headers,
		    http_date_text(x->env->date, wall_ms),
		    x->record.request_id)) {
		exchange_reply(x, FAILURE_MEMORY, HTTP_RULE_NONE, 0);
		return;
	}
	x->record.status = head->status;
	x->record.origin_us = exchange_clock_us() - x->asked_us;
	exchange_enter(x, EXCHANGE_RELAY);
	x->client_end->ops->send_head(x->client_end, head);
	watch(x, exchange_patience_ms(x));
}

static void on_body(void *owner, struct slice bytes)
{
	struct exchange *x = owner;

	assert(x->magic == EXCHANGE_MAGIC && x->state >= EXCHANGE_RELAY);
	moved(x);
	relay_body(&x->down, bytes);
}

/* The answer is complete; what the client still uploads is of no use. */
static void on_end(void *owner, struct header_block *trailers)
{
	struct exchange *x = owner;

	assert(x->magic == EXCHANGE_MAGIC && x->state >= EXCHANGE_RELAY);
	if (x->state == EXCHANGE_TUNNEL) {
		moved(x);
		relay_end(&x->down, NULL);
		exchange_tunnel_half(x);
		return;
	}
	header_plan_response_trailers(x->env->headers, trailers);
	relay_end(&x->down, trailers);
	exchange_finish(x, FAILURE_NONE, STREAM_DONE);
}

static void on_room(void *owner)
{
	struct exchange *x = owner;

	assert(x->magic == EXCHANGE_MAGIC);
	moved(x);
	relay_room(&x->up);
}

/* Only what cannot have been acted upon twice: nothing of the body is spent,
 * and the request never left, was refused unprocessed, or may be repeated (RFC
 * 9110 section 9.2.2). */
static bool may_retry(
	const struct exchange *x, const struct stream_failure *told)
{
	bool spent = x->client_end->bytes_in > 0 ||
		     (x->up.state == RELAY_ENDED &&
			     x->request->body == BODY_UNKNOWN);

	if (spent || x->interims)
		return false;
	if (told->untouched || told->why == STREAM_REFUSED)
		return true;
	return told->why == STREAM_GONE &&
	       method_idempotent(x->request->method);
}

/* A server that took the request on a new connection and went away may have
 * died of it: the same one is not asked again. */
static bool retry(struct exchange *x, const struct stream_failure *told)
{
	bool elsewhere =
		told->why == STREAM_GONE && !told->untouched && !told->reused;

	if (!may_retry(x, told) ||
		!origin_retry(x->origin, &x->lease, elsewhere))
		return false;
	x->record.retries = x->lease.retries;
	relay_part(&x->up);
	x->origin_end->ops->close(x->origin_end, STREAM_ABORT);
	x->origin_end = NULL;
	exchange_enter(x, EXCHANGE_LEASE);
	return true;
}

static void on_fail(void *owner, const struct stream_failure *told)
{
	struct exchange *x = owner;
	bool head_seen = x->state >= EXCHANGE_RELAY;
	enum failure failure = failure_of_origin(told, head_seen);

	assert(x->magic == EXCHANGE_MAGIC);
	if (head_seen) {
		x->record.rule = told->rule;
		exchange_finish(x, failure, STREAM_ABORT);
		return;
	}
	if (retry(x, told))
		return;
	if (failure == FAILURE_ORIGIN_ANSWER)
		refuse_answer(x, told->rule);
	else
		exchange_reply(x, failure, told->rule, 0);
}

static const struct stream_events origin_events = {
	.on_head = on_head,
	.on_body = on_body,
	.on_end = on_end,
	.on_room = on_room,
	.on_fail = on_fail,
};

/* ---- the lease ---- */

/* Copied: an address may go while the exchange waits for another turn. */
static void note_lease(struct exchange *x)
{
	if (!arena_dup(x->arena, x->lease.address, &x->record.origin))
		x->record.origin = slice_of(NULL, 0);
	x->record.queued_us = (uint64_t)x->lease.waited_ms * 1000;
}

/* Trust may have changed while it waited (R13). */
static void on_ready(void *owner, struct stream *stream)
{
	struct exchange *x = owner;
	const struct proxy_observer *observer = x->env->observer;

	assert(x->magic == EXCHANGE_MAGIC && x->state == EXCHANGE_LEASE);
	stream_bind(stream, &origin_events, x, x->arena);
	x->origin_end = stream;
	note_lease(x);
	if (x->client.distrusted && *x->client.distrusted) {
		exchange_reply(x, FAILURE_TRUST_CHANGED, HTTP_RULE_NONE, 0);
		return;
	}
	exchange_enter(x, EXCHANGE_ANSWER);
	relay_init(&x->down, stream);
	relay_join(&x->down, x->client_end);
	moved(x);
	if (observer && observer->forwarded)
		observer->forwarded(observer->arg, x->request_id, x->request);
	stream->ops->send_head(stream, x->request);
	relay_join(&x->up, stream);
	watch(x, exchange_patience_ms(x));
}

static void on_no_origin(void *owner, enum failure why)
{
	struct exchange *x = owner;

	assert(x->magic == EXCHANGE_MAGIC && x->state == EXCHANGE_LEASE);
	note_lease(x);
	exchange_reply(x, why, HTTP_RULE_NONE, 0);
}

static const struct lease_events lease_events = {
	.ready = on_ready,
	.failed = on_no_origin,
};

/* An origin that wants a PROXY header gets one on a connection of this client
 * alone. */
static enum failure announce(struct exchange *x)
{
	enum config_announce how =
		x->env->config->origins[x->route->origin].proxy_protocol;
	struct slice header = {NULL, 0};

	if (how == ANNOUNCE_NONE)
		return FAILURE_NONE;
	if (!x->client.announce)
		return FAILURE_CERT_HEADERS;
	if (!x->client.announce(x->client.owner, how == ANNOUNCE_V2_CERTIFICATE,
		    x->arena, &header))
		return FAILURE_MEMORY;
	if (!header.len)
		return FAILURE_CERT_HEADERS;
	x->lease.hello.bytes = header;
	x->lease.hello.owner = x->client.connection_id;
	return FAILURE_NONE;
}

void exchange_lease(struct exchange *x)
{
	enum failure failure = announce(x);

	if (failure != FAILURE_NONE) {
		exchange_reply(x, failure, HTTP_RULE_NONE, 0);
		return;
	}
	if (!x->deadline)
		x->deadline = deadline_take(x->env->deadlines, on_deadline, x);
	if (!x->deadline) {
		exchange_reply(x, FAILURE_MEMORY, HTTP_RULE_NONE, 0);
		return;
	}
	if (!x->asked_us)
		x->asked_us = exchange_clock_us();
	exchange_enter(x, EXCHANGE_LEASE);
	x->lease.events = &lease_events;
	x->lease.owner = x;
	x->lease.client = x->client.ip;
	origin_request(x->origin, &x->lease, false);
}
