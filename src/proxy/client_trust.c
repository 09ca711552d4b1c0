/* client: what a reload that changes trust does to those who are here (R13). */
#include "client_priv.h"

#include <assert.h>

/* Idle connections go one after the other, so that not all of them come back
 * at once. */
enum { SPREAD_MS = 2000 };

bool client_distrusted(const struct client *client)
{
	const bool *distrusted = client->env->distrusted;

	return distrusted && distrusted[client->listener];
}

void client_tell_distrust(struct client *client, int64_t idle_ms)
{
	assert(client->state == CLIENT_OPEN);
	client_count(client->env, METRIC_TRUST_CHANGED_CLOSES);
	client->session->ops->drain(client->session, idle_ms);
}

static size_t count_open(const struct client_env *env, size_t listener)
{
	size_t count = 0;

	for (const struct client *c = env->clients; c; c = c->next)
		count += c->listener == listener && c->state == CLIENT_OPEN;
	return count;
}

void client_distrust_all(struct client_env *env, size_t listener)
{
	size_t count = count_open(env, listener), told = 0;
	struct client *client = env->clients;

	if (env->distrusted[listener])
		return;
	env->distrusted[listener] = true;
	while (client) {
		struct client *next = client->next;

		/* whoever still shakes hands is told when that is done */
		if (client->listener == listener &&
			client->state == CLIENT_OPEN)
			client_tell_distrust(client,
				1 + (int64_t)(++told * SPREAD_MS / count));
		client = next;
	}
}
