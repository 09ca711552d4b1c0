#include "proxy/decision.h"

#include "base/arena.h"
#include "config/config.h"
#include "http/message.h"
#include "http/target.h"
#include "policy/path.h"
#include "policy/rulebook.h"
#include "tls/client_auth.h"
#include "tls/tls_sni.h"

/* One decision in the making. */
struct asked {
	const struct decision_rules *rules;
	const struct decision_client *client;
	const struct message *head;
	struct arena *arena;
};

/* ---- before anything is asked about routes ---- */

static bool is_misdirected(const struct asked *a)
{
	const struct decision_client *client = a->client;

	return client->sni && !tls_sni_serves(client->sni, client->group,
				      target_host(a->head->authority));
}

static enum failure reject_early(const struct asked *a)
{
	const struct decision_client *client = a->client;

	if (client->auth && client->auth->refused)
		return FAILURE_CERT_REFUSED;
	if (client->distrusted)
		return FAILURE_TRUST_CHANGED;
	return is_misdirected(a) ? FAILURE_MISDIRECTED : FAILURE_NONE;
}

/* ---- the route ---- */

static const struct route *find(
	const struct asked *a, struct slice authority, struct slice path)
{
	const struct route_request request = {.listener = a->client->listener,
		.authority = authority,
		.method = a->head->method_text,
		.path = path};

	return route_find(rulebook_routes(a->rules->book), &request);
}

/*
 * HTTP/1.0 may come without a Host, and goes out under the name of the origin:
 * that must lead to the same route.
 */
static enum http_rule settle(
	const struct asked *a, struct slice path, const struct route **route)
{
	const struct config_origin *origins = a->rules->config->origins;

	*route = find(a, a->head->authority, path);
	if (a->head->authority.len || !*route ||
		(*route)->origin == ROUTE_NONE) /* it answers by itself */
		return HTTP_RULE_NONE;
	return find(a, slice_str(origins[(*route)->origin].authority), path) ==
			       *route
		       ? HTTP_RULE_NONE
		       : HTTP_RULE_HOST_MISSING;
}

/*
 * The path is brought into its one form, which the origin gets. Parameters of
 * segments stay, and what they are is up to the origin: both readings must
 * lead to the same route.
 */
static enum http_rule choose(const struct asked *a, struct decision *out)
{
	enum http_rule rule;
	struct path path;

	if (!route_table_judges_paths(rulebook_routes(a->rules->book)) ||
		slice_eq(a->head->path, SLICE("*")))
		return settle(a, slice_of(NULL, 0), &out->route);
	switch (path_read(a->head->path, a->arena, &path)) {
	case PATH_AMBIGUOUS:
		return HTTP_RULE_PATH_AMBIGUOUS;
	case PATH_NO_MEMORY:
		return HTTP_RULE_NO_MEMORY;
	case PATH_GOOD:
		break;
	}
	out->judged = path.judged;
	rule = settle(a, path.judged, &out->route);
	if (rule != HTTP_RULE_NONE)
		return rule;
	if (!slice_eq(path.judged, path.bare) &&
		find(a, a->head->authority, path.bare) != out->route)
		return HTTP_RULE_PATH_AMBIGUOUS;
	out->path = path.target;
	return HTTP_RULE_NONE;
}

/* ---- may it? ---- */

static enum failure failure_of(enum authz_reason reason)
{
	switch (reason) {
	case AUTHZ_ALLOWED:
		return FAILURE_NONE;
	case AUTHZ_NO_ROUTE:
		return FAILURE_NO_ROUTE;
	case AUTHZ_POLICY:
		return FAILURE_POLICY;
	case AUTHZ_CERTIFICATE:
		break;
	}
	return FAILURE_CERTIFICATE;
}

/* Whoever is not let in is not told what is wrong elsewhere. */
static void reject_rule(const struct asked *a, struct decision *out)
{
	struct verdict verdict = authz_decide(NULL, a->client->auth, NULL);

	out->route = NULL;
	if (verdict.reason == AUTHZ_CERTIFICATE) {
		out->rule = HTTP_RULE_NONE;
		out->failure = FAILURE_CERTIFICATE;
		return;
	}
	out->failure = out->rule == HTTP_RULE_NO_MEMORY ? FAILURE_MEMORY
							: FAILURE_BAD_REQUEST;
}

void decision_make(const struct decision_rules *rules,
	const struct decision_client *client, const struct message *head,
	struct arena *arena, struct decision *out)
{
	const struct asked a = {rules, client, head, arena};

	*out = (struct decision){.path = head->path};
	out->failure = reject_early(&a);
	if (out->failure != FAILURE_NONE)
		return;
	out->rule = choose(&a, out);
	if (out->rule != HTTP_RULE_NONE) {
		reject_rule(&a, out);
		return;
	}
	out->verdict = authz_decide(out->route, client->auth, client->granted);
	out->failure = failure_of(out->verdict.reason);
}

/* ---- in words ---- */

const char *decision_reason(enum failure failure, enum http_rule rule,
	const char *policy, const char *route, struct arena *arena)
{
	struct failure_answer answer = failure_answer(failure, rule);
	const char *text = NULL;

	if (failure == FAILURE_POLICY)
		text = arena_printf(arena,
			"policy %s of route %s does not hold", policy, route);
	return text ? text : answer.sentence;
}
