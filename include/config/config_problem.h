/*
 * config_problem: the one list of everything wrong with a configuration.
 *
 * The loader, tls and policy add to it; check and run print it sorted by
 * place, as
 *   file:line:column: path: what was found; what is allowed
 *      14 |   requre_eku: clientAuth
 *         |   ^^^^^^^^^^ did you mean "require_eku"?
 *      note: a fact
 *
 * At most CONFIG_PROBLEMS_SHOWN are kept; the others are counted, and the
 * summary says so. Texts are copied, control bytes in them shown as '?'.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_PROBLEM_H
#define MTLSGATE_CONFIG_CONFIG_PROBLEM_H

#include <stdio.h>

#include "base/err.h"
#include "config/config.h"

struct config_problems;
struct buf;

enum { CONFIG_PROBLEMS_SHOWN = 500 };

enum config_severity { CONFIG_ERROR, CONFIG_WARNING };

struct config_problems *config_problems_new(void);
void config_problems_free(struct config_problems *list);

/* Lets the list print lines of this file; name and text are copied. */
void config_problems_source(
	struct config_problems *list, const char *file, struct slice text);

/*
 * Adds one; the text is formatted and copied. `code` is the exit code this
 * problem asks for (EXIT_CODE_CONFIG, _NO_INPUT, _PERMISSION ...); the
 * program exits with that of the first error by place.
 */
void config_problem(struct config_problems *list, enum config_severity severity,
	enum exit_code code, struct config_mark mark, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* Words shown under the caret of the problem added last, e.g. did you mean. */
void config_problem_hint(struct config_problems *list, size_t caret_len,
	const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A line "note: ..." behind the problem added last; several are allowed. */
void config_problem_note(struct config_problems *list, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

size_t config_problems_errors(const struct config_problems *list);
size_t config_problems_warnings(const struct config_problems *list);
/* --strict: every warning becomes an error. */
void config_problems_strict(struct config_problems *list);
/* EXIT_CODE_OK when there is no error. */
enum exit_code config_problems_exit(const struct config_problems *list);

/* Sorted, with source lines and the summary line. false: memory. */
bool config_problems_print(struct config_problems *list, struct buf *out)
	__attribute__((warn_unused_result));
/* {"problems":[{"file","line","column","severity","message","hint","note"}],
 *  "errors":N,"warnings":N}; without hint or note the value is null. */
bool config_problems_json(struct config_problems *list, struct buf *out)
	__attribute__((warn_unused_result));

#endif
