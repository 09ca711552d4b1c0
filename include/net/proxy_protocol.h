/*
 * proxy_protocol: the header that a proxy in front of us sends ahead of the
 * client's bytes: the PROXY protocol, versions 1 and 2, as HAProxy's
 * doc/proxy-protocol.txt describes it. Pure: bytes in, verdict out.
 *
 * Read strictly: what the sender must not emit is refused. Version 2: values
 * of TLVs are skipped, their framing is checked; a CRC-32C that is there must
 * be right (section 2.2.3).
 */
#ifndef MTLSGATE_NET_PROXY_PROTOCOL_H
#define MTLSGATE_NET_PROXY_PROTOCOL_H

#include "net/addr.h"

enum {
	PROXY_PROTOCOL_V1_MAX = 107, /* section 2.1: CR LF included */
	PROXY_PROTOCOL_MAX = 4096,   /* of a header, TLVs included (R17) */
};

enum proxy_rule {
	PROXY_RULE_NONE, /* a header is complete */
	PROXY_RULE_MORE, /* what came may become one: more bytes are needed */
	PROXY_RULE_SIGNATURE,
	PROXY_RULE_V1_LINE,
	PROXY_RULE_V1_FAMILY,
	PROXY_RULE_V1_ADDRESS,
	PROXY_RULE_V1_PORT,
	PROXY_RULE_V2_VERSION,
	PROXY_RULE_V2_COMMAND,
	PROXY_RULE_V2_FAMILY,
	PROXY_RULE_V2_SHORT,
	PROXY_RULE_V2_LONG,
	PROXY_RULE_V2_TLV,
	PROXY_RULE_V2_CHECKSUM,
	/* found by whoever reads the socket */
	PROXY_RULE_CLOSED,
	PROXY_RULE_LATE,
	PROXY_RULE_UNLISTED,
	PROXY_RULE_COUNT
};

struct proxy_header {
	size_t len; /* its bytes; the client's own begin behind them */
	/* Whom it announces. len 0: nobody (LOCAL, UNKNOWN, UNSPEC), the
	 * connection's own peer is the client. */
	struct addr client;
};

/* bytes: all that came so far. header is filled when NONE is the verdict. At
 * PROXY_PROTOCOL_MAX bytes the verdict is no longer MORE. */
enum proxy_rule proxy_protocol_read(struct slice bytes,
	struct proxy_header *header) __attribute__((warn_unused_result));

/* May these first bytes be a header, or the beginning of one? At least one
 * byte that tells it from other things must be there. */
bool proxy_protocol_is_start(struct slice bytes);

struct proxy_rule_info {
	const char *name; /* for metrics and logs; "" of NONE and MORE */
	const char *text; /* what is wrong */
};
const struct proxy_rule_info *proxy_rule_info(enum proxy_rule rule);

#endif
