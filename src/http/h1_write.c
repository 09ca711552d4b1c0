#include "http/h1_write.h"

#include "h1_priv.h"
#include "http/target.h"

#include <assert.h>

enum {
	/* Longest framing fields together, with a reserve. */
	FIXED_SIZE = 320,
	LENGTH_DIGITS = 20,
};

struct writer {
	char *at;
	const char *bad; /* the part that may not be written; NULL: none */
};

static size_t field_size(const struct header_field *field)
{
	return field->name.len + field->value.len + 4; /* ": " CR LF */
}

static size_t block_size(const struct header_block *block)
{
	size_t size = 0;

	if (!block)
		return 0;
	if (block->wire.len)
		return block->wire.len;
	for (size_t i = 0; i < block->count; i++)
		size += field_size(&block->fields[i]);
	return size;
}

size_t h1_head_size(const struct message *message)
{
	return FIXED_SIZE + message->method_text.len + message->path.len +
	       message->authority.len + message->reason.len +
	       message->upgrade.len * 2 + message->trailer_names.len +
	       block_size(&message->fields) + block_size(message->lent);
}

/* ---- pieces; the room was checked before ---- */

static inline void put(struct writer *w, const char *bytes, size_t len)
{
	memcpy(w->at, bytes, len);
	w->at += len;
}

#define PUT(w, literal) put((w), (literal), sizeof(literal) - 1)

static inline void put_slice(struct writer *w, struct slice s)
{
	if (s.len)
		put(w, s.ptr, s.len);
}

static void put_u64(struct writer *w, uint64_t value)
{
	char digits[LENGTH_DIGITS];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	put(w, digits + at, sizeof(digits) - at);
}

static inline uint64_t load_4(const char *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/*
 * Copies s and tells which of its bytes `odd` marks (the last piece overlaps
 * the one before, so a mark says no more than: look closer).
 */
static inline unsigned put_checked(
	struct writer *w, struct slice s, unsigned (*odd)(struct wide))
{
	char *const to = w->at;
	unsigned marks = 0;

	w->at += s.len;
	if (s.len >= WIDE) {
		const size_t last = s.len - WIDE;

		for (size_t at = 0; at < last; at += WIDE) {
			struct wide piece = wide_load(s.ptr + at);

			wide_store(to + at, piece);
			marks |= odd(piece);
		}
		wide_store(to + last, wide_load(s.ptr + last));
		return marks | odd(wide_load(s.ptr + last));
	}
	if (s.len >= 8) {
		uint64_t first = wide_word(s.ptr);
		uint64_t second = wide_word(s.ptr + s.len - 8);

		memcpy(to, &first, 8);
		memcpy(to + s.len - 8, &second, 8);
		return odd(wide_of(first, second));
	}
	if (s.len >= 4) {
		uint64_t both = load_4(s.ptr) | load_4(s.ptr + s.len - 4) << 32;

		memcpy(to, s.ptr, 4);
		memcpy(to + s.len - 4, s.ptr + s.len - 4, 4);
		return odd(wide_of(both, both));
	}
	for (size_t at = 0; at < s.len; at++)
		to[at] = s.ptr[at];
	return 1;
}

static inline bool put_name(struct writer *w, struct slice name)
{
	return !put_checked(w, name, wide_not_name) || header_name_valid(name);
}

static inline bool put_value(struct writer *w, struct slice value)
{
	return !put_checked(w, value, wide_control) ||
	       header_value_valid(value);
}

static inline bool put_field(struct writer *w, const struct header_field *field)
{
	if (!put_name(w, field->name))
		return false;
	PUT(w, ": ");
	if (!put_value(w, field->value))
		return false;
	PUT(w, "\r\n");
	return true;
}

/* End-to-end fields only: framing is the codec's own work (R9). */
static void put_block(struct writer *w, const struct header_block *block)
{
	if (block->wire.len) {
		/* Rendered and checked by our own code. */
		assert(slice_ends(block->wire, SLICE("\r\n")));
		put_slice(w, block->wire);
		return;
	}
	for (size_t i = 0; i < block->count; i++) {
		const struct header_field *field = &block->fields[i];

		if (h1_field_of(field->name) != H1_FIELD_END_TO_END) {
			w->bad = "field of one hop";
			return;
		}
		if (!put_field(w, field)) {
			w->bad = "field";
			return;
		}
	}
}

/* ---- start line ---- */

static void put_request_line(struct writer *w, const struct message *message)
{
	const bool asterisk = message->method == METHOD_OPTIONS &&
			      slice_eq(message->path, SLICE("*"));

	if (!put_name(w, message->method_text)) {
		w->bad = "method";
		return;
	}
	if (!asterisk && !target_path_valid(message->path)) {
		w->bad = "target";
		return;
	}
	if (!target_authority_valid(message->authority)) {
		w->bad = "authority";
		return;
	}
	PUT(w, " ");
	put_slice(w, message->path);
	PUT(w, " HTTP/1.1\r\nHost: ");
	put_slice(w, message->authority);
	PUT(w, "\r\n");
}

static void put_status_line(struct writer *w, const struct message *message)
{
	if (message->status < 100 || message->status > 599) {
		w->bad = "status";
		return;
	}
	PUT(w, "HTTP/1.1 ");
	put_u64(w, message->status);
	PUT(w, " ");
	if (!put_value(w, message->reason)) {
		w->bad = "reason";
		return;
	}
	PUT(w, "\r\n");
}

/* ---- framing and connection ---- */

static bool may_state_length(const struct message *message)
{
	return message->kind == MESSAGE_RESPONSE && message->status >= 200 &&
	       message->status != 204 && message->stated_len >= 0;
}

static void put_length(struct writer *w, uint64_t length)
{
	PUT(w, "Content-Length: ");
	put_u64(w, length);
	PUT(w, "\r\n");
}

static void put_framing(struct writer *w, const struct message *message,
	enum h1_framing framing)
{
	switch (framing) {
	case H1_FRAME_LENGTH:
		put_length(w, message->body_len);
		break;
	case H1_FRAME_CHUNKED:
		PUT(w, "Transfer-Encoding: chunked\r\n");
		break;
	case H1_FRAME_NONE:
		if (may_state_length(message))
			put_length(w, (uint64_t)message->stated_len);
		break;
	case H1_FRAME_CLOSE:
		break;
	}
}

static void put_connection(struct writer *w, const struct message *message,
	const struct h1_write *how)
{
	PUT(w, "Connection: ");
	if (how->close)
		PUT(w, "close, ");
	if (how->keep_alive)
		PUT(w, "keep-alive, ");
	if (message->wants_trailers)
		PUT(w, "TE, ");
	if (message->upgrade.len)
		PUT(w, "Upgrade, ");
	w->at -= 2;
	PUT(w, "\r\n");
}

/* A list of protocols or names: value bytes without a line's end. */
static void put_listed(
	struct writer *w, const char *name, size_t name_len, struct slice value)
{
	put(w, name, name_len);
	if (!put_value(w, value))
		w->bad = name;
	PUT(w, "\r\n");
}

static void put_hop_fields(struct writer *w, const struct message *message,
	const struct h1_write *how)
{
	if (how->close || how->keep_alive || message->wants_trailers ||
		message->upgrade.len)
		put_connection(w, message, how);
	if (message->wants_trailers)
		PUT(w, "TE: trailers\r\n");
	if (message->upgrade.len)
		put_listed(w, "Upgrade: ", 9, message->upgrade);
	if (message->expect_continue && how->framing != H1_FRAME_NONE)
		PUT(w, "Expect: 100-continue\r\n");
	if (message->trailer_names.len && how->framing == H1_FRAME_CHUNKED)
		put_listed(w, "Trailer: ", 9, message->trailer_names);
}

size_t h1_write_head(const struct message *message, const struct h1_write *how,
	char *out, size_t size, const char **bad)
{
	struct writer w = {.at = out};

	*bad = NULL;
	if (size < h1_head_size(message))
		return 0;
	if (message->kind == MESSAGE_REQUEST)
		put_request_line(&w, message);
	else
		put_status_line(&w, message);
	if (!w.bad)
		put_block(&w, &message->fields);
	if (!w.bad && message->lent)
		put_block(&w, message->lent);
	if (!w.bad) {
		put_framing(&w, message, how->framing);
		put_hop_fields(&w, message, how);
		PUT(&w, "\r\n");
	}
	*bad = w.bad;
	return w.bad ? 0 : (size_t)(w.at - out);
}

size_t h1_last_chunk_size(const struct header_block *trailers)
{
	return 5 + block_size(trailers);
}

size_t h1_write_last_chunk(
	const struct header_block *trailers, char *out, size_t size)
{
	struct writer w = {.at = out};

	if (size < h1_last_chunk_size(trailers))
		return 0;
	PUT(&w, "0\r\n");
	for (size_t i = 0; trailers && i < trailers->count; i++) {
		const struct header_field *field = &trailers->fields[i];

		if (h1_field_not_in_trailers(field->name) ||
			!put_field(&w, field))
			return 0;
	}
	PUT(&w, "\r\n");
	return (size_t)(w.at - out);
}
