/*
 * http_date: the Date field's value, made once a second (RFC 9110 section
 * 5.6.7, IMF-fixdate).
 */
#ifndef MTLSGATE_PROXY_HTTP_DATE_H
#define MTLSGATE_PROXY_HTTP_DATE_H

#include "base/slice.h"

struct http_date { /* zeroed: nothing made yet */
	int64_t second;
	size_t len;
	char text[32];
};

/* Valid until the next call. */
struct slice http_date_text(struct http_date *date, int64_t wall_ms);

#endif
