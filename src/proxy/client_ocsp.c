/*
 * client: behind the handshake, before the session: is the certificate
 * revoked? No request is read meanwhile.
 */
#include "client_priv.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "config/config.h"
#include "net/conn.h"
#include "proxy/ocsp_asker.h"
#include "tls/ocsp_question.h"

struct client_asking {
	struct ocsp_ask *ask; /* NULL: over */
	int64_t since_ms;
};

static int64_t now_ms(const struct client *client)
{
	return loop_now_ms(client->env->exchange->loop);
}

static void count_told(struct client *client, const struct ocsp_told *told)
{
	struct metrics *metrics = client->env->exchange->metrics;
	int64_t waited = now_ms(client) - client->asking->since_ms;

	metrics_add(&metrics->ocsp[told->result], 1);
	if (told->cached)
		client_count(client->env, METRIC_OCSP_CACHED);
	if (told->fetched)
		client_count(client->env, METRIC_OCSP_REQUESTS);
	if (waited > 0)
		metrics_add(
			&metrics->value[METRIC_OCSP_WAIT_MS], (uint64_t)waited);
}

void client_ask_over(struct client *client)
{
	if (client->asking->ask)
		ocsp_ask_cancel(client->asking->ask);
	free(client->asking);
	client->asking = NULL;
	client_uncount(client->env, METRIC_GAUGE_OCSP_PENDING);
}

static void hear(struct client *client, const struct ocsp_told *told)
{
	assert(client->state == CLIENT_ASKING);
	count_told(client, told);
	client_ask_over(client);
	client->ocsp = (uint8_t)told->result;
	client->state = CLIENT_HANDSHAKE; /* its last step follows */
	client_auth_told(&client->auth, told->result, told->until);
	if (!ocsp_result_is_answer(told->result) && !client->auth.refused)
		client_log_unanswered(client);
	client_admit(client);
}

static void on_told(void *owner, const struct ocsp_told *told)
{
	struct client *client = owner;

	assert(client->magic == CLIENT_MAGIC);
	client->asking->ask = NULL;
	hear(client, told);
}

static void give_up(struct client *client, enum ocsp_result why)
{
	const struct ocsp_told told = {.result = why};

	hear(client, &told);
}

void client_ask_late(struct client *client)
{
	give_up(client, OCSP_RESULT_TIMEOUT);
}

/* GOOD: the question is under way. */
static enum ocsp_result put_question(struct client *client)
{
	struct ocsp_asker *asker = client->env->asker;
	struct arena *arena = arena_new(client->env->exchange->arenas);
	struct ocsp_question question;
	enum ocsp_result result = OCSP_RESULT_INTERNAL;

	if (arena && asker)
		result = ocsp_question_of(
			conn_ssl(client->conn), arena, &question);
	if (result == OCSP_RESULT_GOOD)
		client->asking->ask = ocsp_ask_new(
			asker, client->listener, &question, on_told, client);
	arena_free(arena);
	if (result == OCSP_RESULT_GOOD && !client->asking->ask)
		return OCSP_RESULT_INTERNAL;
	return result;
}

/* false: memory. */
static bool begin_asking(struct client *client)
{
	client->asking = calloc(1, sizeof(*client->asking));
	if (!client->asking)
		return false;
	client->asking->since_ms = now_ms(client);
	client->state = CLIENT_ASKING;
	conn_pause(client->conn);
	client_count(client->env, METRIC_OCSP_QUESTIONS);
	client_count(client->env, METRIC_GAUGE_OCSP_PENDING);
	return true;
}

bool client_ask(struct client *client)
{
	enum ocsp_result result;

	if (!client_auth_asks(&client->auth))
		return false;
	if (!begin_asking(client)) {
		client_auth_told(&client->auth, OCSP_RESULT_INTERNAL, 0);
		return false;
	}
	result = put_question(client);
	if (result == OCSP_RESULT_GOOD &&
		!loop_timer_set(
			&client->timer, client->auth.settings->ocsp.timeout_ms))
		result = OCSP_RESULT_INTERNAL;
	if (result != OCSP_RESULT_GOOD)
		give_up(client, result);
	return true;
}
