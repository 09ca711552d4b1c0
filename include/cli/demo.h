/*
 * demo: `mtlsgate demo`: a whole set-up to try, without files and without
 * root: a throw-away CA, an echo origin, and the proxy in front of it.
 */
#ifndef MTLSGATE_CLI_DEMO_H
#define MTLSGATE_CLI_DEMO_H

/* argv[0] is "demo". Returns the exit code of the program. */
int cli_demo(int argc, char **argv);

#endif
