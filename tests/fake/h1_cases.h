/*
 * h1_cases: raw requests with the verdict that R8 asks for. One table for the
 * unit tests, the fuzz seeds and the comparison with other programs.
 */
#ifndef MTLSGATE_TESTS_H1_CASES_H
#define MTLSGATE_TESTS_H1_CASES_H

#include "base/slice.h"
#include "http/rule.h"

struct h1_case {
	const char *name;
	struct slice raw;
	enum http_rule rule; /* HTTP_RULE_NONE: to be accepted */
};

/* NULL behind the last one. */
const struct h1_case *h1_case_at(size_t index);

#endif
