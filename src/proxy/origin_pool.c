#include "proxy/origin_pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "config/config.h"
#include "http/h1_client.h"
#include "net/conn.h"
#include "proxy/metrics.h"
#include "tls/origin_context.h"

enum oc_state {
	OC_CONNECTING, /* an owner waits for it */
	OC_LENT,       /* an exchange has its stream */
	OC_IDLE,       /* in the pool's idle list */
	OC_DEAD,       /* only memory is left */
};

enum { OC_MAGIC = 0x4f434f4e };

struct oc_list {
	struct origin_conn *first;
	struct origin_conn *last;
};

struct origin_conn {
	uint32_t magic;
	enum oc_state state;
	struct origin_pool *pool;
	struct conn *conn;
	struct h1_client *client; /* NULL while connecting */
	struct origin_conn *next; /* in `idle` or `busy` */
	struct origin_conn *prev;
	int64_t idle_since_ms;
	struct loop_timer connecting;
	const struct origin_pool_events *events; /* while connecting */
	void *owner;
	bool lead;                          /* it began with a hello */
	char hello[ORIGIN_HELLO_OWNER + 1]; /* whose it is then */
	struct loop_corpse corpse;
};

struct origin_pool {
	const struct origin_pool_setup *setup;
	const struct addr *addr;
	struct origin_peer *peer; /* NULL: plain */
	struct oc_list idle;      /* used last stands first */
	struct oc_list busy;      /* connecting and lent */
	unsigned idle_count;
	unsigned busy_count;
	bool draining;
	struct loop_timer expiry; /* of the idle one that waits longest */
};

/* ---- lists ---- */

static void list_push(struct oc_list *list, struct origin_conn *oc)
{
	oc->prev = NULL;
	oc->next = list->first;
	if (list->first)
		list->first->prev = oc;
	else
		list->last = oc;
	list->first = oc;
}

static void list_remove(struct oc_list *list, struct origin_conn *oc)
{
	if (oc->prev)
		oc->prev->next = oc->next;
	else
		list->first = oc->next;
	if (oc->next)
		oc->next->prev = oc->prev;
	else
		list->last = oc->prev;
}

static void count(const struct origin_pool *pool, enum metric metric)
{
	metrics_add(&pool->setup->metrics->value[metric], 1);
}

static void leave_busy(struct origin_conn *oc)
{
	const struct origin_pool_setup *setup = oc->pool->setup;

	list_remove(&oc->pool->busy, oc);
	oc->pool->busy_count--;
	if (setup->freed)
		setup->freed(setup->owner);
}

/* Takes the connection out of whatever list its state says. */
static void leave_list(struct origin_conn *oc)
{
	struct origin_pool *pool = oc->pool;

	if (oc->state != OC_IDLE) {
		leave_busy(oc);
		return;
	}
	list_remove(&pool->idle, oc);
	pool->idle_count--;
	metrics_sub(&pool->setup->metrics->value[METRIC_GAUGE_ORIGIN_IDLE], 1);
}

static void oc_free(void *object)
{
	struct origin_conn *oc = object;

	loop_timer_fini(&oc->connecting);
	free(oc);
}

static void oc_close(struct origin_conn *oc, enum stream_close how)
{
	assert(oc->magic == OC_MAGIC && oc->state != OC_DEAD);
	leave_list(oc);
	oc->state = OC_DEAD;
	oc->magic = 0;
	loop_timer_clear(&oc->connecting);
	h1_client_free(oc->client);
	if (how == STREAM_DONE)
		conn_finish(&oc->conn);
	else
		conn_abort(&oc->conn);
	loop_free_later(oc->pool->setup->loop, &oc->corpse, oc_free, oc);
}

/* ---- idle ---- */

/* The timer is moved only when it is off: whoever waits longest decides, and
 * later ones wait longer. */
static void watch_idle(struct origin_pool *pool)
{
	const struct origin_pool_setup *setup = pool->setup;
	int64_t due;

	if (pool->expiry.deadline_ms || !pool->idle.last)
		return;
	due = pool->idle.last->idle_since_ms +
	      setup->config->keepalive_idle_ms - loop_now_ms(setup->loop);
	if (!loop_timer_set(&pool->expiry, due > 1 ? due : 1))
		oc_close(pool->idle.last, STREAM_DONE);
}

static void on_expiry(void *arg)
{
	struct origin_pool *pool = arg;
	const struct origin_pool_setup *setup = pool->setup;
	int64_t before =
		loop_now_ms(setup->loop) - setup->config->keepalive_idle_ms;

	while (pool->idle.last && pool->idle.last->idle_since_ms <= before)
		oc_close(pool->idle.last, STREAM_DONE);
	watch_idle(pool);
}

static bool may_keep(const struct origin_conn *oc)
{
	const struct origin_pool *pool = oc->pool;
	const struct config_origin *config = pool->setup->config;

	return !pool->draining && (!oc->lead || oc->hello[0]) &&
	       pool->idle_count < config->keepalive_connections &&
	       h1_client_served(oc->client) < config->keepalive_requests;
}

/* Those that are a client's own are of no use when it is gone, which nobody
 * tells: the one that waits longest gives way. */
static void make_room(const struct origin_conn *oc)
{
	const struct origin_pool *pool = oc->pool;

	if (oc->lead && pool->idle.last &&
		pool->idle_count >= pool->setup->config->keepalive_connections)
		oc_close(pool->idle.last, STREAM_DONE);
}

static void on_idle(void *owner)
{
	struct origin_conn *oc = owner;
	struct origin_pool *pool = oc->pool;

	assert(oc->magic == OC_MAGIC && oc->state == OC_LENT);
	make_room(oc);
	if (!may_keep(oc)) {
		oc_close(oc, STREAM_DONE);
		return;
	}
	leave_busy(oc);
	oc->state = OC_IDLE;
	oc->idle_since_ms = loop_now_ms(pool->setup->loop);
	list_push(&pool->idle, oc);
	pool->idle_count++;
	count(pool, METRIC_GAUGE_ORIGIN_IDLE);
	watch_idle(pool);
}

/* A word of TLS about the end is worth a line: it may be that our certificate
 * was refused, which TLS 1.3 tells behind the handshake. */
static void on_over(void *owner, enum stream_close how)
{
	struct origin_conn *oc = owner;
	const struct origin_pool_setup *setup = oc->pool->setup;

	if (oc->state == OC_LENT && setup->broken && conn_tls_failed(oc->conn))
		setup->broken(
			setup->owner, oc->pool->addr, conn_error(oc->conn));
	oc_close(oc, how);
}

static const struct h1_client_events client_events = {
	.on_idle = on_idle,
	.on_over = on_over,
};

unsigned origin_pool_busy(const struct origin_pool *pool)
{
	return pool->busy_count;
}

static bool is_for(
	const struct origin_conn *oc, const struct origin_hello *hello)
{
	if (!oc->lead)
		return !hello->bytes.len;
	return hello->bytes.len && slice_eq(slice_str(oc->hello), hello->owner);
}

struct stream *origin_pool_reuse(
	struct origin_pool *pool, const struct origin_hello *hello)
{
	struct origin_conn *oc = pool->idle.first;

	while (oc && !is_for(oc, hello))
		oc = oc->next;
	if (!oc)
		return NULL;
	leave_list(oc);
	oc->state = OC_LENT;
	list_push(&pool->busy, oc);
	pool->busy_count++;
	count(pool, METRIC_ORIGIN_REUSES);
	return h1_client_lend(oc->client);
}

/* ---- opening ---- */

static void refuse(struct origin_conn *oc, enum failure why, const char *words)
{
	const struct origin_pool_events *events = oc->events;
	void *owner = oc->owner;

	count(oc->pool, METRIC_ORIGIN_CONNECT_FAILURES);
	if (why == FAILURE_ORIGIN_TLS)
		count(oc->pool, METRIC_ORIGIN_TLS_FAILURES);
	events->refused(owner, why, words);
	oc_close(oc, STREAM_ABORT);
}

/* false: what was agreed on is not HTTP/1.1. */
static bool is_http(const struct origin_conn *oc)
{
	struct conn_tls_info info;

	if (!oc->pool->peer)
		return true;
	conn_tls_info(oc->conn, &info);
	if (info.resumed)
		count(oc->pool, METRIC_ORIGIN_TLS_RESUMPTIONS);
	return origin_peer_speaks_http(conn_ssl(oc->conn));
}

static void on_open(void *owner)
{
	struct origin_conn *oc = owner;
	const struct origin_pool_setup *setup = oc->pool->setup;

	assert(oc->magic == OC_MAGIC && oc->state == OC_CONNECTING);
	if (!is_http(oc)) {
		refuse(oc, FAILURE_ORIGIN_TLS,
			"it chose another protocol than http/1.1 (ALPN)");
		return;
	}
	oc->client = h1_client_new(
		setup->loop, oc->conn, setup->limits, &client_events, oc);
	if (!oc->client) {
		refuse(oc, FAILURE_MEMORY, "out of memory");
		return;
	}
	count(oc->pool, METRIC_ORIGIN_CONNECTS);
	loop_timer_fini(&oc->connecting);
	oc->state = OC_LENT;
	oc->events->opened(oc->owner, h1_client_lend(oc->client));
}

/* Nobody asked anything yet: what comes before on_open does not come. */
static size_t on_data(void *owner, struct slice bytes)
{
	(void)owner;
	return bytes.len;
}

static void on_eof(void *owner)
{
	(void)owner;
}

static void on_room(void *owner)
{
	(void)owner;
}

static void on_fail(void *owner, enum conn_fail why)
{
	struct origin_conn *oc = owner;

	assert(oc->magic == OC_MAGIC && oc->state == OC_CONNECTING);
	if (why == CONN_FAIL_HANDSHAKE) {
		char words[ORIGIN_PEER_WORDS];

		origin_peer_explain(
			conn_ssl(oc->conn), conn_error(oc->conn), words);
		refuse(oc, FAILURE_ORIGIN_TLS, words);
		return;
	}
	refuse(oc,
		why == CONN_FAIL_MEMORY ? FAILURE_MEMORY
					: FAILURE_ORIGIN_CONNECT,
		conn_error(oc->conn));
}

static const struct conn_events conn_events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_eof = on_eof,
	.on_room = on_room,
	.on_fail = on_fail,
};

static void on_connect_deadline(void *arg)
{
	struct origin_conn *oc = arg;

	assert(oc->magic == OC_MAGIC && oc->state == OC_CONNECTING);
	refuse(oc, FAILURE_ORIGIN_CONNECT_TIMEOUT,
		oc->pool->peer ? "connect and TLS handshake timed out"
			       : "connect timed out");
}

/* false: out of memory. */
static bool lead(struct origin_conn *oc, const struct origin_hello *hello)
{
	if (!hello->bytes.len)
		return true;
	assert(hello->owner.len <= ORIGIN_HELLO_OWNER);
	oc->lead = true;
	if (hello->owner.len)
		memcpy(oc->hello, hello->owner.ptr, hello->owner.len);
	return conn_lead(oc->conn, hello->bytes);
}

struct origin_conn *origin_pool_connect(struct origin_pool *pool,
	const struct origin_hello *hello,
	const struct origin_pool_events *events, void *owner)
{
	const struct origin_pool_setup *setup = pool->setup;
	struct origin_conn *oc = calloc(1, sizeof(*oc));
	struct ssl_st *ssl = NULL;

	if (!oc)
		return NULL;
	oc->magic = OC_MAGIC;
	oc->pool = pool;
	oc->events = events;
	oc->owner = owner;
	loop_timer_init(setup->loop, &oc->connecting, on_connect_deadline, oc);
	if (!loop_timer_set(
		    &oc->connecting, setup->timeouts->origin_connect_ms))
		goto failed;
	if (pool->peer) {
		ssl = origin_peer_connect(pool->peer);
		if (!ssl)
			goto failed;
	}
	oc->conn = conn_connect(setup->io, pool->addr, &ssl, &conn_events, oc);
	if (!oc->conn)
		goto failed;
	if (!lead(oc, hello)) {
		conn_abort(&oc->conn);
		goto failed;
	}
	list_push(&pool->busy, oc);
	pool->busy_count++;
	return oc;
failed:
	oc_free(oc);
	return NULL;
}

void origin_pool_cancel(struct origin_conn *oc)
{
	assert(oc->state == OC_CONNECTING);
	oc_close(oc, STREAM_ABORT);
}

/* ---- the pool ---- */

struct origin_pool *origin_pool_new(const struct origin_pool_setup *setup,
	const struct addr *addr, struct origin_peer *peer)
{
	struct origin_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->setup = setup;
	pool->addr = addr;
	pool->peer = peer;
	loop_timer_init(setup->loop, &pool->expiry, on_expiry, pool);
	return pool;
}

void origin_pool_drain(struct origin_pool *pool)
{
	pool->draining = true;
	while (pool->idle.first)
		oc_close(pool->idle.first, STREAM_DONE);
}

void origin_pool_free(struct origin_pool *pool)
{
	if (!pool)
		return;
	while (pool->idle.first)
		oc_close(pool->idle.first, STREAM_ABORT);
	while (pool->busy.first)
		oc_close(pool->busy.first, STREAM_ABORT);
	loop_timer_fini(&pool->expiry);
	free(pool);
}
