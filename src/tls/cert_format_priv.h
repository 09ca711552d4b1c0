/* cert_format: how its rooms write a text of unknown length. */
#ifndef MTLSGATE_TLS_CERT_FORMAT_PRIV_H
#define MTLSGATE_TLS_CERT_FORMAT_PRIV_H

#include <stddef.h>

/* Counts while out is NULL, then writes: every text is made twice. */
struct sink {
	char *out;
	size_t len;
};

#define HEX_UPPER "0123456789ABCDEF"
#define HEX_LOWER "0123456789abcdef"

static inline void sink_put(struct sink *sink, char c)
{
	if (sink->out)
		sink->out[sink->len] = c;
	sink->len++;
}

static inline void sink_text(struct sink *sink, const char *text)
{
	while (*text)
		sink_put(sink, *text++);
}

static inline void sink_octet(
	struct sink *sink, unsigned char octet, const char *hex)
{
	sink_put(sink, hex[octet >> 4]);
	sink_put(sink, hex[octet & 15]);
}

#endif
