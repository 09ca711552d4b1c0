#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first piece is often the only one: what the socket refused. */
static size_t first_cap(size_t more)
{
	return more > 512 && more < SIZE_MAX / 4 ? more : 512;
}

/* Room for `more` bytes behind the held ones: slide, else grow. */
static bool buf_reserve(struct buf *buf, size_t more)
{
	size_t cap = buf->cap ? buf->cap : first_cap(more);
	char *mem;

	if (buf->cap - buf->start - buf->len >= more)
		return true;
	if (more > SIZE_MAX / 4 - buf->len)
		return false;
	if (buf->start && buf->len + more <= buf->cap) {
		memmove(buf->mem, buf->mem + buf->start, buf->len);
		buf->start = 0;
		return true;
	}
	while (cap < buf->len + more)
		cap *= 2;
	mem = malloc(cap);
	if (!mem)
		return false;
	if (buf->len)
		memcpy(mem, buf->mem + buf->start, buf->len);
	free(buf->mem);
	*buf = (struct buf){.mem = mem, .len = buf->len, .cap = cap};
	return true;
}

bool buf_append(struct buf *buf, struct slice bytes)
{
	if (!bytes.len)
		return true;
	if (!buf_reserve(buf, bytes.len))
		return false;
	memcpy(buf->mem + buf->start + buf->len, bytes.ptr, bytes.len);
	buf->len += bytes.len;
	return true;
}

bool buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args, again;
	bool ok = false;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	if (len == 0) {
		ok = true; /* an empty buf holds no memory */
	} else if (len > 0 && buf_reserve(buf, (size_t)len + 1)) {
		(void)vsnprintf(buf->mem + buf->start + buf->len,
			(size_t)len + 1, format, again);
		buf->len += (size_t)len;
		ok = true;
	}
	va_end(again);
	va_end(args);
	return ok;
}

void buf_consume(struct buf *buf, size_t n)
{
	assert(n <= buf->len);
	buf->start += n;
	buf->len -= n;
	if (!buf->len)
		buf_fini(buf);
}

struct slice buf_bytes(const struct buf *buf)
{
	return slice_of(buf->mem ? buf->mem + buf->start : NULL, buf->len);
}

void buf_fini(struct buf *buf)
{
	free(buf->mem);
	*buf = (struct buf){0};
}
