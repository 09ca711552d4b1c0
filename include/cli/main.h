/*
 * main: what a person types: the sub-command, found in one table.
 */
#ifndef MTLSGATE_CLI_MAIN_H
#define MTLSGATE_CLI_MAIN_H

/* The program; returns its exit code. */
int cli_main(int argc, char **argv);

#endif
