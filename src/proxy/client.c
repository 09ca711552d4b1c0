#include "proxy/client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "client_priv.h"
#include "config/config.h"
#include "http/h1_server.h"
#include "net/conn.h"
#include "policy/cert_headers.h"
#include "proxy/access_log.h"
#include "proxy/exchange.h"
#include "proxy/metrics.h"
#include "tls/cert_format.h"
#include "tls/tls_context.h"

/* Keep-alive ends a little later than its time says. */
enum { EXPIRY_MARGIN_MS = 2000 };

size_t client_size(void)
{
	return sizeof(struct client);
}

static const struct config *config_of(const struct client *client)
{
	return client->env->exchange->config;
}

static void count(const struct client_env *env, enum metric metric)
{
	metrics_add(&env->exchange->metrics->value[metric], 1);
}

static void uncount(const struct client_env *env, enum metric metric)
{
	metrics_sub(&env->exchange->metrics->value[metric], 1);
}

/* ---- the peer's address, small ---- */

static void peer_set(struct client *client, const struct addr *addr)
{
	char text[ADDR_TEXT];
	size_t len;

	if (addr_is_unix(addr) || addr->len > sizeof(client->peer.sa)) {
		client->peer.len = sizeof(sa_family_t);
		client->peer.sa.any.sa_family = AF_UNIX;
		return;
	}
	client->peer.len = addr->len;
	memcpy(&client->peer.sa, &addr->sa, addr->len);
	client->port = addr_port(addr);
	addr_print_ip(addr, text);
	len = strlen(text);
	assert(len <= sizeof(client->ip));
	memcpy(client->ip, text, len);
	client->ip_len = (uint8_t)len;
}

static void peer_get(const struct client *client, struct addr *addr)
{
	*addr = (struct addr){.len = client->peer.len};
	memcpy(&addr->sa, &client->peer.sa, client->peer.len);
}

/* ---- the end of a client ---- */

static void client_free(void *object)
{
	struct client *client = object;

	loop_timer_fini(&client->timer);
	cert_headers_free(client->headers);
	free(client->facts);
	free(client);
}

/* For the deferred free: its SSL still looks at client->auth this turn. */
static void bury_later(struct client *client)
{
	client->magic = 0;
	loop_free_later(client->env->exchange->loop, &client->corpse,
		client_free, client);
}

/* Counts the handshake as over, however it ended. */
static void handshake_over(struct client *client)
{
	admission_handshake_done(client->env->admission, client->env->slot);
	uncount(client->env, METRIC_GAUGE_HANDSHAKES_PENDING);
	loop_timer_clear(&client->timer);
}

static void list_remove(struct client *client)
{
	struct client_env *env = client->env;

	if (client->prev)
		client->prev->next = client->next;
	else
		env->clients = client->next;
	if (client->next)
		client->next->prev = client->prev;
	env->count--;
}

/* The one end: politely (DONE) or hard. */
static void client_end(struct client *client, enum stream_close how)
{
	struct client_env *env = client->env;
	struct addr peer;

	assert(client->magic == CLIENT_MAGIC && client->state != CLIENT_GONE);
	if (client->state == CLIENT_HANDSHAKE)
		handshake_over(client);
	client->state = CLIENT_GONE;
	loop_timer_clear(&client->timer);
	/* running exchanges end here, while everything they were lent lives */
	if (client->session)
		client->session->ops->destroy(client->session);
	client->session = NULL;
	if (how == STREAM_DONE)
		conn_finish(&client->conn);
	else
		conn_abort(&client->conn);
	list_remove(client);
	peer_get(client, &peer);
	admission_leave(env->admission, env->slot, &peer);
	uncount(env, METRIC_GAUGE_CONNECTIONS);
	bury_later(client);
	if (env->gone)
		env->gone(env->arg);
}

/* ---- R13 ---- */

static int64_t milliseconds_left(const struct client *client)
{
	int64_t now_ms = loop_wall_ms(client->env->exchange->loop);

	if (client->auth.expires > INT64_MAX / 1000)
		return INT64_MAX;
	return client->auth.expires * 1000 - now_ms;
}

static void expire(struct client *client)
{
	if (client->expired)
		return;
	client->expired = true;
	count(client->env, METRIC_CERTIFICATE_EXPIRED_CLOSES);
	client->session->ops->drain(client->session, 0);
}

/*
 * Asked whenever the session turns idle or busy. A timer is needed only where
 * notAfter comes before the idle connection would be closed anyhow; so most
 * connections have none.
 */
static void watch_expiry(struct client *client)
{
	int64_t left = milliseconds_left(client);
	const struct http_limits *limits = &client->env->limits;

	if (left <= 0) {
		expire(client);
		return;
	}
	if (limits->keepalive_ms && limits->first_ms &&
		left > limits->keepalive_ms + EXPIRY_MARGIN_MS &&
		left > limits->first_ms + EXPIRY_MARGIN_MS)
		return;
	if (left > INT32_MAX)
		left = INT32_MAX;
	/* without memory for a timer: rather too early than too late */
	if (!client->timer.deadline_ms && !loop_timer_set(&client->timer, left))
		expire(client);
}

static void on_timer(void *arg)
{
	struct client *client = arg;

	assert(client->magic == CLIENT_MAGIC);
	if (client->state == CLIENT_OPEN) {
		watch_expiry(client);
		return;
	}
	count(client->env, METRIC_HANDSHAKES_TIMED_OUT);
	client_log_handshake(client, "the handshake took too long");
	client_end(client, STREAM_ABORT);
}

/* ---- the session ---- */

static void on_exchange_over(void *owner)
{
	struct client *client = owner;

	assert(client->magic == CLIENT_MAGIC);
	if (client->state == CLIENT_OPEN)
		watch_expiry(client);
}

static void on_stream(void *owner, struct stream *stream)
{
	struct client *client = owner;
	const struct exchange_env *env = client->env->exchange;
	struct exchange_client facts = {.auth = &client->auth,
		.connection_id = slice_str(client->id),
		.ip = slice_of(client->ip, client->ip_len),
		.port = client->port,
		.listener = config_of(client)->listeners[client->listener].name,
		.over = on_exchange_over,
		.owner = client};
	struct conn_tls_info tls;

	assert(client->magic == CLIENT_MAGIC);
	watch_expiry(client);
	/* what begins behind notAfter is refused: nobody is known any more */
	if (client->expired && milliseconds_left(client) <= 0)
		facts.auth = NULL;
	if (client->headers)
		facts.cert_headers = cert_headers_block(client->headers);
	if (client->facts) {
		facts.subject = client->facts->subject;
		facts.serial = client->facts->serial;
		conn_tls_info(client->conn, &tls);
		facts.tls_version = tls.version;
		facts.tls_cipher = tls.cipher;
	}
	if (!exchange_new(env, &facts, stream))
		return; /* unbound: the session answers 503 */
}

static void on_finished(void *owner, enum stream_close how, enum http_rule rule)
{
	(void)rule;
	client_end(owner, how);
}

static const struct session_events session_events = {
	.on_stream = on_stream,
	.on_finished = on_finished,
};

/* ---- the handshake ---- */

/* What the access line needs, in one block. */
static struct client_facts *facts_new(
	const struct cert_info *leaf, struct arena *scratch)
{
	struct slice subject = {NULL, 0};
	struct slice serial = {NULL, 0};
	struct client_facts *facts;

	if (leaf && (!cert_format_rfc2253(&leaf->subject, scratch, &subject) ||
			    !cert_format_serial(leaf, scratch, &serial)))
		return NULL;
	facts = malloc(sizeof(*facts) + subject.len + serial.len);
	if (!facts)
		return NULL;
	if (subject.len)
		memcpy(facts->text, subject.ptr, subject.len);
	if (serial.len)
		memcpy(facts->text + subject.len, serial.ptr, serial.len);
	facts->subject = slice_of(facts->text, subject.len);
	facts->serial = slice_of(facts->text + subject.len, serial.len);
	return facts;
}

static bool wants_facts(const struct client *client)
{
	const struct exchange_env *env = client->env->exchange;

	return env->observer || access_log_wanted(env->access);
}

/* Headers and facts, once per connection; the leaf is not kept. false: out of
 * memory. */
static bool learn(struct client *client)
{
	struct arena *scratch = arena_new(client->env->exchange->arenas);
	const struct cert_info *leaf;
	const char *header = NULL;
	bool ok = false;

	if (!scratch)
		return false;
	leaf = client_auth_leaf(&client->auth, conn_ssl(client->conn), scratch);
	client->headers = cert_headers_new(&config_of(client)->headers,
		&client->auth, leaf, scratch, &header);
	if (!client->headers && !header)
		goto out;
	if (!client->headers)
		client_log_headers(client, header);
	if (wants_facts(client)) {
		client->facts = facts_new(leaf, scratch);
		if (!client->facts)
			goto out;
	}
	ok = true;
out:
	arena_free(scratch);
	return ok;
}

static void refuse_certificate(struct client *client)
{
	struct client_env *env = client->env;

	count(env, METRIC_HANDSHAKES_FAILED);
	metrics_refused_certificate(env->exchange->metrics, client->auth.code);
	client_log_refusal(client);
	client_end(client, STREAM_DONE);
}

static bool begin_session(struct client *client)
{
	struct client_env *env = client->env;

	client->session = h1_server_new(env->exchange->loop, client->conn,
		&env->limits, &session_events, client);
	return client->session;
}

static void on_open(void *owner)
{
	struct client *client = owner;
	struct client_env *env = client->env;

	assert(client->magic == CLIENT_MAGIC &&
		client->state == CLIENT_HANDSHAKE);
	client_auth_finish(&client->auth, conn_ssl(client->conn));
	/* the handshake refused it already; asked again to fail closed */
	if (client->auth.refused || !client_auth_allowed(&client->auth)) {
		refuse_certificate(client);
		return;
	}
	if (!learn(client) || !begin_session(client)) {
		client_log_handshake(client, "out of memory");
		client_end(client, STREAM_ABORT);
		return;
	}
	handshake_over(client);
	loop_timer_fini(&client->timer);
	client->state = CLIENT_OPEN;
	count(env, METRIC_HANDSHAKES_OK);
	watch_expiry(client);
	if (env->draining && !client->expired)
		client->session->ops->drain(
			client->session, env->drain_idle_ms);
}

static void on_fail(void *owner, enum conn_fail why)
{
	struct client *client = owner;

	(void)why;
	assert(client->magic == CLIENT_MAGIC &&
		client->state == CLIENT_HANDSHAKE);
	client_auth_finish(&client->auth, conn_ssl(client->conn));
	if (client->auth.refused) {
		refuse_certificate(client);
		return;
	}
	count(client->env, METRIC_HANDSHAKES_FAILED);
	client_log_handshake(client, conn_error(client->conn));
	/* politely: an alert of ours may be on its way */
	client_end(client, STREAM_DONE);
}

/* Before on_open there is nothing to read, and from then on the session
 * does. */
static size_t on_data(void *owner, struct slice bytes)
{
	(void)owner;
	(void)bytes;
	return 0;
}

static void on_eof(void *owner)
{
	(void)owner;
}

static void on_room(void *owner)
{
	(void)owner;
}

static const struct conn_events conn_events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_eof = on_eof,
	.on_room = on_room,
	.on_fail = on_fail,
};

/* ---- birth ---- */

static void list_add(struct client *client)
{
	struct client_env *env = client->env;

	client->next = env->clients;
	if (env->clients)
		env->clients->prev = client;
	env->clients = client;
	env->count++;
	count(env, METRIC_GAUGE_CONNECTIONS);
	count(env, METRIC_GAUGE_HANDSHAKES_PENDING);
}

/* Takes fd. */
static bool connect_client(struct client *client, int fd)
{
	const struct exchange_env *env = client->env->exchange;
	struct ssl_st *ssl = tls_context_accept(
		client->env->contexts[client->listener], &client->auth);

	if (!ssl) {
		close(fd);
		return false;
	}
	client->conn =
		conn_accept(client->env->io, fd, &ssl, &conn_events, client);
	if (!client->conn)
		return false;
	loop_timer_init(env->loop, &client->timer, on_timer, client);
	if (loop_timer_set(&client->timer, env->config->timeouts.handshake_ms))
		return true;
	conn_abort(&client->conn);
	return false;
}

static bool client_new(struct client_env *env, size_t listener, int fd,
	const struct addr *peer)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client) {
		close(fd);
		return false;
	}
	client->magic = CLIENT_MAGIC;
	client->state = CLIENT_HANDSHAKE;
	client->env = env;
	client->listener = (uint32_t)listener;
	peer_set(client, peer);
	if (!connect_client(client, fd)) {
		bury_later(client);
		return false;
	}
	ids_connection(env->exchange->ids, client->id);
	list_add(client);
	return true;
}

void client_accept(struct client_env *env, size_t listener, int fd,
	const struct addr *peer)
{
	enum admission_verdict verdict = admission_enter(env->admission,
		env->slot, &env->exchange->config->limits, peer);

	assert(listener < env->exchange->config->listener_count);
	count(env, METRIC_CONNECTIONS_ACCEPTED);
	if (verdict != ADMISSION_OK) {
		close(fd);
	} else if (client_new(env, listener, fd, peer)) {
		return;
	} else {
		admission_handshake_done(env->admission, env->slot);
		admission_leave(env->admission, env->slot, peer);
	}
	count(env, METRIC_CONNECTIONS_REFUSED);
	client_log_overload(env, peer, verdict);
}

/* ---- all of them ---- */

void client_drain_all(struct client_env *env, int64_t idle_ms)
{
	struct client *client = env->clients;

	env->draining = true;
	env->drain_idle_ms = idle_ms;
	while (client) {
		struct client *next = client->next;

		if (client->state == CLIENT_OPEN)
			client->session->ops->drain(client->session, idle_ms);
		else if (!idle_ms)
			client_end(client, STREAM_ABORT);
		client = next;
	}
}

void client_close_all(struct client_env *env)
{
	while (env->clients)
		client_end(env->clients, STREAM_ABORT);
}
