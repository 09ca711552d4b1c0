/*
 * json: a streaming writer; every byte of a value is escaped (RFC 8259).
 *
 * Writes into a struct buf (lent). Commas are its own business. The output is
 * ASCII: other characters are written as \u escapes, and bytes that are not
 * valid UTF-8 become \ufffd each; no value can break the document.
 * json_ok tells at the end whether memory sufficed and every level is closed.
 */
#ifndef MTLSGATE_BASE_JSON_H
#define MTLSGATE_BASE_JSON_H

#include "base/slice.h"

struct buf;

enum { JSON_DEPTH = 32 };

struct json {
	struct buf *out;
	uint32_t comma;  /* one bit a level: a value was written there */
	uint32_t object; /* one bit a level: it is an object */
	unsigned depth;
	bool after_key;
	bool failed;
};

void json_init(struct json *json, struct buf *out);
void json_object(struct json *json);
void json_array(struct json *json);
void json_end(struct json *json); /* closes the innermost level */
void json_key(struct json *json, const char *key);
void json_str(struct json *json, struct slice value);
void json_u64(struct json *json, uint64_t value);
void json_i64(struct json *json, int64_t value);
void json_bool(struct json *json, bool value);
void json_null(struct json *json);
/* key and value in one call */
void json_key_str(struct json *json, const char *key, struct slice value);
void json_key_u64(struct json *json, const char *key, uint64_t value);
bool json_ok(const struct json *json) __attribute__((warn_unused_result));

/*
 * Escapes one value (no quotes around) into out; returns the bytes written,
 * or SIZE_MAX when `size` does not suffice. Everything written lies within
 * 0x20-0x7E, and no quote stands in it unescaped.
 */
size_t json_escape(char *out, size_t size, struct slice value);

#endif
