/*
 * config_headers: what is told to the origin, and what to the client; part of
 * config/config.h.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_HEADERS_H
#define MTLSGATE_CONFIG_CONFIG_HEADERS_H

#include "config/config_template.h"
#include "config/config_text.h"

struct addr_net;

enum preset {
	PRESET_X_CERT,
	PRESET_CLOUDFLARE,
	PRESET_RFC9440,
	PRESET_XFCC,
	PRESET_NGINX,
	PRESET_AWS_ALB,
	PRESET_NONE, /* stands alone */
};

enum empty_headers { EMPTY_SEND, EMPTY_OMIT };
enum alias_headers { ALIAS_DROP, ALIAS_REJECT, ALIAS_PASS };
enum forwarded { FORWARDED_X, FORWARDED_RFC7239, FORWARDED_NONE };
enum host_header { HOST_PRESERVE, HOST_ORIGIN };

/* Bounds before work (R17). */
enum {
	CONFIG_HEADERS_SET = 64,
	CONFIG_HEADERS_REMOVE = 64,
	CONFIG_HEADERS_TEXT = 8192, /* bytes of all values of a `set` */
};

/* Edits of one direction. The loader has checked every name. */
struct config_header_edits {
	struct config_pairs set;        /* as written */
	struct config_template *values; /* compiled, one for each of set */
	struct config_texts remove;
};

struct config_headers {
	unsigned presets; /* bits 1 << enum preset */
	enum empty_headers empty;
	enum alias_headers alias_headers;
	enum forwarded forwarded;
	struct config_texts trusted_proxies; /* as written; none: nobody */
	struct addr_net *trusted_nets;       /* trusted_proxies.count */
	enum host_header host;
	struct config_header_edits request;
	struct config_header_edits response;
	struct config_text xfcc_by; /* text NULL: not told */
};

#endif
