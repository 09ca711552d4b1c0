/*
 * path: the one form of a request path that is judged and forwarded.
 *
 * An origin may read a path in other ways than we do, and each way is a hole
 * in a rule. So the path is brought into one form, and what is still open to
 * two readings is refused. Pure.
 *
 *   - percent-encoding of letters, digits and -._~ is decoded, other hex
 *     digits become upper-case (RFC 3986 section 6.2.2);
 *   - doubled slashes become one; "." and ".." are resolved (5.2.4);
 *   - refused: ".." above the root; an encoded / \ ; or control byte; these
 *     and "." and "%" encoded twice (%252e); the longer-than-needed UTF-8 of
 *     ASCII (%C0%AE); a bare backslash, control byte or byte from 0x80 on; a
 *     segment of dots, or nothing, before a ";" (/..;/).
 *
 * The query is not touched.
 */
#ifndef MTLSGATE_POLICY_PATH_H
#define MTLSGATE_POLICY_PATH_H

#include "base/slice.h"

struct arena;

struct path {
	/* What the origin gets: the path in its one form, and the query. */
	struct slice target;
	/*
	 * What is judged: without the query, every octet that may stand bare
	 * in a path decoded, without a slash at its end ("/" is empty).
	 */
	struct slice judged;
	/* The same without parameters (";x" of a segment); judged when there
	 * are none. A rule must come to the same for both. */
	struct slice bare;
};

enum path_verdict { PATH_GOOD, PATH_AMBIGUOUS, PATH_NO_MEMORY };

/* target: origin-form, "/..."; what comes out may be a part of it. */
enum path_verdict path_read(struct slice target, struct arena *arena,
	struct path *path) __attribute__((warn_unused_result));

/*
 * A path of the configuration, as `judged` would have it: octets that may not
 * stand bare are encoded. `*` stays. NULL, or why it can never match.
 */
const char *path_read_rule(struct slice text, struct arena *arena,
	struct slice *judged) __attribute__((warn_unused_result));

/* Takes the next segment of *rest ("/a/b" -> "a"). false: there is none. */
bool path_next(struct slice *rest, struct slice *segment);

#endif
