/*
 * run: `mtlsgate run`: serve, in the foreground, until a signal ends it.
 */
#ifndef MTLSGATE_CLI_RUN_H
#define MTLSGATE_CLI_RUN_H

/*
 * argv[0] is "run". What is wrong with the configuration goes to stderr as
 * `check` prints it. Returns the exit code of the program.
 */
int cli_run(int argc, char **argv);

#endif
