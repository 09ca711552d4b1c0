/*
 * Chunked bodies, whole and in pieces. Promises: the same data, status and
 * rest; bounds hold; what was joined can be chunked anew and read back.
 */
#include "http/h1_body.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
	struct h1_body body;
	enum h1_body_status status;
	char *data;
	size_t len;
	size_t used;
};

static void must(bool kept)
{
	if (!kept)
		abort();
}

static void run(
	struct result *r, struct slice input, size_t piece, uint64_t limit)
{
	*r = (struct result){.data = malloc(input.len + 1)};
	must(r->data);
	h1_body_init(&r->body, H1_BODY_CHUNKED, 0, limit);
	do {
		struct slice shown =
			slice_head(slice_from(input, r->used), piece);
		const struct slice all = shown;
		struct slice data;

		r->status = h1_body_read(&r->body, &shown, &data);
		r->used += all.len - shown.len;
		must(r->used <= input.len);
		must((r->status == H1_BODY_DATA) == (data.len > 0));
		if (!data.len)
			continue;
		must(data.ptr >= all.ptr);
		must(data.ptr + data.len <= all.ptr + all.len);
		memcpy(r->data + r->len, data.ptr, data.len);
		r->len += data.len;
	} while (r->status == H1_BODY_DATA ||
		 (r->status == H1_BODY_MORE && r->used < input.len));
	must(r->body.total == r->len && r->len <= limit);
	must(r->body.overhead <=
		H1_CHUNK_SLACK + H1_CHUNK_RATIO * (r->len + 1));
	must((r->status == H1_BODY_BAD) == (r->body.rule != HTTP_RULE_NONE));
	must(r->status != H1_BODY_END && !h1_body_may_end(&r->body));
}

/* One chunk out of all data. */
static void chunk_anew(const struct result *r)
{
	char *raw = malloc(r->len + H1_CHUNK_HEAD + 5);
	struct result again;
	size_t len;

	must(raw);
	len = h1_chunk_head(raw, r->len);
	memcpy(raw + len, r->data, r->len);
	len += r->len;
	memcpy(raw + len, "\r\n0\r\n", 5);
	len += 5;
	run(&again, slice_of(raw, len), len, UINT64_MAX);
	must(again.status == H1_BODY_TRAILERS && again.used == len);
	must(again.len == r->len && !memcmp(again.data, r->data, r->len));
	free(again.data);
	free(raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result whole, pieces;
	struct slice raw;
	uint64_t limit;

	if (size < 2)
		return 0;
	limit = data[0] & 1 ? 20 : UINT64_MAX;
	raw = slice_of(data + 2, size - 2);
	run(&whole, raw, SIZE_MAX, limit);
	run(&pieces, raw, 1u + data[1] % 32, limit);
	must(whole.status == pieces.status && whole.used == pieces.used);
	must(whole.body.rule == pieces.body.rule && whole.len == pieces.len);
	must(!memcmp(whole.data, pieces.data, whole.len));
	if (whole.status == H1_BODY_TRAILERS && whole.len)
		chunk_anew(&whole);
	free(whole.data);
	free(pieces.data);
	return 0;
}
