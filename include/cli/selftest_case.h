/*
 * selftest_case: forged requests, and what an echo origin says it got. Pure.
 */
#ifndef MTLSGATE_CLI_SELFTEST_CASE_H
#define MTLSGATE_CLI_SELFTEST_CASE_H

#include <stdbool.h>

#include "base/slice.h"

struct arena;
struct buf;
struct cert_info;

/* What every forged value begins with; a number follows. */
#define SELFTEST_FORGED "forged-by-selftest-"

enum { SELFTEST_NAME = 128 };

struct selftest_target {
	const char *host; /* as the request names it */
	const char *name; /* of the server, without a port */
	const char *path;
	const char *method; /* without a body */
};

/* ---- names ---- */

/* Names that are protected whatever the configuration says; NULL-ended. */
const char *const *selftest_protected(void);
/* So many ways to write a name; those from selftest_exact on hold a byte
 * besides letters, digits and '-'. */
unsigned selftest_spellings(void);
unsigned selftest_exact(void);
/* Writes one, NUL-terminated; false: too long, or it has no such spelling. */
bool selftest_spell(
	struct slice name, unsigned spelling, char out[SELFTEST_NAME]);

/* ---- requests ---- */

enum selftest_way {
	SELFTEST_PLAIN,     /* nothing forged */
	SELFTEST_SPELLED,   /* in upper and lower case, twice */
	SELFTEST_ALIASED,   /* with other bytes for each '-' */
	SELFTEST_NOMINATED, /* named by Connection */
	SELFTEST_TRAILER,   /* in the trailers of a body */
	SELFTEST_WAYS
};

/* Appends a request that forges `name` (not used by PLAIN) in that way and asks
 * for the connection to be closed; *forged counts the fields. false: memory. */
bool selftest_request(struct buf *out, const struct selftest_target *target,
	enum selftest_way way, struct slice name, unsigned *forged)
	__attribute__((warn_unused_result));

/* Requests that break the rules of HTTP to smuggle a name in. */
struct selftest_odd {
	const char *title;
	const char *head; /* behind the start line and Host */
	const char *method;
};
const struct selftest_odd *selftest_odd_at(size_t index); /* NULL: no more */
bool selftest_odd_request(struct buf *out, const struct selftest_target *target,
	const struct selftest_odd *odd) __attribute__((warn_unused_result));

/* ---- answers ---- */

/* The body of an answer of an echo origin; false: it is none. */
bool selftest_echo(struct slice answer, struct slice *echo);
/* Next field of an echo; trailers are told as fields. */
bool selftest_field(
	struct slice *rest, struct slice *name, struct slice *value);
/* Do two names fold to the same (R1)? */
bool selftest_same(struct slice a, struct slice b);
/* How often a field that folds to `name` arrived; *value: of the last. */
unsigned selftest_count(
	struct slice echo, struct slice name, struct slice *value);

/* ---- the truth ---- */

struct selftest_truth {
	const char *name;
	struct slice value;
};

enum { SELFTEST_TRUTHS = 32 };

/* What the headers of a verified leaf say; returns how many, 0: memory. */
unsigned selftest_truths(const struct cert_info *leaf, struct arena *arena,
	struct selftest_truth out[SELFTEST_TRUTHS])
	__attribute__((warn_unused_result));

#endif
