/*
 * problems_text: a list of problems as it would be printed, for comparisons.
 */
#ifndef MTLSGATE_FAKE_PROBLEMS_TEXT_H
#define MTLSGATE_FAKE_PROBLEMS_TEXT_H

struct config_problems;

/* The printed list; the caller frees it. Fails the test on no memory. */
char *problems_text(struct config_problems *problems);
/* The list must print as `want`. */
void expect_problems(struct config_problems *problems, const char *want);

#endif
