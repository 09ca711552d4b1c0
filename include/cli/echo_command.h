/*
 * echo_command: `mtlsgate echo-origin`: the echo origin as a program, for a
 * trial of a whole set-up (cli/selftest --url).
 */
#ifndef MTLSGATE_CLI_ECHO_COMMAND_H
#define MTLSGATE_CLI_ECHO_COMMAND_H

/* argv[0] is "echo-origin". Returns the exit code of the program. */
int cli_echo_origin(int argc, char **argv);

#endif
