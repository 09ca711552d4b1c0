/*
 * h1_judge: the codec run over raw bytes as a server would run it: head, body,
 * trailers, message after message. Shared by unit tests, the fuzzers and
 * tests/tools/h1_check.
 */
#ifndef MTLSGATE_TESTS_H1_JUDGE_H
#define MTLSGATE_TESTS_H1_JUDGE_H

#include "http/h1_body.h"
#include "http/h1_parse.h"

enum h1_end {
	H1_END_DONE, /* the message is complete */
	H1_END_CUT,  /* bytes are missing */
	H1_END_BAD,  /* rule and offset tell */
};

struct h1_verdict {
	enum h1_end end;
	enum http_rule rule;
	size_t offset; /* from the begin of the message */
	size_t len;    /* bytes of the message, when done */
	uint64_t body; /* its data bytes */
	bool close;    /* no further message may follow */
	bool head_done;
	struct message message; /* lies in the arena */
	struct header_block trailers;
};

extern const struct http_limits h1_judge_limits; /* of the defaults */

/*
 * One message from the front of `bytes`; method is the request's that a
 * response answers. `piece`: bytes shown at a time, 0: all at once.
 */
struct h1_verdict h1_judge(enum h1_kind kind, enum method method,
	struct slice bytes, size_t piece, const struct http_limits *limits,
	struct arena *arena);

#endif
