/*
 * http_url: an absolute http:// URL, taken apart (RFC 3986, RFC 9110
 * section 4.2.1); nothing of it is decoded.
 *
 * For addresses that somebody else wrote, such as the OCSP responder that a
 * certificate names. Strict: at most HTTP_URL_MAX bytes of 0x21-0x7E, no user
 * name, no fragment, a host of letters, digits, '-', '_' and '.', or an
 * address in brackets, a port of 1 to 65535.
 */
#ifndef MTLSGATE_CONFIG_HTTP_URL_H
#define MTLSGATE_CONFIG_HTTP_URL_H

#include "base/slice.h"

enum { HTTP_URL_MAX = 1024 };

struct http_url {               /* slices of the text */
	struct slice host;      /* without brackets */
	struct slice authority; /* as it stands, for Host */
	struct slice path;      /* with its query; "/" when there is none */
	bool bracketed;         /* host is an IPv6 address, or claims to be */
	uint16_t port;          /* 80 when not given */
};

/* false: not one of these. */
bool http_url_parse(struct slice text, struct http_url *url)
	__attribute__((warn_unused_result));

#endif
