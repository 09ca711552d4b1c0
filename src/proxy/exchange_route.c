/* exchange: where the request goes, whether it may, and the route's own
 * settings. */
#include "exchange_priv.h"

#include "http/message.h"
#include "policy/authz.h"
#include "policy/path.h"
#include "policy/rulebook.h"
#include "proxy/metrics.h"

static void count(const struct exchange *x, enum metric metric)
{
	metrics_add(&x->env->metrics->value[metric], 1);
}

/* ---- the route ---- */

static const struct route *find(const struct exchange *x,
	const struct message *head, struct slice authority, struct slice path)
{
	const struct route_request request = {
		.listener = x->client.listener_number,
		.authority = authority,
		.method = head->method_text,
		.path = path};

	return route_find(rulebook_routes(x->env->rules), &request);
}

/*
 * HTTP/1.0 may come without a Host, and goes out under the name of the origin:
 * that must lead to the same route.
 */
static enum http_rule settle(
	struct exchange *x, const struct message *head, struct slice path)
{
	const struct config_origin *origins = x->env->config->origins;

	x->route = find(x, head, head->authority, path);
	if (head->authority.len || !x->route || exchange_responds(x))
		return HTTP_RULE_NONE;
	return find(x, head, slice_str(origins[x->route->origin].authority),
		       path) == x->route
		       ? HTTP_RULE_NONE
		       : HTTP_RULE_HOST_MISSING;
}

/*
 * The path is brought into its one form, which the origin gets. Parameters of
 * segments stay, and what they are is up to the origin: both readings must
 * lead to the same route.
 */
static enum http_rule choose(struct exchange *x, struct message *head)
{
	enum http_rule rule;
	struct path path;

	if (!route_table_judges_paths(rulebook_routes(x->env->rules)) ||
		slice_eq(head->path, SLICE("*")))
		return settle(x, head, slice_of(NULL, 0));
	switch (path_read(head->path, x->arena, &path)) {
	case PATH_AMBIGUOUS:
		return HTTP_RULE_PATH_AMBIGUOUS;
	case PATH_NO_MEMORY:
		return HTTP_RULE_NO_MEMORY;
	case PATH_GOOD:
		break;
	}
	rule = settle(x, head, path.judged);
	if (rule != HTTP_RULE_NONE)
		return rule;
	if (!slice_eq(path.judged, path.bare) &&
		find(x, head, head->authority, path.bare) != x->route)
		return HTTP_RULE_PATH_AMBIGUOUS;
	head->path = path.target;
	return HTTP_RULE_NONE;
}

/* ---- may it? ---- */

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

static enum failure failure_of_rule(enum http_rule rule)
{
	return rule == HTTP_RULE_NO_MEMORY ? FAILURE_MEMORY
					   : FAILURE_BAD_REQUEST;
}

enum failure exchange_route(
	struct exchange *x, struct message *head, enum http_rule *rule)
{
	struct verdict verdict;

	*rule = choose(x, head);
	if (*rule != HTTP_RULE_NONE) {
		x->route = NULL;
		/* whoever is not let in is not told what is wrong elsewhere */
		verdict = authz_decide(NULL, x->client.auth, NULL);
		if (verdict.reason != AUTHZ_CERTIFICATE)
			return failure_of_rule(*rule);
		*rule = HTTP_RULE_NONE;
		return FAILURE_CERTIFICATE;
	}
	verdict = authz_decide(x->route, x->client.auth, x->client.granted);
	note_policies(x, &verdict);
	return failure_of(verdict.reason);
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
