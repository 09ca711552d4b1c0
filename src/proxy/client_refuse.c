/* client: what becomes of one whose certificate is refused. */
#include "client_priv.h"

#include <stdio.h>

#include "base/arena.h"
#include "config/config.h"
#include "net/conn.h"
#include "proxy/exchange.h"
#include "proxy/refusals.h"

enum { ALERT_TEXT = 40 };

/* ---- the last refusals ---- */

static void describe_leaf(const struct client *client, struct arena *arena,
	struct refusal *record)
{
	struct leaf_text leaf;

	client_leaf_text(&leaf, client, arena);
	refusal_set(record, REFUSAL_SUBJECT, leaf.subject);
	refusal_set(record, REFUSAL_ISSUER, leaf.issuer);
	refusal_set(record, REFUSAL_SERIAL, leaf.serial);
	refusal_set(record, REFUSAL_SHA256, leaf.sha256);
	refusal_set(record, REFUSAL_NOT_BEFORE, leaf.not_before);
	refusal_set(record, REFUSAL_NOT_AFTER, leaf.not_after);
}

void client_describe(void *owner, struct arena *arena, struct refusal *record)
{
	struct client *client = owner;
	const struct exchange_env *env = client->env->exchange;
	const struct config *config = env->config;
	struct conn_tls_info tls;
	char verify[CLIENT_AUTH_VERDICT];

	client->told = true;
	client_auth_verdict(&client->auth, verify);
	conn_tls_info(client->conn, &tls);
	record->wall_ms = loop_wall_ms(env->loop);
	record->sent = client->auth.sent;
	record->depth = client->auth.depth;
	record->port = client->port;
	refusal_set(record, REFUSAL_CODE,
		slice_str(client_auth_word(client->auth.code)));
	refusal_set(record, REFUSAL_REASON,
		slice_str(client_auth_reason(client->auth.code)));
	refusal_set(record, REFUSAL_CONNECTION, slice_str(client->id));
	refusal_set(record, REFUSAL_CLIENT_IP,
		slice_of(client->ip, client->ip_len));
	refusal_set(record, REFUSAL_LISTENER,
		slice_str(config->listeners[client->listener].name));
	refusal_set(record, REFUSAL_SNI, slice_str(tls.sni ? tls.sni : ""));
	refusal_set(
		record, REFUSAL_TLS, slice_str(tls.version ? tls.version : ""));
	refusal_set(record, REFUSAL_VERIFY, slice_str(verify));
	describe_leaf(client, arena, record);
}

static bool hears_http(const struct client *client)
{
	const struct config_client_auth *settings = client->auth.settings;

	return settings && settings->reject_with == REJECT_WITH_HTTP;
}

/* What it sees; TLS 1.2 has no word for a certificate that is missing. */
static void set_alert(const struct client *client, struct refusal *record)
{
	const char *name;
	char text[ALERT_TEXT];
	int number = client_reason_alert_number(client->auth.code, &name);

	if (client->auth.code == CLIENT_AUTH_CODE_NO_CERT &&
		slice_eq(refusal_get(record, REFUSAL_TLS), SLICE("TLSv1.2"))) {
		number = 40;
		name = "handshake_failure";
	}
	snprintf(text, sizeof(text), "%d %s", number, name);
	refusal_set(record, REFUSAL_ALERT, slice_str(text));
}

void client_note_refusal(struct client *client)
{
	const struct exchange_env *env = client->env->exchange;
	struct refusal record = {0};
	struct arena *arena;

	if (client->told || !env->refusals)
		return;
	arena = arena_new(env->arenas);
	if (!arena)
		return;
	client_describe(client, arena, &record);
	/* behind the handshake (OCSP) there is no alert for it: a close */
	if (!hears_http(client) && client->ocsp == CLIENT_NOT_ASKED)
		set_alert(client, &record);
	refusals_add(env->refusals, &record);
	arena_free(arena);
}

/* ---- the decision ---- */

bool client_refuse(struct client *client, bool shaken)
{
	struct client_env *env = client->env;

	client->auth.refused = true;
	metrics_refused_certificate(env->exchange->metrics, client->auth.code);
	client_log_refusal(client);
	if (shaken && hears_http(client))
		return true;
	client_count(env, METRIC_HANDSHAKES_FAILED);
	client_end(client, STREAM_DONE);
	return false;
}
