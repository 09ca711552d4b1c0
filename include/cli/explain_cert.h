/*
 * explain_cert: a certificate held against a configuration, step by step.
 */
#ifndef MTLSGATE_CLI_EXPLAIN_CERT_H
#define MTLSGATE_CLI_EXPLAIN_CERT_H

struct explain_options;

/*
 * options->config is given, and cert or no_cert. Loads the configuration and
 * every file it names exactly as `run` does; the report goes to stdout,
 * problems to stderr. Returns the exit code (cli/explain.h).
 */
int explain_cert(const struct explain_options *options);

#endif
