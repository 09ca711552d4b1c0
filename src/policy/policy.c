#include "policy/policy.h"

#include <string.h>

#include "base/arena.h"
#include "config/config_problem.h"

/* The matchers of one map. */
struct map {
	struct matcher **matchers;
	size_t count;
};

struct part {
	struct map *maps;
	size_t count;
};

struct policy {
	const struct config_policy *from;
	struct part parts[POLICY_PARTS];
	bool extensions;
};

const char *policy_part_name(enum policy_part part)
{
	static const char *const names[POLICY_PARTS] = {"all", "any", "none"};

	return names[part];
}

bool policy_needs_extensions(const struct policy *policy)
{
	return policy->extensions;
}

/* ---- compiling ---- */

struct compiler {
	struct policy *policy;
	struct arena *arena;
	struct config_problems *problems;
	bool failed;
};

static void complain(
	struct compiler *c, struct config_mark mark, const char *why)
{
	config_problem(c->problems, CONFIG_ERROR, EXIT_CODE_CONFIG, mark,
		"policies.%s: %s", c->policy->from->name, why);
	c->failed = true;
}

static bool no_memory(struct compiler *c)
{
	config_problem(c->problems, CONFIG_ERROR, EXIT_CODE_INTERNAL,
		c->policy->from->mark, "policies.%s: out of memory",
		c->policy->from->name);
	c->failed = true;
	return false;
}

static bool fill_map(struct compiler *c, struct map *map,
	const struct config_match *from, const char *where)
{
	map->matchers = arena_zalloc(
		c->arena, MATCHER_COUNT * sizeof(struct matcher *));
	if (!map->matchers)
		return no_memory(c);
	for (size_t kind = 0; kind < MATCHER_COUNT; kind++) {
		size_t before = config_problems_errors(c->problems);
		struct matcher *m;

		if (!from->values[kind].count)
			continue;
		m = matcher_new((enum config_matcher)kind, &from->values[kind],
			where, c->arena, c->problems);
		if (!m && config_problems_errors(c->problems) == before)
			return no_memory(c);
		c->failed |= !m;
		map->matchers[map->count++] = m;
		c->policy->extensions |=
			matcher_needs_extensions((enum config_matcher)kind);
	}
	if (!map->count)
		complain(c, from->mark,
			"holds a map without a value, which would say nothing");
	return true;
}

static bool fill_part(struct compiler *c, enum policy_part number,
	const struct config_match *from, size_t count)
{
	struct part *part = &c->policy->parts[number];

	part->maps = arena_zalloc(c->arena, (count + 1) * sizeof(*part->maps));
	if (!part->maps)
		return no_memory(c);
	part->count = count;
	for (size_t i = 0; i < count; i++) {
		const char *where = arena_printf(c->arena,
			"policies.%s.%s[%zu]", c->policy->from->name,
			policy_part_name(number), i);

		if (!where)
			return no_memory(c);
		if (!fill_map(c, &part->maps[i], &from[i], where))
			return false;
	}
	return true;
}

struct policy *policy_new(const struct config_policy *from, struct arena *arena,
	struct config_problems *problems)
{
	struct compiler c = {.arena = arena, .problems = problems};
	struct policy *policy = arena_zalloc(arena, sizeof(*policy));

	if (!policy) {
		config_problem(problems, CONFIG_ERROR, EXIT_CODE_INTERNAL,
			from->mark, "policies.%s: out of memory", from->name);
		return NULL;
	}
	policy->from = from;
	c.policy = policy;
	if (!fill_part(&c, POLICY_ALL, from->all, from->all_count) ||
		!fill_part(&c, POLICY_ANY, from->any, from->any_count) ||
		!fill_part(&c, POLICY_NONE, from->none, from->none_count))
		return NULL;
	if (!from->all_count && !from->any_count && !from->none_count)
		complain(
			&c, from->mark, "says nothing; write all, any or none");
	return c.failed ? NULL : policy;
}

/* ---- judging ---- */

/* All of them; one that clearly fails settles it. */
static enum match judge_map(const struct map *map, const struct cert_info *leaf,
	struct arena *scratch)
{
	enum match all = map->count ? MATCH_YES : MATCH_UNCLEAR;

	for (size_t i = 0; i < map->count; i++) {
		enum match one = matcher_judge(map->matchers[i], leaf, scratch);

		if (one == MATCH_NO)
			return MATCH_NO;
		if (one == MATCH_UNCLEAR)
			all = MATCH_UNCLEAR;
	}
	return all;
}

/* What one map adds to its part: goes on, or settles it. */
static bool settles(enum policy_part part, enum match map, bool *holds)
{
	switch (part) {
	case POLICY_ALL:
		*holds = map == MATCH_YES;
		return !*holds;
	case POLICY_ANY:
		*holds = map == MATCH_YES;
		return *holds;
	default:
		*holds = map == MATCH_NO;
		return !*holds;
	}
}

static bool part_holds(const struct policy *policy, enum policy_part number,
	const struct cert_info *leaf, struct arena *scratch)
{
	const struct part *part = &policy->parts[number];
	bool holds = true;

	for (size_t i = 0; i < part->count; i++) {
		if (settles(number, judge_map(&part->maps[i], leaf, scratch),
			    &holds))
			return holds;
	}
	return holds;
}

bool policy_holds(const struct policy *policy, const struct cert_info *leaf,
	struct arena *scratch)
{
	return leaf && part_holds(policy, POLICY_ALL, leaf, scratch) &&
	       part_holds(policy, POLICY_ANY, leaf, scratch) &&
	       part_holds(policy, POLICY_NONE, leaf, scratch);
}

bool policy_trace(const struct policy *policy, const struct cert_info *leaf,
	struct arena *scratch, policy_sink *sink, void *arg)
{
	for (unsigned number = 0; number < POLICY_PARTS; number++) {
		const struct part *part = &policy->parts[number];

		for (size_t i = 0; i < part->count; i++) {
			const struct map *map = &part->maps[i];
			struct policy_step step = {
				.part = (enum policy_part)number,
				.map = i,
				.map_outcome = judge_map(map, leaf, scratch)};

			for (size_t j = 0; j < map->count; j++) {
				const struct matcher *m = map->matchers[j];

				step.last = j + 1 == map->count;
				step.matcher = matcher_name(matcher_kind(m));
				step.wanted = matcher_values(m);
				step.actual = matcher_show(
					matcher_kind(m), leaf, scratch);
				step.outcome = matcher_judge(m, leaf, scratch);
				sink(arg, &step);
			}
		}
	}
	return policy_holds(policy, leaf, scratch);
}
