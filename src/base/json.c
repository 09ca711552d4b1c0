#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

/* The escaped form of one code point; at most 12 bytes and a NUL. */
static size_t escape_code(char out[16], uint32_t code)
{
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letter[] = "\"\\bfnrt";
	const char *hit = code && code < 0x7F ? strchr(plain, (int)code) : NULL;
	int len;

	if (hit) {
		out[0] = '\\';
		out[1] = letter[hit - plain];
		return 2;
	}
	if (code >= 0x20 && code < 0x7F) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x10000)
		len = snprintf(out, 16, "\\u%04" PRIx32, code);
	else
		len = snprintf(out, 16, "\\u%04" PRIx32 "\\u%04" PRIx32,
			0xD800 + ((code - 0x10000) >> 10),
			0xDC00 + ((code - 0x10000) & 0x3FF));
	return (size_t)len;
}

size_t json_escape(char *out, size_t size, struct slice value)
{
	size_t len = 0;

	while (value.len) {
		char piece[16];
		uint32_t code;
		size_t taken = utf8_next(value, &code);
		size_t wide = escape_code(piece, code);

		if (wide > size - len)
			return SIZE_MAX;
		memcpy(out + len, piece, wide);
		len += wide;
		value = slice_from(value, taken);
	}
	return len;
}

void json_init(struct json *json, struct buf *out)
{
	*json = (struct json){.out = out};
}

static void put(struct json *json, struct slice bytes)
{
	if (!json->failed && !buf_append(json->out, bytes))
		json->failed = true;
}

static uint32_t level_bit(const struct json *json)
{
	return json->depth ? 1u << (json->depth - 1) : 0;
}

/* The comma before a value or a key, where one is due. */
static void separate(struct json *json)
{
	uint32_t bit = level_bit(json);

	if (json->after_key) {
		json->after_key = false;
		return;
	}
	if (json->comma & bit)
		put(json, SLICE(","));
	json->comma |= bit;
}

static void open_level(struct json *json, bool object)
{
	uint32_t bit;

	separate(json);
	if (json->depth == JSON_DEPTH) {
		json->failed = true;
		return;
	}
	json->depth++;
	bit = level_bit(json);
	json->comma &= ~bit;
	json->object = object ? json->object | bit : json->object & ~bit;
	put(json, object ? SLICE("{") : SLICE("["));
}

void json_object(struct json *json)
{
	open_level(json, true);
}

void json_array(struct json *json)
{
	open_level(json, false);
}

void json_end(struct json *json)
{
	if (!json->depth || json->after_key) {
		json->failed = true;
		return;
	}
	put(json, json->object & level_bit(json) ? SLICE("}") : SLICE("]"));
	json->depth--;
}

/* The value in quotes, escaped piece by piece: no allocation of its own. */
static void put_quoted(struct json *json, struct slice value)
{
	put(json, SLICE("\""));
	while (value.len) {
		char piece[16];
		uint32_t code;
		size_t taken = utf8_next(value, &code);

		put(json, slice_of(piece, escape_code(piece, code)));
		value = slice_from(value, taken);
	}
	put(json, SLICE("\""));
}

void json_key(struct json *json, const char *key)
{
	separate(json);
	put_quoted(json, slice_str(key));
	put(json, SLICE(":"));
	json->after_key = true;
}

void json_str(struct json *json, struct slice value)
{
	separate(json);
	put_quoted(json, value);
}

static void put_bare(struct json *json, const char *text)
{
	separate(json);
	put(json, slice_str(text));
}

void json_u64(struct json *json, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put_bare(json, text);
}

void json_i64(struct json *json, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	put_bare(json, text);
}

void json_bool(struct json *json, bool value)
{
	put_bare(json, value ? "true" : "false");
}

void json_null(struct json *json)
{
	put_bare(json, "null");
}

void json_key_str(struct json *json, const char *key, struct slice value)
{
	json_key(json, key);
	json_str(json, value);
}

void json_key_u64(struct json *json, const char *key, uint64_t value)
{
	json_key(json, key);
	json_u64(json, value);
}

bool json_ok(const struct json *json)
{
	return !json->failed && !json->depth && !json->after_key;
}
