/*
 * refusal_page: the last refusals, as the admin socket tells them.
 *
 * Query: last=N (1 to 10000; default 20), id=ID (of a connection or a
 * request), each at most once, in any order; anything else is refused.
 *
 * Newest first, each with what is known of it. Every value is escaped (R19).
 */
#ifndef MTLSGATE_DAEMON_REFUSAL_PAGE_H
#define MTLSGATE_DAEMON_REFUSAL_PAGE_H

#include "base/slice.h"

struct buf;
struct refusals;

enum { REFUSAL_PAGE_LAST = 20 };

/*
 * Both return the status to answer: 200; 400 with a sentence in `body`; 503
 * when memory is out.
 *
 * JSON: {"total": ever, "kept": at most, "refusals": [{...}]}. Texts that were
 * too long for a record are named in "truncated".
 */
unsigned refusal_page_json(const struct refusals *ring, struct slice query,
	struct buf *body) __attribute__((warn_unused_result));
/* "name: value" lines, a blank line behind each refusal; bytes outside of
 * 0x20-0x7E as \xHH. */
unsigned refusal_page_text(const struct refusals *ring, struct slice query,
	struct buf *body) __attribute__((warn_unused_result));

#endif
