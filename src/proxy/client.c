#include "proxy/client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client_priv.h"
#include "config/config.h"
#include "net/conn.h"
#include "policy/cert_headers.h"
#include "policy/forwarded.h"
#include "proxy/exchange.h"
#include "tls/tls_context.h"

size_t client_size(void)
{
	return sizeof(struct client);
}

/* ---- the peer's address, small ---- */

void client_set_address(struct client *client, const struct addr *addr)
{
	const struct config_headers *headers =
		&client->env->exchange->config->headers;
	char text[ADDR_TEXT];
	size_t len;

	client->trusted = headers->trusted_proxies.count &&
			  forwarded_trusts(headers, addr);
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

void client_peer_get(const struct client *client, struct addr *addr)
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
	free(client->granted);
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
void client_handshake_over(struct client *client)
{
	admission_handshake_done(client->env->admission, client->env->slot);
	client_uncount(client->env, METRIC_GAUGE_HANDSHAKES_PENDING);
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
void client_end(struct client *client, enum stream_close how)
{
	struct client_env *env = client->env;
	struct addr peer;

	assert(client->magic == CLIENT_MAGIC && client->state != CLIENT_GONE);
	if (client->auth.refused)
		client_note_refusal(client);
	if (client->asking)
		client_ask_over(client);
	client_preface_close(client);
	if (client->state != CLIENT_OPEN)
		client_handshake_over(client);
	client->state = CLIENT_GONE;
	loop_timer_clear(&client->timer);
	/* running exchanges end here, while everything they were lent lives */
	if (client->session)
		client->session->ops->destroy(client->session);
	client->session = NULL;
	if (client->conn) /* else its PROXY header never came */
		(how == STREAM_DONE ? conn_finish : conn_abort)(&client->conn);
	list_remove(client);
	client_peer_get(client, &peer);
	admission_leave(env->admission, env->slot, &peer);
	client_uncount(env, METRIC_GAUGE_CONNECTIONS);
	bury_later(client);
	if (env->gone)
		env->gone(env->arg);
}

static void on_timer(void *arg)
{
	struct client *client = arg;

	assert(client->magic == CLIENT_MAGIC);
	if (client->state == CLIENT_OPEN) {
		client_watch_expiry(client);
		return;
	}
	if (client->state == CLIENT_PREFACE) {
		client_preface_late(client);
		return;
	}
	if (client->state == CLIENT_ASKING) {
		client_ask_late(client);
		return;
	}
	client_count(client->env, METRIC_HANDSHAKES_TIMED_OUT);
	client_log_broken(client, "the handshake took too long");
	client_end(client, STREAM_ABORT);
}

/* ---- birth ---- */

static void list_add(struct client *client)
{
	struct client_env *env = client->env;

	client->next = env->clients;
	if (env->clients)
		env->clients->prev = client;
	env->clients = client;
	env->count++;
	client_count(env, METRIC_GAUGE_CONNECTIONS);
	client_count(env, METRIC_GAUGE_HANDSHAKES_PENDING);
}

bool client_connect(struct client *client, int fd)
{
	struct ssl_st *ssl = tls_context_accept(
		client->env->contexts[client->listener], &client->auth);

	if (!ssl) {
		close(fd);
		return false;
	}
	client->conn = conn_accept(
		client->env->io, fd, &ssl, &client_conn_events, client);
	return client->conn != NULL;
}

/* One deadline for the PROXY header and the handshake. Takes fd. */
static bool begin(struct client *client, int fd, const struct addr *peer)
{
	const struct exchange_env *env = client->env->exchange;

	loop_timer_init(env->loop, &client->timer, on_timer, client);
	if (!loop_timer_set(
		    &client->timer, env->config->timeouts.handshake_ms)) {
		close(fd);
		return false;
	}
	if (client->state == CLIENT_PREFACE)
		return client_preface_begin(client, fd, peer);
	client_set_address(client, peer);
	return client_connect(client, fd);
}

static bool client_new(struct client_env *env, size_t listener, int fd,
	const struct addr *peer, bool preface)
{
	size_t extra = preface ? client_preface_size() : 0;
	struct client *client = calloc(1, sizeof(*client) + extra);

	if (!client) {
		close(fd);
		return false;
	}
	client->magic = CLIENT_MAGIC;
	client->state = preface ? CLIENT_PREFACE : CLIENT_HANDSHAKE;
	client->fronted = preface;
	client->ocsp = CLIENT_NOT_ASKED;
	client->env = env;
	client->listener = (uint32_t)listener;
	if (!begin(client, fd, peer)) {
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
	/* who comes through a proxy counts when it is announced */
	static const struct addr unknown;
	bool preface = client_preface_due(env, listener, peer);
	const struct addr *counted = preface ? &unknown : peer;
	enum admission_verdict verdict = admission_enter(env->admission,
		env->slot, &env->exchange->config->limits, counted);

	assert(listener < env->exchange->config->listener_count);
	client_count(env, METRIC_CONNECTIONS_ACCEPTED);
	if (verdict != ADMISSION_OK) {
		close(fd);
	} else if (client_new(env, listener, fd, peer, preface)) {
		return;
	} else {
		admission_handshake_done(env->admission, env->slot);
		admission_leave(env->admission, env->slot, counted);
	}
	client_overload(env, peer, verdict);
}

/* ---- all of them ---- */

void client_drain_all(struct client_env *env, int64_t idle_ms)
{
	struct client *client = env->clients;

	env->draining = true;
	env->drain_idle_ms = idle_ms;
	while (client) {
		struct client *next = client->next;

		/* whoever was told to reconnect has less time already */
		if (client->state == CLIENT_OPEN) {
			if (!idle_ms || !client_distrusted(client))
				client->session->ops->drain(
					client->session, idle_ms);
		} else if (!idle_ms) {
			client_end(client, STREAM_ABORT);
		}
		client = next;
	}
}

void client_close_all(struct client_env *env)
{
	while (env->clients)
		client_end(env->clients, STREAM_ABORT);
}
