#include "net/proxy_protocol.h"

#include <assert.h>
#include <string.h>

enum { V2_HEAD = 16, TLV_HEAD = 3, TLV_CRC32C = 3, CRC_LEN = 4 };

static const struct slice v1_start = {"PROXY ", 6};
static const struct slice v2_start = {"\r\n\r\n\0\r\nQUIT\n", 12};

static const struct proxy_rule_info rules[PROXY_RULE_COUNT] = {
	[PROXY_RULE_NONE] = {"", "a header"},
	[PROXY_RULE_MORE] = {"", "the header is not complete"},
	[PROXY_RULE_SIGNATURE] = {"signature",
		"the connection does not begin with a PROXY header"},
	[PROXY_RULE_V1_LINE] = {"v1-line",
		"the line does not end in CR LF within 107 bytes, or its "
		"words are not parted by one space each"},
	[PROXY_RULE_V1_FAMILY] = {"v1-family",
		"the family is not TCP4, TCP6 or UNKNOWN"},
	[PROXY_RULE_V1_ADDRESS] = {"v1-address",
		"an address is not one of the family"},
	[PROXY_RULE_V1_PORT] = {"v1-port",
		"a port is not a number from 0 to 65535"},
	[PROXY_RULE_V2_VERSION] = {"v2-version", "the version is not 2"},
	[PROXY_RULE_V2_COMMAND] = {"v2-command",
		"the command is not LOCAL or PROXY"},
	[PROXY_RULE_V2_FAMILY] = {"v2-family",
		"the family is not UNSPEC, or a stream over IPv4, IPv6 or a "
		"unix socket"},
	[PROXY_RULE_V2_SHORT] = {"v2-short",
		"the addresses are longer than the header"},
	[PROXY_RULE_V2_LONG] = {"v2-long",
		"the header is longer than 4096 bytes"},
	[PROXY_RULE_V2_TLV] = {"v2-tlv",
		"a TLV is longer than the header, or a checksum is not 4 "
		"bytes long and the only one"},
	[PROXY_RULE_V2_CHECKSUM] = {"v2-checksum", "the CRC-32C is wrong"},
	[PROXY_RULE_CLOSED] = {"closed",
		"the peer closed before the header was complete"},
	[PROXY_RULE_LATE] = {"late", "the header took too long"},
	[PROXY_RULE_UNLISTED] = {"unlisted",
		"a PROXY header, but proxy_protocol.accept_from does not name "
		"the peer"},
};

const struct proxy_rule_info *proxy_rule_info(enum proxy_rule rule)
{
	assert(rule < PROXY_RULE_COUNT);
	return &rules[rule];
}

/* ---- version 1 ---- */

/* The next word; each is followed by one space, the last one by nothing. */
static bool cut_word(struct slice *rest, struct slice *word)
{
	size_t at = slice_find(*rest, ' ');

	*word = slice_head(*rest, at);
	if (at < rest->len && at + 1 == rest->len)
		return false;
	*rest = at < rest->len ? slice_from(*rest, at + 1)
			       : slice_from(*rest, at);
	return word->len > 0;
}

static bool read_port(struct slice word, uint16_t *port)
{
	uint64_t number;

	if (word.len > 5 || (word.len > 1 && word.ptr[0] == '0') ||
		!slice_to_u64(word, UINT16_MAX, &number))
		return false;
	*port = (uint16_t)number;
	return true;
}

static bool read_ip(struct slice word, int family, struct addr *addr)
{
	return addr_parse_ip(word, 0, addr) && addr->sa.any.sa_family == family;
}

/* Behind "TCP4 " or "TCP6 ": source, destination, and their ports. */
static enum proxy_rule v1_addresses(
	struct slice rest, int family, struct addr *client)
{
	struct slice words[4];
	struct addr source, destination;
	uint16_t port, other;

	for (size_t i = 0; i < 4; i++) {
		if (!cut_word(&rest, &words[i]))
			return PROXY_RULE_V1_LINE;
	}
	if (rest.len)
		return PROXY_RULE_V1_LINE;
	if (!read_ip(words[0], family, &source) ||
		!read_ip(words[1], family, &destination))
		return PROXY_RULE_V1_ADDRESS;
	if (!read_port(words[2], &port) || !read_port(words[3], &other))
		return PROXY_RULE_V1_PORT;
	addr_set_port(&source, port);
	*client = source;
	return PROXY_RULE_NONE;
}

static enum proxy_rule read_v1(struct slice bytes, struct proxy_header *header)
{
	struct slice seen = slice_head(bytes, PROXY_PROTOCOL_V1_MAX);
	size_t end = slice_find(seen, '\r');
	struct slice rest = slice_from(slice_head(seen, end), v1_start.len);
	struct slice family;

	if (end + 1 >= seen.len && seen.len < PROXY_PROTOCOL_V1_MAX)
		return PROXY_RULE_MORE;
	if (end + 1 >= seen.len || seen.ptr[end + 1] != '\n')
		return PROXY_RULE_V1_LINE;
	header->len = end + 2;
	header->client = (struct addr){0};
	/* what stands behind UNKNOWN is ignored (section 2.1) */
	if (slice_eq(rest, SLICE("UNKNOWN")) ||
		slice_starts(rest, SLICE("UNKNOWN ")))
		return PROXY_RULE_NONE;
	if (!cut_word(&rest, &family))
		return PROXY_RULE_V1_LINE;
	if (slice_eq(family, SLICE("TCP4")))
		return v1_addresses(rest, AF_INET, &header->client);
	if (slice_eq(family, SLICE("TCP6")))
		return v1_addresses(rest, AF_INET6, &header->client);
	return PROXY_RULE_V1_FAMILY;
}

/* ---- version 2 ---- */

static unsigned octet(struct slice bytes, size_t at)
{
	return (unsigned char)bytes.ptr[at];
}

static unsigned pair(struct slice bytes, size_t at)
{
	return octet(bytes, at) << 8 | octet(bytes, at + 1);
}

/* CRC-32C (RFC 9260 appendix A) of the header, the four bytes at `hole`
 * counting as zero. */
static uint32_t checksum(struct slice bytes, size_t hole)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < bytes.len; i++) {
		if (i < hole || i >= hole + CRC_LEN)
			crc ^= octet(bytes, i);
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0x82F63B78U & (0U - (crc & 1)));
	}
	return ~crc;
}

/* bytes: the whole header; its TLVs begin at `at`. */
static enum proxy_rule check_tlvs(struct slice bytes, size_t at)
{
	size_t hole = 0;

	while (at < bytes.len) {
		size_t len;

		if (bytes.len - at < TLV_HEAD)
			return PROXY_RULE_V2_TLV;
		len = pair(bytes, at + 1);
		if (len > bytes.len - at - TLV_HEAD)
			return PROXY_RULE_V2_TLV;
		if (octet(bytes, at) == TLV_CRC32C) {
			if (len != CRC_LEN || hole)
				return PROXY_RULE_V2_TLV;
			hole = at + TLV_HEAD;
		}
		at += TLV_HEAD + len;
	}
	if (hole &&
		checksum(bytes, hole) != ((uint32_t)pair(bytes, hole) << 16 |
						 pair(bytes, hole + 2)))
		return PROXY_RULE_V2_CHECKSUM;
	return PROXY_RULE_NONE;
}

/* Families and transports, and the bytes of both addresses. */
struct v2_family {
	unsigned octet;
	size_t len;
};

static const struct v2_family v2_families[] = {
	{0x00, 0}, {0x11, 12}, {0x21, 36}, {0x31, 216}};

static const struct v2_family *find_family(unsigned octet)
{
	size_t count = sizeof(v2_families) / sizeof(v2_families[0]);

	for (size_t i = 0; i < count; i++) {
		if (v2_families[i].octet == octet)
			return &v2_families[i];
	}
	return NULL;
}

static void v2_client(struct slice bytes, struct addr *client)
{
	struct addr a = {0};

	switch (octet(bytes, 13)) {
	case 0x11:
		a.len = sizeof(a.sa.v4);
		a.sa.v4.sin_family = AF_INET;
		memcpy(&a.sa.v4.sin_addr, bytes.ptr + V2_HEAD, 4);
		addr_set_port(&a, (uint16_t)pair(bytes, V2_HEAD + 8));
		break;
	case 0x21:
		a.len = sizeof(a.sa.v6);
		a.sa.v6.sin6_family = AF_INET6;
		memcpy(&a.sa.v6.sin6_addr, bytes.ptr + V2_HEAD, 16);
		addr_set_port(&a, (uint16_t)pair(bytes, V2_HEAD + 32));
		break;
	default: /* a unix socket: as of one that came by it, no path */
		a.len = sizeof(sa_family_t);
		a.sa.any.sa_family = AF_UNIX;
		break;
	}
	*client = a;
}

/* The 16 bytes before the addresses; NONE: they are right. */
static enum proxy_rule check_v2_head(struct slice bytes)
{
	unsigned command = octet(bytes, 12);
	const struct v2_family *family = find_family(octet(bytes, 13));

	if (command >> 4 != 2)
		return PROXY_RULE_V2_VERSION;
	if ((command & 15) > 1)
		return PROXY_RULE_V2_COMMAND;
	if (V2_HEAD + pair(bytes, 14) > PROXY_PROTOCOL_MAX)
		return PROXY_RULE_V2_LONG;
	if (!(command & 15))
		return PROXY_RULE_NONE; /* LOCAL: the family is ignored */
	if (!family)
		return PROXY_RULE_V2_FAMILY;
	return pair(bytes, 14) < family->len ? PROXY_RULE_V2_SHORT
					     : PROXY_RULE_NONE;
}

static enum proxy_rule read_v2(struct slice bytes, struct proxy_header *header)
{
	const struct v2_family *family;
	enum proxy_rule rule;
	size_t len;

	if (bytes.len < V2_HEAD)
		return PROXY_RULE_MORE;
	family = find_family(octet(bytes, 13));
	rule = check_v2_head(bytes);
	if (rule != PROXY_RULE_NONE)
		return rule;
	len = V2_HEAD + pair(bytes, 14);
	if (bytes.len < len)
		return PROXY_RULE_MORE;
	header->len = len;
	header->client = (struct addr){0};
	/* LOCAL and UNSPEC: whatever follows is skipped (section 2.2) */
	if (!(octet(bytes, 12) & 15) || !family || !family->len)
		return PROXY_RULE_NONE;
	rule = check_tlvs(slice_head(bytes, len), V2_HEAD + family->len);
	if (rule == PROXY_RULE_NONE)
		v2_client(bytes, &header->client);
	return rule;
}

/* ---- which of them ---- */

/* Is one the beginning of the other? */
static bool agrees(struct slice bytes, struct slice start)
{
	return slice_eq(
		slice_head(bytes, start.len), slice_head(start, bytes.len));
}

bool proxy_protocol_is_start(struct slice bytes)
{
	return bytes.len &&
	       (agrees(bytes, v1_start) || agrees(bytes, v2_start));
}

enum proxy_rule proxy_protocol_read(
	struct slice bytes, struct proxy_header *header)
{
	if (!bytes.len)
		return PROXY_RULE_MORE;
	if (!proxy_protocol_is_start(bytes))
		return PROXY_RULE_SIGNATURE;
	if (slice_starts(bytes, v1_start))
		return read_v1(bytes, header);
	if (slice_starts(bytes, v2_start))
		return read_v2(bytes, header);
	return PROXY_RULE_MORE;
}
