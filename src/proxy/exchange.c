#include "proxy/exchange.h"

#include <assert.h>
#include <time.h>

#include "base/arena.h"
#include "config/config.h"
#include "http/message.h"
#include "policy/forwarded.h"
#include "policy/route.h"
#include "proxy/deadline.h"
#include "exchange_priv.h"
#include "proxy/metrics.h"
#include "proxy/observer.h"

uint64_t exchange_clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void exchange_enter(struct exchange *x, enum exchange_state state)
{
	assert(x->magic == EXCHANGE_MAGIC && x->state != EXCHANGE_DONE);
	x->state = state;
}

static void count(const struct exchange *x, enum metric metric, uint64_t n)
{
	metrics_add(&x->env->metrics->value[metric], n);
}

/* ---- deciding ---- */

static void note_head(struct exchange *x, const struct message *head)
{
	x->record.method = head->method_text;
	x->record.target = head->path;
	x->record.authority = head->authority;
	x->record.version = head->version;
	count(x, METRIC_REQUESTS, 1);
}

/* Through a trusted proxy comes whom its fields name; in the log the proxy
 * stands beside him. */
static bool find_client(struct exchange *x, const struct message *head)
{
	if (!x->client.trusted)
		return true;
	if (!forwarded_client(&x->env->config->headers, &head->fields, x->arena,
		    &x->client.ip))
		return false;
	if (x->client.ip.ptr == x->hop.ptr)
		return true;
	x->record.client_ip = x->client.ip;
	x->record.client_port = 0;
	if (!x->record.peer.len)
		x->record.peer = x->hop;
	return true;
}

static enum http_rule rewrite(struct exchange *x, struct message *head)
{
	const struct config_origin *origin =
		&x->env->config->origins[x->route->origin];
	const struct rewrite_facts facts = {.plan = x->env->headers,
		.alias_headers = exchange_alias(x),
		.client_ip = x->hop,
		.trusted = x->client.trusted,
		.request_id = x->record.request_id,
		.origin_authority = slice_str(origin->authority),
		.cert_headers = x->client.cert_headers};

	if (!exchange_may_upgrade(x, head))
		head->upgrade = (struct slice){NULL, 0};
	return rewrite_request(head, x->arena, &facts, &x->record.stripped);
}

/* The headers that differ from request to request, behind all others (R3). */
static enum failure add_headers(struct exchange *x, struct message *head,
	struct header_request *request, enum http_rule *rule)
{
	if (!x->client.add_headers)
		return FAILURE_NONE;
	request->id = x->record.request_id;
	switch (x->client.add_headers(
		x->client.owner, request, x->arena, &head->fields)) {
	case CERT_HEADERS_OK:
		return FAILURE_NONE;
	case CERT_HEADERS_TOO_LARGE:
		*rule = HTTP_RULE_HEADER_TOO_LARGE;
		return FAILURE_TOO_LARGE;
	case CERT_HEADERS_BYTE: /* R6 */
		return FAILURE_CERT_HEADERS;
	case CERT_HEADERS_NO_MEMORY:
		break;
	}
	return FAILURE_MEMORY;
}

static enum failure failure_of_rule(enum http_rule rule)
{
	switch (rule) {
	case HTTP_RULE_NO_MEMORY:
		return FAILURE_MEMORY;
	case HTTP_RULE_ALIAS_NAME:
		return FAILURE_ALIAS_NAME;
	default:
		return FAILURE_BAD_REQUEST;
	}
}

static bool has_body(const struct message *head)
{
	return head->body == BODY_UNKNOWN ||
	       (head->body == BODY_LENGTH && head->body_len > 0);
}

static void observe_received(const struct exchange *x)
{
	const struct proxy_observer *observer = x->env->observer;

	if (observer && observer->received)
		observer->received(observer->arg, x->request_id, x->request);
}

static void forward(struct exchange *x, struct message *head)
{
	struct header_request asked = {.method = head->method_text,
		.host = head->authority,
		.path = head->path};
	enum http_rule rule = rewrite(x, head);
	enum failure failure = rule == HTTP_RULE_NONE
				       ? add_headers(x, head, &asked, &rule)
				       : failure_of_rule(rule);

	if (failure != FAILURE_NONE) {
		exchange_reply(x, failure, rule, 0);
		return;
	}
	x->origin = x->env->origins[x->route->origin];
	if (has_body(head))
		relay_hold(&x->up);
	exchange_lease(x);
}

/* Of these the connection ends anyway (R13). */
static bool is_last(enum failure failure)
{
	return failure == FAILURE_TRUST_CHANGED ||
	       failure == FAILURE_CERT_REFUSED || failure == FAILURE_MEMORY;
}

/* Else too fast goes first: a flood of what is refused is a flood, too. */
static enum failure judge(
	struct exchange *x, struct message *head, enum http_rule *rule)
{
	enum failure failure;

	if (!find_client(x, head))
		return FAILURE_MEMORY;
	failure = exchange_route(x, head, rule);
	if (is_last(failure) || exchange_rate(x))
		return failure;
	*rule = HTTP_RULE_NONE;
	return FAILURE_RATE_LIMITED;
}

static void on_head(void *owner, struct message *head)
{
	struct exchange *x = owner;
	enum http_rule rule = HTTP_RULE_NONE;
	enum failure failure;

	assert(x->magic == EXCHANGE_MAGIC && x->state == EXCHANGE_HEAD);
	x->request = head;
	note_head(x, head);
	observe_received(x);
	failure = judge(x, head, &rule);
	if (failure == FAILURE_NONE && !x->client.cert_headers)
		failure = FAILURE_CERT_HEADERS;
	if (failure != FAILURE_NONE)
		exchange_reply(x, failure, rule, 0);
	else if (exchange_too_large(x))
		exchange_reply(
			x, FAILURE_TOO_LARGE, HTTP_RULE_BODY_TOO_LARGE, 0);
	else if (exchange_responds(x))
		exchange_respond(x);
	else
		forward(x, head);
}

/* ---- the client's end ---- */

/* Over the limit of its route; the session's own is the largest of all. */
static void refuse_body(struct exchange *x)
{
	if (x->state != EXCHANGE_RELAY) {
		exchange_reply(
			x, FAILURE_TOO_LARGE, HTTP_RULE_BODY_TOO_LARGE, 0);
		return;
	}
	x->record.rule = HTTP_RULE_BODY_TOO_LARGE;
	exchange_finish(x, FAILURE_TOO_LARGE, STREAM_ABORT);
}

static void on_body(void *owner, struct slice bytes)
{
	struct exchange *x = owner;

	assert(x->magic == EXCHANGE_MAGIC);
	x->moved_ms = loop_now_ms(x->env->loop);
	if (x->state != EXCHANGE_TUNNEL && exchange_too_large(x))
		refuse_body(x);
	else
		relay_body(&x->up, bytes);
}

static void on_end(void *owner, struct header_block *trailers)
{
	struct exchange *x = owner;

	assert(x->magic == EXCHANGE_MAGIC);
	x->moved_ms = loop_now_ms(x->env->loop);
	rewrite_trailers(trailers, x->env->headers, exchange_alias(x),
		&x->record.stripped);
	relay_end(&x->up, trailers);
	if (x->state == EXCHANGE_TUNNEL)
		exchange_tunnel_half(x);
}

static void on_room(void *owner)
{
	struct exchange *x = owner;

	assert(x->magic == EXCHANGE_MAGIC);
	x->moved_ms = loop_now_ms(x->env->loop);
	relay_room(&x->down);
}

static void on_fail(void *owner, const struct stream_failure *told)
{
	struct exchange *x = owner;
	enum failure failure = failure_of_client(told);

	assert(x->magic == EXCHANGE_MAGIC);
	if (x->env->stopping && failure == FAILURE_CLIENT_GONE)
		failure = FAILURE_SHUTDOWN;
	if (x->state == EXCHANGE_TUNNEL && told->why == STREAM_TIMED_OUT) {
		exchange_tunnel_end(x, FAILURE_TUNNEL_GRACE);
		return;
	}
	if (stream_answerable(told) && x->state < EXCHANGE_RELAY) {
		exchange_reply(x, failure, told->rule, told->status);
		return;
	}
	x->record.rule = told->rule;
	exchange_finish(x, failure, STREAM_ABORT);
}

static const struct stream_events client_events = {
	.on_head = on_head,
	.on_body = on_body,
	.on_end = on_end,
	.on_room = on_room,
	.on_fail = on_fail,
};

/* ---- birth ---- */

static void record_init(struct exchange *x)
{
	struct access_record *r = &x->record;

	r->wall_ms = loop_wall_ms(x->env->loop);
	r->connection_id = x->client.connection_id;
	r->request_id = slice_of(x->request_id, IDS_REQUEST - 1);
	r->client_ip = x->client.ip;
	r->client_port = x->client.port;
	r->peer = x->client.peer;
	r->listener = x->client.listener;
	r->tls_version = x->client.tls_version;
	r->tls_cipher = x->client.tls_cipher;
	r->auth = x->client.auth;
	r->subject = x->client.subject;
	r->serial = x->client.serial;
}

bool exchange_new(const struct exchange_env *env,
	const struct exchange_client *client, struct stream *stream)
{
	struct arena *arena = arena_new(env->arenas);
	struct exchange *x;

	if (!arena)
		return false;
	x = arena_zalloc(arena, sizeof(*x));
	if (!x) {
		arena_free(arena);
		return false;
	}
	x->magic = EXCHANGE_MAGIC;
	x->state = EXCHANGE_HEAD;
	x->env = env;
	x->client = *client;
	x->hop = client->ip;
	x->arena = arena;
	x->client_end = stream;
	x->started_us = exchange_clock_us();
	ids_request(env->ids, loop_wall_ms(env->loop), x->request_id);
	record_init(x);
	relay_init(&x->up, stream);
	stream_bind(stream, &client_events, x, arena);
	count(x, METRIC_GAUGE_EXCHANGES, 1);
	return true;
}

/* ---- the end ---- */

static void count_outcome(const struct exchange *x)
{
	struct metrics *metrics = x->env->metrics;
	const struct access_record *r = &x->record;
	unsigned class = r->status / 100;

	metrics_sub(&metrics->value[METRIC_GAUGE_EXCHANGES], 1);
	if (r->upgrade.len)
		metrics_sub(&metrics->value[METRIC_GAUGE_TUNNELS], 1);
	count(x, METRIC_REQUEST_BODY_BYTES, r->bytes_in);
	count(x, METRIC_RESPONSE_BODY_BYTES, r->bytes_out);
	count(x, METRIC_HEADERS_STRIPPED,
		r->stripped.total - r->stripped.alias);
	count(x, METRIC_HEADERS_ALIAS_DROPPED, r->stripped.alias);
	if (class < METRICS_STATUSES)
		metrics_add(&metrics->status[class], 1);
	if (r->failure != FAILURE_NONE)
		metrics_add(&metrics->failure[r->failure], 1);
	if (r->rule != HTTP_RULE_NONE)
		metrics_add(&metrics->rule[r->rule], 1);
}

static void tell(struct exchange *x)
{
	const struct proxy_observer *observer = x->env->observer;
	struct access_record *r = &x->record;

	if (!access_log_wanted(x->env->access) && !observer)
		return;
	r->duration_us = exchange_clock_us() - x->started_us;
	access_log_write(x->env->access, r);
	if (observer && observer->finished)
		observer->finished(observer->arg, r);
}

static void bury(void *object)
{
	arena_free(object);
}

void exchange_finish(
	struct exchange *x, enum failure failure, enum stream_close how)
{
	struct access_record *r = &x->record;

	exchange_drop_origin(x, how);
	exchange_enter(x, EXCHANGE_DONE);
	deadline_give(&x->deadline);
	r->failure = failure;
	r->bytes_in = x->client_end->bytes_in;
	r->bytes_out = x->client_end->bytes_out;
	count_outcome(x);
	x->client_end->ops->close(x->client_end, how);
	tell(x);
	x->client.over(x->client.owner);
	x->magic = 0;
	loop_free_later(x->env->loop, &x->corpse, bury, x->arena);
}
