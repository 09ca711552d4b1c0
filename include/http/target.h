/*
 * target: the pieces of a request target, checked (RFC 9112 section 3.2,
 * RFC 3986). Pure functions, used by every codec that reads requests.
 */
#ifndef MTLSGATE_HTTP_TARGET_H
#define MTLSGATE_HTTP_TARGET_H

#include "base/slice.h"

/*
 * host [":" port], neither empty. A host is letters, digits, '-', '.' and '_'
 * with no empty label (one '.' at the end may stand), or an IPv6 address in
 * brackets. This is less than reg-name of RFC 3986 section 3.2.2: routes are
 * chosen by name, so a name must have one spelling; pct-encoding, sub-delims,
 * user information and IPvFuture are refused. A port is 1 to 65535 without
 * leading zeros.
 */
bool target_authority_valid(struct slice authority);

/*
 * Do two valid authorities name the same place? Without case; a port that is
 * missing is the default one of `scheme` ("http": 80, otherwise 443).
 */
bool target_authority_agrees(
	struct slice a, struct slice b, struct slice scheme);

/* The authority without its port; IPv6 with its brackets. */
struct slice target_host(struct slice authority);

/*
 * Offset of the first byte that may not stand in an origin-form target, or
 * path.len when all may: "/", then pchar and '/', then after '?' also '?',
 * '[' and ']' (the last two are sent bare by many clients and mean nothing
 * there). Pct-encoding must be valid. Control bytes, blanks, '#', bytes from
 * 0x80 on and "<>\^`{|} are refused.
 */
size_t target_path_span(struct slice path);
bool target_path_valid(struct slice path);

struct target_parts {
	struct slice scheme;    /* "http" or "https" of absolute-form */
	struct slice authority; /* of absolute-form */
	struct slice path;      /* the rest; may be empty or begin with '?' */
};

/*
 * Cuts a target: absolute-form begins with "http://" or "https://" in either
 * case; of any other only `path` is filled. Checks nothing.
 */
void target_split(struct slice target, struct target_parts *parts);
/*
 * Offset of what is wrong in a request target, or its length when it is good:
 * origin-form, absolute-form of http or https, and "*" where `asterisk` says
 * so. Authority-form never.
 */
size_t target_span(struct slice target, bool asterisk);

#endif
