/*
 * selftest_gate: a private instance of a configuration, in one process: every
 * listener on a free port of 127.0.0.1, every origin an echo origin of its
 * own, no admin address, no access log; all else as the file says.
 */
#ifndef MTLSGATE_CLI_SELFTEST_GATE_H
#define MTLSGATE_CLI_SELFTEST_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct err;
struct loop;
struct selftest_gate;

/* Loads and checks the file as `run` does. NULL with err filled. */
struct selftest_gate *selftest_gate_new(struct loop *loop, const char *path,
	struct err *err) __attribute__((warn_unused_result));
void selftest_gate_free(struct selftest_gate *gate); /* NULL is ignored */

/* With the addresses of the private instance; lent. */
const struct config *selftest_gate_config(const struct selftest_gate *gate);
/* Where that listener is reached, on 127.0.0.1. */
uint16_t selftest_gate_port(const struct selftest_gate *gate, size_t listener);

#endif
