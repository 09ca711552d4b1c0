/*
 * explain: `mtlsgate explain`: why is this client let through, or not?
 *
 * A certificate of a file is held against a configuration (cli/explain_cert);
 * nothing is connected to.
 */
#ifndef MTLSGATE_CLI_EXPLAIN_H
#define MTLSGATE_CLI_EXPLAIN_H

/*
 * With --last or --id it tells of real refusals instead (cli/explain_last).
 *
 * argv[0] is "explain". Returns the exit code of the program: 0 the client is
 * let through, 1 it is refused, 64 wrong use, 66 a file is missing or holds
 * no certificate, 70 internal, 77 a file must not be read, 78 the
 * configuration is wrong.
 */
int cli_explain(int argc, char **argv);

#endif
