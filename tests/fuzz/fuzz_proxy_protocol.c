/*
 * PROXY headers, both versions. Promises: the verdict on a header does not
 * change with what follows it; what is shorter than a whole header is never
 * refused before it differs; the length lies within what came and the bound;
 * at the bound there is a verdict; what is announced can be printed.
 */
#include "net/proxy_protocol.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool kept)
{
	if (!kept)
		abort();
}

/* Of a good header each beginning asks for more. */
static void in_pieces(struct slice bytes, const struct proxy_header *whole)
{
	struct proxy_header header;
	char text[ADDR_TEXT], again[ADDR_TEXT];

	for (size_t len = 0; len < whole->len; len++)
		must(proxy_protocol_read(slice_head(bytes, len), &header) ==
			PROXY_RULE_MORE);
	must(proxy_protocol_read(slice_head(bytes, whole->len), &header) ==
		PROXY_RULE_NONE);
	must(header.len == whole->len);
	addr_print(&whole->client, text);
	addr_print(&header.client, again);
	must(slice_eq(slice_str(text), slice_str(again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of(data, size);
	struct proxy_header header = {0};
	enum proxy_rule rule = proxy_protocol_read(bytes, &header);

	must(rule < PROXY_RULE_CLOSED);
	if (rule == PROXY_RULE_NONE) {
		must(header.len && header.len <= size);
		must(header.len <= PROXY_PROTOCOL_MAX);
		must(proxy_protocol_is_start(bytes));
		in_pieces(bytes, &header);
	} else if (rule == PROXY_RULE_MORE) {
		must(size < PROXY_PROTOCOL_MAX);
	} else {
		must(*proxy_rule_info(rule)->name != '\0');
	}
	return 0;
}
