/*
 * h1_cases_priv: the parts of the table and the words it is written in.
 */
#ifndef MTLSGATE_TESTS_H1_CASES_PRIV_H
#define MTLSGATE_TESTS_H1_CASES_PRIV_H

#include "fake/h1_cases.h"

#define RAW(literal)                           \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}
#define NO(rule) HTTP_RULE_##rule
#define OK HTTP_RULE_NONE

#define V " HTTP/1.1\r\n"
#define H "Host: a\r\n"
#define E "\r\n"
#define E2 "\r\n\r\n"
#define G "GET /" V
#define P "POST /" V H
#define C P "Transfer-Encoding: chunked\r\n\r\n"

extern const struct h1_case h1_cases_line[];
extern const size_t h1_cases_line_count;
extern const struct h1_case h1_cases_field[];
extern const size_t h1_cases_field_count;
extern const struct h1_case h1_cases_body[];
extern const size_t h1_cases_body_count;

#endif
