/*
 * guess: what was meant by a word or an option that there is not.
 */
#ifndef MTLSGATE_CLI_GUESS_H
#define MTLSGATE_CLI_GUESS_H

struct option;

/* The nearest of `words` (ended by NULL), or NULL when none is near. */
const char *guess_word(const char *typed, const char *const *words);

/*
 * Behind a getopt_long that answered '?' or ':': says on stderr what is wrong
 * with the option, and which one was meant. command: "run".
 */
void guess_option(const char *command, int answer, char **argv,
	const struct option *options);

#endif
