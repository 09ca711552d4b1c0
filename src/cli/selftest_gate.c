#include "cli/selftest_gate.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"
#include "cli/echo_origin.h"
#include "config/config_load.h"
#include "config/config_problem.h"
#include "daemon/channel.h"
#include "daemon/ocsp_desk.h"
#include "net/conn.h"
#include "net/sock.h"
#include "policy/cert_headers.h"
#include "policy/rulebook.h"
#include "proxy/admission.h"
#include "proxy/metrics.h"
#include "proxy/proxy.h"
#include "tls/tls_context.h"

enum { ACCEPT_BURST = 32, PEERS = 64 };

struct door {
	struct selftest_gate *gate;
	size_t listener;
	struct loop_watch watch;
	int fd;
	uint16_t port;
};

struct selftest_gate {
	struct loop *loop;
	struct config *config;
	struct rulebook *rules;
	struct tls_context **contexts; /* one per listener */
	struct door *doors;            /* the same */
	struct echo_origin **origins;  /* one per origin */
	struct addr *origin_addrs;
	struct metrics metrics;
	struct admission *admission; /* its own memory */
	struct proxy *proxy;
	struct conn_io *desk_io;
	struct ocsp_desk *desk; /* NULL: nobody asks */
};

static bool no_memory(struct err *err)
{
	err_set(err, EXIT_CODE_INTERNAL, "out of memory");
	return false;
}

/* ---- the configuration ---- */

static void problems_to_err(struct config_problems *problems, struct err *err)
{
	struct buf text = {0};

	if (config_problems_print(problems, &text))
		err_set(err, config_problems_exit(problems), "%.*s",
			SLICE_FMT(buf_bytes(&text)));
	else
		(void)no_memory(err);
	buf_fini(&text);
}

static bool make_contexts(
	struct selftest_gate *gate, struct config_problems *problems)
{
	const struct config *config = gate->config;

	if (!tls_library_init(config->listeners->tls.openssl_config.text)) {
		config_problem(problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			config->listeners->tls.openssl_config.mark,
			"tls.openssl_config cannot be used by OpenSSL");
		return false;
	}
	gate->contexts = calloc(
		config->listener_count + 1, sizeof(struct tls_context *));
	for (size_t i = 0; gate->contexts && i < config->listener_count; i++) {
		const struct config_listener *listener = &config->listeners[i];
		const struct tls_context_setup setup = {.listener = listener,
			.chain_needed = cert_headers_need_chain(
				&config->headers, listener->client_auth.mode)};

		gate->contexts[i] = tls_context_new(&setup, problems);
		if (!gate->contexts[i])
			return false;
	}
	return gate->contexts != NULL;
}

static bool gate_load(
	struct selftest_gate *gate, const char *path, struct err *err)
{
	struct config_problems *problems = config_problems_new();
	bool ok;

	if (!problems)
		return no_memory(err);
	gate->config = config_load(path, problems);
	if (gate->config)
		gate->rules = rulebook_new(gate->config, problems);
	ok = gate->rules && make_contexts(gate, problems);
	if (!ok)
		problems_to_err(problems, err);
	config_problems_free(problems);
	return ok;
}

/* ---- origins ---- */

/* The one change to the configuration: where its origins are. */
static bool make_origins(struct selftest_gate *gate, struct err *err)
{
	struct config *config = gate->config;

	gate->origins =
		calloc(config->origin_count + 1, sizeof(struct echo_origin *));
	gate->origin_addrs =
		calloc(config->origin_count + 1, sizeof(struct addr));
	if (!gate->origins || !gate->origin_addrs)
		return no_memory(err);
	for (size_t i = 0; i < config->origin_count; i++) {
		struct config_origin *origin = &config->origins[i];
		struct addr *addr = &gate->origin_addrs[i];

		gate->origins[i] = echo_origin_new(gate->loop, NULL, err);
		if (!gate->origins[i])
			return false;
		if (!addr_parse_ip(SLICE("127.0.0.1"),
			    echo_origin_port(gate->origins[i]), addr))
			return false;
		origin->addresses = addr;
		origin->address_count = 1;
		origin->server_count = 0; /* one, and plain */
	}
	return true;
}

/* ---- listeners ---- */

static void accept_cb(void *arg, unsigned ready)
{
	struct door *door = arg;

	(void)ready;
	for (int i = 0; i < ACCEPT_BURST; i++) {
		struct addr peer;
		int fd;

		if (sock_accept(door->fd, &fd, &peer) != SOCK_ACCEPTED)
			return;
		proxy_accept(door->gate->proxy, door->listener, fd, &peer);
	}
}

static bool open_door(struct door *door, struct err *err)
{
	const struct sock_listen how = {.backlog = 128};
	struct addr any, bound;

	if (!addr_parse(SLICE("127.0.0.1:0"), &any))
		return false;
	door->fd = sock_listen(&any, &how, &bound, err);
	if (door->fd < 0)
		return false;
	door->port = addr_port(&bound);
	return loop_watch_read(door->gate->loop, &door->watch, door->fd,
		       accept_cb, door) ||
	       no_memory(err);
}

static bool open_doors(struct selftest_gate *gate, struct err *err)
{
	size_t count = gate->config->listener_count;

	gate->doors = calloc(count + 1, sizeof(struct door));
	if (!gate->doors)
		return no_memory(err);
	for (size_t i = 0; i < count; i++)
		gate->doors[i] =
			(struct door){.gate = gate, .listener = i, .fd = -1};
	for (size_t i = 0; i < count; i++) {
		if (!open_door(&gate->doors[i], err))
			return false;
	}
	return true;
}

/* ---- all of it ---- */

/* admission_init wants a boundary of 64 bytes. */
static bool make_admission(struct selftest_gate *gate, struct err *err)
{
	size_t size = (admission_size(1, PEERS) + 63) / 64 * 64;
	void *memory = aligned_alloc(64, size);

	if (!memory)
		return no_memory(err);
	memset(memory, 0, size);
	gate->admission = admission_init(memory, 1, PEERS);
	return true;
}

static bool make_proxy(struct selftest_gate *gate, struct err *err)
{
	struct proxy_setup setup = {.loop = gate->loop,
		.config = gate->config,
		.rules = gate->rules,
		.contexts = gate->contexts,
		.metrics = &gate->metrics,
		.access_fd = -1};

	if (!make_admission(gate, err))
		return false;
	setup.admission = gate->admission;
	gate->proxy = proxy_new(&setup, err);
	return gate->proxy != NULL;
}

/* In the daemon it is the steward's. Nobody waits for the children of its
 * resolver, but it does not last. */
static bool make_desk(struct selftest_gate *gate, struct err *err)
{
	struct ocsp_desk_setup setup = {
		.loop = gate->loop, .config = gate->config};
	int ends[2];

	if (!config_asks_ocsp(gate->config))
		return true;
	setup.io = gate->desk_io = conn_io_new(gate->loop);
	if (setup.io)
		gate->desk = ocsp_desk_new(&setup);
	if (!gate->desk || !channel_pair(ends))
		return no_memory(err);
	ocsp_desk_add(gate->desk, ends[0]);
	proxy_set_steward(gate->proxy, ends[1]);
	return true;
}

struct selftest_gate *selftest_gate_new(
	struct loop *loop, const char *path, struct err *err)
{
	struct selftest_gate *gate = calloc(1, sizeof(*gate));

	(void)no_memory(err);
	if (!gate)
		return NULL;
	gate->loop = loop;
	if (gate_load(gate, path, err) && make_origins(gate, err) &&
		make_proxy(gate, err) && make_desk(gate, err) &&
		open_doors(gate, err))
		return gate;
	selftest_gate_free(gate);
	return NULL;
}

static void close_doors(struct selftest_gate *gate)
{
	for (size_t i = 0; gate->doors && i < gate->config->listener_count;
		i++) {
		loop_unwatch(&gate->doors[i].watch);
		if (gate->doors[i].fd >= 0)
			close(gate->doors[i].fd);
	}
	free(gate->doors);
}

void selftest_gate_free(struct selftest_gate *gate)
{
	if (!gate)
		return;
	close_doors(gate);
	proxy_free(gate->proxy);
	ocsp_desk_free(gate->desk);
	conn_io_free(gate->desk_io);
	for (size_t i = 0; gate->origins && gate->origins[i]; i++)
		echo_origin_free(gate->origins[i]);
	free(gate->origins);
	free(gate->origin_addrs);
	for (size_t i = 0; gate->contexts && gate->contexts[i]; i++)
		tls_context_free(gate->contexts[i]);
	free(gate->contexts);
	free(gate->admission);
	rulebook_free(gate->rules);
	config_free(gate->config);
	free(gate);
}

const struct config *selftest_gate_config(const struct selftest_gate *gate)
{
	return gate->config;
}

uint16_t selftest_gate_port(const struct selftest_gate *gate, size_t listener)
{
	return gate->doors[listener].port;
}
