/*
 * check: `mtlsgate check`: is this configuration fit to run?
 *
 * Everything that `run` would refuse before it binds an address is found
 * here, all of it in one go.
 */
#ifndef MTLSGATE_CLI_CHECK_H
#define MTLSGATE_CLI_CHECK_H

/*
 * argv[0] is "check". Problems go to stderr, the configuration in force
 * (--print) and JSON (--format json) to stdout. Returns the exit code of the
 * program: that of the first error by place.
 */
int cli_check(int argc, char **argv);

#endif
