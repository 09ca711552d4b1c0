#include "policy/rulebook.h"

#include <assert.h>

#include "base/arena.h"
#include "config/config_problem.h"
#include "tls/client_auth.h"

struct rulebook {
	struct arena *arena; /* this lies in it */
	const struct config *config;
	struct policy **policies;
	size_t count;
	struct route_table *routes;
	bool extensions;
};

static struct rulebook *book_new(const struct config *config)
{
	struct arena *arena = arena_new(NULL);
	struct rulebook *book = NULL;

	if (arena)
		book = arena_zalloc(arena, sizeof(*book));
	if (!book) {
		arena_free(arena);
		return NULL;
	}
	book->arena = arena;
	book->config = config;
	return book;
}

/* Also when a policy is wrong: one run tells of all that is. */
static bool fill(struct rulebook *book, struct config_problems *problems)
{
	const struct config *config = book->config;
	bool ok = true;

	book->policies = arena_zalloc(book->arena,
		(config->policy_count + 1) * sizeof(struct policy *));
	if (!book->policies)
		return false;
	for (; book->count < config->policy_count; book->count++) {
		struct policy *policy = policy_new(
			&config->policies[book->count], book->arena, problems);

		ok = ok && policy;
		book->policies[book->count] = policy;
		book->extensions |= policy && policy_needs_extensions(policy);
	}
	book->routes = route_table_new(config, book->arena, problems);
	return ok && book->routes;
}

struct rulebook *rulebook_new(
	const struct config *config, struct config_problems *problems)
{
	struct rulebook *book = book_new(config);
	size_t before = config_problems_errors(problems);

	if (book && fill(book, problems))
		return book;
	if (config_problems_errors(problems) == before)
		config_problem(problems, CONFIG_ERROR, EXIT_CODE_INTERNAL,
			(struct config_mark){.file = config->path},
			"out of memory");
	rulebook_free(book);
	return NULL;
}

void rulebook_free(struct rulebook *book)
{
	if (book)
		arena_free(book->arena);
}

size_t rulebook_words(const struct rulebook *book)
{
	return (book->count + 63) / 64;
}

bool rulebook_needs_extensions(const struct rulebook *book)
{
	return book->extensions;
}

void rulebook_judge(const struct rulebook *book, const struct client_auth *auth,
	const struct cert_info *leaf, struct arena *scratch, uint64_t *granted)
{
	for (size_t i = 0; i < rulebook_words(book); i++)
		granted[i] = 0;
	if (auth->state != CLIENT_AUTH_OK || !leaf)
		return;
	for (size_t i = 0; i < book->count; i++) {
		if (policy_holds(book->policies[i], leaf, scratch))
			granted[i / 64] |= UINT64_C(1) << i % 64;
	}
}

bool rulebook_granted(const uint64_t *granted, uint32_t policy)
{
	return granted && policy != ROUTE_NONE &&
	       granted[policy / 64] >> policy % 64 & 1;
}

const struct route_table *rulebook_routes(const struct rulebook *book)
{
	return book->routes;
}

const struct policy *rulebook_policy(
	const struct rulebook *book, uint32_t policy)
{
	assert(policy < book->count);
	return book->policies[policy];
}

const char *rulebook_policy_name(const struct rulebook *book, uint32_t policy)
{
	assert(policy < book->count);
	return book->config->policies[policy].name;
}
