/* client: its handshake, its session, and how long they may last. */
#include "client_priv.h"
#include "client_leaf_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "config/config.h"
#include "config/config_field.h"
#include "http/h1_server.h"
#include "net/conn.h"
#include "net/proxy_protocol.h"
#include "policy/cert_headers.h"
#include "policy/header_plan.h"
#include "proxy/access_log.h"
#include "proxy/exchange.h"
#include "tls/cert_format.h"
#include "tls/tls_context.h"
#include "tls/tls_sni.h"

/* Keep-alive ends a little later than its time says. */
enum { EXPIRY_MARGIN_MS = 2000 };

/* Who opened under a trust that had changed meanwhile may hear it as 421. */
enum { LATECOMER_MS = 2000 };

static const struct config *config_of(const struct client *client)
{
	return client->env->exchange->config;
}

/* ---- R13 ---- */

/* Nor its judgement, which rests on CRLs. */
static int64_t milliseconds_left(const struct client *client)
{
	int64_t now_ms = loop_wall_ms(client->env->exchange->loop);
	int64_t end = client->auth.expires;

	if (end > client->auth.crl_until)
		end = client->auth.crl_until;
	return end > INT64_MAX / 1000 ? INT64_MAX : end * 1000 - now_ms;
}

static void expire(struct client *client)
{
	if (client->expired)
		return;
	client->expired = true;
	client_count(client->env, client->auth.crl_until < client->auth.expires
					  ? METRIC_CRL_EXPIRED_CLOSES
					  : METRIC_CERTIFICATE_EXPIRED_CLOSES);
	client->session->ops->drain(client->session, 0);
}

void client_watch_expiry(struct client *client)
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

/* ---- the session ---- */

static void on_exchange_over(void *owner)
{
	struct client *client = owner;

	assert(client->magic == CLIENT_MAGIC);
	if (client->state == CLIENT_OPEN)
		client_watch_expiry(client);
}

static void on_stream(void *owner, struct stream *stream)
{
	struct client *client = owner;
	const struct exchange_env *env = client->env->exchange;
	struct exchange_client facts = {.auth = &client->auth,
		.connection_id = slice_str(client->id),
		.ip = slice_of(client->ip, client->ip_len),
		.port = client->port,
		.peer = client_announcer(client),
		.trusted = client->trusted,
		.listener = config_of(client)->listeners[client->listener].name,
		.listener_number = client->listener,
		.granted = client->granted,
		.describe = client_describe,
		.announce = client_announce,
		.sni = tls_context_sni(client->env->contexts[client->listener]),
		.over = on_exchange_over,
		.owner = client};
	struct conn_tls_info tls;

	assert(client->magic == CLIENT_MAGIC);
	client_watch_expiry(client);
	/* what begins behind notAfter is refused: nobody is known any more */
	if (client->expired && milliseconds_left(client) <= 0)
		facts.auth = NULL;
	if (client->env->distrusted)
		facts.distrusted = &client->env->distrusted[client->listener];
	if (facts.sni)
		facts.group = tls_sni_group(conn_ssl(client->conn));
	if (client->headers)
		facts.cert_headers = cert_headers_block(client->headers);
	if (header_plan_needs(env->headers) & FIELD_PER_REQUEST)
		facts.add_headers = client_add_headers;
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
	struct client *client = owner;

	(void)rule;
	if (conn_tls_failed(client->conn)) {
		client_count(client->env, METRIC_TLS_FAILED);
		client_log_broken(client, conn_error(client->conn));
	}
	client_end(client, how);
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
	bool ok = false;

	if (!scratch)
		return false;
	/* of one that is refused nothing is forwarded, no header either */
	if (client->auth.refused)
		leaf = client_auth_leaf(
			&client->auth, conn_ssl(client->conn), scratch);
	else if (!client_make_headers(client, scratch, &leaf) ||
		 !client_judge(client, leaf, scratch))
		goto out;
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

static bool begin_session(struct client *client)
{
	struct client_env *env = client->env;

	client->session = h1_server_new(env->exchange->loop, client->conn,
		&env->limits, &session_events, client);
	/* one that is refused hears one answer, and that it is the last */
	if (client->session && client->auth.refused)
		client->session->ops->drain(
			client->session, env->limits.first_ms);
	return client->session;
}

static void on_open(void *owner)
{
	struct client *client = owner;

	assert(client->magic == CLIENT_MAGIC &&
		client->state == CLIENT_HANDSHAKE);
	client_auth_finish(&client->auth, conn_ssl(client->conn));
	metrics_resumption(
		client->env->exchange->metrics, &client->auth.resumption);
	if (!client_ask(client))
		client_admit(client);
}

void client_admit(struct client *client)
{
	struct client_env *env = client->env;
	bool refused;

	/* the handshake refused it already; asked again to fail closed */
	if ((client->auth.refused || !client_auth_allowed(&client->auth)) &&
		!client_refuse(client, true))
		return;
	refused = client->auth.refused;
	if (!learn(client))
		goto no_memory;
	/* its headers would be too large */
	if (client->auth.refused && !refused && !client_refuse(client, true))
		return;
	if (!begin_session(client))
		goto no_memory;
	client_handshake_over(client);
	loop_timer_fini(&client->timer);
	client->state = CLIENT_OPEN;
	client_count(env, METRIC_HANDSHAKES_OK);
	client_watch_expiry(client);
	if (client->expired)
		return; /* it ends already */
	if (client_distrusted(client))
		client_tell_distrust(client, LATECOMER_MS);
	else if (env->draining)
		client->session->ops->drain(
			client->session, env->drain_idle_ms);
	return;
no_memory:
	client_log_broken(client, "out of memory");
	client_end(client, STREAM_ABORT);
}

static void on_fail(void *owner, enum conn_fail why)
{
	struct client *client = owner;

	(void)why;
	assert(client->magic == CLIENT_MAGIC);
	if (client->state == CLIENT_HANDSHAKE) {
		client_auth_finish(&client->auth, conn_ssl(client->conn));
		metrics_resumption(client->env->exchange->metrics,
			&client->auth.resumption);
		if (client->auth.refused) {
			(void)!client_refuse(client, false);
			return;
		}
	}
	if (conn_spoke_proxy(client->conn))
		client_count_header(client, PROXY_RULE_UNLISTED);
	client_count(client->env, METRIC_HANDSHAKES_FAILED);
	client_log_broken(client, conn_error(client->conn));
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

const struct conn_events client_conn_events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_eof = on_eof,
	.on_room = on_room,
	.on_fail = on_fail,
};
