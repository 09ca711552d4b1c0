/*
 * explain_setup: a configuration and every file it names, loaded exactly as
 * `run` does, for an explanation.
 */
#ifndef MTLSGATE_CLI_EXPLAIN_SETUP_H
#define MTLSGATE_CLI_EXPLAIN_SETUP_H

struct config;
struct config_listener;
struct config_problems;
struct explain_options;
struct rulebook;
struct tls_context;
struct trust;

struct explain_setup {
	struct config_problems *problems;
	struct config *config;
	const struct config_listener *listener; /* the one asked for */
	struct rulebook *rules;
	struct tls_context *context; /* of the listener */
	struct trust *trust;         /* of the listener; NULL: disabled */
};

/*
 * Fills *setup. -1: all is there; else the exit code of the program, and
 * stderr says what is wrong: warnings are for `check`. In both cases the caller
 * gives it back with explain_setup_free.
 */
int explain_setup_load(
	struct explain_setup *setup, const struct explain_options *options);
void explain_setup_free(struct explain_setup *setup);

#endif
