/*
 * buf: a growing byte queue: appended at the back, consumed at the front.
 *
 * Holds no memory while empty (buf_consume of the last byte frees it), so an
 * idle owner costs nothing. A zeroed struct is an empty buf.
 */
#ifndef MTLSGATE_BASE_BUF_H
#define MTLSGATE_BASE_BUF_H

#include "base/slice.h"

struct buf {
	char *mem;
	size_t start; /* first byte not yet consumed */
	size_t len;   /* bytes held */
	size_t cap;
};

/* false (buf unchanged) when memory is out. bytes may not lie in the buf. */
bool buf_append(struct buf *buf, struct slice bytes)
	__attribute__((warn_unused_result));
bool buf_printf(struct buf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));
/* Drops n bytes from the front, n <= len. */
void buf_consume(struct buf *buf, size_t n);
/* The bytes held; valid until the next change. */
struct slice buf_bytes(const struct buf *buf);
/* Gives the memory back; the buf is empty and usable. */
void buf_fini(struct buf *buf);

#endif
