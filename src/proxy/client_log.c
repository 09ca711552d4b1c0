/* client: the lines that it writes. */
#include "client_priv.h"

#include "base/arena.h"
#include "config/config.h"
#include "net/conn.h"
#include "policy/cert_headers.h"
#include "proxy/exchange.h"
#include "proxy/metrics.h"
#include "proxy/observer.h"
#include "tls/cert_format.h"

static const char *listener_of(const struct client *client)
{
	const struct config *config = client->env->exchange->config;

	return config->listeners[client->listener].name;
}

static bool may_log(
	struct log_bucket *bucket, struct client_env *env, uint64_t *held)
{
	return log_bucket_take(bucket, loop_now_ms(env->exchange->loop), held);
}

void client_leaf_text(struct leaf_text *text, const struct client *client,
	struct arena *arena)
{
	const struct cert_info *leaf =
		client_auth_leaf(&client->auth, conn_ssl(client->conn), arena);

	*text = (struct leaf_text){0};
	if (!leaf)
		return;
	if (!cert_format_rfc2253(&leaf->subject, arena, &text->subject) ||
		!cert_format_rfc2253(&leaf->issuer, arena, &text->issuer) ||
		!cert_format_serial(leaf, arena, &text->serial) ||
		!cert_format_hex(leaf->sha256, sizeof(leaf->sha256), arena,
			&text->sha256) ||
		!cert_format_time(
			&leaf->not_before, arena, &text->not_before) ||
		!cert_format_time(&leaf->not_after, arena, &text->not_after))
		*text = (struct leaf_text){0};
}

/* Who said so: what verified in the handshake was refused by a responder. */
static const char *source_of(const struct client *client)
{
	return client->ocsp == CLIENT_NOT_ASKED ? "handshake" : "ocsp";
}

static const char *ocsp_of(const struct client *client)
{
	return client->ocsp == CLIENT_NOT_ASKED
		       ? NULL
		       : ocsp_result_text((enum ocsp_result)client->ocsp);
}

static void write_refusal(const struct client *client,
	const struct leaf_text *leaf, uint64_t held)
{
	const struct client_auth *auth = &client->auth;
	struct conn_tls_info tls;

	conn_tls_info(client->conn, &tls);
	LOG(LOG_LEVEL_WARN, "certificate_refused", LOG_STR("conn", client->id),
		LOG_SLICE("client", slice_of(client->ip, client->ip_len)),
		LOG_U64("port", client->port),
		LOG_SLICE("peer", client_announcer(client)),
		LOG_STR("listener", listener_of(client)),
		LOG_STR("code", client_auth_word(auth->code)),
		LOG_STR("reason", client_auth_reason(auth->code)),
		LOG_STR("source", source_of(client)),
		LOG_STR("ocsp", ocsp_of(client)), LOG_I64("depth", auth->depth),
		LOG_U64("sent", auth->sent), LOG_STR("sni", tls.sni),
		LOG_SLICE("sha256", leaf->sha256),
		LOG_SLICE("serial", leaf->serial),
		LOG_SLICE("not_before", leaf->not_before),
		LOG_SLICE("not_after", leaf->not_after),
		LOG_U64("suppressed", held),
		LOG_SLICE("subject", leaf->subject),
		LOG_SLICE("issuer", leaf->issuer));
}

void client_log_refusal(const struct client *client)
{
	struct client_env *env = client->env;
	const struct proxy_observer *observer = env->exchange->observer;
	struct arena *arena;
	struct leaf_text leaf;
	struct slice subject;
	uint64_t held = 0;
	bool line = may_log(&env->refusals, env, &held);

	if (!line && !(observer && observer->refused))
		return;
	arena = arena_new(env->exchange->arenas);
	if (!arena)
		return;
	client_leaf_text(&leaf, client, arena);
	if (line)
		write_refusal(client, &leaf, held);
	if (observer && observer->refused &&
		arena_dup(arena, leaf.subject, &subject))
		observer->refused(observer->arg,
			client_auth_reason(client->auth.code), subject.ptr);
	arena_free(arena);
}

void client_log_broken(const struct client *client, const char *why)
{
	struct client_env *env = client->env;
	struct conn_tls_info tls = {0};
	uint64_t held;

	if (!may_log(&env->handshakes, env, &held))
		return;
	if (client->conn)
		conn_tls_info(client->conn, &tls);
	LOG(LOG_LEVEL_INFO,
		client->state == CLIENT_OPEN ? "tls_failed"
					     : "handshake_failed",
		LOG_STR("conn", client->id),
		LOG_SLICE("client", slice_of(client->ip, client->ip_len)),
		LOG_U64("port", client->port),
		LOG_SLICE("peer", client_announcer(client)),
		LOG_STR("listener", listener_of(client)), LOG_STR("error", why),
		LOG_STR("sni", tls.sni), LOG_U64("suppressed", held));
}

void client_overload(struct client_env *env, const struct addr *peer,
	enum admission_verdict verdict)
{
	char text[ADDR_TEXT];
	uint64_t held;

	metrics_add(&env->exchange->metrics->refused[verdict], 1);
	if (!may_log(&env->overload, env, &held))
		return;
	addr_print(peer, text);
	LOG(LOG_LEVEL_WARN, "connection_refused", LOG_STR("client", text),
		LOG_STR("limit", admission_word(verdict)),
		LOG_U64("suppressed", held));
}

void client_log_unanswered(const struct client *client)
{
	struct client_env *env = client->env;
	enum ocsp_result result = (enum ocsp_result)client->ocsp;
	uint64_t held = 0;

	if (!may_log(&env->unanswered, env, &held))
		return;
	LOG(LOG_LEVEL_WARN, "ocsp_unanswered", LOG_STR("conn", client->id),
		LOG_SLICE("client", slice_of(client->ip, client->ip_len)),
		LOG_STR("listener", listener_of(client)),
		LOG_STR("why", ocsp_result_word(result)),
		LOG_STR("reason", ocsp_result_text(result)),
		LOG_STR("outcome", "let in (client_auth.ocsp.on_failure)"),
		LOG_U64("suppressed", held));
}

void client_log_headers(const struct client *client, const char *header)
{
	LOG(LOG_LEVEL_ERROR, "certificate_headers_failed",
		LOG_STR("conn", client->id),
		LOG_SLICE("client", slice_of(client->ip, client->ip_len)),
		LOG_STR("header", header ? header : "of a request"),
		LOG_STR("outcome", "the request is answered 500"));
}
