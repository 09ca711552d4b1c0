#include "cli/explain_request.h"

#include "base/arena.h"
#include "cli/explain_list.h"
#include "cli/explain_options.h"
#include "config/config.h"
#include "http/target.h"
#include "policy/authz.h"
#include "policy/path.h"
#include "policy/rulebook.h"
#include "proxy/failure.h"
#include "tls/client_auth.h"
#include "tls/tls_sni.h"

/* One request in the making. */
struct asked {
	const struct explain_request *request;
	const struct rulebook *rules;
	struct explain_list *list;
	const struct route *route; /* NULL: none */
	const char *ignore;        /* "dry run: " before each line */
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

/* What helps; the words of failures are not those of certificates. */
static const char *todo_of(enum failure failure)
{
	switch (failure) {
	case FAILURE_MISDIRECTED:
		return "Let the client open a connection with that server "
		       "name, or let one certificate group cover both names.";
	case FAILURE_NO_ROUTE:
		return "Compare host, path and method with the routes of the "
		       "configuration.";
	case FAILURE_POLICY:
		return "Compare the matchers above with the certificate; issue "
		       "it with what the policy asks for, or change the "
		       "policy.";
	case FAILURE_CERTIFICATE:
		return "Let the client show a certificate that verifies, or "
		       "say certificate: not_needed at the route.";
	default:
		return "Let the client send it in the one form that is taken "
		       "(docs/policies.md).";
	}
}

/* It ends here: the answer of that failure. */
static void refuse(struct asked *a, enum failure failure, const char *because)
{
	const struct failure_info *info = failure_info(failure);
	struct explain_list *list = a->list;

	list->allowed = false;
	list->verify = NULL;
	list->status = info->status;
	list->because = list->reason = keep(a, because);
	list->code = info->word;
	list->depth = -1;
	list->cause = info->sentence;
	list->todo = todo_of(failure);
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
static void tell_routes(struct asked *a, const struct route_request *request)
{
	const struct route_table *table = rulebook_routes(a->rules);

	for (size_t i = 0; i < route_count(table); i++) {
		const struct route *route = route_at(table, i);
		enum route_miss miss = route_explain(table, i, request);

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
	const struct route *route = a->route;
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

/* The path in its one form; false: the request ends here. */
static bool read_path(struct asked *a, struct path *path)
{
	const char *typed = a->request->options->path;
	struct slice target = slice_str(typed ? typed : "/");

	*path = (struct path){
		.target = target, .judged = target, .bare = target};
	if (!route_table_judges_paths(rulebook_routes(a->rules)) ||
		slice_eq(target, SLICE("*")))
		return true;
	switch (path_read(target, a->request->arena, path)) {
	case PATH_GOOD:
		return true;
	case PATH_NO_MEMORY:
		a->no_memory = true;
		return false;
	case PATH_AMBIGUOUS:
		break;
	}
	set(a, REMEDY_ROUTE, EXPLAIN_FAIL,
		"the path can be read in more than one way");
	refuse(a, FAILURE_BAD_REQUEST,
		"the path can be read in more than one way");
	return false;
}

static struct route_request request_of(const struct asked *a, struct slice path)
{
	const struct explain_options *options = a->request->options;

	return (struct route_request){.listener = a->request->listener,
		.authority = slice_str(options->host),
		.method = slice_str(options->method ? options->method : "GET"),
		.path = path};
}

/* false: the request ends here. */
static bool find_route(struct asked *a)
{
	const struct route_table *table = rulebook_routes(a->rules);
	struct route_request as_judged, as_bare;
	struct path path;

	if (!read_path(a, &path))
		return false;
	as_judged = request_of(a, path.judged);
	as_bare = request_of(a, path.bare);
	a->route = route_find(table, &as_judged);
	if (route_find(table, &as_bare) != a->route) {
		set(a, REMEDY_ROUTE, EXPLAIN_FAIL,
			"the path leads elsewhere without its parameters");
		refuse(a, FAILURE_BAD_REQUEST,
			"the path leads elsewhere without its parameters");
		return false;
	}
	set(a, REMEDY_ROUTE, a->route ? EXPLAIN_PASS : EXPLAIN_FAIL,
		a->route ? route_text(a) : "no route leads there");
	if (!slice_eq(path.target, slice_str(a->request->options->path
						     ? a->request->options->path
						     : "/")))
		line(a, REMEDY_ROUTE,
			arena_printf(a->request->arena,
				"the path is read as %.*s",
				SLICE_FMT(path.target)));
	tell_routes(a, &as_judged);
	return true;
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

static bool trace(struct asked *a, uint32_t policy, const char *prefix)
{
	const struct explain_request *request = a->request;

	a->ignore = prefix;
	return request->auth->state == CLIENT_AUTH_OK && request->leaf &&
	       policy_trace(rulebook_policy(a->rules, policy), request->leaf,
		       request->arena, tell_step, a);
}

static const char *policy_text(struct asked *a, bool holds)
{
	const struct route *route = a->route;

	if (route->policy != ROUTE_NONE)
		return arena_printf(a->request->arena, "\"%s\" %s",
			rulebook_policy_name(a->rules, route->policy),
			holds ? "holds" : "does not hold");
	return route->needs_certificate
		       ? "none named; a certificate that verified is needed"
		       : "none named, and no certificate is needed";
}

static void tell_dry_run(struct asked *a)
{
	uint32_t policy = a->route->dry_run;

	if (policy == ROUTE_NONE)
		return;
	line(a, REMEDY_POLICY,
		arena_printf(a->request->arena,
			"dry run of \"%s\": it %s, which only counts",
			rulebook_policy_name(a->rules, policy),
			trace(a, policy, "dry run, ") ? "holds"
						      : "does not hold"));
}

/* A route that answers by itself forwards nothing. */
static void tell_answer(struct asked *a)
{
	const struct route *route = a->route;

	if (route->origin != ROUTE_NONE || !route->settings)
		return;
	a->list->status = (int)route->settings->respond_status;
	a->list->verify = NULL;
	a->list->because = "the route answers by itself";
}

/* The same question as for every request. */
static void judge(struct asked *a)
{
	const struct explain_request *request = a->request;
	uint64_t *granted = arena_zalloc(request->arena,
		(rulebook_words(a->rules) + 1) * sizeof(*granted));
	struct verdict verdict;
	bool holds = true;

	if (!granted) {
		a->no_memory = true;
		return;
	}
	rulebook_judge(a->rules, request->auth, request->leaf, request->arena,
		granted);
	verdict = authz_decide(a->route, request->auth, granted);
	if (verdict.reason == AUTHZ_NO_ROUTE) {
		refuse(a, FAILURE_NO_ROUTE, "no route leads there");
		return;
	}
	if (a->route->policy != ROUTE_NONE)
		holds = trace(a, a->route->policy, "");
	set(a, REMEDY_POLICY, verdict.allow ? EXPLAIN_PASS : EXPLAIN_FAIL,
		policy_text(a, holds));
	tell_dry_run(a);
	if (verdict.reason == AUTHZ_POLICY)
		refuse(a, FAILURE_POLICY,
			arena_printf(request->arena,
				"the policy \"%s\" of the route does not hold",
				rulebook_policy_name(
					a->rules, a->route->policy)));
	else if (!verdict.allow)
		refuse(a, FAILURE_CERTIFICATE,
			"the route needs a certificate that verified");
	else
		tell_answer(a);
}

/* ---- the name (R15) ---- */

/* The server name of the handshake: as typed, else the host's. */
static struct slice server_name(const struct asked *a)
{
	const struct explain_options *options = a->request->options;

	return options->sni ? slice_str(options->sni)
			    : target_host(slice_str(options->host));
}

/* The group that a client of that name gets; false: none. */
static bool find_group(const struct tls_sni *sni, struct slice name, size_t *at)
{
	for (*at = 0; *at < tls_sni_groups(sni); (*at)++) {
		if (tls_sni_serves(sni, *at, name))
			return true;
	}
	*at = 0;
	return false;
}

static bool refuse_name(struct asked *a, const char *text)
{
	set(a, REMEDY_NAME, EXPLAIN_FAIL, text);
	refuse(a, FAILURE_MISDIRECTED, text);
	return false;
}

/* false: the request ends here. */
static bool judge_name(struct asked *a)
{
	const struct tls_sni *sni = a->request->sni;
	struct slice host = target_host(slice_str(a->request->options->host));
	struct slice name = server_name(a);
	bool known;
	size_t group;

	if (!sni) {
		set(a, REMEDY_NAME, EXPLAIN_PASS,
			"one group of certificates serves every name");
		return true;
	}
	known = find_group(sni, name, &group);
	if (!tls_sni_serves(sni, group, host))
		return refuse_name(a,
			known ? "the host is served under another server name "
				"than that of the handshake"
			      : "no certificate is for that name, and "
				"unknown_server_name says reject");
	set(a, REMEDY_NAME, EXPLAIN_PASS,
		arena_printf(a->request->arena,
			"server name %.*s and host agree", SLICE_FMT(name)));
	return true;
}

/* ---- all of it ---- */

bool explain_request(const struct explain_request *request,
	const struct rulebook *rules, struct explain_list *list)
{
	struct asked a = {
		.request = request, .rules = rules, .list = list, .ignore = ""};

	if (!target_authority_valid(slice_str(request->options->host))) {
		set(&a, REMEDY_NAME, EXPLAIN_FAIL,
			"this is no host as a request may name it");
		refuse(&a, FAILURE_BAD_REQUEST,
			"the host is not one that a request may name");
		return !a.no_memory;
	}
	if (judge_name(&a) && find_route(&a))
		judge(&a);
	return !a.no_memory;
}
