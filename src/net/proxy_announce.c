#include "net/proxy_announce.h"

#include <string.h>

enum {
	HEAD = 16,
	ADDRESSES_MAX = 36,
	TLV_HEAD = 3,
	SSL_HEAD = 5,
	VALUE_MAX = 65535,
	/* section 2.2: version and command, family and transport */
	COMMAND_LOCAL = 0x20,
	COMMAND_PROXY = 0x21,
	FAMILY_NONE = 0x00,
	FAMILY_TCP4 = 0x11,
	FAMILY_TCP6 = 0x21,
	/* sections 2.2.1 to 2.2.6 */
	TLV_ALPN = 0x01,
	TLV_AUTHORITY = 0x02,
	TLV_UNIQUE_ID = 0x05,
	TLV_SSL = 0x20,
	TLV_SSL_VERSION = 0x21,
	TLV_SSL_CN = 0x22,
	TLV_SSL_CIPHER = 0x23,
	TLV_SSL_CLIENT_CERT = 0x28,
	CLIENT_SSL = 0x01,
	CLIENT_CERT_CONN = 0x02,
	CLIENT_CERT_SESS = 0x04,
};

static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";

struct writer {
	char *at;
	bool failed;
};

static void put(struct writer *w, const void *bytes, size_t len)
{
	if (len)
		memcpy(w->at, bytes, len);
	w->at += len;
}

static void put_byte(struct writer *w, unsigned byte)
{
	*w->at++ = (char)(unsigned char)byte;
}

static void put_u16(char *at, size_t value)
{
	at[0] = (char)(unsigned char)(value >> 8);
	at[1] = (char)(unsigned char)value;
}

/* An empty value is left out. */
static void put_tlv(struct writer *w, unsigned type, struct slice value)
{
	if (!value.len)
		return;
	if (value.len > VALUE_MAX) {
		w->failed = true;
		return;
	}
	put_byte(w, type);
	put_u16(w->at, value.len);
	w->at += 2;
	put(w, value.ptr, value.len);
}

/* ---- TLS (section 2.2.6) ---- */

static unsigned client_bits(const struct proxy_announce *a)
{
	unsigned bits = CLIENT_SSL;

	if (a->presented)
		bits |= CLIENT_CERT_SESS;
	if (a->presented && !a->resumed)
		bits |= CLIENT_CERT_CONN;
	return bits;
}

/* verify is zero only where there is a certificate and it is good. */
static void put_ssl(struct writer *w, const struct proxy_announce *a)
{
	char *begin = w->at;
	size_t len;

	if (!a->tls_version)
		return;
	w->at += TLV_HEAD;
	put_byte(w, client_bits(a));
	put(w, "\0\0\0", 3);
	put_byte(w, !(a->presented && a->verified));
	put_tlv(w, TLV_SSL_VERSION, slice_str(a->tls_version));
	put_tlv(w, TLV_SSL_CIPHER, slice_str(a->tls_cipher));
	put_tlv(w, TLV_SSL_CN, a->cn);
	put_tlv(w, TLV_SSL_CLIENT_CERT, a->cert);
	len = (size_t)(w->at - begin) - TLV_HEAD;
	if (len > VALUE_MAX) {
		w->failed = true;
		return;
	}
	begin[0] = TLV_SSL;
	put_u16(begin + 1, len);
}

/* ---- addresses ---- */

/* Of one family, the IPv4-mapped counted as IPv4? */
static bool plain_ip(
	const struct addr *addr, char text[ADDR_TEXT], struct addr *plain)
{
	if (!addr->len || addr_is_unix(addr))
		return false;
	addr_print_ip(addr, text);
	return addr_parse_ip(slice_str(text), addr_port(addr), plain);
}

static void put_ports(
	struct writer *w, const struct addr *from, const struct addr *to)
{
	put_u16(w->at, addr_port(from));
	put_u16(w->at + 2, addr_port(to));
	w->at += 4;
}

/* Returns the family. */
static unsigned put_addresses(struct writer *w, const struct proxy_announce *a)
{
	char text[ADDR_TEXT];
	struct addr from, to;

	if (!plain_ip(&a->client, text, &from) ||
		!plain_ip(&a->server, text, &to) ||
		from.sa.any.sa_family != to.sa.any.sa_family)
		return FAMILY_NONE;
	if (from.sa.any.sa_family == AF_INET) {
		put(w, &from.sa.v4.sin_addr, sizeof(from.sa.v4.sin_addr));
		put(w, &to.sa.v4.sin_addr, sizeof(to.sa.v4.sin_addr));
		put_ports(w, &from, &to);
		return FAMILY_TCP4;
	}
	put(w, &from.sa.v6.sin6_addr, sizeof(from.sa.v6.sin6_addr));
	put(w, &to.sa.v6.sin6_addr, sizeof(to.sa.v6.sin6_addr));
	put_ports(w, &from, &to);
	return FAMILY_TCP6;
}

/* ---- the header ---- */

size_t proxy_announce_size(const struct proxy_announce *a)
{
	enum { TLVS = 9, WORDS = 256 }; /* version and cipher, by far */

	return HEAD + ADDRESSES_MAX + TLVS * TLV_HEAD + SSL_HEAD + WORDS +
	       a->alpn.len + a->sni.len + a->connection_id.len + a->cn.len +
	       a->cert.len;
}

size_t proxy_announce_write(const struct proxy_announce *a, char *out)
{
	struct writer w = {.at = out + HEAD};
	unsigned family = put_addresses(&w, a);
	size_t len;

	put_tlv(&w, TLV_ALPN, a->alpn);
	put_tlv(&w, TLV_AUTHORITY, a->sni);
	put_tlv(&w, TLV_UNIQUE_ID, a->connection_id);
	put_ssl(&w, a);
	len = (size_t)(w.at - out) - HEAD;
	if (w.failed || len > VALUE_MAX)
		return 0;
	memcpy(out, signature, sizeof(signature) - 1);
	out[12] = COMMAND_PROXY;
	out[13] = (char)family;
	put_u16(out + 14, len);
	return HEAD + len;
}

struct slice proxy_announce_local(void)
{
	static const char header[] = "\r\n\r\n\0\r\nQUIT\n\x20\0\0";

	_Static_assert(sizeof(header) == HEAD, "its NUL is its last byte");
	return slice_of(header, HEAD);
}
