/*
 * Requests, responses and trailers: the first byte chooses the kind, the
 * second the pieces. Promises: whole and in pieces give the same verdict, and
 * what is accepted can be written and read back with the same meaning.
 */
#include "http/h1_parse.h"

#include "base/arena.h"
#include "fake/h1_judge.h"
#include "http/h1_write.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool kept)
{
	if (!kept)
		abort();
}

static bool same_fields(
	const struct header_block *a, const struct header_block *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!slice_eq(a->fields[i].name, b->fields[i].name) ||
			!slice_eq(a->fields[i].value, b->fields[i].value))
			return false;
	}
	return true;
}

static enum h1_framing framing_of(const struct message *m)
{
	switch (m->body) {
	case BODY_LENGTH:
		return H1_FRAME_LENGTH;
	case BODY_UNKNOWN:
		return H1_FRAME_CHUNKED;
	case BODY_NONE:
		break;
	}
	return H1_FRAME_NONE;
}

static void write_and_read_back(enum h1_kind kind, enum method method,
	struct message *m, struct arena *arena)
{
	struct h1_write how = {.framing = framing_of(m)};
	struct http_limits limits = h1_judge_limits;
	struct h1_verdict again;
	const char *bad;
	size_t size;
	size_t len;
	char *out;

	if (m->kind == MESSAGE_REQUEST && !m->authority.len)
		m->authority = SLICE("default");
	size = h1_head_size(m);
	out = malloc(size);
	must(out);
	limits.header_count += 8; /* Host, framing and Connection are added */
	limits.header_bytes *= 2;
	limits.request_line *= 2;
	len = h1_write_head(m, &how, out, size, &bad);
	must(len && len <= size && !bad);
	again = h1_judge(kind, method, slice_of(out, len), 0, &limits, arena);
	must(again.rule == HTTP_RULE_NONE && again.head_done);
	must(slice_eq(again.message.path, m->path));
	must(slice_eq(again.message.authority, m->authority));
	must(again.message.status == m->status);
	must(again.message.body == m->body);
	must(again.message.body_len == m->body_len);
	must(again.message.expect_continue == m->expect_continue);
	must(again.message.stated_len == m->stated_len);
	must(slice_eq(again.message.upgrade, m->upgrade));
	must(same_fields(&again.message.fields, &m->fields));
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_limits limits = h1_judge_limits;
	struct arena *arena;
	struct h1_verdict whole, pieces;
	enum h1_kind kind;
	enum method method;
	struct slice raw;

	if (size < 2)
		return 0;
	kind = data[0] & 1 ? H1_RESPONSE : H1_REQUEST;
	method = data[0] & 2 ? METHOD_HEAD : METHOD_GET;
	if (data[0] & 4)
		limits = (struct http_limits){.header_bytes = 200,
			.header_count = 4,
			.request_line = 40,
			.body = 30,
			.trailer_bytes = 40};
	raw = slice_of(data + 2, size - 2);
	arena = arena_new(NULL);
	must(arena);
	whole = h1_judge(kind, method, raw, 0, &limits, arena);
	pieces = h1_judge(kind, method, raw, 1u + data[1] % 32, &limits, arena);
	must(whole.end == pieces.end && whole.rule == pieces.rule);
	must(whole.offset == pieces.offset && whole.len == pieces.len);
	must(whole.offset <= raw.len && whole.len <= raw.len);
	must((whole.end == H1_END_BAD) == (whole.rule != HTTP_RULE_NONE));
	if (whole.head_done) {
		must(same_fields(
			&whole.message.fields, &pieces.message.fields));
		write_and_read_back(kind, method, &whole.message, arena);
	}
	arena_free(arena);
	return 0;
}
