#include "fake/der.h"

#include <stdlib.h>
#include <string.h>

void der_raw(struct der *der, struct slice bytes)
{
	if (der->len + bytes.len > der->cap) {
		der->cap = (der->len + bytes.len) * 2 + 64;
		der->bytes = realloc(der->bytes, der->cap);
		if (!der->bytes)
			abort();
	}
	if (bytes.len)
		memcpy(der->bytes + der->len, bytes.ptr, bytes.len);
	der->len += bytes.len;
}

static void put_octet(struct der *der, unsigned value)
{
	char octet = (char)value;

	der_raw(der, slice_of(&octet, 1));
}

static size_t length_octets(size_t len, unsigned char out[9])
{
	size_t count = 0;

	if (len < 0x80) {
		out[0] = (unsigned char)len;
		return 1;
	}
	for (size_t rest = len; rest; rest >>= 8)
		count++;
	out[0] = (unsigned char)(0x80 | count);
	for (size_t i = 0; i < count; i++)
		out[count - i] = (unsigned char)(len >> (8 * i));
	return count + 1;
}

void der_put(struct der *der, int tag, struct slice content)
{
	unsigned char octets[9];
	size_t count = length_octets(content.len, octets);

	put_octet(der, (unsigned)tag);
	der_raw(der, slice_of(octets, count));
	der_raw(der, content);
}

size_t der_begin(struct der *der, int tag)
{
	put_octet(der, (unsigned)tag);
	return der->len;
}

void der_end(struct der *der, size_t mark)
{
	unsigned char octets[9];
	size_t len = der->len - mark;
	size_t count = length_octets(len, octets);

	der_raw(der, slice_of(octets, count)); /* room */
	memmove(der->bytes + mark + count, der->bytes + mark, len);
	memcpy(der->bytes + mark, octets, count);
}

static void put_arc(struct der *der, unsigned long long arc)
{
	char octets[10];
	size_t at = sizeof(octets);

	octets[--at] = (char)(arc & 0x7F);
	while (arc >>= 7)
		octets[--at] = (char)(0x80 | (arc & 0x7F));
	der_raw(der, slice_of(octets + at, sizeof(octets) - at));
}

void der_oid(struct der *der, const char *dotted)
{
	size_t mark = der_begin(der, DER_OID);
	char *end;
	unsigned long long first = strtoull(dotted, &end, 10);
	unsigned long long arc = strtoull(end + 1, &end, 10);

	put_arc(der, first * 40 + arc);
	while (*end == '.')
		put_arc(der, strtoull(end + 1, &end, 10));
	der_end(der, mark);
}

void der_rdn(struct der *der, const char *oid, int tag, struct slice value)
{
	size_t set = der_begin(der, DER_SET);
	size_t sequence = der_begin(der, DER_SEQUENCE);

	der_oid(der, oid);
	der_put(der, tag, value);
	der_end(der, sequence);
	der_end(der, set);
}

struct slice der_slice(const struct der *der)
{
	return slice_of(der->bytes, der->len);
}

void der_fini(struct der *der)
{
	free(der->bytes);
	*der = (struct der){0};
}
