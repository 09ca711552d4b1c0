/* exchange: where the request goes, whether it may, and the route's own
 * settings. */
#include "exchange_priv.h"

#include "http/message.h"
#include "policy/rulebook.h"
#include "proxy/decision.h"
#include "proxy/metrics.h"

static void count(const struct exchange *x, enum metric metric)
{
	metrics_add(&x->env->metrics->value[metric], 1);
}

/* ---- the decision ---- */

static void note_policies(struct exchange *x, const struct verdict *verdict)
{
	struct access_record *r = &x->record;
	const struct route *route = x->route;

	if (!route)
		return;
	r->route = route->name;
	if (route->policy != ROUTE_NONE) {
		r->policy = rulebook_policy_name(x->env->rules, route->policy);
		r->policy_denied = verdict->reason == AUTHZ_POLICY ||
				   verdict->reason == AUTHZ_CERTIFICATE;
	}
	if (route->dry_run != ROUTE_NONE) {
		r->dry_run =
			rulebook_policy_name(x->env->rules, route->dry_run);
		r->dry_run_denied = verdict->dry_run_denies;
	}
	if (verdict->reason == AUTHZ_POLICY)
		count(x, METRIC_POLICY_REFUSALS);
	if (verdict->dry_run_denies)
		count(x, METRIC_POLICY_DRY_RUN_REFUSALS);
}

enum failure exchange_route(
	struct exchange *x, struct message *head, enum http_rule *rule)
{
	const struct decision_rules rules = {x->env->config, x->env->rules};
	const struct decision_client client = {.auth = x->client.auth,
		.granted = x->client.granted,
		.sni = x->client.sni,
		.group = x->client.group,
		.listener = x->client.listener_number,
		.distrusted = x->client.distrusted && *x->client.distrusted};
	struct decision decision;

	decision_make(&rules, &client, head, x->arena, &decision);
	x->route = decision.route;
	note_policies(x, &decision.verdict);
	head->path = decision.path;
	*rule = decision.rule;
	return decision.failure;
}

/* ---- the route's own settings ---- */

static const struct config_route *settings_of(const struct exchange *x)
{
	return x->route ? x->route->settings : NULL;
}

bool exchange_responds(const struct exchange *x)
{
	return settings_of(x) && settings_of(x)->respond_status;
}

const unsigned *exchange_alias(const struct exchange *x)
{
	return settings_of(x) ? &settings_of(x)->alias_headers : NULL;
}

int64_t exchange_patience_ms(const struct exchange *x)
{
	const struct config_timeouts *timeouts = &x->env->config->timeouts;
	const struct config_route *own = settings_of(x);

	if (x->state == EXCHANGE_TUNNEL)
		return timeouts->upgraded_idle_ms;
	if (x->state == EXCHANGE_RELAY)
		return own ? own->origin_idle_ms : timeouts->origin_idle_ms;
	return own ? own->origin_response_ms : timeouts->origin_response_ms;
}

/* The session keeps the largest limit of all routes; this is the route's. */
bool exchange_too_large(const struct exchange *x)
{
	const struct config_route *own = settings_of(x);
	const struct message *head = x->request;

	if (!own)
		return false;
	return x->client_end->bytes_in > own->body ||
	       (head->body == BODY_LENGTH && head->body_len > own->body);
}
