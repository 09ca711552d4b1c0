/*
 * demo_gate: the proxy of `mtlsgate demo`, inside one process: the exact YAML
 * is written, loaded as `run` would load it, and served from the given loop.
 */
#ifndef MTLSGATE_CLI_DEMO_GATE_H
#define MTLSGATE_CLI_DEMO_GATE_H

#include <stdbool.h>
#include <stdint.h>

struct demo_gate;
struct err;
struct loop;
struct proxy_observer;

#define DEMO_GATE_CONFIG "mtlsgate.yaml"

struct demo_gate_setup { /* lent for the life of the gate */
	struct loop *loop;
	const char *dir; /* of demo_ca_write's files; the YAML goes there */
	uint16_t port;   /* 0: any free one */
	bool any_port_if_taken;
	uint16_t origin_port;
	const struct proxy_observer *observer; /* or NULL */
};

/* NULL with err filled. */
struct demo_gate *demo_gate_new(const struct demo_gate_setup *setup,
	struct err *err) __attribute__((warn_unused_result));
void demo_gate_free(struct demo_gate *gate); /* NULL is ignored */
uint16_t demo_gate_port(const struct demo_gate *gate);

#endif
