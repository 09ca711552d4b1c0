/*
 * der: a small writer of DER, for certificates that no library would make.
 *
 * A zeroed struct is empty; running out of memory ends the program. The caller
 * frees bytes.
 */
#ifndef MTLSGATE_TESTS_FAKE_DER_H
#define MTLSGATE_TESTS_FAKE_DER_H

#include <stddef.h>

#include "base/slice.h"

enum der_tag {
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_UTF8 = 0x0C,
	DER_NUMERIC = 0x12,
	DER_PRINTABLE = 0x13,
	DER_T61 = 0x14,
	DER_IA5 = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_VISIBLE = 0x1A,
	DER_UNIVERSAL = 0x1C,
	DER_BMP = 0x1E,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};

struct der {
	unsigned char *bytes;
	size_t len;
	size_t cap;
};

void der_raw(struct der *der, struct slice bytes);
/* tag, length, content */
void der_put(struct der *der, int tag, struct slice content);
/* What is written between the two becomes the content. */
size_t der_begin(struct der *der, int tag);
void der_end(struct der *der, size_t mark);
/* A dotted OID, e.g. "2.5.4.3"; arcs up to 2^63. */
void der_oid(struct der *der, const char *dotted);
/* One RDN of one attribute: SET { SEQUENCE { type, value } }. */
void der_rdn(struct der *der, const char *oid, int tag, struct slice value);
struct slice der_slice(const struct der *der);
void der_fini(struct der *der);

#endif
