#include "cli/explain_request.h"

#include "base/arena.h"
#include "cli/explain_list.h"
#include "cli/explain_options.h"
#include "config/config.h"
#include "http/h1_parse.h"
#include "http/target.h"
#include "policy/rulebook.h"
#include "proxy/decision.h"
#include "proxy/proxy.h"
#include "tls/client_auth.h"
#include "tls/tls_sni.h"

/* One request in the making. */
struct asked {
	const struct explain_request *request;
	const struct rulebook *rules;
	struct explain_list *list;
	struct message head;
	struct decision decision;
	const char *ignore; /* "dry run: " before each line */
	bool no_memory;
};

static const char *keep(struct asked *a, const char *text)
{
	a->no_memory |= !text;
	return text ? text : "";
}

static void set(struct asked *a, enum remedy_step step,
	enum explain_state state, const char *text)
{
	a->list->steps[step].state = state;
	a->list->steps[step].text = keep(a, text);
}

static void line(struct asked *a, enum remedy_step step, const char *text)
{
	explain_list_line(&a->list->steps[step], keep(a, text));
}

/* It ends here: the answer of that failure. NULL: nothing to add. */
static void refuse(struct asked *a, enum failure failure, enum http_rule rule,
	const char *because)
{
	const struct failure_answer answer = failure_answer(failure, rule);
	const struct remedy *remedy = remedy_of_request(answer.word);
	const struct route *route = a->decision.route;
	struct explain_list *list = a->list;
	const char *policy = NULL;

	if (route && route->policy != ROUTE_NONE)
		policy = rulebook_policy_name(a->rules, route->policy);
	list->allowed = false;
	list->verify = NULL;
	list->status = answer.status;
	list->code = answer.word;
	list->reason = decision_reason(failure, rule, policy,
		route ? route->name : NULL, a->request->arena);
	list->because = because ? because : list->reason;
	list->depth = -1;
	list->cause = remedy->cause;
	list->todo = remedy->todo;
}

static void fail_step(struct asked *a, enum remedy_step step, const char *text)
{
	set(a, step, EXPLAIN_FAIL, text);
	refuse(a, a->decision.failure, a->decision.rule, text);
}

/* ---- the request ---- */

/* As a client would write it; empty: memory. */
static struct slice written(struct asked *a)
{
	const struct explain_options *options = a->request->options;
	const char *host = options->host;
	const char *text = arena_printf(a->request->arena,
		"%s %s HTTP/%s\r\n%s%s%s\r\n",
		options->method ? options->method : "GET",
		options->path ? options->path : "/",
		options->http ? options->http : "1.1", host ? "Host: " : "",
		host ? host : "", host ? "\r\n" : "");

	return slice_str(keep(a, text));
}

/* By the codec of the running program. */
static enum http_rule parse(struct asked *a)
{
	const struct http_limits limits =
		proxy_client_limits(a->request->config);
	struct h1_connection connection;
	struct h1_parser parser;
	struct slice text = written(a);
	size_t offset;

	if (a->no_memory)
		return HTTP_RULE_NO_MEMORY;
	h1_parser_init(&parser, H1_REQUEST, &limits, a->request->arena);
	switch (h1_parser_feed(&parser, text)) {
	case H1_DONE:
		break;
	case H1_BAD:
		return parser.rule;
	case H1_MORE:
		return HTTP_RULE_HEAD_CUT;
	}
	return h1_parse_request(&parser,
		slice_head(text, h1_parser_len(&parser)), &a->head, &connection,
		&offset);
}

/* false: the request ends here. */
static bool read_request(struct asked *a)
{
	enum http_rule rule = parse(a);

	if (rule == HTTP_RULE_NO_MEMORY) {
		a->no_memory = true;
		return false;
	}
	if (rule != HTTP_RULE_NONE) {
		a->decision.rule = rule;
		a->decision.failure = FAILURE_BAD_REQUEST;
		fail_step(a, REMEDY_REQUEST, http_rule_info(rule)->sentence);
		return false;
	}
	set(a, REMEDY_REQUEST, EXPLAIN_PASS,
		arena_printf(a->request->arena, "%.*s %.*s",
			SLICE_FMT(a->head.method_text),
			SLICE_FMT(a->head.path)));
	return true;
}

/* ---- the route ---- */

static const char *miss_word(enum route_miss miss)
{
	static const char *const words[] = {
		[ROUTE_MATCHES] = "matches",
		[ROUTE_OTHER_LISTENER] = "is for another listener",
		[ROUTE_OTHER_HOST] = "is for another host",
		[ROUTE_OTHER_PATH] = "is for another path",
		[ROUTE_OTHER_METHOD] = "is for another method",
	};

	return words[miss];
}

/* Every route up to the one that matches, and why not. */
static void tell_routes(struct asked *a)
{
	const struct route_table *table = rulebook_routes(a->rules);
	const struct route_request request = {.listener = a->request->listener,
		.authority = a->head.authority,
		.method = a->head.method_text,
		.path = a->decision.judged};

	for (size_t i = 0; i < route_count(table); i++) {
		const struct route *route = route_at(table, i);
		enum route_miss miss = route_explain(table, i, &request);

		if (*route->name)
			line(a, REMEDY_ROUTE,
				arena_printf(a->request->arena, "\"%s\" %s",
					route->name, miss_word(miss)));
		if (miss == ROUTE_MATCHES)
			return;
	}
}

static const char *route_text(struct asked *a)
{
	const struct config *config = a->request->config;
	const struct route *route = a->decision.route;
	struct arena *arena = a->request->arena;

	if (route->origin == ROUTE_NONE)
		return arena_printf(
			arena, "\"%s\", which answers by itself", route->name);
	return arena_printf(arena,
		*route->name ? "\"%s\", to the origin \"%s\""
			     : "%severy request goes to the "
			       "origin \"%s\"",
		route->name, config->origins[route->origin].name);
}

static void tell_route(struct asked *a)
{
	const struct decision *decision = &a->decision;

	if (decision->route)
		set(a, REMEDY_ROUTE, EXPLAIN_PASS, route_text(a));
	else
		fail_step(a, REMEDY_ROUTE, "no route leads there");
	if (!slice_eq(decision->path, a->head.path))
		line(a, REMEDY_ROUTE,
			arena_printf(a->request->arena,
				"the path is read as %.*s",
				SLICE_FMT(decision->path)));
	tell_routes(a);
}

/* ---- the policy ---- */

static const char *outcome_word(enum match outcome)
{
	static const char *const words[] = {
		[MATCH_NO] = "no",
		[MATCH_YES] = "yes",
		[MATCH_UNCLEAR] = "unclear, which is not enough",
	};

	return words[outcome];
}

static const char *wanted_text(
	struct asked *a, const struct config_texts *wanted)
{
	const char *text = "";

	for (size_t i = 0; i < wanted->count && text; i++)
		text = arena_printf(a->request->arena, "%s%s%s", text,
			i ? ", " : "", wanted->items[i].text);
	return keep(a, text);
}

static void tell_step(void *arg, const struct policy_step *step)
{
	struct asked *a = arg;

	line(a, REMEDY_POLICY,
		arena_printf(a->request->arena,
			"%s%s %zu: %s %s; it has %.*s: %s", a->ignore,
			policy_part_name(step->part), step->map + 1,
			step->matcher, wanted_text(a, step->wanted),
			SLICE_FMT(step->actual), outcome_word(step->outcome)));
}

/* Only a certificate that verified is held against a policy. */
static void trace(struct asked *a, uint32_t policy, const char *prefix)
{
	const struct explain_request *request = a->request;

	a->ignore = prefix;
	if (request->auth->state == CLIENT_AUTH_OK && request->leaf)
		(void)policy_trace(rulebook_policy(a->rules, policy),
			request->leaf, request->arena, tell_step, a);
}

static const char *policy_text(struct asked *a)
{
	const struct route *route = a->decision.route;

	if (route->policy != ROUTE_NONE)
		return arena_printf(a->request->arena, "\"%s\" %s",
			rulebook_policy_name(a->rules, route->policy),
			a->decision.verdict.allow ? "holds" : "does not hold");
	return route->needs_certificate
		       ? "none named; a certificate that verified is needed"
		       : "none named, and no certificate is needed";
}

static void tell_dry_run(struct asked *a)
{
	uint32_t policy = a->decision.route->dry_run;

	if (policy == ROUTE_NONE)
		return;
	trace(a, policy, "dry run, ");
	line(a, REMEDY_POLICY,
		arena_printf(a->request->arena,
			"dry run of \"%s\": it %s, which only counts",
			rulebook_policy_name(a->rules, policy),
			a->decision.verdict.dry_run_denies ? "does not hold"
							   : "holds"));
}

/* A route that answers by itself forwards nothing. */
static void tell_answer(struct asked *a)
{
	const struct route *route = a->decision.route;

	if (route->origin != ROUTE_NONE || !route->settings)
		return;
	a->list->status = (int)route->settings->respond_status;
	a->list->verify = NULL;
	a->list->because = "the route answers by itself";
}

static void tell_policy(struct asked *a)
{
	const struct route *route = a->decision.route;

	set(a, REMEDY_POLICY, EXPLAIN_PASS, policy_text(a));
	if (route->policy != ROUTE_NONE)
		trace(a, route->policy, "");
	tell_dry_run(a);
	if (a->decision.verdict.allow) {
		tell_answer(a);
		return;
	}
	a->list->steps[REMEDY_POLICY].state = EXPLAIN_FAIL;
	refuse(a, a->decision.failure, a->decision.rule,
		a->decision.failure == FAILURE_CERTIFICATE
			? "the route needs a certificate that verified"
			: NULL);
}

/* ---- the name (R15) ---- */

static void tell_name(struct asked *a)
{
	const struct explain_request *request = a->request;
	size_t other;

	if (a->decision.failure != FAILURE_MISDIRECTED) {
		set(a, REMEDY_NAME, EXPLAIN_PASS,
			request->sni ? "the certificate that was shown stands "
				       "for the host"
				     : "one group of certificates serves "
				       "every name");
		return;
	}
	fail_step(a, REMEDY_NAME,
		tls_sni_choose(request->sni, target_host(a->head.authority),
			&other) == TLS_SNI_NAMED
			? "the host is served under another server name than "
			  "that of the handshake"
			: "no certificate is for that host, and "
			  "unknown_server_name says reject");
}

/* ---- all of it ---- */

/* The same question as for every request. */
static bool decide(struct asked *a)
{
	const struct explain_request *request = a->request;
	const struct decision_rules rules = {request->config, a->rules};
	uint64_t *granted = arena_zalloc(request->arena,
		(rulebook_words(a->rules) + 1) * sizeof(*granted));
	const struct decision_client client = {.auth = request->auth,
		.granted = granted,
		.sni = request->sni,
		.group = request->group,
		.listener = request->listener};

	if (!granted) {
		a->no_memory = true;
		return false;
	}
	rulebook_judge(a->rules, request->auth, request->leaf, request->arena,
		granted);
	decision_make(&rules, &client, &a->head, request->arena, &a->decision);
	a->no_memory |= a->decision.failure == FAILURE_MEMORY;
	return !a->no_memory;
}

static void tell(struct asked *a)
{
	const struct decision *decision = &a->decision;

	/* that list is complete already */
	if (decision->failure == FAILURE_CERT_REFUSED)
		return;
	tell_name(a);
	if (decision->failure == FAILURE_MISDIRECTED)
		return;
	if (decision->rule != HTTP_RULE_NONE) {
		fail_step(a, REMEDY_ROUTE,
			http_rule_info(decision->rule)->sentence);
		return;
	}
	tell_route(a);
	if (decision->route)
		tell_policy(a);
}

/* As the access log names them. */
static void tell_facts(struct asked *a)
{
	const struct route *route = a->decision.route;

	if (a->no_memory || !route)
		return;
	if (*route->name)
		explain_list_fact(a->list, "route", route->name);
	if (route->policy != ROUTE_NONE)
		explain_list_fact(a->list, "policy",
			rulebook_policy_name(a->rules, route->policy));
}

bool explain_request(const struct explain_request *request,
	const struct rulebook *rules, struct explain_list *list)
{
	struct asked a = {
		.request = request, .rules = rules, .list = list, .ignore = ""};

	if (read_request(&a) && decide(&a))
		tell(&a);
	tell_facts(&a);
	return !a.no_memory;
}
