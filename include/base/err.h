/*
 * err: a failure that explains itself, for start-up paths.
 *
 * Code that runs once (loading, binding, forking) returns bool and fills a
 * struct err with a sentence a person can act on. Code that serves requests
 * returns an enumerated reason instead.
 */
#ifndef MTLSGATE_BASE_ERR_H
#define MTLSGATE_BASE_ERR_H

/* Exit codes of the program (sysexits.h values). */
enum exit_code {
	EXIT_CODE_OK = 0,
	EXIT_CODE_FAILED = 1, /* a check or a case did not pass */
	EXIT_CODE_USAGE = 64,
	EXIT_CODE_NO_INPUT = 66,    /* a file is missing */
	EXIT_CODE_UNAVAILABLE = 69, /* cannot bind, no origin */
	EXIT_CODE_INTERNAL = 70,
	EXIT_CODE_PERMISSION = 77,
	EXIT_CODE_CONFIG = 78,
};

struct err {
	enum exit_code code;
	char text[1024];
};

/* Fills err (lent; NULL is ignored). A text too long ends in "...". */
void err_set(struct err *err, enum exit_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text already there. */
void err_prefix(struct err *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
