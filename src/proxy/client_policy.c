/* client: which policies hold for it, once per connection. */
#include "client_priv.h"
#include "client_leaf_priv.h"

#include <stdlib.h>

#include "net/conn.h"
#include "policy/rulebook.h"

const struct cert_info *client_leaf(
	const struct client *client, bool extended, struct arena *arena)
{
	const struct rulebook *rules = client->env->exchange->rules;
	struct ssl_st *ssl = conn_ssl(client->conn);

	if (extended || rulebook_needs_extensions(rules))
		return client_auth_leaf_extended(&client->auth, ssl, arena);
	return client_auth_leaf(&client->auth, ssl, arena);
}

bool client_judge(struct client *client, const struct cert_info *leaf,
	struct arena *scratch)
{
	const struct rulebook *rules = client->env->exchange->rules;
	size_t words = rulebook_words(rules);

	if (!words || client->auth.state != CLIENT_AUTH_OK)
		return true;
	client->granted = calloc(words, sizeof(*client->granted));
	if (!client->granted)
		return false;
	rulebook_judge(rules, &client->auth, leaf, scratch, client->granted);
	return true;
}
