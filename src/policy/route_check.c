/* What can be said of routes without any request. */
#include "route_priv.h"

#include "config/config_problem.h"
#include "policy/path.h"

enum { COMPARED_MAX = 2000 }; /* routes that are held against each other */

/* ---- one pattern and another ---- */

/* Is name one label (or, with many, several) in front of "."suffix? */
static bool is_below(struct slice name, struct slice suffix, bool many)
{
	struct slice front;

	if (name.len < suffix.len + 2 || !slice_ends(name, suffix) ||
		name.ptr[name.len - suffix.len - 1] != '.')
		return false;
	front = slice_head(name, name.len - suffix.len - 1);
	return many || slice_find(front, '.') == front.len;
}

bool route_host_covers(struct slice a, struct slice b)
{
	if (slice_eq(a, b))
		return true;
	if (slice_starts(a, SLICE("**.")))
		return is_below(b, slice_from(a, 3), true);
	if (slice_starts(a, SLICE("*.")) && !slice_starts(b, SLICE("**.")))
		return is_below(b, slice_from(a, 2), false);
	return false;
}

bool route_path_covers(struct slice a, struct slice b)
{
	struct slice left = a, right = b, one, other;

	for (;;) {
		bool more = path_next(&left, &one);
		bool other_more = path_next(&right, &other);

		if (more && slice_eq(one, SLICE("**")))
			return true;
		if (!more || !other_more)
			return more == other_more;
		if (slice_eq(other, SLICE("**")))
			return false;
		if (!slice_eq(one, SLICE("*")) && !slice_eq(one, other))
			return false;
	}
}

static bool all_covered(const struct slice *a, size_t a_count,
	const struct slice *b, size_t b_count,
	bool (*covers)(struct slice, struct slice))
{
	if (!a_count)
		return true;
	for (size_t i = 0; i < b_count; i++) {
		size_t j = 0;

		while (j < a_count && !covers(a[j], b[i]))
			j++;
		if (j == a_count)
			return false;
	}
	return b_count > 0;
}

static bool listeners_covered(const struct config *config,
	const struct route_rule *a, const struct route_rule *b)
{
	for (size_t i = 0; i < config->listener_count; i++) {
		if (route_rule_hears(b, i) && !route_rule_hears(a, i))
			return false;
	}
	return true;
}

static bool covers(const struct config *config, const struct route_rule *a,
	const struct route_rule *b)
{
	return all_covered(a->paths, a->path_count, b->paths, b->path_count,
		       route_path_covers) &&
	       all_covered(a->hosts, a->host_count, b->hosts, b->host_count,
		       route_host_covers) &&
	       all_covered(a->methods, a->method_count, b->methods,
		       b->method_count, slice_eq) &&
	       listeners_covered(config, a, b);
}

/* ---- rules that can never apply ---- */

static void complain(struct config_problems *problems,
	const struct route_rule *rule, const char *why)
{
	config_problem(problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
		rule->route.settings->mark, "routes.%s: %s", rule->route.name,
		why);
}

static void check_reached(const struct config *config,
	const struct route_rule *rules, size_t index,
	struct config_problems *problems)
{
	for (size_t i = 0; i < index; i++) {
		if (!covers(config, &rules[i], &rules[index]))
			continue;
		config_problem(problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			rules[index].route.settings->mark,
			"routes.%s: can never match; %s (line %u) stands "
			"before it and takes all that it would",
			rules[index].route.name, rules[i].route.name,
			rules[i].route.settings->mark.line);
		return;
	}
}

/* Is there a listener for it with, or without, that mode? */
static bool meets(const struct config *config, const struct route_rule *rule,
	enum client_auth_mode mode, bool with)
{
	for (size_t i = 0; i < config->listener_count; i++) {
		bool is = config->listeners[i].client_auth.mode == mode;

		if (route_rule_hears(rule, i) && is == with)
			return true;
	}
	return false;
}

static void check_certificate(const struct config *config,
	const struct route_rule *rule, struct config_problems *problems)
{
	const struct config_route *from = rule->route.settings;

	if (from->certificate == CERTIFICATE_NOT_NEEDED && from->policy.text)
		complain(problems, rule,
			"certificate: not_needed stands beside a policy, which "
			"nobody satisfies without a certificate");
	else if (from->certificate == CERTIFICATE_NOT_NEEDED &&
		 !meets(config, rule, CLIENT_AUTH_REQUIRE, false))
		complain(problems, rule,
			"certificate: not_needed can never apply; every "
			"listener that it can match has client_auth.mode: "
			"require");
	else if (rule->route.needs_certificate &&
		 !meets(config, rule, CLIENT_AUTH_DISABLED, false))
		complain(problems, rule,
			"needs a certificate, and every listener that it can "
			"match has client_auth.mode: disabled; it would refuse "
			"everybody");
}

/* ---- what no route names ---- */

static void warn_unused(struct config_problems *problems,
	struct config_mark mark, const char *what, const char *name)
{
	config_problem(problems, CONFIG_WARNING, EXIT_CODE_CONFIG, mark,
		"%s.%s: no route names it", what, name);
}

static void check_policies(const struct config *config,
	const struct route_rule *rules, size_t count,
	struct config_problems *problems)
{
	for (size_t i = 0; i < config->policy_count; i++) {
		size_t j = 0;

		while (j < count && rules[j].route.policy != i &&
			rules[j].route.dry_run != i)
			j++;
		if (j == count)
			warn_unused(problems, config->policies[i].mark,
				"policies", config->policies[i].name);
	}
}

static void check_origins(const struct config *config,
	const struct route_rule *rules, size_t count,
	struct config_problems *problems)
{
	for (size_t i = 0; count && i < config->origin_count; i++) {
		size_t j = 0;

		while (j < count && rules[j].route.origin != i)
			j++;
		if (j == count)
			warn_unused(problems, config->origins[i].mark,
				"origins", config->origins[i].name);
	}
}

void route_check(const struct config *config, const struct route_rule *rules,
	size_t count, struct config_problems *problems)
{
	for (size_t i = 0; i < count; i++) {
		check_certificate(config, &rules[i], problems);
		if (i < COMPARED_MAX)
			check_reached(config, rules, i, problems);
	}
	check_policies(config, rules, count, problems);
	check_origins(config, rules, count, problems);
}
