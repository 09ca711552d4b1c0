/* client: the PROXY header of one that comes through a proxy. */
#include "client_priv.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "net/addr_net.h"
#include "net/proxy_protocol.h"
#include "proxy/exchange.h"

struct client_preface {
	int fd; /* -1: handed on, or closed */
	struct loop_watch watch;
	struct addr peer;
	char text[ADDR_TEXT]; /* peer, printed */
};

_Static_assert(sizeof(struct client) % _Alignof(struct client_preface) == 0,
	"it lies behind the client");

size_t client_preface_size(void)
{
	return sizeof(struct client_preface);
}

static const struct client_preface *preface_of(const struct client *client)
{
	assert(client->fronted);
	return (const struct client_preface *)(const void *)(client + 1);
}

static struct client_preface *own_preface(struct client *client)
{
	assert(client->fronted);
	return (struct client_preface *)(void *)(client + 1);
}

static const struct config *config_of(const struct client_env *env)
{
	return env->exchange->config;
}

bool client_preface_due(
	const struct client_env *env, size_t listener, const struct addr *peer)
{
	const struct config_listener *l = &config_of(env)->listeners[listener];

	for (size_t i = 0; i < l->proxy_from.count; i++) {
		if (addr_net_has(&l->proxy_nets[i], peer))
			return true;
	}
	return false;
}

struct slice client_announcer(const struct client *client)
{
	return client->fronted ? slice_str(preface_of(client)->text)
			       : slice_of(NULL, 0);
}

/* ---- the end ---- */

void client_count_header(const struct client *client, unsigned rule)
{
	metrics_add(&client->env->exchange->metrics->proxy[rule], 1);
}

/* Takes the descriptor from it. */
static int let_go(struct client_preface *preface)
{
	int fd = preface->fd;

	loop_unwatch(&preface->watch);
	preface->fd = -1;
	return fd;
}

void client_preface_close(struct client *client)
{
	if (client->state == CLIENT_PREFACE && own_preface(client)->fd >= 0)
		close(let_go(own_preface(client)));
}

static void refuse(struct client *client, enum proxy_rule rule)
{
	struct client_env *env = client->env;
	const struct config_listener *listener =
		&config_of(env)->listeners[client->listener];
	uint64_t held;

	client_count_header(client, rule);
	if (log_bucket_take(
		    &env->handshakes, loop_now_ms(env->exchange->loop), &held))
		LOG(LOG_LEVEL_WARN, "proxy_header_refused",
			LOG_STR("conn", client->id),
			LOG_SLICE("peer", client_announcer(client)),
			LOG_STR("listener", listener->name),
			LOG_STR("rule", proxy_rule_info(rule)->name),
			LOG_STR("reason", proxy_rule_info(rule)->text),
			LOG_U64("suppressed", held));
	client_end(client, STREAM_ABORT);
}

void client_preface_late(struct client *client)
{
	refuse(client, PROXY_RULE_LATE);
}

/* ---- the header ---- */

/* Bytes that were peeked at are there: they come at once. */
static bool skip(int fd, char *bytes, size_t len)
{
	while (len) {
		ssize_t n = recv(fd, bytes, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		len -= (size_t)n;
	}
	return true;
}

/* Counted from now on under its own address; false: it has to go. */
static bool admit(struct client *client, const struct addr *addr)
{
	struct client_env *env = client->env;
	enum admission_verdict verdict = admission_announce(
		env->admission, env->slot, &config_of(env)->limits, addr);

	if (verdict == ADMISSION_OK) {
		client_set_address(client, addr);
		return true;
	}
	client_overload(env, addr, verdict);
	client_end(client, STREAM_ABORT);
	return false;
}

static void complete(struct client *client, const struct proxy_header *header)
{
	struct client_preface *preface = own_preface(client);
	const struct addr *addr =
		header->client.len ? &header->client : &preface->peer;

	client_count(client->env, METRIC_PROXY_HEADERS);
	if (!admit(client, addr))
		return;
	client->state = CLIENT_HANDSHAKE;
	if (client_connect(client, let_go(preface)))
		return;
	client_log_broken(client, "out of memory");
	client_end(client, STREAM_ABORT);
}

static void on_ready(void *arg, unsigned ready)
{
	struct client *client = arg;
	struct client_preface *preface = own_preface(client);
	char bytes[PROXY_PROTOCOL_MAX];
	struct proxy_header header;
	enum proxy_rule rule;
	ssize_t n;

	(void)ready;
	assert(client->magic == CLIENT_MAGIC &&
		client->state == CLIENT_PREFACE);
	do {
		n = recv(preface->fd, bytes, sizeof(bytes), MSG_PEEK);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return;
	rule = n > 0 ? proxy_protocol_read(slice_of(bytes, (size_t)n), &header)
		     : PROXY_RULE_CLOSED;
	/* no more will come behind what is there */
	if (rule == PROXY_RULE_MORE && ready & LOOP_CLOSED)
		rule = PROXY_RULE_CLOSED;
	if (rule == PROXY_RULE_MORE)
		return;
	if (rule == PROXY_RULE_NONE && !skip(preface->fd, bytes, header.len))
		rule = PROXY_RULE_CLOSED;
	if (rule == PROXY_RULE_NONE)
		complete(client, &header);
	else
		refuse(client, rule);
}

bool client_preface_begin(
	struct client *client, int fd, const struct addr *peer)
{
	struct client_preface *preface = own_preface(client);

	preface->fd = fd;
	preface->peer = *peer;
	addr_print(peer, preface->text);
	if (loop_watch(client->env->exchange->loop, &preface->watch, fd,
		    on_ready, client))
		return true;
	close(fd);
	preface->fd = -1;
	return false;
}
