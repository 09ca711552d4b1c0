/*
 * selftest: `mtlsgate selftest`: does any forged header pass, and are the true
 * ones true? Asked of a private instance of a configuration, or of a running
 * one whose origin is `mtlsgate echo-origin`.
 */
#ifndef MTLSGATE_CLI_SELFTEST_H
#define MTLSGATE_CLI_SELFTEST_H

/* argv[0] is "selftest". Returns the exit code of the program: 0 all passed,
 * 1 something failed, else as `check`. */
int cli_selftest(int argc, char **argv);

#endif
