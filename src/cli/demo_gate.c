#include "cli/demo_gate.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"
#include "config/config_load.h"
#include "config/config_problem.h"
#include "net/sock.h"
#include "policy/rulebook.h"
#include "proxy/admission.h"
#include "proxy/metrics.h"
#include "proxy/proxy.h"
#include "tls/tls_context.h"

enum { ACCEPT_BURST = 32, PEERS = 64 };

struct demo_gate {
	struct loop *loop;
	struct config *config;
	struct rulebook *rules;
	struct tls_context *context;
	struct proxy *proxy;
	struct metrics metrics;
	struct admission *admission; /* its own memory */
	struct loop_watch watch;
	int fd;
	uint16_t port;
};

/* The listening socket comes first: the YAML names the port it got. */
static bool gate_listen(struct demo_gate *gate,
	const struct demo_gate_setup *setup, struct err *err)
{
	const struct sock_listen how = {.backlog = 128, .reuse_addr = true};
	struct addr addr, bound;

	if (!addr_parse_ip(SLICE("127.0.0.1"), setup->port, &addr))
		return false;
	gate->fd = sock_listen(&addr, &how, &bound, err);
	if (gate->fd < 0 && setup->any_port_if_taken) {
		addr_set_port(&addr, 0);
		gate->fd = sock_listen(&addr, &how, &bound, err);
	}
	if (gate->fd < 0)
		return false;
	gate->port = addr_port(&bound);
	return true;
}

static bool write_config(const struct demo_gate *gate,
	const struct demo_gate_setup *setup, char path[PATH_MAX],
	struct err *err)
{
	FILE *file;
	bool ok;

	snprintf(path, PATH_MAX, "%s/" DEMO_GATE_CONFIG, setup->dir);
	file = fopen(path, "we");
	if (!file) {
		err_set(err, EXIT_CODE_PERMISSION, "cannot write %s: %m", path);
		return false;
	}
	ok = fprintf(file,
		     "# Made by mtlsgate demo. Certificates beside this file "
		     "end after a week.\n"
		     "listen: 127.0.0.1:%u\n"
		     "tls:\n"
		     "  cert: server.pem\n"
		     "  key: server.key\n"
		     "client_auth: {ca: ca.pem}\n"
		     "origin: http://127.0.0.1:%u\n",
		     gate->port, setup->origin_port) > 0;
	if (fclose(file))
		ok = false;
	if (!ok)
		err_set(err, EXIT_CODE_UNAVAILABLE, "cannot write %s", path);
	return ok;
}

static void problems_to_err(struct config_problems *problems, struct err *err)
{
	struct buf text = {0};

	if (config_problems_print(problems, &text))
		err_set(err, config_problems_exit(problems), "%.*s",
			SLICE_FMT(buf_bytes(&text)));
	else
		err_set(err, EXIT_CODE_INTERNAL, "out of memory");
	buf_fini(&text);
}

static bool gate_load(struct demo_gate *gate, const char *path, struct err *err)
{
	struct config_problems *problems = config_problems_new();

	if (!problems) {
		err_set(err, EXIT_CODE_INTERNAL, "out of memory");
		return false;
	}
	gate->config = config_load(path, problems);
	if (gate->config)
		gate->rules = rulebook_new(gate->config, problems);
	if (gate->rules)
		gate->context = tls_context_new(
			&(struct tls_context_setup){
				.listener = &gate->config->listeners[0]},
			problems);
	if (!gate->context)
		problems_to_err(problems, err);
	config_problems_free(problems);
	return gate->context != NULL;
}

/* admission_init wants a boundary of 64 bytes. */
static bool gate_admission(struct demo_gate *gate, struct err *err)
{
	size_t size = (admission_size(1, PEERS) + 63) / 64 * 64;
	void *memory = aligned_alloc(64, size);

	if (!memory) {
		err_set(err, EXIT_CODE_INTERNAL, "out of memory");
		return false;
	}
	memset(memory, 0, size);
	gate->admission = admission_init(memory, 1, PEERS);
	return true;
}

static bool gate_serve(struct demo_gate *gate,
	const struct demo_gate_setup *setup, struct err *err)
{
	struct proxy_setup proxy = {.loop = setup->loop,
		.config = gate->config,
		.rules = gate->rules,
		.contexts = &gate->context,
		.metrics = &gate->metrics,
		.access_fd = -1,
		.observer = setup->observer};

	if (!gate_admission(gate, err))
		return false;
	proxy.admission = gate->admission;
	gate->proxy = proxy_new(&proxy, err);
	return gate->proxy != NULL;
}

static void accept_cb(void *arg, unsigned ready)
{
	struct demo_gate *gate = arg;

	(void)ready;
	for (int i = 0; i < ACCEPT_BURST; i++) {
		struct addr peer;
		int fd;

		if (sock_accept(gate->fd, &fd, &peer) != SOCK_ACCEPTED)
			return;
		proxy_accept(gate->proxy, 0, fd, &peer);
	}
}

struct demo_gate *demo_gate_new(
	const struct demo_gate_setup *setup, struct err *err)
{
	struct demo_gate *gate = calloc(1, sizeof(*gate));
	char path[PATH_MAX];

	err_set(err, EXIT_CODE_INTERNAL, "out of memory");
	if (!gate)
		return NULL;
	gate->loop = setup->loop;
	gate->fd = -1;
	if (gate_listen(gate, setup, err) &&
		write_config(gate, setup, path, err) &&
		gate_load(gate, path, err) && gate_serve(gate, setup, err) &&
		loop_watch_read(
			gate->loop, &gate->watch, gate->fd, accept_cb, gate))
		return gate;
	demo_gate_free(gate);
	return NULL;
}

void demo_gate_free(struct demo_gate *gate)
{
	if (!gate)
		return;
	loop_unwatch(&gate->watch);
	if (gate->fd >= 0)
		close(gate->fd);
	proxy_free(gate->proxy);
	tls_context_free(gate->context);
	rulebook_free(gate->rules);
	config_free(gate->config);
	free(gate->admission);
	free(gate);
}

uint16_t demo_gate_port(const struct demo_gate *gate)
{
	return gate->port;
}
